//! The page of all operations is written from their sources: `BAYEUX_BLESS=1` writes it anew.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

/// The sections of the page, and which files or folders of `src` they are made of.
const SECTIONS: [(&str, &[&str]); 12] = [
    ("Functions of one number", &["ops/unary/table.rs", "ops/special"]),
    ("Functions of two numbers", &["ops/binary.rs", "ops/binary"]),
    ("Truth values, choices and types", &["ops/logic.rs", "ops/select.rs", "ops/cast.rs"]),
    (
        "Reductions, running values and order",
        &[
            "ops/reduce.rs",
            "ops/moments.rs",
            "ops/softmax.rs",
            "ops/places.rs",
            "ops/reductions",
            "ops/cumulative",
            "ops/cummax.rs",
            "ops/order.rs",
            "ops/sorting",
        ],
    ),
    (
        "Shapes",
        &[
            "ops/layout.rs",
            "ops/broadcast.rs",
            "ops/slice.rs",
            "ops/concat.rs",
            "ops/shaping",
            "ops/range.rs",
        ],
    ),
    ("Positions", &["ops/take.rs", "ops/index.rs", "ops/indexing"]),
    ("Products and linear algebra", &["ops/matmul.rs", "ops/linalg"]),
    ("Signals and images", &["ops/conv.rs", "ops/pool.rs", "ops/images"]),
    ("Random numbers", &["ops/noise.rs", "ops/random"]),
    ("Gradients", &["grad.rs", "grad/forward.rs", "grad/jacobian.rs", "ops/flow/gradients.rs"]),
    ("Loops, stacks and programs inside programs", &["loops", "vmap.rs", "ops/call.rs"]),
    ("Leaves, and looking at values", &["expr/leaves.rs", "ops/flow/watching.rs"]),
];

/// A method of a type, or a function.
struct Entry {
    name: String,
    of: Option<&'static str>,
    says: String,
}

/// The first sentence of a documentation, of a method of a type.
fn first_sentence(lines: &[&str], of: Option<&str>) -> String {
    let paragraph: Vec<&str> = lines.iter().take_while(|line| !line.is_empty()).copied().collect();
    let text = paragraph.join(" ").replace("   ", " ");
    let end = text
        .match_indices(". ")
        .map(|(at, _)| at)
        .find(|&at| text[..at].matches('`').count().is_multiple_of(2));
    let sentence = end.map_or(text.as_str(), |end| &text[..end]).trim_end_matches(['.', ':']);
    escaped(sentence)
        .replace('|', "\\|")
        .replace("](Self::", &format!("](crate::{}::", of.unwrap_or("Expr")))
        .replace("](Expr::", "](crate::Expr::")
}

/// With brackets that are no links as they are.
fn escaped(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('[') {
        let is_code = result.matches('`').count() + rest[..at].matches('`').count();
        result.push_str(&rest[..at]);
        if let Some((inside, after)) = rest[at..].strip_prefix("[`").and_then(|link| link.split_once("`]"))
            && !after.starts_with('(')
        {
            // A link by name alone, which leads nowhere from here.
            result.push_str(&format!("`{inside}`"));
            rest = after;
            continue;
        }
        let done = result.ends_with('\\');
        let plain = !rest[at..].starts_with("[`")
            && is_code.is_multiple_of(2)
            && !rest[at..].contains("](http")
            && !done;
        result.push_str(if plain { "\\[" } else { "[" });
        rest = &rest[at + 1..];
    }
    result + rest
}

fn entries(text: &str, page: &mut Vec<Entry>) {
    let mut docs: Vec<&str> = Vec::new();
    let (mut of_type, mut public) = (None, true);
    for line in text.lines() {
        let trimmed = line.trim();
        if line.starts_with("impl") || line.starts_with("unary!") || line.starts_with("binary!") {
            let of = line.split('{').next().unwrap_or_default();
            of_type = match !of.contains(" for ") {
                _ if of.ends_with("! ") => Some("Expr"),
                true => ["Expr", "RandomStreams"].into_iter().find(|name| of.contains(name)),
                false => None,
            };
            public = of_type.is_some();
        } else if line == "}" {
            (of_type, public) = (None, true);
        }
        if line.starts_with("#[cfg(test)]") && !text.contains("#[cfg(test)]\nmod tests;\n\n/") {
            break;
        }
        if let Some(doc) = trimmed.strip_prefix("///") {
            docs.push(doc.trim());
            continue;
        }
        let name = |text: &str| -> String {
            text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
        };
        let found = match trimmed.strip_prefix("pub fn ") {
            Some(rest) if public && (of_type.is_some() || !line.starts_with(' ')) => Some(name(rest)),
            _ if of_type.is_some() && line.starts_with("    ") && trimmed.starts_with(char::is_uppercase) => {
                // A row of a table: variant, method.
                trimmed.split_once(' ').map(|(_, rest)| name(rest))
            }
            _ => None,
        };
        if let Some(name) = found.filter(|name| !name.is_empty() && !docs.is_empty()) {
            page.push(Entry { name, of: of_type, says: first_sentence(&docs, of_type) });
        }
        if !trimmed.starts_with("#[") {
            docs.clear();
        }
    }
}

fn read(path: &Path, page: &mut Vec<Entry>) {
    if path.is_dir() {
        let mut inside: Vec<_> = std::fs::read_dir(path).expect("is there").flatten().collect();
        inside.sort_by_key(std::fs::DirEntry::path);
        inside.iter().for_each(|entry| read(&entry.path(), page));
    } else if path.extension().is_some_and(|of| of == "rs") && !path.ends_with("tests.rs") {
        entries(&std::fs::read_to_string(path).expect("is text"), page);
    }
}

fn page() -> String {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut page = String::from(
        "All operations, by subject: what each gives, in a sentence. Each method's own page says more: shapes, errors, formulas, an example.\n\
         The links lead there in the documentation that `cargo doc --open` makes.\n\n\
         Reductions also come as `…_keep`, where the axes stay with length 1, and as `…_all`, of all elements.\n",
    );
    for (title, paths) in SECTIONS {
        let mut entries = Vec::new();
        paths.iter().for_each(|path| read(&source.join(path), &mut entries));
        let mut seen = BTreeSet::new();
        entries.retain(|entry| seen.insert(entry.name.clone()));
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        let _ = write!(page, "\n## {title}\n\n| | |\n| --- | --- |\n");
        for Entry { name, of, says } in entries {
            if ["add", "sub", "mul", "div"].contains(&name.as_str()) {
                let _ = writeln!(page, "| operators | {says} |");
                continue;
            }
            let link = match of {
                Some(of) => format!("crate::{of}::{name}"),
                None => format!("crate::{name}()"),
            };
            let _ = writeln!(page, "| [`{name}`]({link}) | {says} |");
        }
    }
    page
}

#[test]
fn the_page_of_operations_is_what_their_sources_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/operations.md");
    let made = page();
    if std::env::var_os("BAYEUX_BLESS").is_some() {
        std::fs::write(&path, &made).expect("can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == made,
        "src/operations.md is not what the sources say: run this test with BAYEUX_BLESS=1"
    );
    assert!(made.matches("\n| [`").count() > 300, "fewer operations than there were");
}
