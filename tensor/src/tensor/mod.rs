//! The n-d array: shared storage seen through a shape, strides and an offset.

mod compare;
mod elementwise;
mod format;
mod join;
mod linear;
mod ops;
mod reduce;
mod tree;
mod views;
pub(crate) mod walk;

use std::sync::Arc;

use bayeux_kernels::{Element, Storage, size, zeros};
use walk::{Walk, row_major_strides};

/// An n-d array of one of the element types, see [`Element`].
///
/// A tensor is a view (shape, strides, offset) into storage that it may share with other tensors. Cloning,
/// transposing, slicing and broadcasting copy no numbers. Writing ([`Tensor::make_mut`], `+=`) copies first when the
/// storage is shared, so no tensor ever changes under another's hands.
///
/// ```
/// use bayeux_tensor::Tensor;
///
/// let a = Tensor::new([2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// let centred = &a - &a.mean(&[0]); // [2, 3] − [3], broadcast as NumPy does
/// assert_eq!(centred, Tensor::new([2, 3], vec![-1.5, -1.5, -1.5, 1.5, 1.5, 1.5]));
/// assert_eq!(a.t().shape(), [3, 2]);
/// ```
#[must_use]
#[derive(Clone)]
pub struct Tensor<T> {
    data: Arc<Storage<T>>,
    shape: Vec<usize>,
    /// In elements; negative after a flip, 0 along a broadcast axis.
    strides: Vec<isize>,
    /// Where the element with all indices 0 lies in `data`.
    offset: usize,
}

/// Construction.
impl<T: Element> Tensor<T> {
    /// A tensor that takes over `data`, in row-major order (the last index runs fastest).
    ///
    /// # Panics
    /// If the number of elements is not the product of `shape`, or the product of its non-zero sizes is more than memory could hold.
    #[track_caller]
    pub fn new(shape: impl AsRef<[usize]>, data: Vec<T>) -> Self {
        let shape = shape.as_ref();
        let wanted = size::len::<T>("Tensor::new", shape);
        assert!(
            data.len() == wanted,
            "Tensor::new: shape {shape:?} holds {wanted} elements, but the data has {}",
            data.len()
        );
        Self::stored(shape, data.into())
    }

    fn stored(shape: &[usize], data: Storage<T>) -> Self {
        Self { data: Arc::new(data), shape: shape.to_vec(), strides: row_major_strides(shape), offset: 0 }
    }

    /// A tensor without axes that holds one number.
    pub fn scalar(value: T) -> Self {
        Self::new([], vec![value])
    }

    /// A 1-d copy of a slice.
    pub fn from_slice(values: &[T]) -> Self {
        Self::new([values.len()], values.to_vec())
    }

    /// All zeros. A MiB of them and more stand on large pages, where the system has such.
    ///
    /// # Panics
    /// If there is no memory for so many: here, as in all that makes tensors.
    #[track_caller]
    pub fn zeros(shape: impl AsRef<[usize]>) -> Self {
        let shape = shape.as_ref();
        Self::stored(shape, Storage::zeros(size::len::<T>("Tensor::zeros", shape)))
    }

    /// All ones.
    #[track_caller]
    pub fn ones(shape: impl AsRef<[usize]>) -> Self {
        Self::full(shape, T::ONE)
    }

    /// The same number everywhere.
    #[track_caller]
    pub fn full(shape: impl AsRef<[usize]>, value: T) -> Self {
        let mut tensor = Self::zeros(shape);
        tensor.make_mut().fill(value);
        tensor
    }

    /// Each element computed from its index, in row-major order.
    ///
    /// ```
    /// use bayeux_tensor::Tensor;
    /// let table = Tensor::from_fn([2, 3], |i| (10 * i[0] + i[1]) as f32);
    /// assert_eq!(table.to_vec(), [0.0, 1.0, 2.0, 10.0, 11.0, 12.0]);
    /// ```
    #[track_caller]
    pub fn from_fn(shape: impl AsRef<[usize]>, mut f: impl FnMut(&[usize]) -> T) -> Self {
        let shape = shape.as_ref();
        let mut index = vec![0; shape.len()];
        let mut tensor = Self::zeros(shape);
        for element in tensor.make_mut() {
            *element = f(&index);
            for axis in (0..shape.len()).rev() {
                index[axis] += 1;
                if index[axis] < shape[axis] {
                    break;
                }
                index[axis] = 0;
            }
        }
        tensor
    }

    /// 0, 1, …, n − 1.
    #[track_caller]
    pub fn arange(n: usize) -> Self {
        Self::from_fn([n], |i| T::from_f64(i[0] as f64))
    }

    /// The n × n identity matrix.
    #[track_caller]
    pub fn eye(n: usize) -> Self {
        Self::from_fn([n, n], |i| if i[0] == i[1] { T::ONE } else { T::ZERO })
    }
}

/// Reading and writing.
impl<T: Element> Tensor<T> {
    /// The size of each axis.
    #[inline]
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The distance in storage, in elements, from one index to the next along each axis.
    #[inline]
    #[must_use]
    pub fn strides(&self) -> &[isize] {
        &self.strides
    }

