//! Files of a segment, read with their checksums: a byte is handed on only after its block was compared.
//!
//! ```text
//! entries.parquet   │ block 0 │ block 1 │ block 2 …   64 KiB each; the last one is shorter
//! blocks.xxh3         XXH3      XXH3      XXH3    …   eight bytes each, little-endian, file after file
//! ```
//!
//! Parquet has page checksums, which the library can compare and cannot write; Tantivy has one checksum per file, which
//! it compares when asked. Blocks cover both in one way, cost nothing for what is not read, and mean that neither library
//! ever sees bytes that nobody wrote: both may panic on such. Without the file of blocks, or when it is damaged itself,
//! a file is compared as a whole with the manifest when it is opened, so that no answer depends on it.

use crate::error::{Error, Result};
use crate::layout;
use crate::manifest::{FileRecord, SegmentRecord};
use crate::storage::Storage;
use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};
use std::hash::Hasher as _;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use twox_hash::XxHash3_64;

/// Bytes that one checksum covers: hashing them takes a few microseconds, far less than decoding them.
pub(crate) const BLOCK_BYTES: usize = 1 << 16;

/// Computes the checksums of a file's blocks and of the whole file while it is written.
pub(super) struct BlockHasher {
    whole: XxHash3_64,
    block: XxHash3_64,
    in_block: usize,
    sums: Vec<u64>,
    bytes: u64,
}

impl BlockHasher {
    pub(super) fn new() -> Self {
        Self { whole: XxHash3_64::new(), block: XxHash3_64::new(), in_block: 0, sums: Vec::new(), bytes: 0 }
    }

    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        self.whole.write(bytes);
        self.bytes += bytes.len() as u64;
        while !bytes.is_empty() {
            let (head, tail) = bytes.split_at(bytes.len().min(BLOCK_BYTES - self.in_block));
            self.block.write(head);
            self.in_block += head.len();
            if self.in_block == BLOCK_BYTES {
                self.end_block();
            }
            bytes = tail;
        }
    }

    fn end_block(&mut self) {
        self.sums.push(self.block.finish());
        self.block = XxHash3_64::new();
        self.in_block = 0;
    }

    /// Returns the file's record and its blocks' checksums.
    pub(super) fn finish(mut self, path: &str) -> (FileRecord, Vec<u64>) {
        if self.in_block > 0 {
            self.end_block();
        }
        let xxh3 = format!("{:016x}", self.whole.finish());
        (FileRecord { path: path.to_owned(), bytes: self.bytes, xxh3 }, self.sums)
    }
}

/// The files of one segment.
#[derive(Debug)]
pub(super) struct SegmentFiles {
    storage: Arc<dyn Storage>,
    files: Vec<FileRecord>,
    blocks_path: String,
    /// The content of the file of blocks; `None` when there is none that can be trusted.
    blocks: OnceLock<Option<Bytes>>,
}

impl SegmentFiles {
    pub(super) fn new(storage: Arc<dyn Storage>, record: &SegmentRecord) -> Self {
        let blocks_path = layout::blocks(&record.id);
        Self { storage, files: record.files.clone(), blocks_path, blocks: OnceLock::new() }
    }

    /// Opens a file of the segment.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it is missing, or has another length or, without blocks, another content than the
    /// manifest says.
    pub(super) fn open(&self, path: &str) -> Result<CheckedFile> {
        let Some(idx) = self.files.iter().position(|file| file.path == path) else {
            return Err(Error::damaged(path, "the manifest does not name the file"));
        };
        let record = &self.files[idx];
        let content = super::read(&*self.storage, path)?;
        if content.len() as u64 != record.bytes {
            let detail = format!("{} bytes long instead of {}", content.len(), record.bytes);
            return Err(Error::damaged(path, detail));
        }
        let n_before: usize = self.files[..idx].iter().map(n_blocks).sum();
        let own = n_before * 8..(n_before + n_blocks(record)) * 8;
        let sums = self.blocks().and_then(|blocks| blocks.get(own)).map(|sums| {
            sums.chunks_exact(8)
                .map(|sum| u64::from_le_bytes(sum.try_into().expect("a chunk of eight bytes")))
                .collect()
        });
        let (sums, block_bytes): (Vec<u64>, usize) = match sums {
            Some(sums) => (sums, BLOCK_BYTES),
            None if content.is_empty() => (Vec::new(), 1),
            None => {
                let sum = u64::from_str_radix(&record.xxh3, 16)
                    .map_err(|_| Error::damaged(path, "the manifest has no checksum of it"))?;
                (vec![sum], content.len())
            }
        };
        let is_checked = sums.iter().map(|_| AtomicBool::new(false)).collect();
        Ok(CheckedFile { path: path.into(), content, block_bytes, sums: sums.into(), is_checked })
    }

