//! The large kernels of f32 and f64.

use super::CompiledKernels;
use crate::fused::Each;
use crate::reduce::{self, Extent, Kind, MomentsShape};
use crate::{Conv2dShape, Pool2dShape, conv, gemm, peak};

macro_rules! compiled {
    ($t:ident) => {
        impl CompiledKernels for $t {
            fn peak_flops() -> f64 {
                peak::measure::<$t>()
            }
            fn read_all(x: &[Self]) -> Self {
                peak::read(x)
            }
            fn reduce(kind: Kind, x: &[Self], extent: Extent, results: &mut [Self], scratch: &mut [Self]) {
                reduce::along(kind, x, extent, results, scratch)
            }
            fn places(x: &[Self], extent: Extent, results: &mut [Self]) {
                reduce::places(x, extent, results)
            }
            fn moments(shape: &MomentsShape, x: &[Self], mean: &mut [Self], variance: &mut [Self]) {
                reduce::moments_along(shape, x, mean, variance)
            }
            #[track_caller]
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
            ) {
                gemm::product(size, alpha, a, a_strides, b, b_strides, beta, c, scratch);
            }
            #[track_caller]
            fn gemm_by_rows(
                size: [usize; 3],
                tasks: [usize; 2],
                factors: [(&[Self], [isize; 2]); 2],
                kept: Option<&mut [Self]>,
                scratch: &mut [Self],
                each: Each<'_, Self>,
            ) {
                gemm::by_rows(size, tasks, factors, kept, scratch, each);
            }
            #[track_caller]
            fn conv2d_by_images(
                s: &Conv2dShape,
                factors: [&[Self]; 2],
                kept: Option<&mut [Self]>,
                scratch: &mut [Self],
                each: Each<'_, Self>,
            ) {
                conv::by_images(s, factors, kept, scratch, each);
            }
            #[track_caller]
            fn conv2d(s: &Conv2dShape, x: &[Self], w: &[Self], y: &mut [Self], scratch: &mut [Self]) {
                conv::forward(s, x, w, y, scratch);
            }
            #[track_caller]
            fn conv2d_input(s: &Conv2dShape, dy: &[Self], w: &[Self], dx: &mut [Self], scratch: &mut [Self]) {
                conv::input(s, dy, w, dx, scratch);
            }
            #[track_caller]
            fn conv2d_weights(
                s: &Conv2dShape,
                x: &[Self],
                dy: &[Self],
                dw: &mut [Self],
                scratch: &mut [Self],
            ) {
                conv::weights(s, x, dy, dw, scratch);
            }
            #[track_caller]
            fn conv2d_max_pool2d(
                shapes: (&Conv2dShape, &Pool2dShape),
                x: &[Self],
                w: &[Self],
                y: &mut [Self],
                places: &mut [u8],
                scratch: &mut [Self],
            ) {
                conv::pooled::forward(shapes, x, w, y, places, scratch);
            }
            #[track_caller]
            fn conv2d_input_pooled(
                shapes: (&Conv2dShape, &Pool2dShape),
                g: &[Self],
                places: &[u8],
                w: &[Self],
                dx: &mut [Self],
                scratch: &mut [Self],
            ) {
                conv::pooled::input(shapes, g, places, w, dx, scratch);
            }
            #[track_caller]
            fn conv2d_weights_pooled(
                shapes: (&Conv2dShape, &Pool2dShape),
                x: &[Self],
                g: &[Self],
                places: &[u8],
                dw: &mut [Self],
                scratch: &mut [Self],
            ) {
                conv::pooled::weights(shapes, x, g, places, dw, scratch);
            }
        }
    };
}

compiled!(f32);
compiled!(f64);
