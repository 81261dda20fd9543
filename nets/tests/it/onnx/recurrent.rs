//! Recurrent layers, as loops over the steps of a sequence.

use bayeux_autodiff::{AnyExpr, Expr, ScanOptions};

use super::node::{Node, sizes};

/// What is carried on, from a part of the sequence and what was carried on before.
type Step = fn(&Cell<'_>, &AnyExpr, &[AnyExpr]) -> Vec<AnyExpr>;

pub fn build(node: &Node<'_>) -> Option<Vec<AnyExpr>> {
    let (gates, step, carried): (usize, Step, usize) = match node.op() {
        "RNN" => (1, rnn, 1),
        "GRU" => (3, gru, 1),
        "LSTM" => (4, lstm, 2),
        _ => return None,
    };
    let by_batch = node.flag("layout");
    let turned = |x: &AnyExpr| if by_batch { swapped(x) } else { x.clone() };
    let x = turned(node.x(0));
    let directions: Vec<bool> = match node.text("direction", "forward") {
        "forward" => vec![false],
        "reverse" => vec![true],
        _ => vec![false, true],
    };
    let mut stacks = Vec::new();
    let mut lasts = vec![Vec::new(); carried];
    for (i, &backwards) in directions.iter().enumerate() {
        let cell = Cell::new(node, i, gates);
        // Initial values follow the lengths: [directions, batch, hidden].
        let start = (0..carried).map(|state| match node.maybe(5 + state) {
            Some(given) => part(&turned(given), 0, i),
            None => cell.nothing(&x),
        });
        let (stack, last) = unrolled(node, &cell, step, &x, start.collect(), backwards);
        stacks.push(stack.insert_axis(1));
        last.iter().zip(&mut lasts).for_each(|(last, all)| all.push(last.insert_axis(0)));
    }
    // [steps, directions, batch, hidden], or with the batch in front.
    let all = Expr::concat(&stacks, 1);
    let mut outputs = vec![if by_batch { all.transpose(&[2, 0, 1, 3]) } else { all }];
    outputs.extend(lasts.iter().map(|last| turned(&Expr::concat(last, 0))));
    Some(outputs)
}

fn swapped(x: &AnyExpr) -> AnyExpr {
    x.transpose(&[1, 0, 2])
}

/// One part along an axis, which disappears.
fn part(x: &AnyExpr, axis: usize, i: usize) -> AnyExpr {
    let mut shape = sizes(x);
    shape.remove(axis);
    x.slice(axis, i..i + 1).reshape(shape)
}

/// All steps: what was carried on in each, and last. Beyond a sequence's own length it stays as it is, and the output is 0.
fn unrolled(
    node: &Node<'_>,
    cell: &Cell<'_>,
    step: Step,
    x: &AnyExpr,
    start: Vec<AnyExpr>,
    backwards: bool,
) -> (AnyExpr, Vec<AnyExpr>) {
    let options = if backwards { ScanOptions::new().backwards() } else { ScanOptions::new() };
    let times = Expr::<i64>::arange(x.dim(0)).untyped();
    let lengths = node.maybe(4).map(|lengths| lengths.cast::<i64>().insert_axis(1));
    let (last, stack) = options.scan(
        |state: &Vec<AnyExpr>, parts: &[AnyExpr]| {
            let next = step(cell, &parts[0], state);
            let Some(lengths) = &lengths else { return (next.clone(), next[0].clone()) };
            let inside = parts[1].typed::<i64>().lt(lengths);
            let kept: Vec<AnyExpr> =
                next.iter().zip(state).map(|(new, old)| Expr::select(&inside, new, old)).collect();
            (kept, Expr::select(&inside, &next[0], &next[0].zeros_like()))
        },
        start,
        &[x.clone(), times],
    );
    (stack, last)
}

/// The parameters of one direction.
struct Cell<'a> {
    node: &'a Node<'a>,
    /// Which activation is the first of this direction.
    direction: usize,
    gates: usize,
    w: AnyExpr,
    r: AnyExpr,
    bias: Option<AnyExpr>,
    peepholes: Option<AnyExpr>,
}

impl<'a> Cell<'a> {
    fn new(node: &'a Node<'a>, direction: usize, gates: usize) -> Self {
        let of = |i: usize| node.maybe(i).map(|x| part(x, 0, direction));
        let [w, r] = [1, 2].map(|i| of(i).unwrap().t());
        Cell { node, direction, gates, w, r, bias: of(3), peepholes: of(7) }
    }

    fn hidden(&self) -> usize {
        sizes(&self.r)[0]
    }

    /// Zeros to begin with.
    fn nothing(&self, x: &AnyExpr) -> AnyExpr {
        let shape = [sizes(x)[1], self.hidden()];
        x.slice(0, 0..0).sum_all().broadcast_to(shape)
    }

    /// The part of a gate of what has all gates side by side along the last axis.
    fn gate(&self, all: &AnyExpr, gate: usize) -> AnyExpr {
        all.slice(all.rank() - 1, gate * self.hidden()..(gate + 1) * self.hidden())
    }

