//! Functions that update variables in place, beside ones that do not and the interpreter.

use bayeux_autodiff::{Error, Expr, Function, RandomStreams, Shared, grad, interpret};
use bayeux_tensor::Tensor;
use rand::rngs::SmallRng;
use rand::{Rng, RngExt, SeedableRng};

fn numbers(rng: &mut impl Rng, shape: &[usize]) -> Tensor<f64> {
    Tensor::from_fn(shape, |_| rng.random_range(-1.5..1.5))
}

/// Variables, an input, and values computed from them: mostly element by element, so that updates meet in loops.
fn grown(rng: &mut impl Rng, shape: [usize; 2]) -> (Vec<Shared<f64>>, Expr<f64>, Vec<Expr<f64>>) {
    let variables: Vec<Shared<f64>> =
        (0..4).map(|i| Shared::new(format!("v{i}"), numbers(rng, &shape))).collect();
    let x = Expr::input("x", shape);
    let mut pool: Vec<Expr<f64>> = variables.iter().map(Shared::expr).collect();
    pool.extend([x.clone(), RandomStreams::new(rng.random()).normal(shape)]);
    for _ in 0..rng.random_range(1..25) {
        let mut any = || pool[rng.random_range(0..pool.len())].clone();
        let (a, b) = (any(), any());
        pool.push(match rng.random_range(0..21) {
            0..4 => a * 0.9 + b * 0.1,
            4..8 => a - b * 0.2,
            8 => a.tanh() * b,
            9 => (a.square() + 0.1).sqrt() - b,
            10 => a.maximum(&b),
            11 => Expr::select(&a.gt(&b), &a, &(b * 0.5)),
            12 => a.sigmoid(),
            // What asks for more than the element itself.
            13 => a.sum_keep(0) * 0.1 + b,
            14 => a.flip(0) * 0.5 + b,
            15 => a.matmul(&b.t()).tanh().matmul(&a) * 0.05,
            16 => grad(&(a * b.tanh()).sum_all(), std::slice::from_ref(&variables[0].expr())).remove(0),
            17 => a.mean_all() + b,
            18 => a.reshape([shape[0] * shape[1]]).reshape(shape).cos(),
            // A product and an update of one of its factors.
            19 if shape[0] == shape[1] => a.matmul(&b) * 0.02 - a,
            _ => a,
        });
    }
    (variables, x, pool)
}

/// How many variables were updated in place.
fn check(seed: u64) -> usize {
    let mut rng = SmallRng::seed_from_u64(seed);
    let shape = [[5, 7], [33, 61], [90, 90], [300, 120]][rng.random_range(0..4)];
    let (variables, x, pool) = grown(&mut rng, shape);
    let mut any = || pool[rng.random_range(0..pool.len())].clone();
    let updates: Vec<_> = variables.iter().map(|variable| (variable, any())).collect();
    let outputs = [any(), any().sum_all()];
    let roots: Vec<Expr<f64>> =
        outputs.iter().cloned().chain(updates.iter().map(|(_, new)| new.clone())).collect();
    let builder = || Function::builder().inputs([&x]).outputs(&outputs).updates(updates.clone());
    let mut exchanged = builder().build().expect("fits");
    let mut exclusive = builder().exclusive().build().expect("fits");
    for call in 0..3 {
        let value = numbers(&mut rng, &shape);
        let before: Vec<Tensor<f64>> = variables.iter().map(Shared::get).collect();
        let expected = interpret(&roots, &[(&x, &value)], call).expect("runs");
        let after = |f: &mut Function<f64>| -> Vec<Tensor<f64>> {
            let outputs = f.call(&[&value]).expect("runs");
            outputs.into_iter().chain(variables.iter().map(Shared::get)).collect()
        };
        let plain = after(&mut exchanged);
        // The first time somebody holds the old values, and the second nobody.
        let copies: Vec<Tensor<f64>> =
            before.iter().map(|value| Tensor::new(value.shape(), value.to_vec())).collect();
        variables.iter().zip(&before).for_each(|(variable, value)| variable.set(value.clone()));
        let kept = (call == 0).then_some(before);
        let found = after(&mut exclusive);
        for (i, (found, plain)) in found.iter().zip(&plain).enumerate() {
            // Sums may be rounded otherwise, since a loop that keeps less works on other blocks.
            assert!(
                found.all_close(plain, 1e-12, 1e-12),
                "seed {seed}, call {call}, value {i} ({}): {exclusive}",
                roots[i]
            );
        }
        if let Some(kept) = kept {
            assert_eq!(kept, copies, "seed {seed}: what was read before the call has changed");
        }
        for (found, expected) in found.iter().zip(&expected) {
            assert!(found.all_close(expected, 1e-9, 1e-9), "seed {seed}: {exclusive}");
        }
    }
    let writes = exclusive.to_string();
    let written = writes.lines().filter_map(|line| line.split_once("<-"));
    written.map(|(left, _)| left.matches("var").count()).sum()
}

#[test]
fn updates_in_place_change_nothing_else() {
    let in_place: usize = (0..300).map(check).sum();
    assert!(in_place > 300, "of 1,200 updates {in_place} were in place");
}

#[test]
fn variables_exchange_their_values() {
    let (a, b) = (Shared::new("a", Tensor::from_slice(&[1.0, 2.0])), Shared::new("b", Tensor::zeros([2])));
    let swap = Function::<f64>::builder()
        .updates([(&a, b.expr() + a.expr() * 0.0), (&b, a.expr() - 1.0)])
        .exclusive()
        .build()
        .expect("fits");
    swap.call(&[]).expect("runs");
    assert_eq!((a.get().to_vec(), b.get().to_vec()), (vec![0.0, 0.0], vec![0.0, 1.0]));
}

#[test]
fn a_call_that_fails_changes_no_variable() {
    let labels = Expr::<f64>::input("labels", [2]);
    let w = Shared::new("w", Tensor::zeros([2]));
    for outputs in [vec![labels.one_hot(3)], vec![(w.expr() + 1.0).exp(), labels.one_hot(3)]] {
        w.set(Tensor::zeros([2]));
        let f = Function::builder()
            .inputs([&labels])
            .outputs(&outputs)
            .updates([(&w, w.expr() + 1.0)])
            .exclusive()
            .build()
            .expect("fits");
        f.call(&[&Tensor::from_slice(&[2.0, 0.0])]).expect("labels in range");
        let failure = f.call(&[&Tensor::from_slice(&[2.0, 3.0])]);
        assert!(matches!(failure, Err(Error::Index { .. })), "{failure:?}");
        assert_eq!(w.get().to_vec(), [1.0, 1.0], "{f}");
    }
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "there are no threads")]
fn other_threads_may_read_meanwhile() {
    // Whatever they see was there before or after a step.
    let w = Shared::new("w", Tensor::<f64>::zeros([300_000]));
    let f = Function::builder().updates([(&w, w.expr() + 1.0)]).exclusive().build().expect("fits");
    f.call(&[]).expect("runs");
    assert!(f.to_string().contains("var0[300000] <-"), "{f}");
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            for _ in 0..200 {
                let value = w.get();
                let first = value.get(&[0]);
                assert!(value.iter().all(|x| x == first));
            }
        });
        while !reader.is_finished() {
            f.call(&[]).expect("runs");
        }
        reader.join().expect("no step was seen half done");
    });
}
