//! What a download tells while it runs.

use std::io::{IsTerminal, Write};

/// How far the download of one file is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// The address.
    pub url: &'a str,
    /// Bytes received so far: 0 in the first report.
    pub received: u64,
    /// Bytes in all, if the server told.
    pub total: Option<u64>,
    /// Whether this is the last report for this address: all has arrived, or the connection broke.
    pub finished: bool,
}

/// The default report, on stderr: one line per file, which counts up if stderr is a terminal.
pub(super) fn to_stderr(progress: &Progress<'_>) {
    let mut stderr = std::io::stderr().lock();
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let &Progress { url, received, total, finished } = progress;
    let total = total.map_or(String::new(), |total| format!(" of {:.1}", megabytes(total)));
    let line = format!("downloading {url}: {:.1}{total} MB", megabytes(received));
    // A report that cannot be written is no reason to stop the download.
    let _ = match (stderr.is_terminal(), finished) {
        (true, false) => write!(stderr, "\r{line}").and_then(|()| stderr.flush()),
        (true, true) => writeln!(stderr, "\r{line}"),
        (false, false) => Ok(()),
        (false, true) => writeln!(stderr, "{line}"),
    };
}
