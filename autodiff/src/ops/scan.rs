//! Loops: a lambda that is applied again and again, to parts of sequences and to what it made of them before.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use bayeux_tensor::ElementType;

use super::operation::Operation;
use super::stacked;
use crate::lambda::Lambda;
use crate::{AnyExpr, Dim, Shape, ValueType};

/// Starting values, sequences, and what is the same in each step → the last values, and the stacks of what each step gives.
///
/// Parameters of the body are, in this order, the carried values, one part of each sequence, and what is the same in each step. Its
/// values are the next carried values, then those to be stacked, and last, if the loop can end, whether it does after this step.
/// Values of the operation are the last carried values, the stacks, and, if it can end, how many steps there were.
///
/// Steps that are not done leave zeros in the stacks.
#[derive(Clone)]
pub(crate) struct Scan {
    pub body: Arc<Lambda>,
    /// How many values are carried on.
    pub carried: usize,
    /// How many sequences there are.
    pub sequences: usize,
    /// How many steps there are, at most.
    pub length: Dim,
    /// From the last part of each sequence to the first.
    pub backwards: bool,
    /// Whether the body says when it is over.
    pub until: bool,
    /// Whether one more input, the last, says how many steps there are: these are the first parts of the sequences.
    pub limited: bool,
    /// Gradients go back through so many of the last steps only.
    pub truncated: Option<usize>,
}

impl Scan {
    /// How many of the values are stacks.
    pub fn stacks(&self) -> usize {
        self.body.body().len() - self.carried - usize::from(self.until)
    }
}

impl Operation for Scan {
    fn name(&self) -> String {
        match self.backwards {
            true => format!("scan of {} steps, backwards", self.length),
            false => format!("scan of {} steps", self.length),
        }
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let (parameters, values) = (self.body.parameters(), self.body.body());
        let last = self.carried + self.sequences;
        let count = ValueType::new(ElementType::I64, Shape::from(()));
        let wanted = parameters.iter().enumerate().map(|(i, parameter)| match parameter.value_type() {
            of if (self.carried..last).contains(&i) => {
                ValueType::new(of.element, stacked(&self.length, &of.shape))
            }
            of => of.clone(),
        });
        let wanted: Vec<ValueType> = wanted.chain(self.limited.then(|| count.clone())).collect();
        if wanted != inputs {
            return Err(format!("inputs {inputs:?} in place of {wanted:?}"));
        }
        let (carried, others) = values.split_at(self.carried);
        let before = &parameters[..self.carried];
        if let Some((new, old)) =
            carried.iter().zip(before).find(|(new, old)| new.value_type() != old.value_type())
        {
            let (new, old) = (new.value_type(), old.value_type());
            return Err(format!("a step makes {new} of what began as {old}"));
        }
        let stack =
            |value: &AnyExpr| ValueType::new(value.element_type(), stacked(&self.length, value.shape()));
        let carried = carried.iter().map(|value| value.value_type().clone());
        let stacks = others[..self.stacks()].iter().map(stack);
        Ok(carried.chain(stacks).chain(self.until.then_some(count)).collect())
    }

    fn gradient(&self, _g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        unreachable!("`grad` looks into it")
    }

    fn can_fail(&self) -> bool {
        self.body.can_fail()
    }
}

impl fmt::Debug for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {:?}", self.name(), self.body)
    }
}

impl Scan {
    #[allow(clippy::type_complexity)] // a tuple, to be compared
    fn attributes(&self) -> (*const Lambda, [usize; 2], &Dim, [bool; 3], Option<usize>) {
        let flags = [self.backwards, self.until, self.limited];
        (Arc::as_ptr(&self.body), [self.carried, self.sequences], &self.length, flags, self.truncated)
    }
}

impl PartialEq for Scan {
    fn eq(&self, other: &Self) -> bool {
        self.attributes() == other.attributes()
    }
}

impl Eq for Scan {}

impl Hash for Scan {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.attributes().hash(state);
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::{Example, example};
    use crate::{ScanOptions, cond, fold, scan, while_loop};

