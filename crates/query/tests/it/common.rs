//! What the tests of this crate share.

use std::path::PathBuf;
use timberline_entry::LogEntry;
use timberline_entry::json::{Document, parse};
use timberline_query::{Filter, Options, compile, eval};

/// What a filter says about an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It matches.
    Match,
    /// It does not.
    No,
    /// The filter is refused.
    Refused,
}

/// Compiles a filter and asks it about an entry.
pub(crate) fn outcome(filter: &str, entry: &str) -> Outcome {
    match compile(filter, &Options::default()) {
        Err(_) => Outcome::Refused,
        Ok(compiled) if matches(&compiled.filter, entry) => Outcome::Match,
        Ok(_) => Outcome::No,
    }
}

/// Asks a filter about an entry in JSON.
pub(crate) fn matches(filter: &Filter, entry: &str) -> bool {
    let mut nodes = Vec::new();
    parse(entry, &mut nodes).unwrap_or_else(|fault| panic!("{fault} in {entry}"));
    let object = Document::new(entry, &nodes).root().as_object().expect("an entry is an object");
    eval(filter, &LogEntry::from_object(object))
}

/// Finds a file of the material that is shared beside the checkout; `None`, with a note, when it is not there.
pub(crate) fn shared(path: &str) -> Option<String> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(path);
    match std::fs::read_to_string(&file) {
        Ok(text) => Some(text),
        Err(error) => {
            println!("skipped: {} ({error})", file.display());
            None
        }
    }
}
