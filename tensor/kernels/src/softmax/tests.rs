use super::*;

const LOGITS: [f64; 6] = [1.0, 2.0, 4.0, 1000.0, 0.0, -1000.0];

#[test]
fn rows_match_the_textbook() {
    let mut p = [0.0; 6];
    softmax(&LOGITS, 3, &mut p);
    let total = 1f64.exp() + 2f64.exp() + 4f64.exp();
    for (p, x) in p.iter().zip(&LOGITS[..3]) {
        assert!((p - x.exp() / total).abs() < 1e-15);
    }
    assert_eq!(&p[3..], [1.0, 0.0, 0.0]);

    let mut log_p = [0.0; 6];
    log_softmax(&LOGITS, 3, &mut log_p);
    assert!((log_p[0] - (1.0 - total.ln())).abs() < 1e-14);
    assert_eq!(&log_p[3..], [0.0, -1000.0, -2000.0]);

    let mut normaliser = [0.0; 2];
    logsumexp(&LOGITS, 3, &mut normaliser);
    assert!((normaliser[0] - total.ln()).abs() < 1e-14);
    assert_eq!(normaliser[1], 1000.0);
}

#[test]
fn many_short_rows_and_few_long_ones() {
    // Blocks with a rest, tasks with a rest; rows of several blocks.
    for (rows, columns) in
        [(1000, 10), (3, 1300), (7, 512), (2, 513), (900, 1), (9, 24), (9, 25), (2, 70_001)]
    {
        let x: Vec<f64> = (0..rows * columns).map(|i| (i * 37 % 101) as f64 * 0.1).collect();
        let (mut p, mut log_p, mut z) = (vec![0.0; x.len()], vec![0.0; x.len()], vec![0.0; rows]);
        softmax(&x, columns, &mut p);
        log_softmax(&x, columns, &mut log_p);
        logsumexp(&x, columns, &mut z);
        for (row, z) in z.into_iter().enumerate() {
            let range = row * columns..(row + 1) * columns;
            let total = x[range.clone()].iter().map(|x| x.exp()).sum::<f64>().ln();
            assert!((z - total).abs() < 1e-12, "row {row} of {rows} × {columns}");
            for i in range {
                assert!((log_p[i] - (x[i] - total)).abs() < 1e-12);
                assert!((p[i] - (x[i] - total).exp()).abs() < 1e-13);
            }
        }
    }
}

#[test]
fn long_rows_and_empty_ones() {
    let x: Vec<f64> = (0..200).map(|i| f64::from(i % 7)).collect();
    let mut y = [0.0];
    logsumexp(&x, 200, &mut y);
    assert!((y[0] - x.iter().map(|x| x.exp()).sum::<f64>().ln()).abs() < 1e-13);
    logsumexp(&[f64::NEG_INFINITY; 3], 3, &mut y);
    assert_eq!(y[0], f64::NEG_INFINITY);
    softmax::<f32>(&[], 3, &mut []);
}

#[test]
fn nan_is_not_hidden() {
    for n in [3, 30, 90_000] {
        let (mut x, mut y) = (vec![1.0; n], vec![0.0; n]);
        x[1] = f64::NAN;
        softmax(&x, n, &mut y);
        assert!(y.iter().all(|y| y.is_nan()), "{n}");
    }
}

#[test]
fn infinity_leaves_nothing_to_what_is_finite() {
    for n in [4, 40, 90_000] {
        let (mut x, mut p, mut log_p) = (vec![1.0f32; n], vec![0.0; n], vec![0.0; n]);
        (x[1], x[n - 1]) = (f32::INFINITY, f32::INFINITY);
        softmax(&x, n, &mut p);
        log_softmax(&x, n, &mut log_p);
        assert_eq!([p[0], p[1], p[n - 2], p[n - 1]], [0.0, 0.5, 0.0, 0.5], "{n}");
        assert_eq!(
            [log_p[0], log_p[1], log_p[n - 1]],
            [f32::NEG_INFINITY, -0.5f32.ln().abs(), -0.5f32.ln().abs()]
        );
    }
}
