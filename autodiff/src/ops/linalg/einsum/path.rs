//! In which order factors are multiplied.

use std::collections::BTreeMap;

use super::subscripts::Label;
use crate::Dim;
use crate::dim::Sizes;

/// What a free dimension is taken to be.
const FREE: usize = 64;

/// How many operands are tried in every order.
const FEW: usize = 4;

/// Pairs of places in the list of factors, the lesser first: both go, and their product comes to the end.
pub(super) fn best(
    terms: Vec<Vec<Label>>,
    output: &[Label],
    sizes: &BTreeMap<Label, Dim>,
) -> Vec<(usize, usize)> {
    let numbers: BTreeMap<Label, f64> = sizes.iter().map(|(label, dim)| (*label, number(dim))).collect();
    let search = Search { output, sizes: &numbers };
    match terms.len() <= FEW {
        true => search.exact(terms).1,
        false => search.greedy(terms),
    }
}

/// A length, with symbols taken to be [`FREE`].
fn number(dim: &Dim) -> f64 {
    let mut sizes = Sizes::new();
    loop {
        match dim.resolve(&sizes) {
            Ok(size) => return size as f64,
            Err(crate::Error::FreeDimension(symbol)) => sizes.insert(symbol.as_str().into(), FREE),
            Err(_) => return FREE as f64,
        };
    }
}

struct Search<'a> {
    output: &'a [Label],
    sizes: &'a BTreeMap<Label, f64>,
}

impl Search<'_> {
    fn size<'b>(&self, labels: impl IntoIterator<Item = &'b Label>) -> f64 {
        labels.into_iter().map(|label| self.sizes[label]).product()
    }

    /// The factors with two multiplied, and how many products of elements that takes.
    fn multiplied(&self, terms: &[Vec<Label>], (a, b): (usize, usize)) -> (Vec<Vec<Label>>, f64) {
        let mut left = terms.to_vec();
        let (second, first) = (left.remove(b), left.remove(a));
        let more = second.iter().filter(|label| !first.contains(label));
        let all: Vec<Label> = first.iter().chain(more).copied().collect();
        let cost = self.size(&all);
        let wanted =
            |label: &Label| self.output.contains(label) || left.iter().any(|term| term.contains(label));
        let kept = all.into_iter().filter(wanted).collect();
        left.push(kept);
        (left, cost)
    }

    fn exact(&self, terms: Vec<Vec<Label>>) -> (f64, Vec<(usize, usize)>) {
        let mut best = (f64::INFINITY, Vec::new());
        if terms.len() < 2 {
            return (0.0, Vec::new());
        }
        for pair in pairs(terms.len()) {
            let (left, cost) = self.multiplied(&terms, pair);
            let (rest, path) = self.exact(left);
            if cost + rest < best.0 || best.1.is_empty() {
                best = (cost + rest, [vec![pair], path].concat());
            }
        }
        best
    }

    /// The pair whose product has the fewest elements more than its factors, and of several the cheapest.
    fn greedy(&self, mut terms: Vec<Vec<Label>>) -> Vec<(usize, usize)> {
        let mut path = Vec::new();
        while terms.len() > 1 {
            let tried = pairs(terms.len()).map(|pair| {
                let (left, cost) = self.multiplied(&terms, pair);
                let growth = left.last().map_or(0.0, |product| self.size(product))
                    - self.size(&terms[pair.0])
                    - self.size(&terms[pair.1]);
                (growth, cost, pair, left)
            });
            let best = tried.reduce(|a, b| if (b.0, b.1) < (a.0, a.1) { b } else { a });
            let Some((_, _, pair, left)) = best else { unreachable!("there are two") };
            path.push(pair);
            terms = left;
        }
        path
    }
}

fn pairs(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (1..count).flat_map(|b| (0..b).map(move |a| (a, b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(terms: &[&str], output: &str, sizes: &[(char, usize)]) -> Vec<(usize, usize)> {
        let labels = |text: &str| text.chars().map(Label::from).collect::<Vec<_>>();
        let sizes = sizes.iter().map(|&(letter, size)| (Label::from(letter), Dim::from(size))).collect();
        best(terms.iter().map(|term| labels(term)).collect(), &labels(output), &sizes)
    }

    /// A matrix chain (Cormen et al., chapter 15): (A (B C)) where the last is narrow, ((A B) C) where the first is flat.
    #[test]
    fn chains_are_multiplied_from_the_narrow_end() {
        let sizes = |a, d| [('a', a), ('b', 100), ('c', 100), ('d', d)];
        assert_eq!(order(&["ab", "bc", "cd"], "ad", &sizes(100, 1)), [(1, 2), (0, 1)]);
        assert_eq!(order(&["ab", "bc", "cd"], "ad", &sizes(1, 100)), [(0, 1), (0, 1)]);
    }

    #[test]
    fn of_many_the_greedy_order_avoids_large_products() {
        let sizes = [('a', 50), ('b', 50), ('c', 50), ('d', 50), ('e', 50), ('f', 50)];
        // A vector at the end of a chain: it eats the chain from there.
        let path = order(&["ab", "bc", "cd", "de", "ef", "f"], "a", &sizes);
        assert_eq!(path, [(4, 5), (3, 4), (2, 3), (1, 2), (0, 1)]);
    }

    #[test]
    fn free_dimensions_have_a_size() {
        assert_eq!(number(&(Dim::symbol("n") * 2 + 1)), 129.0);
        assert_eq!(number(&Dim::from(7)), 7.0);
    }
}
