//! Where to find the revision of an entry when its monitored resource does not name it.
//!
//! ```text
//! labels."k8s-pod/version",jsonPayload.container.image     paths, the first that names something wins
//! ```

use crate::json::{Value, push_quoted};
use crate::log_entry::{Field, LogEntry};
use crate::resource::{Origin, origin};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// How service and revision of entries are found: what the monitored resource says ([`origin`]), unless a path that was
/// configured leads to a name of the revision. The default has no such path.
///
/// Shape: the text of the rules is paths separated by commas; a path is a field of the entry and keys of objects inside
/// it, joined by dots. A key with anything but letters, digits, `_`, `-`, `/`, `@` or `$` stands in double quotes, in
/// which `\` takes the next character as it is. [`fmt::Display`] writes the one spelling that [`Self::parse`] reads back
/// as the same rules, however they were spelled.
/// Cost: nothing without paths; a clone shares them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OriginRules {
    revision: Arc<[Path]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Path {
    root: Field,
    keys: Vec<String>,
}

/// A text that is no list of paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadPath {
    /// What is wrong with which path.
    pub detail: String,
}

impl fmt::Display for BadPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for BadPath {}

impl OriginRules {
    /// Reads paths to the revision, separated by commas; an empty text is no path.
    ///
    /// # Errors
    /// [`BadPath`] for a path that cannot be read or does not begin with a field of an entry.
    pub fn parse(text: &str) -> Result<Self, BadPath> {
        let mut revision = Vec::new();
        let mut left = text.trim();
        while !left.is_empty() {
            let (path, after) = Path::read(left)?;
            revision.push(path);
            left = match after.trim_start().strip_prefix(',').map(str::trim_start) {
                None if after.trim().is_empty() => "",
                Some(next) if !next.is_empty() => next,
                _ => return Err(bad(text, "a path and a comma alternate")),
            };
        }
        Ok(Self { revision: revision.into() })
    }

    /// Says whether there are no paths.
    pub fn is_empty(&self) -> bool {
        self.revision.is_empty()
    }

    /// Returns which service wrote an entry, and in which revision of it.
    ///
    /// The first path that leads to a text that is not empty, or to a number, names the revision; when none does, the
    /// resource does as without rules. The service is always that of the resource.
    ///
    /// Of the reference of a container image the revision is the tag, or the digest when there is no tag or the tag is
    /// `latest`: of `europe-docker.pkg.dev/p/r/shop:v42` it is `v42`. A value is such a reference when it ends in
    /// `@sha256:…`, when it is a path of two names or more with a tag behind the last, or when the last key of the path
    /// ends in `image` (`container_image`, `containerImage`) and a tag follows, as in `shop:v42`. Any other value, and an
    /// image without tag and digest, is the revision as it is.
    pub fn origin<'a>(&self, entry: &LogEntry<'a>) -> Origin<'a> {
        let by_resource = origin(entry);
        match self.revision.iter().find_map(|path| path.name(entry)) {
            Some(revision) => Origin { revision, ..by_resource },
            None => by_resource,
        }
    }
}

impl fmt::Display for OriginRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (idx, path) in self.revision.iter().enumerate() {
            f.write_str(if idx == 0 { "" } else { "," })?;
            f.write_str(path.root.name())?;
            for key in &path.keys {
                if !key.is_empty() && key.chars().all(is_plain) {
                    write!(f, ".{key}")?;
                } else {
                    write!(f, ".\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""))?;
                }
            }
        }
        Ok(())
    }
}

impl Path {
    /// Reads a path off the beginning of a text; returns what follows it.
    fn read(text: &str) -> Result<(Self, &str), BadPath> {
        let (name, mut left) = key(text)?;
        let root = Field::from_name(&name).ok_or_else(|| {
            bad(text, "it has to begin with a field of an entry, such as labels, resource or jsonPayload")
        })?;
        let mut keys = Vec::new();
        while let Some(inner) = left.strip_prefix('.') {
            let (name, after) = key(inner)?;
            keys.push(name);
            left = after;
        }
        Ok((Self { root, keys }, left))
    }

    /// Returns the revision that the entry names here.
    fn name<'a>(&self, entry: &LogEntry<'a>) -> Option<Cow<'a, str>> {
        let root = entry.get(self.root)?;
        match self.keys.iter().try_fold(root, |value, key| value.get(key))? {
            Value::Number(number) => Some(Cow::Borrowed(number)),
            Value::String(text) => {
                let text = text.value();
                let is_image =
                    self.keys.last().is_some_and(|key| key.to_ascii_lowercase().ends_with("image"));
                (!text.is_empty()).then(|| match text {
                    Cow::Borrowed(text) => Cow::Borrowed(of_image(text, is_image)),
                    Cow::Owned(text) => Cow::Owned(of_image(&text, is_image).to_owned()),
                })
            }
            _ => None,
        }
    }
}

/// Returns tag or digest of a reference to an image, or the text itself when it is none or has neither.
///
/// Source: the grammar of references, <https://github.com/distribution/reference/blob/main/reference.go>.
fn of_image(text: &str, is_image: bool) -> &str {
    let (tagged, digest) = match text.rsplit_once('@') {
        Some((before, digest)) if is_digest(digest) => (before, Some(digest)),
        _ => (text, None),
    };
    let (folder, last) = tagged.rsplit_once('/').unwrap_or(("", tagged));
    let is_reference = digest.is_some() || is_image || !folder.is_empty();
    // The colon of an address such as `http://host:80` is no tag's.
    let tag = last
        .split_once(':')
        .filter(|(name, tag)| is_reference && is_name(name) && is_tag(tag) && !tagged.contains("://"))
        .map(|(_, tag)| tag);
    match (tag, digest) {
        (Some("latest") | None, Some(digest)) => digest,
        (Some(tag), _) => tag,
        (None, None) => text,
    }
}

