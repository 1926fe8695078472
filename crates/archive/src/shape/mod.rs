//! The shape of a whole entry: what stays when its values are taken out.
//!
//! ```text
//! {"textPayload":"retry 3 of 5","labels":{"instanceId":"00c7…"},"severity":"INFO"}
//!      leaf "textPayload"        stretches "retry ", " of "      holes 3, 5
//!      leaf "labels.instanceId"  no stretch                      one hole
//!      leaf "severity"           stretch "INFO"                  no hole
//! ```
//!
//! Rows of one shape agree in every path, every stretch and every place of a hole, byte for byte. So a question can be
//! asked once per shape instead of once per row: text inside a stretch is in every row, text that fits neither a
//! stretch nor a hole is in none. The shape is finer than a message pattern: it keeps white space and other fields.

mod charset;
mod contents;
mod known;
mod leaf;
mod outline;
mod template;
mod tokens;

pub use charset::CharSet;
pub use template::{HOLE, NUMBER_HOLE, Template, UNINDEXED_HOLE};
pub use tokens::{LONG_TOKEN, MAX_TOKEN, is_token_byte, is_word, tokens};

pub use leaf::{Leaf, for_each_leaf};

use known::Masks;

pub(crate) use contents::RingContents;
pub(crate) use leaf::{Form, for_each_leaf_of};
pub(crate) use template::Shaper;
