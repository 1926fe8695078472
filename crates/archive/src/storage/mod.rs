//! The only way to an archive's files.
//!
//! Everything the archive writes goes through [`Storage`], so that a test double sees every byte, every sync and every
//! rename, and can show what a crash between any two of them leaves behind.

mod disk;

pub use disk::DiskStorage;

use bytes::Bytes;
use std::io::{self, Read, Seek, Write};

/// A file being written. Nothing of it is promised to be there before [`finish`](FileWriter::finish) has returned.
pub trait FileWriter: Write + Send {
    /// Flushes and syncs the content. The name is durable once the folder has been synced as well.
    ///
    /// # Errors
    /// What the system says; the file must then be considered lost.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// A nameless file for intermediate data. It is gone when dropped, also after a kill.
pub trait ScratchFile: Read + Write + Seek + Send {}

impl<T: Read + Write + Seek + Send> ScratchFile for T {}

/// A held lock; released when dropped.
pub trait LockGuard: Send {}

/// Why a lock was not given.
#[derive(Debug)]
pub enum LockRefusal {
    /// Another process holds it and describes itself so.
    Held(String),
    /// The system refused.
    Io(io::Error),
}

/// Files of one archive, by path relative to its folder, `/`-separated.
pub trait Storage: Send + Sync + std::fmt::Debug {
    /// Returns a file's content, mapped or in memory.
    ///
    /// # Errors
    /// `NotFound` when there is no such file.
    fn read(&self, path: &str) -> io::Result<Bytes>;

    /// Creates a file that must not exist yet, and the folders above it.
    ///
    /// # Errors
    /// `AlreadyExists`, or what the system says.
    fn create(&self, path: &str) -> io::Result<Box<dyn FileWriter>>;

    /// Moves a file, over another one if there is one, atomically; creates the folders above its new place.
    ///
    /// # Errors
    /// What the system says.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Makes the names in a folder durable. The empty path is the archive's own folder.
    ///
    /// # Errors
    /// What the system says.
    fn sync_folder(&self, folder: &str) -> io::Result<()>;

    /// Deletes a file. One that is not there is no error.
    ///
    /// # Errors
    /// What the system says.
    fn remove(&self, path: &str) -> io::Result<()>;

    /// Lists the files below a folder, sorted, as paths relative to the archive.
    ///
    /// # Errors
    /// What the system says; a folder that does not exist is empty.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;

    /// Opens a nameless file.
    ///
    /// # Errors
    /// What the system says.
    fn scratch(&self) -> io::Result<Box<dyn ScratchFile>>;

    /// Takes the writer's lock without waiting.
    ///
    /// # Errors
    /// [`LockRefusal::Held`] when somebody else writes.
    fn lock(&self, path: &str, holder: &str) -> Result<Box<dyn LockGuard>, LockRefusal>;

    /// Writes a whole file: create, write, sync, sync its folder.
    ///
    /// # Errors
    /// What the system says.
    fn write(&self, path: &str, content: &[u8]) -> io::Result<()> {
        let mut file = self.create(path)?;
        file.write_all(content)?;
        file.finish()?;
        self.sync_folder(crate::layout::folder_of(path))
    }

    /// Replaces a file's content so that any crash leaves the old content or the new.
    ///
    /// # Errors
    /// What the system says.
    fn replace(&self, path: &str, content: &[u8]) -> io::Result<()> {
        let temporary = format!("{path}.new");
        self.remove(&temporary)?;
        let mut file = self.create(&temporary)?;
        file.write_all(content)?;
        file.finish()?;
        self.rename(&temporary, path)?;
        self.sync_folder(crate::layout::folder_of(path))
    }
}
