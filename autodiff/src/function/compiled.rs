//! The programs of a function, one for each set of sizes that it has been called with.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bayeux_tensor::{AnySlice, AnyTensor};
use smallvec::SmallVec;

use super::argument::Argument;
use super::explain;
use super::pool::Pool;
use super::programs::{Programs, Ready, Specialised};
use crate::bind::{bind, check_types};
use crate::compile::{Watch, compile};
use crate::execute::{Code, Done, TARGET, prepare};
use crate::ops::CallNumber;
use crate::profile::{Clock, Laps};
use crate::turn::Turns;
use crate::{AnyExpr, Error, Shared, Untyped};

/// What all calls of a function share. They find their programs here, and compile those that are missing.
#[derive(Debug)]
pub(super) struct Compiled {
    pub inputs: Vec<AnyExpr>,
    /// The outputs, then the updates' new values.
    pub roots: Vec<AnyExpr>,
    /// The rules that found stable forms for them, and how often.
    pub stable_forms: BTreeMap<&'static str, usize>,
    pub updated: Vec<Shared<Untyped>>,
    /// These, in the order in which calls take their turns.
    pub turns: Vec<Shared<Untyped>>,
    pub exclusive: bool,
    /// Whether random numbers are drawn.
    pub draws: bool,
    pub programs: Programs,
    /// What calls run in: programs, each in a memory of its own.
    pub ready: Pool<Ready>,
    pub call: AtomicU64,
    /// The passes of the compiler, and how long each has taken for all programs.
    pub pass_times: Mutex<Vec<(&'static str, Duration)>>,
    pub profiling: bool,
}

impl Compiled {
    /// The number of outputs.
    pub fn outputs(&self) -> usize {
        self.roots.len() - self.updated.len()
    }

    /// Calls `f` with the program for some inputs, and a memory for it that nobody else uses meanwhile.
    #[inline]
    pub fn with<R>(
        &self,
        inputs: &[Argument<'_>],
        f: impl FnOnce(&mut Ready) -> Result<R, Box<Error>>,
    ) -> Result<R, Box<Error>> {
        let fits = |ready: &Ready| ready.specialised.fits(inputs) && !ready.specialised.is_gone();
        let noted = |ready: &mut Ready| {
            self.programs.note(&ready.specialised);
            f(ready)
        };
        self.ready.with(fits, || self.ready(inputs), noted)?
    }

    /// The program for some inputs, compiled if there is none yet, and a memory that nobody uses.
    pub fn ready(&self, inputs: &[Argument<'_>]) -> Result<Ready, Box<Error>> {
        check_types(&self.inputs, inputs.iter().map(|input| input.element))?;
        let specialised = match self.programs.find(inputs) {
            Some(found) => found,
            None => self.compile(inputs)?,
        };
        self.programs.note(&specialised);
        let idle = self.ready.idle(|ready| ready.is_for(&specialised));
        Ok(idle.unwrap_or_else(|| Ready { memory: specialised.code.memory(), specialised }))
    }

    #[cold]
    fn compile(&self, inputs: &[Argument<'_>]) -> Result<Arc<Specialised>, Box<Error>> {
        let folder = std::env::var_os("BAYEUX_EXPLAIN").filter(|folder| !folder.is_empty());
        let mut watch = if folder.is_some() { Watch::recording() } else { Watch::start() };
        let shapes: Vec<&[usize]> = inputs.iter().map(|input| input.shape).collect();
        let sizes = bind(&self.inputs, &shapes)?;
        let program =
            compile(&self.roots, &self.updated, self.exclusive, &self.inputs, &sizes, &TARGET, &mut watch)?;
        let code = watch.lap("prepare", prepare(program));
        if let Some(folder) = folder {
            explain::write(folder.as_ref(), &self.page(&shapes, &watch));
        }
        watch.add_to(&mut self.pass_times.lock().unwrap_or_else(PoisonError::into_inner));
        let shapes = shapes.into_iter().map(<[usize]>::to_vec).collect();
        // Of two threads that have compiled the same, both run what the first has put there.
        Ok(self.keep(Arc::new(Specialised::new(shapes, code, self.programs.number()))))
    }

    /// What the compiler makes of the function for some inputs.
    pub fn explain(&self, inputs: &[Argument<'_>]) -> Result<String, Box<Error>> {
        check_types(&self.inputs, inputs.iter().map(|input| input.element))?;
        let shapes: Vec<&[usize]> = inputs.iter().map(|input| input.shape).collect();
        let sizes = bind(&self.inputs, &shapes)?;
        let mut watch = Watch::recording();
        compile(&self.roots, &self.updated, self.exclusive, &self.inputs, &sizes, &TARGET, &mut watch)?;
        Ok(self.page(&shapes, &watch))
    }

    fn page(&self, shapes: &[&[usize]], watch: &Watch) -> String {
        explain::page((&self.inputs, shapes), &self.roots, &self.stable_forms, watch)
    }

    /// Keeps a program; those that are let go for it take their memories with them.
    pub fn keep(&self, new: Arc<Specialised>) -> Arc<Specialised> {
        let (kept, others_went) = self.programs.keep(new);
        if others_went {
            self.forget();
        }
        kept
    }

    /// Drops the memories of programs that are not kept, but for those in use, which go the next time.
    pub fn forget(&self) {
        self.ready.remove(|ready| ready.specialised.is_gone());
    }

    /// Puts back what nobody uses any more.
    pub fn leave(&self, ready: Ready) {
        if !ready.specialised.is_gone() {
            let specialised = ready.specialised.clone();
            self.ready.leave(ready, |other| other.is_for(&specialised));
        }
    }

    /// Runs a program in a memory, and updates the variables.
    #[inline]
    pub fn run(&self, ready: &mut Ready, inputs: &[Argument<'_>]) -> Done {
        check_types(&self.inputs, inputs.iter().map(|input| input.element))?;
        let mut slices = SmallVec::<[AnySlice<'_>; 8]>::new();
        for input in inputs {
            let Some(slice) = input.slice else {
                let copies: Vec<AnyTensor> = inputs.iter().map(|input| input.tensor().contiguous()).collect();
                let slices: Vec<AnySlice<'_>> = copies.iter().filter_map(AnyTensor::as_slice).collect();
                return self.run_on(ready, &slices);
            };
            slices.push(slice);
        }
        self.run_on(ready, &slices)
    }

    fn run_on(&self, Ready { specialised, memory }: &mut Ready, inputs: &[AnySlice<'_>]) -> Done {
        let code = &specialised.code;
        let _turns = Turns::take(&self.turns)?;
        let call = if self.draws { self.call.fetch_add(1, Ordering::Relaxed) } else { 0 };
        let mut laps = self.profiling.then(Laps::begin);
        if let Err(error) = code.run(memory, inputs, CallNumber::new(call), laps.as_mut()) {
            if self.draws {
                // The next call gets the number, unless one has begun already.
                let _ = self.call.compare_exchange(call + 1, call, Ordering::Relaxed, Ordering::Relaxed);
            }
            return Err(error);
        }
        if let Some(laps) = laps {
            let mut clock = specialised.clock.lock().unwrap_or_else(PoisonError::into_inner);
            clock.get_or_insert_with(|| Clock::new(code.program())).add(laps);
        }
        for (i, shared) in self.updated.iter().enumerate() {
            code.update(memory, self.outputs() + i, shared);
        }
        Ok(())
    }
}
