//! Machine code and the stack: values that no register has room for.

use crate::fused::{Arithmetic, FusedBuilder};
use crate::level::Level;
use crate::native;
use crate::native::program::{Line, Op, Operand, Program};

/// The largest of x and 1, of x and 2, …, added up from the last to the first, so that all are needed at once.
const OPS: [Arithmetic; 2] = [Arithmetic::Maximum, Arithmetic::Add];

#[test]
fn more_values_than_a_page_has_room_for_are_right() {
    const COUNT: usize = 150;
    let mut builder = FusedBuilder::<f32>::new(&[100]);
    let x = builder.operand(&[1]);
    let numbers = (1..=COUNT).map(|i| i as f32);
    let values: Vec<_> = numbers
        .map(|number| {
            let number = builder.constant(number);
            builder.arithmetic(OPS[0], x, number)
        })
        .collect();
    let y = values.into_iter().rev().reduce(|a, b| builder.arithmetic(OPS[1], a, b)).unwrap();
    builder.store(y);
    for level in Level::available() {
        let fused = builder.clone().build_with(false, level);
        assert_eq!(fused.native.is_some(), native::available(level));
        let (x, mut y) = ([0.5; 100], [f32::NAN; 100]);
        fused.run(&[(&x, 0)], &mut [&mut y], &mut [], &mut []);
        assert_eq!(y, [(COUNT * (COUNT + 1) / 2) as f32; 100]);
    }
}

#[test]
fn what_would_take_much_of_the_stack_is_not_compiled() {
    let program = |count: usize| {
        let mut lines: Vec<Line> = Vec::new();
        let mut push =
            |op, from| lines.push(Line { op: Op::Arithmetic(op), from, to: vec![], reduced: vec![] });
        let number = |i: usize| Operand::Number(f32::to_bits(i as f32).into());
        (0..count).for_each(|i| push(OPS[0], vec![Operand::Array(0), number(i)]));
        push(OPS[1], vec![Operand::Line(count - 1), Operand::Line(count - 2)]);
        (0..count - 2)
            .rev()
            .for_each(|i| push(OPS[1], vec![Operand::Line(2 * count - 3 - i), Operand::Line(i)]));
        lines.last_mut().expect("lines").to.push(1);
        Program { lines, arrays: 2, ahead: vec![0], streamed: vec![] }
    };
    // Values of 16 bytes at least: within 4 KiB, and beyond 16.
    for level in Level::available().filter(|&level| native::available(level)) {
        let mut batch = native::Batch::new(level).expect("there is machine code");
        assert!(batch.add::<f32>(&[&program(60)]).is_some());
        assert!(batch.add::<f32>(&[&program(1200)]).is_none());
    }
}
