//! A part of a product: panels of B, copied by all threads, then multiplied by rows of A in independent tasks.

use std::mem::MaybeUninit;

use rayon::prelude::*;

use super::kernel::{Panel, Place, ROWS_IN_PLACE, Strip};
use super::pack::Matrix;
use crate::Float;
use crate::lanes::{self, Lanes, Task, groups, lanes};

/// Terms of a sum that are added up in registers, at most: a panel fills half of a first-level cache.
pub(super) const DEPTH: usize = 256;
/// Rows of A that are copied at a time, at most: with a panel they leave most of a second-level cache to C.
const ROWS: usize = MOST_STRIPS * STRIP;
/// Rows that tasks are multiples of, more or less. (Tiles may have more, as many as the registers hold.)
pub(super) const STRIP: usize = 6;
/// Strips of A in a task, at most, where there is enough to do.
const MOST_STRIPS: usize = 10;
/// Strips of A in a task, at least, unless there are fewer: a panel comes from the second-level cache once for so many.
pub(super) const FEWEST_STRIPS: usize = 5;
/// Panels of B in a task, at least, unless there are fewer: a task copies its strips of A for so many.
const TASK_PANELS: usize = 16;
/// Tasks, unless they would be too small or too large.
const TASKS: usize = 16;
/// The number of tasks is a multiple of this where it can be, so that few threads all have the same to do.
const EVEN: usize = 4;
/// Products in a task, at least.
const TASK_PRODUCTS: usize = 1 << 18;
/// Products that are enough for a task, whatever their number.
const MANY_PRODUCTS: usize = 1 << 20;
/// Panels that a task copies.
const COPIES: usize = 4;
/// Elements that are copied on one thread.
const SERIAL: usize = 1 << 15;

/// How a product is cut into tasks.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    /// Tasks one below the other, each of some strips of A.
    pub down: usize,
    /// Tasks side by side, each of some panels of B.
    pub across: usize,
}

impl Cut {
    /// For A of m×k and B of k × so many panels of `width` columns, with at most so many strips a task.
    pub fn new([m, k, panels]: [usize; 3], width: usize, most_strips: usize) -> Self {
        let products = m.saturating_mul(k).saturating_mul(panels.saturating_mul(width));
        let strips = m.div_ceil(STRIP);
        let tasks = (products / TASK_PRODUCTS).clamp(1, TASKS);
        let enough = ROWS.saturating_mul(products / m.max(1)) >= MANY_PRODUCTS;
        let most_strips = most_strips.min(if enough { MOST_STRIPS } else { strips }).max(1);
        let least = strips.div_ceil(most_strips).max(1);
        let down = if tasks.max(least) > 1 { tasks.max(least).next_multiple_of(EVEN) } else { 1 };
        let down = down.min(strips / FEWEST_STRIPS).max(least);
        let across = (tasks / down).clamp(1, (panels / TASK_PANELS).max(1));
        Cut { down, across }
    }
}

/// `C ← α A B` or `C ← α A B + C`.
#[derive(Clone, Copy)]
pub(super) struct Part<T> {
    /// Rows, terms, columns.
    pub size: [usize; 3],
    pub alpha: T,
    pub a: Matrix<T>,
    pub b: Matrix<T>,
    /// Whether A's rows are contiguous and are read in place.
    pub a_in_place: bool,
    /// Room for α B, padded with zeros to whole panels: for each of the groups of terms, panel after panel.
    pub b_copy: *mut T,
    /// Whether the product is added to C, or replaces it.
    pub add: bool,
    pub cut: Cut,
}

// SAFETY: the pointers are the same for all tasks, which write to different elements.
unsafe impl<T: Sync> Sync for Part<T> {}

impl<T: Float> Part<T> {
    pub fn tasks(&self) -> usize {
        self.cut.down * self.cut.across
    }

    /// The first row of a task, and the first after it.
    pub fn rows(&self, task: usize) -> [usize; 2] {
        let (m, strips) = (self.size[0], self.size[0].div_ceil(STRIP));
        let down = task / self.cut.across;
        // As `groups` cuts rows into strips, some of which have one row more than others.
        let row = |strip: usize| strip * (m / strips) + strip.min(m % strips);
        [down, down + 1].map(|i| row(i * strips / self.cut.down))
    }

