//! The axes of operands by their names.

use std::collections::BTreeMap;

use crate::{Dim, Shape};

/// The name of an axis: a letter's code, or a lesser number for those that an ellipsis stands for, counted from the last.
pub(super) type Label = u32;

/// The name of each axis of each operand, and of the output.
#[derive(Debug, PartialEq)]
pub(super) struct Subscripts {
    pub inputs: Vec<Vec<Label>>,
    pub output: Vec<Label>,
}

impl Subscripts {
    pub fn parse(text: &str, shapes: &[&Shape]) -> Result<Self, String> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let (before, output) = match text.split_once("->") {
            Some((before, output)) => (before, Some(output)),
            None => (text.as_str(), None),
        };
        let parts: Vec<&str> = before.split(',').collect();
        if parts.len() != shapes.len() {
            return Err(format!("there are subscripts of {} operands, not of {}", parts.len(), shapes.len()));
        }
        let inputs = parts
            .iter()
            .zip(shapes)
            .map(|(part, shape)| labels(part, |letters| shape.rank().checked_sub(letters)))
            .collect::<Result<Vec<_>, _>>()?;
        for (input, shape) in inputs.iter().zip(shapes) {
            if input.len() != shape.rank() {
                return Err(format!("there are subscripts of {} axes for shape {shape}", input.len()));
            }
        }
        let is_letter = |label: &Label| char::from_u32(*label).is_some_and(|c| c.is_ascii_alphabetic());
        let leading =
            inputs.iter().flatten().filter(|label| !is_letter(label)).max().map_or(0, |most| most + 1);
        let output = match output {
            Some(output) => labels(output, |_| Some(leading as usize))?,
            None => {
                let count = |label: Label| inputs.iter().flatten().filter(|&&other| other == label).count();
                let letters = (u32::from('A')..=u32::from('z')).filter(is_letter);
                (0..leading).rev().chain(letters.filter(|&label| count(label) == 1)).collect()
            }
        };
        for (i, label) in output.iter().enumerate() {
            if !inputs.iter().flatten().any(|other| other == label) {
                return Err(format!("no operand has the axis {} of the output", name(*label)));
            }
            if output[..i].contains(label) {
                return Err(format!("the output has the axis {} twice", name(*label)));
            }
        }
        if !(0..leading).all(|label| output.contains(&label)) {
            return Err("the output has no `...`".into());
        }
        Ok(Subscripts { inputs, output })
    }

    /// How long each axis is. One of length 1 is repeated where others of its name are longer.
    pub fn sizes(&self, shapes: &[&Shape]) -> Result<BTreeMap<Label, Dim>, String> {
        let mut sizes: BTreeMap<Label, Dim> = BTreeMap::new();
        for (label, dim) in
            self.inputs.iter().zip(shapes).flat_map(|(labels, shape)| labels.iter().zip(shape.dims()))
        {
            match sizes.get(label) {
                Some(size) if size == dim || dim.is_one() => {}
                Some(size) if !size.is_one() => {
                    return Err(format!("axis {} is {size} and {dim}", name(*label)));
                }
                _ => {
                    sizes.insert(*label, dim.clone());
                }
            }
        }
        Ok(sizes)
    }
}

fn name(label: Label) -> String {
    match char::from_u32(label) {
        Some(letter) if letter.is_ascii_alphabetic() => format!("`{letter}`"),
        _ => "`...`".into(),
    }
}

/// The names in one operand's subscripts. An ellipsis stands for as many axes as `rest` says beside so many letters.
fn labels(text: &str, rest: impl Fn(usize) -> Option<usize>) -> Result<Vec<Label>, String> {
    let (before, after) = match text.split_once("...") {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    };
    let letters = |text: &str| -> Result<Vec<Label>, String> {
        let letter = |c: char| match c.is_ascii_alphabetic() {
            true => Ok(Label::from(c)),
            false => Err(format!("`{c}` is no letter")),
        };
        text.chars().map(letter).collect()
    };
    let mut labels = letters(before)?;
    if let Some(after) = after {
        let after = letters(after)?;
        let count = rest(labels.len() + after.len());
        let count = count.ok_or_else(|| format!("`{text}` has more letters than the operand has axes"))?;
        labels.extend((0..count as Label).rev());
        labels.extend(after);
    }
    Ok(labels)
}
