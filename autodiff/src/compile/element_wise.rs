//! Element-wise loops as data.

use std::fmt;

use bayeux_tensor::ElementType;
use bayeux_tensor::fused::{Product, Reduce};

use crate::ops::{Binary, Noise, Operation, Unary};

/// What an instruction computes element by element over a shape, with the reductions that end it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ElementWise {
    /// The float type of all values.
    pub element: ElementType,
    /// The shape.
    pub space: Vec<usize>,
    /// The product that the loop goes on with, if it does: of the first two operands.
    pub product: Option<Product>,
    /// Whether the product is kept: then it is the first result.
    pub keeps_product: bool,
    /// The values, each of what is before it.
    pub lines: Vec<Line>,
    /// Which are stored, row-major: the next results.
    pub stores: Vec<Store>,
    /// Which are reduced: the last results.
    pub reductions: Vec<Reduction>,
}

/// A value of a loop; others are named by their number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Line {
    /// An operand of the instruction, seen over the space.
    Operand(usize),
    /// The product.
    Product,
    /// A number.
    Number(f64),
    /// A random number for each element.
    Noise(Noise),
    Unary(Unary, usize),
    Binary(Binary, usize, usize),
    /// The second where the first is not 0, else the third.
    Select(usize, usize, usize),
}

/// A value that is stored; over the elements of an operand, if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Store {
    pub value: usize,
    pub over: Option<usize>,
}

/// A value that is reduced along some axes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reduction {
    pub kind: Reduce,
    pub value: usize,
    pub axes: Vec<usize>,
}

impl ElementWise {
    /// A loop of nothing yet.
    pub fn new(element: ElementType, space: &[usize]) -> Self {
        ElementWise {
            element,
            space: space.to_vec(),
            product: None,
            keeps_product: false,
            lines: Vec::new(),
            stores: Vec::new(),
            reductions: Vec::new(),
        }
    }

    /// Adds a value.
    pub fn push(&mut self, line: Line) -> usize {
        self.lines.push(line);
        self.lines.len() - 1
    }

    /// The random numbers, in order.
    pub fn noise(&self) -> impl Iterator<Item = Noise> {
        self.lines.iter().filter_map(|line| match line {
            Line::Noise(noise) => Some(*noise),
            _ => None,
        })
    }

    /// The arithmetic operations of a run; a function such as exp counts as one.
    pub fn flops(&self) -> usize {
        let operation = |line: &&Line| matches!(line, Line::Unary(..) | Line::Binary(..) | Line::Select(..));
        let terms = match self.product {
            None => 0,
            Some(Product::Matrices(terms)) => terms,
            Some(Product::Images(s)) => s.in_channels() * s.kernel()[0] * s.kernel()[1],
        };
        let operations = self.lines.iter().filter(operation).count() + self.reductions.len();
        (operations + 2 * terms) * self.space.iter().product::<usize>()
    }
}

/// A line for each value, store and reduction.
impl fmt::Display for ElementWise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "over {}{:?}", self.element, self.space)?;
        for (number, line) in self.lines.iter().enumerate() {
            write!(f, "  {number} = ")?;
            match line {
                Line::Operand(operand) => writeln!(f, "operand {operand}"),
                Line::Product if self.keeps_product => writeln!(f, "product, kept"),
                Line::Product => writeln!(f, "product"),
                Line::Number(value) => writeln!(f, "number {value}"),
                Line::Noise(noise) => writeln!(f, "{}", noise.name()),
                Line::Unary(op, x) => writeln!(f, "{} {x}", op.name()),
                Line::Binary(op, x, y) => writeln!(f, "{} {x} {y}", op.name()),
                Line::Select(c, x, y) => writeln!(f, "select {c} {x} {y}"),
            }?;
        }
        for Store { value, over } in &self.stores {
            match over {
                Some(operand) => writeln!(f, "  store {value} over {operand}")?,
                None => writeln!(f, "  store {value}")?,
            }
        }
        for Reduction { kind, value, axes } in &self.reductions {
            writeln!(f, "  {} {value} along {axes:?}", format!("{kind:?}").to_lowercase())?;
        }
        Ok(())
    }
}
