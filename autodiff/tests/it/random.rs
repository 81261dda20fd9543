//! Where in the counters of the generator the numbers of expressions stand: results recorded once are drawn again for ever.

use bayeux_autodiff::{Function, RandomStreams};
use bayeux_tensor::random::{fill_uniform, philox4x32};

#[test]
fn streams_and_calls_have_their_places() {
    let random = RandomStreams::new(0x1234_5678_9abc_def0);
    let [_, second] = [random.uniform::<f32>([300]), random.uniform::<f32>([300])];
    let mut f = Function::new([], [&second]).expect("no inputs");
    f.set_call(3);
    let drawn = f.call(&[]).expect("runs").remove(0).to_vec();
    let mut expected = [0.0; 300];
    fill_uniform(0x1234_5678_9abc_def0, (1 << 40) + 3, 0, &mut expected);
    assert_eq!(drawn, expected);
    // The first number of a batch of 256 is of the first word of block 0, the one after it of block 1.
    for block in 0..2 {
        let words = philox4x32([block, 0, 3, 1 << 8], [0x9abc_def0, 0x1234_5678]);
        let number = drawn[block as usize];
        assert_eq!(number, (words[0] >> 8) as f32 / (1 << 24) as f32, "block {block}");
    }
    // As an implementation in another language gives them, too.
    assert_eq!(drawn[..3].iter().map(|x| x.to_bits()).collect::<Vec<_>>(), RECORDED);
}

const RECORDED: [u32; 3] = [0x3e7edb28, 0x3ed32a76, 0x3f011455];
