//! Compiled functions.

use std::fmt;
use std::time::{Duration, Instant};

use bayeux_tensor::{Float, Tensor};
use smallvec::SmallVec;

use crate::bind::bind;
use crate::compile::{Program, compile};
use crate::expr::topological;
use crate::ops::Op;
use crate::{Error, Expr, Profile, Shared, Updates};

/// Expressions compiled into a program: from inputs to outputs, with updates of variables.
///
/// Sizes of free dimensions are taken from the tensors given. The first call with new sizes compiles a program for them,
/// which later calls with the same sizes reuse; such a later call allocates nothing. All updates are computed from the
/// variables' values at the start of the call and take effect together at its end. A call that fails changes no
/// variable.
///
/// ```
/// use bayeux_autodiff::{Expr, Function, Shared};
/// use bayeux_tensor::Tensor;
/// let count = Shared::new("count", Tensor::scalar(0.0));
/// let by = Expr::<f64>::input("by", ());
/// let mut f = Function::builder()
///     .inputs([&by])
///     .outputs([&count.expr()])
///     .updates([(&count, count.expr() + &by)])
///     .build()?;
/// assert_eq!(f.call(&[&Tensor::scalar(5.0)])?[0].item(), 0.0);
/// assert_eq!(count.get().item(), 5.0);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
#[derive(Debug)]
pub struct Function<T: Float = f32> {
    inputs: Vec<Expr<T>>,
    /// The outputs, then the updates' new values.
    roots: Vec<Expr<T>>,
    updated: Vec<Shared<T>>,
    exclusive: bool,
    programs: Vec<Specialised<T>>,
    /// The program for the sizes asked for last.
    current: usize,
    /// The program whose outputs are there to be read.
    finished: Option<usize>,
    call: u64,
    compile_time: Duration,
    profiling: bool,
}

#[derive(Debug)]
struct Specialised<T: Float> {
    shapes: Vec<Vec<usize>>,
    program: Program<T>,
}

/// Collects what a [`Function`] is made of.
#[derive(Debug)]
pub struct FunctionBuilder<T: Float = f32> {
    inputs: Vec<Expr<T>>,
    outputs: Vec<Expr<T>>,
    updates: Updates<T>,
    exclusive: bool,
}

impl<T: Float> FunctionBuilder<T> {
    /// The inputs, in the order in which calls give them.
    pub fn inputs<E: Into<Expr<T>>>(mut self, inputs: impl IntoIterator<Item = E>) -> Self {
        self.inputs.extend(inputs.into_iter().map(Into::into));
        self
    }

    /// The outputs, in the order in which calls return them.
    pub fn outputs<E: Into<Expr<T>>>(mut self, outputs: impl IntoIterator<Item = E>) -> Self {
        self.outputs.extend(outputs.into_iter().map(Into::into));
        self
    }

    /// Variables and their new values.
    pub fn updates<S: Updated<T>>(mut self, updates: impl IntoIterator<Item = (S, Expr<T>)>) -> Self {
        self.updates.extend(updates.into_iter().map(|(shared, value)| (shared.shared(), value)));
        self
    }

    /// Says that while the function runs nobody else reads or sets the variables it updates, other functions included. So it may write their new values
    /// over the old ones, where a loop reads the old one for the last time, and moves less memory. The results are the same
    /// but for the rounding of sums.
    ///
    /// A thread that reads or sets such a variable meanwhile waits until it is written, and may then see some updated and others
    /// not yet; on a thread of a rayon pool it panics instead, since the update may be waiting for that thread.
    pub fn exclusive(mut self) -> Self {
        self.exclusive = true;
        self
    }

