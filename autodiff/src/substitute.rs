//! The same expressions with some of their parts exchanged.

use std::collections::HashMap;

use bayeux_tensor::Float;

use crate::Expr;
use crate::expr::{Key, topological};

impl<T: Float> Expr<T> {
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
    /// If the shapes of a pair differ.
    #[track_caller]
    pub fn substitute(expressions: &[Expr<T>], pairs: &[(&Expr<T>, &Expr<T>)]) -> Vec<Expr<T>> {
        let mut replaced: HashMap<Key, Expr<T>> = HashMap::new();
        for (from, to) in pairs {
            assert!(
                from.shape() == to.shape(),
                "substitute: {from:?} has shape {}, its replacement {to:?} {}",
                from.shape(),
                to.shape()
            );
            replaced.insert(from.key(), (*to).clone());
        }
        for node in topological(expressions) {
            if replaced.contains_key(&node.key()) {
                continue;
            }
            let inputs: Vec<Expr<T>> =
                node.inputs().iter().map(|input| replaced[&input.key()].clone()).collect();
            let unchanged = inputs.iter().zip(node.inputs()).all(|(new, old)| new.key() == old.key());
            let rebuilt = if unchanged { node.clone() } else { node.with_inputs(inputs) };
            replaced.insert(node.key(), rebuilt);
        }
        expressions.iter().map(|expr| replaced[&expr.key()].clone()).collect()
    }

    pub(crate) fn with_inputs(&self, inputs: Vec<Expr<T>>) -> Self {
        let rebuilt = Expr::new(self.op().clone(), inputs, self.shape());
        match self.name() {
            Some(name) => rebuilt.named(name),
            None => rebuilt,
        }
    }
}
