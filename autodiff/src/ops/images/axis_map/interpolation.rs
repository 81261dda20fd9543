//! Interpolation along an axis: where an element of the value lies on the axis, and the factors of the elements around it.

use serde::{Deserialize, Serialize};

use super::Table;

/// Where the elements of the value lie, by their places i: coordinates of which element j of the axis has j.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Coordinates {
    /// Pixels are intervals, of which the centres count: (i + ½)/s − ½, with the scale s = m/n. PyTorch's default.
    #[default]
    HalfPixel,
    /// The same, with half of what a rounded length differs from the scaled one on both sides (ONNX's `half_pixel_symmetric`).
    HalfPixelSymmetric,
    /// As [`HalfPixel`](Self::HalfPixel), but a single element lies at 0 (ONNX's `pytorch_half_pixel`).
    HalfPixelOrZero,
    /// The first elements and the last ones lie on each other: i·(n − 1)/(m − 1).
    AlignCorners,
    /// i/s.
    Asymmetric,
}

/// To which element a place between two of them belongs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Rounding {
    /// The nearest one, of two as near the one before: ONNX's default.
    #[default]
    PreferFloor,
    /// The nearest one, of two as near the one behind: PyTorch's `nearest-exact`.
    PreferCeil,
    /// The one before: PyTorch's `nearest`, with [`Coordinates::Asymmetric`].
    Floor,
    /// The one behind.
    Ceil,
}

/// The function whose values are the factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(in crate::ops) enum Kernel {
    Nearest(Rounding),
    Linear,
    /// Keys' cubic convolution, with its parameter a as bits.
    Cubic(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(in crate::ops) struct Interpolation {
    pub kernel: Kernel,
    pub coordinates: Coordinates,
    /// The bits of a scale other than m/n.
    pub scale: Option<u64>,
    /// Whether elements before the first and behind the last have no factor, instead of the first's and last's value.
    pub exclude_outside: bool,
    /// Whether the function is as wide as the elements are apart where there are fewer of them than before.
    pub antialias: bool,
}

impl Interpolation {
    /// The rows of `m` elements of an axis of `n`.
    pub fn fill(&self, table: &mut Table, n: usize, m: usize) {
        let width = match self.antialias {
            true => self.back(1.0, n, m).max(1.0),
            false => 1.0,
        };
        let last = n as isize - 1;
        for i in 0..m {
            let place = self.place(i as f64, n, m);
            if let Kernel::Nearest(rounding) = self.kernel {
                let near = match rounding {
                    Rounding::PreferFloor => (place - 0.5).ceil(),
                    Rounding::PreferCeil => (place + 0.5).floor(),
                    Rounding::Floor => place.floor(),
                    Rounding::Ceil => place.ceil(),
                };
                table.push([((near as isize).clamp(0, last) as usize, 1.0)]);
                continue;
            }
            let reach = self.reach() * width;
            let from = (place - reach).floor() as isize;
            let to = (place + reach).ceil() as isize;
            let factors = (from..=to).map(|j| (j, self.factor((j as f64 - place) / width)));
            let factors: Vec<(isize, f64)> = factors
                .filter(|(j, factor)| *factor != 0.0 && !(self.exclude_outside && (*j < 0 || *j > last)))
                .collect();
            let total: f64 = match self.antialias || self.exclude_outside {
                true => factors.iter().map(|(_, factor)| factor).sum(),
                false => 1.0,
            };
            let mut row: Vec<(usize, f64)> = Vec::new();
            for (j, factor) in factors {
                let j = j.clamp(0, last) as usize;
                match row.last_mut() {
                    Some((same, sum)) if *same == j => *sum += factor / total,
                    _ => row.push((j, factor / total)),
                }
            }
            table.push(row);
        }
    }

    /// A length of the value as one of the axis.
    fn back(&self, length: f64, n: usize, m: usize) -> f64 {
        match self.scale {
            Some(scale) => length / f64::from_bits(scale),
            None => length * n as f64 / m as f64,
        }
    }

    /// Where element `i` of `m` lies on an axis of `n`.
    fn place(&self, i: f64, n: usize, m: usize) -> f64 {
        let half_pixel = self.back(i + 0.5, n, m) - 0.5;
        match self.coordinates {
            Coordinates::HalfPixel => half_pixel,
            Coordinates::HalfPixelOrZero if m > 1 => half_pixel,
            Coordinates::HalfPixelOrZero => 0.0,
            Coordinates::HalfPixelSymmetric => (n as f64 - self.back(m as f64, n, m)) / 2.0 + half_pixel,
            Coordinates::AlignCorners if m > 1 => i * (n as f64 - 1.0) / (m as f64 - 1.0),
            Coordinates::AlignCorners => 0.0,
            Coordinates::Asymmetric => self.back(i, n, m),
        }
    }

    fn reach(&self) -> f64 {
        match self.kernel {
            Kernel::Nearest(_) | Kernel::Linear => 1.0,
            Kernel::Cubic(_) => 2.0,
        }
    }

    /// The kernel's value at a distance. Cubic, of R. Keys, Cubic convolution interpolation for digital image processing (1981):
    /// (a + 2)|d|³ − (a + 3)|d|² + 1 up to 1, and a|d|³ − 5a|d|² + 8a|d| − 4a from there up to 2.
    fn factor(&self, distance: f64) -> f64 {
        let d = distance.abs();
        match self.kernel {
            Kernel::Nearest(_) | Kernel::Linear => (1.0 - d).max(0.0),
            Kernel::Cubic(a) => {
                let a = f64::from_bits(a);
                match d {
                    _ if d <= 1.0 => ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0,
                    _ if d < 2.0 => (((d - 5.0) * d + 8.0) * d - 4.0) * a,
                    _ => 0.0,
                }
            }
        }
    }
}
