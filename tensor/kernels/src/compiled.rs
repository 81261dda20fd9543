//! The large kernels, compiled in this crate, once for each element type.
//!
//! A generic function is compiled anew in every crate that calls it. For kernels that exist for several instruction sets
//! this would cost each program and each test minutes; so the public functions are thin, and call these.

mod floats;

use crate::fused::Each;
use crate::reduce::{Extent, Kind, MomentsShape};
use crate::{Conv2dShape, Pool2dShape};

/// The kernels for one element type.
pub trait CompiledKernels: Sized {
    fn peak_flops() -> f64;
    fn read_all(x: &[Self]) -> Self;
    fn reduce(kind: Kind, x: &[Self], extent: Extent, results: &mut [Self], scratch: &mut [Self]);
    fn places(x: &[Self], extent: Extent, results: &mut [Self]);
    fn moments(shape: &MomentsShape, x: &[Self], mean: &mut [Self], variance: &mut [Self]);
    #[allow(clippy::too_many_arguments)] // the BLAS signature
    fn gemm(
        size: [usize; 3],
        alpha: Self,
        a: &[Self],
        a_strides: [isize; 2],
        b: &[Self],
        b_strides: [isize; 2],
        beta: Self,
        c: &mut [Self],
        scratch: &mut [Self],
    );
    fn gemm_by_rows(
        size: [usize; 3],
        tasks: [usize; 2],
        factors: [(&[Self], [isize; 2]); 2],
        kept: Option<&mut [Self]>,
        scratch: &mut [Self],
        each: Each<'_, Self>,
    );
    fn conv2d_by_images(
        s: &Conv2dShape,
        factors: [&[Self]; 2],
        kept: Option<&mut [Self]>,
        scratch: &mut [Self],
        each: Each<'_, Self>,
    );
    fn conv2d(s: &Conv2dShape, x: &[Self], w: &[Self], y: &mut [Self], scratch: &mut [Self]);
    fn conv2d_input(s: &Conv2dShape, dy: &[Self], w: &[Self], dx: &mut [Self], scratch: &mut [Self]);
    fn conv2d_weights(s: &Conv2dShape, x: &[Self], dy: &[Self], dw: &mut [Self], scratch: &mut [Self]);
    fn conv2d_max_pool2d(
        shapes: (&Conv2dShape, &Pool2dShape),
        x: &[Self],
        w: &[Self],
        y: &mut [Self],
        places: &mut [u8],
        scratch: &mut [Self],
    );
    fn conv2d_input_pooled(
        shapes: (&Conv2dShape, &Pool2dShape),
        g: &[Self],
        places: &[u8],
        w: &[Self],
        dx: &mut [Self],
        scratch: &mut [Self],
    );
    fn conv2d_weights_pooled(
        shapes: (&Conv2dShape, &Pool2dShape),
        x: &[Self],
        g: &[Self],
        places: &[u8],
        dw: &mut [Self],
        scratch: &mut [Self],
    );
}
