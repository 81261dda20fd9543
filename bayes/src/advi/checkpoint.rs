//! Fits in files: written while they run, and gone on with to the bit.
//!
//! A checkpoint is a saved [`Graph`] of constants, so it has that file's version, check sum and element types: all that a step changes,
//! the estimates of the ELBO, how many steps there were, and a description of the fit, by which another's is refused.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use bayeux_autodiff::{Expr, Graph, Kind, Operations, Shared};
use bayeux_tensor::{Float, Tensor};

use crate::Error;

/// Where a fit writes checkpoints, and after how many steps.
#[derive(Clone, Debug)]
pub(super) struct Checkpoints {
    pub path: PathBuf,
    pub every: usize,
}

/// What is in a checkpoint.
pub(super) struct Saved<T: Float> {
    pub steps: usize,
    pub elbo: Vec<f64>,
    pub seconds: f64,
    pub values: Vec<Tensor<T>>,
}

fn error(path: &Path, what: impl Into<String>) -> Error {
    Error::Checkpoint { path: path.display().to_string(), what: what.into() }
}

/// What the i-th variable that a step changes is called.
fn state(i: usize) -> String {
    format!("state {i}")
}

/// A file beside the checkpoint's.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(ending);
    path.with_file_name(name)
}

/// The file of the checkpoint before.
fn before(path: &Path) -> PathBuf {
    beside(path, ".before")
}

impl<T: Float> Saved<T> {
    /// Writes it to a file beside, which then takes the place of the one that is there; that one stays as `….before`. Whenever the
    /// program ends, one of them is whole.
    pub fn write(&self, path: &Path, description: &str) -> Result<(), Error> {
        let graph = Graph::new()
            .output("fit", &Expr::constant(Tensor::from_slice(description.as_bytes())))
            .output("steps", &Expr::<i64>::constant(Tensor::scalar(self.steps as i64)))
            .output("elbo", &Expr::<f64>::constant(Tensor::from_slice(&self.elbo)))
            .output("seconds", &Expr::<f64>::constant(Tensor::scalar(self.seconds)));
        let values = self.values.iter().enumerate();
        let graph =
            values.fold(graph, |graph, (i, values)| graph.output(state(i), &Expr::constant(values.clone())));
        let bytes = graph.to_bytes(&Operations::new())?;
        let new = beside(path, ".new");
        let written = File::create(&new).and_then(|mut file| {
            file.write_all(&bytes)?;
            file.sync_all()
        });
        let moved = written.and_then(|()| match fs::rename(path, before(path)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => fs::rename(&new, path),
        });
        moved.map_err(|what| error(path, format!("cannot be written: {what}")))
    }

    /// The newest checkpoint that can be read: that of the path, or, if it is missing or damaged, the one before it; `None` if there is
    /// no file. One of another fit is refused.
    pub fn read(path: &Path, description: &str, shapes: &[Vec<usize>]) -> Result<Option<Self>, Error> {
        let mut first = None;
        // The last is whole only if the program ended between two renames.
        for file in [path, &before(path), &beside(path, ".new")] {
            let bytes = match fs::read(file) {
                Ok(bytes) => bytes,
                Err(what) if what.kind() == ErrorKind::NotFound => continue,
                Err(what) => return Err(error(file, format!("cannot be read: {what}"))),
            };
            match Graph::from_bytes(&bytes, &Operations::new()) {
                Ok(graph) => {
                    return Self::of(&graph, description, shapes).map_err(|what| error(file, what)).map(Some);
                }
                Err(what) => _ = first.get_or_insert_with(|| error(file, what.to_string())),
            }
        }
        first.map_or(Ok(None), Err)
    }

    fn of(graph: &Graph, description: &str, shapes: &[Vec<usize>]) -> Result<Self, String> {
        fn constant<K: Kind>(graph: &Graph, name: &str) -> Result<K::Tensor, String>
        where
            K::Tensor: Clone,
        {
            let found =
                graph.get::<K>(name).map_err(|_| format!("is no checkpoint of a fit: it has no `{name}`"))?;
            found
                .as_constant()
                .cloned()
                .ok_or_else(|| format!("is no checkpoint of a fit: its `{name}` is computed"))
        }
        if constant::<u8>(graph, "fit")?.to_vec() != description.as_bytes() {
            return Err("is of another fit: of other settings, another model or data of other shapes".into());
        }
        let values: Vec<Tensor<T>> =
            (0..shapes.len()).map(|i| constant::<T>(graph, &state(i))).collect::<Result<_, _>>()?;
        if !values.iter().map(Tensor::shape).eq(shapes.iter().map(Vec::as_slice)) {
            return Err("is of another fit: its state has other shapes".into());
        }
        Ok(Saved {
            steps: usize::try_from(constant::<i64>(graph, "steps")?.item()).unwrap_or_default(),
            elbo: constant::<f64>(graph, "elbo")?.to_vec(),
            seconds: constant::<f64>(graph, "seconds")?.item(),
            values,
        })
    }
}

/// A number of all that a step computes, or of its variables' names if there are operations that no file can hold.
pub(super) fn fingerprint<T: Float>(
    inputs: &[Expr<T>],
    elbo: &Expr<T>,
    updates: &[(Shared<T>, Expr<T>)],
) -> String {
    let graph = inputs.iter().fold(Graph::new(), |graph, input| graph.input(input)).output("elbo", elbo);
    let graph = updates.iter().fold(graph, |graph, (shared, value)| graph.output(shared.name(), value));
    let names: Vec<&str> = updates.iter().map(|(shared, _)| shared.name()).collect();
    let bytes = graph.to_bytes(&Operations::new()).unwrap_or_else(|_| names.join(", ").into_bytes());
    // FNV-1a.
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{} variables, {hash:016x}", names.len())
}
