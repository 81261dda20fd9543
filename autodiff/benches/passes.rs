//! How the compiler's passes scale: seconds to write down, differentiate and compile graphs of some 10⁵ nodes, and of twice as
//! many; no pass may take more than in proportion. And what thousands of batch sizes cost.
//!
//! ```text
//! cargo bench -p bayeux-autodiff --bench passes
//! cargo bench -p bayeux-autodiff --bench passes -- 0.1 chain net    # a tenth of the size, of two of them
//! ```

use std::time::{Duration, Instant};

use bayeux_autodiff::optimizers::{Optimizer, Sgd};
use bayeux_autodiff::{Expr, Function, Shared, Updates, batch, grad};
use bayeux_tensor::Tensor;

/// What is compiled, and the time it took to differentiate.
#[derive(Default)]
struct Graph {
    inputs: Vec<Expr>,
    outputs: Vec<Expr>,
    updates: Updates,
    gradient: Duration,
}

impl Graph {
    fn of(inputs: Vec<Expr>, output: Expr) -> Self {
        Graph { inputs, outputs: vec![output], ..Graph::default() }
    }

    /// With a step down the gradient of the output for each of its variables.
    fn trained(mut self) -> Self {
        let begun = Instant::now();
        self.updates = Sgd::new(0.01).updates_for(&self.outputs[0], &Expr::shareds(&self.outputs));
        self.gradient = begun.elapsed();
        self
    }
}

fn variable(name: &str, shape: &[usize]) -> Expr {
    Shared::new(name, Tensor::full(shape, 0.5)).expr()
}

fn chain(n: usize) -> Graph {
    let x = Expr::input("x", [4]);
    let y = (0..n / 2).fold(x.clone(), |y, _| y.tanh().sin());
    Graph::of(vec![x], y)
}

fn sum_of_multiples(n: usize) -> Graph {
    let x = Expr::input("x", [4]);
    let y = (1..n).fold(x.clone(), |y, i| y + &x * (1.0 + i as f64));
    Graph::of(vec![x], y)
}

fn sum_of_products(n: usize) -> Graph {
    let x = Expr::input("x", [4, 4]);
    let y = (0..n).fold(x.clone(), |y, i| y + x.matmul(&variable(&format!("w{i}"), &[4, 4])));
    Graph::of(vec![x], y)
}

fn sum_of_squares(n: usize) -> Graph {
    let cost = (0..n).fold(Expr::scalar(0.0), |y, i| y + variable(&format!("w{i}"), &[4]).square().sum_all());
    Graph::of(vec![], cost)
}

/// A recurrent net, step by step.
fn recurrence(n: usize) -> Graph {
    let (x, w) = (Expr::input("x", [2, 4]), variable("w", &[4, 4]));
    let state = (0..n).fold(Expr::zeros([2, 4]), |state, _| (state.matmul(&w) + &x).tanh());
    Graph::of(vec![x], state.square().sum_all()).trained()
}

/// The same, whose cost is that of every step, and whose inputs are slices of a sequence.
fn sequence(n: usize) -> Graph {
    let (x, w) = (Expr::input("x", [n, 2, 4]), variable("w", &[4, 4]));
    let (mut state, mut cost) = (Expr::zeros([2, 4]), Expr::scalar(0.0));
    for i in 0..n {
        state = (state.matmul(&w) + x.slice(0, i..i + 1).flatten_from(1).reshape([2, 4])).tanh();
        cost = cost + state.square().sum_all();
    }
    Graph::of(vec![x], cost).trained()
}

fn layer(x: &Expr, i: usize) -> Expr {
    (x.matmul(&variable(&format!("w{i}"), &[4, 4])) + variable(&format!("b{i}"), &[4])).tanh()
}

fn net(n: usize) -> Graph {
    let x = Expr::input("x", [8, 4]);
    let y = (0..n).fold(x.clone(), |y, i| layer(&y, i));
    Graph::of(vec![x], y.square().sum_all()).trained()
}

/// Small models beside each other, of the same data.
fn models(n: usize) -> Graph {
    let x = Expr::input("x", [8, 4]);
    let cost = |i: usize| (layer(&layer(&x, 2 * i), 2 * i + 1) - &x).square().sum_all();
    let costs = (1..n).fold(cost(0), |sum, i| sum + cost(i));
    Graph::of(vec![x], costs).trained()
}

/// Steps of many variables, of different lengths, cut to a common norm.
fn updates(n: usize) -> Graph {
    let cost = |i: usize| (variable(&format!("w{i}"), &[2 + i % 7]) - 1.0).square().sum_all();
    let mut graph = Graph::of(vec![], (1..n).fold(cost(0), |sum, i| sum + cost(i)));
    let begun = Instant::now();
    let shareds = Expr::shareds(&graph.outputs);
    let variables: Vec<Expr> = shareds.iter().map(Shared::expr).collect();
    let slopes = grad(&graph.outputs[0], &variables);
    let norm = slopes.iter().fold(Expr::scalar(1e-6), |sum, slope| sum + slope.square().sum_all()).sqrt();
    let stepped = variables.iter().zip(&slopes).map(|(w, slope)| w - slope / &norm);
    graph.updates = shareds.into_iter().zip(stepped).collect();
    graph.gradient = begun.elapsed();
    graph
}

