//! Arithmetic on tiles: one or two operations at once, as fused loops run them between their registers.
//!
//! A tile is [`TILE`] elements. Loops over whole tiles have no remainders, so every element is computed by the same
//! instructions wherever it stands; and a number that is the same for all elements is one tile that is read again and again.
//! Two operations in one kernel save a store and a load; each still rounds, so the bits are those of one after the other.

use std::marker::PhantomData;

use super::binary::{Add, Div, Eq, Ge, Gt, Le, Lt, Maximum, Minimum, Mul, Ne, Sub};
use super::dispatch::ScalarFormula2;
use super::exponential::select;
use super::fma::Instruction;
use super::number::Number;
use crate::Float;
use crate::level::{Level, level};

/// The elements of a tile: some vectors of every instruction set.
pub(crate) const TILE: usize = 32;

/// The operations of two numbers that loops combine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arithmetic {
    /// a + b.
    Add,
    /// a − b.
    Sub,
    /// a · b.
    Mul,
    /// a / b.
    Div,
    /// The larger; NaN if either is.
    Maximum,
    /// The smaller; NaN if either is.
    Minimum,
    /// 1 where a > b, else 0.
    Gt,
    /// 1 where a ≥ b, else 0.
    Ge,
    /// 1 where a < b, else 0.
    Lt,
    /// 1 where a ≤ b, else 0.
    Le,
    /// 1 where a = b, else 0.
    Eq,
    /// 1 where a ≠ b, else 0.
    Ne,
}

/// What a tile kernel computes of up to four operands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Formula {
    /// x.
    Copy,
    /// f(x, y).
    One(Arithmetic),
    /// g(f(x, y), z).
    Left(Arithmetic, Arithmetic),
    /// g(z, f(x, y)).
    Right(Arithmetic, Arithmetic),
    /// g(x · y, z · w).
    Products(Arithmetic),
    /// y where x is not 0, z where it is.
    Select,
    /// z where f(x, y), w elsewhere.
    Choose(Arithmetic),
}

impl Arithmetic {
    pub(crate) fn is_comparison(self) -> bool {
        use Arithmetic::{Eq, Ge, Gt, Le, Lt, Ne};
        matches!(self, Gt | Ge | Lt | Le | Eq | Ne)
    }
}

impl Formula {
    /// Whether there is a kernel for it.
    pub(crate) fn exists(self) -> bool {
        use Arithmetic::{Add, Div, Maximum, Minimum, Sub};
        match self {
            Formula::Copy | Formula::One(_) | Formula::Select => true,
            Formula::Left(f, g) => !f.is_comparison() && !g.is_comparison(),
            // What commutes has one form.
            Formula::Right(f, g) => !f.is_comparison() && matches!(g, Sub | Div | Maximum | Minimum),
            Formula::Products(g) => matches!(g, Add | Sub),
            Formula::Choose(f) => f.is_comparison(),
        }
    }

    /// The number of operands.
    pub(crate) fn arity(self) -> usize {
        match self {
            Formula::Copy => 1,
            Formula::One(_) => 2,
            Formula::Left(..) | Formula::Right(..) | Formula::Select => 3,
            Formula::Products(_) | Formula::Choose(_) => 4,
        }
    }
}

/// Tiles of an operand, one after the other, or one that is repeated. Tile i begins at element `i TILE & mask`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tiles<T> {
    start: *const T,
    mask: usize,
}

impl<T> Tiles<T> {
    /// Tiles that lie one after the other.
    pub fn consecutive(start: *const T) -> Self {
        Tiles { start, mask: usize::MAX }
    }

    /// One tile for all.
    pub fn repeated(start: *const T) -> Self {
        Tiles { start, mask: 0 }
    }
}

/// Computes so many tiles.
///
/// # Safety
/// The operands must be readable for as many tiles, also those that the formula has no use for, and the result writable; they
/// may not overlap it. Only on a processor with the instructions for which the kernel was compiled, as [`Combined::kernel`]
/// picks them.
pub(crate) type TileKernel<T> = unsafe fn(&[Tiles<T>; 4], *mut T, usize);

/// The kernels of one element type, compiled here once: see `Unary`.
#[doc(hidden)]
pub trait Combined: Sized {
    #[allow(private_interfaces)] // the trait is sealed
    fn kernel(formula: Formula) -> TileKernel<Self>;
}

impl Combined for f32 {
    #[allow(private_interfaces)]
    fn kernel(formula: Formula) -> TileKernel<f32> {
        find(formula)
    }
}

impl Combined for f64 {
    #[allow(private_interfaces)]
    fn kernel(formula: Formula) -> TileKernel<f64> {
        find(formula)
    }
}

/// A formula at compile time.
trait Expression {
    fn eval<T: Number>(x: T, y: T, z: T, w: T) -> T;
}

macro_rules! expressions {
    ($($name:ident<$($f:ident),*> = |$x:pat_param, $y:pat_param, $z:pat_param, $w:pat_param| $body:expr;)+) => {$(
        struct $name<$($f),*>(PhantomData<($($f,)*)>);
        impl<$($f: ScalarFormula2),*> Expression for $name<$($f),*> {
            #[inline(always)]
            fn eval<T: Number>($x: T, $y: T, $z: T, $w: T) -> T {
                $body
            }
        }
    )+};
}

/// The operations are exact or correctly rounded: the same with every instruction set.
#[inline(always)]
fn apply<F: ScalarFormula2, T: Number>(a: T, b: T) -> T {
    F::eval::<T, Instruction>(a, b)
}

