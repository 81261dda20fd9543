//! Dimensions against arithmetic with integers, on random expressions.

use proptest::prelude::*;

use super::{Dim, Sizes};

const NAMES: [&str; 3] = ["k", "n", "time"];

/// How a dimension was written.
#[derive(Clone, Debug)]
pub(crate) enum Tree {
    Symbol(usize),
    Number(i32),
    Sum(Box<[Tree; 2]>),
    Difference(Box<[Tree; 2]>),
    Product(Box<[Tree; 2]>),
    Floor(Box<Tree>, usize),
    Ceil(Box<Tree>, usize),
}

impl Tree {
    pub fn dim(&self) -> Dim {
        match self {
            Tree::Symbol(i) => Dim::symbol(NAMES[*i]),
            Tree::Number(number) => Dim::from(*number),
            Tree::Sum(ab) => ab[0].dim() + ab[1].dim(),
            Tree::Difference(ab) => ab[0].dim() - ab[1].dim(),
            Tree::Product(ab) => ab[0].dim() * ab[1].dim(),
            Tree::Floor(a, divisor) => a.dim().div_floor(*divisor),
            Tree::Ceil(a, divisor) => a.dim().div_ceil(*divisor),
        }
    }

    fn value(&self, sizes: [usize; 3]) -> i128 {
        match self {
            Tree::Symbol(i) => sizes[*i] as i128,
            Tree::Number(number) => (*number).into(),
            Tree::Sum(ab) => ab[0].value(sizes) + ab[1].value(sizes),
            Tree::Difference(ab) => ab[0].value(sizes) - ab[1].value(sizes),
            Tree::Product(ab) => ab[0].value(sizes) * ab[1].value(sizes),
            Tree::Floor(a, divisor) => a.value(sizes).div_euclid(*divisor as i128),
            Tree::Ceil(a, divisor) => -(-a.value(sizes)).div_euclid(*divisor as i128),
        }
    }
}

pub(crate) fn sizes(sizes: [usize; 3]) -> Sizes {
    NAMES.map(Into::into).into_iter().zip(sizes).collect()
}

/// The dimension's value, which may be negative.
fn value(dim: &Dim, at: [usize; 3]) -> i128 {
    let at = sizes(at);
    match dim.resolve(&at) {
        Ok(size) => size as i128,
        Err(_) => -((-dim).resolve(&at).expect("what is not a size is negative") as i128),
    }
}

fn polynomials() -> BoxedStrategy<Tree> {
    trees(false)
}

