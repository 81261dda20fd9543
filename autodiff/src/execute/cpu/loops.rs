//! Element-wise loops as the CPU runs them: operations are combined with their neighbours, or done by kernels over slices.

use bayeux_tensor::Float;
use bayeux_tensor::fused::{FusedBuilder, Value};

use super::arithmetic;
use crate::compile::{ElementWise, Line, Read, Reduction, Store};
use crate::ops::NoiseKind;

/// The loop in the making, with the operands in the order of the reads.
pub(super) fn builder<T: Float>(all: &ElementWise, reads: &[Read]) -> FusedBuilder<T> {
    let mut builder = FusedBuilder::<T>::new(&all.space);
    let mut values: Vec<Value> = Vec::with_capacity(all.lines.len());
    for line in &all.lines {
        let value = match (line, all.product) {
            (Line::Operand(operand), _) => builder.operand(&reads[*operand].strides),
            (Line::Product, Some(product)) => builder.product(product),
            (Line::Product, None) => unreachable!("a loop without a product"),
            (Line::Number(number), _) => builder.constant(T::from_f64(*number)),
            (Line::Noise(noise), _) => match noise.kind {
                NoiseKind::Normal => builder.normal(),
                NoiseKind::Uniform => builder.uniform(),
                NoiseKind::Bits => unreachable!("a loop of floats"),
            },
            (Line::Unary(op, x), _) => arithmetic::unary(&mut builder, *op, values[*x]),
            (Line::Binary(op, x, y), _) => arithmetic::binary(&mut builder, *op, values[*x], values[*y]),
            (Line::Select(c, x, y), _) => builder.select(values[*c], values[*x], values[*y]),
        };
        values.push(value);
    }
    for Store { value, over } in &all.stores {
        match over {
            Some(operand) => builder.store_over(values[*value], values[*operand]),
            None => builder.store(values[*value]),
        }
    }
    for Reduction { kind, value, axes } in &all.reductions {
        builder.reduce(*kind, values[*value], axes);
    }
    builder
}
