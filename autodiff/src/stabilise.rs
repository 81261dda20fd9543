//! What an expression means, in a form that keeps its digits: the textbook's formula for a softmax, an entropy or a density
//! overflows where its value does not.
//!
//! [`grad`](crate::grad()) differentiates the stable form, a [`Function`](crate::Function) compiles it and the interpreter
//! computes it, so that a value and its slopes agree and share their nodes. The rules stand in a table, [`Stabiliser::RULES`]: each
//! looks at one node whose inputs are stable already. What is under a logarithm is found through views: ln of a reshaped,
//! transposed, cut, repeated, joined or chosen thing is that of the thing, so treated, if it has a form worth having.
//!
//! In exact arithmetic a rule changes nothing; in floating point it changes the last digits, and what overflows.

mod forms;
mod logarithm;
mod products;
mod squares;

#[cfg(test)]
mod safety;
#[cfg(test)]
mod signs;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::expr::{Key, topological};
use crate::ops::{Binary, Op, Unary};
use crate::{AnyExpr, Expr};

/// A row of the table.
pub(crate) struct Rule {
    pub name: &'static str,
    /// What stands for a node, if the rule applies.
    apply: fn(&Stabiliser, &AnyExpr) -> Option<AnyExpr>,
}

impl Rule {
    const fn new(name: &'static str, apply: fn(&Stabiliser, &AnyExpr) -> Option<AnyExpr>) -> Self {
        Rule { name, apply }
    }
}

/// The stable forms of expressions in the making.
pub(crate) struct Stabiliser {
    /// Expressions that stay what they are, because somebody asks for slopes with respect to them.
    fixed: HashSet<Key>,
    /// What stands for each expression.
    stable: HashMap<Key, AnyExpr>,
    /// The stable forms of the fixed ones, where they differ.
    behind: HashMap<Key, AnyExpr>,
    /// What stands for something already.
    known: HashSet<Key>,
    /// Rules that do not apply.
    off: HashSet<&'static str>,
    /// How often each rule applied.
    pub fired: BTreeMap<&'static str, usize>,
}

/// The stable forms of some expressions.
pub(crate) fn stabilise(roots: &[AnyExpr]) -> Vec<AnyExpr> {
    let stabiliser = Stabiliser::new(roots, &[]);
    roots.iter().map(|root| stabiliser.of(root)).collect()
}

impl Stabiliser {
    /// Of all that the roots need. Those that are `fixed` stay, and no rule looks into them.
    pub fn new(roots: &[AnyExpr], fixed: &[AnyExpr]) -> Self {
        Self::without(HashSet::new(), roots, fixed)
    }

    /// The same without some of the rules.
    fn without(off: HashSet<&'static str>, roots: &[AnyExpr], fixed: &[AnyExpr]) -> Self {
        let mut stabiliser = Stabiliser {
            fixed: fixed.iter().map(Expr::key).collect(),
            stable: HashMap::new(),
            behind: HashMap::new(),
            known: HashSet::new(),
            off,
            fired: BTreeMap::new(),
        };
        for node in topological(roots) {
            stabiliser.add(&node);
        }
        stabiliser
    }

    /// What stands for one of the expressions that the roots need.
    pub fn of(&self, expr: &AnyExpr) -> AnyExpr {
        self.stable.get(&expr.key()).unwrap_or(expr).clone()
    }

    /// The stable form of a fixed expression, which is another node than the one that stays.
    pub fn behind(&self, expr: &AnyExpr) -> Option<&AnyExpr> {
        self.behind.get(&expr.key())
    }

    fn add(&mut self, node: &AnyExpr) {
        let inputs: Vec<AnyExpr> = node.inputs().iter().map(|input| self.of(input)).collect();
        let unchanged = inputs.iter().zip(node.inputs()).all(|(new, old)| new.key() == old.key());
        // No rule looks at an operation with several values.
        if node.types().len() > 1 {
            let rebuilt = if unchanged { return } else { node.with_inputs(inputs) };
            for output in 0..node.types().len() {
                let value = node.sibling(output);
                if !self.fixed.contains(&value.key()) {
                    self.stable.insert(value.key(), rebuilt.sibling(output));
                }
            }
            return;
        }
        // Rules look at a copy of what is fixed.
        let fixed = self.fixed.contains(&node.key()) && !inputs.is_empty();
        let rebuilt = if unchanged && !fixed { node.clone() } else { node.with_inputs(inputs) };
        let better = self.improved(&rebuilt);
        if fixed {
            self.known.insert(node.key());
            if better.is_some() || !unchanged {
                self.behind.insert(node.key(), better.unwrap_or(rebuilt));
            }
            return;
        }
        let result = match (better, node.name()) {
            // What it turned out to be keeps the name and the identity that it has.
            (Some(better), Some(name)) if !self.known.contains(&better.key()) => better.named(name),
            (Some(better), _) => better,
            (None, _) => rebuilt,
        };
        self.known.insert(result.key());
        if result.key() != node.key() {
            self.stable.insert(node.key(), result);
        }
    }

    /// What the first rule that applies makes of a node.
    fn improved(&mut self, node: &AnyExpr) -> Option<AnyExpr> {
        if !matches!(node.op(), Op::Unary(_) | Op::Binary(_) | Op::Select(_) | Op::Pool2d(_)) {
            return None;
        }
        let found = Self::RULES
            .iter()
            .filter(|rule| !self.off.contains(rule.name))
            .find_map(|rule| Some((rule.name, (rule.apply)(self, node)?)));
        let (name, better) = found?;
        *self.fired.entry(name).or_default() += 1;
        Some(better)
    }

    /// The op of an expression that a rule may look into.
    fn op<'a>(&self, x: &'a AnyExpr) -> Option<&'a Op> {
        (!self.fixed.contains(&x.key())).then(|| x.op())
    }

    /// The argument, if an expression is this function of one.
    fn argument<'a>(&self, x: &'a AnyExpr, function: Unary) -> Option<&'a AnyExpr> {
        matches!(self.op(x)?, Op::Unary(found) if *found == function).then(|| &x.inputs()[0])
    }

    /// The arguments, if an expression is this function of two.
    fn arguments<'a>(&self, x: &'a AnyExpr, function: Binary) -> Option<[&'a AnyExpr; 2]> {
        matches!(self.op(x)?, Op::Binary(found) if *found == function)
            .then(|| [&x.inputs()[0], &x.inputs()[1]])
    }

    /// Whether two expressions are the same computation.
    fn same(&self, a: &AnyExpr, b: &AnyExpr) -> bool {
        /// More than any formula holds that a rule is meant for.
        const MOST: usize = 64;
        let mut seen = HashSet::new();
        let mut pairs = vec![(a, b)];
        while let Some((a, b)) = pairs.pop() {
            if a.key() == b.key() || !seen.insert((a.key(), b.key())) {
                continue;
            }
            let (Some(op), Some(other)) = (self.op(a), self.op(b)) else { return false };
            let alike = !op.is_leaf() || matches!(op, Op::Constant(_));
            if seen.len() > MOST
                || !alike
                || op != other
                || a.value_type() != b.value_type()
                || a.key().output() != b.key().output()
            {
                return false;
            }
            pairs.extend(a.inputs().iter().zip(b.inputs()));
        }
        true
    }
}
