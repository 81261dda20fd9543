use super::*;
use crate::random::fill_uniform;

/// Extents that end within vectors, units, pieces, strips, blocks and tasks, and just do not.
fn extents() -> Vec<Extent> {
    let mut extents = Vec::new();
    for count in [1, 2, 3, 7, 8, 9, 31, 32, 33, 63, 100, 513, 1000, 4097] {
        extents.extend([1, 2, 15, 16, 17, 70].map(|outer| Extent { outer, count, inner: 1 }));
    }
    for count in [8192, 32_768, 32_769, 40_960, 100_003] {
        extents.extend([1, 3].map(|outer| Extent { outer, count, inner: 1 }));
    }
    for count in [1, 2, 3, 4, 5, 7, 8, 9, 127, 129, 513, 1100] {
        for inner in [2, 3, 4, 7, 64, 1000, 1025, 2500] {
            extents.extend([1, 3].map(|outer| Extent { outer, count, inner }));
        }
    }
    extents.push(Extent { outer: 1, count: 300_001, inner: 3 });
    extents.push(Extent { outer: 1, count: 3, inner: 300_001 });
    extents.push(Extent { outer: 5000, count: 5, inner: 6 });
    extents.extend(
        [[0, 3, 2], [2, 0, 3], [2, 3, 0], [0, 0, 1], [3, 0, 1]].map(|[outer, count, inner]| Extent {
            outer,
            count,
            inner,
        }),
    );
    extents
}

/// The elements of each result.
fn groups<T: Float>(x: &[T], Extent { outer, count, inner }: Extent) -> Vec<Vec<T>> {
    let group = |o: usize, i: usize| (0..count).map(|c| x[(o * count + c) * inner + i]).collect();
    (0..outer).flat_map(|o| (0..inner).map(move |i| (o, i))).map(|(o, i)| group(o, i)).collect()
}

fn reduced<T: Float>(kind: Kind, x: &[T], extent: Extent) -> Vec<T> {
    let mut results = vec![T::NAN; extent.lengths().expect("a small extent")[1]];
    along(kind, x, extent, &mut results, &mut vec![T::NAN; room(extent)]);
    results
}

fn place<T: Float>(group: &[T]) -> usize {
    let nan = group.iter().position(|x| x.is_nan());
    let largest = group.iter().fold(T::NEG_INFINITY, |a, &b| a.max(b));
    nan.unwrap_or_else(|| group.iter().position(|&x| x == largest).expect("one of them"))
}

/// The sum with what each addition lost added at the end (Neumaier 1974).
fn compensated<T: Float>(group: &[T]) -> f64 {
    let add = |(sum, lost): (f64, f64), x: &T| {
        let (x, total) = (x.to_f64(), sum + x.to_f64());
        let (large, small) = if sum.abs() >= x.abs() { (sum, x) } else { (x, sum) };
        (total, lost + (large - total + small))
    };
    let (sum, lost) = group.iter().fold((0.0, 0.0), add);
    sum + lost
}

fn check<T: Float>(tolerance: f64) {
    for extent in extents() {
        let mut x = vec![T::ZERO; extent.lengths().expect("a small extent")[0]];
        fill_uniform(3, 0, 0, &mut x);
        // Few different numbers, so that there are ties; and a NaN here and there.
        let mut coarse: Vec<T> = x.iter().map(|&x| (x * T::from_f64(50.0)).floor()).collect();
        let groups_of = groups(&x, extent);
        let sums = reduced(Kind::Sum, &x, extent);
        assert_eq!(sums.len(), groups_of.len());
        for (sum, group) in sums.iter().zip(&groups_of) {
            let exact = compensated(group);
            assert!((sum.to_f64() - exact).abs() <= tolerance * exact, "{sum} for {exact} of {extent:?}");
        }
        for _ in 0..2 {
            let extremes = [Kind::Max, Kind::Min].map(|kind| reduced(kind, &coarse, extent));
            let mut found = vec![T::NAN; extent.lengths().expect("a small extent")[1]];
            if extent.count > 0 {
                places(&coarse, extent, &mut found);
            }
            for (i, group) in groups(&coarse, extent).iter().enumerate() {
                let [max, min] = [&extremes[0], &extremes[1]].map(|extremes| extremes[i]);
                if group.iter().any(|x| x.is_nan()) {
                    assert!(max.is_nan() && min.is_nan(), "{extent:?}");
                } else {
                    assert_eq!(max, group.iter().fold(T::NEG_INFINITY, |a, &b| a.max(b)), "{extent:?}");
                    assert_eq!(min, group.iter().fold(T::INFINITY, |a, &b| a.min(b)), "{extent:?}");
                }
                if extent.count > 0 {
                    assert_eq!(found[i].to_f64(), place(group) as f64, "{extent:?}");
                }
            }
            coarse.iter_mut().skip(5).step_by(997).for_each(|x| *x = T::NAN);
        }
    }
}

