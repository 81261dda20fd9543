//! The cases: graphs of ONNX operators, with the inputs and outputs that someone else computed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use bayeux_tensor::{AnyTensor, Element, Tensor};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

/// A graph, and what it makes of some inputs.
pub struct Case {
    pub name: String,
    /// The version of the operators' definitions.
    pub opset: i64,
    pub nodes: Vec<NodeOf>,
    pub inputs: Vec<Named>,
    pub outputs: Vec<Named>,
}

/// A node as the file has it. An optional value that is missing has the empty name.
pub struct NodeOf {
    pub op: String,
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
    pub attributes: Value,
}

/// A value of the graph: its elements, or the name of their type if there is none such here.
pub struct Named {
    pub name: String,
    pub value: Result<AnyTensor, String>,
}

/// The files that the environment names, or that of the referees.
pub fn files() -> Vec<PathBuf> {
    match std::env::var("BAYEUX_ONNX_CASES") {
        Ok(given) => given.split(',').filter(|file| !file.is_empty()).map(PathBuf::from).collect(),
        Err(_) => referees().into_iter().collect(),
    }
}

/// The referees' file. Where it is missing, nothing, and a word about it.
pub fn referees() -> Option<PathBuf> {
    let shared = std::env::var_os("BAYEUX_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let file = shared.join("referees/onnx-node.json");
    if !file.exists() {
        eprintln!("skipped: there is no {}; set BAYEUX_SHARED to check ONNX's cases", file.display());
        return None;
    }
    Some(file)
}

/// The cases of a file; their tensors lie beside it.
pub fn cases(file: &Path) -> Vec<Case> {
    let read =
        |file: &Path| std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let (cases, tensors) = (read(file), read(&file.with_extension("safetensors")));
    let cases: Vec<Value> = serde_json::from_slice(&cases).unwrap();
    let tensors = SafeTensors::deserialize(&tensors).unwrap();
    // By name once: the reader of the file looks from the start each time.
    let tensors: HashMap<String, TensorView<'_>> = tensors.tensors().into_iter().collect();
    cases.iter().map(|case| Case::new(case, &tensors)).collect()
}

impl Case {
    fn new(case: &Value, tensors: &HashMap<String, TensorView<'_>>) -> Self {
        let name = case["name"].as_str().unwrap();
        let named = |list: &str, side: &str| {
            let names = names(&case[list]).into_iter().filter(|name| !name.is_empty());
            let value = |value: &str| tensors.get(&format!("{name}/{side}/{value}")).map(tensor);
            names
                .map(|name| Named {
                    value: value(&name).unwrap_or_else(|| Err("no tensor at all".into())),
                    name,
                })
                .collect()
        };
        let node = |node: &Value| NodeOf {
            op: node["op"].as_str().unwrap().into(),
            inputs: names(&node["inputs"]),
            outputs: names(&node["outputs"]),
            attributes: node["attributes"].clone(),
        };
        Case {
            name: name.into(),
            opset: case["opset"].as_object().and_then(|sets| sets.values().next()?.as_i64()).unwrap_or(0),
            nodes: case["nodes"].as_array().unwrap().iter().map(node).collect(),
            inputs: named("inputs", "in"),
            outputs: named("outputs", "out"),
        }
    }

    /// Which of its types there is none of here, if so.
    pub fn foreign_type(&self) -> Option<&str> {
        self.inputs
            .iter()
            .chain(&self.outputs)
            .find_map(|named| named.value.as_ref().err().map(String::as_str))
    }
}

fn names(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().map(|name| name.as_str().unwrap().into()).collect()
}

/// A tensor of one of the types that there are.
fn tensor(view: &TensorView<'_>) -> Result<AnyTensor, String> {
    fn of<T: Element, const N: usize>(view: &TensorView<'_>, element: fn([u8; N]) -> T) -> AnyTensor {
        let elements = view.data().chunks_exact(N).map(|bytes| element(bytes.try_into().unwrap()));
        Tensor::new(view.shape(), elements.collect()).into()
    }
    Ok(match view.dtype() {
        Dtype::F32 => of(view, f32::from_le_bytes),
        Dtype::F64 => of(view, f64::from_le_bytes),
        Dtype::I32 => of(view, i32::from_le_bytes),
        Dtype::I64 => of(view, i64::from_le_bytes),
        Dtype::U8 => of(view, u8::from_le_bytes),
        Dtype::BOOL => of(view, |[byte]| byte != 0),
        other => return Err(format!("{other:?}")),
    })
}
