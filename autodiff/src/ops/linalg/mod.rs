//! Linear algebra: contractions, factorisations and what is made of them. The factorisations are `faer`'s, one thread for each matrix;
//! the matrices of a stack are spread over the threads, so that results do not depend on how many there are. What `faer` computes may
//! differ in the last digits between instruction sets.

mod cholesky;
mod determinant;
mod eigen;
mod einsum;
mod exponential;
mod lu;
mod products;
mod pseudo;
mod qr;
mod singular;
mod triangular;

use bayeux_tensor::{AnySliceMut, Float};
use faer::traits::RealField;
use rayon::prelude::*;

use super::Pad;
use super::operation::Operation;
use crate::expr::refusal::refuse;
use crate::{AnyExpr, Dim, Error, Expr, Real, Rows, Shape, ValueType};

pub use triangular::Triangle;

pub(crate) use determinant::log_determinant;

/// The numbers of a matrix that is factorised.
trait Field: Float + RealField {}

impl Field for f32 {}
impl Field for f64 {}

/// Calls a function of a [`Field`] for the element type of an output.
macro_rules! with_field {
    ($output:expr, $t:ident => $body:expr) => {
        match $output.element_type() {
            bayeux_tensor::ElementType::F32 => {
                type $t = f32;
                $body
            }
            _ => {
                type $t = f64;
                $body
            }
        }
    };
}
use with_field;

/// What operations say that do the same with each matrix of a stack, and refuse some matrices.
macro_rules! matrix_by_matrix {
    () => {
        fn can_fail(&self) -> bool {
            true
        }

        fn batched(&self, batch: &$crate::Batch<'_>) -> Option<Vec<$crate::AnyExpr>> {
            Some($crate::AnyExpr::values_of(std::sync::Arc::new(*self), batch.stacks()))
        }

        fn rows(
            &self,
            rows: &[$crate::Rows],
            inputs: &[$crate::AnyExpr],
            _output: &$crate::AnyExpr,
        ) -> $crate::Rows {
            $crate::ops::linalg::rows_of_stacks(rows, inputs)
        }
    };
}
use matrix_by_matrix;

/// Arithmetic operations for which a task of its own is worth its while.
const TASK: usize = 1 << 15;

/// Does something for each matrix of a stack, in parallel. `work` is how many operations one takes, `state` the working space of a
/// task. Of several matrices that are refused, the first is named.
fn for_each<P, S>(
    op: &dyn Operation,
    work: usize,
    parts: P,
    state: impl Fn() -> S + Send + Sync,
    f: impl Fn(&mut S, P::Item) -> Result<(), String> + Send + Sync,
) -> Result<(), Error>
where
    P: IndexedParallelIterator,
{
    let failed = parts
        .enumerate()
        .with_min_len((TASK / work.max(1)).max(1))
        .map_init(state, |state, (matrix, part)| f(state, part).err().map(|what| (matrix, what)))
        .find_map_first(|failed| failed);
    match failed {
        Some((matrix, what)) => Err(Error::Matrix { op: op.name(), matrix, what }),
        None => Ok(()),
    }
}

/// How many rows and columns the matrices of a stack have.
fn sides(shape: &[usize]) -> [usize; 2] {
    [shape[shape.len() - 2], shape[shape.len() - 1]]
}

/// A stack of floats, of matrices: its leading axes, rows and columns.
fn matrices(of: &ValueType) -> Result<(&[Dim], [&Dim; 2]), String> {
    match of.shape.dims() {
        [leading @ .., rows, columns] if of.element.is_float() => Ok((leading, [rows, columns])),
        _ if of.element.is_float() => Err(format!("{of} is no matrix")),
        _ => Err(format!("{of} has no real numbers: write `cast`")),
    }
}

/// A stack of square matrices: its leading axes, and their size.
fn squares(of: &ValueType) -> Result<(&[Dim], &Dim), String> {
    match matrices(of)? {
        (leading, [rows, columns]) if rows == columns => Ok((leading, rows)),
        _ => Err(format!("the matrices of {of} are not square")),
    }
}

/// The columns of matrices that have no more of them than rows.
fn tall(of: &ValueType) -> Result<&Dim, String> {
    match matrices(of)? {
        (_, [rows, columns]) if rows.is_at_least(columns) != Some(false) => Ok(columns),
        _ => Err(format!("a matrix of {of} has fewer rows than columns")),
    }
}

