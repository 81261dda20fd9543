//! Downloads into the cache: mirrors in turn, a check sum, and a file that appears whole or not at all.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};
use ureq::Agent;

use super::mnist::File;
use super::{DatasetError, Mnist, Progress, progress};

/// No file is larger, packed or unpacked (the largest has 47 MB): what goes on beyond is not what was asked for.
const LIMIT: u64 = 1 << 26;
const REPORT_EVERY: u64 = 1 << 18;

impl Mnist {
    /// The addresses to download from, tried in this order; each holds the four files as `NAME.gz`.
    pub fn mirrors<S: Into<String>>(mut self, urls: impl IntoIterator<Item = S>) -> Self {
        self.mirrors.urls = urls.into_iter().map(Into::into).collect();
        self
    }

    /// How long to wait for a mirror that stands still before the next is tried; 15 seconds by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.mirrors.timeout = timeout;
        self
    }

    /// Where downloads report; by default a line on stderr for each file.
    pub fn progress(mut self, report: impl FnMut(&Progress<'_>) + Send + 'static) -> Self {
        self.mirrors.report = Box::new(report);
        self
    }
}

/// Where to download from, and how.
pub(super) struct Mirrors {
    urls: Vec<String>,
    timeout: Duration,
    report: Box<dyn FnMut(&Progress<'_>) + Send>,
}

impl Default for Mirrors {
    fn default() -> Self {
        let urls = [
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ];
        Self {
            urls: urls.map(String::from).into(),
            timeout: Duration::from_secs(15),
            report: Box::new(progress::to_stderr),
        }
    }
}

impl Mirrors {
    /// Downloads `file` into `directory`, which is created if need be, and gives its path there.
    pub(super) fn download(&mut self, file: &File, directory: &Path) -> Result<PathBuf, DatasetError> {
        // First, so that nothing is downloaded that could not be kept.
        fs::create_dir_all(directory).map_err(DatasetError::io("create", directory))?;
        let name = format!("{}.gz", file.name);
        let mut attempts = Vec::new();
        for i in 0..self.urls.len() {
            let url = format!("{}/{name}", self.urls[i].trim_end_matches('/'));
            match self.fetch(&url).and_then(|body| verify(&url, &body, file.sha256).map(|()| body)) {
                Ok(body) => {
                    // The mirror that works comes first for the next file.
                    self.urls.swap(0, i);
                    let path = directory.join(name);
                    write_atomically(&path, &body).map_err(DatasetError::io("write", &path))?;
                    return Ok(path);
                }
                Err(error) => attempts.push(error),
            }
        }
        Err(DatasetError::AllMirrorsFailed { file: name, attempts })
    }

    /// The body at `url`.
    fn fetch(&mut self, url: &str) -> Result<Vec<u8>, DatasetError> {
        let failed =
            |source: ureq::Error| DatasetError::Download { url: url.into(), source: Box::new(source) };
        let broken = |source: io::Error| DatasetError::Download { url: url.into(), source: Box::new(source) };
        // Each wait is limited, not the whole: a slow line is no error as long as something comes.
        let agent: Agent = Agent::config_builder()
            .timeout_resolve(Some(self.timeout))
            .timeout_connect(Some(self.timeout))
            .timeout_recv_response(Some(self.timeout))
            .timeout_per_read(Some(self.timeout))
            .user_agent(concat!("bayeux/", env!("CARGO_PKG_VERSION")))
            .build()
            .into();
        let response = agent.get(url).call().map_err(failed)?;
        let body = response.into_body();
        let total = body.content_length();
        let mut reader = body.into_reader().take(LIMIT);
        let mut bytes = Vec::new();
        loop {
            let before = bytes.len();
            (self.report)(&Progress { url, received: before as u64, total, finished: false });
            let result = reader.by_ref().take(REPORT_EVERY).read_to_end(&mut bytes);
            if result.is_err() || bytes.len() == before {
                (self.report)(&Progress { url, received: bytes.len() as u64, total, finished: true });
                return result.map(|_| bytes).map_err(broken);
            }
        }
    }
}

/// Whether `body`, unpacked, is the file with this SHA-256.
fn verify(url: &str, body: &[u8], expected: &str) -> Result<(), DatasetError> {
    let mut content = Vec::new();
    MultiGzDecoder::new(body)
        .take(LIMIT)
        .read_to_end(&mut content)
        .map_err(|source| DatasetError::Gzip { path: url.into(), source })?;
    let found: String = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
    if found == expected {
        return Ok(());
    }
    Err(DatasetError::Checksum { url: url.into(), expected: expected.into(), found })
}

/// Writes beside `path` and renames: whoever looks, another process too, finds the whole file or none.
fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    static SERIAL: AtomicU64 = AtomicU64::new(0);
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    let temporary = path.with_extension(format!("part-{}-{serial}", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&temporary)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&temporary);
    }
    written
}

#[cfg(test)]
pub(super) mod tests;
