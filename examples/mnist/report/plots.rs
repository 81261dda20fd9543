//! The line and dot plots of the report as inline SVG, coloured by the page's style sheet.

use std::fmt::Write;

use bayeux::metrics::Bin;
use maud::{Markup, html};

use super::axis::{Axis, frame, svg};
use super::{Scale, format};

const WIDTH: f64 = 912.0;
/// Most points drawn of a trace: one for every two pixels, so that the band is a band and not a thicket.
const TRACE_POINTS: usize = 370;
/// Normal quantile of a central 94 % interval.
const Z_94: f64 = 1.880_793_608_151_251;

/// The value below which a share `q` of the sorted values lies, with linear interpolation.
pub fn quantile(sorted: &[f64], q: f64) -> f64 {
    let place = q * (sorted.len() - 1) as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

/// Finite values, ascending.
pub fn sorted(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// Wilson's 94 % interval of a share seen in `count` trials: unlike the normal one it stays within 0 and 1.
pub fn wilson(share: f64, count: usize) -> [f64; 2] {
    let (n, z2) = (count as f64, Z_94 * Z_94);
    let centre = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z_94 / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    [centre - half, centre + half]
}

/// An SVG path through the points.
fn path(points: impl IntoIterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    for (x, y) in points {
        let command = if path.is_empty() { 'M' } else { 'L' };
        write!(path, "{command}{x} {y}").expect("a String takes all that is written");
    }
    path
}

/// The range of ELBO values to show: all of the second half, and no more of the steep beginning than nineteen
/// twentieths of the iterations, so that the first values, a hundred times larger, do not flatten the rest.
pub fn elbo_range(trace: &[f64]) -> Option<[f64; 2]> {
    let (all, half) = (sorted(trace.iter().copied()), sorted(trace[trace.len() / 2..].iter().copied()));
    let [.., high] = all[..] else { return None };
    let low = half.first().map_or(high, |low| low.min(quantile(&all, 0.05)));
    Some([low, high + 0.04 * (high - low)])
}

/// How many iterations the running mean of a trace spans: a fiftieth of it, but no fewer than five.
pub fn running_window(iterations: usize) -> usize {
    (iterations / 50).max(iterations.min(5))
}

/// The ELBO trace: the range of each stretch of iterations as a band, their running mean as a line.
pub fn elbo(trace: &[f64]) -> Option<Markup> {
    let n = trace.len();
    let x = Axis::linear([0.0, n as f64], [84.0, WIDTH - 26.0]);
    let y = Axis::linear(elbo_range(trace)?, [316.0, 34.0]);
    let mean = |values: &[f64]| {
        let finite = values.iter().filter(|value| value.is_finite());
        finite.clone().sum::<f64>() / finite.count() as f64
    };
    let ends: Vec<usize> = (1..=n.min(TRACE_POINTS)).map(|i| i * n / n.min(TRACE_POINTS)).collect();
    let starts = [0].into_iter().chain(ends.iter().copied());
    let stretches: Vec<(f64, [f64; 2])> = starts
        .zip(&ends)
        .map(|(start, &end)| (end, sorted(trace[start..end].iter().copied())))
        .filter(|(_, values)| values.last().is_some_and(|high| *high >= y.low))
        .map(|(end, values)| {
            (x.at(end as f64), [values[0], values[values.len() - 1]].map(|value| y.clamped(value)))
        })
        .collect();
    let lows = stretches.iter().map(|(at, [low, _])| (*at, *low));
    let highs = stretches.iter().rev().map(|(at, [_, high])| (*at, *high));
    // Few iterations need no band: each is a point of a line of its own.
    let (class, raw) =
        if n > TRACE_POINTS { ("raw-band", path(lows.chain(highs)) + "Z") } else { ("raw-line", path(lows)) };
    let means = ends.iter().filter_map(|&end| {
        let mean = mean(&trace[end.saturating_sub(running_window(n))..end]);
        (y.low..=y.high).contains(&mean).then(|| (x.at(end as f64), y.at(mean)))
    });
    let means: Vec<(f64, f64)> = means.collect();
    let last = mean(&trace[n - running_window(n)..]);
    let summary =
        format!("ELBO over {}, ending at {}", format::plural(n, "iteration"), format::number(last, 0));
    let whole = x.ticks(8).into_iter().filter(|tick| tick.fract() == 0.0);
    let whole: Vec<(f64, String)> = whole.map(|tick| (tick, format::number(tick, 0))).collect();
    let drawing = html! {
        (frame(&x, &whole, "iteration", &y, &y.labelled(6), "ELBO (nats)"))
        path class=(class) d=(raw) {}
        path.mean-line d=(path(means.iter().copied())) {}
        // A run of one iteration has no line to draw.
        @if let [(at, height)] = means[..] { circle.mean-dot cx=(at) cy=(height) r="4" {} }
        g transform={ "translate(" (WIDTH - 372.0) " 10)" } {
            path class=(class) d=(if n > TRACE_POINTS { "M0 -7h20v10h-20Z" } else { "M0 -2h20" }) {}
            text.tick x="26" y="3" { "each iteration" }
            line.mean-line x1="156" x2="176" y1="-2" y2="-2" {}
            text.tick x="182" y="3" { "mean of the last " (format::count(running_window(n))) }
        }
    };
    Some(svg(WIDTH, 362.0, &summary, &drawing))
}

/// One row for each tensor: posterior mean and 94 % interval of its prior scale.
pub fn scales(scales: &[Scale], flat_sd: f64) -> Option<Markup> {
    let positive = |value: &f64| value.is_finite() && *value > 0.0;
    let values = scales.iter().flat_map(|scale| [scale.low, scale.mean, scale.high]).chain([flat_sd]);
    let values = sorted(values.filter(positive));
    let ([low, ..], [.., high]) = (&values[..], &values[..]) else { return None };
    let longest = scales.iter().map(|scale| scale.name.chars().count()).max()?;
    let left = 24.0 + 10.0 * longest.min(24) as f64;
    let bottom = 34.0 + 30.0 * scales.len() as f64;
    let x = Axis::logarithmic([low / 1.15, high * 1.15], [left, WIDTH - 256.0]);
    let y = Axis::linear([0.0, scales.len() as f64], [bottom, 34.0]);
    let row = |i: usize| 49.0 + 30.0 * i as f64;
    let summary =
        format!("Learned prior scales of {} with 94% intervals", format::plural(scales.len(), "tensor"));
    let drawing = html! {
        (frame(&x, &x.labelled(8), "prior standard deviation s (logarithmic)", &y, &[], "tensor"))
        text.title x=(WIDTH - 238.0) y="14" { "mean [94% interval]" }
        line.reference x1=(x.at(flat_sd)) x2=(x.at(flat_sd)) y1="24" y2=(bottom) {}
        text.note text-anchor="middle" x=(x.at(flat_sd)) y="16" {
            "flat prior: " (format::significant(flat_sd, 1))
        }
        @for (i, scale) in scales.iter().enumerate() {
            @let ends = [scale.low, scale.mean, scale.high];
            @let [low, mean, high] = ends.map(|value| x.clamped(value));
            @let [low_text, mean_text, high_text] = ends.map(|value| format::significant(value, 3));
            text.label text-anchor="end" x=(left - 12.0) y=(row(i) + 4.0) { (scale.name) }
            line.faint x1=(x.start) x2=(x.end) y1=(row(i)) y2=(row(i)) {}
            line.whisker x1=(low) x2=(high) y1=(row(i)) y2=(row(i)) {}
            @for end in [low, high] { line.whisker x1=(end) x2=(end) y1=(row(i) - 4.0) y2=(row(i) + 4.0) {} }
            circle.dot cx=(mean) cy=(row(i)) r="4.5" { title { (scale.name) ": " (mean_text) } }
            text.label x=(WIDTH - 238.0) y=(row(i) + 4.0) { (mean_text) " [" (low_text) ", " (high_text) "]" }
        }
    };
    Some(svg(WIDTH, bottom + 46.0, &summary, &drawing))
}

/// Accuracy against confidence with 94 % intervals, and below it how many answers each bin holds.
pub fn reliability(bins: &[Bin]) -> Option<Markup> {
    let largest = bins.iter().map(|bin| bin.count).max().filter(|count| *count > 0)?;
    let x = Axis::linear([0.0, 1.0], [64.0, 654.0]);
    let y = Axis::linear([0.0, 1.0], [414.0, 34.0]);
    // Counts span from one to thousands, so their bars grow with the logarithm.
    let height = |count: usize| 52.0 * (1.0 + count as f64).ln() / (1.0 + largest as f64).ln();
    let base = 540.0;
    let tick = |axis: &Axis| {
        axis.ticks(5).into_iter().map(|value| (value, format::number(value, 1))).collect::<Vec<_>>()
    };
    let total = bins.iter().map(|bin| bin.count).sum();
    let summary =
        format!("Reliability diagram of {} in {} bins", format::plural(total, "answer"), bins.len());
    let drawing = html! {
        (frame(&x, &tick(&x), "confidence: probability of the predicted class", &y, &tick(&y), "accuracy"))
        line.reference x1=(x.start) x2=(x.end) y1=(y.start) y2=(y.end) {}
        line.reference x1="512" x2="540" y1="10" y2="10" {}
        text.tick x="548" y="14" { "well calibrated" }
        @for bin in bins.iter().filter(|bin| bin.count > 0) {
            @let [low, high] = wilson(bin.accuracy, bin.count);
            @let (left, right, top) = (x.at(bin.low), x.at(bin.high), base - height(bin.count));
            @let at = x.at(bin.confidence);
            line.whisker x1=(at) x2=(at) y1=(y.clamped(low)) y2=(y.clamped(high)) {}
            circle.dot cx=(at) cy=(y.at(bin.accuracy)) r="5" {
                title {
                    (format::plural(bin.count, "answer")) ": confidence " (format::percent(bin.confidence, 1))
                    ", accuracy " (format::percent(bin.accuracy, 1))
                }
            }
            rect.bar x=(left + 2.0) width=(right - left - 4.0) y=(top) height=(base - top) {}
            text.note text-anchor="middle" x=((left + right) / 2.0) y=(top - 4.0) {
                (format::count(bin.count))
            }
        }
        line.axis x1=(x.start) x2=(x.end) y1=(base) y2=(base) {}
        text.title x="2" y=(base - 4.0) { "answers" }
    };
    Some(svg(670.0, 550.0, &summary, &drawing))
}

/// Shares of the values in `bins` equal bins from 0 to `high`; the last bin holds its upper end too.
pub fn shares(values: &[f64], high: f64, bins: usize) -> Vec<f64> {
    let mut shares = vec![0.0; bins];
    for value in values {
        let bin = (value / high * bins as f64).floor().clamp(0.0, bins as f64 - 1.0);
        shares[bin as usize] += 1.0 / values.len() as f64;
    }
    shares
}

/// Two histograms over each other, each as shares of its own group, with the medians. Both slices are sorted.
pub fn histogram(name: &str, right: &[f64], wrong: &[f64]) -> Option<Markup> {
    const BINS: usize = 24;
    let largest = [right.last(), wrong.last()].into_iter().flatten().copied().reduce(f64::max)?;
    let x = Axis::linear([0.0, if largest > 0.0 { largest } else { 1.0 }], [52.0, 432.0]);
    let groups = [("right", right, 34.0), ("wrong", wrong, 52.0)]
        .into_iter()
        .filter(|(_, values, _)| !values.is_empty());
    let groups: Vec<_> = groups
        .map(|(class, values, line)| (class, shares(values, x.high, BINS), quantile(values, 0.5), line))
        .collect();
    let highest = groups.iter().flat_map(|(_, shares, ..)| shares).copied().fold(0.1, f64::max);
    let y = Axis::square_root(highest, [284.0, 70.0]);
    let outline = |shares: &[f64]| {
        let edge = |i: usize| x.at(x.high * i as f64 / BINS as f64);
        let tops = shares
            .iter()
            .enumerate()
            .flat_map(|(i, share)| [edge(i), edge(i + 1)].map(|at| (at, y.at(*share))));
        path([(x.start, y.start)].into_iter().chain(tops.collect::<Vec<_>>()).chain([(x.end, y.start)]))
    };
    let medians: Vec<String> =
        groups.iter().map(|(class, _, median, _)| format!("{class} answers {median:.3}")).collect();
    let summary = format!("Histogram of {name}; medians: {}", medians.join(", "));
    let drawing = html! {
        (frame(&x, &x.labelled(5), &format!("{name} (nats)"), &y, &y.labelled(0), "share of the group"))
        @for (class, shares, median, line) in &groups {
            path class={ "group " (class) } d=(outline(shares)) {}
            @let at = x.at(*median);
            line class={ "median " (class) } x1=(at) x2=(at) y1=(y.end - 4.0) y2=(y.start) {}
            rect class={ "group " (class) } x="256" y=(line - 9.0) width="14" height="10" {}
            text.tick x="276" y=(line) { (class) ", median " (format::significant(*median, 2)) }
        }
    };
    Some(svg(440.0, 330.0, &summary, &drawing))
}