#[test]
fn agree_with_plain_loops() {
    check::<f32>(5e-7);
    check::<f64>(4e-15); // no more than 34 additions one after the other
}

#[test]
fn places_of_infinities_are_the_first() {
    for extent in extents().into_iter().filter(|extent| extent.count > 0) {
        let mut x = vec![f32::NEG_INFINITY; extent.lengths().expect("a small extent")[0]];
        let mut found = vec![f32::NAN; extent.lengths().expect("a small extent")[1]];
        places(&x, extent, &mut found);
        assert!(found.iter().all(|&place| place == 0.0), "{extent:?}");
        if extent.outer == 1 && extent.inner == 1 {
            *x.last_mut().expect("there is one") = f32::MIN;
            places(&x, extent, &mut found);
            assert_eq!(found, [(extent.count - 1) as f32]);
        }
    }
}

/// One element after the other is NaN, or the first of the largest; all others are equal, zeros of both signs or infinite.
fn check_each_place<T: Float>() {
    let [zero, minus] = [T::ZERO, -T::ZERO];
    for extent in [[1, 70, 1], [2, 33, 1], [3, 5, 1], [1, 9, 37], [1, 7, 18], [2, 17, 3], [1, 2, 5]] {
        let [outer, count, inner] = extent;
        let extent = Extent { outer, count, inner };
        for i in 0..extent.lengths().expect("a small extent")[0] {
            let (row, column) = (i / inner % count, i / inner / count * inner + i % inner);
            for (rest, special) in [
                (zero, T::NAN),
                (T::INFINITY, T::NAN),
                (T::NEG_INFINITY, -T::NAN),
                (T::NEG_INFINITY, -T::ONE),
                (T::ONE, T::INFINITY),
                (minus, T::MIN_POSITIVE),
            ] {
                let mut x = vec![rest; extent.lengths().expect("a small extent")[0]];
                x[i] = special;
                let mut found = vec![T::NAN; extent.lengths().expect("a small extent")[1]];
                places(&x, extent, &mut found);
                let largest = reduced(Kind::Max, &x, extent);
                let negated: Vec<T> = x.iter().map(|&x| -x).collect();
                let smallest = reduced(Kind::Min, &negated, extent);
                for (k, (&found, (&max, &min))) in found.iter().zip(largest.iter().zip(&smallest)).enumerate()
                {
                    let expected = if k == column { (row, special) } else { (0, rest) };
                    assert_eq!(
                        found.to_f64() as usize,
                        expected.0,
                        "{rest} and {special} at {i} of {extent:?}"
                    );
                    assert!(
                        max == expected.1 || max.is_nan() && expected.1.is_nan(),
                        "{special} at {i}: {max}"
                    );
                    assert!(min == -max || min.is_nan() && max.is_nan(), "{special} at {i}: {min}");
                }
            }
            // Zeros are equal: the first is the place.
            let zeros: Vec<T> = (0..extent.lengths().expect("a small extent")[0])
                .map(|k| if k < i { minus } else { zero })
                .collect();
            let mut found = vec![T::NAN; extent.lengths().expect("a small extent")[1]];
            places(&zeros, extent, &mut found);
            assert!(found.iter().all(|&place| place == zero), "{i} of {extent:?}");
        }
    }
}

#[test]
fn nan_and_the_largest_are_found_at_each_place() {
    check_each_place::<f32>();
    check_each_place::<f64>();
}

#[test]
fn extents_of_axes_that_are_neighbours() {
    let of = |shape: &[usize], axes: &[usize]| {
        Extent::of(shape, |axis| axes.contains(&axis)).map(|e| [e.outer, e.count, e.inner])
    };
    assert_eq!(of(&[2, 3, 4, 5], &[1, 2]), Some([2, 12, 5]));
    assert_eq!(of(&[2, 3, 4, 5], &[0]), Some([1, 2, 60]));
    assert_eq!(of(&[2, 3, 4, 5], &[0, 1, 2, 3]), Some([1, 120, 1]));
    assert_eq!(of(&[2, 3, 4, 5], &[0, 2]), None);
    assert_eq!(of(&[2, 1, 4, 5], &[0, 2]), Some([1, 8, 5])); // an axis of one is none
    assert_eq!(of(&[2, 1, 4], &[1]), Some([1, 1, 8]));
    assert_eq!(of(&[2, 0, 4], &[1]), Some([2, 0, 4]));
    assert_eq!(of(&[], &[]), Some([1, 1, 1]));
}
