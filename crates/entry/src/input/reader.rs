//! One source, from its stored bytes to batches, and what was learned about it on the way.

use super::compression::Compression;
use super::discover::{Location, SourceSpec};
use super::encoding::{Encoding, TextInput, damage_reason};
use super::error::Error;
use super::sniff;
use super::stored::Stored;
use crate::dialect::{DialectKind, FieldMap, Recogniser};
use crate::evidence::{Evidence, Said, sink_hour};
use crate::reject::{Refusal, RejectReason};
use crate::split::{Batch, Hints, Splitter};
use std::io::{self, Read};
use std::sync::Arc;

/// How a source is to be read, where that is not to be found out.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    /// The dialect, when it is not to be recognised.
    pub dialect: Option<DialectKind>,
    /// Which members of a generic entry mean what.
    pub field_map: Option<FieldMap>,
}

/// Before the field map in [`SourceFacts::dialect_reason`], at whose end it stands.
const WITH_MAP: &str = "; members by ";

impl OpenOptions {
    /// Says whether a source that was read as `dialect`, because of `dialect_reason`, was read by these rules. What they
    /// leave to be found out is as it was found.
    pub fn agree_with(&self, dialect: &str, dialect_reason: &str) -> bool {
        let map = dialect_reason.split_once(WITH_MAP).map(|(_, map)| map);
        self.dialect.is_none_or(|asked| asked.name() == dialect)
            && self.field_map.as_ref().is_none_or(|asked| Some(asked.to_string().as_str()) == map)
    }
}

/// An open source.
pub struct Reader {
    path: String,
    compression: Compression,
    encoding: Encoding,
    modified: Option<i64>,
    head: Vec<u8>,
    splitter: Splitter,
    /// The field map that it is read with, as text.
    field_map: Option<String>,
}

/// What there is to know about a source after its last batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFacts {
    /// The source, as people name it.
    pub path: String,
    /// Length as stored.
    pub bytes: u64,
    /// Length after decompression and decoding.
    pub text_bytes: u64,
    /// XXH3, 128 bits, of the stored bytes.
    pub content_hash: u128,
    /// How it is compressed.
    pub compression: Compression,
    /// How its text is encoded.
    pub encoding: Encoding,
    /// The dialect of its entries.
    pub dialect: DialectKind,
    /// Why that dialect.
    pub dialect_reason: String,
    /// JSON documents at the outermost level: 1 for an array or a wrapper, one per line of NDJSON.
    pub documents: u64,
    /// Objects that were read as wrappers around entries. What else they hold is data about the dump and neither record nor reject.
    pub wrappers: u64,
    /// Records handed out.
    pub records: u64,
    /// Rejects handed out with the batches; reading the records may add to them.
    pub rejects: u64,
    /// The places in which entries stand, by [`crate::split::Record::context`].
    pub contexts: Vec<ContextFacts>,
    /// What the dump proves about its completeness.
    pub evidence: Evidence,
    /// Whether its end is missing.
    pub cut: CutHint,
    /// What the content looks like, when not a single entry was found.
    pub found_instead: Option<&'static str>,
    /// When the file was last modified, nanoseconds since the Unix epoch, if the system says. Proves nothing about its entries.
    pub modified: Option<i64>,
}

/// Counts of one place in which entries stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextFacts {
    /// The keys that lead to it, joined by dots: `logs_by_severity.ERROR`; empty for the document itself. Of documents after the
    /// first behind their number: `#2.logs_by_severity.ERROR`.
    pub path: String,
    /// Entries stand here one after another, without an array or wrapper around them.
    pub is_bare: bool,
    /// What the wrapper that this is says about what is inside it.
    pub said: Said,
    /// Entries that stand there.
    pub records: u64,
    /// Rejects that stand there.
    pub rejects: u64,
    /// An array there did not end.
    pub is_broken: bool,
}

/// Whether the end of a source is missing. Whether a limit cut it is for others to say, by the counts of its contexts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutHint {
    /// Everything that was opened was closed.
    No,
    /// The text ends inside an entry, an array or a wrapper, or the compressed data ends early.
    Broken,
}

/// Enough to tell compression, encoding and what a file is.
const HEAD: usize = 64 << 10;

