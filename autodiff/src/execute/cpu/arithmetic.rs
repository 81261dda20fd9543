//! How a loop does an operation: as arithmetic, which it combines with its neighbours, or by a kernel over slices.

use bayeux_tensor::Float;
use bayeux_tensor::fused::{Arithmetic, Function, FusedBuilder, Value};

use crate::ops::{Binary, Unary};

pub(super) fn unary<T: Float>(builder: &mut FusedBuilder<T>, op: Unary, x: Value) -> Value {
    match op {
        Unary::Neg => builder.neg(x),
        Unary::Square => builder.square(x),
        Unary::Recip => builder.recip(x),
        Unary::Sqrt => builder.sqrt(x),
        Unary::Ln => builder.ln(x),
        Unary::Relu => builder.relu(x),
        _ => match Function::named(op.method()) {
            Some(function) => builder.function(function, x),
            None => builder.unary(op.vector(), x),
        },
    }
}

pub(super) fn binary<T: Float>(builder: &mut FusedBuilder<T>, op: Binary, x: Value, y: Value) -> Value {
    let arithmetic = match op {
        Binary::Add => Arithmetic::Add,
        Binary::Sub => Arithmetic::Sub,
        Binary::Mul => Arithmetic::Mul,
        Binary::Div => Arithmetic::Div,
        Binary::Maximum => Arithmetic::Maximum,
        Binary::Minimum => Arithmetic::Minimum,
        Binary::Gt => Arithmetic::Gt,
        Binary::Ge => Arithmetic::Ge,
        Binary::Lt => Arithmetic::Lt,
        Binary::Le => Arithmetic::Le,
        Binary::Eq => Arithmetic::Eq,
        Binary::Ne => Arithmetic::Ne,
        _ => return builder.binary(op.vector(), x, y),
    };
    builder.arithmetic(arithmetic, x, y)
}
