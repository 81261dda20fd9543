//! The compiler against its referee: random expression graphs, their gradients and steps of training included, computed by the
//! compiled program and by the interpreter; two thousand, or as many as `BAYEUX_GRAPHS` says. In a program of its own: it sets the hook
//! for panics, which is the process's. With `BAYEUX_STABLEHLO=DIR` they are written out, too, for XLA to compute.

#[path = "random_graphs/along_axes.rs"]
mod along_axes;
#[path = "random_graphs/elementwise.rs"]
mod elementwise;
#[path = "random_graphs/further.rs"]
mod further;
#[path = "random_graphs/images.rs"]
mod images;
#[path = "random_graphs/in_loops.rs"]
mod in_loops;
#[path = "random_graphs/written.rs"]
mod written;

use bayeux_autodiff::{
    Axes, Expr, Function, RandomStreams, Shape, Shared, checkpoint, custom_gradient, grad, interpret,
};
use bayeux_tensor::Tensor;
use rand::rngs::SmallRng;
use rand::{Rng, RngExt, SeedableRng};
use written::{Folder, Graph};

/// Grows a graph from leaves by random operations, keeping values moderate.
struct Grower<'a, R> {
    rng: &'a mut R,
    pool: Vec<Expr<f64>>,
    /// Whether all is to be as others can compute and differentiate it: no random numbers, no gradients that are said.
    plain: bool,
}

