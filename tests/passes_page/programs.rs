//! A program, as `Function::explain` writes it.

use std::collections::HashMap;

/// What an instruction computes, and how many numbers it writes to which places: `s` and a number for a buffer, `var` and a number
/// for a variable.
struct Instruction {
    writes: Vec<(String, usize)>,
    ops: String,
}

impl Instruction {
    /// Reads a line like `  3  s4[30], var1[5] <- mul, add (in0[4, 6], s3[30])  # names and lines of code`.
    fn read(line: &str) -> Option<Self> {
        let (writes, rest) = line.split_once(" <- ")?;
        let (_, writes) = writes.trim_start().split_once("  ")?;
        let (ops, _reads) = rest.split("  # ").next()?.rsplit_once(" (")?;
        let write = |write: &str| {
            let (place, len) = write.trim_end_matches(']').split_once('[').expect("a length");
            (place.to_string(), len.parse().expect("a number"))
        };
        Some(Instruction { writes: writes.split(", ").map(write).collect(), ops: ops.into() })
    }

    /// The operations, or the first and last of many, and how many numbers go to each place.
    fn text(&self) -> String {
        let ops: Vec<&str> = self.ops.split(", ").collect();
        let ops = match ops.len() {
            ..=16 => self.ops.clone(),
            n => format!("{}, … {} more …, {}", ops[..10].join(", "), n - 13, ops[n - 3..].join(", ")),
        };
        let alike =
            |a: &(String, usize), b: &(String, usize)| is_variable(&a.0) == is_variable(&b.0) && a.1 == b.1;
        let places = self.writes.chunk_by(alike).map(|run| {
            let kind = if is_variable(&run[0].0) { "variable " } else { "" };
            let times = if run.len() == 1 { String::new() } else { format!("{} × ", run.len()) };
            format!("{times}{kind}{}", run[0].1)
        });
        format!("{ops} → {}", places.collect::<Vec<_>>().join(", "))
    }
}

fn is_variable(place: &str) -> bool {
    place.starts_with("var")
}

pub struct Program(Vec<Instruction>);

impl Program {
    pub fn read(text: &str) -> Self {
        Program(text.lines().filter_map(Instruction::read).collect())
    }

    fn writes(&self) -> impl Iterator<Item = &(String, usize)> {
        self.0.iter().flat_map(|instruction| &instruction.writes)
    }

    /// How many numbers the buffers hold: each as many as are ever written to it.
    pub fn buffers(&self) -> usize {
        let mut most: HashMap<&str, usize> = HashMap::new();
        for (place, len) in self.writes().filter(|(place, _)| !is_variable(place)) {
            let most = most.entry(place).or_default();
            *most = (*most).max(*len);
        }
        most.values().sum()
    }

    /// What another program has more or less of.
    pub fn counts(&self, now: &Program) -> String {
        let written = |program: &Program| program.writes().map(|(_, len)| len).sum::<usize>();
        format!(
            "{} instructions become {}; they write {} numbers in place of {}, and the buffers hold {} in place of {}.",
            self.0.len(),
            now.0.len(),
            written(now),
            written(self),
            now.buffers(),
            self.buffers()
        )
    }

    /// The first instructions, as what goes.
    pub fn first(&self, count: usize) -> String {
        self.0.iter().take(count).map(|instruction| format!("- {}\n", instruction.text())).collect()
    }

    /// The instructions with some operations in a row, or some others, that are only here and only there.
    pub fn difference(&self, there: &Program, of: &[&str]) -> String {
        let texts = |program: &Program| -> Vec<String> {
            let shown = |it: &&Instruction| of.iter().any(|ops| it.ops.contains(ops));
            program.0.iter().filter(shown).map(Instruction::text).collect()
        };
        let (before, after) = (texts(self), texts(there));
        let gone = before.iter().filter(|line| !after.contains(line)).map(|line| format!("- {line}\n"));
        let come = after.iter().filter(|line| !before.contains(line)).map(|line| format!("+ {line}\n"));
        gone.chain(come).collect()
    }

    pub fn listing(&self) -> String {
        let lines = self.0.iter().enumerate();
        lines.map(|(i, instruction)| format!("{i:2}  {}\n", instruction.text())).collect()
    }
}
