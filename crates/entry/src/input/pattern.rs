//! The files and folders that a pattern names.
//!
//! The crate `glob` matches names; walking is done here, because its walk takes every name for UTF-8, and because it cannot be
//! told to stay out of a folder. Names and patterns are compared as people see them: what is no UTF-8 in them is U+FFFD.
//!
//! A name that begins with a dot is matched only by a part that begins with one. `**` is this folder and all folders below it,
//! without those that links lead to.

use glob::{MatchOptions, Pattern, PatternError};
use std::io;
use std::path::{Component, Path, PathBuf};

/// A part of a pattern between separators.
enum Part {
    /// Nothing in it stands for anything else.
    Literal(PathBuf),
    /// A name that is to match.
    Name(Pattern),
    /// `**`.
    Below,
}

/// What a pattern led to, sorted, and the folders that could not be looked into.
#[derive(Default)]
pub(super) struct Matches {
    pub(super) paths: Vec<PathBuf>,
    pub(super) failed: Vec<(PathBuf, io::Error)>,
}

const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// Finds what a pattern names, without going into folders that `may_enter` says no to.
///
/// # Errors
/// What is wrong with the pattern.
pub(super) fn matches(
    pattern: &Path,
    may_enter: &mut dyn FnMut(&Path) -> bool,
) -> Result<Matches, PatternError> {
    Pattern::new(&pattern.to_string_lossy())?;
    let parts = pattern.components().map(part).collect::<Result<Vec<Part>, PatternError>>()?;
    let mut found = Matches::default();
    follow(PathBuf::new(), &parts, may_enter, &mut found);
    found.paths.sort();
    found.paths.dedup();
    Ok(found)
}

fn part(component: Component<'_>) -> Result<Part, PatternError> {
    let Component::Normal(name) = component else { return Ok(Part::Literal(component.as_os_str().into())) };
    match name.to_string_lossy() {
        text if text == "**" => Ok(Part::Below),
        text if text.contains(['*', '?', '[']) => Ok(Part::Name(Pattern::new(&text)?)),
        _ => Ok(Part::Literal(name.into())),
    }
}

/// Goes on from `at`, an empty path for the current folder, with the parts that are left.
fn follow(at: PathBuf, parts: &[Part], may_enter: &mut dyn FnMut(&Path) -> bool, found: &mut Matches) {
    let Some((part, rest)) = parts.split_first() else {
        found.paths.push(at);
        return;
    };
    match part {
        Part::Literal(name) => {
            let next = at.join(name);
            if next.symlink_metadata().is_ok() {
                follow(next, rest, may_enter, found);
            }
        }
        Part::Name(pattern) => {
            for next in inside(&at, may_enter, found) {
                let name = next.file_name().unwrap_or_default().to_string_lossy();
                let goes_on = rest.is_empty() || next.is_dir();
                if goes_on && pattern.matches_with(&name, OPTIONS) {
                    follow(next, rest, may_enter, found);
                }
            }
        }
        Part::Below => {
            let all = inside(&at, may_enter, found);
            // At the end of a pattern, `**` names the folders themselves.
            follow(at, rest, may_enter, found);
            for next in all {
                let name = next.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let is_folder = next.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
                if is_folder && !name.starts_with('.') {
                    follow(next, parts, may_enter, found);
                }
            }
        }
    }
}

/// Lists a folder, unless it is not to be entered.
fn inside(at: &Path, may_enter: &mut dyn FnMut(&Path) -> bool, found: &mut Matches) -> Vec<PathBuf> {
    let folder = if at.as_os_str().is_empty() { Path::new(".") } else { at };
    if !may_enter(folder) {
        return Vec::new();
    }
    let listed = std::fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(at.join(entry?.file_name()))).collect());
    match listed {
        Ok(paths) => paths,
        Err(error) => {
            found.failed.push((folder.to_owned(), error));
            Vec::new()
        }
    }
}
