//! What lets values pass and does something else: to their gradients, or on the way.

mod gradients;
mod watching;

/// The operations of this folder by the names that they have in files.
pub(super) fn by_name(all: crate::Operations) -> crate::Operations {
    all.with::<watching::Print>("print").with::<watching::Require>("require")
}

#[cfg(test)]
pub(super) fn examples() -> Vec<(&'static str, Vec<super::examples::Example>)> {
    vec![("gradients", gradients::examples()), ("watching", watching::examples())]
}
