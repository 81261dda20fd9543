//! The eight schools of posteriordb, not centred, with its reference.

use bayeux_autodiff::Expr;
use bayeux_bayes::{HalfCauchy, Model, Normal};
use bayeux_tensor::Tensor;
use serde_json::Value;

/// What is said of a parameter: `mu`, `tau`, `theta[1]` to `theta[8]`.
pub struct Reference(Value);

impl Reference {
    /// Mean and standard deviation.
    pub fn of(&self, name: &str) -> [f64; 2] {
        let found = &self.0[name];
        ["mean", "sd"].map(|what| found[what].as_f64().unwrap_or_else(|| panic!("{name} {what}: {found}")))
    }
}

/// The model with its data, and the reference; `None` where that is not on this machine.
pub fn eight_schools() -> Option<(Model<f64>, Reference)> {
    let shared = std::env::var("BAYEUX_SHARED")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared").to_string());
    let file = std::path::Path::new(&shared).join("referees/posteriordb.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        eprintln!("SKIPPED: no {}; set BAYEUX_SHARED to the folder that holds referees/", file.display());
        return None;
    };
    let all: Value = serde_json::from_str(&text).expect("is JSON");
    let posterior = &all["eight_schools-eight_schools_noncentered"];
    let column = |name: &str| {
        let values = posterior["data"][name].as_array().expect("is a list");
        let values: Vec<f64> = values.iter().map(|x| x.as_f64().expect("is a number")).collect();
        Expr::constant(Tensor::from_slice(&values))
    };
    let model = Model::new();
    let mu = model.free("mu", Normal::new(0.0, 5.0));
    let tau = model.free("tau", HalfCauchy::new(5.0));
    let standard = model.free("theta_trans", Normal::new(0.0, 1.0).shape([8]));
    let theta = model.deterministic("theta", &(mu + tau * standard));
    model.observe("y", Normal::new(&theta, column("sigma")), &column("y"), 8).expect("is right");
    Some((model, Reference(posterior["reference"].clone())))
}
