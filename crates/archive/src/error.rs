//! What can go wrong with an archive, graded by what the caller can do about it.

use std::io;

/// An error of the archive. Every variant names the file, relative to the archive's folder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused. Often curable: space, permissions, a folder that is not there.
    #[error("{path}: {source}")]
    Io {
        /// File or folder concerned.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// There is no archive in the folder.
    #[error("{path}: no archive here (no file CURRENT)")]
    Missing {
        /// The folder that was looked at.
        path: String,
    },
    /// A file is not what was written.
    #[error("{file}: damaged: {detail}")]
    Damaged {
        /// The damaged file.
        file: String,
        /// What is wrong, with the offset where one is known.
        detail: String,
    },
    /// The archive was written by a newer program.
    #[error("{file}: format version {found} is newer than this program understands ({supported})")]
    Version {
        /// The file that says so.
        file: String,
        /// The version found.
        found: u32,
        /// The newest version this program reads.
        supported: u32,
    },
    /// Another process is writing.
    #[error("the archive is being written by {holder}")]
    Locked {
        /// Who holds it, as the holder described itself.
        holder: String,
    },
    /// Rules for values in messages that are not those of the archive, or that are none.
    #[error("mask rules: {detail}")]
    MaskRules {
        /// What is wrong with them.
        detail: String,
    },
    /// Paths to the revision of an entry that are not those of the archive, or that are none.
    #[error("revision field: {detail}")]
    RevisionField {
        /// What is wrong with them.
        detail: String,
    },
    /// The caller asked to stop.
    #[error("interrupted; the archive is as the last commit left it")]
    Interrupted,
}

impl Error {
    pub(crate) fn io(path: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    pub(crate) fn damaged(file: impl Into<String>, detail: impl ToString) -> Self {
        Self::Damaged { file: file.into(), detail: detail.to_string() }
    }
}

/// The result of an operation on an archive.
pub type Result<T, E = Error> = std::result::Result<T, E>;
