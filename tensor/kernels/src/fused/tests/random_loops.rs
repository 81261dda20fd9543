//! Random loops against one operation after the other over whole arrays, and with every instruction set: the same bits.

use proptest::prelude::*;

use super::in_pool;
use crate::fused::{Arithmetic, Function, Fused, FusedBuilder, Reduce, Value};
use crate::level::Level;
use crate::random::{Source, fill_normal, fill_uniform};
use crate::{Float, simd};

/// One more value, from earlier ones: operations, their inputs as numbers to be taken modulo what there is.
type Choice = (u8, u16, u16, u16);

const ARITHMETIC: [Arithmetic; 12] = [
    Arithmetic::Add,
    Arithmetic::Sub,
    Arithmetic::Mul,
    Arithmetic::Div,
    Arithmetic::Maximum,
    Arithmetic::Minimum,
    Arithmetic::Gt,
    Arithmetic::Ge,
    Arithmetic::Lt,
    Arithmetic::Le,
    Arithmetic::Eq,
    Arithmetic::Ne,
];

fn evaluate<T: Float>(op: Arithmetic, a: T, b: T) -> T {
    let truth = |holds: bool| if holds { T::ONE } else { T::ZERO };
    match op {
        Arithmetic::Add => a + b,
        Arithmetic::Sub => a - b,
        Arithmetic::Mul => a * b,
        Arithmetic::Div => a / b,
        Arithmetic::Maximum => {
            if a > b || a.is_nan() {
                a
            } else {
                b
            }
        }
        Arithmetic::Minimum => {
            if a < b || a.is_nan() {
                a
            } else {
                b
            }
        }
        Arithmetic::Gt => truth(a > b),
        Arithmetic::Ge => truth(a >= b),
        Arithmetic::Lt => truth(a < b),
        Arithmetic::Le => truth(a <= b),
        Arithmetic::Eq => truth(a == b),
        Arithmetic::Ne => truth(a != b),
    }
}

/// A loop being built, and what each value must be.
struct Pair<T> {
    builder: FusedBuilder<T>,
    values: Vec<(Value, Vec<T>)>,
}

impl<T: Float> Pair<T> {
    fn push(&mut self, value: Value, expected: Vec<T>) {
        self.values.push((value, expected));
    }

    fn get(&self, i: u16) -> (Value, Vec<T>) {
        self.values[usize::from(i) % self.values.len()].clone()
    }

    fn choose(&mut self, (what, i, j, k): Choice) {
        let ((a, x), (b, y), (c, z)) = (self.get(i), self.get(j), self.get(k));
        let zip = |f: &dyn Fn(T, T) -> T| x.iter().zip(&y).map(|(&x, &y)| f(x, y)).collect::<Vec<T>>();
        let sliced = |f: fn(&[T], &mut [T])| {
            let mut result = vec![T::ZERO; x.len()];
            f(&x, &mut result);
            result
        };
        match what {
            // Mostly arithmetic on recent values, so that there is something to combine.
            0..24 => {
                let op = ARITHMETIC[usize::from(what) % 12];
                let value = self.builder.arithmetic(op, a, b);
                self.push(value, zip(&|x, y| evaluate(op, x, y)));
            }
            24 => {
                let value = self.builder.select(a, b, c);
                let expected = (0..x.len()).map(|i| if x[i] == T::ZERO { z[i] } else { y[i] }).collect();
                self.push(value, expected);
            }
            25 => {
                let value = self.builder.unary(simd::tanh, a);
                self.push(value, sliced(simd::tanh));
            }
            26 => {
                let value = self.builder.binary(simd::sub, a, b);
                self.push(value, zip(&|x, y| x - y));
            }
            27 => {
                let value = self.builder.ternary(simd::select, a, b, c);
                let expected = (0..x.len()).map(|i| if x[i] == T::ZERO { z[i] } else { y[i] }).collect();
                self.push(value, expected);
            }
            28 => {
                let value = self.builder.square(a);
                self.push(value, zip(&|x, _| x * x));
            }
            29 => {
                let value = self.builder.neg(a);
                self.push(value, zip(&|x, _| -x));
            }
            31 => {
                let value = self.builder.sqrt(a);
                self.push(value, sliced(simd::sqrt));
            }
            30 => {
                let value = self.builder.recip(a);
                self.push(value, zip(&|x, _| T::ONE / x));
            }
            32 => {
                let value = self.builder.relu(a);
                self.push(value, sliced(simd::relu));
            }
            33.. => {
                let function = Function::ALL[(usize::from(what) - 33) % Function::ALL.len()];
                let value = self.builder.function(function, a);
                self.push(value, sliced(function.of_slices()));
            }
        }
    }
}

