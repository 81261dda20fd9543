//! What numbers are added up and multiplied as: f32 as f64, so that no digit is lost on the way, whole numbers as i64.

use bayeux_tensor::Element;

/// A number, and the type of its running sums and products.
pub(super) trait Wide: Element {
    type Wide: Copy + Send + Sync;
    const ZERO: Self::Wide;
    const ONE: Self::Wide;
    fn plus(a: Self::Wide, b: Self::Wide) -> Self::Wide;
    fn times(a: Self::Wide, b: Self::Wide) -> Self::Wide;
    fn wide(self) -> Self::Wide;
    fn narrow(wide: Self::Wide) -> Self;
}

macro_rules! wide {
    ($wide:ident, $zero:literal, $one:literal, |$a:ident, $b:ident| $plus:expr, $times:expr; $($t:ident)+) => {
        $(impl Wide for $t {
            type Wide = $wide;
            const ZERO: $wide = $zero;
            const ONE: $wide = $one;
            fn plus($a: $wide, $b: $wide) -> $wide {
                $plus
            }
            fn times($a: $wide, $b: $wide) -> $wide {
                $times
            }
            fn wide(self) -> $wide {
                self.into()
            }
            fn narrow(wide: $wide) -> $t {
                wide as $t
            }
        })+
    };
}

wide!(f64, 0.0, 1.0, |a, b| a + b, a * b; f32 f64);
wide!(i64, 0, 1, |a, b| a.wrapping_add(b), a.wrapping_mul(b); u8 i32 i64);
