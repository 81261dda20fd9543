//! Transforms of rows of numbers.

use std::fmt;
use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftDirection, FftNum, FftPlannerScalar};

/// A complex transform of one length, in one direction, for both types of floats; without factors.
///
/// It is rustfft's scalar one, which has the same bits whatever instructions the machine has.
#[derive(Clone)]
pub(in crate::ops) struct Plan {
    single: Arc<dyn Fft<f32>>,
    double: Arc<dyn Fft<f64>>,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {}", self.double.fft_direction(), self.double.len())
    }
}

impl Plan {
    pub fn new(length: usize, inverse: bool) -> Self {
        let direction = if inverse { FftDirection::Inverse } else { FftDirection::Forward };
        Plan {
            single: FftPlannerScalar::new().plan_fft(length, direction),
            double: FftPlannerScalar::new().plan_fft(length, direction),
        }
    }
}

/// A float of transforms.
pub(in crate::ops) trait Number: FftNum {
    fn plan(plan: &Plan) -> &dyn Fft<Self>;
    fn of(number: f64) -> Self;
}

macro_rules! number {
    ($($t:ident $field:ident)+) => {
        $(impl Number for $t {
            fn plan(plan: &Plan) -> &dyn Fft<Self> {
                &*plan.$field
            }
            fn of(number: f64) -> Self {
                number as $t
            }
        })+
    };
}

number!(f32 single f64 double);

/// Working space of the rows that a thread transforms.
pub(in crate::ops) struct Row<'a, T: Number> {
    plan: &'a dyn Fft<T>,
    pub numbers: Vec<Complex<T>>,
    scratch: Vec<Complex<T>>,
}

impl<'a, T: Number> Row<'a, T> {
    pub fn new(plan: &'a Plan) -> Self {
        let plan = T::plan(plan);
        let zeros = |length| vec![Complex::new(T::zero(), T::zero()); length];
        Row { plan, numbers: zeros(plan.len()), scratch: zeros(plan.get_inplace_scratch_len()) }
    }

    /// Transforms the numbers.
    pub fn run(&mut self) {
        self.plan.process_with_scratch(&mut self.numbers, &mut self.scratch);
    }
}

/// A transform of real numbers: of `n`, or from their spectra, of which the second half is the first one's conjugate.
#[derive(Clone, Debug)]
pub(in crate::ops) struct RealPlan {
    n: usize,
    /// Of half the length if that is even: odd places are the imaginary parts.
    plan: Plan,
    /// exp(−2πik/n)
    turns: Vec<Complex<f64>>,
}

impl RealPlan {
    pub fn new(n: usize, inverse: bool) -> Self {
        let is_even = n.is_multiple_of(2);
        let plan = Plan::new(if is_even { n / 2 } else { n }, inverse);
        let turn = |k: usize| {
            let (sin, cos) = (libm::sin, libm::cos);
            let angle = std::f64::consts::TAU * k as f64 / n as f64;
            Complex::new(cos(angle), -sin(angle))
        };
        RealPlan { n, plan, turns: if is_even { (0..=n / 2).map(turn).collect() } else { Vec::new() } }
    }

    pub fn row<T: Number>(&self) -> Row<'_, T> {
        Row::new(&self.plan)
    }

    fn turn<T: Number>(&self, k: usize) -> Complex<T> {
        Complex::new(T::of(self.turns[k].re), T::of(self.turns[k].im))
    }

    /// The factor of a spectrum's number: of those that stand for two, or of the one or two others.
    pub fn is_single(&self, k: usize) -> bool {
        k == 0 || 2 * k == self.n
    }

    /// The spectrum of x.
    pub fn forward<T: Number>(&self, row: &mut Row<'_, T>, x: &[T], re: &mut [T], im: &mut [T]) {
        if self.turns.is_empty() {
            row.numbers.iter_mut().zip(x).for_each(|(z, &x)| *z = Complex::new(x, T::zero()));
            row.run();
            for ((re, im), z) in re.iter_mut().zip(&mut *im).zip(&row.numbers) {
                (*re, *im) = (z.re, z.im);
            }
        } else {
            row.numbers.iter_mut().zip(x.chunks_exact(2)).for_each(|(z, x)| *z = Complex::new(x[0], x[1]));
            row.run();
            let (half, h) = (T::of(0.5), self.n / 2);
            for (k, (re, im)) in re.iter_mut().zip(&mut *im).enumerate() {
                let (a, b) = (row.numbers[k % h], row.numbers[(h - k) % h].conj());
                // Those of the even places, and −i times those of the odd ones.
                let (even, odd) = ((a + b) * half, (a - b) * half);
                let odd = Complex::new(odd.im, -odd.re) * self.turn(k);
                (*re, *im) = ((even + odd).re, (even + odd).im);
            }
        }
        (0..im.len()).filter(|&k| self.is_single(k)).for_each(|k| im[k] = T::zero());
    }

    /// x from a spectrum, of which each number is taken by `at`, times n.
    pub fn inverse<T: Number>(&self, row: &mut Row<'_, T>, at: impl Fn(usize) -> Complex<T>, x: &mut [T]) {
        let at = |k: usize| match at(k) {
            z if self.is_single(k) => Complex::new(z.re, T::zero()),
            z => z,
        };
        if self.turns.is_empty() {
            row.numbers[0] = at(0);
            for k in 1..self.n.div_ceil(2) {
                row.numbers[k] = at(k);
                row.numbers[self.n - k] = at(k).conj();
            }
            row.run();
            x.iter_mut().zip(&row.numbers).for_each(|(x, z)| *x = z.re);
        } else {
            let h = self.n / 2;
            for (k, z) in row.numbers.iter_mut().enumerate() {
                let (a, b) = (at(k), at(h - k).conj());
                let odd = (a - b) * self.turn(k).conj();
                *z = a + b + Complex::new(-odd.im, odd.re);
            }
            row.run();
            x.chunks_exact_mut(2).zip(&row.numbers).for_each(|(x, z)| (x[0], x[1]) = (z.re, z.im));
        }
    }
}
