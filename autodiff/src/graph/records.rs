//! What stands in a file: one table of nodes, in an order in which each can be made, and lambdas that name nodes of it.

use bayeux_tensor::ElementType;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Dim;

/// A value: the place of its node in the table, and which of the node's values it is.
pub(super) type ValueRecord = (usize, usize);

#[derive(Serialize, Deserialize)]
pub(super) struct GraphRecord {
    pub inputs: Vec<usize>,
    pub outputs: Vec<(String, ValueRecord)>,
    pub variables: Vec<VariableRecord>,
    /// How many makers of noise there are, see [`RandomStreams::apart`](crate::RandomStreams::apart).
    pub makers: u64,
    pub lambdas: Vec<LambdaRecord>,
    pub nodes: Vec<NodeRecord>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct VariableRecord {
    pub name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    pub tensor: usize,
}

/// Parameters and values of a lambda. Of the slopes of a custom gradient some are zero, which have no value.
#[derive(Serialize, Deserialize)]
pub(super) struct LambdaRecord {
    pub parameters: Vec<usize>,
    pub values: Vec<Option<ValueRecord>>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct NodeRecord {
    pub op: String,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub attributes: Value,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<ValueRecord>,
    pub types: Vec<TypeRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct TypeRecord {
    #[serde(with = "crate::element")]
    pub element: ElementType,
    pub shape: Vec<Dim>,
}

/// Attributes of a constant.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ConstantRecord {
    /// A number, as its bits.
    Bits(u64),
    Tensor(usize),
}

/// Attributes of a lambda that is computed by a program of its own, or, with a rule, of a custom gradient.
#[derive(Serialize, Deserialize)]
pub(super) struct CallRecord {
    pub lambda: usize,
    /// The lambda of the adjoint, the inputs and the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<usize>,
}

/// Attributes of a loop.
#[derive(Serialize, Deserialize)]
pub(super) struct ScanRecord {
    pub body: usize,
    pub carried: usize,
    pub sequences: usize,
    pub length: Dim,
    pub backwards: bool,
    pub until: bool,
    pub limited: bool,
    pub truncated: Option<usize>,
}
