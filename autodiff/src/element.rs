//! Element types as a file names them: `f32`.

use bayeux_tensor::ElementType;
use serde::{Deserialize, Deserializer, Serializer, de::Error};

const ALL: [ElementType; 6] = [
    ElementType::Bool,
    ElementType::U8,
    ElementType::I32,
    ElementType::I64,
    ElementType::F32,
    ElementType::F64,
];

pub(crate) fn serialize<S: Serializer>(element: &ElementType, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(element)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<ElementType, D::Error> {
    let name = String::deserialize(from)?;
    let found = ALL.into_iter().find(|element| element.to_string() == name);
    found.ok_or_else(|| D::Error::custom(format!("`{name}` is no element type")))
}
