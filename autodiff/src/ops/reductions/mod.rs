//! X

#[cfg(test)]
pub(super) fn examples() -> Vec<(&'static str, Vec<super::examples::Example>)> {
    vec![
    ]
}
