//! Loops as `while`: how many steps are done, whether it is over, what is carried on, and the stacks.

use bayeux_tensor::ElementType;

use super::{Export, Hlo, HloType, HloValue, integers};
use crate::ops::Scan;
use crate::stabilise::stabilise;
use crate::{AnyExpr, Error, Expr};

impl Export {
    pub(super) fn repeated(
        &mut self,
        scan: &Scan,
        node: &AnyExpr,
        inputs: &[HloValue],
    ) -> Result<Vec<HloValue>, Error> {
        let steps = scan.length.resolve(&self.sizes)?;
        let types = node.types().iter().map(|of| self.of(of)).collect::<Result<Vec<HloType>, Error>>()?;
        if steps == 0 {
            // Of nothing no part can be taken, not even in a step that is never done.
            let mut results = inputs[..scan.carried].to_vec();
            results.extend(types[scan.carried..].iter().map(|of| self.hlo.full(of, 0.0)));
            return Ok(results);
        }
        let mut limit = self.hlo.number(ElementType::I64, steps as f64);
        if let (true, Some(given)) = (scan.limited, inputs.last()) {
            limit = self.hlo.binary("minimum", &limit, given);
        }
        let zero = self.hlo.number(ElementType::I64, 0.0);
        let mut state = vec![zero.clone(), self.hlo.number(ElementType::Bool, 0.0)];
        state.extend_from_slice(&inputs[..scan.carried]);
        for of in &types[scan.carried..scan.carried + scan.stacks()] {
            state.push(self.hlo.full(of, 0.0));
        }
        let types: Vec<HloType> = state.iter().map(|value| value.of().clone()).collect();
        let goes_on = self.hlo.region(&types, |hlo, state| {
            let more = hlo.compare("LT", &state[0], &limit);
            let not_over = hlo.unary("not", &state[1]);
            vec![hlo.binary("and", &more, &not_over)]
        });
        let (outside, before) = self.hlo.enter(&types);
        let after = self.step(scan, &before, inputs, [&zero, &limit])?;
        let step = self.hlo.leave(outside, &after);
        let state: Vec<&HloValue> = state.iter().collect();
        let mut results = self.hlo.op_with("while", &state, "", &[goes_on, step], types);
        let done = results.remove(0);
        results.remove(0);
        results.extend(scan.until.then_some(done));
        Ok(results)
    }

    fn step(
        &mut self,
        scan: &Scan,
        before: &[HloValue],
        inputs: &[HloValue],
        [zero, limit]: [&HloValue; 2],
    ) -> Result<Vec<HloValue>, Error> {
        let one = self.hlo.number(ElementType::I64, 1.0);
        let done = self.hlo.binary("add", &before[0], &one);
        let at = match scan.backwards {
            true => self.hlo.binary("subtract", limit, &done),
            false => before[0].clone(),
        };
        let mut given = before[2..2 + scan.carried].to_vec();
        for (i, input) in inputs.iter().enumerate().skip(scan.carried) {
            let is_sequence = i < scan.carried + scan.sequences;
            given.push(if is_sequence { self.hlo.part(input, &at, zero) } else { input.clone() });
        }
        let parameters = scan.body.parameters().iter().map(Expr::key);
        let mut values = self.values(&stabilise(scan.body.body()), parameters.zip(given).collect())?;
        let over = if scan.until { values.pop() } else { None };
        let mut after = vec![done, over.unwrap_or_else(|| before[1].clone())];
        after.extend(values.drain(..scan.carried));
        for (stack, value) in before[2 + scan.carried..].iter().zip(&values) {
            after.push(self.hlo.with_part(stack, value, &at, zero));
        }
        Ok(after)
    }
}

impl Hlo {
    /// The part of a stack at a place.
    fn part(&mut self, x: &HloValue, at: &HloValue, zero: &HloValue) -> HloValue {
        let mut shape = x.of().shape.clone();
        shape[0] = 1;
        let mut operands = vec![x, at];
        operands.resize(1 + shape.len(), zero);
        let attributes = format!("slice_sizes = {}", integers(&shape));
        let part =
            self.op("dynamic_slice", &operands, &attributes, HloType::new(x.of().element, shape.clone()));
        self.reshape(&part, &shape[1..])
    }

    /// A stack with another part at a place.
    fn with_part(&mut self, x: &HloValue, part: &HloValue, at: &HloValue, zero: &HloValue) -> HloValue {
        let mut shape = x.of().shape.clone();
        shape[0] = 1;
        let part = self.reshape(part, &shape);
        let mut operands = vec![x, &part, at];
        operands.resize(2 + shape.len(), zero);
        self.op("dynamic_update_slice", &operands, "", x.of().clone())
    }
}
