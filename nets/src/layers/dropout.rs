//! Dropout.

use bayeux_autodiff::{Expr, RandomStreams};
use bayeux_tensor::Float;

use crate::{Flow, Layer, Scope};

/// In training each number is set to 0 with probability p, and the others are divided by 1 − p, so that the mean stays;
/// in prediction nothing happens (Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from
/// overfitting").
///
/// A net with dropout has two outputs that share all parameters: [`output`](crate::Net::output) with, and
/// [`deterministic`](crate::Net::deterministic) without. Each call of a function draws anew; which numbers fall is
/// decided by the net's seed, the layer's name, how many layers of this name the net and its branches have had before, and
/// the number of the call. Of the dropouts in one function that agree in all of this, as those of two nets with one seed do, each
/// draws numbers of its own, in the order in which they were made.
///
/// ```
/// use bayeux_autodiff::{Expr, Function, batch};
/// use bayeux_nets::{Dropout, Input};
/// use bayeux_tensor::Tensor;
/// let x = Expr::<f32>::input("x", [batch()]);
/// let net = Input::new(&x).then(Dropout::new(0.75));
/// let f = Function::new([&x], [&net.output(), &net.deterministic()])?;
/// let values = f.call(&[&Tensor::ones([100])])?;
/// assert!(values[0].iter().all(|y| y == 0.0 || y == 4.0));
/// assert!(values[1].iter().all(|y| y == 1.0));
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Dropout {
    probability: f64,
    name: Option<String>,
}

impl Dropout {
    /// The probability with which a number is dropped.
    ///
    /// # Panics
    /// If it is not in [0, 1).
    #[track_caller]
    pub fn new(probability: f64) -> Self {
        assert!((0.0..1.0).contains(&probability), "Dropout: probability {probability} is not in [0, 1)");
        Dropout { probability, name: None }
    }

    /// A name for the layer.
    pub fn named(self, name: &str) -> Self {
        Dropout { name: Some(name.into()), ..self }
    }
}

impl<T: Float> Layer<T> for Dropout {
    fn kind(&self) -> &'static str {
        "dropout"
    }

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    #[track_caller]
    fn apply(self, input: &Flow<T>, scope: &mut Scope<T>) -> Flow<T> {
        let (dropped, kept) = (self.probability, 1.0 - self.probability);
        let noise = RandomStreams::apart(scope.noise_seed()).uniform::<T>(input.shape());
        let mask = noise.ge(&Expr::scalar(dropped)).cast::<T>() * (1.0 / kept);
        input.map_training(|x| x * &mask)
    }
}
