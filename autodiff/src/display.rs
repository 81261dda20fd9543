//! Expressions as text and as Graphviz graphs.

use std::collections::HashMap;
use std::fmt::{self, Write};

use crate::expr::{Key, topological};
use crate::ops::Op;
use crate::{Expr, Kind};

/// How many levels deep `Display` writes an expression before it abbreviates.
const DEPTH: usize = 6;

/// As mathematics, in one line; what lies deep is written `…`.
impl<T: Kind> fmt::Display for Expr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_expr(self, f, DEPTH, true)
    }
}

/// Like `Display`, abbreviated further, for messages.
impl<T: Kind> fmt::Debug for Expr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`")?;
        write_expr(self, f, 2, false)?;
        f.write_str("`")
    }
}

fn write_expr<T: Kind>(
    expr: &Expr<T>,
    f: &mut fmt::Formatter<'_>,
    depth: usize,
    through_names: bool,
) -> fmt::Result {
    if let Some(name) = expr.name()
        && (expr.inputs().is_empty() || !through_names)
    {
        return f.write_str(name);
    }
    let name = expr.op().rule().name();
    if expr.inputs().is_empty() {
        return f.write_str(&name);
    }
    if depth == 0 {
        return f.write_str("…");
    }
    let inner = |f: &mut fmt::Formatter<'_>, i: usize| write_expr(&expr.inputs()[i], f, depth - 1, false);
    match expr.op() {
        // A broadcast and the shape it ends in say nothing a reader of the formula misses.
        Op::Broadcast(_) => write_expr(&expr.inputs()[0], f, depth, false),
        Op::Binary(op) if !op.symbol().chars().any(char::is_alphabetic) => {
            f.write_str("(")?;
            inner(f, 0)?;
            write!(f, " {} ", op.symbol())?;
            inner(f, 1)?;
            f.write_str(")")
        }
        _ => {
            write!(f, "{name}(")?;
            for i in 0..expr.inputs().len() {
                f.write_str(if i > 0 { ", " } else { "" })?;
                inner(f, i)?;
            }
            f.write_str(")")
        }
    }
}

/// The graph of some expressions in Graphviz's DOT language: a box for each node, with its op, name and shape; leaves
/// are ellipses, what was asked for is drawn bold.
///
/// ```
/// use bayeux_autodiff::{Expr, to_dot};
/// let x = Expr::<f32>::input("x", [3]);
/// let dot = to_dot(&[x.tanh()]);
/// assert!(dot.starts_with("digraph") && dot.contains("tanh"));
/// ```
#[must_use]
pub fn to_dot<T: Kind>(roots: &[Expr<T>]) -> String {
    let nodes = topological(roots);
    let numbers: HashMap<Key, usize> = nodes.iter().enumerate().map(|(i, node)| (node.key(), i)).collect();
    let mut dot =
        String::from("digraph expression {\n  rankdir=BT;\n  node [shape=box, fontname=\"sans-serif\"];\n");
    for (i, node) in nodes.iter().enumerate() {
        let op = node.op().rule().name();
        let label = match node.name() {
            Some(name) => format!("{name}: {op}"),
            None => op,
        };
        let shape = if node.inputs().is_empty() { ", shape=ellipse" } else { "" };
        let style = if roots.iter().any(|root| root.key() == node.key()) { ", style=bold" } else { "" };
        // Writing to a string cannot fail.
        let _ = writeln!(dot, "  n{i} [label=\"{}\\n{}\"{shape}{style}];", escape(&label), node.value_type());
        for input in node.inputs() {
            let _ = writeln!(dot, "  n{} -> n{i};", numbers[&input.key()]);
        }
    }
    dot.push_str("}\n");
    dot
}

pub(crate) fn escape(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_read_like_mathematics() {
        let x = Expr::<f32>::input("x", [3]);
        assert_eq!(((&x * 2.0 + 1.0).tanh() / &x).to_string(), "(tanh(((x * 2) + 1)) / x)");
        assert_eq!(x.sum_all().to_string(), "sum [0](x)");
        let deep = (0..20).fold(x, |x, _| x.exp());
        assert_eq!(deep.to_string(), "exp(exp(exp(exp(exp(exp(…))))))");
    }

    #[test]
    fn a_node_used_twice_is_drawn_once() {
        let x = Expr::<f32>::input("a \"quoted\" name", [3]).exp();
        let dot = to_dot(&[&x * &x]);
        assert_eq!(dot.matches("label=").count(), 3);
        assert_eq!(dot.matches("->").count(), 3);
        assert!(dot.contains("a \\\"quoted\\\" name"));
    }
}
