//! From what a person typed to the list of sources.

use super::archive;
use super::pattern;
use crate::reject::{Refusal, RejectReason};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One stream of exported bytes: a file, standard input, or a file inside a tar archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSpec {
    /// The name shown to people, `/`-separated: `dumps/a.json`, `-` for standard input, `a.tar!member.json` for members.
    pub path: String,
    pub(crate) location: Location,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    File(PathBuf),
    Stdin,
    Memory(Arc<[u8]>),
    Member { archive: PathBuf, offset: u64, len: u64, shared: archive::Shared },
}

impl SourceSpec {
    /// Names a single file, without looking at it.
    pub fn file(path: &Path) -> Self {
        Self { path: shown(path), location: Location::File(path.to_owned()) }
    }

    /// Names standard input.
    pub fn stdin() -> Self {
        Self { path: "-".to_owned(), location: Location::Stdin }
    }

    /// Names bytes that the caller has, so that a test needs no file.
    pub fn memory(name: &str, bytes: Arc<[u8]>) -> Self {
        Self { path: name.to_owned(), location: Location::Memory(bytes) }
    }

    /// Returns the file in which the bytes are; `None` for standard input and memory. A member is in its archive's file.
    pub fn file_path(&self) -> Option<&Path> {
        match &self.location {
            Location::File(path) | Location::Member { archive: path, .. } => Some(path),
            Location::Stdin | Location::Memory(_) => None,
        }
    }

    /// Returns where the bytes are stored, for whoever reads many sources: members of a compressed archive that are read in the order
    /// of their places are decompressed once.
    pub fn stored_at(&self) -> (Option<&Path>, u64) {
        let offset = if let Location::Member { offset, .. } = self.location { offset } else { 0 };
        (self.file_path(), offset)
    }
}

/// What paths lead to.
#[derive(Debug, Default)]
pub struct Discovery {
    /// The sources, sorted by path, each file once.
    pub sources: Vec<SourceSpec>,
    /// What gave nothing, and why, sorted the same way.
    pub refused: Vec<Refusal>,
    /// Folders that were not to be entered, sorted.
    pub left_out: Vec<String>,
}

/// Finds the sources that `paths` name: files, folders with everything in them, patterns, `-` for standard input.
///
/// Shape: sorted by path, each file once, whatever the order of `paths`. Folders are searched all the way down; names that
/// begin with a dot are skipped there, as are broken links. Tar archives give their members. A path that exists is never
/// taken for a pattern. A name need not be UTF-8; it is shown with U+FFFD for what is none. Refusals are sorted the same way
/// and say what was wrong with a path that gave nothing, or not everything: an archive that breaks off gives the members
/// before the break and a refusal.
pub fn discover<P: AsRef<Path>>(paths: &[P]) -> (Vec<SourceSpec>, Vec<Refusal>) {
    let discovery = discover_outside(paths, &|_| false);
    (discovery.sources, discovery.refused)
}

/// As [`discover`], but stays out of every folder of which `is_outside` says so, however it was named.
///
/// Such a folder is no refusal, unless nothing else was named.
pub fn discover_outside<P: AsRef<Path>>(paths: &[P], is_outside: &dyn Fn(&Path) -> bool) -> Discovery {
    let mut search = Search {
        found: Vec::new(),
        refused: Vec::new(),
        folders: BTreeSet::new(),
        left_out: BTreeSet::new(),
        passed_over: Vec::new(),
        is_outside,
    };
    for path in paths {
        search.path(path.as_ref());
    }
    if search.found.is_empty() && search.refused.is_empty() {
        for path in search.left_out.clone() {
            search.refuse(&path, RejectReason::NothingInside, "it is an archive of Timberline".to_owned());
        }
    }
    search.found.sort_by(|a, b| a.path.cmp(&b.path));
    search.refused.sort_by(|a, b| a.path.cmp(&b.path));
    search.refused.dedup();
    let mut seen = BTreeSet::new();
    search.found.retain(|spec| seen.insert(identity(spec)));
    Discovery {
        sources: search.found,
        refused: search.refused,
        left_out: search.left_out.into_iter().collect(),
    }
}

/// What makes two specs the same bytes: the file behind all links, and the place in it.
fn identity(spec: &SourceSpec) -> (Option<PathBuf>, u64) {
    let (path, offset) = spec.stored_at();
    (path.map(|path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())), offset)
}

struct Search<'s> {
    found: Vec<SourceSpec>,
    refused: Vec<Refusal>,
    /// Folders seen, behind all links, so that a link upwards does not lead round in circles.
    folders: BTreeSet<PathBuf>,
    /// Folders that were not entered.
    left_out: BTreeSet<String>,
    /// What was skipped in the folder that is being searched, as people see it, and why.
    passed_over: Vec<(String, &'static str)>,
    is_outside: &'s dyn Fn(&Path) -> bool,
}

/// So many of the files that were skipped are named where nothing else is there.
const PASSED_OVER_SHOWN: usize = 3;

