//! Arithmetic compiled to machine code while the program runs.
//!
//! A loop that runs one ready-made kernel after the other writes every intermediate result to a cache and reads it again.
//! Where the processor is an x86-64 with AVX2 or AVX-512, or an aarch64 under Linux, a [`Batch`] instead writes one function for a
//! whole chain: values stay in registers from one operation to the next. The operations are exact or correctly rounded, and none
//! are contracted, so the bits are those of the kernels, with vectors of any length. Functions such as eˣ are written out as the
//! operations of their kernels, on x86-64. Elsewhere, and where the system does not allow it, the kernels are what runs. (macOS on
//! aarch64 wants memory of a kind of its own for code.)

// Loops keep their programs where nothing compiles them, too.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
pub(crate) mod program;

// Its words are tested everywhere.
#[cfg(any(test, all(target_arch = "aarch64", target_os = "linux")))]
#[cfg_attr(not(all(target_arch = "aarch64", target_os = "linux")), allow(dead_code))]
mod a64;
#[cfg(target_arch = "x86_64")]
mod assembler;
#[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_os = "linux")))]
mod code;
#[cfg(target_arch = "x86_64")]
mod emit;
#[cfg(target_arch = "x86_64")]
mod expand;
// Not all processors have registers for masks.
#[cfg(any(test, target_arch = "x86_64", all(target_arch = "aarch64", target_os = "linux")))]
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
mod registers;
#[cfg(target_arch = "x86_64")]
mod symbol;
#[cfg(any(test, target_arch = "x86_64", all(target_arch = "aarch64", target_os = "linux")))]
#[cfg_attr(not(any(target_arch = "x86_64", target_os = "linux")), allow(dead_code))]
mod target;

#[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_os = "linux")))]
mod compiled;
#[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_os = "linux")))]
pub(crate) use compiled::{Batch, Native, available, has_functions};

#[cfg(not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_os = "linux"))))]
mod none;
#[cfg(not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_os = "linux"))))]
pub(crate) use none::{Batch, Native, available, has_functions};
