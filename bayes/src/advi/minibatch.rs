//! Mini-batches: rows in shuffled epochs, gathered into tensors that are allocated once.

use bayeux_autodiff::Expr;
use bayeux_tensor::{Float, Tensor};
use rand::seq::SliceRandom;

use crate::random::{Purpose, generator};
use crate::{Error, Model};

/// The data of a fit, a batch at a time.
///
/// Which rows iteration i sees is a function of the seed and i alone: the epochs' permutations, one behind the other, are
/// cut into batches. A batch that begins at the end of one epoch is filled up from the next, so every row is seen once
/// before any is seen again, and all batches have the same size.
#[derive(Debug)]
pub(super) struct Minibatches<T: Float> {
    sources: Vec<Source<T>>,
    rows: usize,
    batch: usize,
    seed: u64,
    order: Option<Epoch>,
}

#[derive(Debug)]
struct Source<T: Float> {
    input: Expr<T>,
    all: Tensor<T>,
    batch: Tensor<T>,
}

#[derive(Debug)]
struct Epoch {
    number: usize,
    rows: Vec<usize>,
}

impl<T: Float> Minibatches<T> {
    /// Mini-batches of `batch` rows, or of all rows in their own order if that is `None`.
    pub(super) fn new(
        model: &Model<T>,
        data: Vec<(Expr<T>, Tensor<T>)>,
        batch: Option<usize>,
        seed: u64,
    ) -> Result<Self, Error> {
        model.check_data(&data)?;
        let Some(size) = batch else {
            let whole = |(input, all): (Expr<T>, Tensor<T>)| Source { input, batch: all.contiguous(), all };
            return Ok(Minibatches {
                sources: data.into_iter().map(whole).collect(),
                rows: 0,
                batch: 0,
                seed,
                order: None,
            });
        };
        let named = |(input, all): &(Expr<T>, Tensor<T>)| {
            let name = input.name().unwrap_or("unnamed").to_string();
            let note = ", which has no rows".to_string();
            let (expected, found) = (input.shape().to_string(), all.shape().to_vec());
            all.shape().first().copied().ok_or(Error::DataShape { name, expected, found, note })
        };
        let counts = data.iter().map(named).collect::<Result<Vec<usize>, Error>>()?;
        let rows = counts.first().copied().unwrap_or(0);
        if let Some(i) = counts.iter().position(|&count| count != rows) {
            let name = |i: usize| data[i].0.name().unwrap_or("unnamed").to_string();
            return Err(Error::RowCounts {
                first: name(0),
                first_rows: rows,
                second: name(i),
                second_rows: counts[i],
            });
        }
        if size == 0 || size > rows {
            return Err(Error::BatchSize { batch: size, rows });
        }
        let source = |(input, all): (Expr<T>, Tensor<T>)| {
            let mut shape = all.shape().to_vec();
            shape[0] = size;
            Source { input, batch: Tensor::zeros(shape), all: all.contiguous() }
        };
        Ok(Minibatches {
            sources: data.into_iter().map(source).collect(),
            rows,
            batch: size,
            seed,
            order: None,
        })
    }

    /// The inputs the batches are for.
    pub(super) fn inputs(&self) -> Vec<Expr<T>> {
        self.sources.iter().map(|source| source.input.clone()).collect()
    }

    /// The tensors last gathered.
    pub(super) fn tensors(&self) -> impl Iterator<Item = &Tensor<T>> {
        self.sources.iter().map(|source| &source.batch)
    }

    /// Gathers the rows of an iteration, counted from 0.
    pub(super) fn gather(&mut self, iteration: usize) {
        for position in 0..self.batch {
            let row = self.row(iteration * self.batch + position);
            for source in &mut self.sources {
                let width = source.all.len() / self.rows;
                let all = source.all.as_slice().expect("made contiguous");
                let batch = source.batch.make_mut();
                batch[position * width..][..width].copy_from_slice(&all[row * width..][..width]);
            }
        }
    }

    /// Which row stands at a position in the sequence of all epochs.
    fn row(&mut self, position: usize) -> usize {
        let (number, within) = (position / self.rows, position % self.rows);
        match &mut self.order {
            Some(epoch) if epoch.number == number => {}
            order => {
                let mut rows = order.take().map_or_else(|| (0..self.rows).collect(), |epoch| epoch.rows);
                rows.sort_unstable(); // the order of an epoch must not depend on the one before
                rows.shuffle(&mut generator(self.seed, Purpose::Order, number));
                *order = Some(Epoch { number, rows });
            }
        }
        self.order.as_ref().map_or(0, |epoch| epoch.rows[within])
    }
}
