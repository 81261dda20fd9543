//! Expressions as the text of a StableHLO module, which XLA reads.

mod forms;
mod loops;
mod positions;
#[cfg(test)]
mod tests;
mod writer;

use std::collections::{HashMap, HashSet};

use bayeux_tensor::{AnyTensor, Tensor};

use crate::dim::Sizes;
use crate::expr::{Key, all_untyped, topological_to};
use crate::ops::{Call, Op};
use crate::stabilise::{Stabiliser, stabilise};
use crate::{AnyExpr, ArrayType, Dim, Error, Expr, Kind, Shape, ValueType};

pub(crate) use forms::{integers, pairs};
pub(crate) use positions::Positions;
pub use writer::{Hlo, HloType, HloValue};

/// Expressions as a module of [StableHLO](https://openxla.org/stablehlo), the language of XLA, with one function `main` from inputs to
/// outputs: text that JAX, IREE and others read. It says what a [`Function`](crate::Function) of the same inputs and outputs computes,
/// stable forms included.
///
/// Variables are further arguments behind the inputs, in the order of [`Expr::shareds`]; the first lines of the text name all
/// arguments. Sizes are numbers there: `sizes` says what free dimensions are. Programs inside programs are written out where they are
/// called, loops are loops.
///
/// What the operations of XLA do not know is lost: positions beyond an axis are no error but moved to its end, `require` is not looked at,
/// and of several parts that `scatter_set` puts to one place any may stay, though XLA's for the CPU keeps the last. Digits are XLA's: where
/// an operation has no counterpart it is written by a formula of others, as long as that keeps its digits. Operations that
/// have neither are refused, as are random numbers; those of one's own get a form by [`Operation::stablehlo`](crate::Operation::stablehlo).
///
/// ```
/// use bayeux_autodiff::{Expr, batch, to_stablehlo};
/// let x = Expr::<f32>::input("x", (batch(), 3));
/// let text = to_stablehlo(&[x.clone()], &[x.tanh().sum(1)], &[(batch(), 2)])?;
/// assert!(text.contains("func.func public @main(%arg0: tensor<2x3xf32>) -> tensor<2xf32>"));
/// assert!(text.contains("%0 = \"stablehlo.tanh\"(%arg0) : (tensor<2x3xf32>) -> tensor<2x3xf32>"));
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
///
/// # Errors
/// [`Error::NoStableHlo`] for an operation without a form there, [`Error::FreeDimension`] for a dimension that `sizes` do not tell, and
/// those of [`Function::new`](crate::Function::new) for inputs that are none, are missing or given twice.
pub fn to_stablehlo<T: Kind>(
    inputs: &[Expr<T>],
    outputs: &[Expr<T>],
    sizes: &[(Dim, usize)],
) -> Result<String, Error> {
    let (names, roots) = (all_untyped(inputs), all_untyped(outputs));
    let mut seen = HashSet::new();
    for input in &names {
        if !matches!(input.op(), Op::Input(_)) {
            return Err(Error::NotAnInput(format!("{input:?}")));
        }
        if !seen.insert(input.key()) {
            return Err(Error::DuplicateInput(input.name().unwrap_or("unnamed").into()));
        }
    }
    let variables: Vec<AnyExpr> = Expr::shareds(&roots).iter().map(Expr::shared).collect();
    let stable = Stabiliser::new(&roots, &names);
    let roots: Vec<AnyExpr> = roots.iter().map(|root| stable.of(root)).collect();
    let mut export = Export { hlo: Hlo::new(), sizes: known(sizes)? };
    let arguments: Vec<&AnyExpr> = names.iter().chain(&variables).collect();
    let mut header = String::from("module {\n");
    let mut values = HashMap::new();
    let mut signature = Vec::new();
    for (number, argument) in arguments.into_iter().enumerate() {
        let of = export.of(argument.value_type())?;
        header += &format!(
            "  // %arg{number}: {}\n",
            argument.name().unwrap_or("unnamed").replace(char::is_control, " ")
        );
        signature.push(format!("%arg{number}: {of}"));
        values.insert(argument.key(), HloValue::argument(number, of));
    }
    let results = export.values(&roots, values)?;
    let types = writer::listed(results.iter().map(HloValue::of));
    let of_all = if results.len() == 1 { types.clone() } else { format!("({types})") };
    let names = writer::listed(&results);
    header += &format!("  func.func public @main({}) -> {of_all} {{\n", signature.join(", "));
    Ok(header + &export.hlo.into_text() + &format!("    return {names} : {types}\n  }}\n}}\n"))
}