impl Search<'_> {
    fn path(&mut self, path: &Path) {
        if path.as_os_str() == "-" {
            self.found.push(SourceSpec::stdin());
            return;
        }
        let typed = path.to_string_lossy();
        match std::fs::metadata(path) {
            Ok(_) => self.existing(path),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                self.refuse(&typed, RejectReason::Unreadable, error.to_string());
            }
            Err(_) if typed.contains(['*', '?', '[']) => self.pattern(path, &typed),
            Err(_) => self.refuse(&typed, RejectReason::NotFound, String::new()),
        }
    }

    fn pattern(&mut self, path: &Path, typed: &str) {
        let (left_out, is_outside) = (&mut self.left_out, self.is_outside);
        let mut may_enter = |folder: &Path| {
            let enters = !is_outside(folder);
            if !enters {
                left_out.insert(shown(folder));
            }
            enters
        };
        let matches = match pattern::matches(path, &mut may_enter) {
            Ok(matches) => matches,
            Err(error) => {
                self.refuse(typed, RejectReason::BadPattern, error.to_string());
                return;
            }
        };
        for (folder, error) in &matches.failed {
            self.refuse(&shown(folder), RejectReason::Unreadable, error.to_string());
        }
        for path in &matches.paths {
            self.existing(path);
        }
        if matches.paths.is_empty() && matches.failed.is_empty() {
            self.refuse(typed, RejectReason::NotFound, "nothing matches this pattern".to_owned());
        }
    }

    fn existing(&mut self, path: &Path) {
        match kind(path) {
            Ok(Some(Kind::Folder)) => {}
            // A link that leads nowhere was named by a person or a pattern, so it is said.
            Ok(kind) => return self.file(path, kind.unwrap_or(Kind::File)),
            Err(error) => return self.refuse(&shown(path), RejectReason::Unreadable, error.to_string()),
        }
        if self.leaves_out(path) {
            return;
        }
        let before = self.found.len() + self.refused.len();
        let n_left_out = self.left_out.len();
        self.passed_over.clear();
        self.folder(path);
        if self.found.len() + self.refused.len() == before {
            let detail = self.what_was_skipped(self.left_out.len() > n_left_out);
            self.refuse(&shown(path), RejectReason::NothingInside, detail);
        }
    }

    /// Says of a folder that is not to be entered that it was not.
    fn leaves_out(&mut self, folder: &Path) -> bool {
        let is_outside = (self.is_outside)(folder);
        if is_outside {
            self.left_out.insert(shown(folder));
        }
        is_outside
    }

    /// What is in a folder in which nothing is to be read.
    fn what_was_skipped(&self, has_archives: bool) -> String {
        let named = self.passed_over.iter().take(PASSED_OVER_SHOWN);
        let mut skipped: Vec<String> = named.map(|(name, why)| format!("{name} ({why})")).collect();
        if self.passed_over.len() > PASSED_OVER_SHOWN {
            skipped.push(format!("{} more", self.passed_over.len() - PASSED_OVER_SHOWN));
        }
        if has_archives {
            skipped.push("an archive of Timberline".to_owned());
        }
        if skipped.is_empty() { String::new() } else { format!("left out: {}", skipped.join(", ")) }
    }

    fn folder(&mut self, path: &Path) {
        let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if !self.folders.insert(real) {
            return;
        }
        let entries = match std::fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => {
                self.refuse(&shown(path), RejectReason::Unreadable, error.to_string());
                return;
            }
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.refuse(&shown(path), RejectReason::Unreadable, error.to_string());
                    continue;
                }
            };
            let path = entry.path();
            if entry.file_name().to_string_lossy().starts_with('.') {
                self.passed_over.push((shown(&path), "its name begins with a dot"));
                continue;
            }
            match kind(&path) {
                Ok(Some(Kind::Folder)) => {
                    if !self.leaves_out(&path) {
                        self.folder(&path);
                    }
                }
                Ok(Some(Kind::File)) => self.file(&path, Kind::File),
                Ok(Some(Kind::Other)) => self.passed_over.push((shown(&path), "it is no file")),
                Ok(None) => self.passed_over.push((shown(&path), "it leads nowhere")),
                Err(error) => self.refuse(&shown(&path), RejectReason::Unreadable, error.to_string()),
            }
        }
    }

    fn file(&mut self, path: &Path, kind: Kind) {
        // Pipes and devices can be read only once, so nobody looks into them here.
        let members = if kind == Kind::File { archive::members(path) } else { Ok(None) };
        match members {
            Err(error) => self.refuse(&shown(path), RejectReason::Unreadable, error.to_string()),
            Ok(None) => self.found.push(SourceSpec::file(path)),
            Ok(Some(listing)) => self.archive(path, listing),
        }
    }

    fn archive(&mut self, path: &Path, archive::Listing { members, broken }: archive::Listing) {
        if let Some((reason, detail)) = broken {
            self.refuse(&shown(path), reason, detail);
        } else if members.is_empty() {
            self.refuse(&shown(path), RejectReason::NothingInside, String::new());
        }
        let shared = archive::Shared::new(&members);
        self.found.extend(members.into_iter().map(|member| SourceSpec {
            path: format!("{}!{}", shown(path), member.name),
            location: Location::Member {
                archive: path.to_owned(),
                offset: member.offset,
                len: member.len,
                shared: shared.clone(),
            },
        }));
    }

    fn refuse(&mut self, path: &str, reason: RejectReason, detail: String) {
        self.refused.push(Refusal { path: path.replace('\\', "/"), reason, detail });
    }
}

/// What a path leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Folder,
    File,
    /// A pipe or a device.
    Other,
}

/// Follows links; `None` where they lead to nothing. A link that leads to itself is an error, as is whatever the system does not let
/// be looked at: neither may pass for a file that is not there.
fn kind(path: &Path) -> io::Result<Option<Kind>> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Ok(Some(Kind::Folder)),
        Ok(metadata) if metadata.is_file() => Ok(Some(Kind::File)),
        Ok(_) => Ok(Some(Kind::Other)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A path as people write it: `/` between its parts, no `./` in front, no doubled separators.
fn shown(path: &Path) -> String {
    let parts = path.components().filter(|part| !matches!(part, std::path::Component::CurDir));
    let shown = parts.collect::<PathBuf>().to_string_lossy().replace('\\', "/");
    if shown.is_empty() { ".".to_owned() } else { shown }
}
