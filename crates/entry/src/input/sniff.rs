//! What a file is when it is not JSON, told by its first bytes: a sentence that helps is worth more than "unexpected character".

/// Says what the content looks like, and what to do about it. `None` when it may be JSON with something around it.
///
/// Only forms that cannot hold entries are named here; text before the first entry (a program's greeting, say) is not.
pub(crate) fn not_json(first: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], &str); 14] = [
        (b"\x89PNG", "looks like a PNG image"),
        (b"\xff\xd8\xff", "looks like a JPEG image"),
        (b"GIF8", "looks like a GIF image"),
        (b"%PDF", "looks like a PDF document"),
        (b"PK\x03\x04", "looks like a zip archive: unpack it first"),
        (b"PK\x05\x06", "looks like an empty zip archive"),
        (b"7z\xbc\xaf\x27\x1c", "looks like a 7-Zip archive: unpack it first"),
        (b"Rar!", "looks like a RAR archive: unpack it first"),
        (b"PAR1", "looks like a Parquet file: only JSON exports are read"),
        (b"SQLite format 3", "looks like an SQLite database"),
        (b"\x7fELF", "looks like a program"),
        (b"MZ\x90", "looks like a program"),
        (b"Obj\x01", "looks like an Avro file: only JSON exports are read"),
        (b"\x04\x22\x4d\x18", "looks like LZ4: decompress it first"),
    ];
    if let Some((_, found)) = MAGIC.iter().find(|(magic, _)| first.starts_with(magic)) {
        return Some(found);
    }
    let text = String::from_utf8_lossy(first);
    let text = text.trim_start();
    let lower: String = text.chars().take(64).collect::<String>().to_ascii_lowercase();
    if lower.starts_with("<!doctype html") || lower.starts_with("<html") {
        return Some("looks like a web page, perhaps of a sign-in: download the export again");
    }
    if lower.starts_with("<?xml") {
        return Some("looks like XML");
    }
    if is_yaml(text) {
        return Some("looks like YAML of gcloud's default format: export again with --format=json");
    }
    if is_csv(text) {
        return Some("looks like a CSV table: export again as JSON");
    }
    None
}

/// Says what text without a single entry looks like.
pub(crate) fn describe(first: &[u8]) -> &'static str {
    if let Some(found) = not_json(first) {
        return found;
    }
    let n_odd = first.iter().filter(|b| **b < 9 || (14..32).contains(*b)).count();
    if n_odd * 20 > first.len() {
        "looks like binary data"
    } else if matches!(first.iter().find(|b| !b.is_ascii_whitespace()), Some(b'{' | b'[')) {
        "starts like JSON, but no log entry was found in it"
    } else {
        "looks like plain text"
    }
}

/// `---` alone on the first line, or two lines of `word: value`, among them a field of log entries.
fn is_yaml(text: &str) -> bool {
    const FIELDS: [&str; 7] =
        ["insertId", "logName", "timestamp", "severity", "textPayload", "resource", "httpRequest"];
    let text = text.strip_prefix("---\n").or_else(|| text.strip_prefix("---\r\n")).unwrap_or(text);
    let mut keys = text
        .lines()
        .take(12)
        .filter(|line| line.starts_with(|c: char| c.is_ascii_alphabetic()))
        .filter_map(|line| line.split_once(':').map(|(key, _)| key));
    keys.any(|key| FIELDS.contains(&key)) && !text.starts_with(['{', '['])
}

fn is_csv(text: &str) -> bool {
    let Some(header) = text.lines().next() else { return false };
    let columns: Vec<&str> = header.split([',', '\t', ';']).map(|name| name.trim_matches('"')).collect();
    columns.len() > 2
        && columns.iter().any(|name| matches!(*name, "timestamp" | "insertId" | "logName" | "severity"))
        && !header.starts_with(['{', '['])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_was_found() {
        assert_eq!(not_json(b"[{\"timestamp\":1}]"), None);
        assert_eq!(not_json(b"Listed 5 items.\n[{}]"), None);
        assert!(not_json(b"\x89PNG\r\n").unwrap().contains("PNG"));
        assert!(not_json(b"---\ninsertId: abc\n").unwrap().contains("--format=json"));
        assert!(not_json(b"httpRequest:\n  status: 200\ninsertId: abc\n").unwrap().contains("YAML"));
        assert!(not_json(b"\n<!DOCTYPE html><html>").unwrap().contains("web page"));
        assert!(not_json(b"timestamp,severity,message\n").unwrap().contains("CSV"));
        assert_eq!(describe(b"hello\n"), "looks like plain text");
        assert_eq!(describe(b"\0\x01\x02\x03"), "looks like binary data");
    }
}
