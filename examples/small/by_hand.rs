//! The arithmetic of the examples as loops over slices, which the compiler makes vector code of.

/// y ← 2 x + 1.
pub fn affine(x: &[f32], y: &mut [f32]) {
    y.iter_mut().zip(x).for_each(|(y, &x)| *y = x * 2.0 + 1.0);
}

/// y ← tanh x.
pub fn tanh(x: &[f32], y: &mut [f32]) {
    y.iter_mut().zip(x).for_each(|(y, &x)| *y = x.tanh());
}

/// C ← A B, of m×k and k×n: a row of C is a sum of rows of B.
pub fn product([m, k, n]: [usize; 3], a: &[f32], b: &[f32], c: &mut [f32]) {
    c[..m * n].fill(0.0);
    for (c, a) in c.chunks_exact_mut(n).zip(a.chunks_exact(k)) {
        for (&a, b) in a.iter().zip(b.chunks_exact(n)) {
            c.iter_mut().zip(b).for_each(|(c, &b)| *c += a * b);
        }
    }
}

/// C ← C + Aᵀ B, of k×m and k×n.
fn add_transposed_product([m, n]: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
    for (a, b) in a.chunks_exact(m).zip(b.chunks_exact(n)) {
        for (c, &a) in c.chunks_exact_mut(n).zip(a) {
            c.iter_mut().zip(b).for_each(|(c, &b)| *c += a * b);
        }
    }
}

/// Σ a b, in eight sums: one alone could not be vector code.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; 8];
    for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}

/// The weights of each layer, inputs × units, and its biases.
pub struct Parameters {
    pub weights: [Vec<f32>; 3],
    pub biases: [Vec<f32>; 3],
}

impl Parameters {
    /// Weights of about the right size, made from `numbers` between −½ and ½, and no biases.
    pub fn new(units: [usize; 4], numbers: impl Fn(usize) -> Vec<f32>) -> Self {
        let weights = |i: usize| {
            let scale = 2.0 / (units[i] as f32).sqrt();
            numbers(units[i] * units[i + 1]).into_iter().map(|x| scale * x).collect()
        };
        Parameters { weights: [0, 1, 2].map(weights), biases: [0, 1, 2].map(|i| vec![0.0; units[i + 1]]) }
    }
}

/// A network of two hidden layers and one output, with room for the values of a step.
pub struct Network {
    units: [usize; 4],
    parameters: Parameters,
    gradients: Parameters,
    tanh: bool,
    /// What each layer gives.
    values: [Vec<f32>; 3],
    /// The gradients with respect to these, before the activation.
    adjoints: [Vec<f32>; 3],
    /// The second layer's weights, transposed.
    transposed: Vec<f32>,
}

impl Network {
    pub fn new(units: [usize; 4], rows: usize, parameters: Parameters, tanh: bool) -> Self {
        let zeros = || [1, 2, 3].map(|i| vec![0.0; rows * units[i]]);
        let gradients = Parameters::new(units, |len| vec![0.0; len]);
        let transposed = vec![0.0; units[1] * units[2]];
        Network { units, parameters, gradients, tanh, values: zeros(), adjoints: zeros(), transposed }
    }

    /// The outputs.
    pub fn forward(&mut self, x: &[f32]) -> &[f32] {
        let Self { units, parameters: Parameters { weights, biases }, tanh, .. } = self;
        let [first, second, last] = &mut self.values;
        let layer = |i: usize, from: &[f32], to: &mut [f32]| {
            let (inputs, n) = (units[i], units[i + 1]);
            for (from, to) in from.chunks_exact(inputs).zip(to.chunks_exact_mut(n)) {
                to.copy_from_slice(&biases[i]);
                for (&x, w) in from.iter().zip(weights[i].chunks_exact(n)) {
                    to.iter_mut().zip(w).for_each(|(to, &w)| *to += x * w);
                }
            }
            match tanh {
                true => to.iter_mut().for_each(|y| *y = y.tanh()),
                false => to.iter_mut().for_each(|y| *y = y.max(0.0)),
            }
        };
        layer(0, x, first);
        layer(1, first, second);
        for (y, row) in last.iter_mut().zip(second.chunks_exact(units[2])) {
            *y = biases[2][0] + dot(row, &weights[2]);
        }
        last
    }

    /// One step of gradient descent on the mean squared error, which it returns.
    pub fn step(&mut self, x: &[f32], targets: &[f32], rate: f32) -> f32 {
        self.forward(x);
        let [_, n, k, _] = self.units;
        let tanh = self.tanh;
        let back = |adjoint: &mut [f32], values: &[f32]| match tanh {
            true => adjoint.iter_mut().zip(values).for_each(|(d, y)| *d *= 1.0 - y * y),
            false => adjoint.iter_mut().zip(values).for_each(|(d, &y)| *d = if y > 0.0 { *d } else { 0.0 }),
        };
        let Self { parameters, gradients, values, adjoints: [d1, d2, d3], transposed, .. } = self;
        let mut loss = 0.0;
        for ((d, y), target) in d3.iter_mut().zip(&values[2]).zip(targets) {
            let error = y - target;
            loss += error * error;
            *d = 2.0 * error / targets.len() as f32;
        }
        for (row, &d) in d2.chunks_exact_mut(k).zip(&*d3) {
            row.iter_mut().zip(&parameters.weights[2]).for_each(|(to, w)| *to = d * w);
        }
        back(d2, &values[1]);
        for (i, row) in parameters.weights[1].chunks_exact(k).enumerate() {
            row.iter().enumerate().for_each(|(j, &w)| transposed[j * n + i] = w);
        }
        product([targets.len(), k, n], d2, transposed, d1);
        back(d1, &values[0]);

        let inputs = [x, &values[0], &values[1]];
        for (layer, adjoint) in [&*d1, &*d2, &*d3].into_iter().enumerate() {
            let size = [self.units[layer], self.units[layer + 1]];
            let (weights, biases) = (&mut gradients.weights[layer], &mut gradients.biases[layer]);
            weights.fill(0.0);
            biases.fill(0.0);
            match size {
                // The one column as a row.
                [inputs_of, 1] => add_transposed_product([1, inputs_of], adjoint, inputs[layer], weights),
                _ => add_transposed_product(size, inputs[layer], adjoint, weights),
            }
            for row in adjoint.chunks_exact(size[1]) {
                biases.iter_mut().zip(row).for_each(|(b, d)| *b += d);
            }
            let step = |to: &mut [f32], by: &[f32]| to.iter_mut().zip(by).for_each(|(to, g)| *to -= rate * g);
            step(&mut parameters.weights[layer], weights);
            step(&mut parameters.biases[layer], biases);
        }
        loss / targets.len() as f32
    }
}