/// The graphs: a name, the size, and how to make one of a size.
type Kind = (&'static str, usize, fn(usize) -> Graph);
const KINDS: [Kind; 9] = [
    ("chain", 100_000, chain),
    ("sum-of-multiples", 32_000, sum_of_multiples),
    ("sum-of-products", 32_000, sum_of_products),
    ("sum-of-squares", 32_000, sum_of_squares),
    ("recurrence", 4_000, recurrence),
    ("sequence", 2_000, sequence),
    ("net", 300, net),
    ("models", 1_000, models),
    ("updates", 8_000, updates),
];

/// The seconds of every stage, by name.
fn measure(n: usize, make: fn(usize) -> Graph) -> Vec<(&'static str, f64)> {
    let mut laps = Vec::new();
    let begun = Instant::now();
    let Graph { inputs, outputs, updates, gradient } = make(n);
    laps.push(("write", (begun.elapsed() - gradient).as_secs_f64()));
    laps.push(("gradient", gradient.as_secs_f64()));
    let begun = Instant::now();
    let builder = Function::builder().inputs(&inputs).outputs(&outputs).updates(updates).exclusive();
    let mut function = builder.build().expect("all inputs are declared");
    laps.push(("build", begun.elapsed().as_secs_f64()));
    let given: Vec<Tensor<f32>> =
        inputs.iter().map(|x| Tensor::zeros(x.shape().sizes().expect("known"))).collect();
    let given: Vec<&Tensor<f32>> = given.iter().collect();
    let begun = Instant::now();
    function.specialise(&given).expect("the shapes are right");
    let all = begun.elapsed();
    laps.extend(function.pass_times().into_iter().map(|(pass, time)| (pass, time.as_secs_f64())));
    laps.push(("memory", all.saturating_sub(function.compile_time()).as_secs_f64()));
    let begun = Instant::now();
    function.run(&given).expect("numbers");
    laps.push(("(run)", begun.elapsed().as_secs_f64()));
    let begun = Instant::now();
    drop((function, inputs, outputs));
    laps.push(("drop", begun.elapsed().as_secs_f64()));
    laps
}

fn total(laps: &[(&str, f64)]) -> f64 {
    laps.iter().filter(|(stage, _)| *stage != "(run)").map(|(_, seconds)| seconds).sum()
}

/// Calls a small net with many batch sizes. What the process has then: in MiB, and as pieces of memory.
fn sizes(n: usize) {
    let x = Expr::input("x", (batch(), 4));
    let cost = layer(&layer(&x, 0), 1).square().sum_all();
    let graph = Graph::of(vec![x], cost).trained();
    let builder = Function::builder().inputs(&graph.inputs).outputs(&graph.outputs).updates(graph.updates);
    let function = builder.build().expect("all inputs are declared");
    let begun = Instant::now();
    for size in 1..=n {
        function.call(&[&Tensor::zeros([size, 4])]).expect("the shape is right");
        if [n.div_ceil(10), n].contains(&size) {
            let read = |file: &str| std::fs::read_to_string(format!("/proc/self/{file}")).unwrap_or_default();
            let (maps, status) = (read("maps"), read("status"));
            let resident = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
            println!(
                "sizes {size}: {:.2} s; {} programs, {} bytes, {} maps, {resident}",
                begun.elapsed().as_secs_f64(),
                function.programs(),
                function.memory(),
                maps.lines().count(),
            );
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // As a test, small.
    let usual = if arguments.iter().any(|argument| argument == "--bench") { 1.0 } else { 0.001 };
    let scale = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(usual);
    let named = |name: &str| arguments.iter().any(|argument| argument == name);
    let all = !named("sizes") && !KINDS.iter().any(|(name, ..)| named(name));
    for (name, size, make) in KINDS.into_iter().filter(|(name, ..)| all || named(name)) {
        let n = ((size as f64 * scale) as usize).max(2);
        let (once, twice) = (measure(n, make), measure(2 * n, make));
        let (sum, double) = (total(&once), total(&twice));
        println!("{name} {n}: {sum:.2} s; {}: {double:.2} s, {:.2} times", 2 * n, double / sum);
        for ((stage, seconds), (_, double)) in once.iter().zip(&twice) {
            if *double > 0.02 {
                println!("    {stage:12} {seconds:8.3} s {double:8.3} s {:6.2}", double / seconds);
            }
        }
    }
    if all || named("sizes") {
        sizes(((10_000.0 * scale) as usize).max(2));
    }
}