    /// The function.
    ///
    /// # Errors
    /// If an input is needed but not declared, or declared twice; if what is declared is not an input; if a variable has two
    /// updates, or one whose shape is not the variable's.
    pub fn build(self) -> Result<Function<T>, Error> {
        for (i, input) in self.inputs.iter().enumerate() {
            if !matches!(input.op(), Op::Input(_)) {
                return Err(Error::NotAnInput(format!("{input:?}")));
            }
            if self.inputs[..i].iter().any(|other| other.key() == input.key()) {
                return Err(Error::DuplicateInput(input.name().unwrap_or("unnamed").into()));
            }
        }
        for (i, (shared, value)) in self.updates.iter().enumerate() {
            if self.updates[..i].iter().any(|(other, _)| other == shared) {
                return Err(Error::DuplicateUpdate(shared.name().into()));
            }
            if *value.shape() != shared.symbolic_shape() {
                return Err(Error::UpdateShape {
                    name: shared.name().into(),
                    expected: shared.shape().to_vec(),
                    found: value.shape().to_string(),
                });
            }
        }
        let (updated, values): (Vec<Shared<T>>, Vec<Expr<T>>) = self.updates.into_iter().unzip();
        let mut roots = self.outputs;
        roots.extend(values);
        for node in topological(&roots) {
            let declared = || self.inputs.iter().any(|input| input.key() == node.key());
            if matches!(node.op(), Op::Input(_)) && !declared() {
                return Err(Error::MissingInput(node.name().unwrap_or("unnamed").into()));
            }
        }
        Ok(Function {
            inputs: self.inputs,
            roots,
            updated,
            exclusive: self.exclusive,
            programs: Vec::new(),
            current: 0,
            finished: None,
            call: 0,
            compile_time: Duration::ZERO,
            profiling: false,
        })
    }
}

/// A variable given by value or by reference.
pub trait Updated<T: Float> {
    /// The variable.
    fn shared(self) -> Shared<T>;
}

impl<T: Float> Updated<T> for Shared<T> {
    fn shared(self) -> Shared<T> {
        self
    }
}

impl<T: Float> Updated<T> for &Shared<T> {
    fn shared(self) -> Shared<T> {
        self.clone()
    }
}

impl<T: Float> Function<T> {
    /// Starts with nothing in it.
    pub fn builder() -> FunctionBuilder<T> {
        FunctionBuilder { inputs: Vec::new(), outputs: Vec::new(), updates: Vec::new(), exclusive: false }
    }

