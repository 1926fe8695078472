//! An archive in a folder of the file system.

use super::{FileWriter, LockGuard, LockRefusal, ScratchFile, Storage};
use bytes::Bytes;
use memmap2::MmapOptions;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Files up to this size are read: mapping one, touching its pages and giving them back takes longer.
const SMALL_BYTES: usize = 1 << 14;

/// Files below a folder. The folder is created with the first file.
#[derive(Debug)]
pub struct DiskStorage {
    root: PathBuf,
}

impl DiskStorage {
    /// Uses `root`, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Returns the folder.
    pub fn root(&self) -> &Path {
        &self.root
    }
}

impl Storage for DiskStorage {
    fn read(&self, path: &str) -> io::Result<Bytes> {
        let mut file = File::open(self.root.join(path))?;
        let len = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        if len <= SMALL_BYTES {
            let mut content = vec![0; len];
            file.read_exact(&mut content)?;
            return Ok(content.into());
        }
        // SAFETY: files of an archive are written once and never changed in place (FORMAT.md, "Commit"), so the mapped
        // bytes stay as they are. A file that somebody truncates from outside raises SIGBUS, as it would in any
        // program that maps files; `verify` reads through here too and cannot do better.
        #[expect(unsafe_code, reason = "mapping a file is unsafe by nature")]
        let map = unsafe { MmapOptions::new().len(len).map(&file)? };
        Ok(Bytes::from_owner(map))
    }

    fn create(&self, path: &str) -> io::Result<Box<dyn FileWriter>> {
        let path = self.root.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        Ok(Box::new(DiskFile(BufWriter::with_capacity(1 << 18, file))))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place that renames")]
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let to = self.root.join(to);
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::rename(self.root.join(from), to)
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        // Folders cannot be synced on Windows; there the rename itself is durable.
        if !cfg!(unix) {
            return Ok(());
        }
        File::open(self.root.join(folder))?.sync_all()?;
        // The archive's own name lies in a folder that may not let us in; then it is the business of whoever made it.
        if folder.is_empty()
            && let Some(above) = self.root.canonicalize()?.parent()
            && let Ok(above) = File::open(above)
        {
            above.sync_all()?;
        }
        Ok(())
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        match fs::remove_file(self.root.join(path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Ok(()) => {
                // A folder that became empty goes with its last file; one that is not empty stays, silently.
                let folder = crate::layout::folder_of(path);
                if folder.contains('/') {
                    fs::remove_dir(self.root.join(folder)).ok();
                }
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let mut found = Vec::new();
        let mut open = vec![folder.to_owned()];
        while let Some(folder) = open.pop() {
            let entries = match fs::read_dir(self.root.join(&folder)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                entries => entries?,
            };
            for entry in entries {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                if entry.file_type()?.is_dir() { open.push(path) } else { found.push(path) }
            }
        }
        found.sort();
        Ok(found)
    }

    fn scratch(&self) -> io::Result<Box<dyn ScratchFile>> {
        fs::create_dir_all(&self.root)?;
        Ok(Box::new(tempfile::tempfile_in(&self.root)?))
    }

    fn lock(&self, path: &str, holder: &str) -> Result<Box<dyn LockGuard>, LockRefusal> {
        let open = || -> io::Result<File> {
            fs::create_dir_all(&self.root)?;
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(self.root.join(path))
        };
        let mut file = open().map_err(LockRefusal::Io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::Error(error)) => return Err(LockRefusal::Io(error)),
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.take(400).read_to_string(&mut holder).ok();
                let holder = holder.trim();
                return Err(LockRefusal::Held(
                    if holder.is_empty() { "another process" } else { holder }.to_owned(),
                ));
            }
        }
        let describe = |file: &mut File| -> io::Result<()> {
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(holder.as_bytes())
        };
        describe(&mut file).map_err(LockRefusal::Io)?;
        Ok(Box::new(DiskLock(file)))
    }
}

struct DiskFile(BufWriter<File>);

impl Write for DiskFile {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl FileWriter for DiskFile {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.0.flush()?;
        self.0.get_ref().sync_all()
    }
}

/// The lock is the open file's; the system releases it when the file is closed, also after a kill.
struct DiskLock(#[expect(dead_code, reason = "held for its drop")] File);

impl LockGuard for DiskLock {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_files_are_read_listed_replaced_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let disk = DiskStorage::new(folder.path().join("new"));
        assert!(disk.list("").unwrap().is_empty());
        disk.write("a/b/file", b"one").unwrap();
        assert_eq!(&disk.read("a/b/file").unwrap()[..], b"one");
        assert_eq!(disk.write("a/b/file", b"two").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        disk.replace("CURRENT", b"1").unwrap();
        disk.replace("CURRENT", b"2").unwrap();
        assert_eq!(&disk.read("CURRENT").unwrap()[..], b"2");
        assert_eq!(disk.list("").unwrap(), ["CURRENT", "a/b/file"]);
        disk.remove("a/b/file").unwrap();
        disk.remove("a/b/file").unwrap();
        assert_eq!(disk.read("a/b/file").unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn the_second_writer_learns_who_the_first_is() {
        let folder = tempfile::tempdir().unwrap();
        let disk = DiskStorage::new(folder.path());
        let held = disk.lock("lock", "process 1").map_err(|_| ()).unwrap();
        match disk.lock("lock", "process 2") {
            Err(LockRefusal::Held(holder)) => assert_eq!(holder, "process 1"),
            _ => panic!("the lock was given twice"),
        }
        drop(held);
        assert!(disk.lock("lock", "process 2").is_ok());
    }
}
