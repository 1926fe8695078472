//! A disk that is full after so many bytes.

use crate::storage::{FileWriter, LockGuard, LockRefusal, ScratchFile, Storage};
use bytes::Bytes;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Storage with room for a given number of bytes; writes beyond it fail as they do on a full disk.
#[derive(Clone, Debug)]
pub struct FullDisk {
    inner: Arc<dyn Storage>,
    left: Arc<AtomicU64>,
}

impl FullDisk {
    /// Wraps `inner`; scratch files count as well.
    pub fn new(inner: Arc<dyn Storage>, room: u64) -> Self {
        Self { inner, left: Arc::new(AtomicU64::new(room)) }
    }

    /// Returns the bytes that still fit.
    pub fn left(&self) -> u64 {
        self.left.load(Ordering::Relaxed)
    }
}

fn take(left: &AtomicU64, wanted: usize) -> io::Result<usize> {
    if wanted == 0 {
        return Ok(0);
    }
    let mut given = 0;
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| {
        given = room.min(wanted as u64);
        Some(room - given)
    })
    .ok();
    if given == 0 {
        return Err(io::Error::from(io::ErrorKind::StorageFull));
    }
    usize::try_from(given).map_err(io::Error::other)
}

impl Storage for FullDisk {
    fn read(&self, path: &str) -> io::Result<Bytes> {
        self.inner.read(path)
    }

    fn create(&self, path: &str) -> io::Result<Box<dyn FileWriter>> {
        let file = self.inner.create(path)?;
        Ok(Box::new(Limited { file, left: self.left.clone() }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.inner.rename(from, to)
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        self.inner.sync_folder(folder)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.inner.remove(path)
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        self.inner.list(folder)
    }

    fn scratch(&self) -> io::Result<Box<dyn ScratchFile>> {
        Ok(Box::new(LimitedScratch { file: self.inner.scratch()?, left: self.left.clone() }))
    }

    fn lock(&self, path: &str, holder: &str) -> Result<Box<dyn LockGuard>, LockRefusal> {
        self.inner.lock(path, holder)
    }
}

struct Limited {
    file: Box<dyn FileWriter>,
    left: Arc<AtomicU64>,
}

impl Write for Limited {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let n = take(&self.left, buf.len())?;
        self.file.write_all(&buf[..n])?;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl FileWriter for Limited {
    fn finish(self: Box<Self>) -> io::Result<()> {
        self.file.finish()
    }
}

struct LimitedScratch {
    file: Box<dyn ScratchFile>,
    left: Arc<AtomicU64>,
}

impl Read for LimitedScratch {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.file.read(buf)
    }
}

impl Write for LimitedScratch {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let n = take(&self.left, buf.len())?;
        self.file.write_all(&buf[..n])?;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for LimitedScratch {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
