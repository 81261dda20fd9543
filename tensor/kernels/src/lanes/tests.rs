//! Every kind of vector against arrays of as many lanes.

use super::*;
use crate::random::fill_uniform;

/// What the operations make of some vectors.
struct All<T> {
    numbers: [T; 3 * WIDEST],
    /// (a, b, c) for a · b + c.
    terms: [Vec<T>; 3],
    out: Vec<T>,
}

impl<T: Float> Task<T> for &mut All<T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let mut room = [T::ZERO; WIDEST * WIDEST];
        // SAFETY: the caller has checked the instructions; all arrays have room for the vectors.
        unsafe {
            let vector = |i: usize| V::load(self.numbers.as_ptr().add(i * V::N));
            let (a, b, c) = (vector(0), vector(1), vector(2));
            let ([even, odd], [first, second]) = (V::deinterleave(a, b), V::interleave(a, b));
            let chosen = V::choose(a.exceeds(b), a, b);
            // Without the NaN, of which there is no saying.
            let [larger, smaller] = [a.larger(b).or_nan(a, b), a.smaller(b).or_nan(a, b)];
            let splat = V::splat(self.numbers[1]);
            for v in [
                splat,
                a.add(b),
                a.sub(b),
                c.add_product(a, b),
                even,
                odd,
                first,
                second,
                chosen,
                larger,
                smaller,
            ] {
                v.store(room.as_mut_ptr());
                self.out.extend(&room[..V::N]);
            }
            self.out.push(c.sum());
            for i in (0..self.terms[0].len()).step_by(V::N) {
                let [a, b, c] = [0, 1, 2].map(|term| V::load(self.terms[term].as_ptr().add(i)));
                c.add_product(a, b).store(room.as_mut_ptr());
                self.out.extend(&room[..V::N]);
            }
            for count in 0..V::N {
                V::load_first(self.numbers.as_ptr(), count).store(room.as_mut_ptr());
                b.store_first(room.as_mut_ptr().add(V::N), count);
                self.out.extend(&room[..2 * V::N]);
            }
            for (from, to) in (0..=V::N).flat_map(|from| (0..=V::N).map(move |to| (from, to))) {
                V::load_between(self.numbers.as_ptr().add(1), from, to).store(room.as_mut_ptr());
                let loaded = |i: usize| if from <= i && i < to { self.numbers[i + 1] } else { T::ZERO };
                assert!((0..V::N).all(|i| room[i].bits() == loaded(i).bits()), "from {from} to {to}");
            }
            let bytes: [u8; WIDEST] = std::array::from_fn(|i| (251 * i + 255) as u8);
            let mut stored = [0; WIDEST];
            let numbers = V::load_bytes(bytes.as_ptr());
            numbers.store_bytes(stored.as_mut_ptr());
            numbers.store(room.as_mut_ptr());
            assert_eq!(stored[..V::N], bytes[..V::N]);
            self.out.extend(&room[..V::N]);
            // Of columns that overlap, the later ones stay.
            let matrix: [T; WIDEST * (WIDEST + 1)] = std::array::from_fn(|i| T::from_f64(i as f64));
            copy_transposed::<V>(matrix.as_ptr(), V::N + 1, room.as_mut_ptr(), V::N - 1);
            for (i, &value) in room[..V::N * (V::N - 1)].iter().enumerate() {
                assert_eq!(value, matrix[i % (V::N - 1) * (V::N + 1) + i / (V::N - 1)]);
            }
        }
    }
}

fn all<T: Float>() -> All<T> {
    let number = |i: usize| T::from_f64(((i * 37 + 5) % 23) as f64 / 3.0 - 3.0);
    let mut numbers: [T; 3 * WIDEST] = std::array::from_fn(number);
    // NaN in a, in b, in both, whatever the number of lanes.
    for lanes in [4, 8, 16] {
        [0, lanes + 1, 2, lanes + 2].into_iter().for_each(|i| numbers[i] = T::NAN);
    }
    All { numbers, terms: hard_terms(), out: vec![] }
}

/// Terms of a · b + c where a second rounding is seen: their sum cancels, is all but a tie, is subnormal, or is none.
fn hard_terms<T: Float>() -> [Vec<T>; 3] {
    let [mut a, mut b, mut c] = [0, 1, 2].map(|stream| {
        let mut numbers = vec![T::ZERO; 64 * WIDEST];
        fill_uniform(3, stream, 0, &mut numbers);
        numbers
    });
    let tiny = T::MIN_POSITIVE * T::EPSILON;
    for (i, ((a, b), c)) in a.iter_mut().zip(&mut b).zip(&mut c).enumerate() {
        let whole = T::from_f64(i as f64);
        let sign = if *c < T::from_f64(0.5) { -T::ONE } else { T::ONE };
        match i % 7 {
            0 => *c = -(*a * *b),
            1 => *c *= *a * *b * T::EPSILON,
            // The product is half-way between two numbers where its factor is odd.
            2 => (*a, *b, *c) = (T::from_f64(1.5), T::ONE + whole * T::EPSILON, sign * tiny),
            3 => (*a, *c) = (*a * tiny, sign * whole * tiny),
            4 => (*a, *b, *c) = (sign / T::MIN_POSITIVE, T::from_f64(8.0) * *b, -sign / T::MIN_POSITIVE),
            5 => (*a, *c) = (sign * T::INFINITY, T::INFINITY),
            _ => *[a, b, c][i / 7 % 3] = [T::NAN, -T::ZERO][i / 21 % 2],
        }
    }
    [a, b, c]
}

