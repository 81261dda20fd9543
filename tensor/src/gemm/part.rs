//! A part of a product, of which both factors fit in the scratch: copied by all threads, then multiplied by all threads.

use rayon::prelude::*;

use super::kernel::{Panel, Place, Strip};
use super::pack::Matrix;
use crate::Float;
use crate::lanes::{self, Lanes, Task, groups};
use crate::tile::TILE;

/// Terms of a sum that are added up in registers, at most: a panel fills half of a first-level cache.
pub(super) const DEPTH: usize = 256;
/// Bytes of the strips of a task, for `DEPTH` terms, at most: half of a second-level cache.
const STRIP_BYTES: usize = 256 << 10;
/// Tasks, unless they would be too small or too large.
const TASKS: usize = 16;
/// Products in a task, at least.
const TASK_PRODUCTS: usize = 1 << 18;
/// Panels of B in a task, at least, unless there are fewer.
const TASK_PANELS: usize = 4;
/// Strips of A in a task, at least, unless there are fewer.
const TASK_STRIPS: usize = 8;
/// Strips, and panels, that a task copies.
const COPIES: usize = 4;
/// Elements that are copied on one thread.
const SERIAL: usize = 1 << 15;

/// `C ← α A B` or `C ← α A B + C`.
#[derive(Clone, Copy)]
pub(super) struct Part<T> {
    /// Rows, terms, columns.
    pub size: [usize; 3],
    pub alpha: T,
    pub a: Matrix<T>,
    pub b: Matrix<T>,
    pub c: *mut T,
    pub c_step: usize,
    /// Whether the product is added to C, or replaces it.
    pub add: bool,
    /// Room for A; if there is none, A's rows are contiguous and are read in place. The copy is, for each of the groups
    /// of terms, strip after strip.
    pub a_copy: Option<*mut T>,
    /// Room for α B, padded with zeros to whole panels: for each of the groups of terms, panel after panel.
    pub b_copy: *mut T,
}

// SAFETY: the pointers are the same for all tasks, which write to different elements.
unsafe impl<T: Sync> Sync for Part<T> {}

impl<T: Float> Part<T> {
    /// # Safety
    /// All of A and B can be read, all of C is the caller's to write, and there is room for the copies.
    pub unsafe fn run(self) {
        let ([m, k, n], width) = (self.size, 2 * <T::Portable as Lanes>::N);
        let (strips, panels) = (m.div_ceil(TILE), n.div_ceil(width));
        let copied_strips = if self.a_copy.is_some() { strips } else { 0 };
        let (a_tasks, b_tasks) = (copied_strips.div_ceil(COPIES), panels.div_ceil(COPIES));
        let small = (copied_strips * TILE + n) * k <= SERIAL;
        let part = &self;
        for_each(a_tasks + b_tasks, small, |task| match task.checked_sub(b_tasks) {
            None => lanes::run(CopyPanels(*part, [task * panels / b_tasks, (task + 1) * panels / b_tasks])),
            Some(task) => {
                lanes::run(CopyStrips(*part, [task * strips / a_tasks, (task + 1) * strips / a_tasks]))
            }
        });
        let down = strips.div_ceil(STRIP_BYTES / DEPTH / TILE / size_of::<T>());
        let wanted = (m * k * n / TASK_PRODUCTS).clamp(1, TASKS);
        let across = wanted.div_ceil(down).next_power_of_two().min(panels.div_ceil(TASK_PANELS));
        let more = (wanted / across).min(strips / TASK_STRIPS);
        let down = if more > down { 1 << more.ilog2() } else { down };
        for_each(down * across, false, |task| {
            let share = |total: usize, count: usize, i: usize| [i * total / count, (i + 1) * total / count];
            lanes::run(Multiply {
                part: *part,
                strips: share(strips, down, task / across),
                panels: share(panels, across, task % across),
            });
        });
    }

    /// The copy of a panel, for the terms from `first` on.
    fn panel<V: Lanes<T = T>>(&self, panel: usize, [first, depth]: [usize; 2]) -> *mut T {
        let ([_, _, n], width) = (self.size, 2 * V::N);
        self.b_copy.wrapping_add(first * n.next_multiple_of(width) + panel * width * depth)
    }

    /// Of a strip: its first row, its rows.
    #[inline(always)]
    fn rows(&self, strip: usize) -> [usize; 2] {
        let (row, rows) = groups(self.size[0], TILE).nth(strip).expect("a strip of A");
        [row, rows]
    }
}

/// Does all tasks: here, or on all threads.
fn for_each(tasks: usize, small: bool, task: impl Fn(usize) + Sync + Send) {
    if small || tasks == 1 {
        (0..tasks).for_each(task);
    } else {
        (0..tasks).into_par_iter().with_max_len(1).for_each(task);
    }
}

/// Copies these panels of B.
struct CopyPanels<T>(Part<T>, [usize; 2]);

impl<T: Float> Task<T> for CopyPanels<T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let (Self(part, [begin, end]), width) = (self, 2 * V::N);
        let [_, k, n] = part.size;
        for (first, depth) in groups(k, DEPTH) {
            for panel in begin..end {
                let columns = (n - panel * width).min(width);
                let copy = part.panel::<V>(panel, [first, depth]);
                // SAFETY: `Part::run` promises B, and room for its panels.
                unsafe {
                    part.b.from(first, panel * width).pack_panel::<V>([depth, columns], copy);
                    if part.alpha != T::ONE {
                        (0..depth * width).for_each(|i| *copy.add(i) = part.alpha * *copy.add(i));
                    }
                }
            }
        }
    }
}

/// Copies these strips of A.
struct CopyStrips<T>(Part<T>, [usize; 2]);

impl<T: Float> Task<T> for CopyStrips<T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let Self(part, [begin, end]) = self;
        let ([m, k, _], Some(copy)) = (part.size, part.a_copy) else { return };
        for (first, depth) in groups(k, DEPTH) {
            for [row, rows] in (begin..end).map(|strip| part.rows(strip)) {
                // SAFETY: `Part::run` promises A, and room for its strips.
                unsafe {
                    let copy = copy.add(first * m + row * depth);
                    part.a.from(row, first).pack_strip::<V>([rows, depth], m - row, copy);
                }
            }
        }
    }
}

/// The product of these strips and panels. It takes [`DEPTH`] terms at a time and goes along the panels: each stays in the
/// first-level cache while all the strips, which stay in the second-level cache, pass by.
struct Multiply<T> {
    part: Part<T>,
    strips: [usize; 2],
    panels: [usize; 2],
}

impl<T: Float> Task<T> for Multiply<T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let (part, width) = (self.part, 2 * V::N);
        let [m, k, n] = part.size;
        for (first, depth) in groups(k, DEPTH) {
            let add = part.add || first > 0;
            for panel in self.panels[0]..self.panels[1] {
                let (column, columns) = (panel * width, (n - panel * width).min(width));
                let panel = Panel { at: part.panel::<V>(panel, [first, depth]), depth };
                for [row, rows] in (self.strips[0]..self.strips[1]).map(|strip| part.rows(strip)) {
                    // SAFETY: `Part::run` promises A and C; the copies have been written.
                    unsafe {
                        let strip = match part.a_copy {
                            Some(copy) => Strip::Packed { at: copy.add(first * m + row * depth) },
                            None => Strip::Rows { at: part.a.from(row, first).at, step: part.a.steps[0] },
                        };
                        let at = part.c.add(row * part.c_step + column);
                        let place = Place { at, step: part.c_step, size: [rows, columns], add };
                        strip.times::<V>(panel, place);
                    }
                }
            }
        }
    }
}
