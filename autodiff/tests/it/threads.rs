//! One function called by many threads.

use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::thread;

use bayeux_autodiff::{
    AnyExpr, Error, Expr, Function, Operation, RandomStreams, Shared, ValueType, View, batch,
};
use bayeux_tensor::{AnySliceMut, Tensor};

const THREADS: usize = 8;
const CALLS: usize = 200;

/// What `call` gives for each thread and each of its calls, all threads at the same time.
fn at_once<R: Send>(threads: usize, call: impl Fn(usize, usize) -> R + Sync) -> Vec<Vec<R>> {
    let begin = Barrier::new(threads);
    let work = |thread: usize| {
        begin.wait();
        (0..CALLS).map(|i| call(thread, i)).collect::<Vec<R>>()
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|thread| scope.spawn(move || work(thread))).collect();
        workers.into_iter().map(|worker| worker.join().expect("no panic")).collect()
    })
}

#[test]
fn calls_of_many_threads_have_the_bits_of_calls_one_after_the_other() {
    let x = Expr::<f32>::input("x", (batch(), 6));
    let w = Shared::new("w", Tensor::from_fn([6, 5], |i| (i[0] as f32 - 0.7 * i[1] as f32).sin()));
    let y = x.matmul(&w.expr()).tanh();
    let roots = [y.clone(), y.square().sum(0), y.softmax().max(1), x.exp() * 0.5];
    let f = Function::new([&x], &roots).expect("x is an input");
    // Four sizes, which the threads compile for while others run, and other numbers in each call.
    let input = |thread: usize, i: usize| {
        let rows = 1 + 13 * ((thread + i) % 4);
        Tensor::from_fn([rows, 6], |at| ((at[0] * 6 + at[1] + thread * CALLS + i) as f32).cos())
    };
    let found = at_once(THREADS, |thread, i| f.call(&[&input(thread, i)]).expect("runs"));
    let alone = Function::new([&x], &roots).expect("x is an input");
    for (thread, results) in found.iter().enumerate() {
        for (i, result) in results.iter().enumerate() {
            assert_eq!(*result, alone.call(&[&input(thread, i)]).expect("runs"), "thread {thread}, call {i}");
        }
    }
    assert_eq!(f.to_string().matches("for sizes").count(), 4);
}

#[test]
fn no_update_is_lost() {
    let count = Shared::new("count", Tensor::<f64>::zeros([3]));
    let total = Shared::new("total", Tensor::<f64>::zeros([3]));
    let one = Expr::<f64>::input("one", ());
    // Two functions that update the same two variables, declared in different orders; one of them in place.
    let updates = [(&count, count.expr() + &one), (&total, total.expr() + count.expr())];
    let first = Function::builder().inputs([&one]).outputs([&count.expr()]).updates(updates.clone()).build();
    let [a, b] = updates;
    let second = Function::builder().inputs([&one]).updates([b, a]).exclusive().build();
    let (first, second) = (first.expect("fits"), second.expect("fits"));
    let one = Tensor::scalar(1.0);
    let before = at_once(THREADS, |thread, _| match thread % 2 {
        0 => first.call(&[&one]).expect("runs")[0].get(&[1]),
        _ => second.call(&[&one]).map(|_| f64::NAN).expect("runs"),
    });
    let calls = THREADS * CALLS;
    assert_eq!(count.get().to_vec(), [calls as f64; 3]);
    assert_eq!(total.get().to_vec(), [(calls * (calls - 1) / 2) as f64; 3]);
    // Each call has seen another count.
    let mut seen: Vec<u64> = before.into_iter().step_by(2).flatten().map(|count| count as u64).collect();
    seen.sort_unstable();
    assert!(seen.windows(2).all(|pair| pair[0] < pair[1]), "{seen:?}");
}

#[test]
fn readers_see_whole_updates_of_a_variable() {
    let w = Shared::new("w", Tensor::<f64>::zeros([64]));
    let next = Function::builder().updates([(&w, w.expr() + 1.0)]).build().expect("fits");
    let read = Function::new([], [&w.expr().sum_all()]).expect("no inputs");
    let sums = at_once(4, |thread, _| match thread {
        0 => next.call(&[]).map(|_| 0.0).expect("runs"),
        _ => read.call(&[]).expect("runs")[0].item(),
    });
    for sums in &sums[1..] {
        assert!(sums.iter().all(|sum| sum % 64.0 == 0.0), "{sums:?}");
        assert!(sums.is_sorted(), "{sums:?}");
    }
    assert_eq!(read.call(&[]).expect("runs")[0].item(), 64.0 * CALLS as f64);
}

#[test]
fn a_value_that_was_set_is_read_by_the_next_call() {
    let w = Shared::new("w", Tensor::<f32>::zeros([4]));
    let f = Function::new([], [&(w.expr() * 2.0)]).expect("no inputs");
    for i in 0..4 {
        w.set(Tensor::full([4], i as f32));
        assert_eq!(f.call(&[]).expect("runs")[0].to_vec(), [2.0 * i as f32; 4]);
    }
}

