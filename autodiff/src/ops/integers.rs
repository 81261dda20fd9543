//! Sums of whole numbers along axes. Those of floats are compiled into loops.

use bayeux_tensor::{AnySliceMut, ElementType};

use super::elementwise::Integer;
use crate::Error;
use crate::kernel::{Kernel, Scratch, View};

/// Sums along axes, which wrap around.
#[derive(Debug)]
pub(super) struct Sums {
    shape: Vec<usize>,
    /// How far apart in the output neighbours along each axis are: 0 along those that are summed over.
    strides: Vec<usize>,
}

impl Sums {
    pub fn new(shape: &[usize], axes: &[usize]) -> Self {
        let mut strides = vec![0; shape.len()];
        let mut next = 1;
        for axis in (0..shape.len()).rev().filter(|axis| !axes.contains(axis)) {
            strides[axis] = next;
            next *= shape[axis];
        }
        Sums { shape: shape.to_vec(), strides }
    }

    fn run_as<T: Integer>(&self, x: &[T], output: &mut [T]) {
        output.fill(T::ZERO);
        let Some((&columns, rows)) = self.shape.split_last() else {
            return output.copy_from_slice(x);
        };
        let step = self.strides[rows.len()];
        for (row, x) in x.chunks_exact(columns.max(1)).enumerate() {
            let (mut index, mut at) = (row, 0);
            for axis in (0..rows.len()).rev() {
                at += index % rows[axis] * self.strides[axis];
                index /= rows[axis];
            }
            for (i, &x) in x.iter().enumerate() {
                let sum = &mut output[at + i * step];
                *sum = sum.add(x);
            }
        }
    }
}

impl Kernel for Sums {
    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>], _: Scratch<'_>) -> Result<(), Error> {
        let (x, output) = (&inputs[0], outputs[0].reborrow());
        match output.element_type() {
            ElementType::U8 => self.run_as::<u8>(x.elements(), output.get()),
            ElementType::I32 => self.run_as::<i32>(x.elements(), output.get()),
            _ => self.run_as::<i64>(x.elements(), output.get()),
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::{Example, example};
    use crate::AnyExpr;

    let along = |axes: &'static [usize]| move |x: &[AnyExpr]| x[0].sum(axes);
    let sum = |axes| {
        example("sum", &[&[3, 4, 5]], 0.0..1.0, along(axes))
            .whole(0, -9..10)
            .and(&[&[1, 1, 1]])
            .and(&[&[3, 0, 2]])
    };
    let mut examples: Vec<Example> = [&[0][..], &[1], &[2], &[0, 2], &[0, 1, 2]].map(sum).into();
    for element in [ElementType::U8, ElementType::I32] {
        examples.push(
            example("sum", &[&[3, 50]], 0.0..1.0, move |x| x[0].cast_to(element).sum(1)).whole(0, 0..99),
        );
    }
    examples
}
