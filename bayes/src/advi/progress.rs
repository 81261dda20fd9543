//! What a fit tells while it runs.

use std::time::Duration;

/// The state of a fit after an iteration, as its callback sees it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Progress {
    /// How many iterations are done.
    pub iteration: usize,
    /// How many were asked for.
    pub iterations: usize,
    /// The estimate of the ELBO in this iteration, from its own draws and mini-batch.
    pub elbo: f64,
    /// The mean of the last 100 estimates, or of all if they are fewer.
    pub mean_elbo: f64,
    /// The time since the first iteration began.
    pub elapsed: Duration,
}

/// A progress bar on standard error, if that is a terminal and the feature `progress` is on.
pub(super) struct Bar {
    #[cfg(all(feature = "progress", not(target_family = "wasm")))]
    bar: Option<indicatif::ProgressBar>,
    #[cfg(all(feature = "progress", not(target_family = "wasm")))]
    drawn: Duration,
}

#[cfg(all(feature = "progress", not(target_family = "wasm")))]
impl Bar {
    const EVERY: Duration = Duration::from_millis(100);

    pub(super) fn new(iterations: usize, wanted: bool) -> Self {
        use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
        let template = "{bar:30} {pos}/{len} · {msg} · {elapsed} gone, {eta} left";
        let bar = wanted.then(|| {
            let bar = ProgressBar::with_draw_target(Some(iterations as u64), ProgressDrawTarget::stderr());
            bar.set_style(
                ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            bar
        });
        Bar { bar: bar.filter(|bar| !bar.is_hidden()), drawn: Duration::ZERO }
    }

    pub(super) fn show(&mut self, progress: &Progress) {
        let Some(bar) = &self.bar else { return };
        if progress.elapsed - self.drawn >= Self::EVERY || progress.iteration == progress.iterations {
            self.drawn = progress.elapsed;
            bar.set_position(progress.iteration as u64);
            bar.set_message(format!("ELBO {:.4e}", progress.mean_elbo));
        }
    }

    /// Leaves the bar as it is and goes to the next line.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.abandon();
        }
    }
}

#[cfg(not(all(feature = "progress", not(target_family = "wasm"))))]
impl Bar {
    pub(super) fn new(_iterations: usize, _wanted: bool) -> Self {
        Bar {}
    }

    pub(super) fn show(&mut self, _progress: &Progress) {}

    pub(super) fn end(&self) {}
}
