//! Functions of two numbers, with NumPy's broadcasting. `table.rs` has the derivatives.

mod hlo;
mod operators;

use bayeux_tensor::{AnyTensor, ElementType, Float, Tensor};

use super::Batch;
use super::elementwise::{self, Elementwise};
use super::operation::Operation;
use crate::expr::refusal::{broadcast_difference, refuse};
use crate::kernel::Kernel;
use crate::{
    AnyExpr, Arithmetic, ArrayType, Error, Expr, Hlo, HloType, HloValue, Kind, Real, Rows, ValueType,
};

macro_rules! binary {
    ($($(#[$doc:meta])* $variant:ident $method:ident $symbol:literal,
        |$g:ident, $a:ident, $b:ident, $y:ident| $da:expr, $db:expr;)+) => {
        /// A function of two numbers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub(crate) enum Binary {
            $($variant),+
        }

        impl Binary {
            #[cfg(test)]
            pub(crate) const ALL: &[Binary] = &[$(Binary::$variant),+];

            /// How the printer writes it.
            pub(crate) fn symbol(self) -> &'static str {
                match self {
                    $(Binary::$variant => $symbol),+
                }
            }

            /// The vector function: `y[i] = f(a[i], b[i])`.
            pub(crate) fn vector<T: Float>(self) -> fn(&[T], &[T], &mut [T]) {
                match self {
                    $(Binary::$variant => vector::$method::<T>),+
                }
            }
        }

        impl Binary {
            /// The name of the method.
            pub(crate) fn method(self) -> &'static str {
                match self {
                    $(Binary::$variant => stringify!($method)),+
                }
            }

            pub(super) fn slopes(self, g: &AnyExpr, a: &AnyExpr, b: &AnyExpr, y: &AnyExpr) -> [Option<AnyExpr>; 2] {
                match self {
                    $(Binary::$variant => {
                        #[allow(unused_variables)] // a rule may need any of them
                        let ($g, $a, $b, $y) = (g, a, b, y);
                        [$da, $db]
                    }),+
                }
            }
        }
    };
}

mod table;

pub(crate) use table::Binary;

impl Binary {
    /// Whether it is one of whole numbers, too.
    pub(super) fn is_of_integers(self) -> bool {
        use Binary::{Add, FloorDivide, Maximum, Minimum, Mul, Remainder, Sub};
        matches!(self, Add | Sub | Mul | Maximum | Minimum | FloorDivide | Remainder)
    }

    /// Whether it says where something is so.
    pub(crate) fn is_comparison(self) -> bool {
        matches!(self, Binary::Gt | Binary::Ge | Binary::Lt | Binary::Le | Binary::Eq | Binary::Ne)
    }
}

impl Operation for Binary {
    fn name(&self) -> String {
        self.method().into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        if self.is_of_integers() {
            return elementwise::of_numbers(inputs);
        }
        if !self.is_comparison() {
            return elementwise::of_floats(inputs);
        }
        let mut types = elementwise::alike(inputs)?;
        types[0].element = ElementType::Bool;
        Ok(types)
    }

    fn kernel(
        &self,
        inputs: &[ArrayType<'_>],
        _: &[ArrayType<'_>],
    ) -> Result<Option<Box<dyn Kernel>>, Error> {
        Ok(Elementwise::of_integers(inputs[0].element, *self))
    }

    fn forward(&self, inputs: &[AnyTensor], _shape: &[usize]) -> Result<Option<AnyTensor>, Error> {
        fn value<T: Float>(op: Binary, a: &Tensor<T>, b: &Tensor<T>) -> AnyTensor {
            let mut output = vec![T::ZERO; a.len()];
            op.vector()(&a.to_vec(), &b.to_vec(), &mut output);
            let value = Tensor::new(a.shape(), output);
            if op.is_comparison() { value.cast::<bool>().into() } else { value.into() }
        }
        Ok(match inputs[0].element_type() {
            ElementType::F32 => Some(value::<f32>(*self, inputs[0].get(), inputs[1].get())),
            ElementType::F64 => Some(value::<f64>(*self, inputs[0].get(), inputs[1].get())),
            _ => None,
        })
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        Some(vec![AnyExpr::new(*self, batch.stacks(), batch.shape(0))])
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        Rows::together(rows)
    }

    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        self.slopes(g, &inputs[0], &inputs[1], output).into()
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        Some(vec![self.hlo(hlo, &inputs[0], &inputs[1])])
    }
}

impl<T: Kind> Expr<T> {
    #[track_caller]
    fn binary<U: Kind>(op: Binary, a: &Expr<U>, b: &Expr<U>) -> Self {
        let Some(shape) = a.shape().broadcast(b.shape()) else {
            let (left, right) = (a.shape(), b.shape());
            let where_not = broadcast_difference(left, right);
            refuse!([a, b], "{}: shapes {left} and {right} do not broadcast{where_not}", op.method());
        };
        Expr::new(op, vec![a.broadcast_to(&shape).untyped(), b.broadcast_to(&shape).untyped()], shape)
    }
}

impl<T: Real> Expr<T> {
    /// The polygamma function of order n ≥ 1 at x: the (n + 1)-th derivative of ln Γ(x).
    #[track_caller]
    #[must_use]
    pub fn polygamma(&self, n: usize) -> Self {
        Expr::binary(Binary::Polygamma, &self.number_like(n as f64), self)
    }

