//! Initialisers: the numbers a parameter begins with.
//!
//! They are drawn from Philox by counter: element i depends only on the net's seed
//! ([`Net::seeded`](crate::Net::seeded)), the parameter's full name and i. So the same program begins with the same
//! numbers on every machine, a layer keeps its numbers when another one is added elsewhere, and a layer whose name
//! changes gets others. Two nets whose layers have the same names need different seeds if they are to differ.
//!
//! ```
//! use bayeux_nets::init::{HeNormal, Initializer, Stream};
//! use bayeux_tensor::Tensor;
//! let w: Tensor<f64> = HeNormal::new().sample(&[400, 50], &Stream::new(7, "dense1.w"));
//! let variance = w.iter().map(|w| w * w).sum::<f64>() / 20_000.0;
//! assert!((variance - 2.0 / 400.0).abs() < 2e-4);
//! ```

use bayeux_autodiff::Shared;
use bayeux_tensor::{Float, Tensor, random};

/// A stream of random numbers: one seed, one parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Stream {
    seed: u64,
    stream: u64,
}

impl Stream {
    /// The stream of a name.
    pub fn new(seed: u64, name: &str) -> Self {
        // FNV-1a, 64 bit: its published offset and prime.
        let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        Stream { seed, stream: name.bytes().fold(0xcbf2_9ce4_8422_2325, hash) }
    }

    /// Independent standard normal numbers.
    pub fn normal<T: Float>(&self, shape: &[usize]) -> Tensor<T> {
        let mut values = Tensor::zeros(shape);
        random::fill_normal(self.seed, self.stream, 0, values.make_mut());
        values
    }

    /// Independent numbers, uniform on [0, 1).
    pub fn uniform<T: Float>(&self, shape: &[usize]) -> Tensor<T> {
        let mut values = Tensor::zeros(shape);
        random::fill_uniform(self.seed, self.stream, 0, values.make_mut());
        values
    }

    /// One number for all of the stream, to seed another generator with.
    pub(crate) fn noise_seed(&self) -> u64 {
        self.seed.rotate_left(32) ^ self.stream
    }
}

/// A rule that makes a tensor of first values.
pub trait Initializer {
    /// The first values of a parameter of some shape.
    fn sample<T: Float>(&self, shape: &[usize], stream: &Stream) -> Tensor<T>;

    /// A variable with these first values, from the stream of its name: for weights that are to be used more than once.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Shared, batch};
    /// use bayeux_nets::init::{GlorotUniform, Initializer};
    /// use bayeux_nets::{Dense, Input};
    /// let w: Shared = GlorotUniform::new().shared("w", [5, 5], 7);
    /// let x = Input::new(&Expr::input("x", (batch(), 5)));
    /// let net = x.then(Dense::new(5).weights(&w).no_bias()).then(Dense::new(5).weights(&w).no_bias());
    /// assert_eq!(net.params(), [w]);
    /// ```
    fn shared<T: Float>(&self, name: &str, shape: impl AsRef<[usize]>, seed: u64) -> Shared<T> {
        Shared::new(name, self.sample(shape.as_ref(), &Stream::new(seed, name)))
    }
}

/// The same number everywhere.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Constant(f64);

impl Constant {
    /// The number.
    pub fn new(value: f64) -> Self {
        Constant(value)
    }
}

impl Initializer for Constant {
    fn sample<T: Float>(&self, shape: &[usize], _stream: &Stream) -> Tensor<T> {
        Tensor::full(shape, T::from_f64(self.0))
    }
}

/// Normal numbers with a mean and a standard deviation.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Normal {
    mean: f64,
    sd: f64,
}

impl Normal {
    /// Mean and standard deviation.
    pub fn new(mean: f64, sd: f64) -> Self {
        Normal { mean, sd }
    }
}

impl Initializer for Normal {
    fn sample<T: Float>(&self, shape: &[usize], stream: &Stream) -> Tensor<T> {
        let (mean, sd) = (T::from_f64(self.mean), T::from_f64(self.sd));
        stream.normal(shape).map(|z: T| mean + sd * z)
    }
}

/// Numbers uniform between two bounds: low ≤ x < high.
///
/// Both hold in the element type: a number that rounding would carry to `high` becomes the largest below it, one that it would
/// carry below `low` the smallest that is not. Between equal bounds all numbers are the lower one.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Uniform {
    low: f64,
    high: f64,
}

