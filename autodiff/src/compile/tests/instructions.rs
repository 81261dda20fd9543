//! What becomes one instruction, and what it reads and stores.

use bayeux_tensor::Tensor;

use crate::compile::{Program, Watch, compile};
use crate::dim::Sizes;
use crate::execute::TARGET;
use crate::expr::all_untyped;
use crate::{Conv2dOptions, Expr, Function, RandomStreams, grad, interpret};

#[test]
fn a_chain_with_its_reductions_is_one_instruction() {
    let x = Expr::<f32>::input("x", [64, 100]);
    let b = Expr::<f32>::input("b", [100]);
    let y = ((&x * 2.0 + &b).tanh() * &x).exp() - 1.0;
    let roots = [y.clone(), y.sum_all(), y.square().sum(0), y.max(1)];
    let mut f = Function::new([&x, &b], &roots).expect("all inputs are there");
    f.specialise(&[&Tensor::zeros([64, 100]), &Tensor::zeros([100])]).expect("the shapes fit");
    let program = f.to_string();
    assert_eq!(program.matches("<-").count(), 1, "{program}");
}

#[test]
fn transposes_and_slices_cost_nothing() {
    let x = Expr::<f32>::input("x", [6, 4]);
    let y = Expr::<f32>::input("y", [6, 5]);
    let product = x.t().slice(0, 1..3).matmul(&y).reshape([10]);
    let mut f = Function::new([&x, &y], [&product]).expect("all inputs are there");
    f.specialise(&[&Tensor::zeros([6, 4]), &Tensor::zeros([6, 5])]).expect("the shapes fit");
    let program = f.to_string();
    // The product, and the copy into an output of another shape.
    assert_eq!(program.matches("<-").count(), 2, "{program}");
}

#[test]
fn buffers_are_used_again() {
    let x = Expr::<f32>::input("x", [100, 100]);
    // Ten products in a row need two buffers besides the output, not nine, and the working space of one.
    let y = (0..10).fold(x.clone(), |y, _| y.matmul(&x));
    let f = Function::new([&x], [&y]).expect("x is an input");
    f.call(&[&Tensor::zeros([100, 100])]).expect("runs");
    let most = 3 * 40_000 + 4 * bayeux_tensor::gemm_scratch(100, 100);
    assert!(f.memory() <= most, "{} bytes", f.memory());
}

#[test]
fn an_adjoint_computes_from_what_is_stored_anyway() {
    // exp′ = y needs y, which the outer product stores; the noise is drawn twice rather than kept.
    let x = Expr::<f64>::input("x", [40, 30]);
    let noise = crate::RandomStreams::new(3).normal([40, 30]);
    let w = Expr::<f64>::input("w", [30, 20]);
    let y = (&x + noise.square()).exp();
    let cost = (y.matmul(&w).square() * 0.5).sum_all();
    let slope = grad(&cost, std::slice::from_ref(&x)).remove(0) * &noise;
    let mut f = Function::new([&x, &w], [&slope]).expect("inputs are declared");
    f.specialise(&[&Tensor::zeros([40, 30]), &Tensor::zeros([30, 20])]).expect("it compiles");
    let program = f.to_string();
    let line = |op: &str| {
        program.lines().find(|line| line.contains(op)).unwrap_or_else(|| panic!("{op}: {program}"))
    };
    assert!(line("exp").trim_start().contains("normal noise") && !line("exp").contains("mul"), "{program}");
    let writes = line("exp").split("<-").next().unwrap_or_default().matches("[1200]").count();
    assert_eq!(writes, 1, "{program}");
    assert!(program.lines().filter(|line| line.contains("normal noise")).count() == 2, "{program}");
}

