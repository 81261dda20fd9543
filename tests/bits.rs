//! The bits of whole training steps, which were recorded once: the same on every processor, at every instruction set
//! (`BAYEUX_SIMD`), with machine code for loops and without (`BAYEUX_JIT=0`), and on any number of threads.
//!
//! Where results are meant to change, record them again: `BAYEUX_RECORD=1 cargo test --release --test bits`.

use std::fmt::Write;
use std::path::Path;

use bayeux::nets::init::{Initializer, Stream};
use bayeux::nets::losses::cross_entropy_logits;
use bayeux::prelude::*;

#[allow(dead_code)] // shared with programs that use other parts
#[path = "../examples/networks/mod.rs"]
mod networks;
use networks::{Digits, Network, digits};

const BATCH: usize = 20;
const STEPS: usize = 50;

/// FNV-1a.
fn hash(bits: impl IntoIterator<Item = u64>) -> u64 {
    let bytes = bits.into_iter().flat_map(u64::to_le_bytes);
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The evidence lower bounds of some steps of variational inference, each of which depends on all that the steps before it did.
fn variational(network: Network, digits: &Digits) -> u64 {
    let mut fitter = network.advi(BATCH, digits).expect("data that fits");
    hash((0..STEPS).map(|_| fitter.step().expect("a finite ELBO").to_bits()))
}

/// The losses of some steps of plain training, and the weights after them.
fn plain(network: Network, (images, labels): &Digits) -> u64 {
    let (x, y) = (Expr::input("x", (batch(), 1, 28, 28)), Expr::input("y", [batch()]));
    let logits = network.logits(&x, |name| {
        let name = name.to_string();
        Box::new(move |shape: &Shape| {
            let (sizes, stream) = (shape.sizes().unwrap_or_default(), Stream::new(1, &name));
            let start = match sizes.len() {
                1 => Tensor::zeros(&sizes),
                _ => GlorotNormal::new().sample(&sizes, &stream),
            };
            Shared::new(&name, start).expr()
        })
    });
    let loss = cross_entropy_logits(&logits, &y).mean_all();
    let parameters = Expr::shareds(&[logits]);
    let updates = Adam::new(1e-3).updates_for(&loss, &parameters);
    let step = Function::builder().inputs([&x, &y]).outputs([&loss]).updates(updates).build();
    let step = step.expect("a program");
    let mut bits: Vec<u64> = (0..STEPS)
        .map(|_| step.call(&[images, labels]).expect("data that fits")[0].item().to_bits().into())
        .collect();
    for parameter in parameters {
        bits.extend(parameter.get().to_vec().into_iter().map(|x| u64::from(x.to_bits())));
    }
    hash(bits)
}

#[test]
fn training_gives_the_bits_recorded() {
    let digits = digits(BATCH);
    let mut found = String::new();
    for network in [Network::Dense, Network::Conv, Network::Strided] {
        for (name, hash) in
            [("variational", variational(network, &digits)), ("plain", plain(network, &digits))]
        {
            writeln!(found, "{hash:016x} {network:?} {name}").expect("a string has room");
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/bits.txt");
    if std::env::var_os("BAYEUX_RECORD").is_some() {
        return std::fs::write(&path, found).expect("the file of hashes can be written");
    }
    let recorded = std::fs::read_to_string(&path).expect("the file of hashes");
    assert_eq!(found, recorded);
}