impl<R: Rng> Grower<'_, R> {
    fn any(&mut self) -> Expr<f64> {
        let at = self.rng.random_range(0..self.pool.len());
        self.pool[at].clone()
    }

    fn of_rank(&mut self, rank: usize) -> Option<Expr<f64>> {
        let fitting: Vec<&Expr<f64>> = self.pool.iter().filter(|x| x.rank() == rank).collect();
        (!fitting.is_empty()).then(|| fitting[self.rng.random_range(0..fitting.len())].clone())
    }

    fn unary(&mut self, x: &Expr<f64>) -> Expr<f64> {
        elementwise::any_unary(self.rng, x)
    }

    fn binary(&mut self, a: &Expr<f64>, b: &Expr<f64>) -> Expr<f64> {
        match self.rng.random_range(0..12) {
            0 | 1 => a + b,
            2 => a - b,
            3 | 4 => a * b.tanh(),
            5 => a / (b.square() + 1.0),
            6 => a.maximum(b),
            7 => a.minimum(b),
            8 => Expr::select(&a.gt(b), a, &(b * 0.5)),
            9 | 10 => elementwise::binary(self.rng, a, b),
            _ => a.tanh() * 2.0 + b * 0.0 - b * -1.0,
        }
    }

    fn grow(&mut self) {
        let x = self.any();
        let grown = match self.rng.random_range(0..34) {
            0..4 => self.unary(&x),
            4..8 => {
                let y = self.any();
                // A pair that does not broadcast gives nothing new.
                match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| &x + &y)) {
                    Ok(_) => self.binary(&x, &y),
                    Err(_) => return,
                }
            }
            8 if x.rank() > 0 => {
                let axes: Vec<usize> = (0..x.rank()).filter(|_| self.rng.random_bool(0.5)).collect();
                match self.rng.random_range(0..4) {
                    0 => x.mean(axes),
                    1 => x.max(axes),
                    2 => x.sum_keep(axes.as_slice()),
                    _ => x.sum(axes),
                }
            }
            9 if x.rank() >= 2 => x.t(),
            10 => x.flatten_from(self.rng.random_range(0..=x.rank())),
            11 if x.rank() < 4 => x.insert_axis(self.rng.random_range(0..=x.rank())),
            12 if x.rank() > 0 => {
                let axis = self.rng.random_range(0..x.rank());
                let size = x.dim(axis).size().unwrap();
                let start = self.rng.random_range(0..size.max(1)).min(size);
                let end = self.rng.random_range(start..=size);
                match self.rng.random_range(0..3) {
                    0 => x.flip(axis),
                    1 => x.pad(axis, start.min(2), end.min(2)),
                    _ if start < end => x.slice(axis, start..end),
                    _ => return,
                }
            }
            13 if x.rank() > 0 => {
                let axis = self.rng.random_range(0..x.rank());
                let half = x.tanh();
                Expr::concat(&[x.clone(), half], axis)
            }
            14 if x.rank() > 0 => match self.rng.random_range(0..5) {
                0 => x.softmax(),
                1 => x.log_softmax(),
                2 => x.logsumexp(),
                3 => x.tanh().exp() / x.tanh().exp().sum_keep(-1),
                _ => x.softmax().ln(),
            },
            15 => match self.of_rank(2) {
                Some(m) => {
                    let m = m.tanh();
                    if self.rng.random_bool(0.5) { m.matmul(&m.t()) } else { m.t().matmul(&m) }
                }
                None => return,
            },
            16 => match self.of_rank(4) {
                Some(x) => self.pooled(&x),
                None => return,
            },
            17 => match self.of_rank(4) {
                Some(x) => self.convolved(&x),
                None => return,
            },
            18 | 19 => self.through_types(&x),
            20..23 if x.rank() > 0 => self.beside_its_view(&x),
            23 | 24 => self.behind_a_border(&x),
            25 if x.rank() > 0 => self.in_loops(&x),
            25..29 => self.along_axes(&x),
            29.. => self.further(&x),
            _ => return,
        };
        if grown.shape().sizes().is_some_and(|sizes| sizes.iter().product::<usize>() <= 4096) {
            self.pool.push(grown);
        }
    }

    /// By way of truth values, whole numbers, and operations of several values.
    fn through_types(&mut self, x: &Expr<f64>) -> Expr<f64> {
        let mask = x.gt(&Expr::scalar(0.123)) ^ x.abs().lt(&Expr::scalar(0.777));
        let whole = (x * 3.0 + 0.4567).tanh().cast::<i64>() + (x * 2.0 + 0.789).cast::<i64>();
        let last = x.rank().checked_sub(1).and_then(|axis| x.dim(axis).size()).unwrap_or(0);
        match self.rng.random_range(0..9) {
            0 => mask.cast::<f64>() * x + x,
            1 => Expr::select(&(!&mask & x.ne(&Expr::scalar(0.5))), x, &(x * 0.5).tanh()),
            2 => (&whole * 2 - whole.maximum(&Expr::scalar(1.0))).cast::<f64>() * 0.1 + x,
            3 => {
                Expr::select(&whole.ge(&Expr::scalar(1.0)), x, &x.square())
                    - mask.cast::<f64>().sum_all() * 0.1
            }
            4 if last > 0 => x.sort().0,
            5 if last > 0 => {
                let (values, places) = x.top_k(last.div_ceil(2));
                values + x.tanh().take_along_last(&places)
            }
            6 if x.rank() > 0 && x.dim(0).size().is_some_and(|size| size > 0) => {
                let size = x.dim(0).size().unwrap() as i64;
                let rows = Expr::constant(Tensor::from_slice(&[0, size - 1, self.rng.random_range(0..size)]));
                x.take(0, &rows)
            }
            7 if last > 0 => x.argmax(-1).one_hot_as::<f64>(last) * x.sin(),
            _ => mask.cast::<i32>().sum_all().cast::<f64>() * x * 0.01,
        }
    }

    /// In a program of its own, in which other values are captured, or with a gradient that is said.
    fn behind_a_border(&mut self, x: &Expr<f64>) -> Expr<f64> {
        let (other, own) = (self.any(), self.any());
        let of_shape = |y: &Expr<f64>| y.shape() == x.shape();
        let other = if of_shape(&other) { other } else { x.tanh() };
        let rank = x.rank();
        let inputs = [x.clone(), own];
        match self.rng.random_range(0..5) {
            0 => checkpoint(|x| self.binary(&x[0], &other), &inputs),
            1 => checkpoint(|x| [self.unary(&x[0]), x[1].sum_all() * 0.1 + &other], &inputs)[1].clone(),
            2 => checkpoint(|x| checkpoint(|x| (&x[0] * &other).sin() + &x[0], x).tanh(), &inputs[..1]),
            3 if rank > 1 => checkpoint(|x| (x[0].t(), x[0].gt(&other)), &inputs).0.t(),
            _ if self.plain => checkpoint(|x| self.unary(&x[0]) * &other, &inputs),
            _ => custom_gradient(
                |x| self.unary(&x[0]) * &other,
                |g, x, y| vec![g * x[0].tanh() + y * 0.1, x[1].sin() * 0.1],
                &inputs,
            ),
        }
    }

    /// A value beside a view of itself: what loops read in two ways.
    fn beside_its_view(&mut self, x: &Expr<f64>) -> Expr<f64> {
        let sizes = x.shape().sizes().unwrap();
        let x = match self.rng.random_range(0..5) {
            0 => x.square() * 0.5,
            1 => x * 2.0,
            2 => -x,
            3 => self.unary(x),
            _ => x.clone(),
        };
        let axis = self.rng.random_range(0..x.rank());
        let view = match self.rng.random_range(0..4) {
            0 if x.rank() >= 2 && sizes[x.rank() - 2] == sizes[x.rank() - 1] => x.t(),
            1 if sizes[axis] > 0 => {
                let at = self.rng.random_range(0..sizes[axis]);
                x.slice(axis, at..at + 1)
            }
            2 if sizes[axis] > 0 => x.slice(axis, 0..sizes[axis] - 1).pad(axis, 1, 0),
            _ => x.flip(axis),
        };
        let both = self.binary(&x, &view);
        match self.pool.iter().find(|y| y.shape() == both.shape()).cloned() {
            Some(y) if self.rng.random_bool(0.5) => self.binary(&both, &y),
            _ => both,
        }
    }
}

/// Distinct moderate numbers, far from ties.
fn numbers(rng: &mut impl Rng, shape: &[usize]) -> Tensor<f64> {
    Tensor::from_fn(shape, |_| rng.random_range(-1.5..1.5))
}

