//! `Tensor` against an obvious referee: index by index through `get`.

use crate::common::threads::in_pool;
use bayeux_tensor::Tensor;
use proptest::prelude::*;

fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    shape.iter().fold(vec![vec![]], |all, &n| {
        all.iter().flat_map(|head| (0..n).map(move |i| [&head[..], &[i]].concat())).collect()
    })
}

/// Distinct numbers, so that a wrong element shows.
fn counting(shape: &[usize]) -> Tensor<f64> {
    Tensor::arange(shape.iter().product()).reshape(shape)
}

fn shapes() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![Just(0usize), Just(1), 2usize..6], 0..5)
}

/// A tensor with odd strides: a base that is transposed, flipped, stepped through and broadcast.
fn views() -> impl Strategy<Value = Tensor<f64>> {
    (shapes(), any::<u64>()).prop_map(|(shape, seed)| {
        let mut bits = seed;
        let mut pick = |n: usize| {
            bits = bits.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (bits >> 33) as usize % n
        };
        let mut x = counting(&shape);
        for axis in 0..x.rank() {
            match pick(6) {
                0 => x = x.flip(axis),
                1 if x.shape()[axis] > 2 => {
                    let n = x.shape()[axis];
                    x = x.slice_step(axis, 1, (n - 1).div_ceil(2), 2);
                }
                2 if x.shape()[axis] > 1 => x = x.slice(axis, 1..x.shape()[axis]),
                3 if x.shape()[axis] == 1 => {
                    let mut shape = x.shape().to_vec();
                    shape[axis] = 3;
                    x = x.broadcast_to(shape);
                }
                4 => x = x.insert_axis(axis),
                _ => {}
            }
        }
        let mut perm: Vec<usize> = (0..x.rank()).collect();
        for i in (1..perm.len()).rev() {
            perm.swap(i, pick(i + 1));
        }
        x.transpose(&perm)
    })
}