    /// Says whether the segment has a file of this path.
    pub(super) fn contains(&self, path: &str) -> bool {
        self.files.iter().any(|file| file.path == path)
    }

    fn blocks(&self) -> Option<&Bytes> {
        let read = || {
            let record = self.files.iter().find(|file| file.path == self.blocks_path)?;
            let content = self.storage.read(&record.path).ok()?;
            let is_whole = record.is_of(&content);
            is_whole.then_some(content)
        };
        self.blocks.get_or_init(read).as_ref()
    }
}

fn n_blocks(file: &FileRecord) -> usize {
    usize::try_from(file.bytes).unwrap_or(usize::MAX).div_ceil(BLOCK_BYTES)
}

/// A file whose blocks are compared with their checksums when they are first read.
#[derive(Clone, Debug)]
pub(crate) struct CheckedFile {
    path: Arc<str>,
    content: Bytes,
    block_bytes: usize,
    sums: Arc<[u64]>,
    is_checked: Arc<[AtomicBool]>,
}

impl CheckedFile {
    /// A file whose content was compared as a whole, or was just made.
    pub(crate) fn trusted(content: Bytes, path: &str) -> Self {
        let is_checked = [AtomicBool::new(true)].into();
        Self { path: path.into(), block_bytes: content.len().max(1), content, sums: [0].into(), is_checked }
    }

    /// Returns the path, for messages.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn len(&self) -> usize {
        self.content.len()
    }

    /// Returns a part of the file.
    ///
    /// # Errors
    /// `InvalidData` naming file and bytes when a block is not what was written; `UnexpectedEof` beyond the end.
    pub(super) fn bytes(&self, range: Range<usize>) -> io::Result<Bytes> {
        if range.start > range.end || range.end > self.content.len() {
            let detail = format!("{}: bytes {range:?} of {}", self.path, self.content.len());
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, detail));
        }
        if !range.is_empty() {
            for block in range.start / self.block_bytes..=(range.end - 1) / self.block_bytes {
                self.check(block)?;
            }
        }
        Ok(self.content.slice(range))
    }

    /// Returns the whole file.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    pub(super) fn all(&self) -> io::Result<Bytes> {
        self.bytes(0..self.content.len())
    }

    fn check(&self, block: usize) -> io::Result<()> {
        // Two threads may both compare a block; that is harmless.
        if self.is_checked[block].load(Ordering::Relaxed) {
            return Ok(());
        }
        let start = block * self.block_bytes;
        let end = self.content.len().min(start + self.block_bytes);
        if XxHash3_64::oneshot(&self.content[start..end]) != self.sums[block] {
            let detail = format!("{}: bytes {start}..{end} do not match their checksum", self.path);
            return Err(io::Error::new(io::ErrorKind::InvalidData, detail));
        }
        self.is_checked[block].store(true, Ordering::Relaxed);
        Ok(())
    }
}

impl Length for CheckedFile {
    fn len(&self) -> u64 {
        self.content.len() as u64
    }
}

impl ChunkReader for CheckedFile {
    type T = CheckedRead;

    fn get_read(&self, start: u64) -> parquet::errors::Result<CheckedRead> {
        let at = usize::try_from(start).map_err(|error| ParquetError::External(Box::new(error)))?;
        Ok(CheckedRead { file: self.clone(), at })
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        let start = usize::try_from(start).map_err(|error| ParquetError::External(Box::new(error)))?;
        self.bytes(start..start.saturating_add(length)).map_err(ParquetError::from)
    }
}

