use bayeux_tensor::Tensor;

use super::subscripts::{Label, Subscripts};
use crate::{Dim, Expr, Function, Shape, batch};

/// The definition: a sum over all values of all letters, for each element of the output.
fn by_definition(subscripts: &Subscripts, operands: &[Tensor<f64>]) -> Tensor<f64> {
    let shapes: Vec<Shape> = operands.iter().map(|x| Shape::from(x.shape())).collect();
    let sizes = subscripts.sizes(&shapes.iter().collect::<Vec<_>>()).expect("fits");
    let letters: Vec<(Label, usize)> =
        sizes.iter().map(|(label, dim)| (*label, dim.size().expect("known"))).collect();
    let size = |label: &Label| letters.iter().find(|(other, _)| other == label).expect("is there").1;
    let shape: Vec<usize> = subscripts.output.iter().map(size).collect();
    let mut output = vec![0.0; shape.iter().product()];
    let count: usize = letters.iter().map(|(_, size)| size).product();
    for mut number in 0..count {
        let mut at = std::collections::BTreeMap::new();
        for &(label, size) in &letters {
            at.insert(label, number % size);
            number /= size;
        }
        let mut product = 1.0;
        for (labels, x) in subscripts.inputs.iter().zip(operands) {
            let place: Vec<usize> =
                labels.iter().zip(x.shape()).map(|(label, &n)| if n == 1 { 0 } else { at[label] }).collect();
            product *= x.get(&place);
        }
        let to = subscripts.output.iter().fold(0, |to, label| to * size(label) + at[label]);
        output[to] += product;
    }
    Tensor::new(&shape[..], output)
}

fn check(text: &str, shapes: &[&[usize]]) {
    let mut stream = 0;
    let operands: Vec<Tensor<f64>> = shapes
        .iter()
        .map(|shape| {
            let mut data = vec![0.0; shape.iter().product()];
            bayeux_tensor::random::fill_uniform(9, stream, 0, &mut data);
            stream += 1;
            Tensor::new(*shape, data)
        })
        .collect();
    let symbolic: Vec<Shape> = shapes.iter().map(|shape| Shape::from(*shape)).collect();
    let subscripts = Subscripts::parse(text, &symbolic.iter().collect::<Vec<_>>()).expect("is well-formed");
    let wanted = by_definition(&subscripts, &operands);
    let leaves: Vec<Expr<f64>> = shapes.iter().map(|shape| Expr::input("x", *shape)).collect();
    let y = Expr::einsum(text, &leaves.iter().collect::<Vec<_>>());
    let found = Function::new(&leaves, [y]).expect("builds").call(&operands.iter().collect::<Vec<_>>());
    let found = found.expect("runs").remove(0);
    assert_eq!(found.shape(), wanted.shape(), "{text}");
    for (a, b) in found.iter().zip(wanted.iter()) {
        assert!((a - b).abs() < 1e-12, "{text}: {found:?} is not {wanted:?}");
    }
}

/// Cases of NumPy's own tests of `einsum`, and of attention, traces, chains and broadcasts.
#[test]
fn sums_are_those_of_the_definition() {
    check("i,i", &[&[4], &[4]]);
    check("ij,jk", &[&[2, 3], &[3, 4]]);
    check("ba", &[&[2, 3]]);
    check("ii->i", &[&[3, 3]]);
    check("iii->", &[&[3, 3, 3]]);
    check("iijj->ij", &[&[2, 2, 3, 3]]);
    check("ijij->ji", &[&[2, 3, 2, 3]]);
    check("...ii->...i", &[&[2, 3, 3]]);
    check("i...->...", &[&[3, 2, 2]]);
    check("...i,...i", &[&[2, 1, 3], &[4, 3]]);
    check("i...j,j...k->...ik", &[&[2, 5, 3], &[3, 5, 4]]);
    check("ij...,jk...->ik...", &[&[2, 3, 4], &[3, 5, 1]]);
    check("bhqd,bhkd->bhqk", &[&[2, 2, 3, 4], &[2, 2, 5, 4]]);
    check("abc,bd,cde,e->a", &[&[2, 3, 4], &[3, 2], &[4, 2, 3], &[3]]);
    check("ij,jk,kl,lm,mi->", &[&[2, 3], &[3, 2], &[2, 4], &[4, 3], &[3, 2]]);
    check("a,a,a->a", &[&[3], &[3], &[3]]);
    check("a,b,c->cab", &[&[2], &[3], &[4]]);
    check("ij,ij->", &[&[2, 3], &[2, 1]]);
    check("aB,Bc->Bca", &[&[2, 3], &[3, 4]]);
    check(" i j , j -> i ", &[&[2, 3], &[3]]);
    check(",i->i", &[&[], &[3]]);
    check("ij,jk->ik", &[&[2, 0], &[0, 3]]);
}