/// The sizes of symbols, from those of dimensions.
fn known(given: &[(Dim, usize)]) -> Result<Sizes, Error> {
    let mut sizes = Sizes::new();
    let mut left: Vec<&(Dim, usize)> = given.iter().collect();
    while let Some((first, _)) = left.first() {
        let mut waiting = Vec::new();
        for &pair in &left {
            let (dim, size) = pair;
            let refused = |why| Error::Dimension {
                dim: dim.to_string(),
                what: format!("cannot be {size}"),
                place: why,
            };
            match dim.bind(*size, &mut sizes) {
                Ok(true) => {}
                Ok(false) => waiting.push(pair),
                Err(why) => return Err(refused(if why.is_empty() { why } else { format!(": {why}") })),
            }
        }
        if waiting.len() == left.len() {
            return Err(Error::FreeDimension(first.to_string()));
        }
        left = waiting;
    }
    Ok(sizes)
}

/// The way through expressions.
struct Export {
    hlo: Hlo,
    sizes: Sizes,
}

impl Export {
    fn shape(&self, shape: &Shape) -> Result<Vec<usize>, Error> {
        shape.resolve(&self.sizes)
    }

    fn of(&self, of: &ValueType) -> Result<HloType, Error> {
        Ok(HloType::new(of.element, self.shape(&of.shape)?))
    }

    /// The values of some expressions, from those that are there.
    fn values(
        &mut self,
        roots: &[AnyExpr],
        mut values: HashMap<Key, HloValue>,
    ) -> Result<Vec<HloValue>, Error> {
        for node in topological_to(roots, |value| values.contains_key(&value.key())) {
            let inputs: Vec<HloValue> =
                node.inputs().iter().map(|input| values[&input.key()].clone()).collect();
            let results = self.node(&node, &inputs)?;
            let keys = (0..results.len()).map(|output| node.sibling(output).key());
            values.extend(keys.zip(results));
        }
        Ok(roots.iter().map(|root| values[&root.key()].clone()).collect())
    }

    fn node(&mut self, node: &AnyExpr, inputs: &[HloValue]) -> Result<Vec<HloValue>, Error> {
        match node.op() {
            Op::Input(_) => Err(Error::MissingInput(node.name().unwrap_or("unnamed").into())),
            Op::Size(dim) => {
                let size = AnyTensor::from(Tensor::scalar(dim.resolve(&self.sizes)? as i64));
                Ok(vec![self.hlo.constant(&size.cast_to(node.element_type()))])
            }
            Op::Call(Call { lambda, .. }) => {
                let parameters = lambda.parameters().iter().map(Expr::key);
                self.values(&stabilise(lambda.body()), parameters.zip(inputs.iter().cloned()).collect())
            }
            Op::Scan(scan) => self.repeated(scan, node, inputs),
            op => {
                let types = node.types().iter().map(|of| self.of(of));
                let types = types.collect::<Result<Vec<HloType>, Error>>()?;
                let given: Vec<ArrayType<'_>> = inputs
                    .iter()
                    .map(|input| ArrayType { element: input.of().element, shape: &input.of().shape })
                    .collect();
                let op = op.at(&self.sizes, &given, &types[0].shape)?;
                let values = op.rule().stablehlo(&mut self.hlo, inputs, &types);
                values.ok_or_else(|| Error::NoStableHlo(op.rule().name()))
            }
        }
    }
}
