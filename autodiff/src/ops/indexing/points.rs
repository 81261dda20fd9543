//! Elements and parts by all their coordinates: `gather_nd` and `scatter_nd`.

use super::put::{How, put};
use crate::expr::refusal::{broadcast_difference, ensure, refuse};
use crate::ops::Scatter;
use crate::{AnyExpr, Arithmetic, Dim, Expr, Kind, Shape};

/// Where in a stack of parts the points are.
struct Points {
    /// How many points there are, as they lie.
    shape: Shape,
    /// Their positions, as a vector.
    places: Expr<i64>,
    /// How many parts there are, and how long each is.
    parts: [Dim; 2],
    /// The axes of a part.
    inner: Shape,
}

#[track_caller]
fn points<T: Kind>(op: &str, x: &Expr<T>, coordinates: &Expr<i64>) -> Points {
    let last = coordinates.shape().dims().last().and_then(Dim::size);
    let Some(depth) = last.filter(|depth| (1..=x.rank()).contains(depth)) else {
        refuse!(
            [x, coordinates],
            "{op}: coordinates {coordinates:?} of shape {} are none of {x:?} of shape {}",
            coordinates.shape(),
            x.shape()
        );
    };
    let (outer, inner) = x.shape().dims().split_at(depth);
    let shape = coordinates.shape().without(&[coordinates.rank() - 1]);
    Points {
        places: coordinates.ravel_multi_index(outer).reshape([shape.len()]),
        shape,
        parts: [outer.iter().product(), inner.iter().product()],
        inner: inner.iter().cloned().collect(),
    }
}

impl Points {
    /// The shape of the parts at the points.
    fn wanted(&self) -> Shape {
        self.shape.dims().iter().chain(self.inner.dims()).cloned().collect()
    }
}

impl<T: Kind> Expr<T> {
    /// The parts at points: the last axis of the coordinates, of length r, says where along each of the first r axes. `[a, b, …]` at
    /// coordinates `[i, j, 2]` gives `[i, j, …]`. TensorFlow's and ONNX's `gather_nd`.
    ///
    /// A coordinate that is negative or beyond its axis makes the call of the function fail with [`Error::Index`](crate::Error::Index).
    ///
    /// # Panics
    /// If the coordinates have no last axis of a known length from 1 to the rank.
    #[track_caller]
    #[must_use]
    pub fn gather_nd(&self, coordinates: &Expr<i64>) -> Self {
        let points = points("gather_nd", self, coordinates);
        self.reshape(points.parts.clone()).take(0, &points.places).reshape(points.wanted())
    }

    #[track_caller]
    fn scattered_nd(&self, how: Option<How>, op: &str, coordinates: &Expr<i64>, parts: &Expr<T>) -> Self {
        let points = points(op, self, coordinates);
        let wanted = points.wanted();
        ensure!(
            parts.shape().broadcast(&wanted).as_ref() == Some(&wanted),
            [self, coordinates, parts],
            "{op}: parts {parts:?} of shape {}, not {wanted}, for coordinates of shape {} of {self:?} of shape {}{}",
            parts.shape(),
            coordinates.shape(),
            self.shape(),
            broadcast_difference(parts.shape(), &wanted)
        );
        let one = Dim::from(1usize);
        let [count, length] = points.parts;
        let base = self.reshape([one.clone(), count, length.clone()]).untyped();
        let places = points.places.insert_axis(0).untyped();
        let parts = parts.broadcast_to(wanted).reshape([one, points.shape.len(), length]).untyped();
        let value = match how {
            Some(how) => put(how, &base, &places, &parts),
            None => AnyExpr::values_of(Scatter { axis: 1, common: 1 }, vec![base, places, parts]).remove(0),
        };
        value.reshape(self.shape()).typed()
    }

    /// This with other parts at points, see [`gather_nd`](Self::gather_nd); of several at one point the last stays, and has the slope.
    ///
    /// # Panics
    /// If the coordinates have no last axis of a known length from 1 to the rank, or if the parts do not fit.
    #[track_caller]
    #[must_use]
    pub fn scatter_nd(&self, coordinates: &Expr<i64>, parts: &Expr<T>) -> Self {
        self.scattered_nd(Some(How::Set), "scatter_nd", coordinates, parts)
    }
}

