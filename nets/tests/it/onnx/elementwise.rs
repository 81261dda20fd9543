//! Functions of single elements.

use bayeux_autodiff::{AnyExpr, Expr};
use bayeux_tensor::ElementType;

use super::node::{Node, cast};

pub fn build(node: &Node<'_>) -> Option<Vec<AnyExpr>> {
    of_one(node)
        .or_else(|| activation(node))
        .or_else(|| of_two(node))
        .or_else(|| of_several(node))
        .map(|y| vec![y])
}

fn of_one(node: &Node<'_>) -> Option<AnyExpr> {
    let x = node.maybe(0)?;
    Some(match node.op() {
        "Abs" => x.abs(),
        "Acos" => x.acos(),
        "Acosh" => x.acosh(),
        "Asin" => x.asin(),
        "Asinh" => x.asinh(),
        "Atan" => x.atan(),
        "Atanh" => x.atanh(),
        "Ceil" => x.ceil(),
        "Cos" => x.cos(),
        "Cosh" => x.cosh(),
        "Erf" => x.erf(),
        "Exp" => x.exp(),
        "Floor" => x.floor(),
        "IsInf" => {
            let sign = |attribute: &str, x: &AnyExpr| match node.int(attribute, 1) {
                0 => Expr::zeros(x.shape()),
                _ => x.gt(&x.zeros_like()),
            };
            (x.is_inf() & (sign("detect_positive", x) | sign("detect_negative", &-x))).untyped()
        }
        "IsNaN" => x.is_nan().untyped(),
        "Log" => x.ln(),
        "Neg" => -x,
        "Not" => (!x.typed::<bool>()).untyped(),
        "Reciprocal" => x.recip(),
        "Round" => x.round(),
        "Sigmoid" => x.sigmoid(),
        "Sign" => x.sign(),
        "Sin" => x.sin(),
        "Sinh" => x.sinh(),
        "Sqrt" => x.sqrt(),
        "Tan" => x.tan(),
        "Tanh" => x.tanh(),
        _ => return None,
    })
}

fn activation(node: &Node<'_>) -> Option<AnyExpr> {
    let x = node.maybe(0)?;
    let zero = x.zeros_like();
    let alpha = |default: f64| node.float("alpha", default);
    // αx + β between 0 and 1.
    let ramp = |alpha: f64, beta: f64| (x * alpha + beta).maximum(&zero).minimum(&x.ones_like());
    let exponential = |alpha: f64| Expr::select(&x.gt(&zero), x, &(x.expm1() * alpha));
    Some(match node.op() {
        "Celu" => x.relu() + ((x / alpha(1.0)).expm1() * alpha(1.0)).minimum(&zero),
        "Elu" => exponential(alpha(1.0)),
        "Gelu" => match node.text("approximate", "none") {
            "tanh" => x.gelu_tanh(),
            _ => x.gelu(),
        },
        "HardSigmoid" => ramp(alpha(0.2), node.float("beta", 0.5)),
        "HardSwish" => x * ramp(1.0 / 6.0, 0.5),
        "LeakyRelu" => Expr::select(&x.lt(&zero), &(x * alpha(0.01)), x),
        "Mish" => x * x.softplus().tanh(),
        "PRelu" => Expr::select(&x.lt(&zero), &(x * node.x(1)), x),
        "Relu" => x.relu(),
        "Selu" => exponential(alpha(1.673_263_192_176_818_8)) * node.float("gamma", 1.050_700_998_306_274_4),
        "Shrink" => {
            let (lambda, bias) = (node.float("lambd", 0.5), node.float("bias", 0.0));
            let above = Expr::select(&x.gt(&(&zero + lambda)), &(x - bias), &zero);
            Expr::select(&x.lt(&(&zero - lambda)), &(x + bias), &above)
        }
        "Softplus" => x.softplus(),
        "Softsign" => x.softsign(),
        "Swish" => x * (x * alpha(1.0)).sigmoid(),
        "ThresholdedRelu" => Expr::select(&x.gt(&(&zero + alpha(1.0))), x, &zero),
        _ => return None,
    })
}

fn of_two(node: &Node<'_>) -> Option<AnyExpr> {
    let (a, b) = (node.maybe(0)?, node.maybe(1)?);
    let truth = |x: &AnyExpr| x.typed::<bool>();
    Some(match node.op() {
        "Add" => a + b,
        "And" => (truth(a) & truth(b)).untyped(),
        "Div" if a.element_type().is_float() => a / b,
        "Div" => truncated_quotient(a, b),
        "Equal" => a.eq(b).untyped(),
        "Greater" => a.gt(b).untyped(),
        "GreaterOrEqual" => a.ge(b).untyped(),
        "Less" => a.lt(b).untyped(),
        "LessOrEqual" => a.le(b).untyped(),
        "Mod" if !node.flag("fmod") => a.remainder(b),
        "Mod" if a.element_type().is_float() => a.fmod(b),
        "Mod" => a - truncated_quotient(a, b) * b,
        "Mul" => a * b,
        "Or" => (truth(a) | truth(b)).untyped(),
        "Pow" => power(a, b),
        "Sub" => a - b,
        "Xor" => (truth(a) ^ truth(b)).untyped(),
        _ => return None,
    })
}

/// The quotient of whole numbers, rounded towards 0.
fn truncated_quotient(a: &AnyExpr, b: &AnyExpr) -> AnyExpr {
    let below = a.floor_divide(b);
    let is_negative = |x: &AnyExpr| x.lt(&x.zeros_like());
    let is_above = (&below * b).ne(a) & (is_negative(a) ^ is_negative(b));
    &below + is_above.cast_like(&below)
}

/// The result has the base's type, whatever that of the exponent is.
fn power(base: &AnyExpr, exponent: &AnyExpr) -> AnyExpr {
    let element = base.element_type();
    match element.is_float() {
        true => base.pow(&cast(exponent, element)),
        false => cast(&cast(base, ElementType::F64).pow(&cast(exponent, ElementType::F64)), element),
    }
}

fn of_several(node: &Node<'_>) -> Option<AnyExpr> {
    let all = node.all();
    let fold = |f: fn(&AnyExpr, &AnyExpr) -> AnyExpr| all[1..].iter().fold(all[0].clone(), |a, b| f(&a, b));
    Some(match node.op() {
        "Clip" => {
            let x = node.x(0);
            let above = node.maybe(1).map_or_else(|| x.clone(), |least| x.maximum(least));
            node.maybe(2).map_or_else(|| above.clone(), |most| above.minimum(most))
        }
        "Max" => fold(|a, b| a.maximum(b)),
        "Mean" => fold(|a, b| a + b) / all.len() as f64,
        "Min" => fold(|a, b| a.minimum(b)),
        "Sum" => fold(|a, b| a + b),
        "Where" => Expr::select(&node.x(0).typed(), node.x(1), node.x(2)),
        _ => return None,
    })
}