impl Uniform {
    /// The bounds, the upper one excluded.
    ///
    /// # Panics
    /// If a bound is not finite or the lower one lies above the upper.
    #[track_caller]
    pub fn new(low: f64, high: f64) -> Self {
        assert!(
            low <= high && low.is_finite() && high.is_finite(),
            "Uniform: the bounds {low} and {high} must be finite and in order"
        );
        Uniform { low, high }
    }
}

impl Initializer for Uniform {
    /// # Panics
    /// If no number of the element type lies between the bounds.
    #[track_caller]
    fn sample<T: Float>(&self, shape: &[usize], stream: &Stream) -> Tensor<T> {
        let Uniform { low, high } = *self;
        let (start, width) = (T::from_f64(low), T::from_f64(high - low));
        let uniform = stream.uniform(shape);
        if low == high {
            return uniform.map(|_| start);
        }
        let [first, last] = between::<T>(low, high).map(T::from_f64);
        assert!(first <= last, "Uniform: no number of {} lies between {low} and {high}", T::TYPE);
        if !width.is_finite() {
            let end = T::from_f64(high);
            return uniform.map(|u: T| (start * (T::ONE - u) + end * u).max(first).min(last));
        }
        uniform.map(|u: T| (start + width * u).max(first).min(last))
    }
}

/// The first and the last number of the element type that are at least `low` and below `high`.
fn between<T: Float>(low: f64, high: f64) -> [f64; 2] {
    if T::EPSILON.to_f64() == f64::EPSILON {
        return [low, high.next_down()];
    }
    let (start, end) = (low as f32, high as f32);
    let start = if f64::from(start) < low { start.next_up() } else { start };
    let end = if f64::from(end) >= high { end.next_down() } else { end };
    [start.into(), end.into()]
}

/// How many numbers feed one output (`fan_in`) and how many outputs one number feeds (`fan_out`), for weights
/// `[inputs, units]` or filters `[out, in, height, width]`.
///
/// # Panics
/// For fewer than two axes.
fn fans(shape: &[usize]) -> [f64; 2] {
    match *shape {
        [inputs, units] => [inputs as f64, units as f64],
        [output, input, ref window @ ..] => {
            let area: usize = window.iter().product();
            [(input * area) as f64, (output * area) as f64]
        }
        _ => panic!("the shape {shape:?} has no fan-in: two axes or more are needed; give a bias a Constant"),
    }
}

