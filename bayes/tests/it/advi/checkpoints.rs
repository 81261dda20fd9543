//! Fits that go on from a file: to the same bits, whatever happened to the program or the file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bayeux_bayes::{Advi, Error, Fit, HalfNormal, Model, Normal};

use super::network;

/// A folder of one test's own, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("bayeux-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a temporary folder");
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A fit by mini-batches of a network, in a file after every 7 steps.
fn fit(path: Option<&Path>, iterations: usize, seed: u64) -> Result<Fit, Error> {
    let (model, [x, y], [xs, ys], _) = network(60);
    let advi = Advi::mean_field(&model).minibatches(25, [(&x, &xs), (&y, &ys)]).seed(seed).progress(false);
    let advi = match path {
        Some(path) => advi.checkpoint(path, 7),
        None => advi,
    };
    Ok(advi.run(iterations)?)
}

fn bits(fit: &Fit) -> (Vec<u64>, Vec<u32>) {
    let variables = ["w1", "w2"].map(|name| fit.unconstrained(name).expect("is there"));
    let state = variables.iter().flat_map(|of| [of.mean.to_vec(), of.sd.to_vec()].concat());
    (fit.elbo().iter().map(|x| x.to_bits()).collect(), state.map(f32::to_bits).collect())
}

#[test]
fn a_fit_goes_on_as_if_nothing_had_been() {
    let folder = Folder::new("goes-on");
    let path = folder.0.join("fit");
    let whole = bits(&fit(None, 60, 3).expect("runs"));
    for until in [1, 14, 29, 60] {
        fit(Some(&path), until, 3).expect("runs");
    }
    assert_eq!(bits(&fit(Some(&path), 60, 3).expect("runs")), whole);
    // On another number of threads.
    for threads in [1, 3] {
        let path = folder.0.join(format!("on {threads}"));
        fit(Some(&path), 20, 3).expect("runs");
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        assert_eq!(pool.install(|| bits(&fit(Some(&path), 60, 3).expect("runs"))), whole);
    }
}

#[test]
fn another_fits_checkpoint_is_refused() {
    let folder = Folder::new("another");
    let path = folder.0.join("fit");
    fit(Some(&path), 10, 3).expect("runs");
    let error = fit(Some(&path), 20, 4).expect_err("another seed");
    assert!(error.to_string().contains("is of another fit"), "{error}");
    let model: Model<f32> = Model::new();
    model.free("x", Normal::new(3.0, 1.0));
    let error = Advi::mean_field(&model).checkpoint(&path, 10).compile().expect_err("another model");
    assert!(matches!(error, Error::Checkpoint { .. }), "{error}");
    // The same names and shapes, and another number in the prior, or another optimiser.
    let path_of_one = folder.0.join("one");
    let one = |sd: f64, momentum: bool| {
        let model: Model<f64> = Model::new();
        model.free("x", Normal::new(3.0, sd));
        let advi = Advi::mean_field(&model).progress(false).checkpoint(&path_of_one, 10);
        match momentum {
            true => advi.optimizer(bayeux_autodiff::optimizers::Momentum::new(0.01, 0.9)).run(20),
            false => advi.run(20),
        }
    };
    one(1.0, false).expect("runs");
    assert!(one(2.0, false).expect_err("another prior").to_string().contains("another fit"));
    assert!(one(1.0, true).expect_err("another optimiser").to_string().contains("another fit"));
    one(1.0, false).expect("goes on");
    let graph = bayeux_autodiff::Graph::new().output("y", &bayeux_autodiff::Expr::<f64>::scalar(1.0));
    graph.save(&path).expect("can be written");
    let error = fit(Some(&path), 20, 3).expect_err("no checkpoint");
    assert!(error.to_string().contains("is no checkpoint of a fit"), "{error}");
    let error = fit(Some(&folder.0.join("nowhere/fit")), 20, 3).expect_err("no folder");
    assert!(error.to_string().contains("cannot be written"), "{error}");
}

/// Cut at every 64th byte, and with single bits turned: it is refused by name, or the one before it serves.
#[test]
fn damaged_checkpoints_are_never_read_wrongly() {
    let folder = Folder::new("damaged");
    let (path, before) = (folder.0.join("fit"), folder.0.join("fit.before"));
    let model: Model<f64> = Model::new();
    let scale = model.free("scale", HalfNormal::new(1.0));
    model.free("x", Normal::new(0.0, &scale).shape([3]));
    let run = |iterations| Advi::mean_field(&model).checkpoint(&path, 8).progress(false).run(iterations);
    run(20).expect("runs");
    let [newest, older] = [&path, &before].map(|path| fs::read(path).expect("is there"));
    let whole = run(40).expect("runs").elbo().to_vec();
    let cuts = (0..newest.len()).step_by(64).map(|len| newest[..len].to_vec());
    let flips = (0..200).map(|k| {
        let mut bytes = newest.clone();
        let place = (k * 7919 + 13) % (8 * bytes.len());
        bytes[place / 8] ^= 1 << (place % 8);
        bytes
    });
    for bytes in cuts.chain(flips) {
        fs::write(&path, &bytes).expect("can be written");
        let _ = fs::remove_file(&before);
        let error = run(40).map(|fit| fit.iterations()).expect_err("is damaged");
        assert!(error.to_string().contains("fit` "), "{error}");
        fs::write(&before, &older).expect("can be written");
        fs::write(&path, &bytes).expect("can be written");
        assert_eq!(run(40).expect("the one before serves").elbo(), whole);
    }
}

const CHILD: &str = "BAYEUX_CHECKPOINT_CHILD";

/// What the test below starts, and kills.
#[test]
fn child() {
    if let Some(path) = std::env::var_os(CHILD) {
        fit(Some(Path::new(&path)), 400, 3).expect("runs");
    }
}

/// Killed at 20 moments, whatever it was doing.
#[test]
#[cfg(unix)]
fn a_killed_fit_goes_on() {
    let folder = Folder::new("killed");
    let path = folder.0.join("fit");
    let start = || {
        Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "advi::checkpoints::child"])
            .env(CHILD, &path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts")
    };
    let mut killed = 0;
    for moment in 0..20u64 {
        let mut child = start();
        let begun = Instant::now();
        // From before the first step on.
        let wait = Duration::from_micros(2_000 + moment * moment % 17 * 1_700 + moment * 900);
        while begun.elapsed() < wait && child.try_wait().expect("a child").is_none() {
            std::thread::sleep(Duration::from_micros(200));
        }
        killed += u32::from(child.try_wait().expect("a child").is_none());
        let _ = child.kill(); // SIGKILL
        child.wait().expect("a child");
    }
    assert!(killed > 0, "all had ended by themselves");
    assert!(start().wait().expect("a child").success());
    assert_eq!(bits(&fit(Some(&path), 400, 3).expect("runs")), bits(&fit(None, 400, 3).expect("runs")));
}
