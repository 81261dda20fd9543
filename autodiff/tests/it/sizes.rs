//! Free dimensions in slices, paddings, concatenations, convolutions and pools.

use bayeux_autodiff::{Conv2dOptions, Dim, Error, Expr, Function, Pool2dOptions, check_gradient, interpret};
use bayeux_tensor::Tensor;

#[test]
fn neighbours_of_a_free_axis() {
    let x = Expr::<f64>::input("x", [Dim::symbol("n"), Dim::from(2)]);
    let differences = x.slice(0, 1..) - x.slice(0, ..-1);
    let framed = Expr::concat(&[differences.pad(0, 1, 0), x.slice(0, -2..).flip(0)], 0);
    assert_eq!(differences.shape().to_string(), "[n − 1, 2]");
    assert_eq!(framed.shape().to_string(), "[n + 2, 2]");
    let cost = framed.square().sum_all() * Expr::size(Dim::symbol("n"));
    let f = Function::new([&x], [framed, cost.clone()]).expect("fits");
    for n in [2, 5] {
        let at = Tensor::from_fn([n, 2], |i| ((i[0] * i[0] + i[1]) as f64).sin());
        let found = f.call(&[&at]).expect("runs");
        assert_eq!(found[0].shape(), [n + 2, 2]);
        assert_eq!(found[0].get(&[1, 0]), at.get(&[1, 0]) - at.get(&[0, 0]));
        assert_eq!(found[0].get(&[n, 1]), at.get(&[n - 1, 1]));
        let errors = check_gradient(&cost, &[(&x, &at)]).expect("runs");
        assert!(errors.first < 1e-8 && errors.second < 1e-7, "{errors:?}");
    }
    let error = f.call(&[&Tensor::zeros([1, 2])]).expect_err("there are no two last rows");
    assert_eq!(error.to_string(), "the dimension n − 2 is −1 where n = 1");
}

#[test]
fn images_of_any_size() {
    let [height, width, channels] = Dim::symbols(["height", "width", "channels"]);
    let x = Expr::<f64>::input("x", (2, &channels, &height, &width));
    let w = Expr::input("w", (3, &channels, 3, 2));
    let options = Conv2dOptions::new().stride([2, 1]).padding([[1, 1], [0, 1]]);
    let y = x.conv2d(&w, options).tanh().max_pool2d(Pool2dOptions::new([2, 2]));
    let shape = "[2, 3, ⌊(height + 1)/4⌋, ⌊width/2⌋]";
    assert_eq!(y.shape().to_string(), shape);
    let cost = y.square().sum_all() + y.flatten_from(1).sum(1).square().sum_all();
    let f = Function::new([&x, &w], [&y]).expect("fits");
    for [c, h, l] in [[1, 7, 4], [2, 6, 5], [3, 9, 9]] {
        let number = |i: &[usize]| ((i[0] * 7 + i[1] * 5 + i[2] * 3 + i[3]) as f64 * 1.3).sin();
        let (x_at, w_at) = (Tensor::from_fn([2, c, h, l], number), Tensor::from_fn([3, c, 3, 2], number));
        let found = f.call(&[&x_at, &w_at]).expect("runs").remove(0);
        assert_eq!(found.shape(), [2, 3, (h + 1) / 4, l / 2]);
        let expected =
            interpret(std::slice::from_ref(&y), &[(&x, &x_at), (&w, &w_at)], 0).expect("runs").remove(0);
        assert!(found.all_close(&expected, 1e-12, 1e-12));
        let errors = check_gradient(&cost, &[(&x, &x_at), (&w, &w_at)]).expect("runs");
        assert!(errors.first < 1e-7 && errors.second < 1e-6, "{errors:?}");
    }
    let small = f.call(&[&Tensor::zeros([2, 1, 0, 4]), &Tensor::zeros([3, 1, 3, 2])]);
    assert!(matches!(small, Err(Error::Size { .. })), "{small:?}");
}

#[test]
#[should_panic(expected = "slice: 2..4 of axis 0 of `x` of shape [3]")]
fn a_range_beyond_an_axis_is_refused() {
    Expr::<f32>::input("x", [3]).slice(0, 2..4);
}
