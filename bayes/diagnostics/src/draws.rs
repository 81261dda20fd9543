//! The draws of one quantity: chains by draws.

use std::borrow::Cow;

use crate::Error;
use crate::error::all_finite;

/// Draws of one real quantity from one or more chains, all of one length.
///
/// Values lie chain by chain: draw `d` of chain `c` is `values()[c * draws() + d]`. They are borrowed by [`Draws::new`]
/// and owned after [`Draws::from_chains`]. Each chain has at least four draws, and all values are finite: ArviZ gives
/// NaN where that is not so, this type an [`Error`] that says what is wrong and where.
///
/// ```
/// use bayeux_diagnostics::{Draws, Error};
///
/// let draws = Draws::from_chains(&[[1.0, 2.0, 4.0, 3.0], [2.0, 2.5, 1.5, 3.5]])?;
/// assert_eq!((draws.chains(), draws.draws()), (2, 4));
/// assert_eq!(draws.chain(1)[1], 2.5);
/// assert!(matches!(Draws::new(&[1.0, f64::NAN, 2.0, 3.0], 1), Err(Error::NotFinite { index: 1, .. })));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Draws<'a> {
    values: Cow<'a, [f64]>,
    chains: usize,
}

/// The least length of a chain: two draws in each half.
const LEAST: usize = 4;

impl<'a> Draws<'a> {
    /// A view of `chains` chains that lie one behind the other in `values`.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] without values or chains, [`Error::Rows`] if they cannot be cut into `chains` equal parts,
    /// [`Error::TooFew`] below four draws per chain, [`Error::NotFinite`] for a NaN or an infinity.
    pub fn new(values: &'a [f64], chains: usize) -> Result<Self, Error> {
        Self::checked(Cow::Borrowed(values), chains)
    }

    /// A copy of chains that lie apart.
    ///
    /// # Errors
    ///
    /// Those of [`Draws::new`], and [`Error::Length`] if a chain is not as long as the first.
    pub fn from_chains<C: AsRef<[f64]>>(chains: &[C]) -> Result<Draws<'static>, Error> {
        let expected = chains.first().map_or(0, |c| c.as_ref().len());
        let mut values = Vec::with_capacity(expected * chains.len());
        for (index, chain) in chains.iter().enumerate() {
            let chain = chain.as_ref();
            if chain.len() != expected {
                return Err(Error::Length { what: "chain", index, expected, found: chain.len() });
            }
            values.extend_from_slice(chain);
        }
        Draws::checked(Cow::Owned(values), chains.len())
    }

    fn checked(values: Cow<'a, [f64]>, chains: usize) -> Result<Self, Error> {
        if values.is_empty() || chains == 0 {
            return Err(Error::Empty { what: "draws" });
        }
        if !values.len().is_multiple_of(chains) {
            return Err(Error::Rows { len: values.len(), rows: chains });
        }
        if values.len() / chains < LEAST {
            return Err(Error::TooFew {
                what: "draws per chain",
                needed: LEAST,
                found: values.len() / chains,
            });
        }
        all_finite("draws", &values)?;
        Ok(Draws { values, chains })
    }

    /// How many chains there are, at least one.
    #[must_use]
    pub fn chains(&self) -> usize {
        self.chains
    }

    /// How many draws each chain has, at least four.
    #[must_use]
    pub fn draws(&self) -> usize {
        self.values.len() / self.chains
    }

    /// All values, chain by chain.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The draws of chain `index`.
    ///
    /// # Panics
    ///
    /// If there is no such chain.
    #[must_use]
    pub fn chain(&self, index: usize) -> &[f64] {
        &self.values[index * self.draws()..][..self.draws()]
    }
}

/// Chains of equal length without any checks, for what is computed of draws: halves, ranks, indicators.
#[derive(Debug, Clone)]
pub(crate) struct Chains {
    pub values: Vec<f64>,
    /// The length of each.
    pub draws: usize,
}

impl Chains {
    /// Both halves of each chain as chains of their own, after `f`; of an odd number of draws the middle one is left out.
    pub fn halves(draws: &Draws<'_>, f: impl Fn(f64) -> f64) -> Chains {
        let half = draws.draws() / 2;
        let mut values = Vec::with_capacity(2 * half * draws.chains());
        for c in 0..draws.chains() {
            let chain = draws.chain(c);
            values.extend(chain[..half].iter().chain(&chain[chain.len() - half..]).map(|&x| f(x)));
        }
        Chains { values, draws: half }
    }

    pub fn iter(&self) -> std::slice::ChunksExact<'_, f64> {
        self.values.chunks_exact(self.draws)
    }

    pub fn count(&self) -> usize {
        self.values.len() / self.draws
    }
}
