//! Sorted runs of rows: in memory while they fit, in a nameless file when they do not.

use crate::error::{Error, Result};
use crate::manifest::SegmentRecord;
use crate::rows::RowSet;
use crate::storage::{ScratchFile, Storage};
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicU64, Ordering};

/// Rows per block of a spilled run: what one run keeps in memory while it is merged. Ten million entries make ninety runs.
const BLOCK_ROWS: usize = 512;
/// What one run reads at a time.
const READ_BYTES: usize = 1 << 16;
/// What that comes to: the rows of a block, what is read at a time, and what zstd needs.
const CURSOR_BYTES: usize = 512 << 10;
/// zstd's level for temporary files.
const SPILL_LEVEL: i32 = 1;

/// Rows in the order of their identity.
pub(crate) enum Run {
    Memory {
        rows: RowSet,
        order: Vec<u32>,
    },
    /// `spans` holds each block's first and last time, in microseconds.
    Spilled {
        file: Box<dyn ScratchFile>,
        spans: Vec<(i64, i64)>,
        bytes: u64,
    },
}

impl Run {
    /// Sorts rows into a run that stays in memory.
    pub(crate) fn in_memory(rows: RowSet) -> Self {
        let order = rows.by_identity();
        Self::Memory { rows, order }
    }

    /// Sorts rows and writes them out, leaving `rows` empty.
    pub(crate) fn spill(rows: &mut RowSet, storage: &dyn Storage) -> Result<Self> {
        let failed = |error| Error::io("temporary file")(error);
        let order = rows.by_identity();
        let mut out = BufWriter::with_capacity(1 << 20, storage.scratch().map_err(failed)?);
        let mut spans = Vec::new();
        let mut bytes = 0;
        let mut block = RowSet::default();
        let (mut encoded, mut packed) = (Vec::new(), Vec::new());
        let mut compressor = zstd::bulk::Compressor::new(SPILL_LEVEL).map_err(failed)?;
        for chunk in order.chunks(BLOCK_ROWS) {
            block.clear();
            let mut remap = crate::rows::Remap::default();
            for idx in chunk {
                block.push_from(rows, *idx as usize, &mut remap);
            }
            encoded.clear();
            block.encode(&mut encoded);
            packed.clear();
            packed.reserve(zstd::zstd_safe::compress_bound(encoded.len()));
            compressor.compress_to_buffer(&encoded, &mut packed).map_err(failed)?;
            for len in [packed.len(), encoded.len()] {
                out.write_all(&(len as u64).to_le_bytes()).map_err(failed)?;
            }
            out.write_all(&packed).map_err(failed)?;
            bytes += 16 + packed.len() as u64;
            let micros = |idx: u32| rows.heads()[idx as usize].identity().0;
            spans.push((micros(chunk[0]), micros(chunk[chunk.len() - 1])));
        }
        rows.clear();
        let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
        Ok(Self::Spilled { file, spans, bytes })
    }

    /// Returns the length of its temporary file.
    pub(crate) const fn spilled_bytes(&self) -> u64 {
        match self {
            Self::Memory { .. } => 0,
            Self::Spilled { bytes, .. } => *bytes,
        }
    }

    /// Returns what the run will hold in memory while it is read from its file, in bytes, about.
    pub(crate) const fn cursor_memory(&self) -> usize {
        match self {
            Self::Memory { .. } => 0,
            Self::Spilled { .. } => CURSOR_BYTES,
        }
    }

    /// Says whether a row may change a segment: lie inside its span, or so near that a trace could go on. `false` means that
    /// none does.
    pub(crate) fn overlaps(&self, segment: &SegmentRecord) -> bool {
        let (from, to) = super::tidy::reach(segment);
        match self {
            Self::Memory { rows, order } => {
                let micros = |idx: u32| rows.heads()[idx as usize].identity().0;
                let at = order.partition_point(|idx| micros(*idx) < from);
                order.get(at).is_some_and(|idx| micros(*idx) <= to)
            }
            Self::Spilled { spans, .. } => spans.iter().any(|(first, last)| *first <= to && from <= *last),
        }
    }

