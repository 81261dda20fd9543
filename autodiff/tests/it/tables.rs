//! Rows of tables by their positions.

use bayeux_autodiff::optimizers::{Optimizer, Sgd};
use bayeux_autodiff::{Error, Expr, Function, Shared, batch, grad, interpret};
use bayeux_tensor::Tensor;

/// 2²⁴ + 1, the first whole number that is no f32.
const LARGE: usize = 16_777_217;

#[test]
fn a_row_is_found_whose_number_is_no_float() {
    let mut bytes = vec![0_u8; LARGE + 2];
    (bytes[LARGE - 1], bytes[LARGE], bytes[LARGE + 1]) = (1, 2, 3);
    let table = Shared::new("table", Tensor::new([LARGE + 2], bytes));
    let row = Expr::<i64>::input("row", [batch()]);
    let f = Function::builder().input(&row).outputs([table.expr().take(0, &row).cast::<f32>()]).build();
    let rows = Tensor::from_slice(&[LARGE as i64, LARGE as i64 - 1, LARGE as i64 + 1]);
    assert_eq!(f.expect("fits").call((&rows,)).expect("runs")[0].to_vec(), [2.0, 1.0, 3.0]);
}

#[test]
fn an_embedding_is_trained_where_it_stands() {
    let rows = 50_000;
    let table = Shared::new("table", Tensor::<f32>::ones([rows, 3]));
    let words = Expr::<i64>::input("words", [batch()]);
    let used = table.expr().take(0, &words);
    let cost = (used.square() * 0.5).sum_all();
    let updates = Sgd::new(0.5).updates_for(&cost, std::slice::from_ref(&table));
    let mut step = Function::builder()
        .input(&words)
        .outputs([&cost])
        .updates(updates)
        .exclusive()
        .build()
        .expect("fits");
    let given = Tensor::from_slice(&[7_i64, 49_999, 7]);
    step.run((&given,)).expect("runs");
    // Row 7 has come twice: 1 − ½ − ½.
    let value = table.get();
    assert_eq!(value.slice(0, 7..8).to_vec(), [0.0; 3]);
    assert_eq!(value.slice(0, 49_999..50_000).to_vec(), [0.5; 3]);
    assert_eq!(value.sum_all(), (3 * rows) as f32 - 3.0 - 1.5);
    drop(value);
    // Nothing as large as the table is held but the table.
    assert!(step.memory() < 4 * rows, "{} bytes: {step}", step.memory());
    let error = step.run((&Tensor::from_slice(&[1_i64, rows as i64]),)).expect_err("beyond the table");
    assert!(matches!(error, Error::Index { position: 1, .. }), "{error}");
    assert_eq!(table.get().slice(0, 1..2).to_vec(), [1.0; 3]);
}

#[test]
fn two_tables_are_trained_where_they_stand() {
    let tables = [20_000, 30_000].map(|rows| Shared::new("table", Tensor::<f64>::ones([rows, 2])));
    let words = Expr::<i64>::input("words", [2]);
    let cost = (tables[0].expr().take(0, &words) * tables[1].expr().take(0, &words)).sum_all();
    let updates = Sgd::new(0.25).updates_for(&cost, &tables);
    let mut step = Function::builder()
        .input(&words)
        .outputs([&cost])
        .updates(updates)
        .exclusive()
        .build()
        .expect("fits");
    step.run((&Tensor::from_slice(&[3_i64, 5]),)).expect("runs");
    assert!(step.memory() < 20_000, "{} bytes: {step}", step.memory());
    for table in tables {
        assert_eq!(table.get().slice(0, 2..6).to_vec(), [1.0, 1.0, 0.75, 0.75, 1.0, 1.0, 0.75, 0.75]);
    }
}

#[test]
fn taking_along_any_axis_has_its_gradients() {
    let x = Expr::<f64>::input("x", [2, 3, 2]);
    let places = Expr::constant(Tensor::new([2, 2], vec![2_i64, 0, 0, 1]));
    let taken = x.take(1, &places);
    assert_eq!(taken.shape().to_string(), "[2, 2, 2, 2]");
    let at = Tensor::<f64>::arange(12).reshape([2, 3, 2]);
    let found = interpret(std::slice::from_ref(&taken), &[(&x, &at)], 0).expect("runs").remove(0);
    assert_eq!(found.slice(0, 1..2).to_vec(), [10.0, 11.0, 6.0, 7.0, 6.0, 7.0, 8.0, 9.0]);
    let weights = Expr::constant(Tensor::<f64>::arange(16).reshape([2, 2, 2, 2]));
    let cost = (taken.square() * weights).sum_all();
    let slope = grad(&cost, std::slice::from_ref(&x)).remove(0);
    let errors = bayeux_autodiff::check_gradient(&cost, &[(&x, &at)]).expect("runs");
    assert!(errors.first < 1e-8 && errors.second < 1e-7, "{errors:?}");
    let compiled = Function::new([&x], [&slope]).expect("fits").call(&[&at]).expect("runs").remove(0);
    assert_eq!(compiled, interpret(&[slope], &[(&x, &at)], 0).expect("runs").remove(0));
}
