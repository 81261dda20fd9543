//! Sizes, strides and paddings that no memory could have, or whose products wrap around to numbers that look right: all that a
//! safe caller may hand over. A call may compute what it says, or panic; what lies around its slices stays as it was.

mod any;
mod wrapping;

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use bayeux_kernels::{gemm, gemm_scratch};

/// Elements around a slice, which nobody may write.
const AROUND: usize = 4096;

/// Calls `f` with a slice of so many ones that has others around it. If it does not keep to its own, whether or not it panics,
/// the process ends: a panic could be taken for a refusal.
fn within<R>(len: usize, f: impl FnOnce(&mut [f32]) -> R) -> R {
    let mut all = vec![1.0f32; len + 2 * AROUND];
    let result = catch_unwind(AssertUnwindSafe(|| f(&mut all[AROUND..][..len])));
    if all[..AROUND].iter().chain(&all[AROUND + len..]).any(|&x| x != 1.0) {
        let _ = writeln!(std::io::stderr(), "a kernel wrote beyond its slice of {len}");
        std::process::abort();
    }
    result.unwrap_or_else(|panic| resume_unwind(panic))
}

fn product([m, k, n]: [usize; 3], a: [isize; 2], b: [isize; 2], [len_a, len_b, len_c]: [usize; 3]) {
    let (x, y, mut scratch) =
        (vec![1.0; len_a], vec![1.0; len_b], vec![0.0; gemm_scratch(k, n).min(1 << 16)]);
    within(len_c, |c| gemm(m, k, n, 1.0, &x, a, &y, b, 0.0, c, &mut scratch));
}
