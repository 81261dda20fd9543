//! Incomplete gamma functions of large a, where series and fractions take some √a terms.
//!
//! With λ = x/a and ½η² = λ − 1 − ln λ, of the sign of λ − 1, it is Q = ½ erfc(η √(a/2)) + e^(−½aη²)/√(2πa) (c₀(η) + O(1/a)) (Temme;
//! DLMF 8.12.3 to 8.12.8). What is left out is 10⁻¹⁵ of the whole.

use super::super::functions::without_logarithm;
use super::series::factor;

/// The least a for which it is right.
pub(super) const LEAST: f64 = 1e8;

/// P and Q.
pub(super) fn both(a: f64, x: f64) -> [f64; 2] {
    let above = (x - a) / a;
    let half = without_logarithm(above, x / a);
    let eta = (2.0 * half).sqrt().copysign(above);
    // Where η is not small, the exponential is 0.
    let c = -1.0 / 3.0 + eta * (1.0 / 12.0 - eta * (2.0 / 135.0 - eta / 864.0));
    let y = eta * (0.5 * a).sqrt();
    let exponential = libm::exp(-a * half);
    let rest = if exponential == 0.0 { 0.0 } else { exponential / (std::f64::consts::TAU * a).sqrt() * c };
    [0.5 * libm::erfc(-y) - rest, 0.5 * libm::erfc(y) + rest]
}

/// −(∂ᵒP/∂aᵒ)/(∂P/∂l) for x = eˡ, o being 1 or 2.
pub(super) fn implicit_slope(order: u8, a: f64, l: f64) -> f64 {
    slope(order, a, l - libm::log(a))
}

/// A derivative of P in a, of order 1 or 2.
pub(super) fn derivative(order: u8, a: f64, x: f64) -> f64 {
    let density = a * factor(a, x);
    if density == 0.0 { 0.0 } else { -density * slope(order, a, libm::log1p((x - a) / a)) }
}

