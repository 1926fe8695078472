//! What stops the reading of a source.

/// Why a source could not be read on. Damage inside a source is no error; it becomes a [`crate::Reject`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused to go on.
    #[error("cannot read {path} at byte {offset}: {source}")]
    Io {
        /// The source.
        path: String,
        /// How many stored bytes had been read.
        offset: u64,
        /// What the operating system said.
        source: std::io::Error,
    },
}
