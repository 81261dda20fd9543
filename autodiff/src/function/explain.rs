//! What the compiler makes of a function, as a page to read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::AnyExpr;
use crate::compile::{Watch, counts};
use crate::expr::topological;
use crate::grad::NO_GRADIENT;

/// The expressions, the graph after each pass that changed it, and the instructions.
pub(super) fn page(
    (inputs, shapes): (&[AnyExpr], &[&[usize]]),
    roots: &[AnyExpr],
    stable_forms: &BTreeMap<&'static str, usize>,
    watch: &Watch,
) -> String {
    let mut page = String::from("expressions\n");
    // Writing to a string cannot fail.
    for (input, shape) in inputs.iter().zip(shapes) {
        let _ = writeln!(page, "  input {input}: {} as {shape:?}", input.value_type());
    }
    for root in roots {
        let name = root.name().map_or_else(String::new, |name| format!("`{name}` = "));
        let _ = writeln!(page, "  {name}{root}: {}", root.value_type());
    }
    let zeros: BTreeSet<String> = topological(roots)
        .iter()
        .filter_map(|node| node.name().filter(|name| name.starts_with(NO_GRADIENT)).map(str::to_string))
        .collect();
    for why in zeros {
        let _ = writeln!(page, "  warning: {why}");
    }
    if !stable_forms.is_empty() {
        let _ = writeln!(page, "  stable forms: {}", counts(stable_forms.iter().map(|(n, c)| (*n, *c))));
    }
    for (pass, made) in watch.pages() {
        let _ = write!(page, "\nafter {pass}\n{made}");
    }
    page
}

/// Writes a page to a new file of a folder, which is made if it is not there. What fails is said, and does no other harm.
pub(super) fn write(folder: &Path, page: &str) {
    static PAGES: AtomicUsize = AtomicUsize::new(0);
    let number = PAGES.fetch_add(1, Ordering::Relaxed);
    let path = folder.join(format!("{}-{number}.txt", std::process::id()));
    if let Err(error) = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, page)) {
        eprintln!("BAYEUX_EXPLAIN: cannot write `{}`: {error}", path.display());
    }
}