/// A loop that reads w = a + b z, with noise z, and a and b besides, and also z if `drawn`: how many arrays it reads, of which
/// one is a repeated number.
fn reads_beside_a_product(drawn: bool) -> usize {
    let [a, b] = ["a", "b"].map(|name| Expr::<f64>::input(name, [40, 30]));
    let m = Expr::<f64>::input("m", [30, 20]);
    let noise = crate::RandomStreams::new(3).normal([40, 30]);
    let w = &a + &b * &noise;
    let product = w.matmul(&m);
    let c = product.sum_all();
    let last = (&w * &c).tanh() + (&a * &c).sin() + (&b * &c).exp();
    let last = if drawn { last + (&noise * &c).cos() } else { last };
    let mut f = Function::new([&a, &b, &m], [&product, &last]).expect("inputs are declared");
    f.specialise(&[&Tensor::zeros([40, 30]), &Tensor::zeros([40, 30]), &Tensor::zeros([30, 20])])
        .expect("it compiles");
    let program = f.to_string();
    let line = program.lines().find(|line| line.contains("tanh")).unwrap_or_else(|| panic!("{program}"));
    line.split(" (").nth(1).unwrap_or_default().matches("[40, 30]").count()
}

#[test]
fn what_is_cheap_to_make_of_what_is_read_is_not_read() {
    // Not w; but where the noise is not at hand, w costs less than drawing it.
    assert_eq!(reads_beside_a_product(true), 3);
    assert_eq!(reads_beside_a_product(false), 4);
}

/// The instructions of a program at sizes of which products are computed by whole rows, and whether it computes what the
/// interpreter does.
fn checked_program(inputs: &[Expr<f64>], roots: &[Expr<f64>]) -> Vec<String> {
    let sizes = |input: &Expr<f64>| input.shape().sizes().expect("concrete sizes");
    let values: Vec<Tensor<f64>> = inputs
        .iter()
        .enumerate()
        .map(|(i, input)| {
            Tensor::from_fn(sizes(input), |at| ((at[0] * 7 + at[1] * 3 + i) % 11) as f64 * 0.1 - 0.5)
        })
        .collect();
    let values: Vec<&Tensor<f64>> = values.iter().collect();
    let given: Vec<(&Expr<f64>, &Tensor<f64>)> = inputs.iter().zip(values.iter().copied()).collect();
    let expected = interpret(roots, &given, 0).expect("the interpreter runs");
    let f = Function::new(inputs, roots).expect("inputs are declared");
    for (found, expected) in f.call(&values).expect("it runs").iter().zip(&expected) {
        assert!(found.all_close(expected, 1e-11, 1e-11));
    }
    f.to_string().lines().filter(|line| line.contains("<-")).map(str::to_string).collect()
}

#[test]
fn a_loop_goes_on_with_the_product_it_reads() {
    let [x, w, v] =
        [("x", [150, 40]), ("w", [40, 90]), ("v", [90, 30])].map(|(n, s)| Expr::<f64>::input(n, s));
    let h = (x.matmul(&w) + 0.1).tanh();
    let y = h.matmul(&v).square();
    let inputs = [x, w, v];
    // Nothing is stored but what is asked for, and h, which the second product reads.
    let program = checked_program(&inputs, &[y.clone(), y.sum(0)]);
    assert_eq!(program.len(), 2, "{program:?}");
    let (writes, does) = program[0].split_once(" <- ").unwrap_or_default();
    assert!(does.starts_with("matmul, add, tanh (") && writes.matches('[').count() == 1, "{program:?}");
    assert!(program[1].contains("matmul, square, sum [0]"), "{program:?}");
    // Forward and backward: dh = dy vᵀ goes on with 1 − h².
    let program = checked_program(&inputs, &grad(&y.sum_all(), &inputs[..2]));
    assert!(program.iter().any(|line| line.contains("matmul, square, sub, mul")), "{program:?}");
}

