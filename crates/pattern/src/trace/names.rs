//! Names freed from what changes between builds, machines and runs.

/// Returns the last part of a path, whichever slash it uses.
pub(super) fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Returns the base name without its ending, and without a content hash: `main-16e4a906.js` becomes `main`.
pub(super) fn stem(path: &str) -> &str {
    let base = base_name(path);
    let mut stem = base;
    while let Some((before, ending)) = stem.rsplit_once(['.', '-']) {
        let is_first_ending = stem.len() == base.len() && stem.as_bytes()[before.len()] == b'.';
        if before.is_empty() || !(is_first_ending || is_content_hash(ending)) {
            break;
        }
        stem = before;
    }
    stem
}

fn is_content_hash(part: &str) -> bool {
    part.len() >= 6
        && part.bytes().all(|byte| byte.is_ascii_hexdigit())
        && part.bytes().any(|byte| byte.is_ascii_digit())
}

/// Splits `file:12:5` or `file:12` into file and line.
pub(super) fn place(text: &str) -> (&str, Option<u32>) {
    let number = |part: &str| if part.bytes().all(|b| b.is_ascii_digit()) { part.parse().ok() } else { None };
    let Some((before, last)) = text.rsplit_once(':') else { return (text, None) };
    let Some(last) = number(last) else { return (text, None) };
    match before.rsplit_once(':').and_then(|(file, line)| Some((file, number(line)?))) {
        Some((file, line)) => (file, Some(line)),
        None => (before, Some(last)),
    }
}

/// Replaces each run of digits with nothing where `applies` to the text before it.
pub(super) fn without_digits_after(text: &str, marks: &[&str]) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        kept.push_str(&rest[..at]);
        let end = rest[at..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |len| at + len);
        if !marks.iter().any(|mark| kept.ends_with(mark)) {
            kept.push_str(&rest[at..end]);
        }
        rest = &rest[end..];
    }
    kept + rest
}

/// Tells whether a text is a type name: identifiers with dots, `::` or `\` between.
pub(super) fn is_type_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '\\')
        && text.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '`'))
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '$' | ':' | '\\' | '`' | '+'))
}

/// Tells whether the last part of a name says that it is an exception.
pub(super) fn says_exception(name: &str) -> bool {
    ["Error", "Exception", "Throwable", "Failure", "Fault", "Interrupt", "Timeout", "Warning", "Exit"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems_lose_folder_ending_and_hash() {
        for (path, expected) in [
            ("/srv/app/chain.py", "chain"),
            ("C:\\a\\b.cs", "b"),
            ("https://h/static/main-16e4a906.js", "main"),
            ("chunk.3f2a9c1b.js", "chunk"),
            ("my-file.test.ts", "my-file.test"),
            ("Makefile", "Makefile"),
            (".env", ".env"),
        ] {
            assert_eq!(stem(path), expected, "{path}");
        }
    }

    #[test]
    fn places_end_in_line_and_column() {
        assert_eq!(place("/a/b.js:5:9"), ("/a/b.js", Some(5)));
        assert_eq!(place("b.rs:8"), ("b.rs", Some(8)));
        assert_eq!(place("node:internal/main"), ("node:internal/main", None));
    }

    #[test]
    fn digits_go_after_marks_only() {
        assert_eq!(without_digits_after("a.Proxy17.x2", &["Proxy"]), "a.Proxy.x2");
    }
}
