//! Element types: masks, whole numbers, casts, several types in one program; compiled and interpreted.

use bayeux_autodiff::{AnyExpr, Error, Expr, Function, Shared, Untyped, batch, grad, interpret};
use bayeux_tensor::{AnyTensor, ElementType, Tensor};

/// The values of some expressions, compiled and interpreted, which must agree: floats up to the rounding of sums.
#[track_caller]
fn values(roots: &[AnyExpr], inputs: &[(AnyExpr, AnyTensor)]) -> Vec<AnyTensor> {
    let names: Vec<AnyExpr> = inputs.iter().map(|(input, _)| input.clone()).collect();
    let tensors: Vec<&AnyTensor> = inputs.iter().map(|(_, tensor)| tensor).collect();
    let f = Function::<Untyped>::builder().inputs(&names).outputs(roots).build().expect("fits");
    let compiled = f.call(&tensors).expect("runs");
    let pairs: Vec<(&AnyExpr, &AnyTensor)> = inputs.iter().map(|(input, tensor)| (input, tensor)).collect();
    let interpreted = interpret(roots, &pairs, 0).expect("runs");
    for ((a, b), root) in compiled.iter().zip(&interpreted).zip(roots) {
        assert_eq!(a.element_type(), root.element_type());
        assert_eq!((a.element_type(), a.shape()), (b.element_type(), b.shape()), "{root}");
        let close = match a.element_type() {
            ElementType::F32 => a.get::<f32>().all_close(b.get(), 1e-6, 0.0),
            ElementType::F64 => a.get::<f64>().all_close(b.get(), 1e-14, 0.0),
            _ => false,
        };
        assert!(close || a.bits().eq(b.bits()), "{root}: compiled {a:?}, interpreted {b:?}");
    }
    compiled
}

/// The values of expressions without inputs.
#[track_caller]
fn constants(roots: &[AnyExpr]) -> Vec<AnyTensor> {
    values(roots, &[])
}

#[test]
fn comparisons_give_truth_values() {
    let x = Expr::<f32>::input("x", [batch()]);
    let zero = Expr::scalar(0.0);
    let (positive, small) = (x.gt(&zero), x.abs().lt(&Expr::scalar(2.0)));
    let roots = [
        positive.untyped(),
        (&positive & &small).untyped(),
        (&positive | &small).untyped(),
        (&positive ^ &small).untyped(),
        (!&positive).untyped(),
        positive.eq(&small).untyped(),
        positive.all(0).untyped(),
        positive.any(0).untyped(),
        positive.insert_axis(1).broadcast_to((batch(), 2)).untyped(),
        Expr::concat(&[positive.clone(), small.clone()], 0).untyped(),
        Expr::select(&positive, &small, &!&small).untyped(),
    ];
    let given = Tensor::from_slice(&[-3.0_f32, -1.0, 0.0, 1.0, 3.0, f32::NAN]);
    let found = values(&roots, &[(x.untyped(), given.into())]);
    let bools = |i: usize| found[i].get::<bool>().to_vec();
    assert_eq!(bools(0), [false, false, false, true, true, false]);
    assert_eq!(bools(1), [false, false, false, true, false, false]);
    assert_eq!(bools(2), [false, true, true, true, true, false]);
    assert_eq!(bools(3), [false, true, true, false, true, false]);
    assert_eq!(bools(4), [true, true, true, false, false, true]);
    assert_eq!(bools(5), [true, false, false, true, false, true]);
    assert_eq!((bools(6), bools(7)), (vec![false], vec![true]));
    assert_eq!(bools(8)[6..10], [true; 4]);
    assert_eq!(bools(9)[..6], bools(0)[..]);
    assert_eq!(bools(10), [true, false, false, true, false, true]);
}

