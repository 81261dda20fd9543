//! Dependencies beside plain lists that are searched to the end.

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::*;

/// The units that can be reached through needs from some units in one step or more, as they are told.
fn reached(needs: &[Vec<usize>], from: &[usize]) -> Vec<bool> {
    let mut seen = vec![false; needs.len()];
    let mut stack = from.to_vec();
    while let Some(unit) = stack.pop() {
        for &need in &needs[unit] {
            if !std::mem::replace(&mut seen[need], true) {
                stack.push(need);
            }
        }
    }
    seen
}

/// Units that grow and merge at random, as loops do, beside plain lists that are searched to the end.
#[test]
fn answers_are_those_of_a_full_search() {
    for seed in 0..300 {
        let mut rng = SmallRng::seed_from_u64(seed);
        let (mut dependencies, mut needs, mut present) =
            (Dependencies::default(), Vec::<Vec<usize>>::new(), Vec::new());
        for _ in 0..80 {
            let count = if present.is_empty() { 0 } else { rng.random_range(0..3) };
            let sources: Vec<usize> =
                (0..count).map(|_| present[rng.random_range(0..present.len())]).collect();
            let waits = reached(&needs, &sources);
            dependencies.ask(&sources);
            let mut joined = None;
            for _ in 0..if present.is_empty() { 0 } else { 4 } {
                let unit = present[rng.random_range(0..present.len())];
                assert_eq!(dependencies.is_needed(unit), waits[unit], "seed {seed}");
                joined = joined.or((!waits[unit]).then_some(unit));
            }
            let unit = joined.unwrap_or_else(|| {
                needs.push(Vec::new());
                present.push(needs.len() - 1);
                dependencies.add_unit()
            });
            let mut sources: Vec<usize> = sources.into_iter().filter(|&source| source != unit).collect();
            sources.dedup();
            dependencies.add(unit, &sources);
            needs[unit].extend(sources);

            let [a, b] = [0; 2].map(|_| present[rng.random_range(0..present.len())]);
            let through = |from: usize, to: usize| reached(&needs, &needs[from])[to];
            if a != b && !through(a, b) && !through(b, a) {
                dependencies.merge(a, b);
                present.retain(|&unit| unit != b);
                let gone = std::mem::take(&mut needs[b]);
                needs[a].extend(gone);
                needs.iter_mut().flatten().filter(|need| **need == b).for_each(|need| *need = a);
                needs[a].retain(|&need| need != a);
            }
            for &unit in &present {
                let ordered = |&need: &usize| dependencies.place[need] < dependencies.place[unit];
                assert!(needs[unit].iter().all(ordered), "seed {seed}");
            }
        }
    }
}
