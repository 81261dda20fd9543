//! The `mnist` example as its users meet it: what it does when something is wrong.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use flate2::Compression;
use flate2::write::GzEncoder;

/// The example, built as this test was. What cargo says of itself to a test is kept from the cargo that builds: build scripts read
/// it, and would run again, and all that depends on them, each time that a test follows a build.
fn example() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let told = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_", "CARGO_PRIMARY_"];
        let build = escargot::CargoBuild::new().arg("--workspace").example("mnist").current_release();
        let build = std::env::vars_os()
            .map(|(name, _)| name)
            .filter(|name| told.iter().any(|told| name.to_string_lossy().starts_with(told)))
            .fold(build, escargot::CargoBuild::env_remove);
        build.run().expect("the example builds").path().to_path_buf()
    })
}

/// Runs it away from any MNIST this machine may have.
fn run(arguments: &[&str], home: &Path) -> Output {
    Command::new(example())
        .args(arguments)
        .env_remove("MNIST_DIR")
        .env("HOME", home)
        .env("XDG_CACHE_HOME", home)
        .output()
        .expect("the example starts")
}

/// It must fail with the exit code and one line that contains all of `words`, and leave nothing behind.
#[track_caller]
fn fails(arguments: &[&str], code: i32, words: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let (json, page) = (folder.path().join("run.json"), folder.path().join("page.html"));
    let mut all = arguments.to_vec();
    all.extend([
        "--json",
        json.to_str().expect("a plain path"),
        "--report",
        page.to_str().expect("a plain path"),
    ]);
    let output = run(&all, folder.path());
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
    assert_eq!(message.trim().lines().count(), 1, "{arguments:?}: {message}");
    for word in words {
        assert!(message.contains(word), "{arguments:?}: {word:?} is not in: {message}");
    }
    assert!(!message.contains("panicked"), "{message}");
    assert_eq!(
        fs::read_dir(folder.path()).expect("the folder").count(),
        0,
        "{arguments:?} left something behind"
    );
}

/// A big-endian IDX file, compressed.
fn idx(magic: u32, sizes: &[u32], data: &[u8]) -> Vec<u8> {
    let header = [magic].into_iter().chain(sizes.iter().copied()).flat_map(u32::to_be_bytes);
    let bytes: Vec<u8> = header.chain(data.iter().copied()).collect();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&bytes).expect("memory");
    gzip.finish().expect("memory")
}

const IMAGES: u32 = 0x803;
const LABELS: u32 = 0x801;

/// A directory like MNIST's with few images of noise, after a change to its files.
fn mnist_like(change: impl Fn(&str, &mut Vec<u8>)) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (part, count) in [("train", 10_200u32), ("t10k", 50)] {
        let pixels: Vec<u8> = (0..count * 784).map(|i| (i % 251) as u8).collect();
        let labels: Vec<u8> = (0..count).map(|i| (i % 10) as u8).collect();
        for (kind, mut file) in [
            ("images-idx3", idx(IMAGES, &[count, 28, 28], &pixels)),
            ("labels-idx1", idx(LABELS, &[count], &labels)),
        ] {
            let name = format!("{part}-{kind}-ubyte.gz");
            change(&name, &mut file);
            fs::write(folder.path().join(name), file).expect("a file");
        }
    }
    folder
}

#[track_caller]
fn fails_on(change: impl Fn(&str, &mut Vec<u8>), words: &[&str]) {
    let folder = mnist_like(change);
    fails(&["--data", folder.path().to_str().expect("a plain path")], 1, words);
}

#[test]
fn wrong_options_are_refused_with_exit_code_2() {
    fails(&["--batch", "0"], 2, &["--batch", "at least 1"]);
    fails(&["--colour", "blue"], 2, &["--colour"]);
    fails(&["--model", "transformer"], 2, &["transformer", "conv"]);
    fails(&["--learning-rate=-1"], 2, &["--learning-rate", "positive"]);
    fails(&["--iterations", "many"], 2, &["--iterations", "many"]);
}

#[test]
fn wrong_files_are_named() {
    fails(&["--data", "no/such/folder"], 1, &["no/such/folder"]);
    fails_on(
        |name, file| {
            if name.starts_with("train-images") {
                file.truncate(file.len() / 2);
            }
        },
        &["train-images"],
    );
    fails_on(
        |name, file| {
            if name.starts_with("t10k-images") {
                *file = idx(LABELS, &[50], &[0; 50]);
            }
        },
        &["t10k-images", "magic"],
    );
    fails_on(
        |name, file| {
            if name.starts_with("train-labels") {
                *file = idx(LABELS, &[10_200], &[10; 10_200]);
            }
        },
        &["train-labels", "10"],
    );
    fails_on(
        |name, file| {
            if name.starts_with("t10k-labels") {
                *file = idx(LABELS, &[49], &[1; 49]);
            }
        },
        &["49", "50"],
    );
}

#[test]
fn a_fit_that_cannot_be_is_an_error() {
    fails(&["--dataset", "digits", "--batch", "5000"], 1, &["5000", "1297"]);
    fails(
        &["--dataset", "digits", "--model", "dense", "--iterations", "400", "--learning-rate", "1e30"],
        1,
        &["ELBO", "iteration"],
    );
}

#[test]
fn a_place_that_cannot_be_written_is_refused_before_the_fit() {
    let folder = tempfile::tempdir().expect("a folder");
    let nowhere = folder.path().join("missing/page.html");
    let output =
        run(&["--dataset", "digits", "--report", nowhere.to_str().expect("a plain path")], folder.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("is not a directory"));
    assert!(output.stdout.is_empty());
}

#[test]
fn a_short_run_writes_both_files_and_the_same_figures_on_any_number_of_threads() {
    let folder = tempfile::tempdir().expect("a folder");
    let figures = |threads: &str| -> serde_json::Value {
        let json = folder.path().join(format!("{threads}.json"));
        let page = folder.path().join(format!("{threads}.html"));
        let arguments = [
            "--dataset",
            "digits",
            "--iterations",
            "40",
            "--batch",
            "100",
            "--draws",
            "5",
            "--threads",
            threads,
        ];
        let (json_text, page_text) = (json.to_string_lossy(), page.to_string_lossy());
        let mut arguments = arguments.to_vec();
        arguments.extend(["--json", &json_text, "--report", &page_text]);
        let output = run(&arguments, folder.path());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(fs::read_to_string(page).expect("a page").contains("</html>"));
        serde_json::from_str(&fs::read_to_string(json).expect("figures")).expect("JSON")
    };
    let (one, two) = (figures("1"), figures("2"));
    for key in ["elbo", "test_accuracy", "test_nll", "test_ece", "scales"] {
        assert!(!one[key].is_null(), "{key} is missing");
        assert_eq!(one[key], two[key], "{key}");
    }
    for key in [
        "dataset",
        "model",
        "prior",
        "activation",
        "iterations",
        "batch",
        "seed",
        "threads",
        "seconds",
        "ms_per_step",
        "compile_ms",
    ] {
        assert!(!one[key].is_null(), "{key} is missing");
    }
}