fn check(seed: u64, folder: Option<&Folder>) {
    let mut rng = SmallRng::seed_from_u64(seed);
    let shapes: [&[usize]; 7] = [&[], &[3], &[4, 3], &[2, 1, 3], &[2, 2, 5, 4], &[1, 3], &[3, 3]];
    let mut inputs = Vec::new();
    let mut values = Vec::new();
    for (i, shape) in shapes.into_iter().enumerate() {
        inputs.push(Expr::<f64>::input(&format!("x{i}"), Shape::from(shape)));
        values.push(numbers(&mut rng, shape));
    }
    let shared = Shared::new("w", numbers(&mut rng, &[4, 3]));
    let square = Shared::new("v", numbers(&mut rng, &[3, 3]));
    let noise = match folder {
        Some(_) => inputs[2].sin(),
        None => RandomStreams::new(seed).normal([4, 3]),
    };
    let mut grower = Grower { pool: inputs.clone(), rng: &mut rng, plain: folder.is_some() };
    grower.pool.extend([shared.expr(), square.expr(), noise, Expr::scalar(1.5), Expr::zeros([3])]);
    let steps = grower.rng.random_range(3..25);
    (0..steps).for_each(|_| grower.grow());
    let mut roots: Vec<Expr<f64>> = grower.pool.iter().rev().take(4).cloned().collect();
    let cost = roots.iter().map(|root| root.tanh().sum_all()).reduce(|a, b| a + b).unwrap();
    let wrt: Vec<Expr<f64>> = inputs.iter().cloned().chain([shared.expr(), square.expr()]).collect();
    let slopes = grad(&cost, &wrt);
    let news: Vec<Expr<f64>> = [&shared, &square]
        .into_iter()
        .zip(&slopes[inputs.len()..])
        .map(|(old, slope)| old.expr() - slope * 0.1)
        .collect();
    roots.push(cost);
    let count = roots.len();
    roots.extend(slopes);

    let given: Vec<&Tensor<f64>> = values.iter().collect();
    let function = Function::new(&inputs, &roots).unwrap();
    let first = function.call(&given).unwrap();
    let second = function.call(&given).unwrap();
    if let Some(folder) = folder {
        let given = [values.as_slice(), &[shared.get(), square.get()]].concat();
        folder.write(&Graph {
            seed,
            name: format!("graph {seed}"),
            variables: &["w", "v"],
            inputs: &inputs,
            given: &given,
            roots: &roots,
            results: &first,
            values: count,
        });
    }
    let pairs: Vec<_> = inputs.iter().zip(&values).collect();
    for (call, compiled) in [first, second].iter().enumerate() {
        let expected = interpret(&roots, &pairs, call as u64).unwrap();
        for (i, (found, expected)) in compiled.iter().zip(&expected).enumerate() {
            assert_eq!(found.shape(), expected.shape(), "seed {seed}, root {i}");
            assert!(
                found.all_close(expected, 1e-9, 1e-9),
                "seed {seed}, call {call}, root {i}: {}\ncompiled {found:?}\ninterpreted {expected:?}\n{function}",
                roots[i]
            );
        }
    }

    // A training step, which updates the variables in place.
    let expected = interpret(&news, &pairs, 0).unwrap();
    let updates = [&shared, &square].into_iter().zip(news);
    let step = Function::builder().inputs(&inputs).updates(updates).build().unwrap();
    step.call(&given).unwrap();
    for (variable, expected) in [&shared, &square].into_iter().zip(&expected) {
        let found = variable.get();
        assert!(
            found.all_close(expected, 1e-9, 1e-9),
            "seed {seed}, the step\n{found:?}\n{expected:?}\n{step}"
        );
    }
}

#[test]
fn compiled_programs_agree_with_the_interpreter() {
    // The growing provokes shape panics on purpose; their messages would drown a failure's.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let graphs =
        std::env::var("BAYEUX_GRAPHS").map_or(2000, |graphs| graphs.parse().expect("a number of graphs"));
    let folder = Some(Folder::from_environment("graphs")).filter(|folder| folder.path.is_some());
    let failures: Vec<(u64, String)> = (0..graphs)
        .filter_map(|seed| {
            let result =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(seed, folder.as_ref())));
            let text = |e: Box<dyn std::any::Any + Send>| match e.downcast::<String>() {
                Ok(text) => *text,
                Err(_) => "panicked".into(),
            };
            result.err().map(|e| (seed, text(e)))
        })
        .collect();
    std::panic::set_hook(hook);
    if let Some(folder) = folder {
        println!("{}", folder.report().1);
    }
    assert!(
        failures.is_empty(),
        "{} of {graphs} graphs failed; the first: {}",
        failures.len(),
        failures[0].1
    );
}

#[test]
fn axes_resolve_from_both_ends() {
    assert_eq!([-1, 0].resolve(3), Ok(vec![0, 2]));
    assert_eq!([3].resolve(3), Err("axes [3] of a tensor of rank 3".into()));
}