    /// xᵖ for a fixed exponent.   dy/dx = p xᵖ⁻¹
    #[track_caller]
    #[must_use]
    pub fn powf(&self, exponent: f64) -> Self {
        self.pow(&self.number_like(exponent))
    }
}

macro_rules! methods {
    ($kind:ident -> $result:ty: $($(#[$doc:meta])* $method:ident $variant:ident;)+) => {
        impl<T: $kind> Expr<T> {
            $($(#[$doc])*
            ///
            /// # Panics
            /// If the shapes do not broadcast, or if the element types differ.
            #[track_caller]
            pub fn $method(&self, other: &Expr<T>) -> $result {
                Expr::binary(Binary::$variant, self, other)
            })+
        }
    };
}

methods! { Real -> Self:
    /// `self` to the power of `other`, for a positive base or a whole exponent.
    pow Pow;
}

methods! { Real -> Self:
    /// What is left of a division by `other` whose quotient is rounded towards 0: with the sign of `self`, as in C.
    fmod Fmod;
    /// The angle of the point (`other`, `self`), from −π to π.
    atan2 Atan2;
    /// √(`self`² + `other`²), where squares may be too large or too small for numbers. Its slope at the origin is 0.
    hypot Hypot;
    /// `self` · ln `other`, and 0 where `self` is 0.
    xlogy Xlogy;
    /// `self` · ln(1 + `other`), and 0 where `self` is 0.
    xlog1py Xlog1py;
    /// ln(eᵃ + eᵇ), where the powers may be too large or too small for numbers.
    logaddexp LogAddExp;
}

methods! { Arithmetic -> Self:
    /// What is left of a division by `other` whose quotient is rounded down: with the sign of `other`, as in Python and NumPy. Of
    /// whole numbers 0 if `other` is 0.
    remainder Remainder;
    /// The quotient, rounded down, as Python's and NumPy's `//`. Of whole numbers 0 if `other` is 0. It has no slope.
    floor_divide FloorDivide;
    /// The larger of two. A tie gives half of the adjoint to each.
    maximum Maximum;
    /// The smaller of two. A tie gives half of the adjoint to each.
    minimum Minimum;
}

methods! { Kind -> Expr<bool>:
    /// Where `self > other`.
    gt Gt;
    /// Where `self ≥ other`.
    ge Ge;
    /// Where `self < other`.
    lt Lt;
    /// Where `self ≤ other`.
    le Le;
    /// Where both are equal.
    eq Eq;
    /// Where they are not equal.
    ne Ne;
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::{Example, example};

    let mut examples: Vec<Example> = Binary::ALL
        .iter()
        .map(|&op| {
            let of_both = move |x: &[AnyExpr]| {
                // The order of a polygamma function is a whole number.
                let a = if op == Binary::Polygamma { x[0].ones_like() } else { x[0].clone() };
                // A small step leads over no multiple: the quotient is between 2 and 3.
                match op {
                    Binary::Remainder | Binary::Fmod | Binary::FloorDivide => {
                        AnyExpr::binary(op, &(a * 0.4 + 7.0), &(&x[1] * 0.05 + 3.0)) as AnyExpr
                    }
                    _ => AnyExpr::binary(op, &a, &x[1]),
                }
            };
            example(op.method(), &[&[3, 4], &[3, 4]], 0.4..2.5, of_both)
                .and(&[&[0, 4], &[0, 4]])
                .and(&[&[1], &[1]])
        })
        .collect();
    examples
        .push(example("repeated inputs", &[&[3, 1], &[4], &[]], 0.4..2.5, |x| &x[0] * &x[1] / &x[2] - &x[1]));
    examples.push(example("a power", &[&[5]], 0.4..2.5, |x| x[0].powf(2.7) + 2.0 / &x[0] - x[0].powf(-1.5)));
    examples
}