    /// x W, with the bias of the input.
    fn of_input(&self, x: &AnyExpr) -> AnyExpr {
        let all = x.matmul(&self.w);
        match &self.bias {
            Some(bias) => all + bias.slice(0, 0..self.gates * self.hidden()),
            None => all,
        }
    }

    /// The bias of what is carried on, of a gate, added.
    fn with_bias(&self, x: AnyExpr, gate: usize) -> AnyExpr {
        match &self.bias {
            Some(bias) => x + self.gate(bias, self.gates + gate),
            None => x,
        }
    }

    /// h R of a gate, with the bias of what is carried on.
    fn of_state(&self, h: &AnyExpr, gate: usize) -> AnyExpr {
        self.with_bias(h.matmul(&self.gate(&self.r, gate)), gate)
    }

    /// A gate, with a peephole at a state.
    fn peep(&self, x: AnyExpr, state: &AnyExpr, which: usize) -> AnyExpr {
        match &self.peepholes {
            Some(p) => x + state * self.gate(p, which),
            None => x,
        }
    }

    /// The i-th of the activations, of sums that are clipped.
    fn gated(&self, i: usize, defaults: &[&str], x: &AnyExpr) -> AnyExpr {
        match self.node.float("clip", f64::INFINITY) {
            f64::INFINITY => self.activate(i, defaults, x),
            clip => {
                let limit = x.ones_like() * clip;
                self.activate(i, defaults, &x.minimum(&limit).maximum(&-limit))
            }
        }
    }

    /// The i-th of the activations, which the node may name; each direction has its own.
    fn activate(&self, i: usize, defaults: &[&str], x: &AnyExpr) -> AnyExpr {
        let at = self.direction * defaults.len() + i;
        let names = self.node.texts("activations");
        let name = names.as_ref().map_or(defaults[i], |names| names[at]);
        let number = |list: &str, default: f64| {
            self.node.floats(list).and_then(|list| list.get(at).copied()).unwrap_or(default)
        };
        match name {
            "Affine" => x * number("activation_alpha", 1.0) + number("activation_beta", 0.0),
            "Elu" => Expr::select(&x.gt(&x.zeros_like()), x, &(x.expm1() * number("activation_alpha", 1.0))),
            "HardSigmoid" => {
                let ramp = x * number("activation_alpha", 0.2) + number("activation_beta", 0.5);
                ramp.maximum(&x.zeros_like()).minimum(&x.ones_like())
            }
            "LeakyRelu" => Expr::select(&x.lt(&x.zeros_like()), &(x * number("activation_alpha", 0.01)), x),
            "Relu" => x.relu(),
            "ScaledTanh" => (x * number("activation_beta", 1.0)).tanh() * number("activation_alpha", 1.0),
            "Sigmoid" => x.sigmoid(),
            "Softplus" => x.softplus(),
            "Softsign" => x.softsign(),
            "Tanh" => x.tanh(),
            "ThresholdedRelu" => {
                let limit = x.zeros_like() + number("activation_alpha", 1.0);
                Expr::select(&x.gt(&limit), x, &x.zeros_like())
            }
            _ => panic!("no activation {name}"),
        }
    }
}

/// h = f(x W + h R + b)
fn rnn(cell: &Cell<'_>, x: &AnyExpr, state: &[AnyExpr]) -> Vec<AnyExpr> {
    vec![cell.gated(0, &["Tanh"], &(cell.of_input(x) + cell.of_state(&state[0], 0)))]
}

/// Gates z, r, h: the update gate says how much stays. With `linear_before_reset` the product with R comes before the reset gate.
fn gru(cell: &Cell<'_>, x: &AnyExpr, state: &[AnyExpr]) -> Vec<AnyExpr> {
    let (h, all, defaults) = (&state[0], cell.of_input(x), ["Sigmoid", "Tanh"]);
    let gate = |i: usize| cell.gated(0, &defaults, &(cell.gate(&all, i) + cell.of_state(h, i)));
    let (update, reset) = (gate(0), gate(1));
    let past = match cell.node.flag("linear_before_reset") {
        true => reset * cell.of_state(h, 2),
        false => cell.of_state(&(reset * h), 2),
    };
    let new = cell.gated(1, &defaults, &(cell.gate(&all, 2) + past));
    vec![(1.0 - &update) * new + update * h]
}

/// Gates i, o, f, c, of which the first three may see the cell.
fn lstm(cell: &Cell<'_>, x: &AnyExpr, state: &[AnyExpr]) -> Vec<AnyExpr> {
    let (h, c, all, defaults) = (&state[0], &state[1], cell.of_input(x), ["Sigmoid", "Tanh", "Tanh"]);
    let sum = |i: usize| cell.gate(&all, i) + cell.of_state(h, i);
    let input = cell.gated(0, &defaults, &cell.peep(sum(0), c, 0));
    let forget = match cell.node.flag("input_forget") {
        true => 1.0 - &input,
        false => cell.gated(0, &defaults, &cell.peep(sum(2), c, 2)),
    };
    let c = forget * c + input * cell.gated(1, &defaults, &sum(3));
    let output = cell.gated(0, &defaults, &cell.peep(sum(1), &c, 1));
    vec![output * cell.activate(2, &defaults, &c), c]
}
