//! Calls that update a variable take turns: two that read it at the same time would lose what one of them makes of it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

use crate::{Error, Shared, Untyped};

/// Whether somebody is updating a variable.
#[derive(Debug, Default)]
pub(crate) struct Turn(AtomicBool);

/// How many threads wait for some turn,
static WAITING: AtomicUsize = AtomicUsize::new(0);
/// and what wakes them. It is one for all variables, since waiting is rare and there are many of them.
static ENDED: (Mutex<()>, Condvar) = (Mutex::new(()), Condvar::new());

impl Turn {
    fn is_taken_now(&self) -> bool {
        self.0.compare_exchange(false, true, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// Takes the turn as soon as nobody has it.
    fn wait(&self) {
        WAITING.fetch_add(1, Ordering::SeqCst);
        let mut lock = ENDED.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Who ends a turn after this has failed sees that somebody waits.
        while !self.is_taken_now() {
            lock = ENDED.1.wait(lock).unwrap_or_else(PoisonError::into_inner);
        }
        WAITING.fetch_sub(1, Ordering::SeqCst);
    }

    fn end(&self) {
        self.0.store(false, Ordering::SeqCst);
        if WAITING.load(Ordering::SeqCst) > 0 {
            let _lock = ENDED.0.lock().unwrap_or_else(PoisonError::into_inner);
            ENDED.1.notify_all();
        }
    }
}

/// The turns of some variables, until it is dropped.
pub(crate) struct Turns<'a>(&'a [Shared<Untyped>]);

impl<'a> Turns<'a> {
    /// Takes the turns of variables that are ordered by their addresses, so that nobody waits for somebody who waits for them.
    ///
    /// # Errors
    /// On a thread of a rayon pool, if somebody else has one of them: the thread may have interrupted the very call that it
    /// would wait for.
    pub fn take(variables: &'a [Shared<Untyped>]) -> Result<Self, Box<Error>> {
        for (i, variable) in variables.iter().enumerate() {
            let turn = variable.turn();
            if turn.is_taken_now() {
                continue;
            }
            if rayon::current_thread_index().is_some() {
                drop(Turns(&variables[..i]));
                return Err(Box::new(Error::Busy(variable.name().into())));
            }
            turn.wait();
        }
        Ok(Turns(variables))
    }
}

impl Drop for Turns<'_> {
    fn drop(&mut self) {
        self.0.iter().for_each(|variable| variable.turn().end());
    }
}
