//! What the Rust peers share: the command line, and the timing of a step.

use std::time::Instant;

/// `MODEL --batch N --json FILE`.
pub struct Options {
    pub model: String,
    pub batch: usize,
    json: String,
}

impl Options {
    pub fn parse() -> Options {
        let mut options = Options { model: "dense".into(), batch: 500, json: "/dev/stdout".into() };
        let mut arguments = std::env::args().skip(1);
        while let Some(name) = arguments.next() {
            let value = arguments.next().unwrap_or_else(|| panic!("{name} needs a value"));
            match name.as_str() {
                "--model" => options.model = value,
                "--batch" => options.batch = value.parse().expect("--batch: a number"),
                "--json" => options.json = value,
                _ => panic!("unknown option {name}"),
            }
        }
        options
    }

    /// Runs the step once for what is done only once, three times more, and then 20 times for the figures. The step
    /// returns the loss, so that it cannot be put off.
    pub fn time(&self, mut step: impl FnMut() -> f32) {
        let mut timed = || {
            let begun = Instant::now();
            let loss = step();
            (1e3 * begun.elapsed().as_secs_f64(), loss)
        };
        let (first, first_loss) = timed();
        for _ in 0..3 {
            timed();
        }
        let mut loss = first_loss;
        let mut times: Vec<f64> = (0..20)
            .map(|_| {
                let (time, now) = timed();
                loss = now;
                time
            })
            .collect();
        times.sort_by(f64::total_cmp);
        let figures = serde_json::json!({
            "ms_per_step": times[times.len() / 2],
            "min_ms": times[0],
            "compile_ms": first,
            "losses": [first_loss, loss],
        });
        std::fs::write(&self.json, format!("{figures:#}\n")).expect("the JSON file can be written");
    }
}
