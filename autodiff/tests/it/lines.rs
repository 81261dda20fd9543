//! Shapes that do not fit are refused at the caller's line.

use std::panic::{catch_unwind, set_hook, take_hook};
use std::sync::{Arc, Mutex};

use bayeux_autodiff::{
    Conv2dOptions, Dim, Expr, Pool2dOptions, RandomStreams, check_gradient_to_order, grad,
};
use bayeux_tensor::Tensor;

#[test]
#[cfg_attr(target_family = "wasm", ignore = "panics end the program")]
fn every_panic_is_at_the_line_that_caused_it() {
    let x = &Expr::<f64>::input("x", [2, 3]);
    let y = &Expr::<f64>::input("y", [4]);
    let places = &Expr::<i64>::input("places", [2]);
    let scalar = &Expr::<f64>::scalar(1.0);
    type Case<'a> = (&'a str, Box<dyn Fn() + 'a>);
    macro_rules! cases {
        ($($name:literal: $call:expr;)+) => {
            vec![$(($name, Box::new(|| drop($call)) as Box<dyn Fn() + '_>)),+]
        };
    }
    let cases: Vec<Case<'_>> = cases! {
        "matmul": x.matmul(y);
        "matmul of vectors": y.matmul(x);
        "matmul of scalars": scalar.matmul(x);
        "add": x + y;
        "maximum": x.maximum(y);
        "gt": x.gt(y);
        "select": Expr::select(&x.gt(scalar), x, y);
        "reshape": x.reshape([5]);
        "transpose": x.transpose(&[0, 0]);
        "t": y.t();
        "flatten_from": x.flatten_from(3);
        "insert_axis": x.insert_axis(3);
        "flip": x.flip(2);
        "slice": x.slice(0, 1..4);
        "pad": x.pad(2, 1, 1);
        "concat": Expr::concat(&[x.clone(), y.clone()], 0);
        "sum": x.sum(2);
        "mean": x.mean([0, 0]);
        "max": x.max(-3);
        "softmax": scalar.softmax();
        "broadcast_to": x.broadcast_to([3, 3]);
        "conv2d": x.conv2d(x, Conv2dOptions::default());
        "max_pool2d": x.max_pool2d(Pool2dOptions::new([2, 2]));
        "one_hot": y.one_hot(0);
        "take": x.take(2, places);
        "scatter_add": x.scatter_add(0, places, y);
        "argmax": x.argmax(2);
        "sort": scalar.sort();
        "top_k": x.top_k(4);
        "dim": x.dim(2);
        "typed": x.untyped().typed::<f32>();
        "grad": grad(x, &[]);
        "check_gradient_to_order": check_gradient_to_order(scalar, &[], 3);
        "substitute": Expr::substitute(std::slice::from_ref(x), &[(x, y)]);
        "div_floor": Dim::symbol("n").div_floor(0);
        "constant": RandomStreams::new(0).normal::<f64>([2]).matmul(&Expr::constant(Tensor::zeros([3])));
    };
    let found = Arc::new(Mutex::new(None));
    let seen = found.clone();
    let before = take_hook();
    let here = std::thread::current().id();
    set_hook(Box::new(move |info| {
        // Other tests panic too.
        if std::thread::current().id() == here {
            let file = info.location().map(|location| location.file().to_string());
            *seen.lock().expect("no panic in here") = file;
        }
    }));
    let results: Vec<(&str, Option<String>)> = cases
        .into_iter()
        .map(|(name, call)| {
            *found.lock().expect("no panic in here") = None;
            let result = catch_unwind(std::panic::AssertUnwindSafe(call));
            (name, result.err().and_then(|_| found.lock().expect("no panic in here").clone()))
        })
        .collect();
    set_hook(before);
    let wrong: Vec<_> = results.iter().filter(|(_, file)| file.as_deref() != Some(file!())).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}
