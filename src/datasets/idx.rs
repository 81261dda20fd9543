//! IDX, the format of the MNIST files, plain or gzipped.
//!
//! A big-endian header, then the items, one byte per value:
//!
//! ```text
//! 0x000008RR   08: unsigned bytes, RR: number of dimensions
//! d₁ … d_RR    u32 each; d₁ counts the items, the others give the shape of one
//! d₁·…·d_RR    bytes, row-major
//! ```
//!
//! Source: Y. LeCun, C. Cortes, C. J. C. Burges, *The MNIST database of handwritten digits*.

use std::cmp::Ordering;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::DatasetError;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Reads a file of images of `size` = rows × columns: their bytes, one image after another.
pub(super) fn read_images(path: &Path, size: [u32; 2]) -> Result<Vec<u8>, DatasetError> {
    read(path, &size)
}

/// Reads a file of labels, each below `classes`.
pub(super) fn read_labels(path: &Path, classes: usize) -> Result<Vec<u8>, DatasetError> {
    let labels = read(path, &[])?;
    match labels.iter().position(|&label| usize::from(label) >= classes) {
        None => Ok(labels),
        Some(index) => {
            Err(DatasetError::LabelOutOfRange { path: path.into(), index, label: labels[index], classes })
        }
    }
}

/// Reads items of shape `item` (`[]` for labels, `[rows, columns]` for images).
fn read(path: &Path, item: &[u32]) -> Result<Vec<u8>, DatasetError> {
    let file = File::open(path).map_err(DatasetError::io("open", path))?;
    let mut packed = BufReader::with_capacity(1 << 16, file);
    let start = packed.fill_buf().map_err(DatasetError::io("read", path))?;
    if start.starts_with(&GZIP_MAGIC) {
        // Several members in a row are one gzip file (RFC 1952, 2.2); anything else behind the first is damage.
        let unpacked = MultiGzDecoder::new(packed);
        parse(path, item, unpacked, |source| DatasetError::Gzip { path: path.into(), source })
    } else {
        parse(path, item, packed, DatasetError::io("read", path))
    }
}

fn parse(
    path: &Path,
    item: &[u32],
    mut bytes: impl Read,
    failed: impl FnOnce(io::Error) -> DatasetError,
) -> Result<Vec<u8>, DatasetError> {
    let attempt = || {
        let mut header = Vec::new();
        let header_len = 4 * (2 + item.len()) as u64;
        bytes.by_ref().take(header_len).read_to_end(&mut header)?;
        if let Err(error) = check_header(path, item, &header, header_len) {
            return Ok(Err(error));
        }

        let count = u64::from(word(&header, 1));
        let len = count * item.iter().map(|&d| u64::from(d)).product::<u64>();
        // Reading one byte more than promised tells whether the file goes on, and brings a gzip decoder to the end
        // of its stream, where it compares the check sum. Memory grows with what is there, not with what a damaged
        // header claims.
        let mut data = Vec::new();
        bytes.take(len + 1).read_to_end(&mut data)?;
        let found = data.len() as u64;
        let expected = header_len + len;
        Ok(match found.cmp(&len) {
            Ordering::Less => {
                Err(DatasetError::Truncated { path: path.into(), expected, found: header_len + found })
            }
            Ordering::Equal => Ok(data),
            Ordering::Greater => Err(DatasetError::Oversized { path: path.into(), expected }),
        })
    };
    attempt().map_err(failed)?
}

fn check_header(path: &Path, item: &[u32], header: &[u8], header_len: u64) -> Result<(), DatasetError> {
    let path = path.to_path_buf();
    let found = header.len() as u64;
    if found >= 4 {
        let magic = 0x0000_0801 + item.len() as u32;
        if word(header, 0) != magic {
            return Err(DatasetError::Magic { path, expected: magic, found: word(header, 0) });
        }
    }
    if found < header_len {
        return Err(DatasetError::Truncated { path, expected: header_len, found });
    }
    if let &[rows, columns] = item {
        let found = [word(header, 2), word(header, 3)];
        if found != [rows, columns] {
            return Err(DatasetError::ImageSize { path, expected: [rows, columns], found });
        }
    }
    Ok(())
}

/// The `i`th 32-bit big-endian word.
fn word(bytes: &[u8], i: usize) -> u32 {
    u32::from_be_bytes([bytes[4 * i], bytes[4 * i + 1], bytes[4 * i + 2], bytes[4 * i + 3]])
}
