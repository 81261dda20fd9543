//! Each operation for a stack of inputs, against a loop over its parts.

use bayeux_tensor::{AnyTensor, ElementType, with_type};

use super::tests::agree;
use super::{Example, all};
use crate::ops::{Input, Op};
use crate::{AnyExpr, Expr, Function, Untyped, vmap};

/// How many parts a stack has.
const PARTS: usize = 3;

fn input(of: &AnyTensor) -> AnyExpr {
    AnyExpr::leaf(Op::Input(Input::fresh()), of.element_type(), of.shape().into())
}

fn stacked(parts: &[&AnyTensor]) -> AnyTensor {
    with_type!(parts[0].element_type(), T => {
        let stack: Vec<T> = parts.iter().flat_map(|part| part.get::<T>().to_vec()).collect();
        let shape = [&[parts.len()], parts[0].shape()].concat();
        bayeux_tensor::Tensor::<T>::new(&shape, stack).into()
    })
}

/// The values of one part, from the inputs.
fn values(example: &Example, points: &[AnyTensor], call: u64) -> Vec<AnyTensor> {
    let inputs: Vec<AnyExpr> = points.iter().map(input).collect();
    let values = (example.build)(&inputs);
    let given: Vec<(&AnyExpr, &AnyTensor)> = inputs.iter().zip(points).collect();
    crate::interpret(&values, &given, call).expect("runs")
}

fn check(file: &str, example: &Example, set: usize, is_stack: impl Fn(usize) -> bool) {
    let rounds: Vec<Vec<AnyTensor>> =
        (0..PARTS).filter_map(|round| example.points(ElementType::F64, round).nth(set)).collect();
    let part = |round: usize| -> Vec<AnyTensor> {
        (0..rounds[0].len()).map(|i| rounds[if is_stack(i) { round } else { 0 }][i].clone()).collect()
    };
    let parts: Vec<Vec<AnyTensor>> = (0..PARTS).map(part).collect();
    let (mut leaves, mut given) = (Vec::new(), Vec::new());
    for i in 0..rounds[0].len() {
        let all: Vec<&AnyTensor> = parts.iter().map(|part| &part[i]).collect();
        given.push(if is_stack(i) { stacked(&all) } else { all[0].clone() });
        leaves.push(input(&given[i]));
    }
    let stacks: Vec<AnyExpr> =
        (0..leaves.len()).filter(|i| is_stack(*i)).map(|i| leaves[i].clone()).collect();
    let of = |parts: &[AnyExpr]| {
        let mut parts = parts.iter();
        let one =
            |i: usize| if is_stack(i) { parts.next().expect("one each").clone() } else { leaves[i].clone() };
        let inputs: Vec<AnyExpr> = (0..leaves.len()).map(one).collect();
        (example.build)(&inputs)
    };
    let together: Vec<AnyExpr> = vmap(of, &stacks);
    let what = format!("{file}: {} of {leaves:?}, stacks {stacks:?}", example.name);
    let f = Function::<Untyped>::new(&leaves, &together).expect(&what);
    let found = f.call(&given.iter().collect::<Vec<_>>()).expect(&what);
    let apart: Vec<Vec<AnyTensor>> = parts.iter().map(|part| values(example, part, 0)).collect();
    for (output, found) in found.iter().enumerate() {
        let wanted = stacked(&apart.iter().map(|values| &values[output]).collect::<Vec<_>>());
        assert!(agree(found, &wanted, 1e-12), "{what}: {found:?} is not {wanted:?}");
    }
}

fn draws(example: &Example) -> bool {
    let points = example.points(ElementType::F64, 0).next().expect("there is one");
    crate::ops::draws(&(example.build)(&points.iter().map(input).collect::<Vec<_>>()))
}

#[test]
fn a_stack_at_once_is_its_parts_one_by_one() {
    for (file, examples) in all() {
        // What draws has other numbers in each part.
        for example in examples.iter().filter(|example| !draws(example)) {
            for set in 0..example.shapes.len() {
                let inputs = example.numbers.len();
                check(file, example, set, |_| true);
                for one in (0..inputs).filter(|_| inputs > 1) {
                    check(file, example, set, |i| i == one);
                    check(file, example, set, |i| i != one);
                }
            }
        }
    }
}

/// Random numbers differ from part to part, unless they were there before.
#[test]
fn noise_is_drawn_for_each_part() {
    let streams = crate::RandomStreams::new(3);
    let x = Expr::<f64>::zeros([2, 1000]);
    let outside = streams.normal::<f64>([1000]);
    let inside = vmap(|x| &x[0] + streams.normal::<f64>([1000]), std::slice::from_ref(&x));
    let same = vmap(|x| &x[0] + &outside, &[x]);
    let values = Function::<f64>::new([], [inside, same]).expect("builds").call(&[]).expect("runs");
    let rows = |i: usize| [0, 1].map(|row| values[i].slice(0, row..row + 1).to_vec());
    let [a, b] = rows(0);
    let correlation = a.iter().zip(&b).map(|(a, b)| a * b).sum::<f64>() / 1000.0;
    assert!(correlation.abs() < 0.15, "{correlation}");
    let [a, b] = rows(1);
    assert_eq!(a, b);
}
