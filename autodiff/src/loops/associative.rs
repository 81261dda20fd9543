//! Running combinations of the parts of a stack in few steps, each of which combines many parts at once.

use super::body::Body;
use crate::ops::Values;
use crate::substitute::replaced;
use crate::vmap::{batched, part_of};
use crate::{AnyExpr, Dim, Expr};

/// All running combinations of the parts of arrays along an axis, for an associative `f`: x₀, f(x₀, x₁), f(f(x₀, x₁), x₂), …; in
/// `reverse` from the last part on: …, f(f(xₙ, xₙ₋₁), xₙ₋₂), f(xₙ, xₙ₋₁), xₙ.
///
/// `f` gets one part of each array and another, without the axis, and gives as many values of the same types. No loop runs: each
/// operation of `f` is done for many parts at once, as by [`vmap`](crate::vmap()), so that n parts need 2 log₂ n such steps and 2 n
/// combinations (Blelloch 1990, "Prefix sums and their applications"). They are combined in another order than
/// [`scan`](crate::scan()) would: where `f` is not associative the results are something else, and with rounding their last digits are.
/// Gradients of any order are those of the operations. A length that is free is not known to be any number of steps, and gives a loop.
///
/// ```
/// use bayeux_autodiff::{Expr, Function, associative_scan};
/// use bayeux_tensor::Tensor;
/// // All values of yₜ = aₜ yₜ₋₁ + bₜ: two such steps, one after the other, are one again.
/// let (a, b) = (Expr::<f64>::input("a", [4]), Expr::<f64>::input("b", [4]));
/// let (_, y) = associative_scan(|(a, b), (c, d)| (a * c, b * c + d), (a.clone(), b.clone()), 0, false);
/// let f = Function::new([&a, &b], [y])?;
/// let values = f.call(&[&Tensor::full([4], 0.5), &Tensor::ones([4])])?;
/// assert_eq!(values[0].to_vec(), [1.0, 1.5, 1.75, 1.875]);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
///
/// # Panics
/// If there is no array, one has not so many axes, or they differ in their lengths along this one; or if `f` gives something of another
/// type than what it gets.
#[track_caller]
pub fn associative_scan<V: Values>(f: impl FnOnce(&V, &V) -> V, arrays: V, axis: usize, reverse: bool) -> V {
    let arrays = arrays.into_values();
    let length = length(&arrays, axis);
    let turned = |x: &AnyExpr, from: usize, to: usize| {
        let mut order: Vec<usize> = (0..x.rank()).filter(|&axis| axis != from).collect();
        order.insert(to, from);
        if from == to { x.clone() } else { x.transpose(&order) }
    };
    let flipped = |x: AnyExpr, axis| if reverse { x.flip(axis) } else { x };
    let stacks: Vec<AnyExpr> = arrays.iter().map(|x| flipped(turned(x, axis, 0), 0)).collect();
    let combine = Combination::new(f, &stacks);
    let results = match length.size() {
        Some(length) => combine.all(&stacks, length),
        None => combine.one_by_one(stacks, length),
    };
    V::from_values(results.into_iter().map(|x| turned(&flipped(x, 0), 0, axis)).collect())
}

#[track_caller]
fn length(arrays: &[AnyExpr], axis: usize) -> Dim {
    let of = |x: &AnyExpr| match x.shape().dims().get(axis) {
        Some(length) => length.clone(),
        None => panic!("associative_scan: {x:?} of shape {} has no axis {axis}", x.shape()),
    };
    let Some(first) = arrays.first() else { panic!("associative_scan: there is no array") };
    for x in arrays {
        assert!(
            of(x) == of(first),
            "associative_scan: {first:?} of shape {} and {x:?} of shape {} differ along axis {axis}",
            first.shape(),
            x.shape()
        );
    }
    of(first)
}

/// A function of the parts of some stacks and of others.
struct Combination {
    /// What came to be since is part of it.
    begin: AnyExpr,
    parts: Vec<AnyExpr>,
    others: Vec<AnyExpr>,
    made: Vec<AnyExpr>,
}

