//! The text itself, and what is refused. That it means the same is for XLA to say: `benches/peers/stablehlo.py`.

use std::slice::from_ref;

use bayeux_tensor::Tensor;

use crate::{
    AnyExpr, Conv2dOptions, Dim, Error, Expr, RandomStreams, Shared, Triangle, checkpoint, fold, to_stablehlo,
};

#[test]
fn a_small_graph_reads_so() {
    let x = Expr::<f64>::input("x", (Dim::symbol("n"), 3));
    let w = Shared::new("w", Tensor::from_slice(&[1.0, 2.0, 3.0]));
    let places = Expr::<i64>::constant(Tensor::from_slice(&[1, 0]));
    let y = (&x * w.expr()).sum(1).softplus().take(0, &places) + 0.5;
    let text = to_stablehlo(&[x], &[y], &[(Dim::symbol("n"), 2)]).unwrap();
    assert_eq!(text, include_str!("small.mlir"));
}

#[test]
fn numbers_are_exact_and_types_those_of_xla() {
    let written = |value: AnyExpr| to_stablehlo(&[], &[value], &[]).unwrap();
    let single = Expr::<f32>::constant(Tensor::new([1, 2], vec![0.1, f32::NAN])).untyped();
    assert!(written(single).contains("dense<[[0x3DCCCCCD, 0x7FC00000]]> : tensor<1x2xf32>"));
    let infinite = Expr::<f64>::scalar(f64::NEG_INFINITY).untyped();
    assert!(written(infinite).contains("dense<0xFFF0000000000000> : tensor<f64>"));
    let whole = Expr::<i32>::constant(Tensor::from_slice(&[-7, i32::MAX])).untyped();
    assert!(written(whole).contains("dense<[-7, 2147483647]> : tensor<2xi32>"));
    let bytes = Expr::<u8>::constant(Tensor::from_slice(&[255])).untyped();
    assert!(written(bytes).contains("dense<[255]> : tensor<1xui8>"));
    let truth = Expr::<bool>::constant(Tensor::from_slice(&[true, false])).untyped();
    assert!(written(truth).contains("dense<[true, false]> : tensor<2xi1>"));
    let nothing = Expr::<f64>::constant(Tensor::zeros([0, 3])).untyped();
    assert!(written(nothing).contains("dense<> : tensor<0x3xf64>"));
}

#[test]
fn several_values_are_results_in_order() {
    let x = Expr::<f32>::input("x", [3]);
    let (sorted, places) = x.sort();
    let text = to_stablehlo(&[x.untyped()], &[places.untyped(), sorted.untyped()], &[]).unwrap();
    assert!(text.contains("%0 = \"stablehlo.iota\""), "{text}");
    assert!(text.contains("-> (tensor<3xi64>, tensor<3xf32>) {"), "{text}");
    assert!(text.contains("#1, %") && text.contains("#0 : tensor<3xi64>, tensor<3xf32>"), "{text}");
}

#[test]
fn loops_and_programs_inside_are_written_out() {
    let x = Expr::<f64>::input("x", [4, 3]);
    let inner = checkpoint(|x| x[0].tanh(), from_ref(&x));
    let y = fold(|s: &Expr<f64>, x| (s + &x[0]).sin(), Expr::zeros([3]), &[inner]);
    let text = to_stablehlo(&[x], &[y], &[]).unwrap();
    // What each step begins with is stacked for the gradient.
    for op in ["tanh", "while", "dynamic_slice", "sine", "dynamic_update_slice"] {
        assert_eq!(text.matches(&format!("\"stablehlo.{op}\"")).count(), 1, "{op} in\n{text}");
    }
}

#[test]
fn a_loop_of_no_steps_is_what_it_starts_with() {
    let x = Expr::<f64>::input("x", [0, 3]);
    let y = fold(|s: &Expr<f64>, x| (s + &x[0]).sin(), Expr::ones([3]), from_ref(&x));
    let text = to_stablehlo(from_ref(&x), &[y], &[]).unwrap();
    assert!(!text.contains("while") && !text.contains("dynamic_slice"), "{text}");
}

