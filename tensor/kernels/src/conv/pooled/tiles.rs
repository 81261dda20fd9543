//! The register tiles of the adjoints, and the order of the weights that follows from them.

use super::patches::Patches;
use crate::Float;
use crate::conv::Conv2dShape;
use crate::lanes::groups;

/// Most vectors of a tile: 12 of 16 registers.
pub(super) const MOST: usize = 12;

/// Rows of the kernel from `first_row` on, and vectors of each of their patch's rows from element `first` on.
#[derive(Clone, Copy)]
pub(super) struct Tile {
    pub first_row: usize,
    pub rows: usize,
    pub first: usize,
    pub vectors: usize,
}

/// The tiles of a patch, with `lanes` elements in a vector.
pub(super) fn tiles(s: &Conv2dShape, patches: &Patches, lanes: usize) -> impl Iterator<Item = Tile> {
    let (kh, vectors) = (s.kernel[0], patches.row / lanes);
    let most_rows = match vectors {
        1 => 6,
        2 => 3,
        _ => 1,
    };
    groups(kh, most_rows).flat_map(move |(first_row, rows)| {
        groups(vectors, MOST).map(move |(first, vectors)| Tile {
            first_row,
            rows,
            first: first * lanes,
            vectors,
        })
    })
}

/// Runs `$self.$function::<V, R, S>($arguments)` for the tile's R rows of S vectors.
macro_rules! for_tile {
    ($tile:expr, $self:ident.$function:ident::<$v:ident>($($argument:expr),*)) => {
        match ($tile.rows, $tile.vectors) {
            (1, 1) => $self.$function::<$v, 1, 1>($($argument),*),
            (2, 1) => $self.$function::<$v, 2, 1>($($argument),*),
            (3, 1) => $self.$function::<$v, 3, 1>($($argument),*),
            (4, 1) => $self.$function::<$v, 4, 1>($($argument),*),
            (5, 1) => $self.$function::<$v, 5, 1>($($argument),*),
            (6, 1) => $self.$function::<$v, 6, 1>($($argument),*),
            (1, 2) => $self.$function::<$v, 1, 2>($($argument),*),
            (2, 2) => $self.$function::<$v, 2, 2>($($argument),*),
            (3, 2) => $self.$function::<$v, 3, 2>($($argument),*),
            (1, 3) => $self.$function::<$v, 1, 3>($($argument),*),
            (1, 4) => $self.$function::<$v, 1, 4>($($argument),*),
            (1, 5) => $self.$function::<$v, 1, 5>($($argument),*),
            (1, 6) => $self.$function::<$v, 1, 6>($($argument),*),
            (1, 7) => $self.$function::<$v, 1, 7>($($argument),*),
            (1, 8) => $self.$function::<$v, 1, 8>($($argument),*),
            (1, 9) => $self.$function::<$v, 1, 9>($($argument),*),
            (1, 10) => $self.$function::<$v, 1, 10>($($argument),*),
            (1, 11) => $self.$function::<$v, 1, 11>($($argument),*),
            (1, 12) => $self.$function::<$v, 1, 12>($($argument),*),
            _ => unreachable!("there is no such tile"),
        }
    };
}
pub(super) use for_tile;

/// Calls `f(packed index, index of the weight)` for the packed weights in order: block of channels after block, tile
/// after tile, output channel after output channel, in each the tile. The rest of a row, and of the channels of a block,
/// have no weight.
pub(super) fn each_weight<T: Float>(
    s: &Conv2dShape,
    patches: &Patches,
    mut f: impl FnMut(usize, Option<usize>),
) {
    let (lanes, [kh, kw]) = (patches.lanes_of::<T>(), s.kernel);
    let mut packed = 0;
    for block in 0..patches.blocks {
        let (first, count) = patches.channels(block);
        for tile in tiles(s, patches, lanes) {
            for o in 0..s.out_channels {
                for u in tile.first_row..tile.first_row + tile.rows {
                    let (mut v, mut c) = (tile.first / patches.pixel, tile.first % patches.pixel);
                    for _ in 0..tile.vectors * lanes {
                        let weight = ((o * s.in_channels + first + c) * kh + u) * kw + v;
                        f(packed, (v < kw && c < count).then_some(weight));
                        (packed, c) = (packed + 1, c + 1);
                        if c == patches.pixel {
                            (v, c) = (v + 1, 0);
                        }
                    }
                }
            }
        }
    }
}
