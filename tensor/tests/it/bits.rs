//! The bits of reductions, as hashes that were recorded once, like those of the kernels.
//!
//! Where results are meant to change, record them again:
//! `BAYEUX_RECORD=1 cargo test --release -p bayeux-tensor --test it bits`.

use std::path::Path;

use bayeux_tensor::{Float, Tensor};

use crate::common::hashes::Hashes;
use crate::common::numbers::numbers;

#[test]
fn bits_are_those_recorded() {
    let mut hashes = Hashes::default();
    reductions::<f32>(&mut hashes);
    reductions::<f64>(&mut hashes);
    hashes.compare(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/bits.txt"));
}

fn reductions<T: Float>(hashes: &mut Hashes) {
    for shape in [[1000, 70, 1], [3, 5, 7000], [40, 30, 33], [1, 1, 100_001], [2, 3001, 4], [1500, 301, 6]] {
        let x = Tensor::new(shape, numbers::<T>(shape.iter().product(), 1));
        for axes in [&[0, 1, 2][..], &[0], &[1], &[2], &[0, 2], &[1, 2]] {
            let results = [x.sum(axes), x.mean(axes), x.max(axes), x.min(axes)].map(|y| y.to_vec());
            hashes
                .add(format!("reductions of {shape:?} along {axes:?}"), &results.each_ref().map(|y| &y[..]));
        }
        let places = [0, 1, 2].map(|axis| x.argmax(axis).to_vec());
        hashes.add(format!("places of the largest of {shape:?}"), &places.each_ref().map(|y| &y[..]));
    }
}
