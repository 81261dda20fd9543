//! Putting tensors together and picking rows: these copy.

use super::Tensor;
use bayeux_kernels::{Element, size};

impl<T: Element> Tensor<T> {
    /// Tensors one after the other along `axis`; their other axes must agree.
    ///
    /// # Panics
    /// If there are none, if there is no such axis, or if the other axes differ.
    #[track_caller]
    pub fn concat(parts: &[Self], axis: usize) -> Self {
        assert!(!parts.is_empty(), "concat: nothing to join");
        let mut shape = parts[0].shape.clone();
        assert!(axis < shape.len(), "concat: no axis {axis} in shape {shape:?}");
        for part in &parts[1..] {
            let fits = part.rank() == shape.len()
                && (0..shape.len()).all(|other| other == axis || part.shape[other] == shape[other]);
            assert!(
                fits,
                "concat: shapes {:?} and {:?} differ elsewhere than along axis {axis}",
                parts[0].shape, part.shape
            );
            // If this cannot be, nor can the whole shape.
            shape[axis] = shape[axis].saturating_add(part.shape[axis]);
        }
        let len = size::len::<T>("concat", &shape);
        let outer: usize = shape[..axis].iter().product();
        let inner: usize = shape[axis + 1..].iter().product();
        let sources: Vec<Self> = parts.iter().map(Self::contiguous).collect();
        let mut out = with_room(len);
        for i in 0..outer {
            for source in &sources {
                let row = source.shape[axis] * inner;
                out.extend_from_slice(&source.as_slice().unwrap_or_default()[i * row..(i + 1) * row]);
            }
        }
        Self::new(shape, out)
    }

    /// Tensors of one shape side by side along a new axis.
    ///
    /// # Panics
    /// If there are none, if their shapes differ, or if `axis` is larger than their rank.
    ///
    /// ```
    /// use bayeux_tensor::Tensor;
    /// let (a, b) = (Tensor::from_slice(&[1.0, 2.0]), Tensor::from_slice(&[3.0, 4.0]));
    /// assert_eq!(Tensor::stack(&[a, b], 1), Tensor::new([2, 2], vec![1.0, 3.0, 2.0, 4.0]));
    /// ```
    #[track_caller]
    pub fn stack(parts: &[Self], axis: usize) -> Self {
        assert!(!parts.is_empty(), "stack: nothing to join");
        for part in parts {
            assert!(
                part.shape == parts[0].shape,
                "stack: shapes {:?} and {:?} differ",
                parts[0].shape,
                part.shape
            );
        }
        assert!(axis <= parts[0].rank(), "stack: position {axis} is outside shape {:?}", parts[0].shape);
        let parts: Vec<Self> = parts.iter().map(|part| part.insert_axis(axis)).collect();
        Self::concat(&parts, axis)
    }

    /// Zeros added along `axis`: `before` at its start and `after` at its end.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn pad(&self, axis: usize, before: usize, after: usize) -> Self {
        assert!(axis < self.rank(), "pad: no axis {axis} in shape {:?}", self.shape);
        let mut shape = self.shape.clone();
        shape[axis] = shape[axis].saturating_add(before).saturating_add(after);
        size::len::<T>("pad", &shape);
        let zeros = |n| {
            let mut shape = self.shape.clone();
            shape[axis] = n;
            Self::zeros(shape)
        };
        Self::concat(&[zeros(before), self.clone(), zeros(after)], axis)
    }

    /// The parts with the given indices along axis 0, in the given order; an index may come more than once.
    ///
    /// # Panics
    /// If there are no axes, or an index is outside axis 0.
    #[track_caller]
    pub fn take(&self, rows: &[usize]) -> Self {
        assert!(self.rank() > 0, "take: a tensor without axes has no rows");
        for &row in rows {
            assert!(row < self.shape[0], "take: row {row} is outside axis 0 of shape {:?}", self.shape);
        }
        let mut shape = self.shape.clone();
        shape[0] = rows.len();
        let inner: usize = shape[1..].iter().product();
        let mut out = with_room(size::len::<T>("take", &shape));
        if let Some(all) = self.as_slice() {
            for &row in rows {
                out.extend_from_slice(&all[row * inner..(row + 1) * inner]);
            }
        } else {
            for &row in rows {
                out.extend(self.index_axis(0, row).iter());
            }
        }
        Self::new(shape, out)
    }
}

/// An empty vector with room for so many numbers.
///
/// # Panics
/// If there is no memory for them.
#[track_caller]
fn with_room<T>(len: usize) -> Vec<T> {
    let mut room = Vec::new();
    if let Err(error) = room.try_reserve_exact(len) {
        panic!("room for {len} numbers: {error}");
    }
    room
}
