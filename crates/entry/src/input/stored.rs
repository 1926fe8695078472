//! The bytes of a source as they are stored: counted and hashed while they pass by.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use xxhash_rust::xxh3::Xxh3;

/// A stored byte stream. Clones share one position: the decompressor reads, its owner asks for the totals.
#[derive(Clone)]
pub(crate) struct Stored {
    inner: Arc<Mutex<State>>,
}

struct State {
    from: Box<dyn Read + Send>,
    hash: Xxh3,
    bytes: u64,
    /// The operating system's error, told apart from a decompressor's complaint about the content.
    failed: Option<io::ErrorKind>,
}

/// What a decompressor beneath the stored bytes complains about, where they are a member of a compressed archive: damage of the content,
/// which costs what follows it, and no failure of the operating system.
#[derive(Debug)]
pub(crate) struct ContentDamage(String);

impl ContentDamage {
    pub(crate) fn error(kind: io::ErrorKind, detail: String) -> io::Error {
        io::Error::new(kind, Self(detail))
    }

    fn is(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<Self>())
    }
}

impl fmt::Display for ContentDamage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ContentDamage {}

impl Stored {
    pub(crate) fn new(from: Box<dyn Read + Send>) -> Self {
        let state = State { from, hash: Xxh3::new(), bytes: 0, failed: None };
        Self { inner: Arc::new(Mutex::new(state)) }
    }

    pub(crate) fn file(path: &Path) -> io::Result<Self> {
        Ok(Self::new(Box::new(File::open(path)?)))
    }

    /// Opens `len` bytes of a file from `offset`.
    pub(crate) fn section(path: &Path, offset: u64, len: u64) -> io::Result<Self> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self::new(Box::new(file.take(len))))
    }

    pub(crate) fn bytes_read(&self) -> u64 {
        self.with(|state| state.bytes)
    }

    /// Says whether reading failed in the operating system.
    pub(crate) fn failed(&self) -> bool {
        self.with(|state| state.failed.is_some())
    }

    /// Reads to the end, so that count and hash are of everything that there is, and returns both.
    pub(crate) fn finish(mut self) -> io::Result<(u64, u128)> {
        match io::copy(&mut self, &mut io::sink()) {
            Err(error) if self.failed() => return Err(error),
            _ => {}
        }
        Ok(self.with(|state| (state.bytes, state.hash.digest128())))
    }

    fn with<T>(&self, ask: impl FnOnce(&mut State) -> T) -> T {
        ask(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Read for Stored {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.with(|state| match state.from.read(buf) {
            Ok(len) => {
                state.hash.update(&buf[..len]);
                state.bytes += len as u64;
                Ok(len)
            }
            Err(error) => {
                if error.kind() != io::ErrorKind::Interrupted && !ContentDamage::is(&error) {
                    state.failed = Some(error.kind());
                }
                Err(error)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_hashes_all_bytes_even_those_nobody_read() {
        let mut stored = Stored::new(Box::new(&b"hello world"[..]));
        let mut first = [0; 5];
        stored.read_exact(&mut first).unwrap();
        assert_eq!(stored.bytes_read(), 5);
        assert_eq!(stored.finish().unwrap(), (11, xxhash_rust::xxh3::xxh3_128(b"hello world")));
    }
}
