//! Losses: how far predictions are from targets.
//!
//! They return one number a row or an element, not their mean, so that rows may be weighted; end with
//! [`mean_all`](bayeux_autodiff::Expr::mean_all). Labels are whole numbers in the element type; one that is out of range
//! makes the call of the function fail with an error that names it.

use bayeux_autodiff::{Expr, Shape};
use bayeux_tensor::Float;

/// −Σ t ln p along the last axis: the cross-entropy of probabilities `[…, k]` with targets, either labels `[…]` or
/// distributions `[…, k]`. The result is `[…]`.
///
/// A class that is not the target's costs nothing even if its probability is 0. From a softmax, prefer
/// [`cross_entropy_logits`].
///
/// ```
/// use bayeux_autodiff::{Expr, Function};
/// use bayeux_nets::losses::cross_entropy;
/// use bayeux_tensor::Tensor;
/// let p = Expr::<f64>::constant(Tensor::new([2, 2], vec![0.5, 0.5, 1.0, 0.0]));
/// let loss = cross_entropy(&p, &Expr::constant(Tensor::from_slice(&[1.0, 0.0])));
/// let values = Function::new([], [&loss])?.call(&[])?;
/// assert_eq!(values[0].to_vec(), [2f64.ln(), 0.0]);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
///
/// # Panics
/// If the targets' shape is neither the probabilities' nor that without its last axis, or if the number of classes is
/// free.
#[track_caller]
#[must_use]
pub fn cross_entropy<T: Float>(probabilities: &Expr<T>, targets: &Expr<T>) -> Expr<T> {
    expected_log("cross_entropy", targets, probabilities, &probabilities.ln())
}

/// The cross-entropy of `softmax(logits)`, from the logits: no overflow, no logarithm of 0. Shapes and panics as
/// [`cross_entropy`].
#[track_caller]
#[must_use]
pub fn cross_entropy_logits<T: Float>(logits: &Expr<T>, targets: &Expr<T>) -> Expr<T> {
    expected_log("cross_entropy_logits", targets, logits, &logits.log_softmax())
}

/// −Σ t · log along the last axis, 0 where t is 0.
#[track_caller]
fn expected_log<T: Float>(loss: &str, targets: &Expr<T>, given: &Expr<T>, log: &Expr<T>) -> Expr<T> {
    let zero = Expr::scalar(0.0);
    if targets.shape() == given.shape() {
        let chosen = targets.ne(&zero);
        return -Expr::select(&chosen, &(targets * log), &zero).sum(-1);
    }
    let one_hot = targets.one_hot(classes(loss, given, targets)).cast::<bool>();
    -Expr::select(&one_hot, log, &zero).sum(-1)
}

/// The number of classes of predictions `[…, k]`, if the labels are `[…]`.
#[track_caller]
fn classes<T: Float>(loss: &str, predictions: &Expr<T>, labels: &Expr<T>) -> usize {
    let rows = predictions.shape().dims().split_last();
    let classes =
        rows.and_then(|(last, rows)| (labels.shape() == &Shape::from(rows)).then(|| last.size()).flatten());
    let Some(classes) = classes else {
        panic!(
            "{loss}: labels of shape {} do not fit predictions of shape {}",
            labels.shape(),
            predictions.shape()
        );
    };
    classes
}

/// −t ln p − (1 − t) ln(1 − p), element by element: the cross-entropy of a probability with a target between 0 and 1. From
/// a sigmoid, prefer [`binary_cross_entropy_logits`].
///
/// # Panics
/// If the shapes differ.
#[track_caller]
#[must_use]
pub fn binary_cross_entropy<T: Float>(probabilities: &Expr<T>, targets: &Expr<T>) -> Expr<T> {
    same("binary_cross_entropy", probabilities, targets);
    let (zero, one) = (Expr::scalar(0.0), Expr::scalar(1.0));
    let yes = Expr::select(&targets.ne(&zero), &(targets * probabilities.ln()), &zero);
    let no = Expr::select(&targets.ne(&one), &((1.0 - targets) * (-probabilities).log1p()), &zero);
    -(yes + no)
}

