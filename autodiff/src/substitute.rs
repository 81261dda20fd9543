//! The same expressions with some of their parts exchanged.

use std::collections::HashMap;

use crate::expr::{Key, topological};
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
    pub fn substitute(expressions: &[Expr<T>], pairs: &[(&Expr<T>, &Expr<T>)]) -> Vec<Expr<T>> {
        let mut replaced: HashMap<Key, AnyExpr> = HashMap::new();
        for (from, to) in pairs {
            assert!(
                from.value_type() == to.value_type(),
                "substitute: {from:?} is {}, its replacement {to:?} {}",
                from.value_type(),
                to.value_type()
            );
            replaced.insert(from.key(), to.untyped());
        }
        for node in topological(expressions) {
            let count = node.types().len();
            if (0..count).all(|output| replaced.contains_key(&node.sibling(output).key())) {
                continue;
            }
            let inputs: Vec<AnyExpr> =
                node.inputs().iter().map(|input| replaced[&input.key()].clone()).collect();
            let unchanged = inputs.iter().zip(node.inputs()).all(|(new, old)| new.key() == old.key());
            let rebuilt = if unchanged { node.clone() } else { node.with_inputs(inputs) };
            for output in 0..count {
                replaced.entry(node.sibling(output).key()).or_insert_with(|| rebuilt.sibling(output));
            }
        }
        expressions.iter().map(|expr| replaced[&expr.key()].typed()).collect()
    }
}
