use std::hash::{DefaultHasher, Hash, Hasher};

use super::*;
use crate::Error;

fn sizes<const N: usize>(sizes: [(&str, usize); N]) -> Sizes {
    sizes.map(|(name, size)| (name.into(), size)).into()
}

#[test]
fn dimensions_are_shown_as_one_writes_them() {
    let [n, t] = Dim::symbols(["n", "t"]);
    let shown = [
        (Dim::from(0), "0"),
        (Dim::from(-2), "−2"),
        (batch() * 2 + 1, "2·batch + 1"),
        (1 + batch() * &t, "batch·t + 1"),
        (&t * &n, "n·t"),
        (3 - &n, "−n + 3"),
        (&n * -2 - 1, "−2·n − 1"),
        (&t + &n, "n + t"),
        (&n + &t * &t * 2 + &n * &n * &n - 7, "n³ + 2·t² + n − 7"),
        ((0..12).map(|_| &n).product::<Dim>(), "n¹²"),
        (n.div_floor(2), "⌊n/2⌋"),
        ((&n - 3).div_floor(2) + 1, "⌊(n + 1)/2⌋ − 1"),
        ((&n * 3).div_floor(4), "⌊3·n/4⌋"),
        ((&n * &t).div_floor(2) + &n, "⌊n·t/2⌋ + n"),
        (n.div_ceil(3) * &t * 2, "2·t·⌊(n + 2)/3⌋"),
        ((n.div_floor(2) * 3 + &t).div_floor(5), "⌊(t + 3·⌊n/2⌋)/5⌋"),
        ((-&n).div_floor(2), "−n + ⌊n/2⌋"),
    ];
    for (dim, text) in shown {
        assert_eq!(dim.to_string(), text);
        assert_eq!(format!("{dim:?}"), text);
    }
}

#[test]
fn equal_forms_are_the_same_to_maps() {
    let [n, t] = Dim::symbols(["n", "t"]);
    let hash = |dim: &Dim| {
        let mut hasher = DefaultHasher::new();
        dim.hash(&mut hasher);
        hasher.finish()
    };
    let pairs = [
        ((&n + &t) * (&n - &t), &n * &n - &t * &t),
        ((&n * 2 + 3).div_floor(2), &n + 1),
        ((&n * 4 + &t * 2 + 3).div_floor(6), (2 * &n + &t + 1).div_floor(3)),
        ((&n + 1).div_floor(2).div_floor(3), (&n + 1).div_floor(6)),
        ((n.div_floor(2) + &t).div_floor(3), (&n + &t * 2).div_floor(6)),
        (&n - &n + 5, Dim::from(5)),
        (Dim::from(7).div_floor(2) - Dim::from(-7).div_floor(2), Dim::from(3 + 4)),
    ];
    for (a, b) in pairs {
        assert_eq!(a, b);
        assert_eq!(hash(&a), hash(&b));
        assert!(a.cmp(&b).is_eq() && a != &b + 1);
    }
    assert_ne!(n.div_floor(2), n.div_floor(3));
    assert_ne!(n, t);
}

#[test]
fn a_number_needs_no_more_room_than_a_pointer_to_a_polynomial() {
    assert_eq!(size_of::<Dim>(), 16);
}

#[test]
fn numbers_stand_on_both_sides_and_dimensions_add_up() {
    let n = Dim::symbol("n");
    let three = 3usize;
    assert_eq!(three * &n - three, 3 * (&n - 1));
    assert_eq!(2 - n.clone(), -(&n - 2));
    let mut sum = n.clone();
    sum += 2;
    sum *= &n;
    sum -= &n;
    assert_eq!(sum, &n * &n + &n);
    let parts = [n.clone(), Dim::from(4), 2 * &n];
    assert_eq!(parts.iter().sum::<Dim>(), 3 * &n + 4);
    assert_eq!(parts.into_iter().product::<Dim>(), 8 * &n * &n);
}

#[test]
fn sizes_of_convolutions_and_slices() {
    let n = Dim::symbol("n");
    for (size, padding, window, stride) in
        [(28, 0, 5, 1), (28, 4, 5, 1), (7, 2, 3, 2), (8, 0, 3, 3), (2, 0, 3, 2)]
    {
        let expected = (size + padding + stride - window) / stride;
        let out = (&n + padding).windows(window, stride);
        assert_eq!(out.resolve(&sizes([("n", size)])), Ok(expected));
        assert_eq!((Dim::from(size) + padding).windows(window, stride).size(), Some(expected));
    }
    // The first differences: all but the first less all but the last.
    assert_eq!((&n - 1).is_at_least(0), None);
    assert_eq!((&n + 2 - 1).is_at_least(1), Some(true));
    assert_eq!(n.div_floor(3).is_at_least(0), Some(true));
    assert_eq!((-&n * &n - 1).is_at_least(0), Some(false));
    assert_eq!((&n * n.div_floor(2) + 3).is_at_least(3), Some(true));
    assert_eq!(Dim::from(3).is_at_least(4), Some(false));
}

#[test]
fn division_is_exact_or_none() {
    let [n, t] = Dim::symbols(["n", "t"]);
    let half = n.div_floor(2);
    assert_eq!((&n * &t * 6).divide(&(2 * &t)), Some(3 * &n));
    assert_eq!((&n * &t + &n).divide(&n), Some(&t + 1));
    assert_eq!((&n * &t + &n + 2 * &t + 2).divide(&(&t + 1)), Some(&n + 2));
    assert_eq!((&half * &t).divide(&half), Some(t.clone()));
    assert_eq!((3 * &n).divide(&Dim::from(2)), None);
    assert_eq!(n.divide(&t), None);
    assert_eq!(Dim::from(6).divide(&n), None);
    assert_eq!(n.divide(&Dim::from(0)), None);
    assert_eq!(Dim::from(0).divide(&n), Some(Dim::from(0)));
    assert_eq!(Dim::from(6).divide(&Dim::from(-2)), Some(Dim::from(-3)));
}

