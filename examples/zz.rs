use bayeux::prelude::*;
fn main() {
    let n = [4usize, 32, 32, 1];
    let ps: Vec<[Shared; 2]> = (0..3)
        .map(|i| {
            [
                Shared::new(format!("w{i}"), Tensor::ones([n[i], n[i + 1]])),
                Shared::new(format!("b{i}"), Tensor::zeros([n[i + 1]])),
            ]
        })
        .collect();
    let (x, y) = (Expr::<f32>::input("x", [32, 4]), Expr::<f32>::input("y", [32, 1]));
    let mut h = x.clone();
    for (i, p) in ps.iter().enumerate() {
        h = h.matmul(&p[0].expr()) + p[1].expr();
        if i < 2 {
            h = h.relu();
        }
    }
    let mut f = Function::new([&x], [&h]).unwrap();
    f.run(&[&Tensor::zeros([32, 4])]).unwrap();
    println!("{f}");
    let loss = (&h - &y).square().mean_all();
    let all: Vec<Shared> = ps.iter().flatten().cloned().collect();
    let mut f = Function::builder()
        .inputs([&x, &y])
        .outputs([&loss])
        .updates(Sgd::new(0.01).updates_for(&loss, &all))
        .build()
        .unwrap();
    f.set_profiling(true);
    for _ in 0..10000 {
        f.run(&[&Tensor::zeros([32, 4]), &Tensor::ones([32, 1])]).unwrap();
    }
    println!("{f}");
    println!("{}", f.profile().unwrap());
}