#[test]
fn every_call_draws_other_numbers() {
    let noise = RandomStreams::new(5).normal::<f64>([3]);
    let f = Function::new([], [&noise]).expect("no inputs");
    let drawn = at_once(THREADS, |_, _| f.call(&[]).expect("runs")[0].to_vec());
    let bits = |numbers: Vec<f64>| numbers.into_iter().map(f64::to_bits).collect::<Vec<u64>>();
    let mut found: Vec<Vec<u64>> = drawn.into_iter().flatten().map(bits).collect();
    let alone = Function::new([], [&noise]).expect("no inputs");
    let mut expected: Vec<Vec<u64>> =
        (0..THREADS * CALLS).map(|_| bits(alone.call(&[]).expect("runs")[0].to_vec())).collect();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(f.next_call(), (THREADS * CALLS) as u64);
}

/// Gives its input, after a call of another function.
#[derive(Debug)]
struct Calls(Function<f64>);

/// Each is another, since functions cannot be compared.
impl PartialEq for Calls {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Hash for Calls {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl Operation for Calls {
    fn name(&self) -> String {
        "calls".into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        Ok(inputs.to_vec())
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        outputs[0].reborrow().get::<f64>().copy_from_slice(inputs[0].elements());
        self.0.call(&[]).map(|_| ())
    }

    fn gradient(&self, _: &AnyExpr, _: &[AnyExpr], _: &AnyExpr) -> Vec<Option<AnyExpr>> {
        vec![None]
    }

    fn can_fail(&self) -> bool {
        true
    }
}

#[test]
fn a_task_that_cannot_wait_for_its_turn_is_told_so() {
    let w = Shared::new("w", Tensor::<f64>::ones([2]));
    let inner = Function::builder().updates([(&w, w.expr() + 1.0)]).build().expect("fits");
    // As if the task had been interrupted by another that updates the same variable.
    let called = Expr::apply(Calls(inner), &[w.expr()]);
    let outer = Function::builder().updates([(&w, called * 2.0)]).build().expect("fits");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    let error = pool.install(|| outer.call(&[])).expect_err("it would wait for itself");
    assert_eq!(error, Error::Busy("w".into()));
    assert!(error.to_string().starts_with("the variable `w` is being updated by another call"), "{error}");
    // Nothing has changed, and nobody has the turn.
    assert_eq!(w.get().to_vec(), [1.0; 2]);
    let next = Function::builder().updates([(&w, w.expr() + 1.0)]).build().expect("fits");
    pool.install(|| next.call(&[])).expect("its turn");
    assert_eq!(w.get().to_vec(), [2.0; 2]);
}

#[test]
fn a_function_can_be_called_while_it_is_called_by_the_same_thread() {
    // Each level has its own memory.
    let x = Shared::new("x", Tensor::<f64>::ones([3]));
    let inner = Function::new([], [&(x.expr() * 5.0)]).expect("no inputs");
    let outer = Function::new([], [&(Expr::apply(Calls(inner), &[x.expr()]) + 1.0)]).expect("no inputs");
    assert_eq!(outer.call(&[]).expect("runs")[0].to_vec(), [2.0; 3]);
}

#[test]
fn a_panic_leaves_a_function_that_can_be_called() {
    #[derive(Debug, PartialEq, Hash)]
    struct Panics;
    impl Operation for Panics {
        fn name(&self) -> String {
            "panics".into()
        }
        fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
            Ok(inputs.to_vec())
        }
        fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
            let x = inputs[0].elements::<f64>()[0];
            assert!(x >= 0.0, "a negative number");
            outputs[0].reborrow().get::<f64>().fill(x.sqrt());
            Ok(())
        }
        fn gradient(&self, _: &AnyExpr, _: &[AnyExpr], _: &AnyExpr) -> Vec<Option<AnyExpr>> {
            vec![None]
        }
    }
    let x = Expr::<f64>::input("x", [1]);
    let last = Shared::new("last", Tensor::zeros([1]));
    let root = Expr::apply(Panics, &[&x + 0.0]);
    let mut f = Function::builder()
        .inputs([&x])
        .outputs([&(&root + 1.0)])
        .updates([(&last, root)])
        .build()
        .expect("fits");
    let bad = Tensor::from_slice(&[-1.0]);
    let good = Tensor::from_slice(&[9.0]);
    for _ in 0..2 {
        assert!(catch_unwind(AssertUnwindSafe(|| f.call(&[&bad]))).is_err());
        assert_eq!(f.call(&[&good]).expect("runs")[0].to_vec(), [4.0]);
        assert!(catch_unwind(AssertUnwindSafe(|| f.run(&[&bad]))).is_err());
        f.run(&[&good]).expect("runs");
        assert_eq!(f.output(0).to_vec(), [4.0]);
        assert_eq!(last.get().to_vec(), [3.0]);
    }
}
