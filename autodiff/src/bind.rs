//! From the shapes of the tensors given to the sizes of the free dimensions.

use bayeux_tensor::ElementType;

use crate::dim::Sizes;
use crate::{AnyExpr, Error};

/// Solves for the free dimensions of the inputs. Dimensions that do not tell a symbol yet wait until others are known. In
/// the end every axis has been found to have the length that is given.
pub(crate) fn bind(inputs: &[AnyExpr], shapes: &[&[usize]]) -> Result<Sizes, Error> {
    if inputs.len() != shapes.len() {
        return Err(Error::InputCount { expected: inputs.len(), found: shapes.len() });
    }
    let mut sizes = Sizes::new();
    let mut waiting: Vec<(usize, usize)> = Vec::new();
    for (i, (input, shape)) in inputs.iter().zip(shapes).enumerate() {
        if input.rank() != shape.len() {
            return Err(misfit(input, shape, String::new()));
        }
        waiting.extend((0..shape.len()).map(|axis| (i, axis)));
    }
    loop {
        let before = waiting.len();
        let mut unsolved = Vec::new();
        for (i, axis) in waiting {
            match inputs[i].shape()[axis].bind(shapes[i][axis], &mut sizes) {
                Ok(true) => {}
                Ok(false) => unsolved.push((i, axis)),
                Err(why) => {
                    let note = if why.is_empty() { why } else { format!(" (axis {axis}: {why})") };
                    return Err(misfit(&inputs[i], shapes[i], note));
                }
            }
        }
        if unsolved.is_empty() {
            return Ok(sizes);
        }
        if unsolved.len() == before {
            let (i, axis) = unsolved[0];
            return Err(Error::FreeDimension(inputs[i].shape()[axis].to_string()));
        }
        waiting = unsolved;
    }
}

/// Whether each input is given elements of its type.
pub(crate) fn check_types(inputs: &[AnyExpr], found: impl Iterator<Item = ElementType>) -> Result<(), Error> {
    match inputs.iter().zip(found).find(|(input, found)| input.element_type() != *found) {
        None => Ok(()),
        Some((input, found)) => Err(Error::InputType {
            name: input.name().unwrap_or("unnamed").into(),
            expected: input.element_type(),
            found,
        }),
    }
}

fn misfit(input: &AnyExpr, found: &[usize], note: String) -> Error {
    Error::InputShape {
        name: input.name().unwrap_or("unnamed").into(),
        expected: input.shape().to_string(),
        found: found.to_vec(),
        note,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Expr;
    use crate::dim::properties::{sizes, trees};
    use crate::expr::all_untyped;
    use crate::{Dim, Shape};

    fn bound(shapes: &[(Shape, &[usize])]) -> Result<Sizes, Error> {
        let input =
            |(i, (shape, _)): (usize, &(Shape, &[usize]))| Expr::<f64>::input(["x", "y", "z"][i], shape);
        let inputs: Vec<Expr<f64>> = shapes.iter().enumerate().map(input).collect();
        bind(&all_untyped(&inputs), &shapes.iter().map(|(_, found)| *found).collect::<Vec<_>>())
    }

    #[test]
    fn an_axis_waits_for_another_and_is_checked_then() {
        let [n, k] = Dim::symbols(["n", "k"]);
        let halves = Shape::from((n.div_floor(2), &n * &n, 2 * &n + &k));
        let known = Shape::from([&n - 3]);
        let found = bound(&[(halves.clone(), &[3, 49, 19]), (known.clone(), &[4])]).expect("they fit");
        assert_eq!(found, Sizes::from([("n".into(), 7), ("k".into(), 5)]));

        let message = |x: &[usize], z: &[usize]| {
            bound(&[(halves.clone(), x), (known.clone(), z)]).expect_err("do not fit").to_string()
        };
        let misfit = "input `x` has shape [⌊n/2⌋, n², k + 2·n], the tensor given has";
        assert_eq!(
            message(&[4, 49, 19], &[4]),
            format!("{misfit} [4, 49, 19] (axis 0: ⌊n/2⌋ is 3 where n = 7)")
        );
        assert_eq!(
            message(&[3, 48, 19], &[4]),
            format!("{misfit} [3, 48, 19] (axis 1: n² is 49 where n = 7)")
        );
        assert_eq!(
            message(&[3, 49, 13], &[4]),
            format!("{misfit} [3, 49, 13] (axis 2: no k makes k + 2·n equal to 13 where n = 7)")
        );
        let rank = message(&[3, 49], &[4]);
        assert_eq!(rank, format!("{misfit} [3, 49]"));
    }

    #[test]
    fn what_no_axis_tells_is_named() {
        let n = Dim::symbol("n");
        let half = bound(&[([n.div_floor(2)].into(), &[3])]);
        assert_eq!(half, Err(Error::FreeDimension("⌊n/2⌋".into())));
        let sum = bound(&[([&n + Dim::symbol("k")].into(), &[3])]);
        assert_eq!(sum, Err(Error::FreeDimension("k + n".into())));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn sizes_come_back_from_shapes(
            axes in prop::collection::vec(trees(true), 1..4),
            at in prop::array::uniform3(0..7usize),
            wrong in 0..4usize,
        ) {
            let [k, n, time] = Dim::symbols(["k", "n", "time"]);
            let expected = sizes(at);
            let dims = axes.iter().map(|tree| tree.dim());
            let sized = dims.filter_map(|dim| dim.resolve(&expected).ok().map(|length| (dim, length)));
            let (axes, mut lengths): (Vec<Dim>, Vec<usize>) = sized.unzip();
            if axes.is_empty() {
                return Ok(());
            }
            let shape = Shape::from(axes.clone());

            match bound(&[(shape.clone(), &lengths)]) {
                Ok(found) => for (dim, length) in axes.iter().zip(&lengths) {
                    // A symbol is missing only where it makes no difference.
                    let mut all = expected.clone();
                    all.extend(found.clone());
                    prop_assert_eq!(dim.resolve(&all), Ok(*length));
                },
                Err(error) => prop_assert!(matches!(error, Error::FreeDimension(_)), "{}", error),
            }

            let plain = Shape::from((time, n, k));
            let plain_lengths = [at[2], at[1], at[0]];
            let found = bound(&[(shape.clone(), &lengths), (plain.clone(), &plain_lengths)]);
            prop_assert_eq!(found, Ok(expected));
            lengths[wrong % axes.len()] += 1;
            let error = bound(&[(shape, &lengths), (plain, &plain_lengths)]).expect_err("inconsistent");
            prop_assert!(matches!(error, Error::InputShape { .. }), "{}", error);
        }
    }
}
