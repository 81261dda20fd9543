//! Loops: the reverse sweep is a loop in the other direction, the forward sweep one beside it.

use std::collections::HashMap;

use super::forward::push;
use super::product::{Adjoint, chooses};
use super::sweep;
use crate::expr::Key;
use crate::loops::{Given, Step, build};
use crate::ops::{Op, Scan};
use crate::substitute::replaced;
use crate::{AnyExpr, Dim};

/// What the arguments of a loop receive, if its values have received so much.
#[track_caller]
pub(super) fn parts(scan: &Scan, received: &[Option<Adjoint>], node: &AnyExpr) -> Vec<Option<Adjoint>> {
    let (carried, stacks) = (scan.carried, scan.stacks());
    let from_same = carried + scan.sequences;
    let parameters: Vec<AnyExpr> = scan.body.parameters().iter().map(AnyExpr::parameter_like).collect();
    let values = scan.body.apply(&parameters);
    let inputs = &node.inputs()[..parameters.len()];
    let last = Window::of(scan);

    // Adjoints: of what is carried on, from step to step; of stacks, part by part.
    let (mut seeds, mut from_stacks) = (Vec::new(), Vec::new());
    // A factor of 0 and 1 from outside is a parameter inside, where nobody knows what it is.
    let masked = inputs[carried..].iter().any(chooses);
    let (mut adjoints, mut start, mut floats) = (Vec::new(), Vec::new(), Vec::new());
    for (i, value) in values[..carried].iter().enumerate().filter(|(_, x)| x.element_type().is_float()) {
        let parameter = AnyExpr::parameter_like(value);
        let received = received[i].clone().unwrap_or_else(|| Adjoint::nothing(inputs[i].zeros_like()));
        let seed = received.with(parameter.clone());
        seeds.push((value.clone(), if masked { seed.or_chosen() } else { seed }));
        start.push(received.value);
        adjoints.push(parameter);
        floats.push(i);
    }
    let (mut sequences, mut given) = (Vec::new(), Vec::new());
    let mut sequence = |parameter: AnyExpr, stack: AnyExpr| {
        sequences.push(parameter);
        given.push(last.cut(&stack));
    };
    for (value, adjoint) in values[carried..carried + stacks].iter().zip(&received[carried..]) {
        if let Some(adjoint) = adjoint {
            let parameter = AnyExpr::parameter_like(value);
            from_stacks.push((value.clone(), adjoint.with(parameter.clone())));
            sequence(parameter, adjoint.value.clone());
        }
    }
    // What the loop has kept: what was carried into each step, and what is not to be computed again.
    let mut kept: HashMap<Key, AnyExpr> = HashMap::new();
    for (i, value) in values[carried..carried + stacks].iter().enumerate() {
        let stack = node.sibling(carried + i);
        if let Some(before) = parameters[..carried].iter().find(|before| before.key() == value.key()) {
            if kept.insert(before.key(), before.clone()).is_none() {
                sequence(before.clone(), stack);
            }
        } else if !matches!(value.op(), Op::Input(_)) && !kept.contains_key(&value.key()) {
            let parameter = AnyExpr::parameter_like(value);
            kept.insert(value.key(), parameter.clone());
            sequence(parameter, stack);
        }
    }
    for (part, stack) in parameters[carried..from_same].iter().zip(&inputs[carried..]) {
        sequence(part.clone(), stack.clone());
    }

    let slopes = slopes(&parameters, &mut seeds, &from_stacks, &floats);
    let of = |i: usize| slopes[i].as_ref().map(|slope| slope.value.clone());
    let next = floats.iter().map(|&i| of(i).unwrap_or_else(|| parameters[i].zeros_like()));
    let next: Vec<AnyExpr> = next.collect();
    let outputs: Vec<AnyExpr> = (carried..from_same).filter_map(of).collect();
    let sums: Vec<AnyExpr> = (from_same..parameters.len()).filter_map(of).collect();
    let counts = [next.len(), outputs.len()];
    let all: Vec<AnyExpr> = next.into_iter().chain(outputs).chain(sums).collect();
    let mut all = replaced(&all, kept);
    let sums = all.split_off(counts[0] + counts[1]);
    let outputs = all.split_off(counts[0]);
    let step = Step {
        carried: adjoints,
        parts: sequences,
        same: parameters[from_same..].to_vec(),
        next: all,
        outputs,
        sums,
        until: None,
    };
    let limit = match (scan.until, scan.limited) {
        (true, _) => Some(node.sibling(node.types().len() - 1)),
        (false, true) => node.inputs().last().cloned(),
        (false, false) => None,
    };
    let given = Given {
        start,
        sequences: given,
        same: inputs[from_same..].to_vec(),
        limit: limit.clone(),
        length: last.length.clone(),
        backwards: !scan.backwards,
        truncated: None,
    };
    let results = build(step, given);

    let (mut start, mut outputs, mut sums) =
        (results.last.into_iter(), results.stacks.into_iter(), results.sums.into_iter());
    // Those that are not done or not gone back through pass nothing on.
    let all_steps = last.is_all() && limit.is_none() && last.length.is_at_least(1) == Some(true);
    let part = |(i, x): (usize, &AnyExpr)| {
        let value = match i {
            _ if !x.element_type().is_float() => None,
            i if i < carried => start.next().filter(|_| last.is_all()),
            i if i < from_same => slopes[i].as_ref().and_then(|_| Some(last.restore(&outputs.next()?))),
            i => slopes[i].as_ref().and_then(|_| sums.next()),
        };
        let of = floats.iter().position(|&float| float == i).map(|at| &seeds[at].1).or(slopes[i].as_ref());
        match of {
            Some(of) if all_steps => Some(of.with(value?)),
            Some(of) => Some(of.or_chosen().with(value?)),
            None => value.map(Adjoint::chosen),
        }
    };
    let mut parts: Vec<Option<Adjoint>> = parameters.iter().enumerate().map(part).collect();
    parts.resize(node.inputs().len(), None);
    parts
}

