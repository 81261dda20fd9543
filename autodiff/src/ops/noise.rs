//! Noise: where an expression's random numbers come from.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bayeux_tensor::random::Source;
use bayeux_tensor::{AnySliceMut, Element, ElementType, Float};
use serde::{Deserialize, Serialize};

use super::{Call, Op, Scan};
use crate::expr::topological;
use crate::lambda::Lambda;
use crate::substitute::rebuilt;
use crate::{AnyExpr, Error, Expr, Shape};

/// Random numbers, drawn anew at each call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Noise {
    pub kind: NoiseKind,
    pub seed: u64,
    /// Whose stream it is, if it has to differ from those of other makers of the same seed and has not got its final number.
    pub maker: Option<u64>,
    pub stream: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum NoiseKind {
    /// Standard normal.
    Normal,
    /// Uniform on [0, 1).
    Uniform,
    /// 64 random bits, as an i64.
    Bits,
}

impl NoiseKind {
    /// Whether there are such numbers of an element type.
    pub fn is_of(self, element: ElementType) -> bool {
        match self {
            NoiseKind::Normal | NoiseKind::Uniform => element.is_float(),
            NoiseKind::Bits => element == ElementType::I64,
        }
    }
}

/// Which call of a function it is, and in loops which iteration: what random numbers depend on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallNumber {
    pub number: u64,
    /// Of nested loops one number: that of the outer times the inner's steps, plus that of the inner.
    pub iteration: u32,
}

/// How many iterations have random numbers of their own.
pub(crate) const ITERATIONS: usize = 1 << 24;

impl CallNumber {
    /// Outside of loops.
    pub fn new(number: u64) -> Self {
        CallNumber { number, iteration: 0 }
    }

    /// A step of a loop.
    ///
    /// # Errors
    /// If there are more than 2²⁴ iterations.
    pub fn step(self, step: usize, steps: usize) -> Result<Self, Error> {
        let iteration = (self.iteration as usize).checked_mul(steps).and_then(|all| all.checked_add(step));
        match iteration {
            Some(iteration) if iteration < ITERATIONS => {
                Ok(CallNumber { iteration: iteration as u32, ..self })
            }
            _ => Err(Error::Size {
                op: "scan".into(),
                what: format!("draws random numbers in more than {ITERATIONS} iterations"),
            }),
        }
    }
}

/// How many calls fit between two streams' numbers, see the table in [`bayeux_tensor::random`].
const CALLS_PER_STREAM: u64 = 1 << 40;
/// How many streams there are.
const STREAMS: u64 = 1 << 24;
/// How many of them one maker has whose streams are told apart.
const REQUESTS: u64 = 1 << 8;

/// The next maker whose streams are told apart from others.
static MAKERS: AtomicU64 = AtomicU64::new(0);

impl Noise {
    /// Fills a buffer with the numbers of one call: element `i` depends on the seed, the stream, the call, the iteration and `i` alone.
    pub(crate) fn fill(&self, call: CallNumber, output: AnySliceMut<'_>) {
        fn real<T: Float>(kind: NoiseKind, source: Source, output: &mut [T]) {
            match kind {
                NoiseKind::Normal => source.fill_normal(output),
                _ => source.fill_uniform(output),
            }
        }
        let source = self.source(call);
        match output {
            AnySliceMut::F32(output) => real(self.kind, source, output),
            AnySliceMut::F64(output) => real(self.kind, source, output),
            output => source.fill_bits(output.get()),
        }
    }

    /// Where one call's numbers come from.
    pub(crate) fn source(&self, call: CallNumber) -> Source {
        debug_assert!(self.maker.is_none(), "streams are told apart where a function is built");
        let stream = self.stream * CALLS_PER_STREAM + call.number % CALLS_PER_STREAM;
        Source { iteration: call.iteration, ..Source::new(self.seed, stream) }
    }
}

