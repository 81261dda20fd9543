//! In which order MNIST is looked for, and that a named place is final.

use std::fs;

use tempfile::TempDir;

use super::*;

/// A directory with four files whose test labels have `test_label` throughout, by which it is recognised.
fn directory(test_label: u8) -> TempDir {
    let directory = TempDir::new().unwrap();
    let put = |file: &File, dimensions: &[u32], value: u8| {
        let magic = 0x0800 + dimensions.len() as u32;
        let header = std::iter::once(&magic).chain(dimensions).flat_map(|word| word.to_be_bytes());
        let count = dimensions.iter().product::<u32>() as usize;
        let bytes: Vec<u8> = header.chain(std::iter::repeat_n(value, count)).collect();
        fs::write(directory.path().join(file.name), bytes).unwrap();
    };
    let train = VALIDATION as u32 + 1;
    put(&FILES[0], &[train, 28, 28], 0);
    put(&FILES[1], &[train], 0);
    put(&FILES[2], &[1, 28, 28], 0);
    put(&FILES[3], &[1], test_label);
    directory
}

fn test_label(data: &Dataset) -> f32 {
    data.test.labels.item()
}

#[test]
fn the_first_place_that_is_named_is_taken() {
    let [given, environment, cache] = [1, 2, 3].map(directory);
    let variable = || Some(OsString::from(environment.path()));
    let mnist = || Mnist::new().cache_directory(cache.path()).offline(true);

    let data = mnist().directory(given.path()).load_with(variable()).unwrap();
    assert_eq!(test_label(&data), 1.0);
    assert_eq!(data.origin, given.path().display().to_string());
    assert_eq!(test_label(&mnist().load_with(variable()).unwrap()), 2.0);
    assert_eq!(test_label(&mnist().load_with(None).unwrap()), 3.0);
    // An empty variable counts as none.
    assert_eq!(test_label(&mnist().load_with(Some(OsString::new())).unwrap()), 3.0);
}

#[test]
fn a_wrong_variable_is_an_error_although_the_cache_is_full() {
    let cache = directory(3);
    let elsewhere = TempDir::new().unwrap();
    let load = |path: PathBuf| Mnist::new().cache_directory(cache.path()).load_with(Some(path.into()));

    let error = load(elsewhere.path().into()).unwrap_err();
    assert!(matches!(error, DatasetError::MissingFile { origin: "from $MNIST_DIR", .. }), "{error:?}");
    let error = load(elsewhere.path().join("nowhere")).unwrap_err();
    assert!(matches!(error, DatasetError::MissingDirectory { origin: "from $MNIST_DIR", .. }), "{error:?}");
    assert!(error.to_string().contains("nowhere` (from $MNIST_DIR): no such directory"), "{error}");
    assert!(!error.is_unavailable());
}

#[test]
fn offline_without_files_is_unavailable() {
    let cache = TempDir::new().unwrap();
    let error = Mnist::new().cache_directory(cache.path()).offline(true).load_with(None).unwrap_err();
    assert!(error.is_unavailable());
    let message = error.to_string();
    for part in ["$MNIST_DIR", &cache.path().display().to_string(), "offline"] {
        assert!(message.contains(part), "{part} is missing: {message}");
    }
}

#[test]
fn the_digits_stand_in_for_what_cannot_be_had_and_for_nothing_else() {
    let cache = TempDir::new().unwrap();
    let offline = Mnist::new().cache_directory(cache.path()).offline(true).load_with(None);
    let (data, reason) = or_digits(offline).unwrap();
    assert_eq!(data.image_size, [8, 8]);
    assert!(matches!(reason, Some(DatasetError::NotFound { .. })), "{reason:?}");

    let whole = directory(1);
    let (data, reason) = or_digits(Mnist::new().directory(whole.path()).load_with(None)).unwrap();
    assert_eq!(data.image_size, [28, 28]);
    assert!(reason.is_none());

    let damaged = directory(10);
    or_digits(Mnist::new().cache_directory(damaged.path()).load_with(None)).unwrap_err();
}

#[test]
fn a_damaged_cache_is_an_error() {
    let cache = directory(10);
    let error = Mnist::new().cache_directory(cache.path()).load_with(None).unwrap_err();
    assert!(matches!(error, DatasetError::LabelOutOfRange { .. }), "{error:?}");
    assert!(!error.is_unavailable());
}

#[cfg(feature = "download")]
#[test]
fn no_mirror_leaves_the_cache_empty_and_names_each() {
    let cache = TempDir::new().unwrap();
    let (address, _) = crate::datasets::download::tests::serve([]);
    let error =
        Mnist::new().cache_directory(cache.path()).mirrors([address.as_str()]).load_with(None).unwrap_err();
    assert!(matches!(error, DatasetError::AllMirrorsFailed { .. }), "{error:?}");
    assert!(error.to_string().contains(&format!("{address}/train-images-idx3-ubyte.gz")), "{error}");
    assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 0);
}

/// The true files from a server on this machine; then once more from the cache, without it.
#[cfg(feature = "download")]
#[test]
fn true_mnist_is_downloaded_and_kept() {
    use crate::datasets::download::tests::{Reply, serve};

    let shared = std::env::var_os("BAYEUX_SHARED").map_or_else(|| "../shared".into(), PathBuf::from);
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join(shared).join("data/mnist");
    if !files.is_dir() {
        eprintln!("skipped: no MNIST in `{}` (set BAYEUX_SHARED)", files.display());
        return;
    }
    let names = [
        "/train-images-idx3-ubyte.gz",
        "/train-labels-idx1-ubyte.gz",
        "/t10k-images-idx3-ubyte.gz",
        "/t10k-labels-idx1-ubyte.gz",
    ];
    let (address, asked) = serve(names.map(|name| {
        let bytes = fs::read(files.join(&name[1..])).unwrap();
        (name, Reply::whole(bytes))
    }));
    let parent = TempDir::new().unwrap();
    let cache = parent.path().join("cache");
    let mnist = || Mnist::new().cache_directory(&cache).mirrors([address.as_str()]).progress(|_| ());
    let first = mnist().load_with(None).unwrap();
    assert_eq!(first.train.len(), 50_000);
    assert_eq!(*asked.lock().unwrap(), names);
    let second = mnist().offline(true).load_with(None).unwrap();
    assert_eq!(second.test.labels.to_vec(), first.test.labels.to_vec());
    assert_eq!(asked.lock().unwrap().len(), 4);
    assert_eq!(fs::read_dir(&cache).unwrap().count(), 4);
    // One file lost: only that one is asked for.
    fs::remove_file(cache.join(&names[3][1..])).unwrap();
    mnist().load_with(None).unwrap();
    assert_eq!(asked.lock().unwrap()[4..], [names[3]]);
}