#[test]
fn truth_values_are_given_kept_and_chosen_by() {
    let keep = Expr::<bool>::input("keep", [4]);
    let x = Expr::<f64>::input("x", [4]);
    let mask = Shared::new("mask", Tensor::from_slice(&[true, true, false, false]));
    let both = &keep & mask.expr();
    let chosen = Expr::select(&both, &x, &(-&x)).sum_all();
    let slope = grad(&chosen, std::slice::from_ref(&x)).remove(0);
    let f = Function::builder()
        .input(&keep)
        .inputs([&x])
        .outputs([&chosen, &slope])
        .update(&mask, !mask.expr())
        .build()
        .expect("fits");
    let keep = Tensor::from_slice(&[true, false, true, false]);
    let found = f.call((&keep, &Tensor::from_slice(&[1.0, 10.0, 100.0, 1000.0]))).expect("runs");
    assert_eq!(found[0].item(), -1109.0);
    assert_eq!(found[1].to_vec(), [1.0, -1.0, -1.0, -1.0]);
    assert_eq!(mask.get().to_vec(), [false, false, true, true]);
}

#[test]
fn whole_numbers_wrap_around_and_are_compared() {
    let x = Expr::<i64>::constant(Tensor::from_slice(&[i64::MAX, -7, 0, 5]));
    let y = Expr::<i64>::constant(Tensor::from_slice(&[1, 2, 3, 4]));
    let table = Expr::<u8>::constant(Tensor::new([2, 3], vec![250, 10, 1, 2, 3, 4]));
    let found = constants(&[
        (&x + &y).untyped(),
        (&x - &y * 2).untyped(),
        (-&x).abs().untyped(),
        x.maximum(&y).untyped(),
        x.minimum(&y).square().untyped(),
        x.lt(&y).untyped(),
        x.sum_all().untyped(),
        table.sum(1).untyped(),
        table.sum(0).untyped(),
        table.t().untyped(),
        table.insert_axis(0).flip(2).untyped(),
        Expr::select(&x.gt(&y), &x, &y).untyped(),
        table.slice(1, 1..).pad(1, 1, 0).untyped(),
    ]);
    let whole = |i: usize| found[i].get::<i64>().to_vec();
    assert_eq!(whole(0), [i64::MIN, -5, 3, 9]);
    assert_eq!(whole(1), [i64::MAX - 2, -11, -6, -3]);
    assert_eq!(whole(2), [i64::MAX, 7, 0, 5]);
    assert_eq!(whole(3), [i64::MAX, 2, 3, 5]);
    assert_eq!(whole(4), [1, 49, 0, 16]);
    assert_eq!(found[5].get::<bool>().to_vec(), [false, true, true, false]);
    assert_eq!(whole(6), [i64::MAX - 2]);
    assert_eq!(found[7].get::<u8>().to_vec(), [5, 9]);
    assert_eq!(found[8].get::<u8>().to_vec(), [252, 13, 5]);
    assert_eq!(found[9].get::<u8>().to_vec(), [250, 2, 10, 3, 1, 4]);
    assert_eq!(found[10].get::<u8>().to_vec(), [1, 10, 250, 4, 3, 2]);
    assert_eq!(whole(11), [i64::MAX, 2, 3, 5]);
    assert_eq!(found[12].get::<u8>().to_vec(), [0, 10, 1, 0, 3, 4]);
}

