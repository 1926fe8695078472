//! Storage in memory that remembers every step, and can show what a power loss after any of them leaves on the disk.
//!
//! ```text
//! steps   create a/f │ write a/f │ finish a/f │ sync a │ rename … │ …
//!                                      ▲           ▲
//!                        the content is durable    the name is durable
//! ```
//!
//! The model is the one that POSIX promises: a file's content is durable once it was synced, a name (new, moved or gone,
//! of a file or of a folder) once the folder that holds it was synced. What was not synced may or may not be there after
//! a power loss, each change for itself; [`Survival`] says which.

use crate::storage::{FileWriter, LockGuard, LockRefusal, ScratchFile, Storage};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor, Write};
use std::sync::{Arc, Mutex, MutexGuard};

/// The files on a disk, by path.
pub type Image = BTreeMap<String, Bytes>;

/// What becomes of changes that were not synced when the power fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survival {
    /// None survives.
    Nothing,
    /// All survive; the process was killed, or the disk happened to be quick.
    Everything,
    /// All names survive, and no content that was not synced: such files are empty.
    NamesOnly,
    /// Each survives or not, decided by the seed; of a content that was not synced, a part may survive.
    Some(u64),
}

/// Storage in memory with a record of every step.
#[derive(Debug)]
pub struct RecordingStorage {
    state: Arc<Mutex<State>>,
}

#[derive(Clone, Debug)]
enum Step {
    Create { path: String, file: usize },
    Write { file: usize, bytes: Vec<u8> },
    Finish { file: usize },
    Rename { from: String, to: String },
    SyncFolder { folder: String },
    Remove { path: String },
}

#[derive(Debug, Default)]
struct State {
    before: Image,
    steps: Vec<Step>,
    names: BTreeMap<String, usize>,
    contents: Vec<Vec<u8>>,
    is_locked: bool,
}

impl RecordingStorage {
    /// Starts with the files of an image, all of them durable.
    pub fn new(image: Image) -> Self {
        let mut state = State { before: image.clone(), ..State::default() };
        for (path, content) in image {
            state.names.insert(path, state.contents.len());
            state.contents.push(content.to_vec());
        }
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Starts where another storage was after its first `n_steps` steps: the process was killed, the power stayed on.
    pub fn resumed(other: &Self, n_steps: usize) -> Self {
        let other = other.lock_state();
        let resumed = Self::new(other.before.clone());
        {
            let mut state = resumed.lock_state();
            for step in &other.steps[..n_steps] {
                state.apply(step);
                state.steps.push(step.clone());
            }
        }
        resumed
    }

    /// Returns the number of steps so far. Writes to one file that follow one another are one step.
    pub fn n_steps(&self) -> usize {
        self.lock_state().steps.len()
    }

    /// Describes the last of the first `n_steps` steps.
    pub fn describe(&self, n_steps: usize) -> String {
        let state = self.lock_state();
        match n_steps.checked_sub(1).and_then(|idx| state.steps.get(idx)) {
            None => "nothing".to_owned(),
            Some(Step::Write { file, bytes }) => format!("write {} bytes to file {file}", bytes.len()),
            Some(step) => format!("{step:?}"),
        }
    }

    /// Returns the files as a process sees them now.
    pub fn live(&self) -> Image {
        let state = self.lock_state();
        let content = |file: &usize| Bytes::from(state.contents[*file].clone());
        state.names.iter().map(|(path, file)| (path.clone(), content(file))).collect()
    }

    /// Returns what is on the disk when the power fails after the first `n_steps` steps.
    pub fn crashed(&self, n_steps: usize, survival: Survival) -> Image {
        let state = self.lock_state();
        Disk::replay(&state.before, &state.steps[..n_steps]).survivors(survival)
    }

    fn lock_state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread panics while it holds the state")
    }
}

impl State {
    fn record(&mut self, step: Step) {
        self.apply(&step);
        if let Step::Write { file, bytes } = &step
            && let Some(Step::Write { file: last, bytes: all }) = self.steps.last_mut()
            && last == file
        {
            all.extend_from_slice(bytes);
            return;
        }
        self.steps.push(step);
    }

    fn apply(&mut self, step: &Step) {
        match step {
            Step::Create { path, file } => {
                self.names.insert(path.clone(), *file);
                self.contents.resize(self.contents.len().max(file + 1), Vec::new());
            }
            Step::Write { file, bytes } => self.contents[*file].extend_from_slice(bytes),
            Step::Rename { from, to } => {
                if let Some(file) = self.names.remove(from) {
                    self.names.insert(to.clone(), file);
                }
            }
            Step::Remove { path } => {
                self.names.remove(path);
            }
            Step::Finish { .. } | Step::SyncFolder { .. } => {}
        }
    }
}

