//! Expressions with parameters, which an operation can hold: a program inside a program.

use std::collections::{HashMap, HashSet};

use crate::AnyExpr;
use crate::expr::{Key, topological, topological_to};
use crate::ops::{Op, draws};
use crate::substitute::replaced;

/// A function from values to values. Its body depends on the parameters alone, but for constants, sizes and random numbers.
pub(crate) struct Lambda {
    parameters: Vec<AnyExpr>,
    body: Vec<AnyExpr>,
    draws: bool,
}

impl std::fmt::Debug for Lambda {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lambda").field("parameters", &self.parameters).field("body", &self.body).finish()
    }
}

impl Lambda {
    /// Of a body that depends on these parameters, which are inputs.
    pub fn new(parameters: Vec<AnyExpr>, body: Vec<AnyExpr>) -> Self {
        let draws = draws(&body);
        Lambda { parameters, body, draws }
    }

    /// Of what a function of expressions makes of parameters that are like some inputs; and what these parameters stand for.
    ///
    /// What `f` computes is the body. What it captures becomes further parameters: variables, inputs of the function around it, and
    /// all else that was there before. Constants, sizes and random numbers stay what they are.
    pub fn close(inputs: &[AnyExpr], f: impl FnOnce(&[AnyExpr]) -> Vec<AnyExpr>) -> (Lambda, Vec<AnyExpr>) {
        let begin = AnyExpr::marker();
        let mut parameters: Vec<AnyExpr> = inputs.iter().map(AnyExpr::parameter_like).collect();
        let body = f(&parameters);
        let (body, new, captured) = close_over(&begin, &parameters, body);
        parameters.extend(new);
        (Lambda::new(parameters, body), inputs.iter().cloned().chain(captured).collect())
    }

    /// What it is a function of.
    pub fn parameters(&self) -> &[AnyExpr] {
        &self.parameters
    }

    /// Its values.
    pub fn body(&self) -> &[AnyExpr] {
        &self.body
    }

    /// Whether it draws random numbers.
    pub fn draws(&self) -> bool {
        self.draws
    }

    /// Whether there is data of the right shapes that it refuses.
    pub fn can_fail(&self) -> bool {
        topological(&self.body).iter().any(|node| node.op().rule().can_fail())
    }

    /// The values for some arguments, as expressions.
    pub fn apply(&self, arguments: &[AnyExpr]) -> Vec<AnyExpr> {
        let arguments = self.parameters.iter().map(AnyExpr::key).zip(arguments.iter().cloned());
        replaced(&self.body, arguments.collect())
    }
}

/// Expressions with parameters in place of what they capture: of all that was there before `begin`, but for their `own` parameters.
/// Then these parameters, and what they stand for.
pub(crate) fn close_over(
    begin: &AnyExpr,
    own: &[AnyExpr],
    body: Vec<AnyExpr>,
) -> (Vec<AnyExpr>, Vec<AnyExpr>, Vec<AnyExpr>) {
    let own: HashSet<Key> = own.iter().map(AnyExpr::key).collect();
    let mut captured: Vec<AnyExpr> = Vec::new();
    let mut inside: HashMap<Key, AnyExpr> = HashMap::new();
    topological_to(&body, |value| {
        let stays = match value.op() {
            Op::Constant(_) | Op::Size(_) | Op::Noise(_) => true,
            Op::Input(_) => own.contains(&value.key()),
            Op::Shared(_) => false,
            // As an argument it would be written out.
            Op::Broadcast(_) if matches!(value.inputs()[0].op(), Op::Constant(_) | Op::Size(_)) => true,
            _ => !value.is_older_than(begin),
        };
        if !stays {
            inside.entry(value.key()).or_insert_with(|| {
                captured.push(value.clone());
                AnyExpr::parameter_like(value)
            });
        }
        !stays
    });
    let parameters = captured.iter().map(|value| inside[&value.key()].clone()).collect();
    (replaced(&body, inside), parameters, captured)
}
