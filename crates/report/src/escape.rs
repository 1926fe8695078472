//! Untrusted text made safe, one function per place it can be put.
//!
//! Everything that comes out of a log is written by somebody else: by the program that logged it, and often by whoever
//! sent that program a request. Each format has characters that do something instead of being shown; these functions
//! make sure that log text is only ever shown.
//!
//! ```text
//! terminal       control bytes, bidi marks and invisible characters become visible: ␛, \u{202e}
//! csv_field      the same, then quoting (RFC 4180) and a ' in front of what a spreadsheet would calculate
//! markdown_*     the same, then no emphasis, link, image, HTML, mention, table cell or list can begin
//! html_*         the same, then & < > " ' as entities
//! embedded_json  JSON inside of a page or a comment: everything but plain ASCII, and < > & --, as \u escapes
//! ```
//!
//! Showing loses the difference between an escape character and the picture of one. That is the right trade for
//! people; programs read the JSON answers, which carry the text as it was.

mod csv;
mod hazard;
mod html;
mod json;
mod markdown;
mod shell;
mod terminal;

pub use csv::{csv_field, csv_quote};
pub use hazard::{Charset, is_hazard};
pub use html::{html_attribute, html_text};
pub use json::embedded_json;
pub use markdown::{MarkdownPlace, markdown_code, markdown_code_element, markdown_fence, markdown_text};
pub use shell::shell_word;
pub use terminal::{Lines, terminal};