impl Reader {
    /// Opens a source and looks at its first bytes.
    ///
    /// # Errors
    /// A [`Refusal`] when it cannot be opened, has nothing in it, or is something that cannot hold entries.
    pub fn open(spec: &SourceSpec, options: &OpenOptions) -> Result<Self, Refusal> {
        let refuse = |reason, detail: String| Refusal { path: spec.path.clone(), reason, detail };
        let unreadable = |error: io::Error| {
            let reason = match error.kind() {
                io::ErrorKind::NotFound => RejectReason::NotFound,
                _ => RejectReason::Unreadable,
            };
            refuse(reason, error.to_string())
        };
        let stored = match &spec.location {
            Location::Stdin => Ok(Stored::new(Box::new(io::stdin()))),
            Location::File(path) => Stored::file(path),
            Location::Memory(bytes) => Ok(Stored::new(Box::new(io::Cursor::new(bytes.clone())))),
            Location::Member { archive, offset, len, shared } => shared.open_member(archive, *offset, *len),
        };
        let mut stored = stored.map_err(unreadable)?;
        let mut first = Vec::new();
        let begun = (&mut stored).take(HEAD as u64).read_to_end(&mut first);
        if let Err(error) = begun
            && (stored.failed() || first.is_empty())
        {
            let is_damage = !stored.failed();
            return Err(if is_damage {
                refuse(damage_reason(&error), error.to_string())
            } else {
                unreadable(error)
            });
        }
        if first.is_empty() {
            return Err(refuse(RejectReason::Empty, "the file has no bytes".to_owned()));
        }
        let compression = Compression::of(&first);
        let mut decompressed =
            compression.reader(io::Cursor::new(first).chain(stored.clone())).map_err(unreadable)?;
        let mut head = Vec::new();
        let damage = (&mut decompressed).take(HEAD as u64).read_to_end(&mut head);
        if let Err(error) = &damage
            && head.is_empty()
        {
            return Err(refuse(damage_reason(error), error.to_string()));
        }
        let (encoding, mark) = Encoding::of(&head);
        let is_text = matches!(encoding, Encoding::Utf8 | Encoding::Utf8Bom);
        let head = head.split_off(mark);
        if damage.is_ok() && head.len() < HEAD && head.iter().all(u8::is_ascii_whitespace) {
            return Err(refuse(RejectReason::Empty, "nothing but white space".to_owned()));
        }
        if is_text && let Some(found) = sniff::not_json(&head) {
            return Err(refuse(RejectReason::NotJson, found.to_owned()));
        }
        let modified = spec.file_path().and_then(modified_nanos);
        let input = TextInput::new(stored, decompressed, encoding, head.clone());
        let hints = Hints {
            recogniser: Recogniser {
                asked: options.dialect,
                field_map: options.field_map.clone().map(Arc::new),
                ..Recogniser::default()
            },
            base: if encoding == Encoding::Utf8Bom { mark as u64 } else { 0 },
        };
        let splitter = Splitter::new(input, hints);
        let field_map = options.field_map.as_ref().map(ToString::to_string);
        Ok(Self { path: spec.path.clone(), compression, encoding, modified, head, splitter, field_map })
    }

    /// Returns the next entries: about `budget` bytes of text, an entry larger than that alone. `None` at the end.
    ///
    /// # Errors
    /// [`Error::Io`] when the operating system fails. Damage in the content is no error but rejects.
    pub fn next_batch(&mut self, budget: usize) -> Result<Option<Batch>, Error> {
        self.splitter.next_batch(budget).map_err(|source| Error::Io {
            path: self.path.clone(),
            offset: self.splitter.input().stored_bytes(),
            source,
        })
    }

    /// Returns the dialect that was recognised so far, and why.
    pub fn dialect(&self) -> (DialectKind, &str) {
        self.splitter.dialect()
    }

    /// Returns stored bytes read so far, for showing progress.
    pub fn bytes_read(&self) -> u64 {
        self.splitter.input().stored_bytes()
    }

    /// Returns what was learned, after the last batch.
    ///
    /// Stored bytes that are left (rubbish behind compressed data) are read for the hash.
    ///
    /// # Errors
    /// [`Error::Io`] when they cannot be read.
    pub fn finish(self) -> Result<SourceFacts, Error> {
        let (dialect, dialect_reason) = self.splitter.dialect();
        let mut dialect_reason = dialect_reason.to_owned();
        let (input, split, wrappers, contexts) = self.splitter.finish();
        if !split.other_dialects.is_empty() {
            let others: Vec<&str> = split.other_dialects.iter().map(|kind| kind.name()).collect();
            dialect_reason.push_str(&format!("; other entries in it are {}", others.join(", ")));
        }
        if let Some(map) = self.field_map {
            dialect_reason.push_str(WITH_MAP);
            dialect_reason.push_str(&map);
        }
        let offset = input.stored_bytes();
        let (bytes, content_hash) =
            input.finish().map_err(|source| Error::Io { path: self.path.clone(), offset, source })?;
        let evidence = Evidence { sink_hour: sink_hour(&self.path), ..split.evidence };
        let contexts = contexts
            .into_iter()
            .map(|context| ContextFacts {
                path: context.name(),
                is_bare: context.is_bare,
                said: context.said,
                records: context.n_records,
                rejects: context.n_rejects,
                is_broken: context.is_broken,
            })
            .collect();
        Ok(SourceFacts {
            path: self.path,
            bytes,
            text_bytes: split.text_bytes,
            content_hash,
            compression: self.compression,
            encoding: self.encoding,
            dialect,
            dialect_reason,
            documents: split.n_documents,
            wrappers,
            records: split.n_records,
            rejects: split.n_rejects,
            contexts,
            evidence,
            cut: if split.is_cut { CutHint::Broken } else { CutHint::No },
            found_instead: (split.n_records == 0 && split.n_rejects > 0).then(|| sniff::describe(&self.head)),
            modified: self.modified,
        })
    }
}

fn modified_nanos(path: &std::path::Path) -> Option<i64> {
    let modified = std::fs::metadata(path).ok()?.modified().ok()?;
    let since = modified.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_nanos()).ok()
}