/// Where an expression's random numbers come from: each request opens the next stream of one seed.
///
/// The numbers are counter-based (Philox): a function called twice draws two different samples, and the same seed, the
/// same order of requests and the same call number give the same numbers on any number of threads.
///
/// ```
/// use bayeux_autodiff::{Function, RandomStreams};
/// let random = RandomStreams::new(7);
/// let f = Function::<f32>::new([], [&random.normal([2, 2])])?;
/// assert_ne!(f.call(&[])?, f.call(&[])?);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
///
/// # Distributions
///
/// Each draws numbers of an asked shape, to which its parameters, themselves expressions, are broadcast. What has a location and a
/// scale is drawn in its standard form, as in JAX: multiply and add. Element `i` is a function of the parameters at `i` and of the bits
/// drawn for it alone, however many attempts it needs; so the bits do not depend on the number of threads. In the iterations of a
/// [`scan`](crate::scan()) and the parts of a [`vmap`](crate::vmap()) each has numbers of its own.
///
/// Gradients go through draws to the parameters: through what is a function of standard noise as through any function; through
/// rejection samplers ([`gamma`](Self::gamma), what is made of it, and [`von_mises`](Self::von_mises)) by implicit reparameterisation,
/// dx/dα = −(∂F/∂α)/(∂F/∂x) of the distribution function F (Figurnov, Mohamed and Mnih, "Implicit reparameterization gradients",
/// 2018): the slope of x at a fixed probability. Whole numbers and truth values have no slope.
///
/// A parameter without a meaning gives NaN, and where whole numbers are drawn [`Error::Parameter`].
#[derive(Debug)]
pub struct RandomStreams {
    seed: u64,
    maker: Option<u64>,
    next: AtomicU64,
}

impl RandomStreams {
    /// Streams of one seed, from the first.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        RandomStreams { seed, maker: None, next: AtomicU64::new(0) }
    }

    /// Streams that share no numbers with others of the same seed that are made so: where several meet in one function (or in
    /// one call of [`interpret`](crate::interpret())), the one made first draws what those of [`new`](Self::new) draw, and each
    /// later one has numbers of its own. Only the order in which those that meet were made counts, so the same construction
    /// gives the same numbers, however often it is repeated in a process.
    ///
    /// ```
    /// use bayeux_autodiff::{Function, RandomStreams};
    /// let noise = || RandomStreams::apart(7).normal::<f32>([3]);
    /// let values = || Function::<f32>::new([], [&noise(), &noise()])?.call(&[]);
    /// assert_ne!(values()?[0], values()?[1]);
    /// assert_eq!(values()?, values()?);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    #[must_use]
    pub fn apart(seed: u64) -> Self {
        RandomStreams { maker: Some(fresh_makers(1)), ..Self::new(seed) }
    }

    /// Independent standard normal numbers.
    ///
    /// # Panics
    /// At more than 2²⁴ requests, 256 of streams made [`apart`](Self::apart).
    #[track_caller]
    pub fn normal<T: Float>(&self, shape: impl Into<Shape>) -> Expr<T> {
        self.open(NoiseKind::Normal, shape.into())
    }

    /// Independent numbers, uniform on [0, 1).
    ///
    /// # Panics
    /// At more than 2²⁴ requests, 256 of streams made [`apart`](Self::apart).
    #[track_caller]
    pub fn uniform<T: Float>(&self, shape: impl Into<Shape>) -> Expr<T> {
        self.open(NoiseKind::Uniform, shape.into())
    }

    /// 64 independent random bits each: the whole range of `i64`.
    ///
    /// ```
    /// use bayeux_autodiff::{Function, RandomStreams};
    /// let coins = RandomStreams::new(7).bits([2]).ge(&0.into());
    /// assert_eq!(Function::<bool>::new([], [coins])?.call(&[])?[0].len(), 2);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// At more than 2²⁴ requests, 256 of streams made [`apart`](Self::apart).
    #[track_caller]
    pub fn bits(&self, shape: impl Into<Shape>) -> Expr<i64> {
        self.open(NoiseKind::Bits, shape.into())
    }

    #[track_caller]
    fn open<T: Element>(&self, kind: NoiseKind, shape: Shape) -> Expr<T> {
        let stream = self.next.fetch_add(1, Ordering::Relaxed);
        let most = self.maker.map_or(STREAMS, |_| REQUESTS);
        assert!(stream < most, "RandomStreams: more than {most} requests for random numbers");
        Expr::leaf(Noise { kind, seed: self.seed, maker: self.maker, stream }.into(), T::TYPE, shape)
    }
}

