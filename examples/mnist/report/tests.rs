//! The page as text: complete, self-contained, escaped, and written as a whole or not at all.

use std::path::PathBuf;
use std::{env, fs, process};

use bayeux::metrics::{Bin, Reliability};

use super::axis::Axis;
use super::format::{count, duration, number, percent, significant};
use super::plots::{elbo_range, quantile, shares, wilson};
use super::sections::probability_greater;
use super::*;

const SECTIONS: [&str; 7] = ["figures", "elbo", "scales", "reliability", "uncertainty", "filters", "digits"];

/// A small hierarchical run: 40 test images, four of them wrong and uncertain.
fn sample() -> Report {
    let uncertainty: Vec<Uncertainty> = (0..40)
        .map(|i| {
            let entropy = 0.05 * f64::from(i);
            Uncertainty { entropy, mutual_information: 0.3 * entropy, right: i < 36 }
        })
        .collect();
    let bin = |i: usize| {
        let low = i as f64 / 15.0;
        Bin { low, high: low + 1.0 / 15.0, count: i * i, confidence: low + 0.5 / 15.0, accuracy: low }
    };
    let digit = |i: usize| UncertainDigit {
        index: 7 * i,
        height: 8,
        width: 8,
        pixels: (0..64).map(|pixel| (pixel % 17) as f32).collect(),
        label: i % 10,
        predicted: (i + i % 2) % 10,
        probabilities: vec![0.1; 10],
        sds: vec![0.3; 10],
        entropy: 2.3,
        mutual_information: 0.4,
    };
    let scale = |name: &str| Scale { name: name.into(), mean: 0.08, low: 0.05, high: 0.12 };
    Report {
        dataset: "digits".into(),
        model: "conv".into(),
        prior: "hierarchical".into(),
        activation: "tanh".into(),
        iterations: 900,
        batch: 50,
        draws: 20,
        seed: 3,
        threads: 2,
        elbo: -1234.5,
        accuracy: 0.9,
        guessing: 0.12,
        nll: 0.31,
        ece: 0.02,
        seconds: 75.0,
        ms_per_step: 8.25,
        compile_ms: 12.0,
        peak_rss_mib: Some(91.0),
        elbo_trace: (0..900)
            .map(|i| -1200.0 - 1e6 * (-0.1 * f64::from(i)).exp() + f64::from(i * 37 % 11))
            .collect(),
        flat_sd: 0.1,
        scales: ["conv1.w", "conv1.b"].map(scale).to_vec(),
        calibration: Reliability { bins: (0..15).map(bin).collect() },
        uncertainty,
        filters: Filters {
            kind: "filters".into(),
            height: 3,
            width: 2,
            means: (0..30).map(|i| 0.1 * (i as f32 - 14.0)).collect(),
            sds: vec![0.05; 30],
        },
        uncertain_digits: (0..25).map(digit).collect(),
    }
}

fn page(report: &Report) -> String {
    page::render(report).into_string()
}

