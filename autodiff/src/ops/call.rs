//! Programs inside programs: an operation whose value is that of a lambda.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::{Op, Operation};
use crate::expr::topological;
use crate::lambda::Lambda;
use crate::{AnyExpr, Expr, Kind, ValueType};

/// Arguments → the values of a lambda.
#[derive(Clone)]
pub(crate) struct Call {
    pub lambda: Arc<Lambda>,
    pub how: How,
}

/// How a lambda is computed and differentiated.
#[derive(Clone)]
pub(crate) enum How {
    /// By a program of its own; and again in the reverse sweep, by the program of the slopes.
    Apart,
    /// Together with all around it; the slopes are as somebody says.
    With(Rule),
}

/// The adjoint of the one value, the inputs and the value → what each input receives.
pub(crate) type Rule = Arc<dyn Fn(&AnyExpr, &[AnyExpr], &AnyExpr) -> Vec<Option<AnyExpr>> + Send + Sync>;

impl Call {
    /// All values of a lambda, for some arguments.
    #[track_caller]
    pub fn values(lambda: Lambda, how: How, arguments: Vec<AnyExpr>) -> Vec<AnyExpr> {
        AnyExpr::values_of(Op::Call(Call { lambda: Arc::new(lambda), how }), arguments)
    }
}

impl Operation for Call {
    fn name(&self) -> String {
        match self.how {
            How::Apart => "checkpoint",
            How::With(_) => "custom_gradient",
        }
        .into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let parameters = self.lambda.parameters();
        let alike = parameters.iter().map(AnyExpr::value_type).eq(inputs);
        let types = || self.lambda.body().iter().map(|value| value.value_type().clone()).collect();
        alike.then(types).ok_or_else(|| format!("inputs {inputs:?} in place of {parameters:?}"))
    }

    fn gradient(&self, _g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        unreachable!("`grad` looks into it")
    }

    fn can_fail(&self) -> bool {
        self.lambda.can_fail()
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {:?}", self.name(), self.lambda)
    }
}

impl PartialEq for Call {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.lambda, &other.lambda)
    }
}

impl Eq for Call {}

impl Hash for Call {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.lambda).hash(state);
    }
}

/// Whether some expressions draw random numbers.
pub(crate) fn draws(roots: &[AnyExpr]) -> bool {
    topological(roots).iter().any(|node| match node.op() {
        Op::Noise(_) => true,
        Op::Call(call) => call.lambda.draws(),
        Op::Scan(scan) => scan.body.draws(),
        _ => false,
    })
}

/// What a function of expressions gives: one, several in an array or a `Vec`, or up to four of different element types.
pub trait Values: Sized {
    /// All of them, in order.
    fn into_values(self) -> Vec<AnyExpr>;
    /// The same from as many others of the same types.
    fn from_values(values: Vec<AnyExpr>) -> Self;
}

impl<T: Kind> Values for Expr<T> {
    fn into_values(self) -> Vec<AnyExpr> {
        vec![self.untyped()]
    }

    fn from_values(values: Vec<AnyExpr>) -> Self {
        values[0].typed()
    }
}

impl<T: Kind> Values for Vec<Expr<T>> {
    fn into_values(self) -> Vec<AnyExpr> {
        self.iter().map(Expr::untyped).collect()
    }

    fn from_values(values: Vec<AnyExpr>) -> Self {
        values.iter().map(Expr::typed).collect()
    }
}

impl<T: Kind, const N: usize> Values for [Expr<T>; N] {
    fn into_values(self) -> Vec<AnyExpr> {
        self.iter().map(Expr::untyped).collect()
    }

    fn from_values(values: Vec<AnyExpr>) -> Self {
        std::array::from_fn(|i| values[i].typed())
    }
}

macro_rules! values_of_tuples {
    ($(($($kind:ident $at:tt),+))+) => {
        $(impl<$($kind: Kind),+> Values for ($(Expr<$kind>,)+) {
            fn into_values(self) -> Vec<AnyExpr> {
                vec![$(self.$at.untyped()),+]
            }

            fn from_values(values: Vec<AnyExpr>) -> Self {
                ($(values[$at].typed(),)+)
            }
        })+
    };
}

values_of_tuples! {
    (T 0, U 1)
    (T 0, U 1, V 2)
    (T 0, U 1, V 2, W 3)
}

