//! Element-wise maps with NumPy's broadcasting.

use super::Tensor;
use super::views::broadcast_shapes;
use super::walk::{Walk, par_chunks};
use crate::Float;

impl<T: Float> Tensor<T> {
    /// `f` of each element.
    pub fn map(&self, f: impl Fn(T) -> T + Sync) -> Self {
        let source = self.contiguous();
        let x = source.as_slice().unwrap_or_default();
        let mut out = vec![T::ZERO; x.len()];
        par_chunks(&mut out, |start, y| {
            for (y, &x) in y.iter_mut().zip(&x[start..]) {
                *y = f(x);
            }
        });
        Self::new(&self.shape, out)
    }

    /// `f` of each pair of elements; the shapes are broadcast together.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn zip_map(&self, other: &Self, f: impl Fn(T, T) -> T + Sync) -> Self {
        self.zip_named("zip_map", other, f)
    }

    #[track_caller]
    pub(super) fn zip_named(&self, op: &str, other: &Self, f: impl Fn(T, T) -> T + Sync) -> Self {
        let shape = broadcast_shapes(op, &self.shape, &other.shape);
        let a = self.broadcast_to(&shape);
        let b = other.broadcast_to(&shape);
        let walk = Walk::new(&shape, [&a.strides, &b.strides]);
        let mut out = vec![T::ZERO; walk.len()];
        par_chunks(&mut out, |start, out| {
            let [sa, sb] = walk.inner_strides();
            walk.segments(start, out.len(), |at, len, [da, db]| {
                let y = &mut out[at..at + len];
                let (ia, ib) = (a.offset as isize + da, b.offset as isize + db);
                match (sa, sb) {
                    (1, 1) => {
                        let (a, b) = (&a.data[ia as usize..][..len], &b.data[ib as usize..][..len]);
                        for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
                            *y = f(a, b);
                        }
                    }
                    (1, 0) => {
                        let (a, b) = (&a.data[ia as usize..][..len], b.data[ib as usize]);
                        for (y, &a) in y.iter_mut().zip(a) {
                            *y = f(a, b);
                        }
                    }
                    (0, 1) => {
                        let (a, b) = (a.data[ia as usize], &b.data[ib as usize..][..len]);
                        for (y, &b) in y.iter_mut().zip(b) {
                            *y = f(a, b);
                        }
                    }
                    _ => {
                        for (i, y) in y.iter_mut().enumerate() {
                            let i = i as isize;
                            *y = f(a.data[(ia + i * sa) as usize], b.data[(ib + i * sb) as usize]);
                        }
                    }
                }
            });
        });
        Self::new(shape, out)
    }

    /// `self` where `condition` is not 0, `other` where it is; all three are broadcast together.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn select(condition: &Self, a: &Self, b: &Self) -> Self {
        let shape = broadcast_shapes("select", &a.shape, &b.shape);
        let shape = broadcast_shapes("select", &condition.shape, &shape);
        let [c, a, b] = [condition, a, b].map(|x| x.broadcast_to(&shape).contiguous());
        let data = c.iter().zip(a.iter().zip(b.iter())).map(|(c, (a, b))| if c != T::ZERO { a } else { b });
        Self::new(&shape, data.collect())
    }
}
