//! Ranks and the normal scores that they get.

use crate::draws::Chains;
use crate::normal;

/// The values of chains in order of size, each with its place: they are sorted once for all that needs their order.
pub(crate) struct Ranked {
    order: Vec<(f64, usize)>,
    draws: usize,
    /// Scores of the ranks 1 to ⌈S/2⌉. Those of the others are the same with the other sign, from the end.
    scores: Vec<f64>,
}

/// Φ⁻¹((r - 3/8) / (S + 1/4)). Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021); the fractions are
/// Blom's (1958).
fn score(rank: f64, size: usize) -> f64 {
    normal::quantile((rank - 0.375) / (size as f64 + 0.25))
}

impl Ranked {
    pub fn of(chains: &Chains) -> Ranked {
        let size = chains.values.len();
        let mut order: Vec<(f64, usize)> = chains.values.iter().copied().zip(0..).collect();
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let scores = (1..=size.div_ceil(2)).map(|rank| score(rank as f64, size)).collect();
        Ranked { order, draws: chains.draws, scores }
    }

    /// The values, the least first.
    pub fn sorted(&self) -> Vec<f64> {
        self.order.iter().map(|&(value, _)| value).collect()
    }

    /// Each value's normal score in its place. Ties get that of the mean of their ranks.
    pub fn normal_scores(&self) -> Chains {
        let size = self.order.len();
        let mut values = vec![0.0; size];
        let mut start = 0;
        for group in self.order.chunk_by(|a, b| a.0 == b.0) {
            let from_end = size - 1 - start;
            let score = if group.len() > 1 {
                // Ranks count from 1: those of the group are start + 1 to start + len.
                score(start as f64 + (group.len() + 1) as f64 / 2.0, size)
            } else if start <= from_end {
                self.scores[start]
            } else {
                -self.scores[from_end]
            };
            group.iter().for_each(|&(_, place)| values[place] = score);
            start += group.len();
        }
        Chains { values, draws: self.draws }
    }

    /// Distances from the median of all chains: what differs in spread differs in these.
    pub fn folded(self) -> Ranked {
        let size = self.order.len();
        let middle = (self.order[(size - 1) / 2].0 + self.order[size / 2].0) / 2.0;
        // Below the median distances rise to the left, from it on to the right: the two are merged.
        let (mut left, mut right) = (size / 2, size / 2);
        let distance = |i: usize| (self.order[i].0 - middle).abs();
        let mut order = Vec::with_capacity(size);
        while left > 0 || right < size {
            let take_left = right == size || (left > 0 && distance(left - 1) <= distance(right));
            let i = if take_left { left - 1 } else { right };
            order.push((distance(i), self.order[i].1));
            if take_left { left -= 1 } else { right += 1 }
        }
        Ranked { order, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_a_rank_and_distances_are_in_order() {
        let chains = Chains { values: vec![3.0, -1.0, 3.0, 7.0, 0.5, 3.0, 9.0], draws: 7 };
        let scores = Ranked::of(&chains).normal_scores().values;
        assert_eq!(scores[0], score(4.0, 7));
        assert_eq!((scores[0], scores[2]), (scores[5], scores[5]));
        assert_eq!(scores[6], -scores[1]);
        assert_eq!(Ranked::of(&chains).folded().sorted(), [0.0, 0.0, 0.0, 2.5, 4.0, 4.0, 6.0]);
    }
}
