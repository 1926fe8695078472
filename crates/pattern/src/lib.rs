//! Masks, shapes, templates and exception fingerprints of log messages.
//!
//! A message becomes a [`mask`]ed text, that a [`shape`], whose fingerprint is its name for years; shapes that turn out to
//! be one statement are put together in [`merge`].

pub mod mask;
pub mod shape;

pub mod merge;

pub mod template;

pub mod alias;

pub mod variants;

pub mod trace;

pub mod fingerprint;