    /// h ← tanh(h + x W), and 2 h.
    fn recurrent(options: &ScanOptions) -> impl Fn(&[AnyExpr]) -> Vec<AnyExpr> + use<> {
        let options = options.clone();
        move |x| {
            let step = |h: &AnyExpr, part: &[AnyExpr]| {
                let new = (h.matmul(&x[2]) + part[0].matmul(&x[2])).tanh();
                (new.clone(), vec![new.square(), &new * 2.0])
            };
            let (last, stacks) = options.scan(step, x[0].clone(), &x[1..2]);
            [vec![last], stacks].concat()
        }
    }
    let shapes: &[&[usize]] = &[&[2, 3], &[5, 2, 3], &[3, 3]];
    let options = ScanOptions::new();
    let recurrences = [
        ("scan", options.clone()),
        ("scan, backwards", options.clone().backwards()),
        ("scan in blocks", options.clone().checkpoint_every(2)),
        ("scan in blocks, backwards", options.clone().backwards().checkpoint_every(2)),
        ("scan in whole blocks", options.checkpoint_every(5)),
    ];
    let recurrences = recurrences.into_iter().map(|(name, options)| {
        example(name, shapes, -1.0..1.0, recurrent(&options)).and(&[&[2, 3], &[0, 2, 3], &[3, 3]]).and(&[
            &[1, 1],
            &[1, 1, 1],
            &[1, 1],
        ])
    });
    let sums = |x: &[AnyExpr]| {
        scan(
            |sum: &AnyExpr, part: &[AnyExpr]| {
                let sum = sum + &part[0];
                (sum.clone(), sum.tanh())
            },
            x[0].clone(),
            &x[1..],
        )
    };
    let far = |x: &[AnyExpr]| {
        let layer = |h: &AnyExpr, w: &[AnyExpr]| h.matmul(&w[0]).tanh();
        fold(layer, x[0].clone(), &x[1..])
    };
    let powers =
        |x: &[AnyExpr]| ScanOptions::new().steps(3).fold(|p: &AnyExpr| p.matmul(&x[0]), x[1].clone());
    let until = |x: &[AnyExpr]| {
        let (last, all, _) = ScanOptions::new().scan_until(
            |sum: &AnyExpr, part: &[AnyExpr]| {
                let sum = sum + part[0].square();
                (sum.clone(), sum.tanh(), sum.gt(&sum.number_like(2.0)))
            },
            x[0].zeros_like().sum_all(),
            &x[..1],
        );
        (last, all)
    };
    let halves = |x: &[AnyExpr]| {
        while_loop(|x: &AnyExpr| x.sum_all().gt(&x.number_like(0.1)), |x| x.sin() * 0.7, x[0].clone(), 50)
    };
    let branches = |x: &[AnyExpr]| {
        let larger = x[0].sum_all().gt(&x[1].sum_all());
        cond(&larger, || (&x[0] * &x[1]).tanh(), || x[0].sin())
    };
    let inside = |x: &[AnyExpr]| {
        // A loop in a loop: sums of running products.
        let row = |sum: &AnyExpr, row: &[AnyExpr]| {
            let product = fold(|p: &AnyExpr, x: &[AnyExpr]| (p * &x[0]).sin(), sum.ones_like(), row);
            (sum + &product, product)
        };
        scan(row, x[0].sum_all() * 0.0, x)
    };
    let mut examples: Vec<Example> = recurrences.collect();
    examples.extend([
        example("running sums", &[&[3], &[4, 3]], -1.0..1.0, sums).and(&[&[3], &[0, 3]]),
        example("weights as a sequence", &[&[2, 3], &[4, 3, 3]], -1.0..1.0, far),
        example("powers", &[&[3, 3], &[2, 3]], -1.0..1.0, powers),
        example("until", &[&[9]], 0.5..1.0, until),
        example("while", &[&[3]], 0.5..1.0, halves).and(&[&[0]]),
        example("cond", &[&[3], &[3]], 0.2..1.0, branches),
        example("a loop in a loop", &[&[3, 4]], 0.2..1.0, inside),
    ]);
    examples
}
