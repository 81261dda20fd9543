//! The values of `tests/data/arviz.json`, and what is close to them.

use serde_json::Value;

pub fn table() -> Value {
    serde_json::from_str(include_str!("../data/arviz.json")).unwrap()
}

pub fn number(value: &Value) -> f64 {
    match value {
        Value::String(s) => s.parse().unwrap(),
        _ => value.as_f64().unwrap(),
    }
}

pub fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

pub fn count(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

/// Equal to 1e-10 of the greater of the value and `scale`; NaN equals NaN.
pub fn close_to(what: &str, ours: f64, theirs: f64, scale: f64) {
    if ours == theirs || (ours.is_nan() && theirs.is_nan()) {
        return;
    }
    assert!(
        (ours - theirs).abs() <= 1e-10 * theirs.abs().max(scale),
        "{what}: {ours}, where ArviZ has {theirs}"
    );
}

pub fn close(what: &str, ours: f64, theirs: f64) {
    close_to(what, ours, theirs, 0.0);
}
