//! What a compiled instruction runs that is not a fused element-wise loop.

use std::fmt::Debug;

use bayeux_tensor::{AnySlice, AnySliceMut, AnyTensor, Element, ElementType, Float};
use smallvec::SmallVec;

use crate::{ArrayType, Error};

/// A kernel specialised for concrete shapes: reads views, writes row-major buffers, and better allocates nothing.
pub trait Kernel: Debug + Send + Sync {
    /// How many numbers of working space it needs.
    fn scratch(&self) -> usize {
        0
    }

    /// Whether input `i` may be a view with any non-negative strides; otherwise it is handed over row-major.
    fn takes_strides(&self, _i: usize) -> bool {
        false
    }

    /// The arithmetic operations of a run, for profiles: by default one for each element of the outputs.
    fn flops(&self, _inputs: &[ArrayType<'_>], outputs: &[ArrayType<'_>]) -> usize {
        outputs.iter().map(ArrayType::len).sum()
    }

    /// Computes the outputs. Their former content is arbitrary.
    ///
    /// # Errors
    /// For data the op cannot take, such as a label out of range.
    fn run(
        &self,
        inputs: &[View<'_>],
        outputs: &mut [AnySliceMut<'_>],
        scratch: Scratch<'_>,
    ) -> Result<(), Error>;
}

/// Working space: as many numbers as the kernel has asked for, as `f32` or as `f64`.
#[derive(Debug)]
pub struct Scratch<'a> {
    pub(crate) single: &'a mut [f32],
    pub(crate) double: &'a mut [f64],
}

impl<'a> Scratch<'a> {
    /// The numbers.
    #[must_use]
    pub fn numbers<T: Float>(self) -> &'a mut [T] {
        let any = match T::TYPE {
            ElementType::F32 => AnySliceMut::F32(self.single),
            _ => AnySliceMut::F64(self.double),
        };
        any.get()
    }
}

/// An input of a kernel: elements, shape and strides.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The elements, and perhaps others between them.
    pub data: AnySlice<'a>,
    /// Where in `data` the view's first element stands.
    pub offset: usize,
    /// The sizes of the axes.
    pub shape: &'a [usize],
    /// How far apart neighbours along each axis are, in elements.
    pub strides: &'a [isize],
}

impl<'a> View<'a> {
    /// A row-major tensor as a view.
    ///
    /// # Panics
    /// If the tensor is not row-major.
    #[track_caller]
    #[must_use]
    pub fn of(tensor: &'a AnyTensor) -> Self {
        let data = tensor.as_slice().expect("View::of takes a row-major tensor");
        View { data, offset: 0, shape: tensor.shape(), strides: tensor.strides() }
    }

    /// The number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shape.contains(&0)
    }

    /// The elements of a row-major view.
    ///
    /// # Panics
    /// If they are of another type.
    #[track_caller]
    #[must_use]
    pub fn elements<T: Element>(&self) -> &'a [T] {
        &self.data.get::<T>()[self.offset..][..self.len()]
    }

    /// The view with its element type known to Rust.
    ///
    /// # Panics
    /// If the elements are of another type.
    #[track_caller]
    #[must_use]
    pub fn typed<T: Element>(&self) -> TypedView<'a, T> {
        TypedView { data: self.data.get(), offset: self.offset, shape: self.shape, strides: self.strides }
    }
}

/// A [`View`] whose element type is known to Rust.
#[derive(Clone, Copy, Debug)]
pub struct TypedView<'a, T> {
    /// The elements, and perhaps others between them.
    pub data: &'a [T],
    /// Where in `data` the view's first element stands.
    pub offset: usize,
    /// The sizes of the axes.
    pub shape: &'a [usize],
    /// How far apart neighbours along each axis are, in elements.
    pub strides: &'a [isize],
}

impl<'a, T> TypedView<'a, T> {
    /// The elements of a row-major view.
    #[must_use]
    pub fn elements(&self) -> &'a [T] {
        &self.data[self.offset..][..self.shape.iter().product()]
    }
}

/// A kernel all of whose inputs, and whose one output, are of the same float type.
pub(crate) trait FloatKernel: Debug + Send + Sync {
    /// As [`Kernel::scratch`].
    fn scratch(&self) -> usize {
        0
    }

    /// As [`Kernel::takes_strides`].
    fn takes_strides(&self, _i: usize) -> bool {
        false
    }

    /// As [`Kernel::flops`].
    fn flops(&self, _inputs: &[ArrayType<'_>], output: ArrayType<'_>) -> usize {
        output.len()
    }

    /// As [`Kernel::run`].
    fn run<T: Float>(
        &self,
        inputs: &[TypedView<'_, T>],
        output: &mut [T],
        scratch: &mut [T],
    ) -> Result<(), Error>;
}

/// A [`FloatKernel`] as a [`Kernel`].
#[derive(Debug)]
pub(crate) struct OfFloats<K>(pub K);

impl<K: FloatKernel> OfFloats<K> {
    fn run_as<T: Float>(
        &self,
        inputs: &[View<'_>],
        outputs: &mut [AnySliceMut<'_>],
        scratch: Scratch<'_>,
    ) -> Result<(), Error> {
        let [output] = outputs else { unreachable!("it has one output") };
        let (output, scratch) = (output.reborrow().get(), scratch.numbers());
        match inputs {
            [a] => self.0.run(&[a.typed::<T>()], output, scratch),
            [a, b] => self.0.run(&[a.typed::<T>(), b.typed()], output, scratch),
            inputs => {
                let inputs: SmallVec<[TypedView<'_, T>; 4]> = inputs.iter().map(View::typed).collect();
                self.0.run(&inputs, output, scratch)
            }
        }
    }
}

impl<K: FloatKernel> Kernel for OfFloats<K> {
    fn scratch(&self) -> usize {
        self.0.scratch()
    }

    fn takes_strides(&self, i: usize) -> bool {
        self.0.takes_strides(i)
    }

    fn flops(&self, inputs: &[ArrayType<'_>], outputs: &[ArrayType<'_>]) -> usize {
        self.0.flops(inputs, outputs[0])
    }

    fn run(
        &self,
        inputs: &[View<'_>],
        outputs: &mut [AnySliceMut<'_>],
        scratch: Scratch<'_>,
    ) -> Result<(), Error> {
        match outputs.first().map(AnySliceMut::element_type) {
            Some(ElementType::F32) => self.run_as::<f32>(inputs, outputs, scratch),
            _ => self.run_as::<f64>(inputs, outputs, scratch),
        }
    }
}
