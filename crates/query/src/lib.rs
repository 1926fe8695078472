//! The Cloud Logging query language: text to filter, filter to answer on one entry.
//!
//! ```text
//! text ──lex──► tokens ──parse──► ast (as written, with places) ──check──► Filter (typed) ──eval──► yes or no
//!                                                                             │
//!                                                 an equivalent text ◄──print─┘
//! ```
//!
//! [`eval()`] on one entry is the definition of what matches; whatever answers faster must agree with it.
//! The language is described in `LANGUAGE.md` beside this crate, whose examples are tests.
//!
//! ```
//! use timberline_entry::{LogEntry, json};
//! use timberline_query::{Options, compile, eval};
//!
//! let text = r#"{"severity":"ERROR","textPayload":"Connection reset by peer"}"#;
//! let mut nodes = Vec::new();
//! json::parse(text, &mut nodes)?;
//! let object = json::Document::new(text, &nodes).root().as_object().expect("an entry is an object");
//!
//! let compiled = compile("severity>=ERROR \"connection reset\"", &Options::default())?;
//! assert!(eval(&compiled.filter, &LogEntry::from_object(object)));
//! assert_eq!(compiled.filter.to_string(), "severity>=\"ERROR\" AND \"connection reset\"");
//!
//! let error = compile("severity>=WARN", &Options::default()).unwrap_err();
//! assert_eq!(error.hint.as_deref(), Some("did you mean WARNING?"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This crate knows no archive, reads no clock and does no input or output.

pub mod ast;
mod automaton;
mod bounds;
pub mod caret;
mod check;
mod derived;
mod error;
mod eval;
mod filter;
mod function;
mod lex;
mod literal;
mod needle;
mod network;
mod parse;
mod path;
mod placed;
mod print;
mod re2;
mod regex;
mod resolve;
mod schema;
mod span;
mod suggest;
mod tokens;
mod traps;
mod unescape;
mod warning;

pub use ast::Op;
pub use automaton::{ByteSet, TextPart};
pub use bounds::time_bounds;
pub use derived::{Derived, DerivedField};
pub use error::{Error, ErrorKind};
pub use eval::{eval, eval_with};
pub use filter::{
    Candidates, Compare, DerivedCompare, Filter, Global, Node, Number, Operand, Test, roots_read,
};
pub use function::{CastType, Function, Scalar, Search, Zone};
pub use needle::Needle;
pub use network::Network;
pub use parse::{MAX_CHARACTERS, MAX_NESTING};
pub use path::{FieldPath, Path, Segment};
pub use placed::Placed;
pub use regex::Regex;
pub use schema::{FieldType, Message, leaf_type, root_type};
pub use span::Span;
pub use timberline_entry::fold;
pub use tokens::{SearchQuery, holds_phrase, holds_word, is_delimiter, words};
pub use warning::{Warning, WarningKind};

/// How a filter is read.
#[derive(Clone, Debug)]
pub struct Options {
    /// Accepts what people write although the language has it not (single quotes, `- a`), with a warning. Default: true.
    pub lenient: bool,
    /// Whether search terms look at the keys of labels and payloads as well as at values. Default: false.
    pub keys: bool,
    /// Fields that exist in the archive, as filters write them (`jsonPayload.error.type`), for hints. Default: none.
    pub known_fields: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { lenient: true, keys: false, known_fields: Vec::new() }
    }
}

/// A filter that can be used.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// What is evaluated.
    pub filter: Filter,
    /// What looks unintended.
    pub warnings: Vec<Warning>,
    /// The text as a tree with places.
    pub ast: ast::Ast,
}

/// Reads, checks and converts the text of a filter. The empty text is the filter that everything matches.
///
/// # Errors
/// The first thing that is wrong, with its place and, where possible, a hint. Never panics, whatever the text; depth and
/// length are bounded by [`MAX_NESTING`] and [`MAX_CHARACTERS`].
pub fn compile(text: &str, options: &Options) -> Result<Compiled, Error> {
    let mut warnings = Vec::new();
    let ast = parse::parse(text, options.lenient, &mut warnings)?;
    let filter = check::check(&ast, options, &mut warnings)?;
    warnings.sort_by_key(|warning| warning.span.start);
    Ok(Compiled { filter, warnings, ast })
}
