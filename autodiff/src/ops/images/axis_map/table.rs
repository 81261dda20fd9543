//! A sparse matrix by its rows.

/// For each row the columns that are not zero, with their factors.
#[derive(Clone, Debug, Default)]
pub(in crate::ops) struct Table {
    /// Where each row ends among the terms.
    ends: Vec<usize>,
    terms: Vec<(usize, f64)>,
}

impl Table {
    /// One more row. What is exactly zero is left out.
    pub fn push(&mut self, terms: impl IntoIterator<Item = (usize, f64)>) {
        self.terms.extend(terms.into_iter().filter(|(_, factor)| *factor != 0.0));
        self.ends.push(self.terms.len());
    }

    pub fn rows(&self) -> usize {
        self.ends.len()
    }

    pub fn row(&self, row: usize) -> &[(usize, f64)] {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.terms[start..self.ends[row]]
    }

    /// The transposed matrix, with so many rows.
    pub fn transposed(&self, rows: usize) -> Table {
        let mut ends = vec![0; rows];
        self.terms.iter().for_each(|(column, _)| ends[*column] += 1);
        let mut total = 0;
        for end in &mut ends {
            total += *end;
            *end = total - *end; // where the row begins, for now
        }
        let mut terms = vec![(0, 0.0); total];
        for row in 0..self.rows() {
            for &(column, factor) in self.row(row) {
                terms[ends[column]] = (row, factor);
                ends[column] += 1;
            }
        }
        Table { ends, terms }
    }
}
