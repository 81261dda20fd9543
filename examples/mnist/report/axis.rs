//! Axes: from a value to a place in the drawing, where the ticks stand, and the frame around a plot.

use maud::{Markup, html};

use super::format;

/// How values are spread along an axis.
#[derive(Clone, Copy, PartialEq)]
enum Spread {
    Linear,
    Logarithmic,
    SquareRoot,
}

/// A range of values laid along a range of pixels. `start` may be the larger pixel: in SVG, y points down.
#[derive(Clone, Copy)]
pub struct Axis {
    spread: Spread,
    pub low: f64,
    pub high: f64,
    pub start: f64,
    pub end: f64,
}

impl Axis {
    /// Equal steps of the value are equal steps on paper. An empty range is widened to draw its one value.
    pub fn linear([low, high]: [f64; 2], [start, end]: [f64; 2]) -> Axis {
        let widen = if high > low { 0.0 } else { 0.5 * low.abs().max(1.0) };
        Axis { spread: Spread::Linear, low: low - widen, high: high + widen, start, end }
    }

    /// Equal ratios of the value are equal steps on paper; `low` must be positive.
    pub fn logarithmic([low, high]: [f64; 2], [start, end]: [f64; 2]) -> Axis {
        let widen = if high > low { 1.0 } else { 2.0 };
        Axis { spread: Spread::Logarithmic, low: low / widen, high: high * widen, start, end }
    }

    /// From 0 to `high` with room for the small: a tenth of the value still gets a third of the height.
    pub fn square_root(high: f64, [start, end]: [f64; 2]) -> Axis {
        Axis { spread: Spread::SquareRoot, low: 0.0, high, start, end }
    }

    fn spread(&self, value: f64) -> f64 {
        match self.spread {
            Spread::Linear => value,
            Spread::Logarithmic => value.ln(),
            Spread::SquareRoot => value.max(0.0).sqrt(),
        }
    }

    /// The pixel of a value, rounded to hundredths to keep the page small; what is outside lands outside.
    pub fn at(&self, value: f64) -> f64 {
        let (low, high) = (self.spread(self.low), self.spread(self.high));
        let share = (self.spread(value) - low) / (high - low);
        (100.0 * (self.start + share * (self.end - self.start))).round() / 100.0
    }

    /// Like [`at`](Axis::at), with values outside the range moved to its nearer end.
    pub fn clamped(&self, value: f64) -> f64 {
        self.at(value.clamp(self.low, self.high))
    }

    /// About `wanted` round values within the range.
    pub fn ticks(&self, wanted: usize) -> Vec<f64> {
        let inside = |value: &f64| (self.low..=self.high).contains(value);
        match self.spread {
            Spread::Linear => {
                let step = round_step((self.high - self.low) / wanted as f64);
                let first = (self.low / step).ceil() as i64;
                (first..)
                    .map(|i| i as f64 * step)
                    .take_while(|value| *value <= self.high + 1e-9 * step)
                    .collect()
            }
            Spread::Logarithmic => {
                let decades = (self.high / self.low).log10();
                let multiples: &[f64] = if decades > 3.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
                let powers = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
                let value = |power: i32, m: &f64| {
                    if power < 0 { m / 10f64.powi(-power) } else { m * 10f64.powi(power) }
                };
                powers.flat_map(|p| multiples.iter().map(move |m| value(p, m))).filter(inside).collect()
            }
            Spread::SquareRoot => {
                [0.0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0].into_iter().filter(inside).collect()
            }
        }
    }

    /// Decimals that tell the ticks of a linear axis apart.
    fn decimals(&self, wanted: usize) -> usize {
        let step = round_step((self.high - self.low) / wanted as f64);
        (-step.log10().floor()).max(0.0) as usize
    }

    /// The ticks with their labels.
    pub fn labelled(&self, wanted: usize) -> Vec<(f64, String)> {
        let label = |value: f64| match self.spread {
            Spread::Linear => format::number(value, self.decimals(wanted)),
            Spread::Logarithmic => format::significant(value, 1),
            Spread::SquareRoot => format!("{}%", format::number(100.0 * value, 0)),
        };
        self.ticks(wanted).into_iter().map(|value| (value, label(value))).collect()
    }
}

/// The smallest of 1, 2, 5 times a power of ten that is not below `step`.
fn round_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|m| m * power)
        .find(|round| *round >= step * (1.0 - 1e-9))
        .unwrap_or(step)
}

/// Grid lines, tick labels and axis titles. The title of the y axis stands above it, where it needs no
/// turned head.
pub fn frame(
    x: &Axis,
    x_ticks: &[(f64, String)],
    x_title: &str,
    y: &Axis,
    y_ticks: &[(f64, String)],
    y_title: &str,
) -> Markup {
    html! {
        g class="grid" {
            @for (value, _) in y_ticks { line x1=(x.start) x2=(x.end) y1=(y.at(*value)) y2=(y.at(*value)) {} }
        }
        line.axis x1=(x.start) x2=(x.end) y1=(y.start) y2=(y.start) {}
        @for (value, label) in x_ticks {
            line.axis x1=(x.at(*value)) x2=(x.at(*value)) y1=(y.start) y2=(y.start + 5.0) {}
            text.tick text-anchor="middle" x=(x.at(*value)) y=(y.start + 19.0) { (label) }
        }
        @for (value, label) in y_ticks {
            text.tick text-anchor="end" x=(x.start - 8.0) y=(y.at(*value) + 4.0) { (label) }
        }
        text.title text-anchor="middle" x=((x.start + x.end) / 2.0) y=(y.start + 39.0) { (x_title) }
        text.title x="2" y="14" { (y_title) }
    }
}

/// A drawing of `width × height` units that scales with the page; `summary` is what a screen reader says.
pub fn svg(width: f64, height: f64, summary: &str, body: &Markup) -> Markup {
    html! {
        svg viewBox={ "0 0 " (width) " " (height) } role="img" aria-label=(summary)
            style={ "max-width:" (width) "px" } { (body) }
    }
}
