//! Loops in the list.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use bayeux_tensor::ElementType;

use super::graph::Id;
use super::repeat::{Feed, Repeat, Repeated, Yield};
use super::trace::{Tracer, cast};
use crate::expr::{Key, topological};
use crate::ops::{Operation, Scan};
use crate::{AnyExpr, Error};

impl Tracer<'_, '_> {
    /// The values of a loop that are read.
    pub(super) fn scan(
        &mut self,
        scan: &Scan,
        arguments: &[Id],
        types: &[(ElementType, Vec<usize>)],
        read: Vec<usize>,
    ) -> Result<Vec<(usize, Id)>, Error> {
        let steps = scan.length.resolve(self.sizes)?;
        let (carried, last) = (scan.carried, scan.carried + scan.stacks());
        if steps == 0 {
            let nothing = |&output: &usize| {
                let (element, shape) = &types[output];
                let id = match output < carried {
                    true => cast(&mut self.builder, arguments[output], *element),
                    false => self.builder.full(*element, 0.0, shape),
                };
                (output, id)
            };
            return Ok(read.iter().map(nothing).collect());
        }
        let needed: Vec<usize> = needed(scan, &read).into_iter().collect();
        let inner = self.inners.of(scan.name(), &scan.body, &needed, self.sizes)?;
        // Where the inner program has each value of the body.
        let value = |of: usize| needed.binary_search(&of).map(|i| inner.outputs[i]).unwrap_or_default();
        let feed = |(parameter, _): &(usize, _)| match *parameter {
            i if i < carried => Feed::Carried(value(i)),
            i if i < carried + scan.sequences => Feed::Part,
            _ => Feed::Same,
        };
        let feeds = inner.parameters.iter().map(feed).collect();
        let mut given: Vec<(usize, ElementType)> =
            inner.parameters.iter().map(|(parameter, of)| (*parameter, of.element)).collect();
        let mut start = |carry: usize| {
            given.push((carry, types[carry].0));
            given.len() - 1
        };
        let mut yields: Vec<Yield> = Vec::new();
        let mut results = Vec::new();
        for &output in &read {
            let new = match output {
                i if i < carried => Yield::Last { value: value(i), start: i },
                i if i < last => Yield::All(value(i)),
                _ => Yield::Steps,
            };
            let known = yields.iter().position(|of| match (*of, new) {
                // Without a step they may differ.
                (Yield::Last { value: a, start: b }, Yield::Last { value: c, start: d }) => {
                    a == c && (b == d || !scan.limited)
                }
                (a, b) => a == b,
            });
            results.push((output, known.unwrap_or(yields.len())));
            if known.is_none() {
                yields.push(new);
            }
        }
        for of in &mut yields {
            if let Yield::Last { start: carry, .. } = of {
                *carry = if scan.limited { start(*carry) } else { 0 };
            }
        }
        let until = scan.until.then(|| value(scan.body.body().len() - 1));
        let repeat = Repeat { steps, backwards: scan.backwards, feeds, until, limited: scan.limited, yields };
        let mut inputs: Vec<Id> =
            given.iter().map(|(i, element)| cast(&mut self.builder, arguments[*i], *element)).collect();
        if scan.limited {
            inputs.extend(arguments.last());
        }
        let op = Repeated { inner, repeat };
        let types = op.values();
        let values = match types.as_slice() {
            [(element, shape)] => vec![self.builder.add_typed(Arc::new(op), inputs, *element, shape.clone())],
            types => self.builder.values(Arc::new(op), inputs, types),
        };
        Ok(results.into_iter().map(|(output, value)| (output, values[value])).collect())
    }
}

/// Which values of the body are needed for some values of a loop: carried ones only if something depends on them.
fn needed(scan: &Scan, read: &[usize]) -> BTreeSet<usize> {
    let body = scan.body.body();
    let mut needed: BTreeSet<usize> =
        read.iter().copied().filter(|&output| output < scan.carried + scan.stacks()).collect();
    if scan.until {
        needed.insert(body.len() - 1);
    }
    let before: HashMap<Key, usize> =
        scan.body.parameters()[..scan.carried].iter().enumerate().map(|(i, x)| (x.key(), i)).collect();
    loop {
        let roots: Vec<AnyExpr> = needed.iter().map(|&i| body[i].clone()).collect();
        let used: Vec<usize> =
            topological(&roots).iter().filter_map(|node| before.get(&node.key()).copied()).collect();
        let known = needed.len();
        needed.extend(used);
        if needed.len() == known {
            return needed;
        }
    }
}
