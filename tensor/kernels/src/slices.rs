//! Slices whose element type is known at run time only.

use crate::element::{Element, ElementType};

/// Does the same with each element type: `with_type!(element_type, T => { … })`, where `T` is the type inside the braces.
#[macro_export]
macro_rules! with_type {
    ($type:expr, $t:ident => $body:expr) => {
        match $type {
            $crate::ElementType::Bool => {
                type $t = bool;
                $body
            }
            $crate::ElementType::U8 => {
                type $t = u8;
                $body
            }
            $crate::ElementType::I32 => {
                type $t = i32;
                $body
            }
            $crate::ElementType::I64 => {
                type $t = i64;
                $body
            }
            $crate::ElementType::F32 => {
                type $t = f32;
                $body
            }
            $crate::ElementType::F64 => {
                type $t = f64;
                $body
            }
        }
    };
}

/// Elements of any type.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)] // the variants are the types
pub enum AnySlice<'a> {
    Bool(&'a [bool]),
    U8(&'a [u8]),
    I32(&'a [i32]),
    I64(&'a [i64]),
    F32(&'a [f32]),
    F64(&'a [f64]),
}

/// Elements of any type, for writing.
#[derive(Debug)]
#[allow(missing_docs)] // the variants are the types
pub enum AnySliceMut<'a> {
    Bool(&'a mut [bool]),
    U8(&'a mut [u8]),
    I32(&'a mut [i32]),
    I64(&'a mut [i64]),
    F32(&'a mut [f32]),
    F64(&'a mut [f64]),
}

/// The same expression for each variant.
#[doc(hidden)]
#[macro_export]
macro_rules! each_type {
    ($enum:ident, $value:expr, $x:ident => $body:expr) => {
        match $value {
            $enum::Bool($x) => $body,
            $enum::U8($x) => $body,
            $enum::I32($x) => $body,
            $enum::I64($x) => $body,
            $enum::F32($x) => $body,
            $enum::F64($x) => $body,
        }
    };
}

/// Says that elements of one type were asked for as those of another.
#[doc(hidden)]
#[cold]
#[track_caller]
pub fn mistaken(found: ElementType, wanted: ElementType) -> ! {
    panic!("elements of type {found} were taken for {wanted}")
}

impl<'a> AnySlice<'a> {
    /// The type of the elements.
    #[must_use]
    pub fn element_type(self) -> ElementType {
        fn of<T: Element>(_: &[T]) -> ElementType {
            T::TYPE
        }
        each_type!(AnySlice, self, x => of(x))
    }

    /// The number of elements.
    #[must_use]
    pub fn len(self) -> usize {
        each_type!(AnySlice, self, x => x.len())
    }

    /// The bytes of the elements.
    #[must_use]
    pub fn bytes(self) -> usize {
        each_type!(AnySlice, self, x => size_of_val(x))
    }

    /// Where the first of them is in memory.
    #[must_use]
    pub fn address(self) -> usize {
        each_type!(AnySlice, self, x => x.as_ptr().addr())
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The elements as those of a type known to Rust.
    ///
    /// # Panics
    /// If they are of another type.
    #[inline]
    #[track_caller]
    #[must_use]
    pub fn get<T: Element>(self) -> &'a [T] {
        match T::of_slice(self) {
            Some(slice) => slice,
            None => mistaken(self.element_type(), T::TYPE),
        }
    }

    /// The elements from one on.
    ///
    /// # Panics
    /// If there are fewer.
    #[must_use]
    pub fn from(self, start: usize) -> Self {
        each_type!(AnySlice, self, x => Element::any_slice(&x[start..]))
    }
}

impl<'a> AnySliceMut<'a> {
    /// The type of the elements.
    #[must_use]
    pub fn element_type(&self) -> ElementType {
        fn of<T: Element>(_: &[T]) -> ElementType {
            T::TYPE
        }
        each_type!(AnySliceMut, self, x => of(x))
    }

    /// The number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        each_type!(AnySliceMut, self, x => x.len())
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements as those of a type known to Rust.
    ///
    /// # Panics
    /// If they are of another type.
    #[inline]
    #[track_caller]
    #[must_use]
    pub fn get<T: Element>(self) -> &'a mut [T] {
        let found = self.element_type();
        match T::of_slice_mut(self) {
            Some(slice) => slice,
            None => mistaken(found, T::TYPE),
        }
    }

    /// The same elements, for a shorter time.
    pub fn reborrow(&mut self) -> AnySliceMut<'_> {
        each_type!(AnySliceMut, self, x => Element::any_slice_mut(x))
    }

    /// The elements for reading.
    #[must_use]
    pub fn as_slice(&self) -> AnySlice<'_> {
        each_type!(AnySliceMut, self, x => Element::any_slice(x))
    }

    /// The first of them.
    ///
    /// # Panics
    /// If there are fewer.
    #[must_use]
    pub fn first(self, len: usize) -> Self {
        each_type!(AnySliceMut, self, x => Element::any_slice_mut(&mut x[..len]))
    }

    /// Zeros, or falses, everywhere.
    pub fn clear(&mut self) {
        each_type!(AnySliceMut, self, x => x.fill(Default::default()))
    }
}

impl Default for AnySlice<'_> {
    fn default() -> Self {
        AnySlice::F32(&[])
    }
}

impl Default for AnySliceMut<'_> {
    fn default() -> Self {
        AnySliceMut::F32(&mut [])
    }
}