macro_rules! scatters {
    ($($(#[$doc:meta])* $method:ident $how:expr;)+) => {
        impl<T: Arithmetic> Expr<T> {
            $($(#[$doc])*
            ///
            /// # Panics
            /// If the coordinates have no last axis of a known length from 1 to the rank, or if the parts do not fit.
            #[track_caller]
            pub fn $method(&self, coordinates: &Expr<i64>, parts: &Expr<T>) -> Self {
                self.scattered_nd($how, stringify!($method), coordinates, parts)
            })+
        }
    };
}

scatters! {
    /// This with parts added at points, see [`gather_nd`](Self::gather_nd), of which some may be the same.
    scatter_nd_add None;
    /// The larger of what stands at points and the parts there, see [`gather_nd`](Self::gather_nd).
    scatter_nd_max Some(How::Max);
    /// The smaller of what stands at points and the parts there, see [`gather_nd`](Self::gather_nd).
    scatter_nd_min Some(How::Min);
    /// The product of what stands at points and the parts there, see [`gather_nd`](Self::gather_nd) and
    /// [`scatter_mul`](Self::scatter_mul).
    scatter_nd_mul Some(How::Mul);
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    let gather = |x: &[AnyExpr]| x[0].gather_nd(&x[1].typed()).tanh();
    let set = |x: &[AnyExpr]| x[0].scatter_nd(&x[1].typed(), &x[2]).tanh();
    let add = |x: &[AnyExpr]| x[0].scatter_nd_add(&x[1].typed(), &x[2]).tanh();
    let max = |x: &[AnyExpr]| x[0].scatter_nd_max(&x[1].typed(), &x[2]);
    let min = |x: &[AnyExpr]| x[0].scatter_nd_min(&x[1].typed(), &x[2]);
    let mul = |x: &[AnyExpr]| x[0].scatter_nd_mul(&x[1].typed(), &x[2]);
    let three = |name: &str, build: fn(&[AnyExpr]) -> AnyExpr| {
        example(name, &[&[3, 3, 2], &[4, 2], &[4, 2]], -1.0..1.0, build).whole(1, 0..3)
    };
    vec![
        example("gather_nd", &[&[3, 3, 2], &[4, 2]], -1.0..1.0, gather)
            .whole(1, 0..3)
            .and(&[&[3, 3], &[2, 2, 1]])
            .and(&[&[3, 3, 0], &[0, 2]]),
        example("gather_nd of one", &[&[1], &[1]], -1.0..1.0, gather).whole(1, 0..1),
        three("scatter_nd", set),
        three("scatter_nd_add", add),
        three("scatter_nd_max", max),
        three("scatter_nd_min", min),
        three("scatter_nd_mul", mul),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::{AnyTensor, Tensor};

    use crate::{Dim, Error, Expr, Function, Untyped};

    #[test]
    fn parts_at_points() {
        let n = Dim::symbol("n");
        let x = Expr::<i32>::input("x", (n, 3));
        let places = Expr::constant(Tensor::<i64>::new([2, 2], vec![1, 0, 0, 2]));
        let rows = Expr::constant(Tensor::<i64>::new([1, 1], vec![1]));
        let outputs = [
            x.gather_nd(&places),
            x.gather_nd(&rows),
            x.scatter_nd_add(&places, &Expr::constant(Tensor::from_slice(&[10, 20]))),
        ];
        let f = Function::new([&x], outputs).unwrap();
        let values = f.call(&[&Tensor::new([2, 3], vec![1, 2, 3, 4, 5, 6])]).unwrap();
        assert_eq!(values[0].to_vec(), [4, 3]);
        assert_eq!((values[1].shape(), values[1].to_vec()), (&[1, 3][..], vec![4, 5, 6]));
        assert_eq!(values[2].to_vec(), [1, 2, 23, 14, 5, 6]);
    }

    /// Though its position in row-major order would be within the whole.
    #[test]
    fn a_coordinate_beyond_its_axis_is_refused() {
        let i = Expr::<i64>::input("i", [1, 2]);
        let f =
            Function::<Untyped>::new([&i.untyped()], [Expr::<f32>::zeros([2, 3]).gather_nd(&i).untyped()]);
        let given = AnyTensor::from(Tensor::<i64>::new([1, 2], vec![0, 4]));
        let error = f.unwrap().call(&[&given]).unwrap_err();
        assert!(matches!(error, Error::Index { limit: 3, position: 1, .. }), "{error}");
    }

    #[test]
    #[should_panic(expected = "gather_nd: coordinates `i` of shape [4, 3] are none of")]
    fn too_many_coordinates_are_refused() {
        let _ = Expr::<f32>::zeros([2, 2]).gather_nd(&Expr::input("i", [4, 3]));
    }
}
