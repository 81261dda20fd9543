//! The operations by the names that they have in files. A name stays when the type behind it gets another.

use super::*;

/// All operations of this crate in a list of those that a file can hold.
pub(super) fn by_name(all: Operations) -> Operations {
    let all = all
        .known::<Unary>("unary")
        .known::<Binary>("binary")
        .known::<Logic>("logic")
        .known::<Select>("select")
        .known::<Cast>("cast")
        .known::<StopGradient>("stop_gradient")
        .known::<Reshape>("reshape")
        .known::<Transpose>("transpose")
        .known::<Broadcast>("broadcast")
        .known::<Slice>("slice")
        .known::<Sum>("sum")
        .known::<Max>("max")
        .known::<Pad>("pad")
        .known::<Matmul>("matmul")
        .known::<Conv2d>("conv2d")
        .known::<Pool2d>("pool2d")
        .known::<Softmax>("softmax")
        .known::<Take>("take")
        .known::<Scatter>("scatter")
        .with::<concat::Concat>("concat")
        .with::<cummax::Running>("running")
        .with::<index::OneHot>("one_hot")
        .with::<layout::Flip>("flip")
        .with::<moments::Moments>("moments")
        .with::<order::Sort>("sort")
        .with::<places::Extreme>("extreme_place")
        .with::<range::Range>("range");
    let folders = [
        cumulative::by_name,
        flow::by_name,
        images::by_name,
        indexing::by_name,
        linalg::by_name,
        random::by_name,
        reductions::by_name,
        shaping::by_name,
        sorting::by_name,
        special::by_name,
    ];
    folders.into_iter().fold(all, |all, folder| folder(all))
}