#[test]
fn a_loop_goes_on_with_the_convolution_it_reads() {
    let [x, w, b] = [("x", vec![20, 2, 9, 8]), ("w", vec![16, 2, 3, 3]), ("b", vec![16, 1])]
        .map(|(n, s)| Expr::input(n, s));
    let options = Conv2dOptions::new().stride([2, 2]).padding([[1, 1], [1, 0]]);
    let y = (x.conv2d(&w, options) + b.reshape([16, 1, 1])).tanh();
    let inputs = [x, w, b];
    let program = checked_program(&inputs, std::slice::from_ref(&y));
    assert_eq!(program.len(), 1, "{program:?}");
    assert!(program[0].contains("s0[6400] <- conv2d stride [2, 2]"), "{program:?}");
    // Of images that are views, of the sums and of the gradients.
    let cost = y.square().sum_all();
    checked_program(&inputs, &grad(&cost, &inputs));
    let turned = inputs[0].transpose(&[0, 1, 3, 2]).conv2d(&inputs[1], options);
    checked_program(&inputs[..2], &[turned.tanh(), turned.sum([0, 2, 3])]);
}

#[test]
fn a_product_that_is_read_otherwise_too_is_kept() {
    let [x, w] = [("x", [150, 40]), ("w", [40, 90])].map(|(n, s)| Expr::<f64>::input(n, s));
    let p = x.matmul(&w);
    // It is an output.
    let program = checked_program(&[x.clone(), w.clone()], &[p.clone(), p.tanh()]);
    assert_eq!(program.len(), 1, "{program:?}");
    // Another product reads it.
    let program = checked_program(&[x.clone(), w.clone()], &[p.tanh(), p.t().matmul(&x)]);
    assert_eq!(program.len(), 2, "{program:?}");
}

#[test]
fn a_loop_does_not_go_on_with_a_product_it_cannot_wait_for() {
    let [x, w] = [("x", [150, 40]), ("w", [40, 90])].map(|(n, s)| Expr::<f64>::input(n, s));
    let p = x.matmul(&w);
    // By way of another view of the product, of a reduction of all of it, or of a second product.
    let square = w.t().matmul(&w);
    for root in [&square + square.t().exp(), (&p - p.max_all()).exp(), (&p + p.matmul(&square)).tanh()] {
        let program = checked_program(&[x.clone(), w.clone()], &[root]);
        let on_it = program.iter().filter(|line| line.contains("matmul,")).count();
        assert!(on_it <= 1 && program.len() > 1, "{program:?}");
    }
    // Fewer rows than are worth tasks of their own.
    let [x, w] = [("x", [40, 800]), ("w", [800, 800])].map(|(n, s)| Expr::<f64>::input(n, s));
    let program = checked_program(&[x.clone(), w.clone()], &[x.matmul(&w).tanh()]);
    assert_eq!(program.len(), 2, "{program:?}");
}

/// The program of an ADVI-like cost, compiled anew.
fn program() -> Program {
    let [x, w] = [Expr::<f32>::input("x", [8, 3]), Expr::<f32>::input("w", [3, 2])];
    let noise = RandomStreams::new(3).normal([3, 2]);
    let cost = (x.matmul(&(&w + noise * 0.5)).tanh() + 1.0).sum_all();
    let roots = all_untyped(&[grad(&cost, std::slice::from_ref(&w)).remove(0), cost]);
    let inputs = all_untyped(&[x, w]);
    compile(&roots, &[], false, &inputs, &Sizes::new(), &TARGET, &mut Watch::start()).expect("concrete sizes")
}

#[test]
fn instructions_are_data() {
    let [a, b] = [program(), program()];
    // The lines of this file, by which they are alike too, are not part of what they do.
    assert!(a.instructions.iter().map(|i| &i.work).eq(b.instructions.iter().map(|i| &i.work)));
    let first = format!("{:#}", a);
    let lines: Vec<&str> = first.lines().map(str::trim).collect();
    let at = lines.iter().position(|line| *line == "over f32[3, 2]").expect("the weights are a loop");
    let expected =
        ["0 = normal noise 0", "1 = number 0.5", "2 = mul 0 1", "3 = operand 0", "4 = add 3 2", "store 4"];
    assert_eq!(lines[at + 1..][..expected.len()], expected, "{first}");
}