expressions! {
    Identity<> = |x, _, _, _| x;
    One<F> = |x, y, _, _| apply::<F, T>(x, y);
    Left<F, G> = |x, y, z, _| apply::<G, T>(apply::<F, T>(x, y), z);
    Right<F, G> = |x, y, z, _| apply::<G, T>(z, apply::<F, T>(x, y));
    Products<G> = |x, y, z, w| apply::<G, T>(x * y, z * w);
    Pick<> = |x, y, z, _| select(!x.equals(T::ZERO), y, z);
    Choose<F> = |x, y, z, w| select(!apply::<F, T>(x, y).equals(T::ZERO), z, w);
}

fn find<T: Float>(formula: Formula) -> TileKernel<T> {
    use Arithmetic as A;
    match formula {
        Formula::Copy => compiled::<T, Identity>(),
        Formula::Select => compiled::<T, Pick>(),
        Formula::One(f) => match f {
            A::Add => compiled::<T, One<Add>>(),
            A::Sub => compiled::<T, One<Sub>>(),
            A::Mul => compiled::<T, One<Mul>>(),
            A::Div => compiled::<T, One<Div>>(),
            A::Maximum => compiled::<T, One<Maximum>>(),
            A::Minimum => compiled::<T, One<Minimum>>(),
            A::Gt => compiled::<T, One<Gt>>(),
            A::Ge => compiled::<T, One<Ge>>(),
            A::Lt => compiled::<T, One<Lt>>(),
            A::Le => compiled::<T, One<Le>>(),
            A::Eq => compiled::<T, One<Eq>>(),
            A::Ne => compiled::<T, One<Ne>>(),
        },
        Formula::Choose(f) => match f {
            A::Gt => compiled::<T, Choose<Gt>>(),
            A::Ge => compiled::<T, Choose<Ge>>(),
            A::Lt => compiled::<T, Choose<Lt>>(),
            A::Le => compiled::<T, Choose<Le>>(),
            A::Eq => compiled::<T, Choose<Eq>>(),
            A::Ne => compiled::<T, Choose<Ne>>(),
            _ => missing(formula),
        },
        Formula::Products(A::Add) => compiled::<T, Products<Add>>(),
        Formula::Products(A::Sub) => compiled::<T, Products<Sub>>(),
        Formula::Left(f, _) | Formula::Right(f, _) => match f {
            A::Add => second::<T, Add>(formula),
            A::Sub => second::<T, Sub>(formula),
            A::Mul => second::<T, Mul>(formula),
            A::Div => second::<T, Div>(formula),
            A::Maximum => second::<T, Maximum>(formula),
            A::Minimum => second::<T, Minimum>(formula),
            _ => missing(formula),
        },
        Formula::Products(_) => missing(formula),
    }
}

/// The kernel whose first operation is known.
fn second<T: Float, F: ScalarFormula2>(formula: Formula) -> TileKernel<T> {
    use Arithmetic as A;
    match formula {
        Formula::Left(_, A::Add) => compiled::<T, Left<F, Add>>(),
        Formula::Left(_, A::Sub) => compiled::<T, Left<F, Sub>>(),
        Formula::Left(_, A::Mul) => compiled::<T, Left<F, Mul>>(),
        Formula::Left(_, A::Div) => compiled::<T, Left<F, Div>>(),
        Formula::Left(_, A::Maximum) => compiled::<T, Left<F, Maximum>>(),
        Formula::Left(_, A::Minimum) => compiled::<T, Left<F, Minimum>>(),
        Formula::Right(_, A::Sub) => compiled::<T, Right<F, Sub>>(),
        Formula::Right(_, A::Div) => compiled::<T, Right<F, Div>>(),
        Formula::Right(_, A::Maximum) => compiled::<T, Right<F, Maximum>>(),
        Formula::Right(_, A::Minimum) => compiled::<T, Right<F, Minimum>>(),
        _ => missing(formula),
    }
}

fn missing<T>(formula: Formula) -> TileKernel<T> {
    unreachable!("{formula:?} is asked for though it does not exist")
}

/// The kernel for the best instruction set of this machine. More than AVX2 would not help: memory is slower.
fn compiled<T: Float, E: Expression>() -> TileKernel<T> {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    unsafe fn avx2<T: Float, E: Expression>(operands: &[Tiles<T>; 4], to: *mut T, count: usize) {
        // SAFETY: handed on.
        unsafe { tiles::<T, E>(operands, to, count) }
    }
    match level() {
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 | Level::Avx512 => avx2::<T, E>,
        // What the compiler may use everywhere.
        Level::Portable => tiles::<T, E>,
        #[cfg(target_arch = "aarch64")]
        Level::Neon => tiles::<T, E>,
        #[cfg(target_feature = "simd128")]
        Level::Simd128 => tiles::<T, E>,
    }
}

/// # Safety
/// See [`TileKernel`].
#[inline(always)]
unsafe fn tiles<T: Float, E: Expression>(operands: &[Tiles<T>; 4], to: *mut T, count: usize) {
    let [x, y, z, w] = *operands;
    for i in 0..count {
        // SAFETY: tile i of each operand is readable and that of the result writable, and they are apart, says the caller. An
        // array has its element's alignment.
        unsafe {
            let at = |tiles: Tiles<T>| &*tiles.start.add((i * TILE) & tiles.mask).cast::<[T; TILE]>();
            tile::<T, E>(at(x), at(y), at(z), at(w), &mut *to.add(i * TILE).cast::<[T; TILE]>());
        }
    }
}

#[inline(always)]
fn tile<T: Float, E: Expression>(
    x: &[T; TILE],
    y: &[T; TILE],
    z: &[T; TILE],
    w: &[T; TILE],
    to: &mut [T; TILE],
) {
    for i in 0..TILE {
        to[i] = T::element(E::eval(x[i].number(), y[i].number(), z[i].number(), w[i].number()));
    }
}
