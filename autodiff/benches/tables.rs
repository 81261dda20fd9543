//! A step of an embedding takes as long as the rows that it uses, however many there are: microseconds for 500 words in tables of
//! more and more rows, of the same words in each step, and of others in each.
//!
//! ```text
//! cargo bench -p bayeux-autodiff --bench tables
//! ```

use std::time::Instant;

use bayeux_autodiff::optimizers::{Optimizer, Sgd};
use bayeux_autodiff::{Expr, Function, Shared, batch};
use bayeux_tensor::Tensor;

const WORDS: usize = 500;
const STEPS: usize = 4096;

fn main() {
    for rows in [20_000, 200_000, 2_000_000, 20_000_000] {
        let table = Shared::new("table", Tensor::<f32>::ones([rows, 1]));
        let words = Expr::<i64>::input("words", [batch()]);
        let cost = table.expr().take(0, &words).square().mean_all();
        let updates = Sgd::new(0.1).updates_for(&cost, std::slice::from_ref(&table));
        let mut step = Function::builder()
            .input(&words)
            .outputs([&cost])
            .updates(updates)
            .exclusive()
            .build()
            .expect("one table, one update");
        // A multiplier without a factor in common with the numbers of rows spreads the words over all of them.
        let batches = |count: usize| -> Vec<Tensor<i64>> {
            let word = |step: usize, i: usize| ((step * WORDS + i) * 7_654_321 % rows) as i64;
            (0..count).map(|step| Tensor::from_fn([WORDS], |at| word(step, at[0]))).collect()
        };
        let mut median = |batches: &[Tensor<i64>]| {
            let mut times: Vec<f64> = (0..STEPS)
                .map(|i| {
                    let begun = Instant::now();
                    step.run((&batches[i % batches.len()],)).expect("words of the table");
                    begun.elapsed().as_secs_f64() * 1e6
                })
                .collect();
            times.sort_by(f64::total_cmp);
            times[STEPS / 2]
        };
        let (same, others) = (median(&batches(1)), median(&batches(256)));
        println!("{rows:>10} rows: {same:6.2} µs with the same words, {others:6.2} with others in each step");
    }
}
