//! Downloads from servers on this machine that behave well and badly.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::*;

const CONTENT: &[u8] = b"not MNIST, but it will do";
const FILE: File =
    File { name: "some-file", sha256: "567976f213be20203bca0598c626d0e48cb4d76b569cb102a1d7555e345c9bf4" };

pub(in crate::datasets) enum Reply {
    /// A header with this length, then these bytes.
    Body(usize, Vec<u8>),
    /// 302 to this address.
    Redirect(String),
    /// The connection stays open, and nothing comes.
    Silence,
    /// These bytes of one more that never comes.
    Stall(Vec<u8>),
}

impl Reply {
    pub(in crate::datasets) fn whole(bytes: Vec<u8>) -> Self {
        Self::Body(bytes.len(), bytes)
    }
}

/// A mirror with these paths, 404 for all others: its address, and the paths asked for.
pub(in crate::datasets) fn serve(
    replies: impl IntoIterator<Item = (&'static str, Reply)>,
) -> (String, Arc<Mutex<Vec<String>>>) {
    let replies: HashMap<_, _> = replies.into_iter().collect();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    // The thread ends with the test program.
    thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let path = path_asked_for(&stream);
            let ok =
                |length: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").into_bytes();
            let (reply, stay) = match replies.get(path.as_str()) {
                Some(Reply::Body(length, body)) => ([ok(*length), body.clone()].concat(), false),
                Some(Reply::Redirect(to)) => {
                    let head = format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
                    (head.into_bytes(), false)
                }
                Some(Reply::Silence) => (Vec::new(), true),
                Some(Reply::Stall(body)) => ([ok(body.len() + 1), body.clone()].concat(), true),
                None => (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(), false),
            };
            // A client that has gone away already is none of the mirror's business.
            let _ = stream.write_all(&reply);
            if stay {
                open.push(stream);
            }
            log.lock().unwrap().push(path);
        }
    });
    (address, asked)
}

/// Reads a request to its end.
fn path_asked_for(stream: &TcpStream) -> String {
    let mut lines = BufReader::new(stream).lines().map(|line| line.unwrap_or_default());
    let path = lines.next().unwrap_or_default().split(' ').nth(1).unwrap_or_default().to_string();
    lines.find(String::is_empty);
    path
}

/// An address at which nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A mirror that has the file.
fn good() -> (String, Arc<Mutex<Vec<String>>>) {
    serve([("/some-file.gz", Reply::whole(gzip(CONTENT)))])
}

fn mirrors(urls: &[&str]) -> Mirrors {
    Mirrors {
        urls: urls.iter().map(|url| url.to_string()).collect(),
        timeout: Duration::from_millis(500),
        report: Box::new(|_| ()),
    }
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// The errors, one a mirror, of a download that fails and leaves nothing behind.
fn failures(urls: &[&str]) -> Vec<DatasetError> {
    let cache = TempDir::new().unwrap();
    let error = mirrors(urls).download(&FILE, cache.path()).unwrap_err();
    assert!(error.is_unavailable());
    assert_eq!(names(cache.path()), [""; 0], "a failed download left files in the cache");
    for url in urls {
        assert!(error.to_string().contains(&format!("{url}/some-file.gz")), "{url} is not named: {error}");
    }
    let DatasetError::AllMirrorsFailed { attempts, file } = error else { panic!("{error:?}") };
    assert_eq!((attempts.len(), file.as_str()), (urls.len(), "some-file.gz"));
    attempts
}

#[test]
fn a_download_arrives_in_a_new_cache_directory() {
    let (address, asked) = good();
    let parent = TempDir::new().unwrap();
    let cache = parent.path().join("new/folder");
    let reports = Arc::new(Mutex::new(Vec::new()));
    let log = reports.clone();
    let mut mirrors = mirrors(&[&format!("{address}/")]);
    mirrors.report = Box::new(move |p| log.lock().unwrap().push((p.received, p.total, p.finished)));
    let path = mirrors.download(&FILE, &cache).unwrap();
    assert_eq!(fs::read(&path).unwrap(), gzip(CONTENT));
    assert_eq!(names(&cache), ["some-file.gz"]);
    assert_eq!(*asked.lock().unwrap(), ["/some-file.gz"]);
    let reports = reports.lock().unwrap();
    let length = gzip(CONTENT).len() as u64;
    assert_eq!(reports.first(), Some(&(0, Some(length), false)));
    assert_eq!(reports.last(), Some(&(length, Some(length), true)));
    assert_eq!(reports.iter().filter(|report| report.2).count(), 1);
}

#[test]
fn https_speaks_tls() {
    // A server that does not, whatever it is asked: that the client notices shows that it has TLS.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        io::copy(&mut stream, &mut io::sink())
    });
    let attempts = failures(&[&address]);
    let [DatasetError::Download { source, .. }] = &attempts[..] else { panic!("{attempts:?}") };
    assert!(source.to_string().contains("InvalidContentType"), "{source:?}");
}