proptest! {
    #[test]
    fn reading_agrees_with_get(x in views()) {
        let expected: Vec<f64> = indices(x.shape()).iter().map(|i| x.get(i)).collect();
        prop_assert_eq!(&x.to_vec(), &expected);
        prop_assert_eq!(&x.iter().collect::<Vec<_>>(), &expected);
        prop_assert_eq!(x.contiguous().as_slice().unwrap().to_vec(), expected.clone());
        prop_assert_eq!(x.clone().make_mut().to_vec(), expected.clone());
        if let Some(slice) = x.as_slice() {
            prop_assert_eq!(slice, &expected[..]);
        }
        prop_assert_eq!(x.reshape([x.len()]).to_vec(), expected);
    }

    #[test]
    fn views_move_indices(x in views()) {
        for i in indices(x.shape()) {
            for axis in 0..x.rank() {
                let mut j = i.clone();
                j[axis] = x.shape()[axis] - 1 - i[axis];
                prop_assert_eq!(x.flip(axis).get(&j), x.get(&i));
                let mut rest = i.clone();
                rest.remove(axis);
                prop_assert_eq!(x.index_axis(axis, i[axis]).get(&rest), x.get(&i));
                let mut one = i.clone();
                one[axis] = 0;
                prop_assert_eq!(x.slice(axis, i[axis]..x.shape()[axis]).get(&one), x.get(&i));
            }
            if x.rank() >= 2 {
                let mut j = i.clone();
                j.swap(x.rank() - 2, x.rank() - 1);
                prop_assert_eq!(x.t().get(&j), x.get(&i));
            }
        }
    }

    #[test]
    fn maps_and_zips(x in views(), drop in 0usize..4, ones in any::<u8>()) {
        // A partner that broadcasts: fewer leading axes, some of size 1.
        let shape: Vec<usize> = x.shape().iter().enumerate().skip(drop.min(x.rank()))
            .map(|(axis, &n)| if ones >> axis & 1 == 1 { 1 } else { n }).collect();
        let y = &counting(&shape) + 1.0;
        let sum = &x + &y;
        let quotient = &x / &y;
        let back = &y - &x;
        let negated = -&x;
        prop_assert_eq!(sum.shape(), x.shape());
        for i in indices(x.shape()) {
            let j: Vec<usize> = i[x.rank() - y.rank()..].iter().zip(&shape).map(|(&i, &n)| i.min(n - 1)).collect();
            prop_assert_eq!(sum.get(&i), x.get(&i) + y.get(&j));
            prop_assert_eq!(quotient.get(&i), x.get(&i) / y.get(&j));
            prop_assert_eq!(back.get(&i), y.get(&j) - x.get(&i));
            prop_assert_eq!(negated.get(&i), -x.get(&i));
        }
        let mut inside = x.clone();
        inside += &y;
        prop_assert_eq!(inside, sum);
    }

    #[test]
    fn reductions_agree_with_loops(x in views(), which in any::<u8>()) {
        let axes: Vec<usize> = (0..x.rank()).filter(|axis| which >> axis & 1 == 1).rev().collect();
        let kept: Vec<usize> = (0..x.rank()).filter(|axis| !axes.contains(axis)).collect();
        let sum = x.sum(&axes);
        let some = axes.iter().all(|&axis| x.shape()[axis] > 0);
        let extremes = some.then(|| (x.max(&axes), x.min(&axes), x.mean(&axes)));
        for o in indices(sum.shape()) {
            let group: Vec<f64> = indices(x.shape()).iter()
                .filter(|i| kept.iter().zip(&o).all(|(&axis, &o)| i[axis] == o))
                .map(|i| x.get(i)).collect();
            prop_assert_eq!(sum.get(&o), group.iter().sum::<f64>());
            if let Some((max, min, mean)) = &extremes {
                prop_assert_eq!(max.get(&o), group.iter().copied().fold(f64::MIN, f64::max));
                prop_assert_eq!(min.get(&o), group.iter().copied().fold(f64::MAX, f64::min));
                prop_assert_eq!(mean.get(&o), group.iter().sum::<f64>() / group.len() as f64);
            }
        }
    }

    #[test]
    fn argmax_is_the_first_largest(x in views(), axis in 0usize..4) {
        prop_assume!(axis < x.rank() && x.shape()[axis] > 0);
        let x = x.map(|v| (v * 7.0) % 4.0); // ties
        let best = x.argmax(axis);
        for o in indices(best.shape()) {
            let at = |i: usize| { let mut j = o.clone(); j.insert(axis, i); x.get(&j) };
            let b = best.get(&o) as usize;
            prop_assert!((0..b).all(|i| at(i) < at(b)) && (b..x.shape()[axis]).all(|i| at(i) <= at(b)));
        }
    }

    #[test]
    fn concat_and_slice_are_inverse(x in views(), axis in 0usize..4, cut in 0usize..5) {
        prop_assume!(axis < x.rank());
        let n = x.shape()[axis];
        let cut = cut.min(n);
        let (a, b) = (x.slice(axis, 0..cut), x.slice(axis, cut..n));
        prop_assert_eq!(&Tensor::concat(&[a, b], axis), &x);
        let padded = x.pad(axis, 2, 1);
        prop_assert_eq!(&padded.slice(axis, 2..2 + n), &x);
        prop_assert_eq!(padded.sum_all(), x.sum_all());
        prop_assert_eq!(padded.shape()[axis], n + 3);
        let parts: Vec<_> = (0..n).map(|i| x.index_axis(axis, i)).collect();
        if n > 0 {
            prop_assert_eq!(&Tensor::stack(&parts, axis), &x);
        }
        if x.shape()[0] > 0 {
            let rows: Vec<usize> = (0..x.shape()[0]).rev().chain([0]).collect();
            let taken = x.take(&rows);
            for (i, &row) in rows.iter().enumerate() {
                prop_assert_eq!(taken.index_axis(0, i), x.index_axis(0, row));
            }
        }
    }

    #[test]
    fn matmul_agrees_with_its_definition(
        m in 0usize..7, k in 0usize..7, n in 0usize..7, batch in prop::collection::vec(1usize..4, 0..3),
        broadcast in any::<bool>(), swap in any::<bool>(), flip in any::<bool>(),
    ) {
        let with = |tail: [usize; 2]| [&batch[..], &tail[..]].concat();
        let a = if swap { counting(&with([k, m])).t() } else { counting(&with([m, k])) };
        let b = if broadcast { counting(&[k, n]) } else { counting(&with([k, n])) };
        let b = if flip { b.flip(b.rank() - 1) } else { b };
        let c = a.matmul(&b);
        prop_assert_eq!(c.shape(), with([m, n]));
        for i in indices(c.shape()) {
            let (head, ij) = i.split_at(batch.len());
            let sum: f64 = (0..k).map(|l| {
                let in_b = if broadcast { vec![l, ij[1]] } else { [head, &[l, ij[1]]].concat() };
                a.get(&[head, &[ij[0], l]].concat()) * b.get(&in_b)
            }).sum();
            prop_assert_eq!(c.get(&i), sum);
        }
    }
}