    /// Copies B.
    ///
    /// # Safety
    /// All of B can be read, and there is room for the copy.
    pub unsafe fn copy(&self) {
        let ([_, k, n], width) = (self.size, 2 * lanes::<T>());
        let panels = n.div_ceil(width);
        let tasks = panels.div_ceil(COPIES);
        for_each(tasks, n * k <= SERIAL, |task| {
            lanes::run(CopyPanels(*self, [task * panels / tasks, (task + 1) * panels / tasks]));
        });
    }

    /// One of the tasks. C's first element, of all rows, is at `c`, its rows are `c_step` apart.
    ///
    /// # Safety
    /// B has been copied, all of A can be read, and the task's elements of C are the caller's to write.
    pub unsafe fn multiply(&self, task: usize, c: *mut T, c_step: usize) {
        let ([_, _, n], width) = (self.size, 2 * lanes::<T>());
        let ([first, last], beside) = (self.rows(task), task % self.cut.across);
        let panels = [beside, beside + 1].map(|i| i * n.div_ceil(width) / self.cut.across);
        for (row, rows) in groups(last - first, ROWS) {
            lanes::run(Multiply { part: *self, rows: [first + row, first + row + rows], panels, c, c_step });
        }
    }

    /// The copy of a panel, for the terms from `first` on.
    fn panel<V: Lanes<T = T>>(&self, panel: usize, [first, depth]: [usize; 2]) -> *mut T {
        let ([_, _, n], width) = (self.size, 2 * V::N);
        self.b_copy.wrapping_add(first * n.next_multiple_of(width) + panel * width * depth)
    }
}

/// Does all tasks: here, or on all threads.
pub(super) fn for_each(tasks: usize, small: bool, task: impl Fn(usize) + Sync + Send) {
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
                // SAFETY: `Part::copy` promises B, and room for its panels.
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

/// Room for copied rows of A, on the worker's stack, so that it stays in the caches from one task to the next.
#[repr(align(64))]
struct Room<T>([MaybeUninit<T>; ROWS * DEPTH]);

/// The product of these rows, at most [`ROWS`], and panels. It takes [`DEPTH`] terms at a time, for which it copies the rows as
/// strips, and goes along the panels: each stays in the first-level cache while all the strips pass by.
struct Multiply<T> {
    part: Part<T>,
    rows: [usize; 2],
    panels: [usize; 2],
    c: *mut T,
    c_step: usize,
}

impl<T: Float> Task<T> for Multiply<T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let (part, width) = (self.part, 2 * V::N);
        let ([m, k, n], [begin, end]) = (part.size, self.rows);
        let mut room = const { Room([MaybeUninit::<T>::uninit(); ROWS * DEPTH]) };
        let room = room.0.as_mut_ptr().cast::<T>();
        let most = if part.a_in_place { V::ROWS.min(ROWS_IN_PLACE) } else { V::ROWS };
        let strips = || groups(end - begin, most).map(|(row, rows)| [begin + row, rows]);
        for (first, depth) in groups(k, DEPTH) {
            let add = part.add || first > 0;
            if !part.a_in_place {
                for [row, rows] in strips() {
                    // SAFETY: `Part::multiply` promises A; the room is for as many rows and terms.
                    unsafe {
                        let copy = room.add((row - begin) * depth);
                        part.a.from(row, first).pack_strip::<V>([rows, depth], m - row, copy);
                    }
                }
            }
            for panel in self.panels[0]..self.panels[1] {
                let (column, columns) = (panel * width, (n - panel * width).min(width));
                let panel = Panel { at: part.panel::<V>(panel, [first, depth]), depth };
                for [row, rows] in strips() {
                    let strip = match part.a_in_place {
                        true => Strip::Rows { at: part.a.from(row, first).at, step: part.a.steps[0] },
                        false => Strip::Packed { at: room.wrapping_add((row - begin) * depth) },
                    };
                    let at = self.c.wrapping_add(row * self.c_step + column);
                    let place = Place { at, step: self.c_step, size: [rows, columns], add };
                    // SAFETY: `Part::multiply` promises A and C; the copies have been written.
                    unsafe { strip.times::<V>(panel, place) };
                }
            }
        }
    }
}
