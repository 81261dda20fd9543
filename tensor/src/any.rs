//! Tensors whose element type is known at run time only.

use std::any::Any;
use std::fmt;

use crate::{AnySlice, AnySliceMut, Element, ElementType, Tensor, each_type, mistaken, with_type};

/// A tensor of any element type.
///
/// ```
/// use bayeux_tensor::{AnyTensor, ElementType, Tensor};
/// let labels = AnyTensor::from(Tensor::<i64>::from_slice(&[3, 1]));
/// assert_eq!(labels.element_type(), ElementType::I64);
/// assert_eq!(labels.get::<i64>().to_vec(), [3, 1]);
/// assert_eq!(labels.cast::<f32>().to_vec(), [3.0, 1.0]);
/// ```
#[must_use]
#[derive(Clone, PartialEq)]
#[allow(missing_docs)] // the variants are the types
pub enum AnyTensor {
    Bool(Tensor<bool>),
    U8(Tensor<u8>),
    I32(Tensor<i32>),
    I64(Tensor<i64>),
    F32(Tensor<f32>),
    F64(Tensor<f64>),
}

impl AnyTensor {
    /// Zeros, or falses.
    pub fn zeros(element_type: ElementType, shape: impl AsRef<[usize]>) -> Self {
        with_type!(element_type, T => Tensor::<T>::zeros(shape).into())
    }

    /// The type of the elements.
    #[must_use]
    pub fn element_type(&self) -> ElementType {
        fn of<T: Element>(_: &Tensor<T>) -> ElementType {
            T::TYPE
        }
        each_type!(AnyTensor, self, x => of(x))
    }

    /// The size of each axis.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        each_type!(AnyTensor, self, x => x.shape())
    }

    /// The distance in storage, in elements, from one index to the next along each axis.
    #[must_use]
    pub fn strides(&self) -> &[isize] {
        each_type!(AnyTensor, self, x => x.strides())
    }

    /// The number of axes.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.shape().len()
    }

    /// The number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        each_type!(AnyTensor, self, x => x.len())
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shape().contains(&0)
    }

    /// The tensor as one of a type known to Rust.
    ///
    /// # Panics
    /// If the elements are of another type.
    #[track_caller]
    pub fn get<T: Element>(&self) -> &Tensor<T> {
        match each_type!(AnyTensor, self, x => (x as &dyn Any).downcast_ref()) {
            Some(tensor) => tensor,
            None => mistaken(self.element_type(), T::TYPE),
        }
    }

    /// The same, for writing.
    ///
    /// # Panics
    /// If the elements are of another type.
    #[track_caller]
    pub fn get_mut<T: Element>(&mut self) -> &mut Tensor<T> {
        let found = self.element_type();
        match each_type!(AnyTensor, self, x => (x as &mut dyn Any).downcast_mut()) {
            Some(tensor) => tensor,
            None => mistaken(found, T::TYPE),
        }
    }

    /// The elements as those of another type, see [`Tensor::cast`].
    pub fn cast<T: Element>(&self) -> Tensor<T> {
        each_type!(AnyTensor, self, x => x.cast())
    }

    /// The elements as those of another type that is known at run time only.
    pub fn cast_to(&self, element_type: ElementType) -> Self {
        with_type!(element_type, T => self.cast::<T>().into())
    }

    /// The same elements in contiguous storage.
    pub fn contiguous(&self) -> Self {
        each_type!(AnyTensor, self, x => x.contiguous().into())
    }

    /// The elements as a slice, if they are contiguous.
    pub fn as_slice(&self) -> Option<AnySlice<'_>> {
        each_type!(AnyTensor, self, x => x.as_slice().map(Element::any_slice))
    }

    /// The elements for writing; copies them first if the storage is shared or not contiguous.
    pub fn make_mut(&mut self) -> AnySliceMut<'_> {
        each_type!(AnyTensor, self, x => Element::any_slice_mut(x.make_mut()))
    }

    /// The only element as an `f64`.
    ///
    /// # Panics
    /// If there is not exactly one.
    #[track_caller]
    #[must_use]
    pub fn item_f64(&self) -> f64 {
        each_type!(AnyTensor, self, x => x.item().to_f64())
    }

    /// Whether all elements, as `f64`s, satisfy a condition.
    pub fn all(&self, holds: impl Fn(f64) -> bool) -> bool {
        each_type!(AnyTensor, self, x => x.iter().all(|x| holds(x.to_f64())))
    }

    /// The number that all elements are, if they are one, to the bit and not NaN, as an `f64`.
    #[must_use]
    pub fn uniform(&self) -> Option<f64> {
        fn uniform<T: Element>(x: &Tensor<T>) -> Option<f64> {
            let first = x.iter().next()?;
            let same = !first.to_f64().is_nan() && x.iter().all(|x| x.bits() == first.bits());
            same.then(|| first.to_f64())
        }
        each_type!(AnyTensor, self, x => uniform(x))
    }

    /// The bits of each element in row-major order, see [`Element::bits`].
    pub fn bits(&self) -> Box<dyn Iterator<Item = u64> + '_> {
        each_type!(AnyTensor, self, x => Box::new(x.iter().map(Element::bits)))
    }

    /// The same elements with another shape, see [`Tensor::reshape`].
    #[track_caller]
    pub fn reshape(&self, shape: impl AsRef<[usize]>) -> Self {
        each_type!(AnyTensor, self, x => x.reshape(shape).into())
    }

    /// Axes in another order, see [`Tensor::transpose`].
    #[track_caller]
    pub fn transpose(&self, permutation: &[usize]) -> Self {
        each_type!(AnyTensor, self, x => x.transpose(permutation).into())
    }

    /// The part with indices `range` along `axis`, see [`Tensor::slice`].
    #[track_caller]
    pub fn slice(&self, axis: usize, range: std::ops::Range<usize>) -> Self {
        each_type!(AnyTensor, self, x => x.slice(axis, range).into())
    }

    /// Repeated to a larger shape, see [`Tensor::broadcast_to`].
    #[track_caller]
    pub fn broadcast_to(&self, shape: impl AsRef<[usize]>) -> Self {
        each_type!(AnyTensor, self, x => x.broadcast_to(shape).into())
    }

    /// An axis backwards, see [`Tensor::flip`].
    #[track_caller]
    pub fn flip(&self, axis: usize) -> Self {
        each_type!(AnyTensor, self, x => x.flip(axis).into())
    }
}

impl<T: Element> From<Tensor<T>> for AnyTensor {
    fn from(tensor: Tensor<T>) -> Self {
        let mut tensor = Some(tensor);
        let same: &mut dyn Any = &mut tensor;
        macro_rules! wrap {
            ($variant:ident) => {
                same.downcast_mut().and_then(Option::take).map(AnyTensor::$variant)
            };
        }
        let wrapped = match T::TYPE {
            ElementType::Bool => wrap!(Bool),
            ElementType::U8 => wrap!(U8),
            ElementType::I32 => wrap!(I32),
            ElementType::I64 => wrap!(I64),
            ElementType::F32 => wrap!(F32),
            ElementType::F64 => wrap!(F64),
        };
        wrapped.unwrap_or_else(|| unreachable!("each type has its own variant"))
    }
}

impl<T: Element> From<&Tensor<T>> for AnyTensor {
    fn from(tensor: &Tensor<T>) -> Self {
        tensor.clone().into()
    }
}

impl fmt::Debug for AnyTensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        each_type!(AnyTensor, self, x => fmt::Debug::fmt(x, f))
    }
}