/// The binary cross-entropy of `sigmoid(logits)`, from the logits: t softplus(−x) + (1 − t) softplus(x).
///
/// ```
/// use bayeux_autodiff::{Expr, Function};
/// use bayeux_nets::losses::binary_cross_entropy_logits;
/// let loss = binary_cross_entropy_logits(&Expr::<f64>::scalar(-1000.0), &Expr::scalar(1.0));
/// assert_eq!(Function::new([], [&loss])?.call(&[])?[0].item(), 1000.0);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
///
/// # Panics
/// If the shapes differ.
#[track_caller]
#[must_use]
pub fn binary_cross_entropy_logits<T: Float>(logits: &Expr<T>, targets: &Expr<T>) -> Expr<T> {
    same("binary_cross_entropy_logits", logits, targets);
    targets * (-logits).softplus() + (1.0 - targets) * logits.softplus()
}

/// (y − t)², element by element.
///
/// # Panics
/// If the shapes differ: what broadcasts would compare each row with all others.
#[track_caller]
#[must_use]
pub fn squared_error<T: Float>(predictions: &Expr<T>, targets: &Expr<T>) -> Expr<T> {
    same("squared_error", predictions, targets);
    (predictions - targets).square()
}

/// max(0, margin + the largest wrong score − the label's score), for scores `[…, k]` and labels `[…]`; the result is `[…]`
/// (Crammer & Singer 2001).
///
/// # Panics
/// If the shapes do not fit or the number of classes is free.
#[track_caller]
#[must_use]
pub fn multiclass_hinge<T: Float>(scores: &Expr<T>, labels: &Expr<T>, margin: f64) -> Expr<T> {
    let one_hot = labels.one_hot(classes("multiclass_hinge", scores, labels)).cast::<bool>();
    let right = Expr::select(&one_hot, scores, &Expr::scalar(0.0)).sum(-1);
    let wrong = Expr::select(&one_hot, &Expr::scalar(f64::NEG_INFINITY), scores).max(-1);
    (wrong - right + margin).relu()
}

/// The share of rows whose largest prediction stands at the label: a scalar from `[…, k]` and `[…]`. Of several equally
/// large predictions the first counts. Probabilities or logits: only their order matters. Its gradient is 0.
///
/// ```
/// use bayeux_autodiff::{Expr, Function};
/// use bayeux_nets::losses::accuracy;
/// use bayeux_tensor::Tensor;
/// let logits = Expr::<f32>::constant(Tensor::new([2, 3], vec![0.0, 2.0, 1.0, 5.0, 5.0, 5.0]));
/// let share = accuracy(&logits, &Expr::constant(Tensor::from_slice(&[1.0, 2.0])));
/// assert_eq!(Function::new([], [&share])?.call(&[])?[0].item(), 0.5);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
///
/// # Panics
/// If the shapes do not fit or the number of classes is free.
#[track_caller]
#[must_use]
pub fn accuracy<T: Float>(predictions: &Expr<T>, labels: &Expr<T>) -> Expr<T> {
    let k = classes("accuracy", predictions, labels);
    // Positions counted from the end, so that the first of equals has the largest; 0 where nothing is (a NaN).
    let from_end = k as f64 - Expr::arange(k);
    let largest = predictions.eq(&predictions.max(-1).insert_axis(labels.rank())).cast::<T>();
    let first = k as f64 - (largest * from_end).max(-1);
    first.eq(labels).cast::<T>().mean_all()
}

#[track_caller]
fn same<T: Float>(loss: &str, predictions: &Expr<T>, targets: &Expr<T>) {
    assert!(
        predictions.shape() == targets.shape(),
        "{loss}: predictions have shape {}, targets {}",
        predictions.shape(),
        targets.shape()
    );
}
