//! The bits of every kernel's results, as hashes that were recorded once: the same on every processor, at every instruction set
//! (`BAYEUX_SIMD`), with machine code and without (`BAYEUX_JIT=0`), on any number of threads, with any system's library.
//!
//! Where results are meant to change, record them again:
//! `BAYEUX_RECORD=1 cargo test --release -p bayeux-tensor --test it bits`.

mod linear;
mod loops;
mod maths;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use bayeux_tensor::Float;

/// Hashes by the name of what was computed.
#[derive(Default)]
struct Hashes(BTreeMap<String, u64>);

impl Hashes {
    /// Takes in results: FNV-1a of their bits. All NaN are one, since processors differ in their signs and payloads.
    fn add<T: Float>(&mut self, name: impl std::fmt::Display, results: &[&[T]]) {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for x in results.iter().copied().flatten() {
            let bits = if x.is_nan() { u64::MAX } else { x.bits() };
            for byte in bits.to_le_bytes() {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        let old = self.0.insert(format!("{} {name}", T::NAME), hash);
        assert!(old.is_none(), "two results are called {name}");
    }
}

#[test]
fn bits_are_those_recorded() {
    let mut hashes = Hashes::default();
    linear::all::<f32>(&mut hashes);
    linear::all::<f64>(&mut hashes);
    loops::all::<f32>(&mut hashes);
    loops::all::<f64>(&mut hashes);
    maths::all::<f32>(&mut hashes);
    maths::all::<f64>(&mut hashes);

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/bits.txt");
    let mut found = String::new();
    hashes
        .0
        .iter()
        .for_each(|(name, hash)| writeln!(found, "{hash:016x} {name}").expect("a string has room"));
    if std::env::var_os("BAYEUX_RECORD").is_some() {
        std::fs::write(&path, found).expect("the file of hashes can be written");
        return;
    }
    let recorded = std::fs::read_to_string(&path).expect("the file of hashes");
    let differ: Vec<&str> =
        found.lines().filter(|line| !recorded.lines().any(|known| known == *line)).collect();
    assert!(differ.is_empty(), "other bits than recorded, of {}:\n{}", differ.len(), differ.join("\n"));
    assert_eq!(found.lines().count(), recorded.lines().count(), "the file has results that are not computed");
}
