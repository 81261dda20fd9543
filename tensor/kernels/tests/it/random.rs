//! Random numbers: known answers, independence of how an array is split, and statistics with fixed seeds.

use crate::common::in_pool;
use bayeux_kernels::Float;
use bayeux_kernels::random::{
    Philox4x32, Source, fill_normal, fill_normal_par, fill_uniform, fill_uniform_par, philox4x32,
};
use rand::{Rng, SeedableRng};

/// The three philox4x32-10 lines of Random123's `kat_vectors`.
#[test]
fn known_answers() {
    assert_eq!(philox4x32([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
    assert_eq!(philox4x32([!0; 4], [!0; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
    let counter = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];
    let answer = [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1];
    assert_eq!(philox4x32(counter, [0xa409_3822, 0x299f_31d0]), answer);
}

#[test]
fn generator() {
    let mut rng = Philox4x32::new(0x0123_4567_89ab_cdef, 0xfeed_0000_beef);
    let words: Vec<u32> = (0..11).map(|_| rng.next_u32()).collect();
    let block = |i| philox4x32([i, 0, 0x0000_beef, 0xfeed], [0x89ab_cdef, 0x0123_4567]);
    assert_eq!(words, [block(0), block(1), block(2)].concat()[..11]);
    for position in [0, 3, 4, 7, 9] {
        rng.set_position(position);
        assert_eq!((rng.position(), rng.next_u32()), (position, words[position as usize]));
    }
    rng.set_position(2);
    assert_eq!(rng.next_u64(), u64::from(words[3]) << 32 | u64::from(words[2]));
    let mut bytes = [0; 6];
    rng.fill_bytes(&mut bytes);
    assert_eq!(bytes[..4], words[4].to_le_bytes());
    assert_eq!(bytes[4..], words[5].to_le_bytes()[..2]);
    let mut far = Philox4x32::new(1, 2);
    far.set_position(4 << 40);
    assert_eq!(far.next_u32(), philox4x32([0, 256, 2, 0], [1, 0])[0]);
    assert_eq!(Philox4x32::from_seed(5u64.to_le_bytes()), Philox4x32::new(5, 0));
}

type Fill<T> = fn(u64, u64, usize, &mut [T]);

fn filled<T: Float>(fill: Fill<T>, seed: u64, stream: u64, n: usize) -> Vec<T> {
    let mut out = vec![T::ZERO; n];
    fill(seed, stream, 0, &mut out);
    out
}

/// Where a number comes from is part of the format: changing it changes every seeded result.
#[test]
fn numbers_come_from_the_documented_words() {
    let uniform = filled::<f32>(fill_uniform, 9, 3, 600);
    let double = filled::<f64>(fill_uniform, 9, 3, 300);
    let normal = filled::<f32>(fill_normal, 9, 3, 600);
    let normal_double = filled::<f64>(fill_normal, 9, 3, 300);
    let block = |i: usize| philox4x32([i as u32, 0, 3, 0], [9, 0]).map(f64::from);
    // `negative` and `high`: the words with the sign (last bit) and with the exchange (first bit) and the angle's start.
    let polar = |u: f64, negative: f64, high: f64, low: f64| {
        let sign = if negative % 2.0 == 1.0 { -1.0 } else { 1.0 };
        let eighths = f64::from((high as u32) << 1) + low;
        let eighths = if eighths >= 2f64.powi(31) { eighths - 2f64.powi(32) } else { eighths };
        let (radius, angle) =
            (sign * (-2.0 * u.ln()).sqrt(), eighths / 2f64.powi(31) * std::f64::consts::FRAC_PI_4);
        let [x, y] = [radius * angle.cos(), radius * angle.sin()];
        if high >= 2f64.powi(31) { [y, x] } else { [x, y] }
    };
    for i in 0..600 {
        let words = block(i / 256 * 64 + i % 64);
        let word = i % 256 / 64;
        assert_eq!(f64::from(uniform[i]), (words[word] / 256.0).floor() / f64::from(1 << 24));
        let u = ((words[word & 2] / 2.0).floor() + 0.5) / 2f64.powi(31);
        let expected = polar(u, words[word & 2], words[word | 1], 0.0)[word & 1];
        assert!((f64::from(normal[i]) - expected).abs() < 2e-6 * (1.0 + 1e-3 / (1.0 - u)), "{i}");
    }
    for i in 0..300 {
        let words = block(i / 128 * 64 + i % 64);
        let word = i % 128 / 64;
        let fraction = |high: f64, low: f64| (high * 2f64.powi(21) + (low / 2048.0).floor()) / 2f64.powi(53);
        assert_eq!(double[i], fraction(words[2 * word], words[2 * word + 1]));
        let u = fraction(words[0], words[1]) + 2f64.powi(-54);
        let expected = polar(u, words[1], words[2], (words[3] / 2.0).floor() / 2f64.powi(31))[word];
        assert!((normal_double[i] - expected).abs() < 1e-13, "{i}");
    }
}

/// Bits are the words of the uniform numbers in f64, and the same for any split and any number of threads.
#[test]
fn bits_are_those_of_uniform_numbers() {
    let mut uniform = vec![0.0; 20_000];
    let source = Source { iteration: 3, ..Source::new(9, 3) };
    source.fill_uniform(&mut uniform);
    for threads in [1, 2, 5] {
        let mut bits = vec![0; 20_000];
        in_pool(threads, || source.fill_bits(&mut bits));
        let of = |bits: i64| (bits as u64 >> 11) as f64 / 2f64.powi(53);
        assert!(bits.iter().zip(&uniform).all(|(&bits, &u)| of(bits) == u));
        let words = philox4x32([1, 3 << 8, 3, 0], [9, 0]);
        assert_eq!(bits[1], (u64::from(words[0]) << 32 | u64::from(words[1])) as i64);
        assert_eq!(bits[65], (u64::from(words[2]) << 32 | u64::from(words[3])) as i64);
        let mut some = vec![0; 77];
        source.fill_bits(&mut some);
        assert_eq!(some, bits[..77]);
    }
}

fn splits<T: Float>(fill: Fill<T>, fill_par: Fill<T>) {
    let n = 40_000;
    let whole: Vec<u64> = filled(fill, 11, 5, n).into_iter().map(T::bits).collect();
    let mut out = vec![T::ZERO; n];
    for pieces in [1, 63, 64, 255, 256, 257, 1000, 8191] {
        let pieces = if pieces == 1 { 641 } else { pieces };
        for (i, piece) in out.chunks_mut(pieces).enumerate() {
            fill(11, 5, i * pieces, piece);
        }
        assert!(out.iter().map(|x| x.bits()).eq(whole.iter().copied()));
    }
    for threads in [1, 2, 5] {
        out.fill(T::ZERO);
        in_pool(threads, || fill_par(11, 5, 100, &mut out[100..]));
        assert!(out[100..].iter().map(|x| x.bits()).eq(whole[100..].iter().copied()));
    }
    let mut one = [T::ZERO];
    fill(11, 5, 33_333, &mut one);
    assert_eq!(one[0].bits(), whole[33_333]);
    fill(11, 5, 7, &mut []);
}

#[test]
fn any_split_gives_the_same_bits() {
    splits::<f32>(fill_normal, fill_normal_par);
    splits::<f64>(fill_normal, fill_normal_par);
    splits::<f32>(fill_uniform, fill_uniform_par);
    splits::<f64>(fill_uniform, fill_uniform_par);
}

/// The largest distance of the empirical distribution from `cdf`, times √n: above 1.95 with probability 0.001.
fn kolmogorov_smirnov(mut x: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    x.sort_by(f64::total_cmp);
    let n = x.len() as f64;
    let distance = x.iter().enumerate().map(|(i, &x)| {
        let p = cdf(x);
        (p - i as f64 / n).max((i + 1) as f64 / n - p)
    });
    distance.fold(0.0, f64::max) * n.sqrt()
}

fn normal_statistics<T: Float>() {
    let n = 1 << 21;
    let x: Vec<f64> = filled::<T>(fill_normal_par, 2026, 1, n).into_iter().map(T::to_f64).collect();
    let moment = |power: i32| x.iter().map(|x| x.powi(power)).sum::<f64>() / n as f64;
    // E x^k and the standard deviation of its estimate, √((E x^2k − (E x^k)²)/n).
    for (power, expected, variance) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
        let sigma = (variance / n as f64).sqrt();
        assert!((moment(power) - expected).abs() < 4.0 * sigma, "moment {power}: {}", moment(power));
    }
    for (limit, probability) in
        [(1.0, 0.317_310_5), (2.0, 0.045_500_26), (3.0, 0.002_699_796), (4.0, 6.334e-5)]
    {
        let count = x.iter().filter(|x| x.abs() > limit).count() as f64;
        let expected: f64 = probability * n as f64;
        assert!((count - expected).abs() < 4.0 * expected.sqrt(), "beyond {limit}: {count}, not {expected}");
    }
    let cdf = |x: f64| 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2);
    assert!(kolmogorov_smirnov(x, cdf) < 1.95);
}

#[test]
fn normals_are_normal() {
    normal_statistics::<f32>();
    normal_statistics::<f64>();
}

#[test]
fn uniforms_are_uniform() {
    for seed in 0..3 {
        let x: Vec<f64> = filled::<f32>(fill_uniform, seed, 0, 1 << 18).into_iter().map(f64::from).collect();
        assert!(x.iter().all(|x| (0.0..1.0).contains(x)));
        assert!(kolmogorov_smirnov(x, |x| x) < 1.95);
        let x = filled::<f64>(fill_uniform, seed, 0, 1 << 18);
        assert!(x.iter().all(|x| (0.0..1.0).contains(x)));
        assert!(kolmogorov_smirnov(x, |x| x) < 1.95);
    }
}

/// Neighbouring streams, neighbouring seeds, and a stream shifted against itself, also of squares (the radius).
#[test]
fn streams_are_uncorrelated() {
    let n = 1 << 19;
    let base = filled::<f64>(fill_normal, 4, 4, n);
    let correlation = |x: &[f64], y: &[f64]| {
        let products: f64 = x.iter().zip(y).map(|(x, y)| x * y).sum();
        let squares: f64 = x.iter().zip(y).map(|(x, y)| (x * x - 1.0) * (y * y - 1.0)).sum();
        // Standard deviations √n and 2 √n.
        [products / (x.len() as f64).sqrt(), squares / (4.0 * x.len() as f64).sqrt()]
    };
    for (seed, stream) in [(4, 5), (5, 4), (4, 4 + (1 << 32)), (4 + (1 << 32), 4), (4, 0)] {
        let other = filled::<f64>(fill_normal, seed, stream, n);
        assert!(correlation(&base, &other).iter().all(|z| z.abs() < 4.0), "{seed} {stream}");
    }
    for lag in [1, 2, 4, 63, 64, 128, 256] {
        assert!(correlation(&base[lag..], &base).iter().all(|z| z.abs() < 4.0), "lag {lag}");
    }
}

/// The rarest f32 values: far more than 24 bits of uniform would reach.
#[test]
fn the_f32_tail_is_long() {
    let mut largest = 0.0f32;
    let mut out = vec![0.0f32; 1 << 16];
    for i in 0..1 << 9 {
        fill_normal_par(1, 1, i << 16, &mut out);
        largest = out.iter().fold(largest, |largest, x| largest.max(x.abs()));
    }
    assert!(largest > 5.3 && largest < 6.7, "{largest}");
}