/// Equal bits, but any NaN is like any other.
fn same<T: Float>(a: T, b: T) -> bool {
    a.bits() == b.bits() || (a.is_nan() && b.is_nan())
}

/// What a loop is run with: how many numbers, how far behind a line of memory results begin, and what it is given.
struct Given<T> {
    rows: usize,
    columns: usize,
    before: usize,
    data: Vec<Vec<T>>,
    /// Whether the first two operands are overwritten by the first two results.
    over: bool,
}

/// The stored results, the maximum of the last value, the sums of the first result over rows and over everything.
type Results<T> = (Vec<Vec<T>>, T, Vec<T>);

impl<T: Float> Given<T> {
    fn run(&self, fused: &Fused<T>, stores: usize, threads: usize) -> Results<T> {
        let Given { rows, columns, before, ref data, over } = *self;
        let mut operands: Vec<(&[T], usize)> = data.iter().map(|data| (&data[..], 3)).collect();
        let line = 64 / size_of::<T>();
        let mut stores = vec![vec![T::NAN; line + before + rows * columns]; stores];
        let begins = |store: &Vec<T>| store.as_ptr().align_offset(64) + before;
        if over {
            operands[..2].fill((&[], 0));
            let former = stores.iter_mut().zip(data).take(2);
            former.for_each(|(store, data)| {
                let begin = begins(store);
                store[begin..][..rows * columns].copy_from_slice(&data[3..]);
            });
        }
        let (mut largest, mut sums, mut sum) = ([T::NAN], vec![T::NAN; rows], [T::NAN]);
        let mut scratch = vec![T::NAN; fused.scratch()];
        let at: Vec<usize> = stores.iter().map(begins).collect();
        let parts = stores.iter_mut().zip(&at);
        let mut stored: Vec<&mut [T]> =
            parts.map(|(store, &at)| &mut store[at..][..rows * columns]).collect();
        in_pool(threads, || {
            let reduced = &mut [&mut largest[..], &mut sums, &mut sum];
            fused.run_with_noise(&[Source::new(2, 9)], &operands, &mut stored, reduced, &mut scratch);
        });
        let stores =
            stores.iter().zip(at).map(|(store, at)| store[at..][..rows * columns].to_vec()).collect();
        sums.push(sum[0]);
        (stores, largest[0], sums)
    }
}

/// Numbers at which arithmetic is special.
fn specials<T: Float>() -> Vec<T> {
    let smallest = T::MIN_POSITIVE * T::EPSILON;
    let positive = [T::ZERO, T::ONE, T::INFINITY, T::NAN, smallest, T::MIN_POSITIVE, T::ONE / T::EPSILON];
    positive.into_iter().flat_map(|x| [x, -x]).collect()
}

/// Whether one loop streams, and whether its operands have special numbers among them.
type Flags = (bool, bool);