    /// Starts reading the run from its first row.
    pub(crate) fn cursor(self) -> Result<Cursor> {
        let mut cursor = match self {
            Self::Memory { rows, order } => {
                Cursor { rows, order, at: 0, generation: new_generation(), more: None }
            }
            Self::Spilled { mut file, spans, .. } => {
                file.seek(SeekFrom::Start(0)).map_err(Error::io("temporary file"))?;
                let more = Some(Spilled {
                    file: BufReader::with_capacity(READ_BYTES, file),
                    n_blocks: spans.len(),
                    decompressor: zstd::bulk::Decompressor::new().map_err(Error::io("temporary file"))?,
                });
                Cursor {
                    rows: RowSet::default(),
                    order: Vec::new(),
                    at: 0,
                    generation: new_generation(),
                    more,
                }
            }
        };
        cursor.refill()?;
        Ok(cursor)
    }
}

fn new_generation() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

/// A place in a run.
pub(crate) struct Cursor {
    rows: RowSet,
    order: Vec<u32>,
    at: usize,
    generation: u64,
    more: Option<Spilled>,
}

/// What is left of a spilled run in its file.
struct Spilled {
    file: BufReader<Box<dyn ScratchFile>>,
    n_blocks: usize,
    decompressor: zstd::bulk::Decompressor<'static>,
}

impl Spilled {
    /// Reads the next block in place of the rows.
    fn read(&mut self, rows: &mut RowSet) -> std::io::Result<()> {
        let mut len = || -> std::io::Result<usize> {
            let mut len = [0; 8];
            self.file.read_exact(&mut len)?;
            usize::try_from(u64::from_le_bytes(len)).map_err(std::io::Error::other)
        };
        let (n_packed, n_bytes) = (len()?, len()?);
        // Not kept: there are many runs, and one reads at a time.
        let mut packed = vec![0; n_packed];
        self.file.read_exact(&mut packed)?;
        let block = self.decompressor.decompress(&packed, n_bytes)?;
        let wrong = || std::io::Error::other("a block is not what was written");
        rows.decode(&block).ok_or_else(wrong)
    }
}

impl Cursor {
    /// Returns the current row; `None` at the end.
    pub(crate) fn current(&self) -> Option<(&RowSet, usize)> {
        self.order.get(self.at).map(|idx| (&self.rows, *idx as usize))
    }

    /// Returns the identity of the current row; `None` at the end.
    pub(crate) fn identity(&self) -> Option<(i64, u64)> {
        self.current().map(|(rows, row)| rows.heads()[row].identity())
    }

    /// Says whether the next row of the run is known to be another entry. `false` promises nothing.
    pub(crate) fn is_single(&self) -> bool {
        let identity = |at: usize| self.order.get(at).map(|idx| self.rows.heads()[*idx as usize].identity());
        match (identity(self.at), identity(self.at + 1)) {
            (Some(current), Some(next)) => current != next,
            (Some(_), None) => self.more.is_none(),
            (None, _) => false,
        }
    }

    /// Returns a number that no other cursor has, nor this one once its rows are others.
    pub(crate) const fn generation(&self) -> u64 {
        self.generation
    }

    /// Moves to the next row.
    pub(crate) fn advance(&mut self) -> Result<()> {
        self.at += 1;
        self.refill()
    }

    fn refill(&mut self) -> Result<()> {
        if self.at < self.order.len() {
            return Ok(());
        }
        let Some(more) = &mut self.more else { return Ok(()) };
        if more.n_blocks == 0 {
            return Ok(());
        }
        more.n_blocks -= 1;
        more.read(&mut self.rows).map_err(Error::io("temporary file"))?;
        self.order.clear();
        self.order.extend(0..crate::rows::row_idx(self.rows.len()));
        self.at = 0;
        self.generation = new_generation();
        Ok(())
    }
}