#[test]
fn a_redirect_is_followed() {
    let (target, _) = good();
    let (address, _) = serve([("/some-file.gz", Reply::Redirect(format!("{target}/some-file.gz")))]);
    let cache = TempDir::new().unwrap();
    mirrors(&[&address]).download(&FILE, cache.path()).unwrap();
}

#[test]
fn a_wrong_check_sum() {
    let (address, _) = serve([("/some-file.gz", Reply::whole(gzip(b"something else")))]);
    let attempts = failures(&[&address]);
    let [DatasetError::Checksum { expected, found, .. }] = &attempts[..] else { panic!("{attempts:?}") };
    assert_eq!(expected, FILE.sha256);
    assert_eq!((found.len(), found == expected), (64, false));
}

#[test]
fn a_page_instead_of_the_file() {
    let (address, _) = serve([("/some-file.gz", Reply::whole(b"<html>please log in</html>".into()))]);
    let attempts = failures(&[&address]);
    assert!(matches!(&attempts[..], [DatasetError::Gzip { .. }]), "{attempts:?}");
}

#[test]
fn a_connection_that_breaks_off() {
    let body = gzip(CONTENT);
    let (address, _) = serve([("/some-file.gz", Reply::Body(body.len(), body[..body.len() - 9].into()))]);
    let attempts = failures(&[&address]);
    assert!(matches!(&attempts[..], [DatasetError::Download { .. }]), "{attempts:?}");
}

#[test]
fn a_file_cut_off_on_the_server() {
    let body = gzip(CONTENT);
    let (address, _) = serve([("/some-file.gz", Reply::whole(body[..body.len() - 9].into()))]);
    let attempts = failures(&[&address]);
    assert!(matches!(&attempts[..], [DatasetError::Gzip { .. }]), "{attempts:?}");
}

#[test]
fn the_next_mirror_serves_and_is_asked_first_from_then_on() {
    let (missing, asked_missing) = serve([]);
    let (address, asked) = good();
    let cache = TempDir::new().unwrap();
    let mut mirrors = mirrors(&[&nobody(), &missing, &address]);
    mirrors.download(&FILE, cache.path()).unwrap();
    assert_eq!(names(cache.path()), ["some-file.gz"]);
    mirrors.download(&FILE, cache.path()).unwrap();
    assert_eq!(asked_missing.lock().unwrap().len(), 1);
    assert_eq!(asked.lock().unwrap().len(), 2);
}

#[test]
fn no_server_is_told_quickly() {
    let start = Instant::now();
    let attempts = failures(&[&nobody(), &nobody()]);
    assert!(attempts.iter().all(|attempt| matches!(attempt, DatasetError::Download { .. })), "{attempts:?}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn silence_ends_after_the_time_out() {
    let (silent, _) = serve([("/some-file.gz", Reply::Silence)]);
    let (stalled, _) = serve([("/some-file.gz", Reply::Stall(gzip(CONTENT)))]);
    for address in [silent, stalled] {
        let start = Instant::now();
        let attempts = failures(&[&address]);
        assert!(matches!(&attempts[..], [DatasetError::Download { .. }]), "{attempts:?}");
        assert!(start.elapsed() >= Duration::from_millis(400), "{:?}", start.elapsed());
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    }
}

#[test]
fn a_cache_that_cannot_be_written_is_an_error_before_the_download() {
    let (address, asked) = good();
    let parent = TempDir::new().unwrap();
    let blocked = parent.path().join("file");
    fs::write(&blocked, "").unwrap();
    let error = mirrors(&[&address]).download(&FILE, &blocked.join("cache")).unwrap_err();
    assert!(matches!(error, DatasetError::Io { action: "create", .. }), "{error:?}");
    assert!(asked.lock().unwrap().is_empty());
}
