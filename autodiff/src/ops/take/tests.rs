//! Large tables, rows and stacks.

use bayeux_tensor::Tensor;

use crate::{Expr, Function};

/// Tables, rows and stacks large enough to be divided between threads, against the definition.
#[test]
fn large_tables() {
    for (outer, n, inner, count) in [(1, 50, 1, 40_000), (3, 11, 1, 20_000), (2, 30, 40, 1000)] {
        let table =
            Tensor::<i64>::from_fn([outer, n, inner], |at| (at[0] * 10_000 + at[1] * 100 + at[2]) as i64);
        let places: Vec<i64> = (0..count).map(|i| (i * i * 7 % n) as i64).collect();
        let x = Expr::<i64>::input("x", [outer, n, inner]);
        let i = Expr::constant(Tensor::from_slice(&places));
        let parts = x.take(1, &i);
        let sums = x.scatter_add(1, &i, &parts);
        let found = Function::new([&x], [parts, sums]).unwrap().call(&[&table]).unwrap();
        let table = table.to_vec();
        let (mut parts, mut sums) = (Vec::new(), table.clone());
        for o in 0..outer {
            for &place in &places {
                for k in 0..inner {
                    let at = (o * n + place as usize) * inner + k;
                    parts.push(table[at]);
                    sums[at] += table[at];
                }
            }
        }
        assert!(found[0].to_vec() == parts, "{outer} {n} {inner}");
        assert!(found[1].to_vec() == sums, "{outer} {n} {inner}");
    }
}
