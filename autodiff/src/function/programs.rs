//! The programs of a function that are kept: those that ran last.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::argument::Argument;
use crate::execute;
use crate::profile::Clock;

/// How many programs are kept unless something else is said.
pub(super) const MOST_PROGRAMS: usize = 16;

/// A program for inputs of these shapes.
#[derive(Debug)]
pub(super) struct Specialised {
    /// One that no other program of the function has had.
    pub number: usize,
    pub shapes: Vec<Vec<usize>>,
    pub code: execute::Ready,
    /// Times of the instructions, if they are taken.
    pub clock: Mutex<Option<Clock>>,
    /// When the function began to use it last, as its programs count.
    used: AtomicUsize,
    /// Whether it is no longer kept.
    gone: AtomicBool,
}

impl Specialised {
    pub fn new(shapes: Vec<Vec<usize>>, code: execute::Ready, number: usize) -> Self {
        let (clock, used, gone) = (Mutex::default(), AtomicUsize::new(0), AtomicBool::new(false));
        Specialised { number, shapes, code, clock, used, gone }
    }

    pub fn fits(&self, inputs: &[Argument<'_>]) -> bool {
        self.shapes.len() == inputs.len()
            && self.shapes.iter().zip(inputs).all(|(shape, input)| shape == input.shape)
    }

    pub fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }
}

/// A program, and a memory to run it in.
#[derive(Debug)]
pub(super) struct Ready {
    pub specialised: Arc<Specialised>,
    pub memory: execute::Memory,
}

impl Ready {
    pub fn is_for(&self, specialised: &Specialised) -> bool {
        self.specialised.number == specialised.number
    }
}

/// At most so many programs. Calls write here only when they compile, or run another program than the call before.
#[derive(Debug)]
pub(super) struct Programs {
    kept: RwLock<Vec<Arc<Specialised>>>,
    most: AtomicUsize,
    /// How many have been compiled.
    compiled: AtomicUsize,
    /// The number of the program that ran or was compiled last,
    last: AtomicUsize,
    /// and how often that was another one than before.
    turns: AtomicUsize,
}

impl Programs {
    pub fn new(most: usize) -> Self {
        let [most, compiled, last, turns] = [most, 0, usize::MAX, 0].map(AtomicUsize::new);
        Programs { kept: RwLock::default(), most, compiled, last, turns }
    }

    /// How many are kept at most.
    pub fn most(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }

    pub fn read(&self) -> RwLockReadGuard<'_, Vec<Arc<Specialised>>> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Vec<Arc<Specialised>>> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number for a new program.
    pub fn number(&self) -> usize {
        self.compiled.fetch_add(1, Ordering::Relaxed)
    }

    /// Notes that a program is used. It is written only where it changes, since other threads read it.
    #[inline]
    pub fn note(&self, specialised: &Specialised) {
        if self.last.load(Ordering::Relaxed) != specialised.number {
            self.last.store(specialised.number, Ordering::Relaxed);
            let turn = self.turns.fetch_add(1, Ordering::Relaxed);
            specialised.used.store(turn, Ordering::Relaxed);
        }
    }

    /// The program for some inputs.
    pub fn find(&self, inputs: &[Argument<'_>]) -> Option<Arc<Specialised>> {
        self.read().iter().find(|kept| kept.fits(inputs)).cloned()
    }

    /// The program that ran or was compiled last.
    pub fn last(&self) -> Option<Arc<Specialised>> {
        let last = self.last.load(Ordering::Relaxed);
        self.read().iter().find(|kept| kept.number == last).cloned()
    }

    /// Keeps a program, unless there is one of the same shapes: the one that is kept then, and whether another had to go.
    pub fn keep(&self, new: Arc<Specialised>) -> (Arc<Specialised>, bool) {
        let mut kept = self.write();
        if let Some(same) = kept.iter().find(|other| other.shapes == new.shapes) {
            return (same.clone(), false);
        }
        new.gone.store(false, Ordering::Relaxed);
        self.note(&new);
        kept.push(new.clone());
        (new, self.shrink(&mut kept))
    }

    /// Sets how many programs are kept. Says whether some had to go.
    pub fn set_most(&self, most: usize) -> bool {
        self.most.store(most, Ordering::Relaxed);
        self.shrink(&mut self.write())
    }

    /// Lets go of those that were not used for longest.
    fn shrink(&self, kept: &mut Vec<Arc<Specialised>>) -> bool {
        let before = kept.len();
        while kept.len() > self.most.load(Ordering::Relaxed).max(1) {
            let used = |i: &usize| kept[*i].used.load(Ordering::Relaxed);
            let Some(oldest) = (0..kept.len()).min_by_key(used) else { break };
            kept.remove(oldest).gone.store(true, Ordering::Relaxed);
        }
        kept.len() < before
    }
}
