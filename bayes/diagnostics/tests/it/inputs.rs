//! The inputs of `tests/data/make.py`, made anew.

/// SplitMix64 of Steele, Lea and Flood (2014).
pub struct Random(pub u64);

impl Random {
    pub fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (((z ^ (z >> 31)) >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// Nearly: twelve uniforms less six.
    pub fn normal(&mut self) -> f64 {
        (0..12).fold(0.0, |sum, _| sum + self.uniform()) - 6.0
    }

    fn walk(&mut self, draws: usize, phi: f64) -> Vec<f64> {
        let mut x = self.normal();
        let mut step = || {
            x = phi * x + self.normal();
            x
        };
        (0..draws).map(|_| step()).collect()
    }
}

/// All chains, one behind the other.
pub fn chains(seed: u64, kind: &str, chains: usize, draws: usize) -> Vec<f64> {
    let mut r = Random(seed);
    let mut all = Vec::new();
    for c in 0..chains {
        let c = c as f64;
        let mut each = |f: &mut dyn FnMut(&mut Random) -> f64| (0..draws).map(|_| f(&mut r)).collect();
        let chain: Vec<f64> = match kind {
            "iid" => each(&mut Random::normal),
            "autoregressive" => r.walk(draws, 0.9),
            "slow" => r.walk(draws, 0.999),
            "antithetic" => r.walk(draws, -0.75),
            "shifted" => each(&mut |r| r.normal() + 0.5 * c),
            "scaled" => each(&mut |r| r.normal() * (1.0 + c)),
            "ties" => each(&mut |r| (r.normal() * 2.0).floor()),
            "two values" => each(&mut |r| if r.uniform() < 0.3 { 1.0 } else { 0.0 }),
            "heavy" => each(&mut |r| r.normal() / r.uniform()),
            "far" => each(&mut |r| 1e6 + r.normal()),
            "constant" => vec![0.5; draws],
            _ => panic!("no such kind: {kind}"),
        };
        all.extend(chain);
    }
    all
}

/// Log weights.
pub fn weights(seed: u64, kind: &str, draws: usize) -> Vec<f64> {
    let mut r = Random(seed);
    let mut one = || match kind {
        "pareto" => -0.3 * libm::log(r.uniform()),
        "heavy" => -1.2 * libm::log(r.uniform()),
        "light" => r.uniform(),
        "normal" => 2.0 * r.normal() - 700.0,
        "huge" => 400.0 * r.normal(),
        "ties" => (3.0 * r.normal()).floor() / 3.0,
        "constant" => 2.5,
        _ => panic!("no such kind: {kind}"),
    };
    (0..draws).map(|_| one()).collect()
}

/// Log likelihoods, draw by draw, of a mean of normal data with an outlier.
pub fn likelihood(seed: u64, spread: f64, draws: usize, points: usize) -> Vec<f64> {
    let mut r = Random(seed);
    let mut y: Vec<f64> = (0..points).map(|_| r.normal()).collect();
    y[0] += 4.0;
    let mut all = Vec::new();
    for _ in 0..draws {
        let mu = r.normal() * spread;
        all.extend(y.iter().map(|v| -0.5 * (v - mu) * (v - mu) / (spread + 0.5) - 0.5 * spread));
    }
    all
}
