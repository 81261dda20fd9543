//! Every public method of an operation is in an example or a test.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// All Rust files of a folder and the folders in it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("a folder that can be read").path());
    paths
        .flat_map(|path| match path.extension() {
            _ if path.is_dir() => files(&path),
            Some(extension) if extension == "rs" => vec![path],
            _ => Vec::new(),
        })
        .collect()
}

/// The identifiers in a text that stand behind this.
fn behind<'a>(text: &'a str, before: &str) -> impl Iterator<Item = &'a str> {
    let other = |c: char| !c.is_alphanumeric() && c != '_';
    text.split(before).skip(1).filter_map(move |rest| Some(&rest[..rest.find(other)?]))
}

#[test]
fn every_method_of_an_operation_is_tested() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &PathBuf| fs::read_to_string(path).expect("a source that can be read");
    let (mut methods, mut tests) = (BTreeMap::new(), String::new());
    for path in files(&folder.join("src/ops")) {
        let text = read(&path);
        let is_test = path.ends_with("tests.rs") || path.parent().is_some_and(|of| of.ends_with("examples"));
        let (code, its_tests) =
            if is_test { ("", &*text) } else { text.split_once("#[cfg(test)]").unwrap_or((&text, "")) };
        tests.push_str(its_tests);
        // What is the crate's own is in other types.
        let mut of_users = false;
        for line in code.lines() {
            if line.trim_start().starts_with("impl") || line == "}" {
                of_users = line.contains("Expr<") || line.contains("RandomStreams");
            }
            if of_users {
                methods.extend(behind(line, "pub fn ").map(|name| (name.to_string(), path.clone())));
            }
        }
    }
    tests.extend(files(&folder.join("tests")).iter().map(read));
    assert!(methods.len() > 200, "{} methods", methods.len());
    let used: Vec<&str> = [".", "::"].iter().flat_map(|before| behind(&tests, before)).collect();
    let without: Vec<_> = methods.iter().filter(|(method, _)| !used.contains(&method.as_str())).collect();
    assert!(without.is_empty(), "in no example and no test: {without:#?}");
}
