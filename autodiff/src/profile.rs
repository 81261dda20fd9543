//! Where a program's time goes.

mod laps;

use std::fmt;
use std::time::Duration;

use bayeux_tensor::{ElementType, copy_bandwidth, peak_flops};

use crate::compile::Program;
use crate::execute::Code;
pub(crate) use laps::Laps;

/// The times of a program's instructions, summed over runs.
#[derive(Debug)]
pub(crate) struct Clock {
    runs: u32,
    totals: Vec<Duration>,
    /// The last run.
    last: Option<Laps>,
}

impl Clock {
    /// Nothing has run.
    pub fn new(program: &Program) -> Self {
        Clock { runs: 0, totals: vec![Duration::ZERO; program.instructions.len()], last: None }
    }

    /// A run of all instructions has ended.
    pub fn add(&mut self, laps: Laps) {
        self.totals.iter_mut().zip(laps.times()).for_each(|(total, time)| *total += time);
        self.runs += 1;
        self.last = Some(laps);
    }

    /// The times taken, if there are any.
    pub fn profile(&self, code: &impl Code) -> Option<Profile> {
        let program = code.program();
        let last = self.last.as_ref()?;
        let measured = |(i, instruction): (usize, &crate::compile::Instruction)| Measured {
            label: instruction.label.clone(),
            time: self.totals[i] / self.runs,
            flops: code.flops(i),
            bytes: instruction.bytes(),
            span: last.span(i),
        };
        let mut writes = program.instructions.iter().flat_map(|instruction| &instruction.writes);
        let single = writes.any(|write| write.element == ElementType::F32);
        Some(Profile {
            instructions: program.instructions.iter().enumerate().map(measured).collect(),
            runs: self.runs,
            peak_flops: if single { peak_flops::<f32>() } else { peak_flops::<f64>() },
            peak_bandwidth: copy_bandwidth(),
        })
    }
}

/// What each instruction of a program took, beside what the machine could do. Printed as a table, the slowest first.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Profile {
    /// The instructions, in the order in which they run.
    pub instructions: Vec<Measured>,
    /// How many runs the times are means of.
    pub runs: u32,
    /// The floating-point operations a second that the machine was measured to do at most, on the threads in use.
    pub peak_flops: f64,
    /// The bytes a second, read and written, that it copies.
    pub peak_bandwidth: f64,
}

/// One instruction of a [`Profile`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Measured {
    /// The operations in it.
    pub label: String,
    /// The mean time of a run.
    pub time: Duration,
    /// Floating-point operations; a function such as exp counts as one.
    pub flops: usize,
    /// Bytes of operands and results, wherever they are: a fast instruction finds some of them in a cache.
    pub bytes: usize,
    /// From the begin of the last run to the instruction's begin and end in it.
    pub span: [Duration; 2],
}

impl Profile {
    /// The mean time of all instructions of a run.
    #[must_use]
    pub fn time(&self) -> Duration {
        self.instructions.iter().map(|measured| measured.time).sum()
    }

