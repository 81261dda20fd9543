use bayeux_tensor::Tensor;

use crate::{Expr, Function};

/// ONNX's examples of `ScatterElements` and `GatherElements`.
#[test]
fn values_are_onnxs() {
    let data = Expr::constant(Tensor::<f32>::new([1, 5], vec![1.0, 2.0, 3.0, 4.0, 5.0]));
    let places = Expr::constant(Tensor::<i64>::new([1, 2], vec![1, 1]));
    let updates = Expr::constant(Tensor::<f32>::new([1, 2], vec![1.1, 2.1]));
    let table = Expr::constant(Tensor::<f32>::new([3, 3], (1..10).map(|i| i as f32).collect()));
    let rows = Expr::constant(Tensor::<i64>::new([2, 3], vec![1, 2, 0, 2, 0, 0]));
    let outputs = [
        data.add_along(1, &places, &updates),
        data.max_along(1, &places, &updates),
        data.put_along(1, &places, &updates),
        table.take_along(0, &rows),
    ];
    let values = Function::new([], outputs).unwrap().call(&[]).unwrap();
    let found: Vec<_> = values.iter().map(Tensor::to_vec).collect();
    assert_eq!(found[0], [1.0, 2.0 + 1.1 + 2.1, 3.0, 4.0, 5.0]);
    assert_eq!(found[1], [1.0, 2.1, 3.0, 4.0, 5.0]);
    assert_eq!(found[2], [1.0, 2.1, 3.0, 4.0, 5.0]);
    assert_eq!(found[3], [4.0, 8.0, 3.0, 7.0, 2.0, 3.0]);
}

#[test]
#[should_panic(expected = "take_along axis 0: inputs of types [f32[3, 2], i64[1, 3]]")]
fn shapes_that_differ_are_refused() {
    let _ = Expr::<f32>::zeros([3, 2]).take_along(0, &Expr::zeros([1, 3]));
}
