//! From the shapes of the tensors given to the sizes of the free dimensions.

use bayeux_tensor::ElementType;

use crate::dim::Sizes;
use crate::{AnyExpr, Error};

/// Solves for the free dimensions of the inputs. Dimensions with several unknowns wait until others are known.
pub(crate) fn bind(inputs: &[AnyExpr], shapes: &[&[usize]]) -> Result<Sizes, Error> {
    if inputs.len() != shapes.len() {
        return Err(Error::InputCount { expected: inputs.len(), found: shapes.len() });
    }
    let mut sizes = Sizes::new();
    let mut waiting: Vec<(usize, usize)> = Vec::new();
    for (i, (input, shape)) in inputs.iter().zip(shapes).enumerate() {
        if input.rank() != shape.len() {
            return Err(misfit(input, shape, &sizes));
        }
        waiting.extend((0..shape.len()).map(|axis| (i, axis)));
    }
    loop {
        let before = waiting.len();
        let mut unsolved = Vec::new();
        for (i, axis) in waiting {
            match inputs[i].shape()[axis].bind(shapes[i][axis], &mut sizes) {
                Ok(true) => {}
                Ok(false) => unsolved.push((i, axis)),
                Err(()) => return Err(misfit(&inputs[i], shapes[i], &sizes)),
            }
        }
        if unsolved.is_empty() {
            return Ok(sizes);
        }
        if unsolved.len() == before {
            let (i, axis) = unsolved[0];
            return Err(Error::FreeDimension(inputs[i].shape()[axis].to_string()));
        }
        waiting = unsolved;
    }
}

/// Whether each input is given elements of its type.
pub(crate) fn check_types(inputs: &[AnyExpr], found: impl Iterator<Item = ElementType>) -> Result<(), Error> {
    match inputs.iter().zip(found).find(|(input, found)| input.element_type() != *found) {
        None => Ok(()),
        Some((input, found)) => Err(Error::InputType {
            name: input.name().unwrap_or("unnamed").into(),
            expected: input.element_type(),
            found,
        }),
    }
}

fn misfit(input: &AnyExpr, found: &[usize], sizes: &Sizes) -> Error {
    let symbols = input.shape().dims().iter().flat_map(|dim| dim.symbols());
    let mut known: Vec<String> =
        symbols.filter_map(|symbol| sizes.get(symbol).map(|size| format!("{symbol} = {size}"))).collect();
    known.sort();
    known.dedup();
    let note =
        if known.is_empty() { String::new() } else { format!(" ({} by another axis)", known.join(", ")) };
    Error::InputShape {
        name: input.name().unwrap_or("unnamed").into(),
        expected: input.shape().to_string(),
        found: found.to_vec(),
        note,
    }
}