    /// The number of axes.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// The number of elements.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there are no elements, that is, whether some axis has size 0.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shape.contains(&0)
    }

    /// Whether the elements lie in storage one after the other in row-major order.
    #[inline]
    #[must_use]
    pub fn is_contiguous(&self) -> bool {
        let mut expected = 1;
        for (&n, &stride) in self.shape.iter().zip(&self.strides).rev() {
            if n == 0 {
                return true;
            }
            if n != 1 && stride != expected {
                return false;
            }
            expected *= n as isize; // at most as many as there are elements
        }
        true
    }

    /// The elements as a slice, if they are contiguous.
    #[inline]
    #[must_use]
    pub fn as_slice(&self) -> Option<&[T]> {
        self.is_contiguous().then(|| match self.len() {
            0 => &[][..],
            len => &self.data[self.offset..self.offset + len],
        })
    }

    /// A copy of the elements in row-major order.
    #[track_caller]
    #[must_use]
    pub fn to_vec(&self) -> Vec<T> {
        if let Some(slice) = self.as_slice() {
            return slice.to_vec();
        }
        let mut out = zeros(self.len());
        self.copy_to(&mut out);
        out
    }

    /// Copies the elements in row-major order.
    fn copy_to(&self, out: &mut [T]) {
        match self.as_slice() {
            Some(slice) => out.copy_from_slice(slice),
            None => {
                let walk = Walk::new(&self.shape, [&self.strides]);
                walk::par_chunks(out, |start, out| self.gather(&walk, start, out));
            }
        }
    }

    /// A copy in storage of its own.
    #[track_caller]
    fn copied(&self) -> Self {
        let mut data = Storage::zeros(self.len());
        self.copy_to(&mut data);
        Self::stored(&self.shape, data)
    }

    /// Copies elements `start ..` in row-major order into `out`. `walk` is over this tensor's own shape and strides.
    fn gather(&self, walk: &Walk<1>, start: usize, out: &mut [T]) {
        let [stride] = walk.inner_strides();
        walk.segments(start, out.len(), |at, len, [offset]| {
            let first = self.offset as isize + offset;
            let out = &mut out[at..at + len];
            match stride {
                1 => out.copy_from_slice(&self.data[first as usize..][..len]),
                0 => out.fill(self.data[first as usize]),
                _ => {
                    for (i, y) in out.iter_mut().enumerate() {
                        *y = self.data[(first + i as isize * stride) as usize];
                    }
                }
            }
        });
    }

    /// The element at `index`.
    ///
    /// # Panics
    /// If the index has not one entry per axis, or one is out of range.
    #[track_caller]
    #[must_use]
    pub fn get(&self, index: &[usize]) -> T {
        assert!(
            index.len() == self.rank() && index.iter().zip(&self.shape).all(|(i, n)| i < n),
            "get: index {index:?} is out of range for shape {:?}",
            self.shape
        );
        let step: isize = index.iter().zip(&self.strides).map(|(&i, &s)| i as isize * s).sum();
        self.data[(self.offset as isize + step) as usize]
    }

    /// The only element.
    ///
    /// # Panics
    /// If there is not exactly one.
    #[track_caller]
    #[must_use]
    pub fn item(&self) -> T {
        assert!(self.len() == 1, "item: shape {:?} has {} elements, not one", self.shape, self.len());
        self.data[self.offset]
    }

    /// The elements in row-major order.
    pub fn iter(&self) -> impl Iterator<Item = T> + '_ {
        let mut index = vec![0; self.rank()];
        let mut at = self.offset as isize;
        (0..self.len()).map(move |_| {
            let value = self.data[at as usize];
            for axis in (0..index.len()).rev() {
                index[axis] += 1;
                at += self.strides[axis];
                if index[axis] < self.shape[axis] {
                    break;
                }
                at -= self.strides[axis] * self.shape[axis] as isize;
                index[axis] = 0;
            }
            value
        })
    }

    /// The same elements in contiguous storage: this tensor itself if it is so already, a copy otherwise.
    #[track_caller]
    pub fn contiguous(&self) -> Self {
        if self.is_contiguous() { self.clone() } else { self.copied() }
    }

    /// The elements for writing, in row-major order. Copies them first if the storage is shared or not contiguous.
    ///
    /// ```
    /// use bayeux_tensor::Tensor;
    /// let mut a = Tensor::<f64>::zeros([2]);
    /// let b = a.clone();
    /// a.make_mut()[1] = 5.0;
    /// assert_eq!((a.to_vec(), b.to_vec()), (vec![0.0, 5.0], vec![0.0, 0.0]));
    /// ```
    #[inline]
    pub fn make_mut(&mut self) -> &mut [T] {
        if self.is_contiguous() && self.len() == self.data.len() {
            return &mut *Arc::make_mut(&mut self.data);
        }
        if self.get_mut().is_none() {
            *self = self.copied();
        }
        self.get_mut().unwrap_or_else(|| unreachable!("nobody else has a new tensor's storage"))
    }

    /// The elements for writing, only if that needs no copy.
    pub fn get_mut(&mut self) -> Option<&mut [T]> {
        let (offset, len) = (self.offset, self.len());
        if !self.is_contiguous() {
            return None;
        }
        let data = Arc::get_mut(&mut self.data)?;
        Some(if len == 0 { &mut [] } else { &mut data[offset..offset + len] })
    }

    /// The same numbers as another element type, see [`Element::cast`].
    #[track_caller]
    pub fn cast<U: Element>(&self) -> Tensor<U> {
        let mut out = Tensor::zeros(&self.shape);
        out.make_mut().iter_mut().zip(self.iter()).for_each(|(y, x)| *y = x.cast());
        out
    }
}