fn check<T: Float>(name: &str, run: impl FnOnce(&mut All<T>), as_arrays: impl FnOnce(&mut All<T>)) {
    let (mut found, mut expected) = (all(), all());
    run(&mut found);
    as_arrays(&mut expected);
    assert!(found.out.len() > 8 && found.out.len() == expected.out.len());
    for (i, (x, y)) in found.out.iter().zip(&expected.out).enumerate() {
        assert!(x.bits() == y.bits() || (x.is_nan() && y.is_nan()), "{name}, number {i}: {x} is not {y}");
    }
}

#[test]
fn vectors_do_what_arrays_do() {
    // SAFETY: arrays ask for nothing, and the others are run only where the processor has their instructions.
    unsafe {
        for level in Level::available() {
            match level {
                Level::Portable => {}
                #[cfg(target_arch = "x86_64")]
                Level::Avx2 => {
                    check("avx2", |all| run_avx2::<f32>(all), |all| all.run::<[f32; 8]>());
                    check("avx2", |all| run_avx2::<f64>(all), |all| all.run::<[f64; 4]>());
                }
                #[cfg(target_arch = "x86_64")]
                Level::Avx512 => {
                    check("avx512", |all| run_avx512::<f32>(all), |all| all.run::<[f32; 16]>());
                    check("avx512", |all| run_avx512::<f64>(all), |all| all.run::<[f64; 8]>());
                }
                #[cfg(target_arch = "aarch64")]
                Level::Neon => {
                    check("neon", |all| all.run::<<f32 as Vectors>::Neon>(), |all| all.run::<[f32; 8]>());
                    check("neon", |all| all.run::<<f64 as Vectors>::Neon>(), |all| all.run::<[f64; 4]>());
                }
                #[cfg(target_feature = "simd128")]
                Level::Simd128 => {
                    check(
                        "simd128",
                        |all| all.run::<<f32 as Vectors>::Simd128>(),
                        |all| all.run::<[f32; 8]>(),
                    );
                    check(
                        "simd128",
                        |all| all.run::<<f64 as Vectors>::Simd128>(),
                        |all| all.run::<[f64; 4]>(),
                    );
                }
            }
        }
        check(
            "in use",
            |all| run::<f32>(all),
            |all| match wide() {
                16 => all.run::<[f32; 16]>(),
                _ => all.run::<[f32; 8]>(),
            },
        );
    }
}

#[test]
fn arrays_do_what_they_should() {
    let mut all =
        All { numbers: std::array::from_fn(|i| i as f64 - 5.0), terms: Default::default(), out: vec![] };
    all.numbers[1] = f64::NAN;
    // SAFETY: arrays ask for nothing.
    unsafe { (&mut all).run::<[f64; 4]>() };
    let rows: Vec<&[f64]> = all.out.chunks(4).collect();
    // a = −5, NaN, −3, −2; b = −1, 0, 1, 2; c = 3, 4, 5, 6.
    assert!(rows[0].iter().all(|x| x.is_nan()) && rows[1][1].is_nan());
    assert_eq!([rows[1][0], rows[1][2], rows[2][0], rows[2][3]], [-6., -2., -4., -4.]);
    assert_eq!([rows[3][0], rows[3][3]], [8., 2.]);
    assert_eq!((rows[4], &rows[5][1..]), (&[-5., -3., -1., 1.][..], &[-2., 0., 2.][..]));
    assert_eq!(([rows[6][1], rows[6][3]], rows[7]), ([-1., 0.], &[-3., 1., -2., 2.][..]));
    assert!(rows[8][1].is_nan() && rows[9][1].is_nan() && rows[10][1].is_nan());
    assert_eq!([rows[9][0], rows[9][3], rows[10][0], rows[10][3]], [-1., 2., -5., -2.]);
    assert_eq!([rows[8][0], rows[8][2], rows[8][3], rows[11][0]], [-1., 1., 2., 18.]);
}

#[test]
fn groups_are_even_and_complete() {
    assert_eq!(groups(32, 6).collect::<Vec<_>>(), [(0, 6), (6, 6), (12, 5), (17, 5), (22, 5), (27, 5)]);
    assert_eq!(groups(6, 6).collect::<Vec<_>>(), [(0, 6)]);
    assert_eq!(groups(0, 6).count(), 0);
}
