//! From what stands in a file to expressions.

use std::sync::Arc;

use bayeux_tensor::AnyTensor;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::file::number;
use super::records::{
    CallRecord, ConstantRecord, GraphRecord, LambdaRecord, NodeRecord, ScanRecord, TypeRecord, ValueRecord,
    VariableRecord,
};
use crate::lambda::Lambda;
use crate::ops::{Call, Constant, How, Input, Noise, Op, Scan, fresh_makers};
use crate::{AnyExpr, Dim, Operations, Shape, Shared, Untyped, ValueType};

/// Expressions on their way out of a file. What is wrong with it is a text, to which the node is added.
struct Reader<'a> {
    operations: &'a Operations,
    tensors: Vec<AnyTensor>,
    variables: Vec<Shared<Untyped>>,
    lambdas: &'a [LambdaRecord],
    /// Those that have been needed. A lambda has an identity, so each is made once.
    made: Vec<Option<Arc<Lambda>>>,
    /// The first maker of noise, and how many there are.
    makers: (u64, u64),
    /// The first value of each node.
    nodes: Vec<AnyExpr>,
}

/// Inputs and named outputs.
pub(super) type Parts = (Vec<AnyExpr>, Vec<(String, AnyExpr)>);

/// Inputs and outputs of the graph of a file.
pub(super) fn graph(
    record: &GraphRecord,
    tensors: Vec<AnyTensor>,
    operations: &Operations,
) -> Result<Parts, String> {
    let mut reader = Reader {
        operations,
        variables: variables(&record.variables, &tensors)?,
        tensors,
        lambdas: &record.lambdas,
        made: vec![None; record.lambdas.len()],
        makers: (fresh_makers(record.makers), record.makers),
        nodes: Vec::with_capacity(record.nodes.len()),
    };
    for (place, record) in record.nodes.iter().enumerate() {
        let node = reader.node(record).map_err(|what| format!("node {place}, `{}`: {what}", record.op))?;
        reader.nodes.push(node);
    }
    let inputs = record.inputs.iter().map(|input| reader.parameter(*input)).collect::<Result<_, _>>()?;
    let output = |(name, value): &(String, ValueRecord)| Ok((name.clone(), reader.value(*value)?));
    let outputs = record.outputs.iter().map(output).collect::<Result<_, String>>()?;
    Ok((inputs, outputs))
}

fn variables(records: &[VariableRecord], tensors: &[AnyTensor]) -> Result<Vec<Shared<Untyped>>, String> {
    let variable = |record: &VariableRecord| {
        let tensor = tensors.get(record.tensor).ok_or_else(|| format!("`{}` has no tensor", record.name))?;
        let variable = Shared::of_tensor(record.name.as_str(), tensor.clone());
        Ok(record.tags.iter().fold(variable, |variable, tag| variable.tagged(tag)))
    };
    records.iter().map(variable).collect()
}