#[test]
fn copy_on_write() {
    let mut a = Tensor::<f32>::zeros([2, 3]);
    let view = a.slice(0, 1..2);
    a += 1.0;
    assert_eq!((a.sum_all(), view.sum_all()), (6.0, 0.0));
    let mut row = a.index_axis(0, 0);
    assert!(row.get_mut().is_none(), "shared with a");
    row.make_mut()[0] = 9.0;
    assert_eq!(a.get(&[0, 0]), 1.0);
    drop(a);
    assert!(row.get_mut().is_some(), "alone now");
    let mut repeated = Tensor::<f32>::ones([1]).broadcast_to([4]);
    repeated.make_mut()[2] = 5.0;
    assert_eq!(repeated.to_vec(), [1.0, 1.0, 5.0, 1.0]);
    let mut x = Tensor::<f32>::ones([2]);
    let same = x.clone();
    x += &same;
    assert_eq!((x.to_vec(), same.to_vec()), (vec![2.0, 2.0], vec![1.0, 1.0]));
}

type One = fn(f64) -> f64;
type Two = fn(f64, f64) -> f64;

/// Methods go through the right kernels, on strided views too.
#[test]
fn functions_of_elements() {
    let x = (&counting(&[5, 7]) / 4.0 - 3.0).t();
    let unary: [(Tensor<f64>, One); 6] = [
        (x.exp(), f64::exp),
        (x.tanh(), f64::tanh),
        (x.abs(), f64::abs),
        (x.square(), |x| x * x),
        (x.relu(), |x| x.max(0.0)),
        (x.floor(), f64::floor),
    ];
    for (got, f) in unary {
        assert!(got.all_close(&x.map(f), 1e-15, 0.0));
    }
    let y = counting(&[5]) - 2.0;
    let binary: [(Tensor<f64>, Two); 6] = [
        (x.maximum(&y), f64::max),
        (x.minimum(&y), f64::min),
        (x.abs().pow(&y), |x, y| x.abs().powf(y)),
        (x.gt(&y), |x, y| f64::from(u8::from(x > y))),
        (x.le(&y), |x, y| f64::from(u8::from(x <= y))),
        (Tensor::select(&x.lt(&y), &x, &y), f64::min),
    ];
    for (got, f) in binary {
        assert!(got.all_close(&x.zip_map(&y, f), 1e-15, 0.0));
    }
    assert_eq!(1.0 - &x, (&x - 1.0) * -1.0);
    assert_eq!(x.polygamma(0).slice(1, 3..5), x.digamma().slice(1, 3..5));
}

#[test]
fn views_share_storage() {
    let a = counting(&[4, 6]);
    let address = |x: &Tensor<f64>| x.as_slice().unwrap().as_ptr();
    assert_eq!(address(&a.reshape([2, 12])), address(&a));
    assert_eq!(address(&a.contiguous()), address(&a));
    assert_eq!(address(&a.t().t()), address(&a));
    assert!(!a.t().is_contiguous() && !a.slice(1, 0..2).is_contiguous() && a.slice(0, 1..3).is_contiguous());
}

