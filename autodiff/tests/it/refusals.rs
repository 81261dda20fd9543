//! What does not fit is refused with the operation, the types, the dimensions that differ, and the lines that made the operands.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bayeux_autodiff::{
    AnyExpr, Conv2dOptions, Dim, Expr, FftNorm, Function, PoolOptions, ScanOptions, batch, cond, grad, scan,
    vjp, vmap,
};
use bayeux_tensor::Tensor;

/// The message of a panic.
fn refusal<R>(call: impl FnOnce() -> R) -> String {
    let payload = catch_unwind(AssertUnwindSafe(|| drop(call()))).expect_err("does not fit");
    *payload.downcast::<String>().expect("a message")
}

/// What a message says of an operand.
fn made(what: &str, value_type: &str, line: u32) -> String {
    format!("\n  `{what}`: {value_type}, made at {}:{line}:", file!())
}

/// Refused calls: what each message begins with, and the operands that it names, with their types and lines.
#[test]
#[cfg_attr(target_family = "wasm", ignore = "panics end the program")]
fn operands_are_named_with_their_types_and_lines() {
    let from = line!();
    let x = &Expr::<f64>::input("x", (batch(), 3));
    let y = &Expr::<f64>::input("y", (batch() + 1, 3));
    let v = &Expr::<f64>::input("v", [4]);
    let i = &Expr::<i64>::input("i", [2]);
    let images = &Expr::<f64>::input("images", [1, 2, 4, 4]);
    let filters = &Expr::<f64>::input("filters", [1, 3, 2, 2]);
    let single = &Expr::<f32>::input("single", (batch(), 3));
    let square = &Expr::<f64>::input("square", [3, 3]);
    let [x_is, y_is, v_is, i_is, images_are, filters_are, single_is, square_is] = [
        ("x", "f64[batch, 3]", 1),
        ("y", "f64[batch + 1, 3]", 2),
        ("v", "f64[4]", 3),
        ("i", "i64[2]", 4),
        ("images", "f64[1, 2, 4, 4]", 5),
        ("filters", "f64[1, 3, 2, 2]", 6),
        ("single", "f32[batch, 3]", 7),
        ("square", "f64[3, 3]", 8),
    ]
    .map(|(name, value_type, after)| made(name, value_type, from + after));
    let of_both = |x: &Expr<f64>, y: &Expr<f64>| x + y;
    let cases: Vec<(&str, String, Vec<&String>)> = vec![
        (
            "add: shapes [batch, 3] and [batch + 1, 3] do not broadcast (axis 0: batch is not batch + 1)\n",
            refusal(|| of_both(x, y)),
            vec![&x_is, &y_is],
        ),
        (
            "gt: shapes [batch, 3] and [4] do not broadcast (axis 1: 3 is not 4)\n",
            refusal(|| x.gt(v)),
            vec![&x_is, &v_is],
        ),
        (
            "add: inputs of types f64[batch, 3] and f32[batch, 3]\n",
            refusal(|| x.untyped() + single.untyped()),
            vec![&x_is, &single_is],
        ),
        (
            "matmul: shapes [batch, 3] and [4] do not fit (3 columns, 4 rows)\n",
            refusal(|| x.matmul(v)),
            vec![&x_is, &v_is],
        ),
        (
            "concat along axis 1: f64[batch, 3] and f64[batch + 1, 3] do not fit (axis 0: batch is not batch + 1)\n",
            refusal(|| Expr::concat(&[x.clone(), y.clone()], 1)),
            vec![&x_is, &y_is],
        ),
        (
            "stack: shapes [batch, 3] and [batch + 1, 3] differ (axis 0: batch is not batch + 1)\n",
            refusal(|| Expr::stack(&[x.clone(), y.clone()], 0)),
            vec![&x_is, &y_is],
        ),
        (
            "select: shapes [batch, 3], [batch, 3] and [4] do not broadcast (axis 1: 3 is not 4)\n",
            refusal(|| Expr::select(&x.gt(x), x, v)),
            vec![&x_is, &v_is],
        ),
        (
            "broadcast_to: `y` of shape [batch + 1, 3] does not broadcast to [batch, 3] (axis 0: batch + 1 is not batch)\n",
            refusal(|| y.broadcast_to((batch(), 3))),
            vec![&y_is],
        ),
        (
            "reshape: `y` of shape [batch + 1, 3] has 3·batch + 3 elements, [3·batch] has 3·batch\n",
            refusal(|| y.reshape([batch() * 3])),
            vec![&y_is],
        ),
        ("sum: axes [2] of a tensor of rank 2\n", refusal(|| x.sum(2usize)), vec![&x_is]),
        (
            "transpose: [0, 0] is not an order of the 2 axes of `x`\n",
            refusal(|| x.transpose(&[0, 0])),
            vec![&x_is],
        ),
        ("slice: 2..5 of axis 1 of `x` of shape [batch, 3]\n", refusal(|| x.slice(1, 2..5)), vec![&x_is]),
        (
            "take along axis 2: positions i64[2] along axis 2 of f64[batch, 3]\n",
            refusal(|| x.take(2, i)),
            vec![&x_is, &i_is],
        ),
        ("scatter_add along axis 1: ", refusal(|| x.scatter_add(1, i, v)), vec![&x_is, &i_is, &v_is]),
        (
            "scatter_set: parts `v` of shape [4], not [batch, 2], for positions of shape [2] along axis 1 of `x` of shape [batch, 3] (axis 1: 4 is not 2)\n",
            refusal(|| x.scatter_set(1, i, v)),
            vec![&x_is, &i_is, &v_is],
        ),
        (
            "conv2d: images [1, 2, 4, 4] and filters [1, 3, 2, 2] differ in their channels\n",
            refusal(|| images.conv2d(filters, Conv2dOptions::new())),
            vec![&images_are, &filters_are],
        ),
        (
            "avg_pool: a window of 5 exceeds",
            refusal(|| images.avg_pool(&PoolOptions::new([5, 5]))),
            vec![&images_are],
        ),
        ("einsum: axis `j` is 3 and 4, ", refusal(|| Expr::einsum("ij,j->i", &[x, v])), vec![&x_is, &v_is]),
        ("solve: shapes [3, 3] and [4] do not fit", refusal(|| square.solve(v)), vec![&square_is, &v_is]),
        ("cholesky: the matrices of f64[batch, 3] are not square\n", refusal(|| x.cholesky()), vec![&x_is]),
        ("fft: real parts of shape [batch, 3] and", refusal(|| x.fft(y, FftNorm::Ortho)), vec![&x_is, &y_is]),
        (
            "betainc: shapes [batch, 3] and [4] do not broadcast (axis 1: 3 is not 4)\n",
            refusal(|| x.betainc(x, v)),
            vec![&x_is, &v_is],
        ),
        (
            "typed: the elements of `x` are f64, not f32\n",
            refusal(|| x.untyped().typed::<f32>()),
            vec![&x_is],
        ),
        (
            "grad: the cost `x` has shape [batch, 3], a scalar is needed\n",
            refusal(|| grad(x, &[])),
            vec![&x_is],
        ),
        (
            "vjp: y has shape [batch, 3], v has [4] (2 axes are not 1)\n",
            refusal(|| vjp(x, v, &[])),
            vec![&x_is, &v_is],
        ),
        (
            "substitute: `x` is f64[batch, 3], its replacement `v` f64[4] (2 axes are not 1)\n",
            refusal(|| Expr::substitute(std::slice::from_ref(x), &[(x, v)])),
            vec![&x_is, &v_is],
        ),
        (
            "cond: one branch gives [f64[batch, 3]], the other [f64[4]]\n",
            refusal(|| cond(&Expr::constant(Tensor::scalar(true)), || x.clone(), || v.clone())),
            vec![&x_is, &v_is],
        ),
        (
            "scan: a step makes f64[batch, 3] of what began as f64[4] (2 axes are not 1)\n",
            refusal(|| ScanOptions::new().steps(2).fold(|_: &Expr<f64>| x.clone(), v.clone())),
            vec![&x_is, &v_is],
        ),
        (
            "vmap: `x` of shape [batch, 3] and `v` of shape [4] differ in their first axis\n",
            refusal(|| vmap(|of: &[AnyExpr]| of[0].clone(), &[x.untyped(), v.untyped()])),
            vec![&x_is, &v_is],
        ),
    ];
    let fits = |(begins, message, operands): &(&str, String, Vec<&String>)| {
        message.starts_with(begins) && operands.iter().all(|&operand| message.contains(operand))
    };
    let wrong: Vec<_> = cases.iter().filter(|case| !fits(case)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What symbols hid when the expression was built is an error of the call, with the same lines.
#[test]
fn at_a_call_the_error_names_the_lines_too() {
    let line = line!() + 1;
    let x = Expr::<f64>::input("x", [batch()]);
    let part = x.slice(0, 2..5);
    let error = Function::new([&x], [part]).unwrap().call(&[&Tensor::zeros([4])]).unwrap_err();
    let expected = format!(
        "slice 2.. of axis 0: [3] from 2 along axis 0 is not within [4], at {}:{}:",
        file!(),
        line + 1
    );
    assert!(error.to_string().starts_with(&expected), "{error}");
    assert!(error.to_string().ends_with(&format!("{}13", made("x", "f64[batch]", line))), "{error}");
}

/// An operand without a name is told by its formula and the line that made it.
#[test]
#[cfg_attr(target_family = "wasm", ignore = "panics end the program")]
fn what_has_no_name_is_told_by_its_formula() {
    let [m, n] = Dim::symbols(["m", "n"]);
    let (x, y) = (Expr::<f32>::input("x", [m]), Expr::<f32>::input("y", [n]));
    let line = line!() + 1;
    let sum = x.tanh() + 1.0;
    let message = refusal(|| &sum * &y);
    let expected = "mul: shapes [m] and [n] do not broadcast (axis 0: m is not n)";
    assert!(message.starts_with(expected), "{message}");
    assert!(message.contains(&made("(tanh(x) + 1)", "f32[m]", line)), "{message}");
}

/// The body of a loop is built by the caller's function, whose lines its operands have.
#[test]
#[cfg_attr(target_family = "wasm", ignore = "panics end the program")]
fn inside_a_loop_the_lines_are_those_of_its_body() {
    let xs = Expr::<f32>::input("xs", [5, 3]);
    let weights = Expr::<f32>::input("weights", [2, 2]);
    let mut line = 0;
    let message = refusal(|| {
        let step = |state: &Expr<f32>, parts: &[Expr<f32>]| {
            line = line!() + 1;
            let both = state + &parts[0];
            let next = both.matmul(&weights);
            (next.clone(), next)
        };
        scan(step, Expr::zeros([3]), &[xs])
    });
    assert!(message.starts_with("matmul: shapes [3] and [2, 2] do not fit (3 columns, 2 rows)"), "{message}");
    assert!(message.contains(&format!("f32[3], made at {}:{line}:", file!())), "{message}");
}

/// The messages that the front page of the crate shows.
#[test]
#[cfg_attr(target_family = "wasm", ignore = "panics end the program")]
fn messages_are_those_of_the_front_page() {
    let x = Expr::<f32>::input("x", (batch(), 3));
    let hidden = x.matmul(&Expr::zeros([3, 4])).tanh();
    let message = refusal(|| hidden.matmul(&Expr::zeros([5, 2])));
    let lines: Vec<&str> = message.lines().map(|line| line.split(", made").next().unwrap_or(line)).collect();
    let expected = [
        "matmul: shapes [batch, 4] and [5, 2] do not fit (4 columns, 5 rows)",
        "  `tanh(matmul(x, …))`: f32[batch, 4]",
        "  `0`: f32[5, 2]",
    ];
    assert_eq!(lines, expected);
    let page = include_str!("../../src/lib.rs");
    assert!(expected.iter().all(|line| page.contains(line)));
}
