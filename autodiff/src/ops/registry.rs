//! Which operations a file can hold, and under which names.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Op, Operation};

/// The operations that a file can hold, by the names that they have there: all of this crate, and one's own that are added to them.
///
/// ```
/// use bayeux_autodiff::{AnyExpr, Error, Expr, Graph, Operation, Operations, ValueType, View, interpret};
/// use bayeux_tensor::{AnySliceMut, Tensor};
/// use serde::{Deserialize, Serialize};
///
/// /// x + c.
/// #[derive(Debug, PartialEq, Hash, Serialize, Deserialize)]
/// struct Plus {
///     c: u32,
/// }
///
/// impl Operation for Plus {
///     fn name(&self) -> String {
///         format!("plus {}", self.c)
///     }
///     fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
///         Ok(vec![inputs[0].clone()])
///     }
///     fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
///         let (x, y) = (inputs[0].elements::<f64>(), outputs[0].reborrow().get::<f64>());
///         y.iter_mut().zip(x).for_each(|(y, x)| *y = x + f64::from(self.c));
///         Ok(())
///     }
///     fn gradient(&self, g: &AnyExpr, _: &[AnyExpr], _: &AnyExpr) -> Vec<Option<AnyExpr>> {
///         vec![Some(g.clone())]
///     }
/// }
///
/// let x = Expr::<f64>::input("x", [2]);
/// let graph = Graph::new().input(&x).output("y", &Expr::apply(Plus { c: 3 }, &[x]));
/// let operations = Operations::new().with::<Plus>("my_plus");
/// let bytes = graph.to_bytes(&operations)?;
/// assert!(graph.to_bytes(&Operations::new()).is_err());
///
/// let same = Graph::from_bytes(&bytes, &operations)?;
/// let (x, y) = (same.inputs()[0].typed(), same.get::<f64>("y")?);
/// assert_eq!(interpret(&[y], &[(&x, &Tensor::from_slice(&[1.0, 2.0]))], 0)?[0].to_vec(), [4.0, 5.0]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct Operations {
    names: HashMap<TypeId, &'static str>,
    entries: HashMap<&'static str, Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    /// The attributes of an operation of this type.
    save: fn(&dyn Any) -> Option<Value>,
    /// The operation of these attributes, or what is wrong with them.
    load: fn(Value) -> Result<Op, serde_json::Error>,
}

impl Operations {
    /// Those of this crate.
    #[must_use]
    pub fn new() -> Self {
        super::by_name(Operations { names: HashMap::new(), entries: HashMap::new() })
    }

    /// One more, under a name that no other has. Whoever loads the file needs to have it under the same.
    ///
    /// # Panics
    /// If there is one of that name, or the type has a name.
    #[track_caller]
    #[must_use]
    pub fn with<O: Operation + Serialize + DeserializeOwned>(self, name: &'static str) -> Self {
        self.add::<O>(name, |op| Ok(Arc::new(serde_json::from_value::<O>(op)?).into()))
    }

    /// One that passes of the compiler know.
    #[track_caller]
    pub(crate) fn known<O: Operation + Serialize + DeserializeOwned + Into<Op>>(
        self,
        name: &'static str,
    ) -> Self {
        self.add::<O>(name, |op| Ok(serde_json::from_value::<O>(op)?.into()))
    }

    #[track_caller]
    fn add<O: Operation + Serialize>(
        mut self,
        name: &'static str,
        load: fn(Value) -> Result<Op, serde_json::Error>,
    ) -> Self {
        let save = |op: &dyn Any| op.downcast_ref::<O>().and_then(|op| serde_json::to_value(op).ok());
        let others =
            (self.names.insert(TypeId::of::<O>(), name), self.entries.insert(name, Entry { save, load }));
        assert!(matches!(others, (None, None)), "Operations: `{name}`, or its type, is there already");
        self
    }

    /// Name and attributes of an operation, if it is one of these.
    pub(crate) fn save(&self, op: &dyn Operation) -> Option<(&'static str, Value)> {
        let op: &dyn Any = op;
        let name = *self.names.get(&op.type_id())?;
        Some((name, (self.entries[name].save)(op)?))
    }

    /// All names.
    #[cfg(test)]
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.entries.keys().copied()
    }

    /// The operation of some name and attributes.
    pub(crate) fn load(&self, name: &str, attributes: Value) -> Result<Op, String> {
        let entry = self.entries.get(name).ok_or_else(|| format!("there is no operation `{name}`"))?;
        (entry.load)(attributes).map_err(|what| what.to_string())
    }
}

impl Default for Operations {
    fn default() -> Self {
        Operations::new()
    }
}

impl std::fmt::Debug for Operations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut names: Vec<_> = self.entries.keys().collect();
        names.sort();
        f.debug_set().entries(names).finish()
    }
}
