//! The list of operations after a pass, as `Function::explain` writes it.

use std::collections::BTreeMap;
use std::fmt::Write;

/// One operation.
struct Node<'a> {
    op: &'a str,
    inputs: Vec<usize>,
    of: &'a str,
    /// The name of a leaf.
    name: Option<&'a str>,
}

pub struct Graph<'a>(Vec<Node<'a>>);

impl<'a> Graph<'a> {
    /// Reads lines like `%7 = sum [0](%6) f32[5]  # name`, in which what follows the sign is names and lines of code.
    pub fn read(text: &'a str) -> Self {
        let node = |line: &'a str| {
            let (_, rest) = line.split_once(" = ").expect("a node");
            let (rest, comment) = rest.split_once("  # ").map_or((rest, None), |(rest, it)| (rest, Some(it)));
            let (call, of) = rest.rsplit_once(") ").expect("a type");
            let (op, inputs) = call.rsplit_once('(').expect("inputs");
            let number = |input: &str| input.trim_start_matches('%').parse().expect("a number");
            let inputs: Vec<usize> =
                inputs.split(", ").filter(|input| !input.is_empty()).map(number).collect();
            let name =
                comment.and_then(|it| it.split(", ").next()).filter(|_| ["shared", "input"].contains(&op));
            Node { op, inputs, of, name }
        };
        Graph(text.lines().filter(|line| line.starts_with('%')).map(node).collect())
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// All lines until the first operation of a kind, without lines of code.
    pub fn up_to(&self, op: &str) -> String {
        let last = self.0.iter().position(|node| node.op == op).expect("it is there");
        let mut text = String::new();
        for (i, Node { op, inputs, of, name }) in self.0.iter().enumerate().take(last + 1) {
            let inputs: Vec<String> = inputs.iter().map(|input| format!("%{input}")).collect();
            let name = name.map_or_else(String::new, |name| format!("  # {name}"));
            let _ = writeln!(text, "%{i} = {op}({}) {of}{name}", inputs.join(", "));
        }
        text
    }

    /// A node as the input of another: a constant as a number, all else as an operation or a kind of variable.
    fn short(&self, i: usize) -> String {
        let Node { op, inputs, name, .. } = &self.0[i];
        match (*op, name) {
            ("broadcast" | "reshape", _) => self.short(inputs[0]),
            (_, Some(name)) => match name.split_once(".adam.") {
                Some((_, state)) => format!("adam.{state}"),
                None => name.rsplit('.').next().unwrap_or(name).into(),
            },
            _ if op.starts_with("normal noise") => "noise".into(),
            _ if inputs.is_empty() => number(op),
            _ => (*op).into(),
        }
    }

    /// How often each operation is there on inputs of each kind; the order of addends and factors does not count.
    fn kinds(&self) -> BTreeMap<String, usize> {
        let mut kinds = BTreeMap::new();
        for Node { op, inputs, .. } in self.0.iter().filter(|node| !node.inputs.is_empty()) {
            let mut inputs: Vec<String> = inputs.iter().map(|&input| self.short(input)).collect();
            if ["add", "mul", "ne", "maximum"].contains(op) {
                inputs.sort();
            }
            if !["broadcast", "reshape"].contains(op) {
                *kinds.entry(format!("{op}({})", inputs.join(", "))).or_default() += 1;
            }
        }
        kinds
    }

    /// The operations that are only here and only there, at least so many of a kind.
    pub fn difference(&self, there: &Graph<'_>, least: usize) -> String {
        let (before, after) = (self.kinds(), there.kinds());
        let mut text = String::new();
        for (sign, these, others) in [('-', &before, &after), ('+', &after, &before)] {
            for (kind, &count) in these {
                let more = count.saturating_sub(others.get(kind).copied().unwrap_or(0));
                if more >= least {
                    let _ = writeln!(text, "{sign} {more} × {kind}");
                }
            }
        }
        text
    }
}

/// A constant with as many digits as tell it.
fn number(text: &str) -> String {
    text.parse::<f64>().map_or_else(|_| text.into(), |number| format!("{}", number as f32))
}