/// So many times the adjoints of a step are taken to find what they may hold; then they are taken to hold anything.
const ROUNDS: usize = 5;

/// What the parameters of a step receive, if what is carried on and the stacks have received so much. What is carried on hands to the
/// step before what may be 0 or infinite for more reasons than at first; the adjoints are those for all reasons that there come to be.
fn slopes(
    parameters: &[AnyExpr],
    seeds: &mut [(AnyExpr, Adjoint)],
    from_stacks: &[(AnyExpr, Adjoint)],
    carried: &[usize],
) -> Vec<Option<Adjoint>> {
    let is_float = |x: &AnyExpr| x.element_type().is_float();
    // What is handed from one to the next takes a round for each.
    let mut rounds = 0;
    let wrt: Vec<AnyExpr> = parameters.iter().filter(|x| is_float(x)).cloned().collect();
    loop {
        let mut found = sweep(seeds.iter().chain(from_stacks).cloned().collect(), &wrt).into_iter();
        let slopes: Vec<Option<Adjoint>> =
            parameters.iter().map(|x| if is_float(x) { found.next()? } else { None }).collect();
        let mut more = false;
        rounds += 1;
        for ((_, seed), &i) in seeds.iter_mut().zip(carried) {
            let handed_on = slopes[i].clone().unwrap_or_else(|| Adjoint::nothing(seed.value.clone()));
            let all = Adjoint::anything(seed.value.clone());
            more |= seed.may_hold_what(if rounds < ROUNDS { &handed_on } else { &all });
        }
        if !more {
            return slopes;
        }
    }
}

/// The steps that gradients go back through: all, or the last ones.
struct Window {
    length: Dim,
    before: Option<Dim>,
}