fn check<T: Float>(
    rows: usize,
    columns: usize,
    choices: &[Choice],
    outputs: &[u16],
    over: Option<[u16; 2]>,
    (streamed, special): Flags,
) {
    let len = rows * columns;
    let mut pair = Pair { builder: FusedBuilder::<T>::new(&[rows, columns]), values: vec![] };
    let mut data: Vec<Vec<T>> = Vec::new();
    let direct = [columns as isize, 1];
    for (stream, strides) in [direct, direct, direct, [0, 1], [1, 0], [0, 0], [0, 0]].into_iter().enumerate()
    {
        let mut numbers = vec![T::ZERO; len + 3];
        fill_normal(1, stream as u64, 0, &mut numbers);
        if special {
            let specials = specials::<T>().into_iter().cycle().skip(2 * stream);
            numbers.iter_mut().step_by(3 + stream).zip(specials).for_each(|(x, special)| *x = special);
        }
        let at = |i: usize| 3 + i / columns * strides[0] as usize + i % columns * strides[1] as usize;
        let expected = (0..len).map(|i| numbers[at(i)]).collect();
        let value = pair.builder.operand(&strides);
        pair.push(value, expected);
        data.push(numbers);
    }
    let value = pair.builder.constant(T::from_f64(0.3));
    pair.push(value, vec![T::from_f64(0.3); len]);
    let mut noise = vec![T::ZERO; len];
    fill_uniform(2, 9, 0, &mut noise);
    let value = pair.builder.uniform();
    pair.push(value, noise);
    choices.iter().for_each(|&choice| pair.choose(choice));

    let mut chosen: Vec<(Value, Vec<T>)> = outputs.iter().map(|&i| pair.get(i)).collect();
    let last = pair.values[pair.values.len() - 1].clone();
    // The first two operands are overwritten.
    let overwritten: Vec<(Value, Vec<T>)> = over.iter().flatten().map(|&i| pair.get(i)).collect();
    let operands: Vec<Value> = pair.values.iter().map(|(value, _)| *value).collect();
    let Pair { mut builder, .. } = pair;
    for ((value, _), operand) in overwritten.iter().zip(operands) {
        builder.store_over(*value, operand);
    }
    for (value, _) in &chosen {
        builder.store(*value);
    }
    chosen.splice(0..0, overwritten);
    builder.reduce(Reduce::Max, last.0, &[0, 1]);
    builder.reduce(Reduce::Sum, chosen[0].0, &[1]);
    builder.reduce(Reduce::Sum, chosen[0].0, &[0, 1]);

    // Results begin anywhere, not just where vectors are aligned.
    let before = [0, 4, 1][choices.len() % 3];
    let given = Given { rows, columns, before, data, over: over.is_some() };
    let plain = builder.clone().build_with(streamed, Level::Portable);
    let (stores, largest, sums) = given.run(&plain, chosen.len(), 1);
    for (stored, (_, expected)) in stores.iter().zip(&chosen) {
        let differs = (0..len).find(|&i| !same(stored[i], expected[i]));
        assert!(differs.is_none_or(|i| panic!("element {i}: {} for {}", stored[i], expected[i])));
    }
    let expected = last.1.iter().fold(T::NEG_INFINITY, |a, &b| evaluate(Arithmetic::Maximum, a, b));
    assert!(largest == expected || expected.is_nan() && largest.is_nan(), "{largest} for {expected}");
    let rows = chosen[0].1.chunks(columns).chain([&chosen[0].1[..]]);
    for (row, &sum) in rows.zip(&sums) {
        // Parts first: one sum of thousands would be off by more than the loop's.
        let parts = row.chunks(64).map(|part| part.iter().map(|x| x.to_f64()).sum::<f64>());
        let expected: f64 = parts.sum();
        let size: f64 = row.iter().map(|x| x.to_f64().abs()).sum();
        // What overflows here may not there.
        let close =
            (sum.to_f64() - expected).abs() <= T::EPSILON.to_f64() * (row.len() as f64).sqrt() * 4.0 * size;
        assert!(close || !sum.is_finite() || !expected.is_finite(), "{sum} for {expected}");
    }
    for level in Level::available() {
        let fused = builder.clone().build_with(streamed, level);
        assert_eq!(fused.native.is_some(), crate::native::available(level), "{level:?}");
        for threads in [1, 2, 3] {
            let again = given.run(&fused, chosen.len(), threads);
            for (store, again) in stores.iter().zip(&again.0) {
                let differs = (0..len).find(|&i| !same(store[i], again[i]));
                assert!(differs.is_none_or(|i| panic!("{level:?}: {} for {}", again[i], store[i])));
            }
            assert!(same(again.1, largest), "{level:?}: the maximum {} for {largest}", again.1);
            assert!(
                again.2.iter().zip(&sums).all(|(&a, &b)| same(a, b)),
                "{level:?}: {:?} for {sums:?}",
                again.2
            );
        }
    }
}

proptest! {
    #[test]
    fn random_loops_agree_with_whole_arrays(
        rows in 1usize..60,
        columns in prop_oneof![1usize..40, 100usize..900],
        choices in prop::collection::vec((0u8..50, any::<u16>(), any::<u16>(), any::<u16>()), 1..40),
        recent in any::<bool>(),
        outputs in prop::collection::vec(any::<u16>(), 1..5),
        over in any::<Option<[u16; 2]>>(),
        flags in any::<(bool, bool)>(),
    ) {
        let mut choices = choices;
        if recent {
            // Chains: each value from one of the last few.
            for (i, choice) in choices.iter_mut().enumerate() {
                choice.1 = (8 + i - usize::from(choice.1) % 3 - 1) as u16;
            }
        }
        check::<f32>(rows, columns, &choices, &outputs, over, flags);
        check::<f64>(rows, columns, &choices, &outputs, over, flags);
    }
}

#[test]
fn a_long_loop_of_everything() {
    let choices: Vec<Choice> = (0..40u16).map(|i| (i as u8 % 50, 7 + i, 5 + i * 7, 3 + i * 5)).collect();
    for flags in [(false, false), (false, true), (true, false), (true, true)] {
        // Also with both exchanged.
        for over in [None, Some([1, 0]), Some([30, 42])] {
            check::<f32>(100, 1113, &choices, &[8, 20, 30, 47, 1, 4], over, flags);
            check::<f64>(1113, 99, &choices, &[8, 20, 30, 47, 1, 4], over, flags);
        }
    }
}
