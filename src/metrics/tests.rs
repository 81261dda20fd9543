use super::*;

fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
}

fn all_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    found.iter().zip(expected).for_each(|(&found, &expected)| close(found, expected));
}

/// Four images, three classes; predicted classes 0, 2, 0 (a tie with 1), 1.
fn four() -> (Tensor<f64>, Tensor<f64>) {
    let p = [0.7, 0.2, 0.1, 0.25, 0.25, 0.5, 0.5, 0.5, 0.0, 0.0, 1.0, 0.0];
    (Tensor::new([4, 3], p.to_vec()), Tensor::new([4], vec![0.0, 1.0, 0.0, 1.0]))
}

/// Two draws, two images, two classes.
fn two_draws() -> Tensor<f64> {
    Tensor::new([2, 2, 2], vec![1.0, 0.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5])
}

#[test]
fn accuracy_counts_the_most_probable_class() {
    let (p, labels) = four();
    assert_eq!(predicted_classes(&p), [0, 2, 0, 1]);
    assert_eq!(accuracy(&p, &labels), 0.75);
}

#[test]
fn negative_log_likelihood_is_the_mean_loss() {
    let (p, labels) = four();
    // −(ln 7/10 + ln 1/4 + ln 1/2 + ln 1) / 4 = −ln(7/80) / 4
    close(negative_log_likelihood(&p, &labels), -(7.0_f64 / 80.0).ln() / 4.0);
    let impossible = Tensor::new([4], vec![2.0, 1.0, 2.0, 1.0]);
    assert_eq!(negative_log_likelihood(&p, &impossible), f64::INFINITY);
}

#[test]
fn reliability_by_hand() {
    // Confidences 0.7, 0.5, 0.5, 1 in bins of width 1/15: 0.7 in (10/15, 11/15], 0.5 in (7/15, 8/15], 1 in (14/15, 1].
    let (p, labels) = four();
    let table = reliability(&p, &labels);
    let counts: Vec<usize> = table.bins.iter().map(|bin| bin.count).collect();
    assert_eq!(counts, [0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 1, 0, 0, 0, 1]);
    close(table.bins[7].confidence, 0.5);
    close(table.bins[7].accuracy, 0.5);
    close(table.bins[10].confidence, 0.7);
    close(table.bins[10].accuracy, 1.0);
    close(table.bins[10].low, 10.0 / 15.0);
    close(table.bins[10].high, 11.0 / 15.0);
    // (2·|0.5 − 0.5| + 1·|1 − 0.7| + 1·|1 − 1|) / 4
    close(table.expected_calibration_error(), 0.3 / 4.0);
    close(expected_calibration_error(&p, &labels), 0.3 / 4.0);
    close(table.maximum_calibration_error(), 0.3);
    assert_eq!(
        table.to_string().lines().count(),
        4,
        "a head and the three bins that are not empty:\n{table}"
    );
}

#[test]
fn opposite_errors_in_one_bin_cancel_and_in_two_do_not() {
    // Both images have confidence 0.75, one is right: |0.5 − 0.75| = 0.25.
    let p = Tensor::new([2, 2], vec![0.75, 0.25, 0.75, 0.25]);
    let labels = Tensor::new([2], vec![0.0, 1.0]);
    close(expected_calibration_error(&p, &labels), 0.25);
    // Right at 0.75, wrong at 0.6: (|1 − 0.75| + |0 − 0.6|) / 2.
    let p = Tensor::new([2, 2], vec![0.75, 0.25, 0.6, 0.4]);
    close(expected_calibration_error(&p, &labels), (0.25 + 0.6) / 2.0);
}

#[test]
fn an_upper_end_belongs_to_its_bin() {
    // 0.6 = 9/15 in (8/15, 9/15], the ninth bin.
    let p = Tensor::new([1, 2], vec![0.6, 0.4]);
    let table = reliability(&p, &Tensor::new([1], vec![0.0]));
    assert_eq!(table.bins[8].count, 1);
}

#[test]
fn entropies_by_hand() {
    let (p, _) = four();
    let first = -(0.7 * 0.7_f64.ln() + 0.2 * 0.2_f64.ln() + 0.1 * 0.1_f64.ln());
    let ln2 = 2.0_f64.ln();
    // H(¼, ¼, ½) = 3/2 ln 2
    all_close(&predictive_entropy(&p), &[first, 1.5 * ln2, ln2, 0.0]);
    // Image 0: (0 + ln 2) / 2; image 1: ln 2 in both draws.
    all_close(&expected_entropy(&two_draws()), &[ln2 / 2.0, ln2]);
}

#[test]
fn mutual_information_is_what_the_draws_disagree_about() {
    // Image 0: H(¾, ¼) − ½ ln 2 with H(¾, ¼) = 2 ln 2 − ¾ ln 3. Image 1: the draws agree.
    let (ln2, ln3) = (2.0_f64.ln(), 3.0_f64.ln());
    all_close(&mutual_information(&two_draws()), &[1.5 * ln2 - 0.75 * ln3, 0.0]);
}