#[test]
fn casts_round_cut_and_wrap() {
    let x = Expr::<f64>::constant(Tensor::from_slice(&[-1.7, 0.0, 2.9, 300.0, 1e300, f64::NAN]));
    let n = Expr::<i64>::constant(Tensor::from_slice(&[-1, 0, 255, 256, (1 << 53) + 1]));
    let found = constants(&[
        x.cast::<i64>().untyped(),
        x.cast::<i32>().untyped(),
        x.cast::<u8>().untyped(),
        x.cast::<bool>().untyped(),
        x.cast::<f32>().untyped(),
        n.cast::<u8>().untyped(),
        n.cast::<i32>().cast::<i64>().untyped(),
        n.cast::<bool>().untyped(),
        n.cast::<f64>().untyped(),
        x.cast::<bool>().cast::<f32>().untyped(),
        n.cast::<bool>().cast::<i32>().untyped(),
    ]);
    assert_eq!(found[0].get::<i64>().to_vec(), [-1, 0, 2, 300, i64::MAX, 0]);
    assert_eq!(found[1].get::<i32>().to_vec(), [-1, 0, 2, 300, i32::MAX, 0]);
    assert_eq!(found[2].get::<u8>().to_vec(), [0, 0, 2, 255, 255, 0]);
    assert_eq!(found[3].get::<bool>().to_vec(), [true, false, true, true, true, true]);
    assert_eq!(found[4].get::<f32>().to_vec()[2..5], [2.9, 300.0, f32::INFINITY]);
    assert_eq!(found[5].get::<u8>().to_vec(), [255, 0, 255, 0, 1]);
    assert_eq!(found[6].get::<i64>().to_vec(), [-1, 0, 255, 256, 1]);
    assert_eq!(found[7].get::<bool>().to_vec(), [true, false, true, true, true]);
    assert_eq!(found[8].get::<f64>().to_vec()[4], 9_007_199_254_740_992.0);
    assert_eq!(found[9].get::<f32>().to_vec(), [1.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(found[10].get::<i32>().to_vec(), [1, 0, 1, 1, 1]);
}

#[test]
fn a_program_mixes_single_and_double_precision() {
    let x = Expr::<f32>::input("x", [3]);
    let w = Expr::<f64>::input("w", [3]);
    let cost = (x.tanh().cast::<f64>() * &w).exp().sum_all();
    let slopes = [
        grad(&cost, std::slice::from_ref(&w)).remove(0).untyped(),
        bayeux_autodiff::grad(&cost.untyped(), &[x.untyped()]).remove(0),
    ];
    assert_eq!(slopes[1].element_type(), ElementType::F32);
    let (at_x, at_w) = ([0.5_f32, -1.0, 2.0], [0.3_f64, 1.5, -0.7]);
    let given =
        [(x.untyped(), Tensor::from_slice(&at_x).into()), (w.untyped(), Tensor::from_slice(&at_w).into())];
    let found = values(&[cost.untyped(), slopes[0].clone(), slopes[1].clone()], &given);
    for i in 0..3 {
        let (t, w) = (f64::from(at_x[i].tanh()), at_w[i]);
        let slope = found[1].get::<f64>().get(&[i]);
        assert!((slope - t * (t * w).exp()).abs() < 1e-6, "{slope}");
        let slope = f64::from(found[2].get::<f32>().get(&[i]));
        assert!((slope - w * (t * w).exp() * (1.0 - t * t)).abs() < 1e-6, "{slope}");
    }
}

#[test]
fn a_step_counts_in_whole_numbers() {
    let count = Shared::new("count", Tensor::scalar(0_i64));
    let w = Shared::new("w", Tensor::from_slice(&[1.0_f32, 2.0]));
    let next = count.expr() + 1;
    let rate = 1.0 / next.cast::<f32>();
    let step = Function::builder()
        .outputs([&w.expr().sum_all()])
        .updates([(&w, w.expr() - rate)])
        .update(&count, next)
        .build()
        .expect("fits");
    for _ in 0..3 {
        step.call(&[]).expect("runs");
    }
    assert_eq!(count.get().item(), 3);
    assert!((w.get().get(&[0]) - (1.0 - 1.0 - 0.5 - 1.0 / 3.0)).abs() < 1e-6);
}

#[test]
fn what_is_of_another_type_is_refused_by_name() {
    let label = Expr::<i64>::input("label", [batch()]);
    let f = Function::<Untyped>::new([&label.untyped()], [label.sum_all().untyped()]).expect("fits");
    let error = f.call(&[&Tensor::from_slice(&[1.0_f32]).into()]).expect_err("floats");
    assert_eq!(error.to_string(), "input `label` takes i64, the tensor given holds f32");
    let one_hot = Function::<f32>::builder().input(&label).outputs([label.one_hot_as::<f32>(3)]).build();
    let one_hot = one_hot.expect("fits");
    let rows = one_hot.call((&Tensor::from_slice(&[2_i64, 0]),)).expect("runs");
    assert_eq!(rows[0].to_vec(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    for wrong in [3, -1] {
        let error = one_hot.call((&Tensor::from_slice(&[0_i64, wrong]),)).expect_err("out of range");
        assert!(matches!(error, Error::Index { position: 1, limit: 3, .. }), "{error}");
    }
    let w = Shared::new("w", Tensor::from_slice(&[1.0_f32]));
    let update = Function::<f32>::builder().update(&w.untyped(), Expr::<f64>::zeros([1]).untyped()).build();
    assert_eq!(update.expect_err("f64").to_string(), "the update of `w` is f64[1], the variable f32[1]");
}

#[test]
fn positions_of_the_largest() {
    let x = Expr::<f32>::constant(Tensor::new([2, 3], vec![1.0, 5.0, 5.0, f32::NAN, 7.0, -1.0]));
    let n = Expr::<u8>::constant(Tensor::new([2, 2], vec![3, 9, 4, 1]));
    let found = constants(&[
        x.argmax(-1).untyped(),
        x.argmin(0).untyped(),
        n.argmax(0).untyped(),
        n.argmin(1).untyped(),
    ]);
    let places = |i: usize| found[i].get::<i64>().to_vec();
    assert_eq!((places(0), places(1)), (vec![1, 0], vec![1, 0, 1]));
    assert_eq!((places(2), places(3)), (vec![1, 0], vec![0, 1]));
}

#[test]
fn several_values_of_one_operation() {
    let x = Expr::<f64>::input("x", [2, 4]);
    let (sorted, order) = x.sort();
    let (largest, places) = x.top_k(2);
    let weights = Expr::constant(Tensor::from_slice(&[1.0, 10.0, 100.0, 1000.0]));
    let cost = (&sorted * weights).sum_all() + largest.square().sum_all();
    let slope = grad(&cost, std::slice::from_ref(&x)).remove(0);
    let given = Tensor::new([2, 4], vec![3.0, 1.0, 2.0, 2.0, f64::NAN, -1.0, 8.0, 0.0]);
    let roots = [sorted.untyped(), order.untyped(), largest.untyped(), places.untyped(), slope.untyped()];
    let found = values(&roots, &[(x.untyped(), given.into())]);
    assert_eq!(found[0].get::<f64>().to_vec()[..7], [1.0, 2.0, 2.0, 3.0, -1.0, 0.0, 8.0]);
    assert_eq!(found[1].get::<i64>().to_vec(), [1, 2, 3, 0, 1, 3, 2, 0]);
    assert_eq!(found[2].get::<f64>().to_vec(), [3.0, 2.0, 8.0, 0.0]);
    assert_eq!(found[3].get::<i64>().to_vec(), [0, 2, 2, 3]);
    assert_eq!(found[4].get::<f64>().to_vec()[..4], [1000.0 + 6.0, 1.0, 10.0 + 4.0, 100.0]);
    // One of them alone.
    let alone =
        values(&[places.untyped()], &[(x.untyped(), Tensor::<f64>::arange(8).reshape([2, 4]).into())]);
    assert_eq!(alone[0].get::<i64>().to_vec(), [3, 2, 3, 2]);
    // Of how many there are enough is not known before.
    let x = Expr::<f64>::input("x", [batch()]);
    let f = Function::new([&x], [x.top_k(3).0]).expect("there may be three");
    let error = f.call(&[&Tensor::ones([2])]).expect_err("there are two");
    assert!(matches!(&error, Error::Size { what, .. } if what.contains("not 3")), "{error}");
    assert_eq!(f.call(&[&Tensor::arange(4)]).expect("there are four")[0].to_vec(), [3.0, 2.0, 1.0]);
}