/// Reads a checked file from some place to its end.
#[derive(Debug)]
pub(crate) struct CheckedRead {
    file: CheckedFile,
    at: usize,
}

impl Read for CheckedRead {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        // One block at a time, so that no more is compared than is read.
        let block_end = (self.at / self.file.block_bytes + 1) * self.file.block_bytes;
        let end = self.file.len().min(block_end).min(self.at.saturating_add(buf.len())).max(self.at);
        let bytes = self.file.bytes(self.at..end)?;
        buf[..bytes.len()].copy_from_slice(&bytes);
        self.at = end;
        Ok(bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::TraceEdges;
    use crate::testing::{Image, RecordingStorage};
    use std::collections::BTreeMap;

    fn segment(content: &[u8], has_blocks: bool) -> SegmentRecord {
        let mut hasher = BlockHasher::new();
        content.chunks(1000).for_each(|chunk| hasher.update(chunk));
        let (file, sums) = hasher.finish("entries/a");
        let blocks: Vec<u8> = sums.iter().flat_map(|sum| sum.to_le_bytes()).collect();
        let mut hasher = BlockHasher::new();
        hasher.update(&blocks);
        let mut files = vec![file];
        if has_blocks {
            files.push(hasher.finish(&layout::blocks("s")).0);
        }
        SegmentRecord {
            id: "s".to_owned(),
            month: "2025-09".to_owned(),
            rows: 1,
            rings: 1,
            shapes: 1,
            first_ns: 0,
            last_ns: 0,
            sources: BTreeMap::new(),
            trace_edges: TraceEdges::default(),
            memory: None,
            files,
        }
    }

    #[test]
    fn what_is_whole_is_read_and_what_is_not_is_named() {
        let content: Vec<u8> = (0..150_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let sums = [0..BLOCK_BYTES, BLOCK_BYTES..2 * BLOCK_BYTES, 2 * BLOCK_BYTES..150_000];
        let blocks: Vec<u8> =
            sums.into_iter().flat_map(|range| XxHash3_64::oneshot(&content[range]).to_le_bytes()).collect();
        let mut damaged = content.clone();
        damaged[70_000] ^= 4;
        for has_blocks in [true, false] {
            let open = |content: &[u8], blocks: &[u8]| {
                let copy = |bytes: &[u8]| Bytes::copy_from_slice(bytes);
                let image = Image::from([
                    ("entries/a".to_owned(), copy(content)),
                    (layout::blocks("s"), copy(blocks)),
                ]);
                SegmentFiles::new(
                    Arc::new(RecordingStorage::new(image)),
                    &segment(&content_of(content), has_blocks),
                )
                .open("entries/a")
            };
            // The record always describes the file as it was written.
            fn content_of(content: &[u8]) -> Vec<u8> {
                let mut whole: Vec<u8> = (0..150_000_u32).map(|n| n.to_le_bytes()[0]).collect();
                whole.truncate(whole.len().max(content.len()));
                whole
            }
            let file = open(&content, &blocks).unwrap();
            assert_eq!(file.all().unwrap(), content);
            assert_eq!(file.bytes(65_000..66_000).unwrap(), content[65_000..66_000]);
            assert!(file.bytes(0..150_001).is_err());
            let mut read = Vec::new();
            file.get_read(140_000).unwrap().read_to_end(&mut read).unwrap();
            assert_eq!(read, content[140_000..]);

            let file = open(&damaged, &blocks).unwrap();
            let error = file.bytes(65_530..65_540).unwrap_err().to_string();
            assert!(
                error.starts_with("entries/a: bytes ") && error.ends_with("do not match their checksum"),
                "{error}"
            );
            assert_eq!(file.bytes(0..10).is_ok(), has_blocks, "blocks tell good parts from bad ones");
            assert!(matches!(open(&content[..100], &blocks), Err(Error::Damaged { .. })));
            // Damaged blocks are not trusted; the file is compared as a whole instead.
            let file = open(&content, &blocks[..8]).unwrap();
            assert_eq!(file.all().unwrap(), content);
        }
    }
}
