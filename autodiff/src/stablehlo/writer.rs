//! Lines of StableHLO, in MLIR's generic form: one an operation.

use std::fmt::Write;

use bayeux_tensor::{AnyTensor, ElementType, Tensor, with_type};

/// The type of a value in StableHLO's text: element type and numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HloType {
    /// The type of the elements.
    pub element: ElementType,
    /// The shape.
    pub shape: Vec<usize>,
}

impl HloType {
    /// Of an element type and a shape.
    pub fn new(element: ElementType, shape: impl Into<Vec<usize>>) -> Self {
        HloType { element, shape: shape.into() }
    }

    /// How many axes there are.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.shape.len()
    }
}

/// `tensor<2x3xf32>`.
impl std::fmt::Display for HloType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("tensor<")?;
        self.shape.iter().try_for_each(|size| write!(f, "{size}x"))?;
        f.write_str(match self.element {
            ElementType::F32 => "f32",
            ElementType::F64 => "f64",
            ElementType::U8 => "ui8",
            ElementType::I32 => "i32",
            ElementType::I64 => "i64",
            ElementType::Bool => "i1",
        })?;
        f.write_str(">")
    }
}

/// A value in StableHLO's text: its name, such as `%3`, and its type.
#[derive(Clone, Debug)]
pub struct HloValue {
    name: String,
    of: HloType,
}

impl HloValue {
    /// The type.
    #[must_use]
    pub fn of(&self) -> &HloType {
        &self.of
    }

    pub(super) fn argument(number: usize, of: HloType) -> Self {
        HloValue { name: format!("%arg{number}"), of }
    }
}

impl std::fmt::Display for HloValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

/// The text of a StableHLO program in the making, to which operations add lines: see
/// [`Operation::stablehlo`](crate::Operation::stablehlo).
#[derive(Debug)]
pub struct Hlo {
    text: String,
    depth: usize,
    next: usize,
}

/// What a region interrupts.
pub(super) struct Outside(String);

impl Hlo {
    pub(super) fn new() -> Self {
        Hlo { text: String::new(), depth: 2, next: 0 }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// An operation with one value. A name without a dialect is one of `stablehlo`'s; attributes are as MLIR writes them, without braces.
    pub fn op(&mut self, name: &str, operands: &[&HloValue], attributes: &str, of: HloType) -> HloValue {
        self.op_with(name, operands, attributes, &[], vec![of]).remove(0)
    }

    /// An operation with regions, see [`region`](Self::region), or with several values.
    pub fn op_with(
        &mut self,
        name: &str,
        operands: &[&HloValue],
        attributes: &str,
        regions: &[String],
        types: Vec<HloType>,
    ) -> Vec<HloValue> {
        let number = self.next;
        self.next += 1;
        let values: Vec<HloValue> = match <[HloType; 1]>::try_from(types) {
            Ok([of]) => vec![HloValue { name: format!("%{number}"), of }],
            Err(types) => {
                let several = types.into_iter().enumerate();
                several.map(|(i, of)| HloValue { name: format!("%{number}#{i}"), of }).collect()
            }
        };
        let dialect = if name.contains('.') { "" } else { "stablehlo." };
        let count = if values.len() == 1 { String::new() } else { format!(":{}", values.len()) };
        let regions = if regions.is_empty() { String::new() } else { format!(" ({})", regions.join(", ")) };
        let attributes = if attributes.is_empty() { String::new() } else { format!(" {{{attributes}}}") };
        let names = listed(operands.iter());
        let (given, made) =
            (listed(operands.iter().map(|value| &value.of)), listed(values.iter().map(|value| &value.of)));
        let made = if values.len() == 1 { made } else { format!("({made})") };
        self.line(&format!(
            "%{number}{count} = \"{dialect}{name}\"({names}){regions}{attributes} : ({given}) -> {made}"
        ));
        values
    }

    /// A region: a block with parameters of these types, and what it returns.
    pub fn region(
        &mut self,
        parameters: &[HloType],
        body: impl FnOnce(&mut Self, &[HloValue]) -> Vec<HloValue>,
    ) -> String {
        let (outside, parameters) = self.enter(parameters);
        let values = body(self, &parameters);
        self.leave(outside, &values)
    }

    pub(super) fn enter(&mut self, parameters: &[HloType]) -> (Outside, Vec<HloValue>) {
        let outside = Outside(std::mem::take(&mut self.text));
        let parameter = |of: &HloType| {
            self.next += 1;
            HloValue { name: format!("%{}", self.next - 1), of: of.clone() }
        };
        let parameters: Vec<HloValue> = parameters.iter().map(parameter).collect();
        let named: Vec<String> = parameters.iter().map(|value| format!("{value}: {}", value.of)).collect();
        self.line(&format!("^bb0({}):", named.join(", ")));
        self.depth += 1;
        (outside, parameters)
    }

    pub(super) fn leave(&mut self, outside: Outside, values: &[HloValue]) -> String {
        let (names, types) = (listed(values.iter()), listed(values.iter().map(|value| &value.of)));
        self.line(&format!("\"stablehlo.return\"({names}) : ({types}) -> ()"));
        self.depth -= 1;
        let inside = std::mem::replace(&mut self.text, outside.0);
        format!("{{\n{inside}{}}}", "  ".repeat(self.depth))
    }

    fn line(&mut self, line: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{}{line}", "  ".repeat(self.depth));
    }

    /// A tensor, by its bits.
    pub fn constant(&mut self, value: &AnyTensor) -> HloValue {
        let of = HloType::new(value.element_type(), value.shape());
        let elements = match value.rank() {
            0 => value.bits().map(|bits| literal(of.element, bits)).collect(),
            _ if value.is_empty() => String::new(),
            _ => nested(&of, &mut value.bits()),
        };
        self.op("constant", &[], &format!("value = dense<{elements}> : {of}"), of)
    }

    /// A number of an element type.
    pub fn number(&mut self, element: ElementType, value: f64) -> HloValue {
        let value: AnyTensor = with_type!(element, T => {
            Tensor::<T>::scalar(<T as bayeux_tensor::Element>::from_f64(value)).into()
        });
        self.constant(&value)
    }
}

/// An element by its bits: floats as a hexadecimal number, which is exact.
fn literal(element: ElementType, bits: u64) -> String {
    match element {
        ElementType::F32 => format!("0x{bits:08X}"),
        ElementType::F64 => format!("0x{bits:016X}"),
        ElementType::U8 => bits.to_string(),
        ElementType::I32 => (bits as u32 as i32).to_string(),
        ElementType::I64 => (bits as i64).to_string(),
        ElementType::Bool => (bits != 0).to_string(),
    }
}

/// `[[1, 2], [3, 4]]`.
fn nested(of: &HloType, bits: &mut dyn Iterator<Item = u64>) -> String {
    fn part(of: &HloType, axis: usize, bits: &mut dyn Iterator<Item = u64>) -> String {
        if axis == of.rank() {
            return bits.next().map(|bits| literal(of.element, bits)).unwrap_or_default();
        }
        let parts: Vec<String> = (0..of.shape[axis]).map(|_| part(of, axis + 1, bits)).collect();
        format!("[{}]", parts.join(", "))
    }
    part(of, 0, bits)
}

/// `a, b, c`.
pub(super) fn listed(items: impl IntoIterator<Item = impl std::fmt::Display>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}
