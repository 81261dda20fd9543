//! The bits of every kernel's results, as hashes that were recorded once: the same on every processor, at every instruction set
//! (`BAYEUX_SIMD`), with machine code and without (`BAYEUX_JIT=0`), on any number of threads, with any system's library.
//!
//! Where results are meant to change, record them again:
//! `BAYEUX_RECORD=1 cargo test --release -p bayeux-kernels --test it bits`.

mod hashes;
mod linear;
mod loops;
mod maths;

use std::path::Path;

use hashes::Hashes;

#[test]
fn bits_are_those_recorded() {
    let mut hashes = Hashes::default();
    linear::all::<f32>(&mut hashes);
    linear::all::<f64>(&mut hashes);
    loops::all::<f32>(&mut hashes);
    loops::all::<f64>(&mut hashes);
    maths::all::<f32>(&mut hashes);
    maths::all::<f64>(&mut hashes);
    hashes.compare(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/bits.txt"));
}
