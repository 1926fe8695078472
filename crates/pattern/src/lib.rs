//! Masks, shapes, templates and exception fingerprints of log messages.
//!
//! Two questions about a message are answered here, by functions of the text alone: which statement wrote it, and which
//! bug it tells of. There is no storage and no clock; callers keep what they are given.
//!
//! - [`mask`] finds the values in a message; [`shape`] is what remains, with a fingerprint that names it for years.
//! - [`merge`] puts the shapes of one statement together, from the set of all shapes; [`template`] shows the result.
//! - [`alias`] names the pattern after its founding shape; [`variants`] tells in which holes a new value is news.
//! - [`trace`] finds exceptions inside a text; [`fingerprint`] names the bug.
//!
//! ```
//! use timberline_pattern::mask::Masker;
//! use timberline_pattern::shape::{fingerprint, shape};
//! use timberline_pattern::{merge, template};
//!
//! let masker = Masker::standard();
//! let mut holes = Vec::new();
//! let mut shapes = Vec::new();
//! for text in ["No module named 'auth_service'", "No module named 'app.services.monitoring'"] {
//!     masker.mask(text, &mut holes);
//!     shapes.push(shape(text, &holes));
//!     assert_eq!(fingerprint(text, &holes), shapes[shapes.len() - 1].fingerprint());
//! }
//! let merged = merge::merge(&shapes);
//! assert_eq!(merged.templates().len(), 1);
//! assert_eq!(template::of_tokens(merged.templates()[0].tokens()), "No module named '<*>'");
//! ```

pub mod mask;
pub mod shape;

pub mod merge;

pub mod template;

pub mod alias;

pub mod variants;

pub mod trace;

pub mod fingerprint;