/// An empty folder of its own for one test.
fn folder(name: &str) -> PathBuf {
    let folder = env::temp_dir().join(format!("bayeux-report-{}-{name}", process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn every_section_is_there_and_drawn() {
    let page = page(&sample());
    for id in SECTIONS {
        assert_eq!(page.matches(&format!("<section id=\"{id}\"")).count(), 1, "{id}");
    }
    assert!(!page.contains("class=\"nothing\""), "a full run leaves no section empty");
    // Four wide plots, two histograms in one of them, and the bars of each digit.
    assert_eq!(page.matches("<svg").count(), 5 + 25);
    // Means and sds of five filters with a colour bar each, and the digits.
    assert_eq!(page.matches("src=\"data:image/png;base64,").count(), 2 * (5 + 1) + 25);
    for figure in [
        "−1,234.5 nats",
        "90.00%",
        "0.3100 nats",
        "2.00%",
        "1 min 15 s",
        "8.25 ms",
        "91 MiB",
        "conv1.b",
        "0.0800 [0.0500, 0.120]",
    ] {
        assert!(page.contains(figure), "{figure}");
    }
}

#[test]
fn nothing_comes_from_elsewhere() {
    let page = page(&sample());
    for foreign in ["http:", "https:", "//cdn", "<script", "<link", "@import", "url(", "<iframe"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    for (at, _) in page.match_indices("src=\"") {
        assert!(page[at + 5..].starts_with("data:image/png;base64,"));
    }
    assert_eq!(page.matches("<img").count(), page.matches("alt=\"").count(), "each image says what it shows");
    assert_eq!(page.matches("<svg").count(), page.matches("role=\"img\" aria-label=\"").count());
}

#[test]
fn text_is_escaped() {
    let mut report = sample();
    report.dataset = "<b>\"mine\" & yours".into();
    report.scales[0].name = "a<script>".into();
    let page = page(&report);
    assert!(page.contains("&lt;b&gt;&quot;mine&quot; &amp; yours") && page.contains("a&lt;script&gt;"));
    assert!(!page.contains("<b>\"mine") && !page.contains("<script"));
}

#[test]
fn a_run_with_little_to_show_makes_a_page_without_holes() {
    let mut flat = sample();
    (flat.scales, flat.iterations, flat.peak_rss_mib) = (vec![], 1, None);
    flat.elbo_trace.truncate(1);
    flat.uncertainty.retain(|answer| answer.right);
    flat.uncertain_digits.truncate(3);
    let mut hopeless = sample();
    hopeless.uncertainty.iter_mut().for_each(|answer| (answer.right, answer.entropy) = (false, 0.0));
    hopeless.filters.means.fill(0.0);
    hopeless.uncertain_digits[0].pixels.fill(0.0);
    hopeless.elbo_trace = vec![f64::NEG_INFINITY, -5.0, f64::NAN, -5.0];
    hopeless.scales.truncate(1);
    (hopeless.scales[0].low, hopeless.scales[0].high) = (0.08, 0.08);
    let mut empty = sample();
    (empty.scales, empty.elbo_trace, empty.uncertainty, empty.uncertain_digits) =
        (vec![], vec![], vec![], vec![]);
    (empty.filters.means, empty.filters.sds) = (vec![], vec![]);
    empty.calibration.bins.fill(Bin::default());
    for (report, sentence) in [
        (&flat, "every weight and bias is N(0, 0.1)"),
        (&flat, "All 36 answers are right"),
        (&hopeless, "None of 40 answers is right"),
        (&empty, "The run recorded no ELBO."),
    ] {
        let page = page(report);
        assert!(SECTIONS.iter().all(|id| page.contains(&format!("id=\"{id}\""))));
        assert!(page.contains(sentence), "{sentence}");
        // The sentence apart, these two can only come from a number that went wrong.
        assert!(!page.contains("NaN") && !page.contains("inf\"") && !page.contains("inf "), "{sentence}");
    }
    assert_eq!(
        page(&empty).matches("class=\"how nothing\"").count()
            + page(&empty).matches("class=\"nothing\"").count(),
        6
    );
}

#[test]
fn the_file_is_written_whole_or_not_at_all() {
    let folder = folder("write");
    let path = folder.join("run.html");
    sample().write(&path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), page(&sample()));
    let mut next = sample();
    next.seed = 4;
    next.write(&path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), page(&next), "an older page is replaced");

    let error = sample().write(&folder.join("missing/run.html")).unwrap_err();
    assert!(error.to_string().contains("cannot write the report") && error.to_string().contains("missing"));
    // A folder in the way lets the temporary file be written and the rename fail.
    fs::create_dir_all(folder.join("taken.html/full")).unwrap();
    sample().write(&folder.join("taken.html")).unwrap_err();
    let mut names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["run.html", "taken.html"]);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn numbers_read_as_in_print() {
    assert_eq!(number(-13902.44, 1), "−13,902.4");
    assert_eq!(number(-0.04, 1), "0.0");
    assert_eq!([count(999), count(1000), count(1234567)], ["999", "1,000", "1,234,567"]);
    assert_eq!(
        [significant(0.08301, 3), significant(116.3, 3), significant(12345.0, 3)],
        ["0.0830", "116", "12,345"]
    );
    assert_eq!([percent(0.98654, 2), number(f64::NAN, 2)], ["98.65%", "–"]);
    assert_eq!(
        [duration(9.44), duration(59.7), duration(3599.6), duration(11220.0)],
        ["9.4 s", "1 min 00 s", "1 h 00 min", "3 h 07 min"]
    );
}

#[test]
fn axes_place_values_and_ticks() {
    let linear = Axis::linear([-20_000.0, -13_000.0], [300.0, 100.0]);
    assert_eq!([linear.at(-20_000.0), linear.at(-16_500.0), linear.clamped(0.0)], [300.0, 200.0, 100.0]);
    assert_eq!(linear.ticks(4), [-20_000.0, -18_000.0, -16_000.0, -14_000.0]);
    let logarithmic = Axis::logarithmic([0.01, 1.0], [0.0, 100.0]);
    assert_eq!([logarithmic.at(0.01), logarithmic.at(0.1), logarithmic.at(1.0)], [0.0, 50.0, 100.0]);
    assert_eq!(logarithmic.ticks(7), [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0]);
    assert_eq!(Axis::square_root(1.0, [0.0, 100.0]).at(0.25), 50.0);
}

#[test]
fn summaries_match_values_worked_out_by_hand() {
    assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), 3.0);
    assert_eq!(shares(&[0.0, 0.1, 0.6, 1.0], 1.0, 2), [0.5, 0.5]);
    // Two of the six pairs lose, one ties.
    assert_eq!(probability_greater(&[1.0, 3.0], &[0.0, 1.0, 3.5]), (1.0 + 0.5 + 2.0) / 6.0);
    // At either end of Wilson's interval the share seen is z standard errors away; P(|Z| < 1.8808) = 0.94.
    let [low, high] = wilson(0.8, 10);
    assert!(low < 0.8 && 0.8 < high);
    for end in [low, high] {
        let distance = (end - 0.8).abs() / (end * (1.0 - end) / 10.0).sqrt();
        assert!((distance - 1.880_793_608_151_251).abs() < 1e-12);
    }
    assert!(wilson(1.0, 5)[0] < 0.7 && wilson(1.0, 5)[1] <= 1.0 + 1e-15);
    // The first values, a thousand times larger, stay outside; all of the second half is inside.
    let [low, high] = elbo_range(&sample().elbo_trace).unwrap();
    assert!(low > -20_000.0 && low <= -1200.0 && high >= -1190.0, "{low} {high}");
}

#[test]
fn a_fit_that_only_guesses_is_called_so() {
    let text = "no better than guessing";
    let mut report = sample();
    assert!(!page(&report).contains(text));
    report.accuracy = report.guessing;
    assert!(page(&report).contains(text));
}
