//! The forward pass, some images at a time, so that a loop can go on with them while they are in a cache.

use rayon::prelude::*;

use super::image_forward;
use super::packed::Packed;
use super::parts::{PART, Parts, total};
use super::plan::Plan;
use crate::fused::Each;
use crate::gemm::{ROOM, Room};
use crate::shared::Shared;
use crate::{Conv2dShape, Float};

/// The number of tasks is a multiple of this where it can be, so that few threads all have the same to do.
const EVEN: usize = 4;

/// Images in a task; `None` if there is not room for one, no input or output, or several groups of channels.
fn images(s: &Conv2dShape) -> Option<usize> {
    let most = ROOM / (s.y_len() / s.batch.max(1)).max(1);
    let tasks = s.batch.div_ceil(most.max(1)).next_multiple_of(EVEN);
    (most > 0 && s.x_len() > 0 && s.y_len() > 0 && s.groups == 1).then(|| s.batch.div_ceil(tasks))
}

/// In how many tasks [`by_images`] computes the convolution; `None` if it cannot.
pub(crate) fn tasks_by_images(s: &Conv2dShape) -> Option<usize> {
    images(s).map(|images| s.batch.div_ceil(images))
}

/// Elements of scratch that [`by_images`] asks for.
pub(crate) fn scratch_by_images(s: &Conv2dShape) -> usize {
    let plan = Plan::forward(s);
    let bands = tasks_by_images(s).unwrap_or(0).saturating_mul(plan.own());
    total(&[Packed::<f32>::room(&plan), bands, PART])
}

/// The convolution of x with w, some images at a time: as soon as task i has computed images `first .. last`, it calls `each`
/// with i, these, and where the first element of the first image is. The call may read and overwrite them. If they are `kept` they
/// are in their place in there; otherwise they are gone after the call.
///
/// # Panics
/// As [`conv2d`](crate::conv2d), with the scratch of [`scratch_by_images`], and if [`tasks_by_images`] is `None`.
#[track_caller]
pub(crate) fn by_images<T: Float>(
    s: &Conv2dShape,
    [x, w]: [&[T]; 2],
    kept: Option<&mut [T]>,
    scratch: &mut [T],
    each: Each<'_, T>,
) {
    let y_len = kept.as_ref().map_or(s.y_len(), |kept| kept.len());
    s.check("conv2d", x.len(), w.len(), y_len, [scratch.len(), scratch_by_images(s)]);
    let images = images(s).expect("a convolution by images");
    let (plan, tasks) = (Plan::forward(s), s.batch.div_ceil(images));
    let (mut all, band) = (Parts::new(scratch), plan.own());
    let packed = Packed::new(&plan, w, &mut all);
    let (image, out_image) = (s.x_len() / s.batch, s.y_len() / s.batch);
    let kept = kept.map(|y| Shared(y.as_mut_ptr()));
    all.next(tasks * band).par_chunks_mut(band).enumerate().with_max_len(1).for_each(|(task, band)| {
        let mut room = Room::<T>::new();
        let [first, last] = [task * images, ((task + 1) * images).min(s.batch)];
        let at = kept.map_or(room.as_mut_ptr(), |y| y.get().wrapping_add(first * out_image));
        let len = (last - first) * out_image;
        // SAFETY: in the room there are as many elements, as `images` says, and zeros are numbers; in what is kept these elements
        // are the task's own.
        let y = unsafe {
            if kept.is_none() {
                at.write_bytes(0, len);
            }
            std::slice::from_raw_parts_mut(at, len)
        };
        for (n, y) in (first..).zip(y.chunks_exact_mut(out_image)) {
            image_forward(&plan, &packed, &x[n * image..][..image], band, y);
        }
        each(task, [first, last], at);
    });
}
