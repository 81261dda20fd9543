//! The sections of the page: each says what it shows, how to read it, and leaves the drawing to others.

use maud::{Markup, html};

use super::format::{count, duration, number, percent, plural, significant};
use super::plots::{elbo_range, quantile, sorted, wilson};
use super::{Report, UncertainDigit, images, plots};

/// A heading, how to read what follows, and the body or, without one, why there is none.
fn section(id: &str, heading: &str, how: &Markup, body: Option<Markup>, without: &str) -> Markup {
    html! {
        section id=(id) aria-labelledby={ (id) "-heading" } {
            h2 id={ (id) "-heading" } { (heading) }
            p.how { (how) }
            @if let Some(body) = body { (body) } @else { p.nothing { (without) } }
        }
    }
}

/// The figures of the run in three small tables: what was run, how good it is, what it cost.
pub fn figures(report: &Report) -> Markup {
    let tested = report.uncertainty.len();
    let interval =
        (tested > 0).then(|| wilson(report.accuracy, tested).map(|share| number(100.0 * share, 2)));
    let result = [
        ("ELBO", format!("{} nats", number(report.elbo, 1))),
        ("accuracy", percent(report.accuracy, 2)),
        ("94% interval", interval.map_or("–".into(), |[low, high]| format!("{low} – {high}%"))),
        ("NLL", format!("{} nats", number(report.nll, 4))),
        ("ECE", percent(report.ece, 2)),
        ("test images", count(tested)),
    ];
    let run = [
        ("data set", report.dataset.clone()),
        ("model", report.model.clone()),
        ("prior", report.prior.clone()),
        ("activation", report.activation.clone()),
        ("iterations", count(report.iterations)),
        ("batch", count(report.batch)),
        ("posterior draws", count(report.draws)),
        ("seed", report.seed.to_string()),
    ];
    let cost = [
        ("inference", duration(report.seconds)),
        ("median step", format!("{} ms", significant(report.ms_per_step, 3))),
        ("compilation", format!("{} ms", significant(report.compile_ms, 3))),
        ("peak memory", report.peak_rss_mib.map_or("–".into(), |mib| format!("{} MiB", number(mib, 0)))),
        ("threads", count(report.threads)),
    ];
    html! {
        @if report.accuracy <= report.guessing {
            p.how {
                strong { "This is no better than guessing: the fit has failed" }
                ", and what follows says nothing about the model. Another seed or learning rate may help."
            }
        }
        div.figures { (table("Result", &result)) (table("Run", &run)) (table("Cost", &cost)) }
        p.how {
            "The ELBO, the evidence lower bound that inference climbs, is a mean over the last 5% of the "
            "iterations. The rest judges the posterior predictive on images that inference never saw: NLL is "
            "the mean negative log-probability of the true class, ECE the expected calibration error; both "
            "are better when lower."
        }
    }
}

fn table(caption: &str, rows: &[(&str, String)]) -> Markup {
    html! {
        table {
            caption { (caption) }
            tbody { @for (name, value) in rows { tr { th scope="row" { (name) } td { (value) } } } }
        }
    }
}

/// The ELBO trace.
pub fn elbo(report: &Report) -> Markup {
    let trace = &report.elbo_trace;
    let below = elbo_range(trace)
        .map(|[low, _]| trace.iter().filter(|value| **value < low).count())
        .filter(|below| *below > 0);
    let lowest = trace.iter().copied().filter(|value| value.is_finite()).fold(f64::INFINITY, f64::min);
    let how = html! {
        "Inference has settled when the line has gone flat; the band’s width is the noise of minibatches and "
        "of single posterior draws. "
        @if let Some(below) = below {
            "The axis leaves out " (plural(below, "early iteration")) ", down to " (number(lowest, 0)) "."
        }
    };
    let body = plots::elbo(trace).map(|plot| html! { figure.wide { (plot) } });
    section("elbo", "How inference converged", &how, body, "The run recorded no ELBO.")
}

/// Learned prior scales.
pub fn scales(report: &Report) -> Markup {
    let how = html! {
        "Under the hierarchical prior each tensor’s weights are N(0, s) with a scale s learned from the "
        "data: a small s says that the layer needs only small weights, a large one that it is free to use "
        "large ones."
    };
    let without = format!(
        "This run has the flat prior: every weight and bias is N(0, {}), with a scale that is fixed and not learned.",
        significant(report.flat_sd, 1)
    );
    let body = plots::scales(&report.scales, report.flat_sd).map(|plot| html! { figure.wide { (plot) } });
    section("scales", "Learned scales", &how, body, &without)
}

/// The reliability diagram.
pub fn reliability(report: &Report) -> Markup {
    let how = html! {
        "Of the answers given with 80% confidence, 80% should be right: dots on the diagonal say that the "
        "model knows how sure it may be, dots below it that it is overconfident. Whiskers are 94% Wilson "
        "intervals; the bars count the answers, on a logarithmic scale."
    };
    let body = plots::reliability(&report.calibration.bins).map(|plot| {
        html! {
            figure {
                (plot)
                figcaption {
                    "ECE " (percent(report.ece, 2)) ": the distance between accuracy and confidence, averaged over the "
                    (report.calibration.bins.len()) " bins with their counts as weights."
                }
            }
        }
    });
    section("reliability", "Calibration", &how, body, "There are no test images.")
}

