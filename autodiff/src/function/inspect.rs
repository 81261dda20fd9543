//! What can be seen of a function: what the compiler made of it, where its time goes, what it holds.

use std::collections::HashSet;
use std::fmt;
use std::sync::PoisonError;
use std::time::Duration;

use bayeux_tensor::AnyTensor;

use super::{Arguments, Function};
use crate::execute::{self, Code};
use crate::{Error, Kind, Profile};

impl<T: Kind> Function<T> {
    /// What the compiler makes of the function for some inputs: the expressions, the graph after each pass that changed it, and the
    /// instructions, with the names that were given and the lines of the user's code. It is compiled anew for this. With the
    /// environment variable `BAYEUX_EXPLAIN` every function writes this to a file in the folder that it names.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<f32>::input("x", [3]);
    /// let f = Function::new([&x], [(x.exp() + 1.0).ln().sum_all().named("cost")])?;
    /// let page = f.explain(&[&Tensor::zeros([3])])?;
    /// assert!(page.contains("softplus") && page.contains("`cost`"));
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    pub fn explain<'a>(&self, inputs: impl Arguments<'a, T>) -> Result<String, Error> {
        Ok(inputs.give(|inputs| self.compiled.explain(inputs))?)
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
        self.last().map_or_else(String::new, |specialised| specialised.code.program().to_dot())
    }

    /// Whether to take the time of every instruction from now on. Times taken before are forgotten.
    pub fn set_profiling(&mut self, on: bool) {
        self.compiled.profiling = on;
        for specialised in self.compiled.programs.read().iter() {
            *specialised.clock.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
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
        let last = self.last()?;
        let clock = last.clock.lock().unwrap_or_else(PoisonError::into_inner);
        clock.as_ref()?.profile(&last.code)
    }

    /// The time spent compiling programs so far.
    pub fn compile_time(&self) -> Duration {
        self.pass_times().iter().map(|(_, time)| time).sum()
    }

    /// The passes of the compiler in their order, and the time each has taken so far, for all programs together.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<f32>::input("x", [3]);
    /// let f = Function::new([&x], [&x.exp()])?;
    /// f.call(&[&Tensor::zeros([3])])?;
    /// assert!(f.pass_times().iter().any(|(pass, _)| *pass == "fuse"));
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    pub fn pass_times(&self) -> Vec<(&'static str, Duration)> {
        self.compiled.pass_times.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The number of programs that are kept: one for each set of sizes among the last that the function was called with.
    pub fn programs(&self) -> usize {
        self.compiled.programs.read().len()
    }

    /// The bytes that the programs and their memories hold for values, what they share counted once; it waits for calls to end.
    pub fn memory(&self) -> usize {
        let held = self.held.as_ref().map_or(0, |held| execute::Ready::bytes(&held.ready.memory));
        let mut seen = HashSet::new();
        let mut constants = 0;
        for specialised in self.compiled.programs.read().iter() {
            let all = specialised.code.program().all_constants();
            for elements in all.into_iter().filter_map(AnyTensor::as_slice) {
                constants += if seen.insert(elements.address()) { elements.bytes() } else { 0 };
            }
        }
        held + constants + self.compiled.ready.sum(|ready| execute::Ready::bytes(&ready.memory))
    }
}

/// The inputs, and the instructions of each program compiled so far.
impl<T: Kind> fmt::Display for Function<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inputs: Vec<String> =
            self.compiled.inputs.iter().map(|input| format!("{input}: {}", input.shape())).collect();
        writeln!(f, "function({})", inputs.join(", "))?;
        for specialised in self.compiled.programs.read().iter() {
            writeln!(f, "for sizes {:?}:", specialised.shapes)?;
            write!(f, "{}", specialised.code.program())?;
        }
        Ok(())
    }
}