/// The matrices of a stack stand apart.
fn rows_of_stacks(rows: &[Rows], inputs: &[AnyExpr]) -> Rows {
    let rank = inputs[0].rank();
    Rows::together(rows).without(&[rank - 2, rank - 1], true)
}

/// What a number that no factorisation takes is called.
fn finite<T: Field>(elements: &[T]) -> Result<(), String> {
    match elements.iter().position(|x| !Float::is_finite(*x)) {
        Some(at) => Err(format!("has {} at position {at}", elements[at])),
        None => Ok(()),
    }
}

/// Row-major what was column-major.
fn transpose_to<T: Field>(rows: usize, columns: usize, from: &[T], to: &mut [T]) {
    for (i, row) in to.chunks_mut(columns).enumerate() {
        row.iter_mut().enumerate().for_each(|(j, x)| *x = from[j * rows + i]);
    }
}

/// The sign by which a vector's first element that is at least half as large as its largest becomes positive. (Not the largest: of two
/// that are equal, rounding would choose.)
fn turn<T: Field>(vector: &[T]) -> T {
    let largest = vector.iter().fold(T::ZERO, |largest, x| Float::max(largest, Float::abs(*x)));
    let first = vector.iter().find(|x| Float::abs(**x) * T::from_f64(2.0) >= largest);
    if first.is_some_and(|x| *x < T::ZERO) { -T::ONE } else { T::ONE }
}

/// An output of a kernel, as elements.
fn elements<'a, T: Field>(output: &'a mut AnySliceMut<'_>) -> &'a mut [T] {
    output.reborrow().get()
}

/// (A + Aᵀ) / 2
#[track_caller]
fn symmetric_part(a: &AnyExpr) -> AnyExpr {
    (a + a.t()) * 0.5
}

/// 1 / x, and 0 for 0.
fn inverse_or_zero(x: &AnyExpr) -> AnyExpr {
    let zero = x.number_like(0.0);
    let is_zero = x.eq(&zero);
    Expr::select(&is_zero, &zero, &Expr::select(&is_zero, &x.number_like(1.0), x).recip())
}

/// The unit matrix, of the type of the matrices of an expression.
fn eye_like(a: &AnyExpr) -> AnyExpr {
    Expr::<f64>::eye(a.dim(a.rank() - 1)).cast_like(a)
}

/// Where the row and the column of an element of `a` are in some relation.
fn places(a: &AnyExpr, holds: impl Fn(&Expr<i64>, &Expr<i64>) -> Expr<bool>) -> Expr<bool> {
    let [rows, columns] = [2, 1].map(|back| Expr::<i64>::arange(a.dim(a.rank() - back)));
    holds(&rows.insert_axis(1), &columns.insert_axis(0))
}

/// One triangle with the diagonal, and zeros.
fn triangle(a: &AnyExpr, which: Triangle) -> AnyExpr {
    let keeps = match which {
        Triangle::Lower => places(a, Expr::ge),
        Triangle::Upper => places(a, Expr::le),
    };
    Expr::select(&keeps, a, &a.number_like(0.0))
}

/// Φ of Murray (2016): the lower triangle with half of the diagonal.
fn half_of_lower(a: &AnyExpr) -> AnyExpr {
    let diagonal = Expr::select(&places(a, Expr::eq), &(a * 0.5), &a.number_like(0.0));
    Expr::select(&places(a, Expr::gt), a, &diagonal)
}

/// The diagonals of square matrices: `[…, n, n]` → `[…, n]`. Row-major with n zeros more, each row of n + 1 begins on it.
#[track_caller]
fn diagonal<T: Real>(a: &Expr<T>) -> Expr<T> {
    let at = a.rank() - 2;
    let (leading, n) = (a.shape().dims()[..at].to_vec(), a.dim(at));
    let shape = |last: Vec<Dim>| leading.iter().cloned().chain(last).collect::<Shape>();
    let flat = a.reshape(shape(vec![&n * &n]));
    let pad = Pad { axis: at, before: Dim::from(0) };
    let longer = Expr::<T>::new(pad, vec![flat.untyped()], shape(vec![&n * (&n + 1)]));
    longer.reshape(shape(vec![n.clone(), &n + 1])).slice(at + 1, 0..1).reshape(shape(vec![n]))
}

/// A stack of right sides as one matrix that has the columns of all.
struct Columns {
    all: AnyExpr,
    stack: Shape,
}