/// The values of a function, which are computed again where their slopes are needed, instead of being kept: less memory for
/// more time.
///
/// [`grad`](crate::grad()) needs what a function has computed on its way to its result. Without this all of it stays in memory until the
/// reverse sweep comes back to it. With it only the inputs stay, and the way is gone once more. So a network of n layers in √n blocks of
/// √n layers needs memory for about 2√n layers in place of n, and a third more arithmetic (Chen et al. 2016,
/// [arXiv:1604.06174](https://arxiv.org/abs/1604.06174)). The values, and the random numbers in them, are the same, and so are
/// the slopes, but for the order in which those of what is used in several places are added.
///
/// What `f` captures are inputs too, so that gradients reach them: variables and whatever expressions were there before. An expression
/// that `f` makes cannot be named in `grad` outside of it. The compiler makes a program of its own of `f`, and rewrites nothing across
/// its border.
///
/// ```
/// use bayeux_autodiff::{Expr, Function, Shared, checkpoint, grad};
/// use bayeux_tensor::Tensor;
/// let w = Shared::new("w", Tensor::<f64>::full([3, 3], 0.5)).expr();
/// let x = Expr::<f64>::input("x", [2, 3]);
/// let layers = |x: &Expr<f64>| x.matmul(&w).tanh().matmul(&w).tanh();
/// let far = checkpoint(|x| layers(&x[0]), &[x.clone()]);
/// let slopes = [layers(&x), far].map(|y| grad(&y.sum_all(), &[w.clone()]).remove(0));
/// let values = Function::new([&x], slopes)?.call(&[&Tensor::ones([2, 3])])?;
/// assert_eq!(values[0], values[1]);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
#[track_caller]
pub fn checkpoint<T: Kind, V: Values>(f: impl FnOnce(&[Expr<T>]) -> V, inputs: &[Expr<T>]) -> V {
    let (lambda, arguments) = closed(inputs, |parameters| f(parameters).into_values());
    V::from_values(Call::values(lambda, How::Apart, arguments))
}

/// The value of a function, with a gradient that is said and not derived: where a better formula is known, or another one is wanted,
/// as for a step that is to pass slopes on.
///
/// `gradient` gets the adjoint of the value, the inputs and the value, and gives for each input what it receives, an expression of that
/// input's shape. It has gradients again, so that second derivatives are those of what was said. What `f` captures is a constant to
/// `grad`. To the compiler the value is what `f` makes of the inputs.
///
/// ```
/// use bayeux_autodiff::{Expr, Function, custom_gradient, grad};
/// use bayeux_tensor::Tensor;
/// // A step that passes slopes on as if it were none (Bengio, Léonard & Courville 2013, arXiv:1308.3432).
/// let step = |x: &[Expr<f64>]| x[0].gt(&x[0].zeros_like()).cast::<f64>();
/// let x = Expr::<f64>::input("x", [2]);
/// let y = custom_gradient(step, |g, _x, _y| vec![g.clone()], &[x.clone()]) * 3.0;
/// let slope = grad(&y.sum_all(), &[x.clone()]).remove(0);
/// let values = Function::new([&x], [y, slope])?.call(&[&Tensor::from_slice(&[-0.4, 1.7])])?;
/// assert_eq!((values[0].to_vec(), values[1].to_vec()), (vec![0.0, 3.0], vec![3.0, 3.0]));
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
///
/// # Panics
/// Where the gradient is taken, if `gradient` gives another number of expressions than there are inputs, or other types than theirs.
#[track_caller]
pub fn custom_gradient<T: Kind>(
    f: impl FnOnce(&[Expr<T>]) -> Expr<T>,
    gradient: impl Fn(&Expr<T>, &[Expr<T>], &Expr<T>) -> Vec<Expr<T>> + Send + Sync + 'static,
    inputs: &[Expr<T>],
) -> Expr<T> {
    let count = inputs.len();
    let rule: Rule = Arc::new(move |g, inputs, value| {
        let given: Vec<Expr<T>> = inputs[..count].iter().map(Expr::typed).collect();
        let parts = gradient(&g.typed(), &given, &value.typed());
        assert!(
            parts.len() == count,
            "custom_gradient: {} expressions for the gradients of {count} inputs",
            parts.len()
        );
        let mut parts: Vec<Option<AnyExpr>> = parts.iter().map(|part| Some(part.untyped())).collect();
        parts.resize(inputs.len(), None);
        parts
    });
    let (lambda, arguments) = closed(inputs, |parameters| vec![f(parameters).untyped()]);
    Call::values(lambda, How::With(rule), arguments).remove(0).typed()
}

fn closed<T: Kind>(inputs: &[Expr<T>], f: impl FnOnce(&[Expr<T>]) -> Vec<AnyExpr>) -> (Lambda, Vec<AnyExpr>) {
    let inputs: Vec<AnyExpr> = inputs.iter().map(Expr::untyped).collect();
    Lambda::close(&inputs, |parameters| f(&parameters.iter().map(Expr::typed).collect::<Vec<_>>()))
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::example;

    let apart = |x: &[AnyExpr]| checkpoint(|x| x[0].matmul(&x[1]).tanh().matmul(&x[1]).tanh(), x);
    let two = |x: &[AnyExpr]| checkpoint(|x| (x[0].tanh(), x[0].square().sum(0)), x);
    let cube =
        |x: &[AnyExpr]| custom_gradient(|x| x[0].powf(3.0), |g, x, _| vec![g * x[0].square() * 3.0], x);
    vec![
        example("checkpoint", &[&[2, 3], &[3, 3]], -1.0..1.0, apart)
            .and(&[&[0, 3], &[3, 3]])
            .and(&[&[1, 1], &[1, 1]]),
        example("checkpoint of two values", &[&[3, 2]], -1.0..1.0, two),
        example("custom_gradient", &[&[5]], 0.4..2.5, cube).and(&[&[0]]).and(&[&[1]]),
    ]
}
