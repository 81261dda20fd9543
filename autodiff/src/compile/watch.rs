//! Where the time of compiling goes.

use std::fmt::Display;
use std::time::Duration;

use bayeux_tensor::time::Instant;

/// A watch that is read after every pass.
#[derive(Debug)]
pub(crate) struct Watch {
    last: Instant,
    /// Each pass, and how long it has taken.
    laps: Vec<(&'static str, Duration)>,
    /// What the passes have made, if somebody wants to read it.
    pages: Option<Vec<(String, String)>>,
    /// The inner programs that are being compiled, each for the one before.
    inside: Vec<String>,
    /// What the next page begins with.
    note: String,
}

impl Watch {
    pub fn start() -> Self {
        Watch { last: Instant::now(), laps: Vec::new(), pages: None, inside: Vec::new(), note: String::new() }
    }

    /// One that also writes down what the passes make.
    pub fn recording() -> Self {
        Watch { pages: Some(Vec::new()), ..Watch::start() }
    }

    /// Writes down what a pass has made, unless it is what was there before.
    pub fn record(&mut self, pass: &'static str, made: &impl Display) {
        if let Some(pages) = &mut self.pages {
            let text = format!("{made:#}");
            let note = std::mem::take(&mut self.note);
            if pages.last().is_none_or(|(_, before)| !before.ends_with(&text)) {
                let mut title = self.inside.clone();
                title.push(pass.to_string());
                pages.push((title.join(": "), note + &text));
            }
        }
    }

    /// Writes down, before what the pass has made, which rules applied and how often.
    pub fn rules(&mut self, fired: impl Iterator<Item = (&'static str, usize)>) {
        if self.pages.is_some() {
            self.note = format!("rules: {}\n", counts(fired));
        }
    }

    /// Notes that what follows is about an inner program.
    pub fn inside<X>(&mut self, name: String, compile: impl FnOnce(&mut Self) -> X) -> X {
        self.inside.push(name);
        let result = compile(self);
        self.inside.pop();
        result
    }

    /// What it has written down.
    pub fn pages(&self) -> &[(String, String)] {
        self.pages.as_deref().unwrap_or_default()
    }

    /// What a pass gives, when it has ended.
    pub fn lap<X>(&mut self, pass: &'static str, result: X) -> X {
        let now = Instant::now();
        add(&mut self.laps, pass, now - self.last);
        self.last = now;
        result
    }

    /// Adds what it has measured to what others have.
    pub fn add_to(self, laps: &mut Vec<(&'static str, Duration)>) {
        self.laps.into_iter().for_each(|(pass, time)| add(laps, pass, time));
    }
}

/// Names, each with how often.
pub(crate) fn counts(fired: impl Iterator<Item = (&'static str, usize)>) -> String {
    let fired: Vec<String> = fired.map(|(name, count)| format!("{name} × {count}")).collect();
    if fired.is_empty() { "none".into() } else { fired.join(", ") }
}

fn add(laps: &mut Vec<(&'static str, Duration)>, pass: &'static str, time: Duration) {
    match laps.iter_mut().find(|(name, _)| *name == pass) {
        Some((_, sum)) => *sum += time,
        None => laps.push((pass, time)),
    }
}
