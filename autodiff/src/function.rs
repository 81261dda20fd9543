//! Compiled functions.

mod argument;
mod arguments;
mod builder;
mod compiled;
mod copies;
mod explain;
mod inspect;
mod named;
mod pool;
mod programs;

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub use argument::{Argument, AsArgument};
pub use arguments::Arguments;
pub use builder::FunctionBuilder;
use compiled::Compiled;
pub use named::{NamedArgument, NamedArguments};
use programs::{MOST_PROGRAMS, Ready, Specialised};

use crate::execute::Code;
use crate::{Error, Expr, Kind};

/// Expressions compiled into a program: from inputs to outputs, with updates of variables.
///
/// Sizes of free dimensions are taken from the tensors given. The first call with new sizes compiles a program for them,
/// which later calls with the same sizes reuse; the programs that ran last are kept, [16](FunctionBuilder::most_programs) of them. All updates are computed from the variables' values at the start of the call
/// and take effect together at its end. A call that fails changes no variable.
///
/// ```
/// use bayeux_autodiff::{Expr, Function, Shared};
/// use bayeux_tensor::Tensor;
/// let count = Shared::new("count", Tensor::scalar(0.0));
/// let by = Expr::<f64>::input("by", ());
/// let f = Function::builder()
///     .inputs([&by])
///     .outputs([&count.expr()])
///     .updates([(&count, count.expr() + &by)])
///     .build()?;
/// assert_eq!(f.call(&[&Tensor::scalar(5.0)])?[0].item(), 0.0);
/// assert_eq!(count.get().item(), 5.0);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
///
/// # Many threads
///
/// Any number of threads can [`call`](Self::call) a function at the same time. They share the programs, and each call has a
/// memory of its own, of which as many are kept as were needed at a time. A call gives the same bits whoever else calls; but
/// which number a call has, on which random numbers depend, is a matter of who comes first.
///
/// ```
/// # use bayeux_autodiff::{Expr, Function};
/// # use bayeux_tensor::Tensor;
/// let x = Expr::<f32>::input("x", [2]);
/// let double = Function::new([&x], [&(&x * 2.0)])?;
/// std::thread::scope(|scope| {
///     for i in 0..4 {
///         let double = &double;
///         scope.spawn(move || {
///             let y = double.call(&[&Tensor::full([2], i as f32)]).expect("the shape is right");
///             assert_eq!(y[0].to_vec(), [2.0 * i as f32; 2]);
///         });
///     }
/// });
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
///
/// Calls that update the same variable, of one function or of several, take turns, so that no update is lost: each begins when
/// the one before has ended. A task of a rayon pool cannot wait for that, and gets an [`Error::Busy`].
#[derive(Debug)]
pub struct Function<T: Kind = f32> {
    compiled: Compiled,
    held: Option<Held>,
    kind: PhantomData<fn() -> T>,
}

/// What [`Function::run`] runs in, and leaves its outputs in.
#[derive(Debug)]
struct Held {
    ready: Ready,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// The outputs are there to be read.
    Finished,
    /// They are not, but the memory can be used.
    Ready,
    /// The memory is in use; or was, by a run that panicked.
    Running,
}

impl<T: Kind> Function<T> {
    /// Starts with nothing in it.
    pub fn builder() -> FunctionBuilder<T> {
        FunctionBuilder {
            inputs: Vec::new(),
            outputs: Vec::new(),
            updates: Vec::new(),
            exclusive: false,
            most_programs: MOST_PROGRAMS,
            kind: PhantomData,
        }
    }

