//! The same function of other variables.

use std::collections::{HashMap, HashSet};
use std::marker::PhantomData;

use super::{Function, FunctionBuilder};
use crate::expr::{Key, topological};
use crate::ops::Op;
use crate::substitute::replaced;
use crate::{AnyExpr, Error, Kind, Shared, Untyped, Updates};

impl<T: Kind> Function<T> {
    /// A copy of the function in which some variables stand in for others, in what is read and in what is updated: the same training
    /// step for another set of weights (Theano's `copy(swap=…)`). Variables that are not named stay shared. Random numbers begin
    /// with those of the first call.
    ///
    /// ```
    /// use bayeux_autodiff::{Function, Shared};
    /// use bayeux_tensor::Tensor;
    /// let count = Shared::new("count", Tensor::<f64>::scalar(0.0));
    /// let other = Shared::new("other", Tensor::scalar(10.0));
    /// let step = Function::<f64>::builder().updates([(&count, count.expr() + 1.0)]).build()?;
    /// let beside = step.with_variables(&[(&count, &other)])?;
    /// step.call(&[])?;
    /// beside.call(&[])?;
    /// assert_eq!((count.get().item(), other.get().item()), (1.0, 11.0));
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::ForeignVariable`] for a variable that the function does not have; [`Error::UpdateType`] if the types of a pair differ;
    /// [`Error::DuplicateUpdate`] if one variable would get two updates.
    pub fn with_variables<K: Kind>(&self, pairs: &[(&Shared<K>, &Shared<K>)]) -> Result<Function<T>, Error> {
        let of = &self.compiled;
        let read: HashSet<Key> = topological(&of.roots)
            .iter()
            .filter(|node| matches!(node.op(), Op::Shared(_)))
            .map(AnyExpr::key)
            .collect();
        let mut expressions: HashMap<Key, AnyExpr> = HashMap::new();
        let mut variables: HashMap<usize, Shared<Untyped>> = HashMap::new();
        for (old, new) in pairs {
            let (old, new) = (old.untyped(), new.untyped());
            let key = Key::Variable(old.address());
            if !read.contains(&key) && !of.updated.iter().any(|updated| updated.address() == old.address()) {
                return Err(Error::ForeignVariable(old.name().into()));
            }
            if old.value_type() != new.value_type() {
                return Err(Error::UpdateType {
                    name: old.name().into(),
                    expected: old.value_type().to_string(),
                    found: new.value_type().to_string(),
                });
            }
            expressions.insert(key, new.expr());
            variables.insert(old.address(), new);
        }
        let mut outputs = replaced(&of.roots, expressions);
        let values = outputs.split_off(of.outputs());
        let swapped = |old: &Shared<Untyped>| variables.get(&old.address()).unwrap_or(old).clone();
        let updates: Updates<Untyped> = of.updated.iter().map(swapped).zip(values).collect();
        let builder = FunctionBuilder {
            inputs: of.inputs.clone(),
            outputs,
            updates,
            exclusive: of.exclusive,
            most_programs: of.programs.most(),
            kind: PhantomData,
        };
        builder.build()
    }
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Error, Expr, Function, Shared, grad};

    #[test]
    fn a_copy_trains_its_own_variables() {
        let x = Expr::<f64>::input("x", [2]);
        let [w, rate, v] = [("w", 1.0), ("rate", 0.5), ("v", 3.0)]
            .map(|(name, value)| Shared::new(name, Tensor::full([2], value)));
        let cost = (w.expr() * &x).square().sum_all();
        let slope = grad(&cost, &[w.expr()]).remove(0);
        let step = Function::builder()
            .inputs([&x])
            .outputs([&cost])
            .updates([(&w, w.expr() - slope * rate.expr())])
            .build()
            .expect("builds");
        let other = step.with_variables(&[(&w, &v)]).expect("fits");
        let ones = Tensor::ones([2]);
        assert_eq!(other.call(&[&ones]).expect("runs")[0].item(), 18.0);
        assert_eq!((w.get().to_vec(), v.get().to_vec()), (vec![1.0; 2], vec![0.0; 2]));
        // What is not named is shared.
        rate.set(Tensor::zeros([2]));
        step.call(&[&ones]).expect("runs");
        assert_eq!(w.get().to_vec(), [1.0; 2]);
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        let [w, v] = ["w", "v"].map(|name| Shared::new(name, Tensor::<f64>::ones([2])));
        let wide = Shared::new("wide", Tensor::<f64>::ones([3]));
        let f = Function::<f64>::builder()
            .updates([(&w, w.expr() * 2.0), (&v, v.expr() * 3.0)])
            .build()
            .expect("builds");
        let error = |pairs: &[(&Shared<f64>, &Shared<f64>)]| f.with_variables(pairs).expect_err("refused");
        assert_eq!(error(&[(&wide, &w)]), Error::ForeignVariable("wide".into()));
        assert!(matches!(error(&[(&w, &wide)]), Error::UpdateType { .. }));
        assert_eq!(error(&[(&w, &v)]), Error::DuplicateUpdate("v".into()));
    }
}
