//! The programs of a function, one for each set of sizes that it has been called with.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bayeux_tensor::{AnySlice, AnyTensor};
use smallvec::SmallVec;

use super::arguments::Argument;
use super::pool::Pool;
use crate::bind::{bind, check_types};
use crate::compile::{Done, Memory, Program, Watch, compile};
use crate::profile::{Clock, Laps};
use crate::turn::Turns;
use crate::{AnyExpr, Error, Shared, Untyped};

/// What all calls of a function share. They find their programs here, and compile those that are missing.
#[derive(Debug)]
pub(super) struct Compiled {
    pub inputs: Vec<AnyExpr>,
    /// The outputs, then the updates' new values.
    pub roots: Vec<AnyExpr>,
    pub updated: Vec<Shared<Untyped>>,
    /// These, in the order in which calls take their turns.
    pub turns: Vec<Shared<Untyped>>,
    pub exclusive: bool,
    /// Whether random numbers are drawn.
    pub draws: bool,
    pub programs: List<Specialised>,
    /// The number of the program that ran or was compiled last.
    pub last: AtomicUsize,
    pub call: AtomicU64,
    /// The passes of the compiler, and how long each has taken for all programs.
    pub pass_times: Mutex<Vec<(&'static str, Duration)>>,
    pub profiling: bool,
}

/// A program for inputs of these shapes.
#[derive(Debug)]
pub(super) struct Specialised {
    /// Its place among the programs.
    pub number: usize,
    pub shapes: Vec<Vec<usize>>,
    pub program: Program,
    /// What calls run in.
    pub memories: Pool<Memory>,
    /// Times of the instructions, if they are wanted.
    pub clock: Option<Mutex<Clock>>,
}

impl Specialised {
    fn fits(&self, inputs: &[Argument<'_>]) -> bool {
        self.shapes.len() == inputs.len()
            && self.shapes.iter().zip(inputs).all(|(shape, input)| shape == input.shape)
    }

    pub fn set_clock(&mut self, on: bool) {
        self.clock = on.then(|| Mutex::new(Clock::new(&self.program)));
    }
}

impl Compiled {
    /// The number of outputs.
    pub fn outputs(&self) -> usize {
        self.roots.len() - self.updated.len()
    }

    /// The program for some inputs, compiled if there is none yet.
    pub fn program(&self, inputs: &[Argument<'_>]) -> Result<&Specialised, Box<Error>> {
        let specialised = match self.programs.iter().find(|specialised| specialised.fits(inputs)) {
            Some(found) => found,
            None => self.compile(inputs)?,
        };
        // Written only where it changes, since other threads read it.
        if self.last.load(Ordering::Relaxed) != specialised.number {
            self.last.store(specialised.number, Ordering::Relaxed);
        }
        Ok(specialised)
    }

    #[cold]
    fn compile(&self, inputs: &[Argument<'_>]) -> Result<&Specialised, Box<Error>> {
        let mut watch = Watch::start();
        let shapes: Vec<&[usize]> = inputs.iter().map(|input| input.shape).collect();
        let sizes = bind(&self.inputs, &shapes)?;
        let program = compile(&self.roots, &self.updated, self.exclusive, &self.inputs, &sizes, &mut watch)?;
        let mut new = Specialised {
            number: 0,
            shapes: shapes.into_iter().map(<[usize]>::to_vec).collect(),
            program,
            memories: Pool::default(),
            clock: None,
        };
        new.set_clock(self.profiling);
        watch.add_to(&mut self.pass_times.lock().unwrap_or_else(PoisonError::into_inner));
        // Of two threads that have compiled the same, both run what the first has put there.
        let same = |other: &Specialised| other.fits(inputs);
        Ok(self.programs.push(same, |number| Specialised { number, ..new }))
    }

    /// Runs a program in a memory, and updates the variables.
    #[inline]
    pub fn run(&self, specialised: &Specialised, memory: &mut Memory, inputs: &[Argument<'_>]) -> Done {
        check_types(&self.inputs, inputs.iter().map(|input| input.element))?;
        let mut slices = SmallVec::<[AnySlice<'_>; 8]>::new();
        for input in inputs {
            let Some(slice) = input.slice else {
                let copies: Vec<AnyTensor> = inputs.iter().map(|input| input.tensor().contiguous()).collect();
                let slices: Vec<AnySlice<'_>> = copies.iter().filter_map(AnyTensor::as_slice).collect();
                return self.run_on(specialised, memory, &slices);
            };
            slices.push(slice);
        }
        self.run_on(specialised, memory, &slices)
    }

    fn run_on(
        &self,
        Specialised { program, clock, .. }: &Specialised,
        memory: &mut Memory,
        inputs: &[AnySlice<'_>],
    ) -> Done {
        let _turns = Turns::take(&self.turns)?;
        let call = if self.draws { self.call.fetch_add(1, Ordering::Relaxed) } else { 0 };
        let mut laps = clock.as_ref().map(|_| Laps::begin());
        if let Err(error) = program.run(memory, inputs, call, laps.as_mut()) {
            if self.draws {
                // The next call gets the number, unless one has begun already.
                let _ = self.call.compare_exchange(call + 1, call, Ordering::Relaxed, Ordering::Relaxed);
            }
            return Err(error);
        }
        if let (Some(clock), Some(laps)) = (clock, laps) {
            clock.lock().unwrap_or_else(PoisonError::into_inner).add(laps);
        }
        for (i, shared) in self.updated.iter().enumerate() {
            memory.update(program, self.outputs() + i, shared);
        }
        Ok(())
    }
}

/// A list that grows while others read it.
#[derive(Debug)]
pub(super) struct List<X>(OnceLock<Box<(X, List<X>)>>);

impl<X> Default for List<X> {
    fn default() -> Self {
        List(OnceLock::new())
    }
}

impl<X> List<X> {
    pub fn iter(&self) -> impl Iterator<Item = &X> {
        let mut rest = self;
        std::iter::from_fn(move || {
            let (item, next) = &**rest.0.get()?;
            rest = next;
            Some(item)
        })
    }

    pub fn for_each_mut(&mut self, mut f: impl FnMut(&mut X)) {
        let mut rest = self;
        while let Some(node) = rest.0.get_mut() {
            f(&mut node.0);
            rest = &mut node.1;
        }
    }

    /// Puts an item at the end, of which it is told the number, unless there is the `same` one; the one that is there then.
    pub fn push(&self, same: impl Fn(&X) -> bool, item: impl FnOnce(usize) -> X) -> &X {
        let (mut rest, mut number, mut item) = (self, 0, Some(item));
        loop {
            let node = rest.0.get_or_init(|| {
                let item = item.take().unwrap_or_else(|| unreachable!("it is put there once"));
                Box::new((item(number), List::default()))
            });
            if item.is_none() || same(&node.0) {
                return &node.0;
            }
            (rest, number) = (&node.1, number + 1);
        }
    }
}
