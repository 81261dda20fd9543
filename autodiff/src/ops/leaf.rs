//! Leaves: inputs, variables, constants, and dimensions as numbers.

use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

use bayeux_tensor::AnyTensor;

use super::Op;
use super::noise::Noise;
use super::operation::Operation;
use crate::{AnyExpr, Dim, Error, Hlo, HloType, HloValue, Shared, Untyped, ValueType};

/// A value given at each call; its identity is a number no other input has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Input(u64);

impl Input {
    /// The input of this number, among those that are all numbered so.
    pub(crate) fn numbered(number: usize) -> Self {
        Input(number as u64)
    }

    pub(crate) fn fresh() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Input(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// A tensor that never changes. Two scalars with the same bits are the same constant; larger ones are compared by
/// shape and bits.
#[derive(Clone, Debug)]
pub(crate) struct Constant(pub AnyTensor);

impl PartialEq for Constant {
    fn eq(&self, other: &Self) -> bool {
        self.0.element_type() == other.0.element_type()
            && self.0.shape() == other.0.shape()
            && self.0.bits().eq(other.0.bits())
    }
}

impl Eq for Constant {}

impl Hash for Constant {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.element_type().hash(state);
        self.0.shape().hash(state);
        self.0.bits().take(4).for_each(|bits| bits.hash(state));
    }
}

/// A leaf has no inputs and so passes nothing on; its type is given when it is made, and its value is not computed but found
/// where the function keeps it.
macro_rules! leaf {
    ($type:ty, |$op:ident| $name:expr) => {
        impl Operation for $type {
            fn name(&self) -> String {
                let $op = self;
                $name
            }
            fn types(&self, _inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
                Err("is a leaf".into())
            }
            fn gradient(&self, _g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
                Vec::new()
            }
        }
    };
}

leaf!(Input, |_op| "input".into());
leaf!(Shared<Untyped>, |_op| "shared".into());
leaf!(Dim, |op| format!("size {op}"));
leaf!(Noise, |op| format!("{:?} noise {}", op.kind, op.stream).to_lowercase());

impl Operation for Constant {
    fn name(&self) -> String {
        match self.0.rank() {
            0 => format!("{}", self.0.item_f64()),
            _ => "constant".into(),
        }
    }
    fn types(&self, _inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        Ok(vec![ValueType::new(self.0.element_type(), self.0.shape())])
    }
    fn forward(&self, _inputs: &[AnyTensor], _shape: &[usize]) -> Result<Option<AnyTensor>, Error> {
        Ok(Some(self.0.clone()))
    }
    fn gradient(&self, _g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        Vec::new()
    }
    fn stablehlo(&self, hlo: &mut Hlo, _inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        Some(vec![hlo.constant(&self.0)])
    }
}

impl Op {
    /// Whether the value does not come from other nodes.
    pub(crate) fn is_leaf(&self) -> bool {
        matches!(self, Op::Input(_) | Op::Shared(_) | Op::Constant(_) | Op::Size(_) | Op::Noise(_))
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::example;
    use crate::Expr;

    vec![
        example("a constant", &[&[3]], -1.0..1.0, |x| {
            let constant = Expr::constant(bayeux_tensor::Tensor::from_slice(&[1.0, -2.0, 0.5]));
            &x[0] * constant.untyped().cast_like(&x[0])
        }),
        example("a number", &[&[3]], -1.0..1.0, |x| x[0].number_like(2.5) * &x[0]).and(&[&[0]]).and(&[&[1]]),
        example("a size", &[&[3, 2]], -1.0..1.0, |x| x[0].size_like(x[0].dim(0)) * &x[0]).and(&[&[0, 2]]),
    ]
}