fn is_name(text: &str) -> bool {
    let is_part = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
    !text.is_empty() && text.bytes().all(is_part)
}

fn is_tag(text: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(is_word)
        && text.bytes().all(|b| is_word(b) || matches!(b, b'.' | b'-'))
}

fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, hex)| {
        algorithm.starts_with("sha") && hex.len() >= 32 && hex.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

/// Reads a key, quoted or not, off the beginning of a text.
fn key(text: &str) -> Result<(String, &str), BadPath> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(|c| !is_plain(c)).unwrap_or(text.len());
        if end == 0 {
            return Err(bad(text, "a key is missing, or has to stand in double quotes"));
        }
        return Ok((text[..end].to_owned(), &text[end..]));
    };
    let mut key = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((key, &quoted[at + 1..])),
            '\\' => key.extend(chars.next().map(|(_, escaped)| escaped)),
            _ => key.push(c),
        }
    }
    Err(bad(text, "the closing quote is missing"))
}

fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | '@' | '$')
}

fn bad(text: &str, why: &str) -> BadPath {
    let mut quoted = String::new();
    push_quoted(text, &mut quoted);
    BadPath { detail: format!("{quoted}: {why}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Document, parse};

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn revision(rules: &str, json: &str) -> String {
        let mut nodes = Vec::new();
        parse(json, &mut nodes).unwrap();
        let entry = LogEntry::from_object(Document::new(json, &nodes).root().as_object().unwrap());
        let found = OriginRules::parse(rules).unwrap().origin(&entry);
        assert_eq!(found.service, origin(&entry).service);
        found.revision.into_owned()
    }

    #[test]
    fn the_first_path_that_names_something_wins() {
        let entry = r#"{"resource":{"type":"k8s_container","labels":{"container_name":"shop","revision_name":"r"}},"labels":{"k8s-pod/version":"v7","empty":"","a.b":"dotted"},"jsonPayload":{"build":{"sha":"ab\u0063","n":12,"on":true}}}"#;
        for (rules, expected) in [
            ("", "r"),
            ("labels.\"k8s-pod/version\"", "v7"),
            ("labels.k8s-pod/version", "v7"),
            ("labels.empty,jsonPayload.build.sha", "abc"),
            ("labels.\"a.b\"", "dotted"),
            ("jsonPayload.build.n , labels.k8s-pod/version", "12"),
            ("jsonPayload.build.on", "r"),
            ("jsonPayload.build", "r"),
            ("jsonPayload.build.sha.deeper", "r"),
            ("textPayload", "r"),
        ] {
            assert_eq!(revision(rules, entry), expected, "{rules}");
        }
    }

    #[test]
    fn images_are_known_by_tag_or_digest() {
        let plain =
            |value: &str| revision("labels.version", &format!(r#"{{"labels":{{"version":"{value}"}}}}"#));
        let image = |value: &str| {
            revision("labels.container_image", &format!(r#"{{"labels":{{"container_image":"{value}"}}}}"#))
        };
        for (value, of_plain, of_image) in [
            ("eu.gcr.io/p/shop:v42", "v42", "v42"),
            ("eu.gcr.io:5000/p/shop:v42", "v42", "v42"),
            ("library/nginx:1.25", "1.25", "1.25"),
            ("nginx:1.25", "nginx:1.25", "1.25"),
            ("localhost:5000/shop", "localhost:5000/shop", "localhost:5000/shop"),
            ("shop", "shop", "shop"),
            ("build:", "build:", "build:"),
            ("http://host:80", "http://host:80", "http://host:80"),
            ("team/Build of 10:30", "team/Build of 10:30", "team/Build of 10:30"),
            ("release/2025 10:30:00", "release/2025 10:30:00", "release/2025 10:30:00"),
        ] {
            assert_eq!((plain(value).as_str(), image(value).as_str()), (of_plain, of_image), "{value}");
        }
        assert_eq!(plain(&format!("eu.gcr.io/p/shop@{DIGEST}")), DIGEST);
        assert_eq!(plain(&format!("shop:v42@{DIGEST}")), "v42");
        assert_eq!(plain(&format!("shop:latest@{DIGEST}")), DIGEST);
    }

    #[test]
    fn rules_have_one_spelling() {
        for (given, canonical) in [
            (" labels.\"version\" ,\tjsonPayload.build", "labels.version,jsonPayload.build"),
            (r#"labels."a.b"."q\"\\"."""#, r#"labels."a.b"."q\"\\"."""#),
            ("  ", ""),
        ] {
            let rules = OriginRules::parse(given).unwrap();
            assert_eq!(rules.to_string(), canonical);
            assert_eq!(OriginRules::parse(canonical).unwrap(), rules);
            assert_eq!(rules.is_empty(), canonical.is_empty());
        }
        for wrong in [
            "colour.x",
            "labels.",
            "labels.a,",
            ",labels.a",
            "labels.\"a",
            "labels.a b",
            "labels..a",
            "Labels",
        ] {
            let error = OriginRules::parse(wrong).unwrap_err();
            assert!(error.to_string().contains(": "), "{error}");
        }
    }
}
