//! Bytes that people exported, wherever they are: files, folders, patterns, standard input, archives.
//!
//! ```text
//! paths ──discover──► SourceSpec … ──stored bytes──► decompressed ──► decoded (UTF-8) ──► split
//!                                    hash, length     by content       by byte order mark
//! ```
//!
//! Nothing here looks at a file's name to decide what is in it, except for what the name itself proves
//! ([`crate::evidence`]).

mod archive;
mod compression;
mod discover;
mod encoding;
mod error;
mod pattern;
mod reader;
mod sniff;
mod stored;

pub use compression::Compression;
pub use discover::{Discovery, SourceSpec, discover, discover_outside};
pub use encoding::Encoding;
pub(crate) use encoding::TextInput;
pub use error::Error;
pub use reader::{ContextFacts, CutHint, OpenOptions, Reader, SourceFacts};