impl Columns {
    #[track_caller]
    fn of(b: &AnyExpr) -> Self {
        let at = b.rank() - 2;
        let order: Vec<usize> = [at].into_iter().chain(0..at).chain([at + 1]).collect();
        let wide = b.transpose(&order);
        let stack = wide.shape().clone();
        let columns = stack.dims()[1..].iter().product::<Dim>();
        Columns { all: wide.reshape([stack[0].clone(), columns]), stack }
    }

    /// What was solved for all columns, as a stack again.
    #[track_caller]
    fn restore(&self, x: &AnyExpr) -> AnyExpr {
        let at = self.stack.rank() - 2;
        let order: Vec<usize> = (1..=at).chain([0, at + 1]).collect();
        x.reshape(&self.stack).transpose(&order)
    }
}

/// Matrices and right sides of the same leading axes, made of some that may be one vector, or have others that broadcast.
struct Equations {
    a: AnyExpr,
    b: AnyExpr,
    columns: Option<Columns>,
    is_vector: bool,
}

impl Equations {
    #[track_caller]
    fn new<T: Real>(what: &str, a: &Expr<T>, b: &Expr<T>) -> Self {
        let (a, b) = (a.untyped(), b.untyped());
        if let Err(why) = squares(a.value_type()) {
            refuse!([a], "{what}: {why}");
        }
        let is_vector = b.rank() == 1;
        let right = if is_vector { b.insert_axis(1) } else { b.clone() };
        fn split(x: &AnyExpr) -> (&[Dim], &[Dim]) {
            x.shape().dims().split_at(x.rank() - 2)
        }
        let fits = right.rank() >= 2 && right.dim(right.rank() - 2) == a.dim(a.rank() - 1);
        let leading = |x: &AnyExpr| Shape::from(split(x).0);
        let joint = if fits { leading(&a).broadcast(&leading(&right)) } else { None };
        let Some(joint) = joint else {
            refuse!(
                [&a, &b],
                "{what}: shapes {} and {} do not fit, in {a:?} · x = {b:?}",
                a.shape(),
                b.shape()
            );
        };
        if a.rank() == 2 && right.rank() > 2 {
            let columns = Columns::of(&right);
            return Equations { a, b: columns.all.clone(), columns: Some(columns), is_vector };
        }
        let shape = |x: &AnyExpr| joint.dims().iter().chain(split(x).1).cloned().collect::<Shape>();
        Equations {
            a: a.broadcast_to(shape(&a)),
            b: right.broadcast_to(shape(&right)),
            columns: None,
            is_vector,
        }
    }

    /// The solution in the shape that was asked for.
    #[track_caller]
    fn restore<T: Real>(&self, x: &AnyExpr) -> Expr<T> {
        match &self.columns {
            Some(columns) => columns.restore(x).typed(),
            None if self.is_vector => x.reshape(x.shape().without(&[x.rank() - 1])).typed(),
            None => x.typed(),
        }
    }
}

/// The operations of this folder by the names that they have in files.
pub(super) fn by_name(all: crate::Operations) -> crate::Operations {
    all.with::<lu::Lu>("lu")
        .with::<lu::SolveByFactors>("solve_by_factors")
        .with::<pseudo::Pinv>("pinv")
        .with::<qr::Qr>("qr")
        .with::<singular::Svd>("svd")
        .with::<exponential::Expm>("expm")
        .with::<exponential::Derivative>("expm_derivative")
        .with::<determinant::Determinant>("determinant")
        .with::<triangular::SolveTriangular>("solve_triangular")
        .with::<cholesky::Cholesky>("cholesky")
        .with::<eigen::Eigh>("eigh")
}

#[cfg(test)]
pub(super) fn examples() -> Vec<(&'static str, Vec<super::examples::Example>)> {
    vec![
        ("cholesky", cholesky::examples()),
        ("determinant", determinant::examples()),
        ("eigen", eigen::examples()),
        ("einsum", einsum::examples()),
        ("exponential", exponential::examples()),
        ("lu", lu::examples()),
        ("products", products::examples()),
        ("pseudo", pseudo::examples()),
        ("qr", qr::examples()),
        ("singular", singular::examples()),
        ("triangular", triangular::examples()),
    ]
}

/// A positive definite matrix made of any: X Xᵀ + 1.
#[cfg(test)]
fn positive(x: &AnyExpr) -> AnyExpr {
    x.matmul(&x.t()) + eye_like_rows(x)
}

#[cfg(test)]
fn eye_like_rows(x: &AnyExpr) -> AnyExpr {
    Expr::<f64>::eye(x.dim(x.rank() - 2)).cast_like(x)
}