#[test]
fn what_is_no_size_is_an_error_that_says_where() {
    let [n, t] = Dim::symbols(["n", "t"]);
    let message = |dim: &Dim, at: &Sizes| dim.resolve(at).expect_err("no size").to_string();
    let at = sizes([("n", 3), ("t", 1 << 40), ("other", 1)]);
    assert_eq!(message(&(&n - 5), &at), "the dimension n − 5 is −2 where n = 3");
    assert_eq!(
        message(&(&n - &t * 2), &sizes([("n", 0), ("t", 1)])),
        "the dimension n − 2·t is −2 where n = 0, t = 1"
    );
    assert_eq!(message(&Dim::from(-2), &at), "the dimension −2 is negative");
    let power = |times| (0..times).map(|_| &t).product::<Dim>();
    assert_eq!(message(&power(2), &at), "the dimension t² is too large where t = 1099511627776");
    assert_eq!(message(&power(4), &at), "the dimension t⁴ is too large where t = 1099511627776");
    assert_eq!((power(4) * (&n - 3)).resolve(&at).ok(), None);
    assert_eq!((power(4) * &n).resolve(&sizes([("n", 0), ("t", 1 << 40)])), Ok(0));
    assert_eq!(power(4).divide(&power(3)).map(|t| t.resolve(&at)), Some(Ok(1 << 40)));
    assert_eq!((&n + Dim::symbol("m")).resolve(&at), Err(Error::FreeDimension("m".into())));
}

#[test]
#[should_panic = "the dimension (4611686018427387904·n) · (2) is too large"]
fn coefficients_do_not_wrap() {
    let _ = Dim::symbol("n") * (1usize << 62) * 2;
}

#[test]
#[should_panic = "axis 1 cannot have the negative length −n − 1"]
fn an_axis_is_not_negative() {
    let _ = Shape::from((3, -Dim::symbol("n") - 1));
}

#[test]
fn binding_solves_what_is_linear_in_one_unknown() {
    let [n, t] = Dim::symbols(["n", "t"]);
    let solved = |dim: Dim, size, known: &Sizes| {
        let mut sizes = known.clone();
        dim.bind(size, &mut sizes).map(|bound| (bound, sizes.get("n").copied()))
    };
    let none = Sizes::new();
    assert_eq!(solved(16 * &n, 48, &none), Ok((true, Some(3))));
    assert_eq!(solved(2 * &n + 1, 9, &none), Ok((true, Some(4))));
    assert_eq!(solved(5 - &n, 3, &none), Ok((true, Some(2))));
    assert_eq!(solved(5 - &n, 6, &none), Err("no n makes −n + 5 equal to 6".into()));
    assert_eq!(solved(2 * &n + 1, 8, &none), Err("no n makes 2·n + 1 equal to 8".into()));
    assert_eq!(solved(2 * &n + 1, 0, &none), Err("no n makes 2·n + 1 equal to 0".into()));
    for waits in [&n * &n, n.div_floor(2), n.div_floor(2) + &n, &n + &t, &n * &t] {
        assert_eq!(solved(waits, 4, &none), Ok((false, None)));
    }

    let known = sizes([("t", 5)]);
    assert_eq!(solved(&n * &t, 10, &known), Ok((true, Some(2))));
    assert_eq!(solved(&n * &t + t.div_floor(2), 12, &known), Ok((true, Some(2))));
    assert_eq!(solved(&n * &t, 11, &known), Err("no n makes n·t equal to 11 where t = 5".into()));
    assert_eq!(solved(t.div_floor(2), 3, &known), Err("⌊t/2⌋ is 2 where t = 5".into()));
    // Nothing times anything is nothing: another dimension must tell n.
    let known = sizes([("t", 0)]);
    assert_eq!(solved(&n * &t, 0, &known), Ok((true, None)));
    assert_eq!(solved(&n * &t, 1, &known), Err("n·t is 0 where t = 0".into()));
}

#[test]
fn broadcast_follows_numpy_and_keeps_symbols_apart() {
    let rows = Shape::from((batch(), 3));
    assert_eq!(rows.broadcast(&Shape::from([3])), Some(rows.clone()));
    assert_eq!(Shape::from([1, 3]).broadcast(&rows), Some(rows.clone()));
    assert_eq!(rows.broadcast(&Shape::from([500, 3])), None);
    assert_eq!(rows.broadcast(&Shape::from((Dim::symbol("other"), 3))), None);
    let longer = Shape::from((batch() + 1, 4));
    let both = "axis 0: batch is not batch + 1, axis 1: 3 is not 4";
    assert_eq!(rows.broadcast_difference(&longer).as_deref(), Some(both));
    assert_eq!(rows.difference(&longer).as_deref(), Some(both));
    let deeper = Shape::from((2, batch() + 1, 1));
    assert_eq!(rows.broadcast_difference(&deeper).as_deref(), Some("axis 1: batch is not batch + 1"));
    assert_eq!(rows.difference(&deeper).as_deref(), Some("2 axes are not 3"));
}

#[test]
fn lengths_do_not_overflow_where_an_axis_is_empty() {
    assert_eq!(Shape::from([1usize << 40, 1 << 40, 0]).len(), Dim::from(0));
    assert_eq!(Shape::from((batch(), batch() + 1, 2)).len(), 2 * batch() * batch() + 2 * batch());
}
