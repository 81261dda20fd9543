//! From expressions to what stands in a file.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use bayeux_tensor::AnyTensor;
use serde::Serialize;
use serde_json::Value;

use super::file::bits;
use super::records::{
    CallRecord, ConstantRecord, GraphRecord, LambdaRecord, NodeRecord, ScanRecord, TypeRecord, ValueRecord,
    VariableRecord,
};
use crate::expr::{Key, topological_to};
use crate::lambda::Lambda;
use crate::ops::{Call, How, Op};
use crate::{AnyExpr, Error, Operations};

pub(super) struct Writer<'a> {
    operations: &'a Operations,
    /// The makers of noise that have been met.
    makers: BTreeSet<u64>,
    /// Inputs of the graph and of lambdas. What depends on another has no value.
    inputs: HashSet<Key>,
    /// What rules of gradients made. A node is known by its address, which another would get if it were let go.
    kept: Vec<AnyExpr>,
    written: HashMap<Key, usize>,
    /// By their addresses.
    lambdas: HashMap<usize, usize>,
    pub record: GraphRecord,
    pub tensors: Vec<AnyTensor>,
}

impl<'a> Writer<'a> {
    pub fn new(operations: &'a Operations) -> Self {
        let record = GraphRecord {
            inputs: Vec::new(),
            outputs: Vec::new(),
            variables: Vec::new(),
            makers: 0,
            lambdas: Vec::new(),
            nodes: Vec::new(),
        };
        Writer {
            operations,
            makers: BTreeSet::new(),
            inputs: HashSet::new(),
            kept: Vec::new(),
            written: HashMap::new(),
            lambdas: HashMap::new(),
            record,
            tensors: Vec::new(),
        }
    }

    /// Writes inputs, of the graph or of a lambda, and says which nodes they are.
    pub fn inputs(&mut self, inputs: &[AnyExpr]) -> Result<Vec<usize>, Error> {
        self.inputs.extend(inputs.iter().map(AnyExpr::key));
        Ok(self.values(inputs)?.into_iter().map(|(node, _)| node).collect())
    }

    /// What stands in the file, when all is written: makers of noise are counted in the order in which they came to be.
    pub fn finish(mut self) -> (GraphRecord, Vec<AnyTensor>) {
        for node in self.record.nodes.iter_mut().filter(|node| node.op == "noise") {
            let maker = &mut node.attributes["maker"];
            if let Some(number) = maker.as_u64() {
                *maker = Value::from(self.makers.range(..number).count());
            }
        }
        self.record.makers = self.makers.len() as u64;
        (self.record, self.tensors)
    }

    /// Writes what some values need, and says where they are.
    pub fn values(&mut self, values: &[AnyExpr]) -> Result<Vec<ValueRecord>, Error> {
        for node in topological_to(values, |value| self.written.contains_key(&value.node_key())) {
            // A lambda that was written meanwhile may need it, too.
            if self.written.contains_key(&node.node_key()) {
                continue;
            }
            let record = self.node(&node)?;
            self.written.insert(node.node_key(), self.record.nodes.len());
            self.record.nodes.push(record);
        }
        Ok(values.iter().map(|value| (self.written[&value.node_key()], value.key().output())).collect())
    }

    fn node(&mut self, node: &AnyExpr) -> Result<NodeRecord, Error> {
        let rule = node.op().rule();
        let (op, attributes) = match node.op() {
            Op::Input(_) if self.inputs.contains(&node.key()) => ("input", Value::Null),
            Op::Input(_) => return Err(Error::MissingInput(node.name().unwrap_or("without a name").into())),
            Op::Shared(shared) => {
                self.record.variables.push(VariableRecord {
                    name: shared.name().to_owned(),
                    tags: shared.tags(),
                    tensor: self.tensors.len(),
                });
                self.tensors.push(shared.get());
                ("variable", Value::from(self.record.variables.len() - 1))
            }
            Op::Constant(constant) if constant.0.rank() == 0 => {
                ("constant", json(&ConstantRecord::Bits(bits(&constant.0)))?)
            }
            Op::Constant(constant) => {
                self.tensors.push(constant.0.clone());
                ("constant", json(&ConstantRecord::Tensor(self.tensors.len() - 1))?)
            }
            Op::Size(dim) => ("size", json(dim)?),
            Op::Noise(noise) => {
                self.makers.extend(noise.maker);
                ("noise", json(noise)?)
            }
            Op::Call(call) => ("call", self.call(call, node)?),
            Op::Scan(scan) => {
                let body = self.lambda(&scan.body)?;
                let (length, truncated) = (scan.length.clone(), scan.truncated);
                let (carried, sequences) = (scan.carried, scan.sequences);
                let (backwards, until, limited) = (scan.backwards, scan.until, scan.limited);
                let record =
                    ScanRecord { body, carried, sequences, length, backwards, until, limited, truncated };
                ("scan", json(&record)?)
            }
            _ => self.operations.save(rule).ok_or_else(|| Error::NotSaved(rule.name()))?,
        };
        let inputs = self.values(node.inputs())?;
        let types = node.types().iter();
        let types =
            types.map(|of| TypeRecord { element: of.element, shape: of.shape.dims().to_vec() }).collect();
        Ok(NodeRecord { op: op.into(), attributes, inputs, types, name: node.name().map(str::to_owned) })
    }

    fn call(&mut self, call: &Call, node: &AnyExpr) -> Result<Value, Error> {
        let lambda = self.lambda(&call.lambda)?;
        let rule = match &call.how {
            How::Apart => None,
            How::With(rule) => {
                // What the rule makes of parameters is all there is to say about it.
                let inputs: Vec<AnyExpr> = node.inputs().iter().map(AnyExpr::parameter_like).collect();
                let (g, value) = (AnyExpr::parameter_like(node), AnyExpr::parameter_like(node));
                let slopes = rule(&g, &inputs, &value);
                let parameters: Vec<AnyExpr> = std::iter::once(g).chain(inputs).chain([value]).collect();
                self.kept.extend(slopes.iter().flatten().cloned());
                Some(self.lambda_of(&parameters, &slopes)?)
            }
        };
        json(&CallRecord { lambda, rule })
    }

    fn lambda(&mut self, lambda: &Arc<Lambda>) -> Result<usize, Error> {
        let address = Arc::as_ptr(lambda).addr();
        if let Some(place) = self.lambdas.get(&address) {
            return Ok(*place);
        }
        let values: Vec<Option<AnyExpr>> = lambda.body().iter().cloned().map(Some).collect();
        let place = self.lambda_of(lambda.parameters(), &values)?;
        self.lambdas.insert(address, place);
        Ok(place)
    }

    fn lambda_of(&mut self, parameters: &[AnyExpr], values: &[Option<AnyExpr>]) -> Result<usize, Error> {
        let parameters = self.inputs(parameters)?;
        let mut records = Vec::with_capacity(values.len());
        for value in values {
            records.push(match value {
                Some(value) => self.values(std::slice::from_ref(value))?.pop(),
                None => None,
            });
        }
        self.record.lambdas.push(LambdaRecord { parameters, values: records });
        Ok(self.record.lambdas.len() - 1)
    }
}

fn json(attributes: &impl Serialize) -> Result<Value, Error> {
    serde_json::to_value(attributes).map_err(|what| Error::NotSaved(what.to_string()))
}