impl Combination {
    #[track_caller]
    fn new<V: Values>(f: impl FnOnce(&V, &V) -> V, stacks: &[AnyExpr]) -> Self {
        let begin = AnyExpr::marker();
        let [parts, others] = [0, 1].map(|_| stacks.iter().map(part_of).collect::<Vec<_>>());
        let made = f(&V::from_values(parts.clone()), &V::from_values(others.clone())).into_values();
        let types = |values: &[AnyExpr]| values.iter().map(|x| x.value_type().clone()).collect::<Vec<_>>();
        let (made_types, wanted) = (types(&made), types(&parts));
        assert!(
            made_types == wanted,
            "associative_scan: of {wanted:?} and as many others a step makes {made_types:?}"
        );
        Combination { begin, parts, others, made }
    }

    /// The combinations of so many pairs.
    #[track_caller]
    fn of(&self, left: Vec<AnyExpr>, right: Vec<AnyExpr>, pairs: usize) -> Vec<AnyExpr> {
        let parameters = self.parts.iter().chain(&self.others).map(Expr::key);
        let given = parameters.zip(left.into_iter().chain(right)).collect();
        batched(&self.made, given, &pairs.into(), |node| !node.is_older_than(&self.begin))
    }

    /// The running combinations: those that end at parts 1, 3, … are the running combinations of pairs, and each of the others is one of
    /// these with one part more.
    #[track_caller]
    fn all(&self, x: &[AnyExpr], length: usize) -> Vec<AnyExpr> {
        if length < 2 {
            return x.to_vec();
        }
        let half = length / 2;
        let side = |x: &AnyExpr, from: usize, pairs: usize, side: usize| {
            let pair = x.slice(0, from..from + 2 * pairs).reshape(with_front(x, &[pairs, 2]));
            pair.slice(1, side..side + 1).reshape(with_front(x, &[pairs]))
        };
        let sides = [0, 1].map(|at| x.iter().map(|x| side(x, 0, half, at)).collect());
        let [first, second]: [Vec<AnyExpr>; 2] = sides;
        let odd = self.all(&self.of(first, second, half), half);
        let more = (length - 1) / 2;
        let before = odd.iter().map(|odd| odd.slice(0, 0..more)).collect();
        let even = match more {
            0 => Vec::new(),
            _ => self.of(before, x.iter().map(|x| side(x, 1, more, 1)).collect(), more),
        };
        let joined = |(i, (x, odd)): (usize, (&AnyExpr, &AnyExpr))| {
            let mut parts = vec![x.slice(0, 0..1)];
            if let Some(even) = even.get(i) {
                let both = [&odd.slice(0, 0..more), even].map(|x| x.insert_axis(1));
                parts.push(Expr::concat(&both, 1).reshape(with_front(x, &[2 * more])));
            }
            if more < half {
                parts.push(odd.slice(0, more..half));
            }
            Expr::concat(&parts, 0)
        };
        x.iter().zip(&odd).enumerate().map(joined).collect()
    }

    /// The running combinations of stacks of any length, by a loop, whose first step takes what there is.
    #[track_caller]
    fn one_by_one(&self, stacks: Vec<AnyExpr>, length: Dim) -> Vec<AnyExpr> {
        let is_first = Expr::<i64>::arange(length.clone()).eq(&Expr::zeros(()));
        let start = self.parts.iter().map(AnyExpr::zeros_like).collect();
        let sequences = [is_first.untyped()].into_iter().chain(stacks).collect();
        let body = Body { start, sequences, length, backwards: false, truncated: None, limit: None };
        let step = |carried: &[AnyExpr], parts: &[AnyExpr]| {
            let (is_first, parts) = (parts[0].typed::<bool>(), &parts[1..]);
            let parameters = self.parts.iter().chain(&self.others).map(Expr::key);
            // Before the first part there is none: zeros may be what the combination refuses.
            let before =
                parts.iter().zip(carried).map(|(part, before)| Expr::select(&is_first, part, before));
            let given = parameters.zip(before.chain(parts.iter().cloned())).collect();
            let made = replaced(&self.made, given);
            let chosen = parts.iter().zip(&made).map(|(part, made)| Expr::select(&is_first, part, made));
            let next: Vec<AnyExpr> = chosen.collect();
            (next.clone(), next, None)
        };
        body.run_since(&self.begin, step).stacks
    }
}

/// The shape of a stack with other sizes in place of the first.
fn with_front(x: &AnyExpr, front: &[usize]) -> Vec<Dim> {
    front.iter().map(|&n| Dim::from(n)).chain(x.shape().dims()[1..].iter().cloned()).collect()
}
