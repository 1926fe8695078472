//! From what a person typed to the list of sources.

use super::archive;
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

/// Finds the sources that `paths` name: files, folders with everything in them, patterns, `-` for standard input.
///
/// Shape: sorted by path, each file once, whatever the order of `paths`. Folders are searched all the way down; names that
/// begin with a dot are skipped there, as are broken links. Tar archives give their members. A path that exists is never
/// taken for a pattern. Refusals are sorted the same way and say what was wrong with a path that gave nothing, or not everything: an
/// archive that breaks off gives the members before the break and a refusal.
pub fn discover(paths: &[String]) -> (Vec<SourceSpec>, Vec<Refusal>) {
    let mut search = Search::default();
    for path in paths {
        search.path(path);
    }
    search.found.sort_by(|a, b| a.path.cmp(&b.path));
    search.refused.sort_by(|a, b| a.path.cmp(&b.path));
    search.refused.dedup();
    let mut seen = BTreeSet::new();
    search.found.retain(|spec| seen.insert(identity(spec)));
    (search.found, search.refused)
}

/// What makes two specs the same bytes: the file behind all links, and the place in it.
fn identity(spec: &SourceSpec) -> (Option<PathBuf>, u64) {
    let (path, offset) = spec.stored_at();
    (path.map(|path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())), offset)
}

#[derive(Default)]
struct Search {
    found: Vec<SourceSpec>,
    refused: Vec<Refusal>,
    /// Folders seen, behind all links, so that a link upwards does not lead round in circles.
    folders: BTreeSet<PathBuf>,
}

impl Search {
    fn path(&mut self, path: &str) {
        if path == "-" {
            self.found.push(SourceSpec::stdin());
            return;
        }
        match std::fs::metadata(path) {
            Ok(_) => self.existing(Path::new(path)),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                self.refuse(path, RejectReason::Unreadable, error.to_string());
            }
            Err(_) if path.contains(['*', '?', '[']) => self.pattern(path),
            Err(_) => self.refuse(path, RejectReason::NotFound, String::new()),
        }
    }

    fn pattern(&mut self, pattern: &str) {
        let options =
            glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::default() };
        let matches = match glob::glob_with(pattern, options) {
            Ok(matches) => matches,
            Err(error) => {
                self.refuse(pattern, RejectReason::BadPattern, error.to_string());
                return;
            }
        };
        let mut any = false;
        for path in matches {
            any = true;
            match path {
                Ok(path) => self.existing(&path),
                Err(error) => {
                    self.refuse(&shown(error.path()), RejectReason::Unreadable, error.error().to_string());
                }
            }
        }
        if !any {
            self.refuse(pattern, RejectReason::NotFound, "nothing matches this pattern".to_owned());
        }
    }

    fn existing(&mut self, path: &Path) {
        match kind(path) {
            Ok(Some(Kind::Folder)) => {}
            // A link that leads nowhere was named by a person or a pattern, so it is said.
            Ok(kind) => return self.file(path, kind.unwrap_or(Kind::File)),
            Err(error) => return self.refuse(&shown(path), RejectReason::Unreadable, error.to_string()),
        }
        let before = self.found.len() + self.refused.len();
        self.folder(path);
        if self.found.len() + self.refused.len() == before {
            self.refuse(&shown(path), RejectReason::NothingInside, String::new());
        }
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
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            let path = entry.path();
            match kind(&path) {
                Ok(Some(Kind::Folder)) => self.folder(&path),
                Ok(Some(Kind::File)) => self.file(&path, Kind::File),
                Ok(Some(Kind::Other) | None) => {}
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
    parts.collect::<PathBuf>().to_string_lossy().replace('\\', "/")
}
