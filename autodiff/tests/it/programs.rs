//! The programs that a function keeps.

use bayeux_autodiff::{Expr, Function, batch};
use bayeux_tensor::Tensor;

/// A layer for any number of rows, with weights that are constants, and the sum of its outputs.
fn layer() -> (Expr<f64>, Expr<f64>) {
    let x = Expr::input("x", (batch(), 2));
    let w = Expr::constant(Tensor::from_fn([2, 3], |i| (i[0] + i[1]) as f64));
    let y = (x.matmul(&w).tanh() - 0.5).sum_all();
    (x, y)
}

fn rows(n: usize) -> Tensor<f64> {
    Tensor::full([n, 2], 0.1)
}

#[test]
fn many_sizes_need_no_more_memory_than_the_largest_few() {
    let (x, y) = layer();
    let f = Function::builder().inputs([&x]).outputs([&y]).most_programs(5).build().unwrap();
    let run = |sizes: std::ops::RangeInclusive<usize>| sizes.for_each(|n| _ = f.call(&[&rows(n)]).unwrap());
    run(296..=300);
    let most = f.memory();
    assert_eq!(f.programs(), 5);
    run(1..=300);
    assert_eq!((f.programs(), f.memory()), (5, most));
}

#[test]
fn the_program_used_longest_ago_goes() {
    let (x, y) = layer();
    let mut f = Function::builder().inputs([&x]).outputs([&y]).most_programs(2).build().unwrap();
    for n in [11, 12, 11, 13] {
        f.call(&[&rows(n)]).unwrap();
    }
    let kept = |f: &Function<f64>| [11, 12, 13].map(|n| f.to_string().contains(&format!("[[{n}, 2]]")));
    assert_eq!(kept(&f), [true, false, true]);
    f.call(&[&rows(12)]).unwrap();
    assert_eq!(kept(&f), [false, true, true]);
    f.set_most_programs(1);
    assert_eq!(kept(&f), [false, true, false]);
    f.set_most_programs(0);
    assert_eq!(f.programs(), 1);
    // The one compiled last is not the one used last.
    f.set_most_programs(2);
    f.call(&[&rows(13)]).unwrap();
    f.call(&[&rows(12)]).unwrap();
    f.set_most_programs(1);
    assert_eq!(kept(&f), [false, true, false]);
    assert!(!f.to_dot().is_empty());
}

#[test]
fn constants_are_there_once() {
    let x = Expr::input("x", (batch(), 1));
    let w = Expr::constant(Tensor::<f64>::arange(20_000));
    let f = Function::new([&x], [&(&x * w).sum_all()]).unwrap();
    let after = |n: usize| {
        f.call(&[&Tensor::ones([n, 1])]).unwrap();
        f.memory()
    };
    let (one, four) = (after(1), [2, 3, 4].map(after)[2]);
    assert!(one >= 8 * 20_000 && four - one < 8 * 20_000, "{one} bytes, then {four}");
}

#[test]
fn what_was_run_can_be_read_and_run_again_when_its_program_has_gone() {
    let (x, y) = layer();
    let mut f = Function::builder().inputs([&x]).outputs([&y]).most_programs(2).build().unwrap();
    f.run(&[&rows(7)]).unwrap();
    let value = f.output(0).item();
    for n in 20..30 {
        f.call(&[&rows(n)]).unwrap();
    }
    assert_eq!((f.output(0).item(), f.programs()), (value, 2));
    f.run(&[&rows(7)]).unwrap();
    assert_eq!((f.output(0).item(), f.programs()), (value, 2));
    assert_eq!(f.call(&[&rows(7)]).unwrap()[0].item(), value);
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "there are no threads")]
fn threads_that_call_with_many_sizes_get_what_they_ask_for() {
    let (x, y) = layer();
    let f = Function::builder().inputs([&x]).outputs([&y]).most_programs(3).build().unwrap();
    let alone = Function::new([&x], [&y]).unwrap();
    let expected: Vec<f64> = (0..8).map(|n| alone.call(&[&rows(n)]).unwrap()[0].item()).collect();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (f, expected) = (&f, &expected);
            scope.spawn(move || {
                for i in 0..200 {
                    let n = (i * (thread + 1) + thread) % 8;
                    assert_eq!(f.call(&[&rows(n)]).unwrap()[0].item(), expected[n]);
                }
            });
        }
    });
    assert_eq!(f.programs(), 3);
}
