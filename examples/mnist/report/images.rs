//! Small grey or coloured images as PNGs inside the page.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

use super::{Filters, axis, format};

/// Images shown of the first layer; a dense one has hundreds of units.
const SHOWN: usize = 32;

/// A `data:` address of a PNG of `height × width` pixels.
fn data_url(height: usize, width: usize, pixels: impl Iterator<Item = [u8; 3]>) -> String {
    let bytes: Vec<u8> = pixels.flatten().collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().expect("a Vec takes all that is written");
    writer.write_image_data(&bytes).expect("three bytes for each pixel");
    writer.finish().expect("a Vec takes all that is written");
    format!("data:image/png;base64,{}", STANDARD.encode(file))
}

/// A digit in black ink on white paper.
pub fn digit(pixels: &[f32], height: usize, width: usize, alt: &str) -> Markup {
    assert_eq!(pixels.len(), height * width, "pixels of a {height}×{width} image");
    let (low, high) = range(pixels);
    let grey = |&pixel: &f32| [255 - (255.0 * (pixel - low) / (high - low).max(f32::MIN_POSITIVE)) as u8; 3];
    let source = data_url(height, width, pixels.iter().map(grey));
    html! { img.pixels src=(source) width="64" height="64" alt=(alt); }
}

/// Smallest and largest value.
fn range(values: &[f32]) -> (f32, f32) {
    values
        .iter()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &value| (low.min(value), high.max(value)))
}

/// Share of the colour map that a value gets, for a range that may be empty.
fn share(value: f32, low: f32, high: f32) -> f64 {
    if high > low { f64::from((value - low) / (high - low)) } else { 0.5 }
}

/// The first filters as posterior means and standard deviations side by side, each kind on one colour scale.
pub fn filters(filters: &Filters) -> Markup {
    let size = filters.height * filters.width;
    assert!(
        size > 0 && filters.means.len().is_multiple_of(size),
        "weights fill whole {}×{} images",
        filters.height,
        filters.width
    );
    assert_eq!(filters.means.len(), filters.sds.len(), "as many standard deviations as means");
    let shown = filters.means.len().min(SHOWN * size);
    let (means, sds) = (&filters.means[..shown], &filters.sds[..shown]);
    let largest = means.iter().fold(0f32, |largest, mean| largest.max(mean.abs()));
    // Red is positive, blue is negative, and paper white is zero.
    let diverging = |share| colorous::RED_BLUE.eval_continuous(1.0 - share);
    let sequential = |share| colorous::CIVIDIS.eval_continuous(share);
    html! {
        div.pair {
            (sheet("Posterior means", filters, means, (-largest, largest), diverging))
            (sheet("Posterior standard deviations", filters, sds, range(sds), sequential))
        }
    }
}

/// Which images the page shows: `"32 filters, each of 5×5 weights"`, or the first of so many.
pub fn shown(filters: &Filters) -> String {
    let Filters { kind, height, width, means, .. } = filters;
    let all = means.len() / (height * width).max(1);
    let which =
        if all > SHOWN { format!("the first {SHOWN} of {}", format::count(all)) } else { format::count(all) };
    format!("{which} {kind}, each of {height}×{width} weights")
}

fn sheet(
    title: &str,
    filters: &Filters,
    values: &[f32],
    (low, high): (f32, f32),
    colour: impl Fn(f64) -> colorous::Color,
) -> Markup {
    let rgb = |share: f64| colour(share).as_array();
    let paint = |image: &[f32]| {
        data_url(filters.height, filters.width, image.iter().map(|&value| rgb(share(value, low, high))))
    };
    let gradient = data_url(1, 128, (0..128).map(|i| rgb(f64::from(i) / 127.0)));
    let text = |value: f32| format::significant(f64::from(value), 2);
    html! {
        figure {
            figcaption.sheet-title { (title) }
            div.sheet {
                @for (i, image) in values.chunks(filters.height * filters.width).enumerate() {
                    @let (low, high) = range(image);
                    @let what = format!("{title}, image {}: from {} to {}", i + 1, text(low), text(high));
                    img.pixels src=(paint(image)) alt=(what) title=(what);
                }
            }
            div.colour-bar {
                img src=(gradient) alt={ "Colour scale from " (text(low)) " to " (text(high)) };
                div { span { (text(low)) } span { (text((low + high) / 2.0)) } span { (text(high)) } }
            }
        }
    }
}

/// Probability of each class as a bar, with a whisker of one standard deviation over the draws each way.
pub fn class_bars(probabilities: &[f64], sds: &[f64], label: usize, predicted: usize) -> Markup {
    assert_eq!(probabilities.len(), sds.len(), "as many standard deviations as classes");
    let x = axis::Axis::linear([0.0, probabilities.len() as f64], [20.0, 172.0]);
    let y = axis::Axis::linear([0.0, 1.0], [92.0, 8.0]);
    let place = |class: usize| x.at(class as f64 + 0.5);
    let width = 0.7 * (x.at(1.0) - x.at(0.0));
    let likely =
        |(class, p): (usize, &f64)| (*p >= 0.05).then(|| format!("{class}: {}", format::percent(*p, 0)));
    let likely: Vec<String> = probabilities.iter().enumerate().filter_map(likely).collect();
    let summary = format!("Predictive probabilities of 5% and more: {}", likely.join(", "));
    let bars = html! {
        @for value in [0.0, 0.5, 1.0] {
            line.grid x1=(x.start) x2=(x.end) y1=(y.at(value)) y2=(y.at(value)) {}
            text.tick text-anchor="end" x="14" y=(y.at(value) + 4.0) {
                @if value == 0.5 { "½" } @else { (value) }
            }
        }
        @for (class, (p, sd)) in probabilities.iter().zip(sds).enumerate() {
            @let (bar, tick) = match class {
                class if class == label => ("bar true", "tick true"),
                class if class == predicted => ("bar mistaken", "tick"),
                _ => ("bar", "tick"),
            };
            @let (at, top) = (place(class), y.clamped(*p));
            rect class=(bar) x=(at - width / 2.0) width=(width) y=(top) height=(y.start - top) {
                title { (class) ": " (format::percent(*p, 1)) " ± " (format::percent(*sd, 1)) }
            }
            line.thin-whisker x1=(at) x2=(at) y1=(y.clamped(p - sd)) y2=(y.clamped(p + sd)) {}
            text class=(tick) text-anchor="middle" x=(at) y="108" { (class) }
        }
    };
    axis::svg(174.0, 112.0, &summary, &bars)
}
