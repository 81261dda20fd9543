//! Where the time of compiling goes.

use std::time::Duration;

use bayeux_tensor::time::Instant;

/// A watch that is read after every pass.
#[derive(Debug)]
pub(crate) struct Watch {
    last: Instant,
    /// Each pass, and how long it has taken.
    laps: Vec<(&'static str, Duration)>,
}

impl Watch {
    pub fn start() -> Self {
        Watch { last: Instant::now(), laps: Vec::new() }
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

fn add(laps: &mut Vec<(&'static str, Duration)>, pass: &'static str, time: Duration) {
    match laps.iter_mut().find(|(name, _)| *name == pass) {
        Some((_, sum)) => *sum += time,
        None => laps.push((pass, time)),
    }
}