    /// A function without updates.
    ///
    /// # Errors
    /// If an input is needed but not declared.
    pub fn new<'a>(
        inputs: impl IntoIterator<Item = &'a Expr<T>>,
        outputs: impl IntoIterator<Item = &'a Expr<T>>,
    ) -> Result<Function<T>, Error> {
        Function::builder().inputs(inputs).outputs(outputs).build()
    }

    /// Runs the function and returns its outputs.
    ///
    /// # Errors
    /// If the number or a shape of the inputs is wrong, a free dimension is not determined, or an op cannot take its
    /// data, such as a label out of range. Then no variable is changed.
    pub fn call(&mut self, inputs: &[&Tensor<T>]) -> Result<Vec<Tensor<T>>, Error> {
        self.run(inputs)?;
        let outputs = self.roots.len() - self.updated.len();
        Ok((0..outputs).map(|i| self.output(i).clone()).collect())
    }

    /// Runs the function and keeps its outputs, to be read with [`output`](Self::output). After the first call with given
    /// sizes nothing is allocated, provided the inputs are row-major and no output of an earlier call is still held.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn run(&mut self, inputs: &[&Tensor<T>]) -> Result<(), Error> {
        self.specialise(inputs)?;
        let strided: SmallVec<[Option<Tensor<T>>; 8]> =
            inputs.iter().map(|input| input.as_slice().is_none().then(|| input.contiguous())).collect();
        let slices: SmallVec<[&[T]; 8]> = inputs
            .iter()
            .zip(&strided)
            .map(|(input, copy)| copy.as_ref().unwrap_or(input).as_slice().unwrap_or_default())
            .collect();
        let program = &mut self.programs[self.current].program;
        self.finished = None;
        program.run(&slices, self.call)?;
        self.finished = Some(self.current);
        let outputs = self.roots.len() - self.updated.len();
        for (i, shared) in self.updated.iter().enumerate() {
            program.update(outputs + i, shared);
        }
        self.call += 1;
        Ok(())
    }

    /// Output `i` of the last run.
    ///
    /// # Panics
    /// If there is no such output, if the function has not run yet, or if its last run failed.
    #[track_caller]
    pub fn output(&self, i: usize) -> &Tensor<T> {
        let outputs = self.roots.len() - self.updated.len();
        assert!(i < outputs, "output {i} of a function with {outputs}");
        let Some(finished) = self.finished else {
            panic!("output {i} of a function that has not run, or failed")
        };
        self.programs[finished].program.output(i)
    }

    /// Compiles the program for some inputs, if that has not been done, without running it.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn specialise(&mut self, inputs: &[&Tensor<T>]) -> Result<(), Error> {
        let fits = |program: &Specialised<T>| {
            program.shapes.len() == inputs.len()
                && program.shapes.iter().zip(inputs).all(|(shape, input)| shape == input.shape())
        };
        if let Some(found) = self.programs.iter().position(fits) {
            self.current = found;
            return Ok(());
        }
        let start = Instant::now();
        let shapes: Vec<&[usize]> = inputs.iter().map(|input| input.shape()).collect();
        let sizes = bind(&self.inputs, &shapes)?;
        let exclusive = if self.exclusive { &self.updated[..] } else { &[] };
        let mut program = compile(&self.roots, exclusive, &self.inputs, &sizes)?;
        program.set_clock(self.profiling);
        let shapes = shapes.into_iter().map(<[usize]>::to_vec).collect();
        self.programs.push(Specialised { shapes, program });
        self.current = self.programs.len() - 1;
        self.compile_time += start.elapsed();
        Ok(())
    }

    /// The program that ran or was compiled last, in Graphviz's DOT language: a box for each instruction. Empty if there is
    /// none yet.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<f32>::input("x", [3]);
    /// let mut f = Function::new([&x], [&(x.exp() * 2.0).sum_all()])?;
    /// f.specialise(&[&Tensor::zeros([3])])?;
    /// assert!(f.to_dot().contains("0: exp, sum [0]"));
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    pub fn to_dot(&self) -> String {
        self.programs.get(self.current).map_or_else(String::new, |specialised| specialised.program.to_dot())
    }

    /// Whether to take the time of every instruction from now on. Times taken before are forgotten.
    pub fn set_profiling(&mut self, on: bool) {
        self.profiling = on;
        self.programs.iter_mut().for_each(|specialised| specialised.program.set_clock(on));
    }

    /// Where the time of the calls went since [`set_profiling`](Self::set_profiling), for the program that ran last:
    /// print it. `None` if there are no times. Measures the machine's peaks, which takes a tenth of a second.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<f32>::input("x", [200, 300]);
    /// let mut f = Function::new([&x], [&x.matmul(&x.t())])?;
    /// f.set_profiling(true);
    /// f.run(&[&Tensor::zeros([200, 300])])?;
    /// let profile = f.profile().unwrap();
    /// assert_eq!(profile.instructions[0].flops, 2 * 200 * 200 * 300);
    /// println!("{profile}");
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    pub fn profile(&self) -> Option<Profile> {
        self.programs.get(self.current)?.program.profile()
    }

    /// The number of the next call, counted from 0. Noise depends on it.
    pub fn next_call(&self) -> u64 {
        self.call
    }

    /// Sets the number of the next call, to repeat or to resume a sequence of draws.
    pub fn set_call(&mut self, call: u64) {
        self.call = call;
    }

    /// The time spent compiling programs so far.
    pub fn compile_time(&self) -> Duration {
        self.compile_time
    }

    /// The bytes that the programs hold for their values.
    pub fn memory(&self) -> usize {
        self.programs.iter().map(|specialised| specialised.program.bytes()).sum()
    }
}

/// The inputs, and the instructions of each program compiled so far.
impl<T: Float> fmt::Display for Function<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inputs: Vec<String> =
            self.inputs.iter().map(|input| format!("{input}: {}", input.shape())).collect();
        writeln!(f, "function({})", inputs.join(", "))?;
        for specialised in &self.programs {
            writeln!(f, "for sizes {:?}:", specialised.shapes)?;
            write!(f, "{}", specialised.program)?;
        }
        Ok(())
    }
}
