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