impl Window {
    fn of(scan: &Scan) -> Self {
        match scan.truncated {
            // Those that were done last.
            Some(most) if scan.length.is_at_least(most) != Some(false) => {
                Window { length: most.into(), before: Some(&scan.length - most) }
            }
            _ => Window { length: scan.length.clone(), before: None },
        }
    }

    fn is_all(&self) -> bool {
        self.before.is_none()
    }

    fn cut(&self, stack: &AnyExpr) -> AnyExpr {
        match &self.before {
            Some(before) => stack.slice(0, before.clone()..before + &self.length),
            None => stack.clone(),
        }
    }

    fn restore(&self, stack: &AnyExpr) -> AnyExpr {
        match &self.before {
            Some(before) => stack.pad_before(0, before.clone()),
            None => stack.clone(),
        }
    }
}

/// The tangents of a loop's values, from those of its arguments: carried on beside them, so that nothing has to be kept.
#[track_caller]
pub(super) fn tangents(scan: &Scan, moved: &[Option<Adjoint>], node: &AnyExpr) -> Vec<Option<Adjoint>> {
    let (carried, stacks) = (scan.carried, scan.stacks());
    let from_same = carried + scan.sequences;
    let parameters: Vec<AnyExpr> = scan.body.parameters().iter().map(AnyExpr::parameter_like).collect();
    let values = scan.body.apply(&parameters);
    let inputs = &node.inputs()[..parameters.len()];
    let mut step = Step {
        carried: parameters[..carried].to_vec(),
        parts: parameters[carried..from_same].to_vec(),
        same: parameters[from_same..].to_vec(),
        next: values[..carried].to_vec(),
        outputs: Vec::new(),
        sums: Vec::new(),
        until: scan.until.then(|| values[values.len() - 1].clone()),
    };
    let mut given = Given {
        start: inputs[..carried].to_vec(),
        sequences: inputs[carried..from_same].to_vec(),
        same: inputs[from_same..].to_vec(),
        limit: if scan.limited { node.inputs().last().cloned() } else { None },
        length: scan.length.clone(),
        backwards: scan.backwards,
        truncated: None,
    };
    let mut directions = Vec::new();
    let mut floats = Vec::new();
    for (i, x) in parameters.iter().enumerate().filter(|(_, x)| x.element_type().is_float()) {
        let tangent = moved[i].as_ref().map(|tangent| tangent.value.clone());
        let parameter = AnyExpr::parameter_like(x);
        match (i, tangent) {
            (i, tangent) if i < carried => {
                step.carried.push(parameter.clone());
                given.start.push(tangent.unwrap_or_else(|| inputs[i].zeros_like()));
                floats.push(i);
            }
            (_, None) => continue,
            (i, Some(tangent)) if i < from_same => {
                step.parts.push(parameter.clone());
                given.sequences.push(tangent);
            }
            (_, Some(tangent)) => {
                step.same.push(parameter.clone());
                given.same.push(tangent);
            }
        }
        directions.push((x.clone(), Adjoint::chosen(parameter)));
    }
    let found = push(&values, directions);
    let of = |i: usize| found[i].clone().map_or_else(|| values[i].zeros_like(), |tangent| tangent.value);
    step.next.extend(floats.iter().map(|&i| of(i)));
    let is_moved = |i: &usize| values[*i].element_type().is_float() && found[*i].is_some();
    let outputs: Vec<usize> = (carried..carried + stacks).filter(is_moved).collect();
    step.outputs = outputs.iter().map(|&i| of(i)).collect();
    let results = build(step, given);
    let mut tangents = vec![None; node.types().len()];
    for (&i, value) in floats.iter().zip(&results.last[carried..]) {
        tangents[i] = Some(Adjoint::chosen(value.clone()));
    }
    for (i, value) in outputs.into_iter().zip(results.stacks) {
        tangents[i] = Some(Adjoint::chosen(value));
    }
    tangents
}
