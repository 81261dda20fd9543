//! Functions of one number, of which `table.rs` has the derivatives.

mod hlo;
mod slopes;

use bayeux_tensor::{AnyTensor, ElementType, Float, Tensor};

use super::Batch;
use super::elementwise::{self, Elementwise};
use super::operation::Operation;
use crate::kernel::Kernel;
use crate::{AnyExpr, Arithmetic, ArrayType, Error, Expr, Hlo, HloType, HloValue, Rows, ValueType};

macro_rules! unary {
    ($($(#[$doc:meta])* $variant:ident $method:ident
        $({ $($note:ident)+ })?, on $low:literal .. $high:literal,
        |$g:ident, $x:ident, $y:ident| $gradient:expr;)+) => {
        /// A function of one number.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub(crate) enum Unary {
            $($variant),+
        }

        impl Unary {
            /// Every one, with the interval from which tests draw their points.
            #[cfg(test)]
            pub(crate) const ALL: &[(Unary, std::ops::Range<f64>)] = &[$((Unary::$variant, $low..$high)),+];

            pub(crate) fn method(self) -> &'static str {
                match self {
                    $(Unary::$variant => stringify!($method)),+
                }
            }

            /// The vector function: `y[i] = f(x[i])`.
            pub(crate) fn vector<T: Float>(self) -> fn(&[T], &mut [T]) {
                match self {
                    $(Unary::$variant => vector::$method::<T>),+
                }
            }

            /// Whether it is one of whole numbers, too.
            pub(in crate::ops) fn is_of_integers(self) -> bool {
                match self {
                    $(Unary::$variant => unary!(@integers $($($note)+)?)),+
                }
            }

            /// Whether x ≤ x′ implies f(x) ≤ f(x′) for all numbers. Not so for what is undefined somewhere.
            pub(crate) fn is_increasing(self) -> bool {
                match self {
                    $(Unary::$variant => unary!(@increasing $($($note)+)?)),+
                }
            }
        }

        impl Unary {
            pub(super) fn slope(self, g: &AnyExpr, x: &AnyExpr, y: &AnyExpr) -> Option<AnyExpr> {
                match self {
                    $(Unary::$variant => {
                        #[allow(unused_variables)] // a rule may need the input, the output, both or none
                        let ($g, $x, $y) = (g, x, y);
                        $gradient
                    }),+
                }
            }
        }

        $(unary!(@method $(#[$doc])* $variant $method $($($note)+)?);)+
    };
    (@method $(#[$doc:meta])* $variant:ident $method:ident integers $($note:ident)?) => {
        impl<T: Arithmetic> Expr<T> {
            $(#[$doc])*
            #[track_caller]
            pub fn $method(&self) -> Self {
                self.unary(Unary::$variant)
            }
        }
    };
    (@method $(#[$doc:meta])* $variant:ident $method:ident $($note:ident)*) => {
        impl<T: Real> Expr<T> {
            $(#[$doc])*
            #[track_caller]
            pub fn $method(&self) -> Self {
                self.unary(Unary::$variant)
            }
        }
    };
    (@increasing $(integers)? increasing) => { true };
    (@increasing $(integers)?) => { false };
    (@integers integers $($note:ident)?) => { true };
    (@integers $($note:ident)?) => { false };
}

mod table;

pub(crate) use table::Unary;

impl Operation for Unary {
    fn name(&self) -> String {
        self.method().into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        if self.is_of_integers() { elementwise::of_numbers(inputs) } else { elementwise::of_floats(inputs) }
    }

    fn kernel(
        &self,
        inputs: &[ArrayType<'_>],
        _: &[ArrayType<'_>],
    ) -> Result<Option<Box<dyn Kernel>>, Error> {
        Ok(Elementwise::of_integers(inputs[0].element, *self))
    }

    fn forward(&self, inputs: &[AnyTensor], _shape: &[usize]) -> Result<Option<AnyTensor>, Error> {
        fn value<T: Float>(op: Unary, x: &Tensor<T>) -> AnyTensor {
            let mut output = vec![T::ZERO; x.len()];
            op.vector()(&x.to_vec(), &mut output);
            Tensor::new(x.shape(), output).into()
        }
        Ok(match inputs[0].element_type() {
            ElementType::F32 => Some(value::<f32>(*self, inputs[0].get())),
            ElementType::F64 => Some(value::<f64>(*self, inputs[0].get())),
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
        vec![self.slope(g, &inputs[0], output)]
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        Some(vec![self.hlo(hlo, &inputs[0])?])
    }
}

impl<T: Arithmetic> Expr<T> {
    #[track_caller]
    fn unary(&self, op: Unary) -> Self {
        Expr::new(op, vec![self.untyped()], self.shape())
    }
}

impl<T: Arithmetic> std::ops::Neg for &Expr<T> {
    type Output = Expr<T>;
    #[track_caller]
    fn neg(self) -> Expr<T> {
        Expr::neg(self)
    }
}

impl<T: Arithmetic> std::ops::Neg for Expr<T> {
    type Output = Expr<T>;
    #[track_caller]
    fn neg(self) -> Expr<T> {
        Expr::neg(&self)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::example;

    let on = |op: Unary, interval: std::ops::Range<f64>| {
        example(op.method(), &[&[7]], interval, move |x| AnyExpr::new(op, vec![x[0].clone()], x[0].shape()))
            .and(&[&[0]])
            .and(&[&[1]])
    };
    // Even and odd functions, on the other side as well, where the interval does not cross 0 by itself.
    let is_two_sided = |op: Unary| {
        matches!(
            op,
            Unary::Abs
                | Unary::Sign
                | Unary::Floor
                | Unary::Relu
                | Unary::Recip
                | Unary::Ceil
                | Unary::Round
                | Unary::Trunc
        )
    };
    let others = Unary::ALL.iter().filter(|(op, _)| is_two_sided(*op));
    let others = others.map(|(op, interval)| on(*op, -interval.end..-interval.start));
    Unary::ALL.iter().map(|(op, interval)| on(*op, interval.clone())).chain(others).collect()
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Expr, interpret};

    #[test]
    fn signs_of_whole_numbers() {
        let x = Expr::<i32>::constant(Tensor::from_slice(&[i32::MIN, -2, 0, 7]));
        let sign = interpret(&[x.sign()], &[], 0).unwrap().remove(0);
        assert_eq!(sign.to_vec(), [-1, -1, 0, 1]);
    }

    #[test]
    #[should_panic(expected = "sqrt: i64[3] has no real numbers")]
    fn roots_are_of_real_numbers() {
        let _ = Expr::<i64>::arange(3).untyped().sqrt();
    }

    #[test]
    #[should_panic(expected = "pow: i64[3] has no real numbers")]
    fn powers_are_of_real_numbers() {
        let x = Expr::<i64>::arange(3).untyped();
        let _ = x.pow(&x);
    }
}