/// For t = ln λ, with h = t/(λ − 1): the first is (h + 1/6a)/a but for O(a⁻³), from the derivatives of the formula above; the second
/// is ∂/∂a of the first, plus the first times ∂/∂a of ln ∂P/∂l = al − eˡ − ln Γ(a).
fn slope(order: u8, a: f64, t: f64) -> f64 {
    let h = if t == 0.0 { 1.0 } else { t / libm::expm1(t) };
    let first = (h + 1.0 / (6.0 * a)) / a;
    if order == 1 {
        return first;
    }
    // h′ = (1 − h eᵗ)/(eᵗ − 1)
    let h_slope = match t.abs() < 1e-2 {
        true => -0.5 + t * (1.0 / 6.0 - t * t / 180.0),
        false => (1.0 - h * libm::exp(t)) / libm::expm1(t),
    };
    // ln a − ψ(a)
    let rest = (0.5 + 1.0 / (12.0 * a)) / a;
    first * (t + rest) - (h + h_slope + 1.0 / (3.0 * a)) / (a * a)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_derivatives_are_those_of_integrals() {
        for line in TABLE.trim().lines() {
            let numbers: Vec<f64> = line.split_whitespace().map(|number| number.parse().unwrap()).collect();
            let [a, x, p, q, first, second] = numbers[..] else { panic!("{line}") };
            let near = |found: f64, wanted: f64, tolerance: f64, what: &str| {
                let error = ((found - wanted) / wanted).abs();
                assert!(error < tolerance, "{what} at {a:e}, {x:?}: {found:e}, not {wanted:e}: {error:e}");
            };
            let [found_p, found_q] = both(a, x);
            near(found_p, p, 1e-13, "P");
            near(found_q, q, 1e-13, "Q");
            near(derivative(1, a, x), first, 1e-11, "first");
            // Near its root it is a difference.
            let scale = second.abs().max(1e-3 * first.abs() / a.sqrt());
            let error = (derivative(2, a, x) - second).abs() / scale;
            assert!(error < 1e-8, "second at {a:e}, {x:?}: {error:e}");
        }
    }

    #[test]
    fn far_out_they_are_nothing_or_all() {
        for a in [1e8, 1e30, 1e300] {
            assert_eq!(both(a, a * 0.5), [0.0, 1.0]);
            assert_eq!(both(a, a * 2.0), [1.0, 0.0]);
            assert_eq!(derivative(1, a, a * 2.0), 0.0);
            let slope = implicit_slope(1, a, libm::log(a));
            assert!((slope * a - 1.0).abs() < 1e-8, "{slope:e}");
        }
    }

    /// a, x, P, Q and the derivatives of P in a: integrals of the density over ln x, by mpmath.
    const TABLE: &str = "
        1.0e+8 99910000.0 1.1014878354920777e-19 1.0 -1.0037338495567184e-22 9.037672216353463e-26
        1.0e+8 99980000.0 0.022744732581593558 0.97725526741840644 -5.39819671038665e-6 1.079747321308723e-9
        1.0e+8 99999000.0 0.46018526218890733 0.53981473781109267 -3.9695451935185967e-5 3.9695650446881623e-10
        1.0e+8 100000000.0 0.50001329807601412 0.49998670192398588 -3.9894228073388458e-5 3.3245190116565697e-22
        1.0e+8 100010000.0 0.84134474647179881 0.15865525352820119 -2.4196669180817916e-5 -2.4195459448169256e-9
        1.0e+8 100050000.0 0.99999971215703131 2.8784296868527811e-7 -1.4925516655241224e-10 -7.4608932659194028e-14
        3.0e+9 2999507049.6982455 1.1235940157051587e-19 1.0 -1.868665626388917e-23 3.0707832456051499e-27
        3.0e+9 2999890455.488499 0.022749146203700458 0.97725085379629954 -9.8570567982826393e-7 3.5993539547579005e-11
        3.0e+9 2999994522.774425 0.460174554343133 0.539825445656867 -7.2473353890569554e-6 1.323177566038453e-11
        3.0e+9 3000000000.0 0.50000242788540132 0.49999757211459868 -7.2836562041495176e-6 6.7441261153279307e-26
        3.0e+9 3000054772.2557507 0.84134474608260194 0.15865525391739806 -4.4177473597526372e-6 -8.0655926463361271e-11
        3.0e+9 3000273861.278753 0.99999971313121152 2.8686878848307502e-7 -2.7163076020222271e-11 -2.4795250720587675e-15
        1.0e+12 999991000000.0 1.1283143100970246e-19 1.0 -1.0277322121333943e-24 9.2496315326056517e-30
        1.0e+12 999998000000.0 0.022750077957185699 0.9772499220428143 -5.3990876528152379e-8 1.0798186103821079e-13
        1.0e+12 999999900000.0 0.46017229371731487 0.53982770628268513 -3.9695256719235601e-7 3.9695258704001877e-14
        1.0e+12 1000000000000.0 0.50000013298076013 0.49999986701923987 -3.9894228040146592e-7 3.3245190033461034e-32
        1.0e+12 1000001000000.0 0.84134474606858328 0.15865525393141672 -2.4197068419070271e-7 -2.4197056320546143e-13
        1.0e+12 1000005000000.0 0.99999971333653416 2.8666346583725959e-7 -1.486777745497867e-12 -7.4338701428300844e-18
        1.0e+20 9.999999991e+19 1.1285894311903856e-19 1.0 -1.0279782800339736e-28 9.2518044192040982e-38
        1.0e+20 9.999999998e+19 0.022750143000132316 0.97724985699986768 -5.3990988618892838e-12 1.079819661912294e-21
        1.0e+20 9.9999999999e+19 0.46017226435592391 0.53982773564407609 -3.9695255764095563e-11 3.9695154144439282e-22
        1.0e+20 1e+20 0.50000000001329808 0.49999999998670192 -3.9894228040143268e-11 3.3245190033452728e-52
        1.0e+20 1.0000000001e+20 0.84134491951309611 0.15865508048690389 -2.4197055107049518e-11 -2.4197072450288764e-21
        1.0e+20 1.0000000005e+20 0.99999971334888365 2.8665111634868369e-7 -1.4867172369577837e-16 -7.4335866396500568e-26
    ";
}