#[test]
fn mutual_information_is_never_negative() {
    // Equal draws whose entropies round differently from that of their mean.
    let row = [0.1_f32, 0.2, 0.3, 0.4];
    let draws = Tensor::new([7, 1, 4], row.repeat(7));
    let information = mutual_information(&draws)[0];
    assert!((0.0..1e-12).contains(&information), "{information}");
}

#[test]
fn the_mean_is_over_the_draws() {
    let draws = Tensor::new([2, 1, 3], vec![0.2, 0.3, 0.5, 0.4, 0.1, 0.5]);
    let mean = mean_probabilities(&draws);
    assert_eq!(mean.shape(), [1, 3]);
    all_close(&mean.to_vec(), &[0.3, 0.2, 0.5]);
}

#[test]
fn the_most_uncertain_come_first() {
    let values = [0.3, 0.9, 0.1, 0.9, 0.5];
    assert_eq!(most_uncertain(&values, 3), [1, 3, 4]);
    assert_eq!(most_uncertain(&values, 9), [1, 3, 4, 0, 2]);
    assert!(most_uncertain(&[], 2).is_empty());
}

#[test]
fn f32_and_f64_agree() {
    let (p, labels) = four();
    let p32 = Tensor::new([4, 3], p.iter().map(|v| v as f32).collect());
    let labels32 = Tensor::new([4], labels.iter().map(|v| v as f32).collect());
    assert!((negative_log_likelihood(&p32, &labels32) - negative_log_likelihood(&p, &labels)).abs() < 1e-7);
}

#[test]
#[should_panic(expected = "row 1 of the class probabilities [2, 2] is no distribution")]
fn logits_are_refused() {
    let _ = predicted_classes(&Tensor::new([2, 2], vec![0.5, 0.5, 3.0, -2.0]));
}

#[test]
#[should_panic(expected = "is no distribution")]
fn nan_is_refused() {
    predictive_entropy(&Tensor::new([1, 2], vec![f32::NAN, 1.0]));
}

#[test]
#[should_panic(expected = "label 1 is 3; expected a whole number from 0 to 2")]
fn a_label_out_of_range_is_refused() {
    let _ = accuracy(&four().0, &Tensor::new([4], vec![0.0, 3.0, 0.0, 0.0]));
}

#[test]
#[should_panic(expected = "labels have shape [3]; expected [4]")]
fn labels_of_another_length_are_refused() {
    let _ = accuracy(&four().0, &Tensor::new([3], vec![0.0; 3]));
}

#[test]
#[should_panic(expected = "expected [draws, images, classes]")]
fn draws_need_three_axes() {
    mutual_information(&four().0);
}

#[test]
#[should_panic(expected = "there are no class probabilities")]
fn no_images_are_refused() {
    let _ = reliability(&Tensor::<f32>::new([0, 3], vec![]), &Tensor::new([0], vec![]));
}

/// 5 draws, 200 images, 4 classes, from formulas that another program can repeat.
fn formula() -> (Tensor<f64>, Tensor<f64>) {
    let mut p = Vec::new();
    for (s, i) in (0..5).flat_map(|s| (0..200).map(move |i| (s, i))) {
        let logit =
            |c: i32| 3.0 * (0.4 * f64::from(s) + 0.9 * f64::from(i) + 2.3 * f64::from(c * (i + 1))).sin();
        let sum: f64 = (0..4).map(|c| logit(c).exp()).sum();
        p.extend((0..4).map(|c| logit(c).exp() / sum));
    }
    let draws = Tensor::new([5, 200, 4], p);
    // Two of three labels are as predicted.
    let predicted = predicted_classes(&mean_probabilities(&draws));
    let label = |(i, class): (usize, usize)| if i % 3 == 0 { i * 7 % 4 } else { class } as f64;
    let labels = Tensor::new([200], predicted.into_iter().enumerate().map(label).collect());
    (draws, labels)
}

#[test]
fn numpy_finds_the_same() {
    let (draws, labels) = formula();
    let p = mean_probabilities(&draws);
    close(accuracy(&p, &labels), 0.75);
    close(negative_log_likelihood(&p, &labels), 1.1082203280910903);
    close(expected_calibration_error(&p, &labels), 0.20930906081124637);
    let counts: Vec<usize> = reliability(&p, &labels).bins.iter().map(|bin| bin.count).collect();
    assert_eq!(counts, [0, 0, 0, 5, 10, 13, 19, 44, 37, 28, 22, 13, 9, 0, 0]);
    let sum = |values: &[f64]| values.iter().sum::<f64>() / 200.0;
    close(sum(&predictive_entropy(&p)), 192.81454125902178 / 200.0);
    close(sum(&expected_entropy(&draws)), 151.4703480230216 / 200.0);
    let information = mutual_information(&draws);
    close(sum(&information), 41.344193236000216 / 200.0);
    assert_eq!(most_uncertain(&information, 4), [55, 3, 107, 159]);
}
