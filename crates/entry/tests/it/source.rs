//! Reads whole sources for the other tests.

use std::path::Path;
use timberline_entry::dialect::{Repairs, Scratch, read};
use timberline_entry::input::{OpenOptions, Reader, SourceFacts, SourceSpec};
use timberline_entry::{Refusal, Reject, RejectReason};

/// A source that was read to its end.
#[derive(Debug)]
pub(crate) struct Whole {
    /// The entries as JSON, with line, offset, length and context.
    pub(crate) entries: Vec<Got>,
    pub(crate) rejects: Vec<Reject>,
    pub(crate) repairs: Repairs,
    pub(crate) facts: SourceFacts,
}

/// An entry as it was read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Got {
    pub(crate) json: serde_json::Value,
    pub(crate) time: String,
    pub(crate) line: u64,
    pub(crate) offset: u64,
    pub(crate) len: u64,
    pub(crate) context: u32,
}

pub(crate) fn read_file(path: &Path) -> Result<Whole, Refusal> {
    read_spec(&SourceSpec::file(path), &OpenOptions::default(), 1 << 20)
}

pub(crate) fn read_spec(spec: &SourceSpec, options: &OpenOptions, budget: usize) -> Result<Whole, Refusal> {
    let mut reader = Reader::open(spec, options)?;
    let (mut entries, mut rejects, mut repairs) = (Vec::new(), Vec::new(), Repairs::default());
    let mut scratch = Scratch::new();
    while let Some(batch) = reader.next_batch(budget).unwrap() {
        rejects.extend(batch.rejects.iter().cloned());
        for record in &batch.records {
            match read(&batch, record, &mut scratch) {
                Ok(normalised) => {
                    let mut json = String::new();
                    normalised.entry.write_json(&mut json);
                    repairs.merge(&normalised.repairs);
                    entries.push(Got {
                        // A number like 1e999 is kept, but serde_json has no value for it.
                        json: serde_json::from_str(&json).unwrap_or(serde_json::Value::String(json)),
                        time: normalised.timestamp.to_string(),
                        line: record.line,
                        offset: record.offset,
                        len: record.len,
                        context: record.context,
                    });
                }
                Err(reject) => rejects.push(reject),
            }
        }
    }
    rejects.sort_by_key(|reject| (reject.offset, reject.len));
    let facts = reader.finish().unwrap();
    Ok(Whole { entries, rejects, repairs, facts })
}

/// Writes bytes to a file and reads them.
pub(crate) fn read_bytes(bytes: &[u8]) -> Result<Whole, Refusal> {
    read_bytes_by(bytes, 1 << 20)
}

pub(crate) fn read_bytes_by(bytes: &[u8], budget: usize) -> Result<Whole, Refusal> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dump.json");
    std::fs::write(&path, bytes).unwrap();
    read_spec(&SourceSpec::file(&path), &OpenOptions::default(), budget)
}

impl Whole {
    pub(crate) fn reasons(&self) -> Vec<RejectReason> {
        self.rejects.iter().map(|reject| reject.reason).collect()
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        self.entries
            .iter()
            .map(|got| got.json.get("insertId").and_then(|id| id.as_str()).unwrap_or("?").to_owned())
            .collect()
    }
}