#[test]
fn a_stable_form_is_what_is_written() {
    let x = Expr::<f64>::input("x", [3]);
    let text = to_stablehlo(from_ref(&x), &[x.softmax().ln()], &[]).unwrap();
    assert_eq!(text.matches("stablehlo.log").count(), 1);
    assert!(!text.contains("stablehlo.divide"), "{text}");
}

#[test]
fn what_has_no_form_is_refused_by_name() {
    let x = Expr::<f64>::input("x", [3, 3]);
    let refused = |y: Expr<f64>| to_stablehlo(from_ref(&x), &[y], &[]).unwrap_err().to_string();
    assert_eq!(refused(x.erfcx()), "erfcx has no form in StableHLO");
    assert_eq!(refused(x.inv() * 2.0), "lu has no form in StableHLO");
    let noise = RandomStreams::new(1).normal([3, 3]);
    assert!(refused(&x + noise).starts_with("normal noise"));
    // Also inside a loop.
    let looped = fold(|s: &Expr<f64>, x| s + x[0].erfcx(), Expr::zeros([3]), from_ref(&x));
    assert_eq!(refused(looped), "erfcx has no form in StableHLO");
    let solved = x.solve_triangular(&x, Triangle::Upper);
    let text = to_stablehlo(from_ref(&x), &[solved], &[]).unwrap();
    assert!(text.contains("lower = false"));
}

#[test]
fn free_dimensions_are_told_or_refused_by_name() {
    let [n, t] = Dim::symbols(["n", "t"]);
    let x = Expr::<f64>::input("x", (&n * 2, &t));
    let y = x.sum(0) * x.size_like(n.clone());
    let with = |sizes: &[(Dim, usize)]| to_stablehlo(from_ref(&x), from_ref(&y), sizes);
    assert_eq!(with(&[(n.clone(), 3)]).unwrap_err(), Error::FreeDimension("t".into()));
    let text = with(&[(&n * 2, 6), (t.clone(), 4)]).unwrap();
    assert!(text.contains("%arg0: tensor<6x4xf64>) -> tensor<4xf64>") && text.contains("0x4008000000000000"));
    assert!(matches!(with(&[(&n * 2, 5)]).unwrap_err(), Error::Dimension { .. }));
    assert!(matches!(with(&[(&n * &t, 5)]).unwrap_err(), Error::FreeDimension(_)));
}

#[test]
fn inputs_are_those_of_a_function() {
    let x = Expr::<f64>::input("x", [2]);
    let y = x.tanh();
    let of = |inputs: &[Expr<f64>]| to_stablehlo(inputs, &[&y * 2.0], &[]).unwrap_err();
    assert_eq!(of(&[]), Error::MissingInput("x".into()));
    assert_eq!(of(&[x.clone(), x.clone()]), Error::DuplicateInput("x".into()));
    assert!(matches!(of(&[x.clone(), y.clone()]), Error::NotAnInput(_)));
}

#[test]
fn adjoints_of_convolutions_reach_over_the_edges() {
    let (x, w) = (Expr::<f64>::input("x", [2, 4, 6, 5]), Expr::<f64>::input("w", [6, 2, 3, 2]));
    let options = Conv2dOptions::new().stride([2, 1]).padding([[1, 0], [0, 0]]).groups(2);
    let cost = x.conv2d(&w, options).square().sum_all();
    let slopes = crate::grad(&cost, &[x.clone(), w.clone()]);
    let text = to_stablehlo(&[x, w], &slopes, &[]).unwrap();
    // Of the images: 6 rows, of 3 outputs two apart, of windows of 3 that begin one above.
    assert!(
        text.contains("padding = dense<[[1, 2], [1, 1]]>")
            && text.contains("lhs_dilation = array<i64: 2, 1>")
    );
    // Of the filters: a last row that no window sees is cut off.
    assert!(
        text.contains("padding = dense<[[1, 0], [0, 0]]>") && text.contains("batch_group_count = 2 : i64")
    );
}