    /// The bytes that a run moves.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.instructions.iter().map(|measured| measured.bytes).sum()
    }

    /// The floating-point operations of a run.
    #[must_use]
    pub fn flops(&self) -> usize {
        self.instructions.iter().map(|measured| measured.flops).sum()
    }

    /// The last run in the trace event format that `chrome://tracing` and Perfetto read.
    ///
    /// ```
    /// # use bayeux_autodiff::{Expr, Function};
    /// # use bayeux_tensor::Tensor;
    /// # let x = Expr::<f32>::input("x", [3]);
    /// # let mut f = Function::new([&x], [&x.exp()])?;
    /// # f.set_profiling(true);
    /// # f.run(&[&Tensor::zeros([3])])?;
    /// let trace = f.profile().unwrap().chrome_trace();
    /// assert!(trace.starts_with("{\"traceEvents\":[{"));
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    #[must_use]
    pub fn chrome_trace(&self) -> String {
        let micros = |time: Duration| time.as_secs_f64() * 1e6;
        let event = |(i, measured): (usize, &Measured)| {
            let [begin, end] = measured.span;
            serde_json::json!({
                "name": measured.label,
                "ph": "X",
                "pid": 0,
                "tid": 0,
                "ts": micros(begin),
                "dur": micros(end - begin),
                "args": { "instruction": i, "flops": measured.flops, "bytes": measured.bytes },
            })
        };
        let events: Vec<_> = self.instructions.iter().enumerate().map(event).collect();
        serde_json::json!({ "traceEvents": events }).to_string()
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (giga, total) = (1e-9, self.time().as_secs_f64());
        writeln!(
            f,
            "{:.2} ms a run (mean of {}), {:.3} GFLOP, {:.1} MB moved; peaks: {:.0} GFLOP/s, copy {:.1} GB/s",
            1e3 * total,
            self.runs,
            self.flops() as f64 * giga,
            self.bytes() as f64 * 1e-6,
            self.peak_flops * giga,
            self.peak_bandwidth * giga,
        )?;
        writeln!(f, "      ms      %     MB   GB/s  of peak  GFLOP/s  of peak  instruction")?;
        let mut order: Vec<usize> = (0..self.instructions.len()).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(self.instructions[i].time));
        for i in order {
            let Measured { label, time, flops, bytes, .. } = &self.instructions[i];
            let seconds = time.as_secs_f64().max(1e-9);
            let (flop_rate, byte_rate) = (*flops as f64 / seconds, *bytes as f64 / seconds);
            writeln!(
                f,
                "{:8.3} {:6.1} {:6.1} {:6.1} {:7.0}% {:8.1} {:7.0}%  {i}: {label}",
                1e3 * seconds,
                100.0 * seconds / total,
                *bytes as f64 * 1e-6,
                byte_rate * giga,
                100.0 * byte_rate / self.peak_bandwidth,
                flop_rate * giga,
                100.0 * flop_rate / self.peak_flops,
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Expr, Function};
    use bayeux_tensor::Tensor;

    #[test]
    fn flops_bytes_and_times_of_each_instruction() {
        let (x, w) = (Expr::<f32>::input("x", [30, 40]), Expr::<f32>::input("w", [40, 50]));
        let bias = Expr::<f32>::input("b", [50]);
        let (y, z) = ((x.matmul(&w) + &bias).tanh(), x.square());
        let mut f = Function::new([&x, &w, &bias], [&y, &z]).unwrap();
        assert!(f.profile().is_none());
        f.set_profiling(true);
        for _ in 0..3 {
            f.run(&[&Tensor::zeros([30, 40]), &Tensor::zeros([40, 50]), &Tensor::zeros([50])]).unwrap();
        }
        let profile = f.profile().unwrap();
        let [product, square] = profile.instructions.as_slice() else {
            panic!("a product with a loop and a loop in {profile}")
        };
        // Two operations an element besides the product; the bias is read once, and the product itself is nowhere.
        assert_eq!(product.flops, 2 * 30 * 40 * 50 + 2 * 30 * 50);
        assert_eq!(product.bytes, 4 * (30 * 40 + 40 * 50 + 50 + 30 * 50));
        assert_eq!(square.flops, 30 * 40);
        assert_eq!(square.bytes, 4 * (30 * 40 + 30 * 40));
        assert_eq!((profile.runs, profile.flops()), (3, product.flops + square.flops));
        assert!(product.span[1] <= square.span[0] && profile.time() > Duration::ZERO);
        assert!(profile.to_string().contains("0: matmul, add, tanh"));

        let trace: serde_json::Value = serde_json::from_str(&profile.chrome_trace()).unwrap();
        assert_eq!(trace["traceEvents"][1]["args"]["bytes"], square.bytes);
        assert!(trace["traceEvents"][1]["dur"].as_f64().unwrap() > 0.0);

        f.set_profiling(false);
        assert!(f.profile().is_none());
    }
}
