//! Hashes of results, and the file in which they are recorded.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use bayeux_kernels::Float;

/// Hashes by the name of what was computed.
#[derive(Default)]
pub struct Hashes(BTreeMap<String, u64>);

impl Hashes {
    /// Takes in results: FNV-1a of their bits. All NaN are one, since processors differ in their signs and payloads.
    pub fn add<T: Float>(&mut self, name: impl std::fmt::Display, results: &[&[T]]) {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for x in results.iter().copied().flatten() {
            let bits = if x.is_nan() { u64::MAX } else { x.bits() };
            for byte in bits.to_le_bytes() {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        let old = self.0.insert(format!("{} {name}", T::TYPE), hash);
        assert!(old.is_none(), "two results are called {name}");
    }

    /// Compares with those recorded in a file, or records them there.
    #[track_caller]
    pub fn compare(&self, path: &Path) {
        let mut found = String::new();
        self.0
            .iter()
            .for_each(|(name, hash)| writeln!(found, "{hash:016x} {name}").expect("a string has room"));
        if std::env::var_os("BAYEUX_RECORD").is_some() {
            std::fs::write(path, found).expect("the file of hashes can be written");
            return;
        }
        let recorded = std::fs::read_to_string(path).expect("the file of hashes");
        let differ: Vec<&str> =
            found.lines().filter(|line| !recorded.lines().any(|known| known == *line)).collect();
        assert!(differ.is_empty(), "other bits than recorded, of {}:\n{}", differ.len(), differ.join("\n"));
        assert_eq!(
            found.lines().count(),
            recorded.lines().count(),
            "the file has results that are not computed"
        );
    }
}