/// A change of a folder: a name and the file it now stands for, `None` for a name that is gone.
type Change = (String, Option<Target>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Folder,
    File(usize),
}

/// What is durable, and what is on its way.
#[derive(Default)]
struct Disk {
    contents: Vec<Content>,
    durable: BTreeMap<String, Target>,
    /// Changes that were not synced, oldest first; those of a rename are one.
    pending: Vec<Vec<Change>>,
    live: BTreeMap<String, Target>,
}

#[derive(Clone, Default)]
struct Content {
    live: Vec<u8>,
    durable: Vec<u8>,
}

impl Disk {
    fn replay(before: &Image, steps: &[Step]) -> Self {
        let mut disk = Self::default();
        for (path, content) in before {
            for folder in folders_above(path) {
                disk.durable.insert(folder.to_owned(), Target::Folder);
            }
            disk.durable.insert(path.clone(), Target::File(disk.contents.len()));
            disk.contents.push(Content { live: content.to_vec(), durable: content.to_vec() });
        }
        disk.live = disk.durable.clone();
        for step in steps {
            disk.step(step);
        }
        disk
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Create { path, file } => {
                self.create_folders(path);
                self.contents.resize(self.contents.len().max(file + 1), Content::default());
                self.change(vec![(path.clone(), Some(Target::File(*file)))]);
            }
            Step::Write { file, bytes } => self.contents[*file].live.extend_from_slice(bytes),
            Step::Finish { file } => {
                let content = &mut self.contents[*file];
                content.durable.clone_from(&content.live);
            }
            Step::Rename { from, to } => {
                self.create_folders(to);
                let target = self.live.get(from).copied();
                self.change(vec![(from.clone(), None), (to.clone(), target)]);
            }
            Step::Remove { path } => {
                self.change(vec![(path.clone(), None)]);
                // As the disk does: a folder goes with its last file.
                let folder = crate::layout::folder_of(path);
                let inside = format!("{folder}/");
                if folder.contains('/') && !self.live.keys().any(|path| path.starts_with(&inside)) {
                    self.change(vec![(folder.to_owned(), None)]);
                }
            }
            Step::SyncFolder { folder } => {
                let (now, later) =
                    std::mem::take(&mut self.pending).into_iter().partition(|changes: &Vec<Change>| {
                        changes.iter().any(|(path, _)| crate::layout::folder_of(path) == folder)
                    });
                self.pending = later;
                for changes in now {
                    apply(&mut self.durable, &changes);
                }
            }
        }
    }

    fn create_folders(&mut self, path: &str) {
        for folder in folders_above(path) {
            if !self.live.contains_key(folder) {
                self.change(vec![(folder.to_owned(), Some(Target::Folder))]);
            }
        }
    }

    fn change(&mut self, changes: Vec<Change>) {
        apply(&mut self.live, &changes);
        self.pending.push(changes);
    }

    fn survivors(self, survival: Survival) -> Image {
        let Self { contents, mut durable, pending, live: _ } = self;
        let mut dice = Dice(match survival {
            Survival::Some(seed) => seed,
            _ => 0,
        });
        for changes in &pending {
            let survives = match survival {
                Survival::Nothing => false,
                Survival::Everything | Survival::NamesOnly => true,
                Survival::Some(_) => dice.roll(2) == 1,
            };
            if survives {
                apply(&mut durable, changes);
            }
        }
        let folders: BTreeSet<&str> = durable
            .iter()
            .filter(|(_, target)| **target == Target::Folder)
            .map(|(path, _)| path.as_str())
            .collect();
        let mut image = Image::new();
        for (path, target) in &durable {
            let Target::File(file) = target else { continue };
            if !folders_above(path).all(|folder| folders.contains(folder)) {
                continue;
            }
            let content = &contents[*file];
            let bytes = match survival {
                Survival::Nothing | Survival::NamesOnly => content.durable.clone(),
                Survival::Everything => content.live.clone(),
                Survival::Some(_) => {
                    let lost = content.live.len() - content.durable.len();
                    content.live[..content.durable.len() + dice.roll(lost + 1)].to_vec()
                }
            };
            image.insert(path.clone(), Bytes::from(bytes));
        }
        image
    }
}