/// What is not on the diagonal is not looked at.
#[test]
fn a_diagonal_beside_infinities_is_finite() {
    let x = Expr::<f64>::constant(Tensor::new([2, 2], vec![1.0, f64::INFINITY, f64::NAN, 2.0]));
    let trace = Function::new([], [Expr::einsum("ii", &[&x])]).expect("builds").call(&[]).expect("runs");
    assert_eq!(trace[0].item(), 3.0);
}

#[test]
fn sizes_may_be_free() {
    let n = Dim::symbol("n");
    let x = Expr::<f64>::input("x", (batch(), n.clone(), 2));
    let w = Expr::<f64>::input("w", (n, 3));
    let y = Expr::einsum("bni,nj,bni->bij", &[&x, &w, &x]);
    assert_eq!(y.shape().to_string(), "[batch, 2, 3]");
    let f = Function::new([&x, &w], [y]).expect("builds");
    for n in [0, 1, 4] {
        let value = f.call(&[&Tensor::ones([5, n, 2]), &Tensor::ones([n, 3])]).expect("runs").remove(0);
        assert_eq!(value.to_vec(), [n as f64; 30]);
    }
}

#[test]
fn what_does_not_fit_says_why() {
    let why = |text: &str, shapes: &[&[usize]]| {
        let shapes: Vec<Shape> = shapes.iter().map(|shape| Shape::from(*shape)).collect();
        let shapes: Vec<&Shape> = shapes.iter().collect();
        Subscripts::parse(text, &shapes).and_then(|of| of.sizes(&shapes)).expect_err("does not fit")
    };
    assert_eq!(why("ij", &[&[2, 2], &[2]]), "there are subscripts of 1 operands, not of 2");
    assert_eq!(why("ij", &[&[2]]), "there are subscripts of 2 axes for shape [2]");
    assert_eq!(why("i->j", &[&[2]]), "no operand has the axis `j` of the output");
    assert_eq!(why("i->ii", &[&[2]]), "the output has the axis `i` twice");
    assert_eq!(why("i,i->", &[&[2], &[3]]), "axis `i` is 2 and 3");
    assert_eq!(why("i.->", &[&[2]]), "`.` is no letter");
    assert_eq!(why("...i->i", &[&[2, 3]]), "the output has no `...`");
    assert_eq!(why("ij...->i", &[&[2]]), "`ij...` has more letters than the operand has axes");
}

#[test]
#[should_panic(expected = "einsum: axis `j` is 3 and 4, in \"ij,jk->ik\" of shapes [[2, 3], [4, 2]]")]
fn a_misfit_panics_with_both_shapes() {
    let _ = Expr::<f32>::einsum("ij,jk->ik", &[&Expr::zeros([2, 3]), &Expr::zeros([4, 2])]);
}

#[test]
#[should_panic(expected = "tensordot: axes [(0, 0)] of shapes [2] and [3] do not fit")]
fn pairs_of_axes_have_one_length() {
    let _ = Expr::<f32>::zeros([2]).tensordot(&Expr::zeros([3]), &[(0, 0)]);
}
