//! File paths and resource names with slashes.

use super::class::{PATH, is, word_before, word_len};

/// Matches an absolute path, or a route of one component, at a slash or backslash.
///
/// A path has two components or more. `/name` alone counts only between non-word characters, so the slash in `and/or`
/// does not begin one. A full stop at the end belongs to the sentence.
pub(super) fn path(text: &str, idx: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let before = idx.checked_sub(1).map(|at| bytes[at]);
    if word_before(text, idx) {
        return None;
    }
    if before != Some(b'.')
        && let Some(end) = components(text, idx)
    {
        return Some(end);
    }
    // `</white>` closes a tag; its name is part of the statement.
    if bytes[idx] != b'/' || matches!(before, Some(b'/' | b'<')) {
        return None;
    }
    let mut end = idx + 1;
    loop {
        match bytes.get(end) {
            Some(b'.' | b'-') => end += 1,
            Some(_) => match word_len(text, end) {
                0 => break,
                len => end += len,
            },
            None => break,
        }
    }
    if bytes.get(end) == Some(&b'/') {
        return None;
    }
    let end = without_full_stop(bytes, idx, end);
    (end > idx + 2).then_some(end)
}

/// Matches `C:\Windows\system32` at the drive letter.
pub(super) fn drive_path(text: &str, idx: usize) -> Option<usize> {
    let before = idx.checked_sub(1).map(|at| text.as_bytes()[at]);
    if before == Some(b'.') { None } else { components(text, idx + 2) }
}

fn components(text: &str, idx: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut end, mut n_components) = (idx, 0);
    while matches!(bytes.get(end), Some(b'/' | b'\\')) {
        let start = end + 1;
        let mut next = start;
        loop {
            if is(bytes, next, PATH) {
                next += 1;
                continue;
            }
            match word_len(text, next) {
                0 => break,
                len => next += len,
            }
        }
        if next == start {
            break;
        }
        end = next;
        n_components += 1;
    }
    if n_components < 2 {
        return None;
    }
    if matches!(bytes.get(end), Some(b'/' | b'\\')) {
        return Some(end + 1);
    }
    Some(without_full_stop(bytes, idx, end))
}

fn without_full_stop(bytes: &[u8], start: usize, end: usize) -> usize {
    if end > start + 2 && bytes[end - 1] == b'.' && bytes[end - 2] != b'.' { end - 1 } else { end }
}

/// Tells whether a name of two parts is that of a file which programs read or write: `settings.json`.
///
/// Source files are not among them: `queue.js` stands for the code that speaks.
pub(super) fn is_file_name(name: &[u8]) -> bool {
    const ENDINGS: [&[u8]; 36] = [
        b"json",
        b"yaml",
        b"yml",
        b"xml",
        b"conf",
        b"cfg",
        b"ini",
        b"toml",
        b"properties",
        b"log",
        b"txt",
        b"csv",
        b"tsv",
        b"parquet",
        b"gz",
        b"zst",
        b"bz2",
        b"zip",
        b"tar",
        b"jar",
        b"war",
        b"dll",
        b"exe",
        b"png",
        b"jpg",
        b"jpeg",
        b"gif",
        b"svg",
        b"pdf",
        b"html",
        b"css",
        b"pid",
        b"sock",
        b"tmp",
        b"bak",
        b"pem",
    ];
    name.rsplit(|&byte| byte == b'.').next().is_some_and(|last| ENDINGS.contains(&last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_two_components_or_stand_alone() {
        for (text, idx, found) in [
            ("/var/log/x.log: ", 0, "/var/log/x.log"),
            ("in /a/b.", 3, "/a/b"),
            ("/srv/app/", 0, "/srv/app/"),
            ("/health", 0, "/health"),
            ("and/or", 3, ""),
            ("./a/b", 1, ""),
            ("\\Device\\Disk0 ", 0, "\\Device\\Disk0"),
            ("/x", 0, ""),
            ("</white>", 1, ""),
            ("//foo/bar", 1, "/foo/bar"),
        ] {
            assert_eq!(&text[idx..path(text, idx).unwrap_or(idx)], found, "{text}");
        }
        assert_eq!(drive_path("C:\\Windows\\x.dll,", 0), Some(16));
    }
}
