//! Scratch.
use bayeux::prelude::*;
use std::time::Instant;
fn main() {
    let mode = std::env::args().nth(1).unwrap_or_default();
    let x = Expr::<f32>::input("x", [10]);
    let given = Tensor::new([10], vec![0.5; 10]);
    let mut f = Function::new([&x], [&(&x * 2.0 + 1.0)]).unwrap();
    if mode == "call" { f.call(&[&given]).unwrap(); } else { f.run(&[&given]).unwrap(); }
    let f = &f;
    let given = &given;
    for threads in [1, 2] {
        for _ in 0..6 {
            let n = 200_000;
            let t = Instant::now();
            std::thread::scope(|s| { for _ in 0..threads { s.spawn(move || for _ in 0..n { std::hint::black_box(f.call(&[given]).unwrap()); }); } });
            println!("{mode} {threads}: {:.1} ns a call and thread", t.elapsed().as_secs_f64() * 1e9 / n as f64);
        }
    }
}