/// Not exact numbers here: rounding shows both a poor tree and one that depends on the threads.
fn rough(n: usize) -> Tensor<f32> {
    let value = |i: u64| {
        let bits = (i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((bits ^ bits >> 31) >> 40) as f32 / (1 << 24) as f32
    };
    Tensor::new([n], (0..n as u64).map(value).collect())
}

#[test]
fn long_sums_are_accurate() {
    let x = rough(10_000_000);
    let exact: f64 = x.iter().map(f64::from).sum();
    let relative = |sum: f32| (f64::from(sum) - exact).abs() / exact;
    assert!(relative(x.sum_all()) < 1e-6, "{}", relative(x.sum_all()));
    let columns = x.reshape([2_500_000, 4]).sum(&[0]);
    assert!(relative(columns.sum_all()) < 1e-6, "{}", relative(columns.sum_all()));
    assert!(relative(x.slice_step(0, 9_999_999, 10_000_000, -1).sum_all()) < 1e-6);
}

#[test]
fn sums_do_not_depend_on_the_number_of_threads() {
    let x = rough(120 * 77 * 130);
    let cases = [
        (x.clone(), vec![0]),
        (x.reshape([120 * 77, 130]), vec![0]),
        (x.reshape([120 * 77, 130]), vec![1]),
        (x.reshape([120, 77, 130]), vec![0, 2]),
        (x.reshape([120, 77, 130]), vec![1]),
        (x.reshape([3, 120 * 77 * 130 / 3]), vec![1]),
        (x.reshape([120, 77 * 130]).t(), vec![0]),
    ];
    let sums = |threads| in_pool(threads, || cases.iter().map(|(x, axes)| x.sum(axes)).collect::<Vec<_>>());
    let one = sums(1);
    for threads in [2, 3, 7] {
        assert_eq!(sums(threads), one);
    }
    // And they are sums: against f64, column by column.
    for ((x, axes), sum) in cases.iter().zip(&one) {
        assert!(sum.cast::<f64>().all_close(&x.cast::<f64>().sum(axes), 1e-6, 0.0));
    }
}

#[test]
fn extremes_show_nan() {
    let x = Tensor::from_slice(&[1.0, f64::NAN, 3.0]);
    assert!(x.max_all().is_nan() && x.min_all().is_nan());
    assert_eq!(x.argmax(0).item(), 1.0);
    assert!(x.slice(0, 1..3).max_all().is_nan() && x.slice(0, 0..2).max_all().is_nan());
    assert_eq!(Tensor::<f64>::zeros([0, 3]).sum(&[0]).to_vec(), [0.0; 3]);
    assert!(Tensor::<f64>::zeros([0]).mean_all().is_nan());
}

#[test]
fn tolerances() {
    let a = Tensor::from_slice(&[1.0, f64::INFINITY]);
    assert!(a.all_close(&Tensor::from_slice(&[1.0 + 1e-9, f64::INFINITY]), 1e-8, 0.0));
    assert!(!a.all_close(&Tensor::from_slice(&[1.0 + 1e-7, f64::INFINITY]), 1e-8, 0.0));
    assert!(!a.all_close(&Tensor::from_slice(&[1.0, 2.0]), 1.0, 1e300));
    assert!(!Tensor::scalar(f64::NAN).all_close(&Tensor::scalar(f64::NAN), 1.0, 1.0));
    assert!(!a.all_close(&a.reshape([2, 1]), 1.0, 1.0));
}

#[test]
fn prints_like_numpy() {
    assert_eq!(format!("{:?}", Tensor::scalar(2.5f32)), "2.5 f32[]");
    assert_eq!(format!("{:?}", Tensor::<f32>::zeros([0, 2])), "[] f32[0, 2]");
    assert_eq!(format!("{:.1?}", Tensor::from_slice(&[1.0, 2.25])), "[1.0, 2.2] f64[2]");
    let deep = counting(&[2, 2, 2]);
    assert_eq!(format!("{deep:?}"), "[[[0, 1],\n  [2, 3]],\n\n [[4, 5],\n  [6, 7]]] f64[2, 2, 2]");
    assert_eq!(
        format!("{:?}", Tensor::<f32>::arange(2000)),
        "[   0,    1,    2, ..., 1997, 1998, 1999] f32[2000]"
    );
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "panics end the program")]
fn panics_name_the_op_and_both_shapes() {
    let message = |f: fn()| *std::panic::catch_unwind(f).unwrap_err().downcast::<String>().unwrap();
    let said = message(|| drop(Tensor::<f32>::zeros([2, 3]) + Tensor::zeros([4])));
    assert_eq!(said, "add: shapes [2, 3] and [4] do not broadcast together");
    let said = message(|| drop(Tensor::<f32>::zeros([2, 3]).matmul(&Tensor::zeros([2, 3]))));
    assert_eq!(said, "matmul: [2, 3] times [2, 3] is not [.., m, k] times [.., k, n]");
    let said = message(|| drop(Tensor::<f32>::zeros([2, 3]).reshape([7])));
    assert_eq!(said, "reshape: [2, 3] has 6 elements and cannot become [7], which has 7");
    let said = message(|| drop(Tensor::<f32>::zeros([2, 3]).broadcast_to([3, 2])));
    assert_eq!(said, "broadcast_to: shape [2, 3] cannot be broadcast to [3, 2]");
    let said = message(|| drop(Tensor::<f32>::zeros([2, 0]).max(&[1])));
    assert_eq!(said, "max: nothing to compare along axes [1] of shape [2, 0]");
}
