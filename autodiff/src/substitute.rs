//! The same expressions with some of their parts exchanged.

use std::collections::HashMap;

use crate::expr::refusal::{difference, ensure};
use crate::expr::{Key, all_untyped, topological_to};
use crate::{AnyExpr, Expr, Kind};

impl<T: Kind> Expr<T> {
    /// Rebuilds expressions with parts of them replaced: every `from` by its `to`. What does not depend on a `from` is
    /// shared with the original. Inside a `to` nothing is replaced.
    ///
    /// ```
    /// use bayeux_autodiff::Expr;
    /// let x = Expr::<f32>::input("x", [3]);
    /// let y = Expr::input("y", [3]);
    /// let z = Expr::substitute(&[x.tanh()], &[(&x, &(&y + 1.0))]);
    /// assert_eq!(z[0].to_string(), "tanh((y + 1))");
    /// ```
    ///
    /// # Panics
    /// If the types of a pair differ.
    #[track_caller]
    #[must_use]
    pub fn substitute(expressions: &[Expr<T>], pairs: &[(&Expr<T>, &Expr<T>)]) -> Vec<Expr<T>> {
        let mut replaced: HashMap<Key, AnyExpr> = HashMap::new();
        for (from, to) in pairs {
            ensure!(
                from.value_type() == to.value_type(),
                [from, to],
                "substitute: {from:?} is {}, its replacement {to:?} {}{}",
                from.value_type(),
                to.value_type(),
                difference(from.shape(), to.shape())
            );
            replaced.insert(from.key(), to.untyped());
        }
        self::replaced(&all_untyped(expressions), replaced).iter().map(Expr::typed).collect()
    }
}

/// Expressions with some values replaced.
pub(crate) fn replaced(expressions: &[AnyExpr], replaced: HashMap<Key, AnyExpr>) -> Vec<AnyExpr> {
    rebuilt(expressions, replaced, |_, _| None)
}

/// Expressions with some values replaced, and others by what `new` makes of a node and its new inputs: all values of it.
pub(crate) fn rebuilt(
    expressions: &[AnyExpr],
    mut replaced: HashMap<Key, AnyExpr>,
    new: impl Fn(&AnyExpr, &[AnyExpr]) -> Option<Vec<AnyExpr>>,
) -> Vec<AnyExpr> {
    for node in topological_to(expressions, |value| replaced.contains_key(&value.key())) {
        let inputs: Vec<AnyExpr> = node.inputs().iter().map(|input| replaced[&input.key()].clone()).collect();
        let unchanged = inputs.iter().zip(node.inputs()).all(|(new, old)| new.key() == old.key());
        let values = new(&node, &inputs).unwrap_or_else(|| {
            let rebuilt = if unchanged { node.clone() } else { node.with_inputs(inputs) };
            (0..node.types().len()).map(|output| rebuilt.sibling(output)).collect()
        });
        for (output, value) in values.into_iter().enumerate() {
            replaced.entry(node.sibling(output).key()).or_insert(value);
        }
    }
    expressions.iter().map(|expr| replaced[&expr.key()].clone()).collect()
}
