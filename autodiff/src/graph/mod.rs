//! Expressions in a file.

mod file;
mod read;
mod records;
#[cfg(test)]
mod tests;
mod write;

use std::path::Path;

use crate::ops::Op;
use crate::{AnyExpr, Error, Expr, Kind, Operations, Shared, Untyped};

use write::Writer;

/// Expressions that are kept together: inputs, named outputs, and the variables they depend on with their values. For files.
///
/// A file is in the format of safetensors, so that others can read the variables and constants in it; the graph is JSON in its
/// metadata, under the key `bayeux`. It has a version, and a check sum of all that counts: a damaged file is refused. Sizes stay
/// free, random numbers are those of the seed, and the values are the same bits as before. What names the lines of a program, as
/// messages do, is not in it.
///
/// A file that somebody has made on purpose is another matter: load only what you trust.
///
/// ```
/// use bayeux_autodiff::{Expr, Function, Graph, Operations, Shared, batch, grad};
/// use bayeux_tensor::Tensor;
///
/// let x = Expr::<f64>::input("x", (batch(), 2));
/// let w = Shared::new("w", Tensor::from_slice(&[0.5, -1.0]));
/// let cost = x.matmul(&w.expr()).tanh().square().mean_all();
/// let slope = grad(&cost, &[w.expr()]).remove(0);
/// let bytes = Graph::new().input(&x).output("cost", &cost).output("slope", &slope).to_bytes(&Operations::new())?;
///
/// let graph = Graph::from_bytes(&bytes, &Operations::new())?;
/// let outputs = [graph.get::<f64>("cost")?, graph.get("slope")?];
/// let f = Function::<f64>::builder().inputs([&graph.inputs()[0].typed()]).outputs(&outputs).build()?;
/// let g = Function::<f64>::new([&x], [&cost, &slope])?;
/// let data = Tensor::new([3, 2], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// assert_eq!(f.call(&[&data])?, g.call(&[&data])?);
/// assert_eq!(graph.variable::<f64>("w")?.get(), w.get());
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Graph {
    inputs: Vec<AnyExpr>,
    outputs: Vec<(String, AnyExpr)>,
}

impl Graph {
    /// Without inputs and outputs.
    #[must_use]
    pub fn new() -> Self {
        Graph::default()
    }

    /// With one more input.
    #[must_use]
    pub fn input(mut self, input: &Expr<impl Kind>) -> Self {
        self.inputs.push(input.untyped());
        self
    }

    /// With one more output.
    #[must_use]
    pub fn output(mut self, name: impl Into<String>, output: &Expr<impl Kind>) -> Self {
        self.outputs.push((name.into(), output.untyped()));
        self
    }

    /// The inputs in order.
    #[must_use]
    pub fn inputs(&self) -> &[AnyExpr] {
        &self.inputs
    }

    /// The outputs in order, with their names.
    #[must_use]
    pub fn outputs(&self) -> &[(String, AnyExpr)] {
        &self.outputs
    }

    /// The output of a name.
    ///
    /// # Errors
    /// If there is none, or its elements are of another type.
    pub fn get<T: Kind>(&self, name: &str) -> Result<Expr<T>, Error> {
        let found = self.outputs.iter().find(|(output, _)| output == name).map(|(_, output)| output);
        let fits = |output: &&AnyExpr| T::TYPE.is_none_or(|wanted| wanted == output.element_type());
        found.filter(fits).map(AnyExpr::typed).ok_or_else(|| {
            let found = found.map(|output| output.value_type().to_string());
            absent("output", name, found, self.outputs.iter().map(|(name, _)| name.as_str()))
        })
    }

    /// The variables on which the outputs depend, in the order in which a reader from left to right meets them.
    #[must_use]
    pub fn variables(&self) -> Vec<Shared<Untyped>> {
        AnyExpr::shareds(&self.roots())
    }

    /// The variable of a name; the first, if several bear it.
    ///
    /// # Errors
    /// If there is none, or its elements are of another type.
    pub fn variable<T: Kind>(&self, name: &str) -> Result<Shared<T>, Error> {
        let variables = self.variables();
        let found = variables.iter().find(|variable| variable.name() == name);
        found.and_then(Shared::of_kind).ok_or_else(|| {
            let found = found.map(|variable| variable.value_type().to_string());
            absent("variable", name, found, variables.iter().map(Shared::name))
        })
    }

    /// The bytes of a file. Rules of custom gradients are run, and what they make is written.
    ///
    /// # Panics
    /// Where such a rule does.
    ///
    /// # Errors
    /// If there is an operation that is not among those given, or an output needs an input that the graph has not.
    pub fn to_bytes(&self, operations: &Operations) -> Result<Vec<u8>, Error> {
        let roots = self.roots();
        if let Some(input) = self.inputs.iter().find(|input| !matches!(input.op(), Op::Input(_))) {
            return Err(Error::NotAnInput(format!("{input:?}")));
        }
        let mut writer = Writer::new(operations);
        let inputs = writer.inputs(&self.inputs)?;
        let places = writer.values(&roots)?;
        let (mut record, tensors) = writer.finish();
        let names = self.outputs.iter().map(|(name, _)| name.clone());
        (record.inputs, record.outputs) = (inputs, names.zip(places).collect());
        file::write(&record, &tensors).map_err(Error::NotSaved)
    }

    /// The graph of a file's bytes.
    ///
    /// # Errors
    /// If they are damaged, of a later version, or hold an operation that is not among those given.
    pub fn from_bytes(bytes: &[u8], operations: &Operations) -> Result<Self, Error> {
        Graph::read(Ok(bytes), operations).map_err(|what| Error::File { name: "graph".into(), what })
    }

    /// Writes a file of operations of this crate: [`to_bytes`](Self::to_bytes). What was there stays until all is written.
    ///
    /// # Errors
    /// As of [`to_bytes`](Self::to_bytes), and of the system.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let bytes = self.to_bytes(&Operations::new())?;
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let written = std::fs::write(&part, bytes).and_then(|()| std::fs::rename(&part, path));
        written.map_err(|what| Error::File { name: path.display().to_string(), what: what.to_string() })
    }

    /// Reads a file of operations of this crate: [`from_bytes`](Self::from_bytes).
    ///
    /// # Errors
    /// As of [`from_bytes`](Self::from_bytes), and of the system; with the file's name.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        let name = path.as_ref().display().to_string();
        let bytes = std::fs::read(path).map_err(|what| what.to_string());
        let bytes = bytes.as_deref().map_err(String::clone);
        Graph::read(bytes, &Operations::new()).map_err(|what| Error::File { name, what })
    }

    fn read(bytes: Result<&[u8], String>, operations: &Operations) -> Result<Self, String> {
        let (record, tensors) = file::read(bytes?)?;
        let (inputs, outputs) = read::graph(&record, tensors, operations)?;
        Ok(Graph { inputs, outputs })
    }

    fn roots(&self) -> Vec<AnyExpr> {
        self.outputs.iter().map(|(_, output)| output.clone()).collect()
    }
}

fn absent<'a>(what: &str, name: &str, found: Option<String>, names: impl Iterator<Item = &'a str>) -> Error {
    let what = match found {
        Some(found) => format!("the {what} `{name}` is {found}, which is not the type asked for"),
        None => format!("there is no {what} `{name}` among {:?}", names.collect::<Vec<_>>()),
    };
    Error::File { name: "graph".into(), what }
}
