//! Sums over stacks.

use crate::AnyExpr;
use crate::ops::{Binary, Op, Unary};

/// The sum of all parts of a stack, along its first axis. A sum of products is one product over the joint axes: Σₜ AₜBₜ is
/// [A₁ A₂ …] times the Bₜ below each other.
pub(super) fn sum_of_stack(stack: &AnyExpr) -> AnyExpr {
    let inputs = stack.inputs();
    match stack.op() {
        Op::Matmul(_) if stack.rank() == 3 => {
            let (a, b) = (&inputs[0], &inputs[1]);
            let joint = &a.shape()[0] * &a.shape()[2];
            // Most often it is a transpose already.
            let rows = match a.op() {
                Op::Transpose(axes) if axes.0 == [0, 2, 1] => a.inputs()[0].clone(),
                _ => a.t(),
            };
            rows.reshape([joint.clone(), a.dim(1)]).t().matmul(&b.reshape([joint, b.dim(2)]))
        }
        Op::Transpose(axes) if axes.0[0] == 0 => {
            let axes: Vec<usize> = axes.0[1..].iter().map(|axis| axis - 1).collect();
            sum_of_stack(&inputs[0]).transpose(&axes)
        }
        Op::Reshape(_)
            if inputs[0].rank() > 0
                && inputs[0].shape()[0] == stack.shape()[0]
                && !stack.shape()[0].is_one() =>
        {
            sum_of_stack(&inputs[0]).reshape(stack.shape().dims()[1..].to_vec())
        }
        Op::Binary(Binary::Add) => sum_of_stack(&inputs[0]) + sum_of_stack(&inputs[1]),
        Op::Binary(Binary::Sub) => sum_of_stack(&inputs[0]) - sum_of_stack(&inputs[1]),
        Op::Unary(Unary::Neg) => -sum_of_stack(&inputs[0]),
        _ => stack.sum(0),
    }
}