fn apply(names: &mut BTreeMap<String, Target>, changes: &[Change]) {
    for (path, target) in changes {
        match target {
            Some(target) => names.insert(path.clone(), *target),
            None => names.remove(path),
        };
    }
}

fn folders_above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

/// A small generator, the same on every machine (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let sides = sides as u64;
        usize::try_from((mixed ^ (mixed >> 31)) % sides).expect("less than the number of sides")
    }
}

impl Storage for RecordingStorage {
    fn read(&self, path: &str) -> io::Result<Bytes> {
        let state = self.lock_state();
        let file = state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Bytes::from(state.contents[*file].clone()))
    }

    fn create(&self, path: &str) -> io::Result<Box<dyn FileWriter>> {
        let mut state = self.lock_state();
        if state.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = state.contents.len();
        state.record(Step::Create { path: path.to_owned(), file });
        Ok(Box::new(RecordedFile { state: self.state.clone(), file }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.lock_state();
        if !state.names.contains_key(from) {
            return Err(io::ErrorKind::NotFound.into());
        }
        state.record(Step::Rename { from: from.to_owned(), to: to.to_owned() });
        Ok(())
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        self.lock_state().record(Step::SyncFolder { folder: folder.to_owned() });
        Ok(())
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let mut state = self.lock_state();
        if state.names.contains_key(path) {
            state.record(Step::Remove { path: path.to_owned() });
        }
        Ok(())
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let inside = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        Ok(self.lock_state().names.keys().filter(|path| path.starts_with(&inside)).cloned().collect())
    }

    fn scratch(&self) -> io::Result<Box<dyn ScratchFile>> {
        Ok(Box::new(Cursor::new(Vec::new())))
    }

    fn lock(&self, _: &str, _: &str) -> Result<Box<dyn LockGuard>, LockRefusal> {
        let mut state = self.lock_state();
        if std::mem::replace(&mut state.is_locked, true) {
            return Err(LockRefusal::Held("another writer".to_owned()));
        }
        Ok(Box::new(RecordedLock(self.state.clone())))
    }
}

struct RecordedLock(Arc<Mutex<State>>);

impl LockGuard for RecordedLock {}

impl Drop for RecordedLock {
    fn drop(&mut self) {
        self.0.lock().expect("no thread panics while it holds the state").is_locked = false;
    }
}

struct RecordedFile {
    state: Arc<Mutex<State>>,
    file: usize,
}

impl Write for RecordedFile {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let step = Step::Write { file: self.file, bytes: buf.to_vec() };
        self.state.lock().expect("no thread panics while it holds the state").record(step);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl FileWriter for RecordedFile {
    fn finish(self: Box<Self>) -> io::Result<()> {
        let step = Step::Finish { file: self.file };
        self.state.lock().expect("no thread panics while it holds the state").record(step);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(image: &Image) -> Vec<(&str, &[u8])> {
        image.iter().map(|(path, content)| (path.as_str(), &content[..])).collect()
    }

    #[test]
    fn only_what_was_synced_survives() {
        let storage = RecordingStorage::new(Image::new());
        let mut file = storage.create("a/f").unwrap();
        file.write_all(b"con").unwrap();
        file.write_all(b"tent").unwrap();
        assert_eq!(storage.n_steps(), 2);
        assert_eq!(paths(&storage.crashed(2, Survival::Everything)), [("a/f", &b"content"[..])]);
        assert_eq!(paths(&storage.crashed(2, Survival::NamesOnly)), [("a/f", &b""[..])]);
        file.finish().unwrap();
        storage.sync_folder("a").unwrap();
        assert!(storage.crashed(4, Survival::Nothing).is_empty(), "the folder itself was not synced");
        storage.sync_folder("").unwrap();
        assert_eq!(paths(&storage.crashed(5, Survival::Nothing)), [("a/f", &b"content"[..])]);
        storage.rename("a/f", "g").unwrap();
        assert_eq!(paths(&storage.crashed(6, Survival::Nothing)), [("a/f", &b"content"[..])]);
        storage.sync_folder("").unwrap();
        storage.remove("g").unwrap();
        assert_eq!(paths(&storage.crashed(8, Survival::Nothing)), [("g", &b"content"[..])]);
        assert!(storage.live().is_empty());
        let resumed = RecordingStorage::resumed(&storage, 6);
        assert_eq!(paths(&resumed.live()), [("g", &b"content"[..])]);
    }
}
