//! Scratch.
use bayeux::prelude::*;
fn main() {
    let x = Expr::<f32>::input("x", [10]);
    let given = Tensor::new([10], vec![0.5; 10]);
    let mut f = Function::new([&x], [&(&x * 2.0 + 1.0)]).unwrap();
    let n: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    for _ in 0..n {
        f.run(&[&given]).unwrap();
    }
}