pub(crate) fn trees(floors: bool) -> BoxedStrategy<Tree> {
    let leaf = prop_oneof![(0..3usize).prop_map(Tree::Symbol), (-6..=6).prop_map(Tree::Number)];
    leaf.prop_recursive(4, 16, 2, move |part| {
        let pair = (part.clone(), part.clone()).prop_map(|(a, b)| Box::new([a, b]));
        let divided = (part.prop_map(Box::new), 1..=if floors { 6 } else { 1usize });
        prop_oneof![
            pair.clone().prop_map(Tree::Sum),
            pair.clone().prop_map(Tree::Difference),
            pair.prop_map(Tree::Product),
            divided.clone().prop_map(|(a, divisor)| Tree::Floor(a, divisor)),
            divided.prop_map(|(a, divisor)| Tree::Ceil(a, divisor)),
        ]
    })
    .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn values_are_those_of_integers(tree in trees(true), at: [[u8; 3]; 4]) {
        let dim = tree.dim();
        for at in at.map(|at| at.map(usize::from)) {
            prop_assert_eq!(value(&dim, at), tree.value(at), "{} at {:?}", dim, at);
        }
    }

    #[test]
    fn the_laws_of_a_ring_hold_for_the_forms(a in trees(true), b in trees(true), c in trees(true)) {
        let [a, b, c] = [a.dim(), b.dim(), c.dim()];
        prop_assert_eq!(&a + &b, &b + &a);
        prop_assert_eq!(&a * &b, &b * &a);
        prop_assert_eq!((&a + &b) + &c, &a + (&b + &c));
        prop_assert_eq!((&a * &b) * &c, &a * (&b * &c));
        prop_assert_eq!((&a + &b) * &c, &a * &c + &b * &c);
        prop_assert_eq!((&a - &b) + &b, a.clone());
        prop_assert_eq!(&a - &a, Dim::from(0));
    }

    #[test]
    fn what_divides_leaves_a_floor_division(a in trees(true), b in trees(true), k in 1..9usize) {
        let [a, b] = [a.dim(), b.dim()];
        prop_assert_eq!((&a + &b * k).div_floor(k), a.div_floor(k) + &b);
        prop_assert_eq!((&b * k).div_ceil(k), b);
        // A common factor of all but the constant.
        prop_assert_eq!((&a * 3 * k + 2).div_floor(3 * k), a);
    }

    #[test]
    fn nested_floor_divisions_of_polynomials_are_one(p in polynomials(), a in 1..9usize, b in 1..9usize) {
        let p = p.dim();
        prop_assert_eq!(p.div_floor(a).div_floor(b), p.div_floor(a * b));
    }

    /// Polynomials of degree 2 in each symbol that agree on three sizes of each are the same.
    #[test]
    fn polynomials_are_equal_if_they_are_at_all_sizes(
        a in prop::array::uniform6(-1..=1i32),
        b in prop::array::uniform6(-1..=1i32),
        common in polynomials(),
    ) {
        let [n, k] = Dim::symbols(["n", "k"]);
        let squares = |c: [i32; 6]| {
            &n * &n * c[0] + &n * &k * c[1] + (&k * c[2] + c[3]) * &k + (&n + &k) * c[4] + c[5]
        };
        let grid = (0..9).map(|i| [i / 3, i % 3, 0]);
        let same = grid.clone().all(|at| value(&squares(a), at) == value(&squares(b), at));
        prop_assert_eq!(squares(a) == squares(b), same);
        let moved = squares(a) * common.dim() + squares(b);
        prop_assert_eq!(moved - common.dim() * squares(a) == squares(a), same);
    }

    #[test]
    fn a_factor_divides(a in trees(true), b in trees(true), number in 1..5i32) {
        let [a, b] = [a.dim(), b.dim()];
        if b != Dim::from(0) {
            prop_assert_eq!((&a * &b).divide(&b), Some(a.clone()));
            if b.size().is_none() && (-&b).size().is_none() {
                prop_assert_eq!((&a * &b + number).divide(&b), None);
            }
        }
        if let Some(quotient) = a.divide(&b) {
            prop_assert_eq!(quotient * b, a);
        }
    }

    #[test]
    fn bounds_hold(a in trees(true), b in trees(true), at: [[u8; 3]; 4]) {
        if let Some(at_least) = a.dim().is_at_least(b.dim()) {
            for at in at.map(|at| at.map(|size| usize::from(size / 16))) {
                prop_assert_eq!(a.value(at) >= b.value(at), at_least);
            }
        }
    }
}

/// Two floor divisions of one symbol are equal at all sizes, which repeat after 12 but for a multiple, exactly if their
/// forms are.
#[test]
fn linear_floor_divisions_are_equal_if_they_are_at_all_sizes() {
    let n = Dim::symbol("n");
    let mut all = Vec::new();
    for (a, b, k) in (-4..=4).flat_map(|a| (-5..=5).flat_map(move |b| (1..=4usize).map(move |k| (a, b, k)))) {
        let values: Vec<i32> = (0..=24).map(|n: i32| (a * n + b).div_euclid(k as i32)).collect();
        all.push(((&n * a + b).div_floor(k), values));
    }
    for (form, values) in &all {
        for (other, others) in &all {
            assert_eq!(form == other, values == others, "{form} and {other}");
        }
    }
}