macro_rules! scaled {
    ($($(#[$doc:meta])* $name:ident: $distribution:ident, |$fan_in:ident, $fan_out:ident| $variance:expr;)+) => {
        $($(#[$doc])*
        ///
        /// For parameters with two axes or more; sampling panics with fewer.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[must_use]
        pub struct $name {
            gain: f64,
        }

        impl $name {
            /// With gain 1.
            pub fn new() -> Self {
                $name { gain: 1.0 }
            }

            /// Multiplies the standard deviation.
            pub fn gain(self, gain: f64) -> Self {
                $name { gain }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                $name::new()
            }
        }

        impl Initializer for $name {
            fn sample<T: Float>(&self, shape: &[usize], stream: &Stream) -> Tensor<T> {
                #[allow(unused_variables)] // He's rule needs one of them
                let [$fan_in, $fan_out] = fans(shape);
                scaled!(@$distribution self.gain * f64::sqrt($variance)).sample(shape, stream)
            }
        })+
    };
    (@normal $sd:expr) => { Normal::new(0.0, $sd) };
    // The variance of a number uniform on [−b, b) is b²/3.
    (@uniform $sd:expr) => {{
        let bound = f64::abs($sd) * f64::sqrt(3.0);
        Uniform::new(-bound, bound)
    }};
}

scaled! {
    /// Normal with variance 2 / (fan_in + fan_out) (Glorot & Bengio 2010, "Understanding the difficulty of training deep
    /// feedforward neural networks").
    GlorotNormal: normal, |fan_in, fan_out| 2.0 / (fan_in + fan_out);

    /// Uniform with variance 2 / (fan_in + fan_out) (Glorot & Bengio 2010, equation 16): what layers begin with by default.
    GlorotUniform: uniform, |fan_in, fan_out| 2.0 / (fan_in + fan_out);

    /// Normal with variance 2 / fan_in, meant for relu (He, Zhang, Ren & Sun 2015, "Delving deep into rectifiers").
    HeNormal: normal, |fan_in, fan_out| 2.0 / fan_in;

    /// Uniform with variance 2 / fan_in, meant for relu (He, Zhang, Ren & Sun 2015).
    HeUniform: uniform, |fan_in, fan_out| 2.0 / fan_in;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(values: &Tensor<f64>) -> (f64, f64) {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        (mean, values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n)
    }

    /// Sample variances of 60,000 draws: their relative standard error is below 0.6 %.
    #[test]
    fn variances_are_those_of_the_papers() {
        let stream = Stream::new(1, "w");
        let (dense, filters) = ([300, 200], [40, 60, 5, 5]);
        let near = |values: Tensor<f64>, variance: f64| {
            let (mean, found) = moments(&values);
            assert!((found / variance - 1.0).abs() < 0.03, "{found} is not {variance}");
            assert!(mean.abs() < 5.0 * (variance / values.len() as f64).sqrt());
        };
        near(GlorotNormal::new().sample(&dense, &stream), 2.0 / 500.0);
        near(GlorotUniform::new().sample(&dense, &stream), 2.0 / 500.0);
        near(GlorotUniform::new().gain(2.0).sample(&dense, &stream), 8.0 / 500.0);
        near(HeNormal::new().sample(&dense, &stream), 2.0 / 300.0);
        near(HeUniform::new().sample(&dense, &stream), 2.0 / 300.0);
        near(GlorotUniform::new().sample(&filters, &stream), 2.0 / 2500.0);
        near(HeNormal::new().sample(&filters, &stream), 2.0 / 1500.0);
        let (mean, variance) = moments(&Normal::new(3.0, 0.5).sample(&dense, &stream));
        assert!((mean - 3.0).abs() < 0.01 && (variance - 0.25).abs() < 0.01);
    }

    #[test]
    fn uniform_numbers_keep_to_their_bounds() {
        let bound = (6.0f64 / 500.0).sqrt();
        let values: Tensor<f64> = GlorotUniform::new().sample(&[300, 200], &Stream::new(1, "w"));
        assert!(values.iter().all(|x| x.abs() <= bound));
        assert!(values.iter().any(|x| x > 0.999 * bound) && values.iter().any(|x| x < -0.999 * bound));
    }

    fn half_open<T: Float>(low: f64, high: f64) {
        let values: Tensor<T> = Uniform::new(low, high).sample(&[300_000], &Stream::new(1, "w"));
        let inside = values.iter().map(T::to_f64).all(|x| low <= x && x < high);
        assert!(inside, "in {}: {low}, {high}", T::TYPE);
        let mean = values.iter().map(|x| x.to_f64() / 3e5).sum::<f64>();
        let middle = (low + high) / 2.0;
        assert!((mean - middle).abs() < 0.004 * (high - low) + 1e-7 * middle.abs(), "{low}, {high}: {mean}");
    }

    #[test]
    fn the_upper_bound_is_excluded_in_both_types() {
        for (low, high) in [(1000.0, 1001.0), (-1001.0, -1000.0), (0.1, 0.3), (-0.7, 0.1), (-3e38, 3e38)] {
            half_open::<f32>(low, high);
            half_open::<f64>(low, high);
        }
        half_open::<f32>(16_777_214.0, 16_777_216.0);
        half_open::<f32>(16_777_214.5, 16_777_216.5);
        let none: Tensor<f32> = Uniform::new(0.5, 0.5).sample(&[9], &Stream::new(1, "w"));
        assert_eq!(none.to_vec(), [0.5; 9]);
    }

    #[test]
    #[should_panic(expected = "Uniform: the bounds 1 and 0 must be finite and in order")]
    fn crossed_bounds_are_refused() {
        let _ = Uniform::new(1.0, 0.0);
    }

    #[test]
    #[should_panic(expected = "no number of f32 lies between")]
    fn bounds_with_nothing_between_are_refused() {
        let _: Tensor<f32> = Uniform::new(16_777_216.5, 16_777_217.0).sample(&[9], &Stream::new(1, "w"));
    }

    #[test]
    fn seed_and_name_decide() {
        let sample = |seed, name| Normal::new(0.0, 1.0).sample::<f32>(&[7], &Stream::new(seed, name));
        assert_eq!(sample(1, "a.w"), sample(1, "a.w"));
        assert_ne!(sample(1, "a.w"), sample(2, "a.w"));
        assert_ne!(sample(1, "a.w"), sample(1, "b.w"));
    }

    #[test]
    #[should_panic(expected = "the shape [5] has no fan-in")]
    fn a_bias_has_no_fans() {
        let _ = GlorotUniform::new().sample::<f32>(&[5], &Stream::new(1, "b"));
    }
}