/// Histograms of the uncertainty of right and of wrong answers.
pub fn uncertainty(report: &Report) -> Markup {
    let total = report.uncertainty.len();
    let right = report.uncertainty.iter().filter(|answer| answer.right).count();
    let split = |measure: fn(&super::Uncertainty) -> f64| {
        let of =
            |right| sorted(report.uncertainty.iter().filter(|answer| answer.right == right).map(measure));
        [of(true), of(false)]
    };
    let entropy = split(|answer| answer.entropy);
    let information = split(|answer| answer.mutual_information);
    let how = html! {
        "Wrong answers should be the uncertain ones, to the right. Entropy is the whole uncertainty of the "
        "predicted class; mutual information is the part that comes from not knowing the weights and that "
        "more data would remove. Each group’s bars sum to 100%, on a square-root scale, so that the few "
        "wrong answers show beside the many right ones."
    };
    let separated = |[right, wrong]: &[Vec<f64>; 2]| number(probability_greater(wrong, right), 3);
    let second = plots::histogram("mutual information", &information[0], &information[1]);
    let body = plots::histogram("predictive entropy", &entropy[0], &entropy[1]).map(|first| {
        html! {
            figure {
                div.pair { (first) @if let Some(second) = second { (second) } }
                figcaption {
                    @match (right, total - right) {
                        (_, 0) => { "All " (count(total)) " answers are right, so there is no second group." }
                        (0, _) => { "None of " (plural(total, "answer")) " is right, so there is no second group." }
                        (right, wrong) => {
                            (count(right)) " right and " (count(wrong)) " wrong answers. A wrong answer chosen at "
                            "random is more uncertain than a right one with probability " (separated(&entropy))
                            " by entropy and " (separated(&information)) " by mutual information (the area under "
                            "the ROC curve)."
                        }
                    }
                }
            }
        }
    });
    section("uncertainty", "Does the model know when it is wrong?", &how, body, "There are no test images.")
}

/// The probability that a value of `a` exceeds one of `b`, equal ones counted half; both are sorted.
pub fn probability_greater(a: &[f64], b: &[f64]) -> f64 {
    let wins = |value: &f64| {
        let (below, not_above) =
            (b.partition_point(|other| other < value), b.partition_point(|other| other <= value));
        0.5 * (below + not_above) as f64
    };
    a.iter().map(wins).sum::<f64>() / (a.len() * b.len()) as f64
}

/// Weight images of the first layer.
pub fn filters(report: &Report) -> Markup {
    let how = html! {
        "What the first layer looks for: " (images::shown(&report.filters)) ". Red weights answer to ink and blue ones "
        "to its absence. Where the standard deviation is as large as the means, the data said little about a "
        "weight."
    };
    let body = (!report.filters.means.is_empty()).then(|| images::filters(&report.filters));
    section("filters", "First-layer weights", &how, body, "The model has no such images.")
}

/// The most uncertain test images.
pub fn digits(report: &Report) -> Markup {
    let entropies = sorted(report.uncertainty.iter().map(|answer| answer.entropy));
    let typical = if entropies.is_empty() { f64::NAN } else { quantile(&entropies, 0.5) };
    let how = html! {
        "The " (plural(report.uncertain_digits.len(), "image")) " with the highest predictive entropy; the median "
        "over the whole test set is " (significant(typical, 2)) " nats. A bar is the probability of a class and its "
        "whisker one standard deviation over the " (plural(report.draws, "posterior draw")) "; "
        span.key-true { "green with a bold label" } " is the true class, "
        span.key-mistaken { "orange" } " a mistaken prediction. № is the image’s index in the test set."
    };
    let body = (!report.uncertain_digits.is_empty())
        .then(|| html! { div.cards { @for digit in &report.uncertain_digits { (card(digit)) } } });
    section("digits", "The most uncertain digits", &how, body, "There are no test images.")
}

fn card(digit: &UncertainDigit) -> Markup {
    let right = digit.label == digit.predicted;
    let alt = format!("Test image {}, a {}", digit.index, digit.label);
    html! {
        article.card {
            p.verdict {
                @if right { span.tick-mark { "✓" } " " (digit.label) ", answered right" }
                @else { span.cross-mark { "✗" } " " (digit.label) ", taken for " (digit.predicted) }
            }
            div.card-head {
                (images::digit(&digit.pixels, digit.height, digit.width, &alt))
                div {
                    p { "entropy " b { (number(digit.entropy, 2)) } }
                    p { "mut. inf. " b { (number(digit.mutual_information, 2)) } }
                    p { "№ " (digit.index) }
                }
            }
            (images::class_bars(&digit.probabilities, &digit.sds, digit.label, digit.predicted))
        }
    }
}