    /// A function without updates.
    ///
    /// # Errors
    /// If an input is needed but not declared.
    pub fn new<'a, E: Into<Expr<T>>>(
        inputs: impl IntoIterator<Item = &'a Expr<T>>,
        outputs: impl IntoIterator<Item = E>,
    ) -> Result<Function<T>, Error> {
        Function::builder().inputs(inputs).outputs(outputs).build()
    }

    /// Runs the function and returns its outputs. [`call_with`](Self::call_with) takes its inputs by name and in any order.
    ///
    /// # Errors
    /// If the number or a shape of the inputs is wrong, a free dimension is not determined, or an op cannot take its
    /// data, such as a label out of range; or if another call is updating a variable that this one updates, and this is a thread
    /// of a rayon pool. Then no variable is changed.
    pub fn call<'a>(&self, inputs: impl Arguments<'a, T>) -> Result<Vec<T::Tensor>, Error> {
        inputs.give(|inputs| self.call_on(inputs))
    }

    #[inline]
    fn call_on(&self, inputs: &[Argument<'_>]) -> Result<Vec<T::Tensor>, Error> {
        let outputs = |ready: &mut Ready| {
            self.compiled.run(ready, inputs)?;
            let Ready { specialised, memory } = ready;
            let output = |i| T::of(specialised.code.output(memory, i)).clone();
            Ok((0..self.compiled.outputs()).map(output).collect())
        };
        Ok(self.compiled.with(inputs, outputs)?)
    }

    /// Runs the function and keeps its outputs, to be read with [`output`](Self::output). After the first run with given
    /// sizes nothing is allocated, provided the inputs are row-major, no output of an earlier run is still held, and nothing is sorted.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn run<'a>(&mut self, inputs: impl Arguments<'a, T>) -> Result<(), Error> {
        inputs.give(|inputs| self.run_on(inputs))
    }

    #[inline]
    fn run_on(&mut self, inputs: &[Argument<'_>]) -> Result<(), Error> {
        let (compiled, held) = self.hold(inputs)?;
        held.state = State::Running;
        let result = compiled.run(&mut held.ready, inputs);
        held.state = if result.is_ok() { State::Finished } else { State::Ready };
        Ok(result?)
    }

    /// Output `i` of the last [`run`](Self::run).
    ///
    /// # Panics
    /// If there is no such output, if the function has not run yet, or if its last run failed.
    #[track_caller]
    pub fn output(&self, i: usize) -> &T::Tensor {
        let outputs = self.compiled.outputs();
        assert!(i < outputs, "output {i} of a function with {outputs}");
        let Some(Held { ready: Ready { specialised, memory }, state: State::Finished }) = &self.held else {
            panic!("output {i} of a function that has not run, or failed")
        };
        T::of(specialised.code.output(memory, i))
    }

    /// Compiles the program for some inputs, if that has not been done, and makes a memory for it, without running it.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn specialise<'a>(&mut self, inputs: impl Arguments<'a, T>) -> Result<(), Error> {
        inputs.give(|inputs| self.hold(inputs).map(|_| ()))?;
        Ok(())
    }

    /// The program for some inputs, and the memory that is held, for this program.
    #[inline]
    fn hold(&mut self, inputs: &[Argument<'_>]) -> Result<(&Compiled, &mut Held), Box<Error>> {
        let Function { compiled, held, .. } = self;
        if let Some(held) = held {
            held.state = if held.state == State::Running { State::Running } else { State::Ready };
        }
        let is_ready = |held: &Held| held.state == State::Ready && held.ready.specialised.fits(inputs);
        match held {
            Some(held) if is_ready(held) => {
                if held.ready.specialised.is_gone() {
                    compiled.keep(held.ready.specialised.clone());
                }
                compiled.programs.note(&held.ready.specialised);
            }
            _ => {
                let ready = compiled.ready(inputs)?;
                // Another program's memory goes back to where it belongs, unless it was left half done.
                if let Some(Held { ready, state: State::Ready }) = held.take() {
                    compiled.leave(ready);
                }
                *held = Some(Held { ready, state: State::Ready });
            }
        }
        let Some(held) = held else { unreachable!("it has just been put there") };
        Ok((compiled, held))
    }

    /// The program that ran or was compiled last.
    fn last(&self) -> Option<Arc<Specialised>> {
        self.compiled.programs.last()
    }

    /// The number of the next call, counted from 0, on which the random numbers of a function depend. Where there are none, calls
    /// are not counted.
    pub fn next_call(&self) -> u64 {
        self.compiled.call.load(Ordering::Relaxed)
    }

    /// Sets the number of the next call, to repeat or to resume a sequence of draws.
    pub fn set_call(&mut self, call: u64) {
        *self.compiled.call.get_mut() = call;
    }

    /// Sets how many programs are kept, as [`most_programs`](FunctionBuilder::most_programs) does. Those that are too many go now.
    pub fn set_most_programs(&mut self, most: usize) {
        if self.compiled.programs.set_most(most) {
            self.compiled.forget();
        }
    }
}
