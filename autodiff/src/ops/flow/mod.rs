//! What lets values pass and does something else: to their gradients, or on the way.

mod gradients;
mod watching;

#[cfg(test)]
pub(super) fn examples() -> Vec<(&'static str, Vec<super::examples::Example>)> {
    vec![("gradients", gradients::examples()), ("watching", watching::examples())]
}