/// Expressions of one function, where the streams that must differ have got their final numbers: the makers of each seed are
/// counted in the order in which they came to be. What is given is left as it is.
///
/// # Panics
/// If there are more makers of one seed than there are streams for, 65,536.
#[track_caller]
pub(crate) fn tell_apart(roots: &[AnyExpr], given: &[AnyExpr]) -> Vec<AnyExpr> {
    let mut makers = BTreeSet::new();
    find_makers(roots, &mut makers);
    if makers.is_empty() {
        return roots.to_vec();
    }
    let mut ranks: HashMap<(u64, u64), u64> = HashMap::new();
    let mut last = None;
    for (seed, maker) in makers {
        let rank = match last {
            Some((same, rank)) if same == seed => rank + 1,
            _ => 0,
        };
        assert!(
            rank < STREAMS / REQUESTS,
            "more than {} independent sources of noise of one seed",
            STREAMS / REQUESTS
        );
        ranks.insert((seed, maker), rank);
        last = Some((seed, rank));
    }
    numbered(roots, given, &ranks)
}

/// So many new makers, in a row: the first of them.
pub(crate) fn fresh_makers(count: u64) -> u64 {
    MAKERS.fetch_add(count, Ordering::Relaxed)
}

/// Those whose streams differ from those of others, by seed.
fn find_makers(roots: &[AnyExpr], makers: &mut BTreeSet<(u64, u64)>) {
    for node in topological(roots) {
        match node.op() {
            Op::Noise(Noise { maker: Some(maker), seed, .. }) => {
                makers.insert((*seed, *maker));
            }
            Op::Call(Call { lambda, .. }) | Op::Scan(Scan { body: lambda, .. }) if lambda.draws() => {
                find_makers(lambda.body(), makers);
            }
            _ => {}
        }
    }
}

/// The same expressions with the final numbers of their streams.
fn numbered(roots: &[AnyExpr], given: &[AnyExpr], ranks: &HashMap<(u64, u64), u64>) -> Vec<AnyExpr> {
    let given = given.iter().map(|x| (x.key(), x.clone())).collect();
    rebuilt(roots, given, |node, inputs| match node.op() {
        Op::Noise(noise @ Noise { maker: Some(maker), seed, .. }) => {
            let stream = ranks[&(*seed, *maker)] * REQUESTS + noise.stream;
            let noise = Noise { maker: None, stream, ..*noise };
            Some(vec![Expr::leaf(noise.into(), node.element_type(), node.shape().clone())])
        }
        Op::Call(Call { lambda, how }) if lambda.draws() => {
            Some(Call::values(numbered_inside(lambda, ranks), how.clone(), inputs.to_vec()))
        }
        Op::Scan(scan) if scan.body.draws() => {
            let scan = Scan { body: Arc::new(numbered_inside(&scan.body, ranks)), ..scan.clone() };
            Some(AnyExpr::values_of(scan, inputs.to_vec()))
        }
        _ => None,
    })
}

fn numbered_inside(lambda: &Lambda, ranks: &HashMap<(u64, u64), u64>) -> Lambda {
    let body = numbered(lambda.body(), lambda.parameters(), ranks);
    Lambda::new(lambda.parameters().to_vec(), body)
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::example;

    let noisy = |uniform: bool| {
        move |x: &[AnyExpr]| {
            let (streams, shape) = (RandomStreams::new(7), x[0].shape());
            let noise = match uniform {
                true => streams.uniform::<f64>(shape),
                false => streams.normal::<f64>(shape),
            };
            &x[0] * noise.cast_like(&x[0])
        }
    };
    vec![
        example("uniform noise", &[&[3, 5]], -1.0..1.0, noisy(true)).and(&[&[0]]).and(&[&[1]]),
        example("normal noise", &[&[3, 5]], -1.0..1.0, noisy(false)).and(&[&[0]]).and(&[&[1]]),
    ]
}