impl Reader<'_> {
    fn node(&mut self, record: &NodeRecord) -> Result<AnyExpr, String> {
        let attributes = record.attributes.clone();
        let op = match record.op.as_str() {
            "input" => Op::Input(Input::fresh()),
            "variable" => {
                let place: usize = attribute(attributes)?;
                Op::Shared(self.variables.get(place).ok_or("there is no such variable")?.clone())
            }
            "constant" => Op::Constant(Constant(match attribute(attributes)? {
                ConstantRecord::Bits(bits) => {
                    number(record.types.first().ok_or("has no type")?.element, bits)
                }
                ConstantRecord::Tensor(place) => {
                    self.tensors.get(place).ok_or("there is no such tensor")?.clone()
                }
            })),
            "size" => Op::Size(attribute::<Dim>(attributes)?),
            "noise" => {
                let noise: Noise = attribute(attributes)?;
                let (first, count) = self.makers;
                if noise.maker.is_some_and(|maker| maker >= count) {
                    return Err("there is no such maker".into());
                }
                Op::Noise(Noise { maker: noise.maker.map(|maker| first + maker), ..noise })
            }
            "call" => self.call(attribute(attributes)?)?,
            "scan" => {
                let ScanRecord { body, carried, sequences, length, backwards, until, limited, truncated } =
                    attribute(attributes)?;
                let body = self.lambda(body)?;
                let parts = carried.saturating_add(sequences);
                let stacks = carried.saturating_add(usize::from(until));
                if parts > body.parameters().len() || stacks > body.body().len() {
                    return Err("the body has too few parameters or values".into());
                }
                Scan { body, carried, sequences, length, backwards, until, limited, truncated }.into()
            }
            name => self.operations.load(name, attributes)?,
        };
        let inputs = record.inputs.iter().map(|input| self.value(*input)).collect::<Result<Vec<_>, _>>()?;
        let types = record.types.iter().map(value_type).collect::<Result<Vec<_>, _>>()?;
        check(&op, &inputs, &types)?;
        Ok(AnyExpr::assembled(op, inputs, types, record.name.as_deref()))
    }

    fn value(&self, (node, output): ValueRecord) -> Result<AnyExpr, String> {
        let node = self.nodes.get(node).filter(|node| output < node.types().len());
        node.map(|node| node.sibling(output)).ok_or_else(|| "reads what is not there yet".into())
    }

    /// An input of the graph or of a lambda.
    fn parameter(&self, node: usize) -> Result<AnyExpr, String> {
        let parameter = self.value((node, 0))?;
        match parameter.op() {
            Op::Input(_) => Ok(parameter),
            _ => Err(format!("node {node} is no input")),
        }
    }

    fn call(&mut self, record: CallRecord) -> Result<Op, String> {
        let lambda = self.lambda(record.lambda)?;
        let how = match record.rule {
            None => How::Apart,
            Some(rule) => {
                let slopes = self.lambdas.get(rule).ok_or("there is no such rule")?;
                let parameters = self.parameters(slopes)?;
                if slopes.values.len() + 2 != parameters.len() {
                    return Err("the rule has not one slope for each input".into());
                }
                let given: Vec<bool> = slopes.values.iter().map(Option::is_some).collect();
                let values = slopes.values.iter().flatten().map(|value| self.value(*value));
                let body = Lambda::new(parameters, values.collect::<Result<_, _>>()?);
                How::With(Arc::new(move |g, inputs, value| {
                    let arguments: Vec<AnyExpr> =
                        std::iter::once(g).chain(inputs).chain([value]).cloned().collect();
                    let mut slopes = body.apply(&arguments).into_iter();
                    given.iter().map(|given| if *given { slopes.next() } else { None }).collect()
                }))
            }
        };
        Ok(Op::Call(Call { lambda, how }))
    }

    fn parameters(&self, lambda: &LambdaRecord) -> Result<Vec<AnyExpr>, String> {
        lambda.parameters.iter().map(|node| self.parameter(*node)).collect()
    }

    fn lambda(&mut self, place: usize) -> Result<Arc<Lambda>, String> {
        let made = self.made.get(place).ok_or("there is no such lambda")?;
        if let Some(lambda) = made {
            return Ok(lambda.clone());
        }
        let record = &self.lambdas[place];
        let value =
            |value: &Option<ValueRecord>| self.value(value.ok_or("a value of the lambda is missing")?);
        let body = record.values.iter().map(value).collect::<Result<_, _>>()?;
        let lambda = Arc::new(Lambda::new(self.parameters(record)?, body));
        self.made[place] = Some(lambda.clone());
        Ok(lambda)
    }
}

fn attribute<A: DeserializeOwned>(attributes: Value) -> Result<A, String> {
    serde_json::from_value(attributes).map_err(|what| what.to_string())
}

fn value_type(record: &TypeRecord) -> Result<ValueType, String> {
    if let Some(dim) = record.shape.iter().find(|dim| dim.is_at_least(0) == Some(false)) {
        return Err(format!("an axis of the length {dim}"));
    }
    Ok(ValueType::new(record.element, Shape::from(&record.shape[..])))
}

/// Whether an op has values of these types.
fn check(op: &Op, inputs: &[AnyExpr], types: &[ValueType]) -> Result<(), String> {
    let [first, ..] = types else { return Err("has no value".into()) };
    let found = match op {
        Op::Constant(constant) => vec![ValueType::new(constant.0.element_type(), constant.0.shape())],
        Op::Shared(shared) => vec![shared.value_type()],
        Op::Size(_) => vec![ValueType::new(first.element, ())],
        Op::Noise(noise) if noise.kind.is_of(first.element) => vec![first.clone()],
        Op::Noise(_) => return Err(format!("has no values of type {}", first.element)),
        Op::Input(_) => vec![first.clone()],
        op => {
            let given: Vec<ValueType> = inputs.iter().map(|input| input.value_type().clone()).collect();
            op.infer(&given, &first.shape)?
        }
    };
    if op.is_leaf() && !inputs.is_empty() {
        return Err("has inputs".into());
    }
    if found != types {
        return Err(format!("has values of type {found:?}, not {types:?}"));
    }
    Ok(())
}
