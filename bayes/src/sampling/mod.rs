//! Draws from the posterior itself, by the no-U-turn sampler.
//!
//! The sampler is that of the crate `nuts-rs` (which is nutpie's), over the compiled log density of the model.
//!
//! ```
//! use bayeux_bayes::{HalfNormal, Model, Normal};
//! use bayeux_bayes::sampling::Nuts;
//! let model: Model<f64> = Model::new();
//! let scale = model.free("scale", HalfNormal::new(1.0));
//! let x = model.free("x", Normal::new(2.0, &scale));
//! let chains = Nuts::new(&model).draws(300).tune(300).run()?;
//! assert_eq!(chains.of("x")?.shape(), [4, 300]);
//! println!("{}", chains.summary()?); // means, sds, how exact they are, and whether the chains have met
//! let doubled = chains.posterior().predict(&(x * 2.0), [])?; // what follows from the draws
//! assert!((doubled.mean().item() - 4.0).abs() < 0.5);
//! # Ok::<(), bayeux_bayes::Error>(())
//! ```

mod chains;
mod nuts;
mod table;

pub use chains::Chains;
pub use nuts::{MassMatrix, Nuts};
pub use table::{ChainsSummary, QuantityRow};
