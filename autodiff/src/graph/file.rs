//! The file: tensors as safetensors keeps them, the graph as JSON in its metadata, and a check sum of both.

use std::borrow::Cow;
use std::collections::HashMap;

use bayeux_tensor::{AnyTensor, Element, ElementType, Tensor};
use safetensors::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The key of the metadata. There is one, since the order of several would differ from run to run.
const KEY: &str = "bayeux";
/// What this program writes. It reads this and what was before it.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Envelope<'a> {
    version: u32,
    /// CRC-32 of the graph's text and of all tensors, in hexadecimal digits.
    crc32: Cow<'a, str>,
    #[serde(borrow)]
    graph: Cow<'a, RawValue>,
}

/// The bytes of a file.
pub(super) fn write(graph: &impl Serialize, tensors: &[AnyTensor]) -> Result<Vec<u8>, String> {
    let graph = serde_json::value::to_raw_value(graph).map_err(|what| what.to_string())?;
    let tensors: Vec<(String, Bytes)> =
        tensors.iter().enumerate().map(|(i, tensor)| (name(i), Bytes::of(tensor))).collect();
    let views = tensors.iter().map(|(_, bytes)| (bytes.dtype, &bytes.shape[..], &bytes.data[..]));
    let crc32 = format!("{:08x}", check_sum(graph.get(), views));
    let envelope = Envelope { version: VERSION, crc32: crc32.into(), graph: Cow::Owned(graph) };
    let text = serde_json::to_string(&envelope).map_err(|what| what.to_string())?;
    safetensors::serialize(tensors, Some(HashMap::from([(KEY.to_owned(), text)])))
        .map_err(|what| what.to_string())
}

/// The graph and the tensors of a file, or what is wrong with it.
pub(super) fn read<G: for<'a> Deserialize<'a>>(bytes: &[u8]) -> Result<(G, Vec<AnyTensor>), String> {
    let no_file = |what: safetensors::SafeTensorError| format!("is no file of a graph, or damaged: {what}");
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(no_file)?;
    let file = SafeTensors::deserialize(bytes).map_err(no_file)?;
    let text = header.metadata().as_ref().and_then(|metadata| metadata.get(KEY));
    let text = text.ok_or("holds tensors, but no graph")?;
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|what| format!("is damaged: {what}"))?;
    if envelope.version > VERSION {
        return Err(format!("is of version {}; this program reads up to {VERSION}", envelope.version));
    }
    let mut tensors = Vec::with_capacity(file.len());
    for i in 0..file.len() {
        tensors.push(file.tensor(&name(i)).map_err(|_| format!("is damaged: the tensor {i} is missing"))?);
    }
    let views = tensors.iter().map(|view| (view.dtype(), view.shape(), view.data()));
    let sum = format!("{:08x}", check_sum(envelope.graph.get(), views));
    if sum != envelope.crc32 {
        return Err(format!("is damaged: its check sum is {sum}, not {}", envelope.crc32));
    }
    let graph = serde_json::from_str(envelope.graph.get())
        .map_err(|what| format!("holds a graph that cannot be read: {what}"))?;
    let tensors = tensors.iter().map(|view| tensor(view.dtype(), view.shape(), view.data()));
    Ok((graph, tensors.collect::<Result<_, _>>()?))
}

fn name(tensor: usize) -> String {
    format!("tensor {tensor}")
}

fn check_sum<'a>(graph: &str, tensors: impl Iterator<Item = (Dtype, &'a [usize], &'a [u8])>) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(graph.as_bytes());
    for (dtype, shape, data) in tensors {
        sum.update(format!("{dtype} {shape:?}").as_bytes());
        sum.update(data);
    }
    sum.finalize()
}

/// A tensor as a file has it: row-major, the least byte first.
struct Bytes {
    dtype: Dtype,
    shape: Vec<usize>,
    data: Vec<u8>,
}

impl Bytes {
    fn of(tensor: &AnyTensor) -> Self {
        fn data<T: Element, const N: usize>(tensor: &Tensor<T>, bytes: fn(T) -> [u8; N]) -> Vec<u8> {
            tensor.to_vec().into_iter().flat_map(bytes).collect()
        }
        let (dtype, data) = match tensor {
            AnyTensor::Bool(x) => (Dtype::BOOL, data(x, |x| [u8::from(x)])),
            AnyTensor::U8(x) => (Dtype::U8, x.to_vec()),
            AnyTensor::I32(x) => (Dtype::I32, data(x, i32::to_le_bytes)),
            AnyTensor::I64(x) => (Dtype::I64, data(x, i64::to_le_bytes)),
            AnyTensor::F32(x) => (Dtype::F32, data(x, f32::to_le_bytes)),
            AnyTensor::F64(x) => (Dtype::F64, data(x, f64::to_le_bytes)),
        };
        Bytes { dtype, shape: tensor.shape().to_vec(), data }
    }
}

impl View for Bytes {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        (&self.data).into()
    }
    fn data_len(&self) -> usize {
        self.data.len()
    }
}

fn tensor(dtype: Dtype, shape: &[usize], data: &[u8]) -> Result<AnyTensor, String> {
    fn elements<T: Element, const N: usize>(shape: &[usize], data: &[u8], of: fn([u8; N]) -> T) -> AnyTensor {
        let (parts, _) = data.as_chunks::<N>();
        Tensor::new(shape, parts.iter().map(|part| of(*part)).collect::<Vec<T>>()).into()
    }
    Ok(match dtype {
        Dtype::BOOL => elements(shape, data, |[x]: [u8; 1]| x != 0),
        Dtype::U8 => elements(shape, data, |[x]: [u8; 1]| x),
        Dtype::I32 => elements(shape, data, i32::from_le_bytes),
        Dtype::I64 => elements(shape, data, i64::from_le_bytes),
        Dtype::F32 => elements(shape, data, f32::from_le_bytes),
        Dtype::F64 => elements(shape, data, f64::from_le_bytes),
        other => return Err(format!("holds a tensor of {other}")),
    })
}

/// A number as its bits.
pub(super) fn bits(number: &AnyTensor) -> u64 {
    number.bits().next().unwrap_or_default()
}

/// The number of some bits.
pub(super) fn number(element: ElementType, bits: u64) -> AnyTensor {
    match element {
        ElementType::Bool => Tensor::scalar(bits != 0).into(),
        ElementType::U8 => Tensor::scalar(bits as u8).into(),
        ElementType::I32 => Tensor::scalar(bits as i32).into(),
        ElementType::I64 => Tensor::scalar(bits as i64).into(),
        ElementType::F32 => Tensor::scalar(f32::from_bits(bits as u32)).into(),
        ElementType::F64 => Tensor::scalar(f64::from_bits(bits)).into(),
    }
}
