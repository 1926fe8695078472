//! Where a comparison looks: a root field of the entry and the keys below it.

use crate::ast::Member;
use crate::derived::{Derived, DerivedField};
use crate::error::{Error, ErrorKind};
use crate::schema::{FieldType, fold_name, root_type, same_name};
use crate::span::Span;
use crate::suggest::{suggest, suggest_ending};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use timberline_entry::json::{Value, canonical};
use timberline_entry::{Field, LogEntry};

/// A checked path into an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The field of the entry.
    pub root: Field,
    /// The keys below it; those of the service's own messages in their JSON spelling.
    ///
    /// Shared, because every value of a list becomes a comparison of its own with the same path.
    pub segments: Arc<[Segment]>,
    /// What the field holds; below a free field, which kind of free field it is.
    pub kind: FieldType,
}

/// One key of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The key as it stands in the entry.
    pub key: String,
}

/// A path that a person typed, for grouping and for choosing columns: into the entry, or a derived field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldPath {
    /// A field of the entry.
    Entry(Path),
    /// A field that is computed from the entry.
    Derived(DerivedField),
}

impl Path {
    /// Says whether the leaf under `root` at `keys` is one of the values at this path. Arrays have no keys of their own.
    ///
    /// `false` means that no entry has this leaf at the path; `true` promises nothing when names fold.
    pub fn is_at(&self, root: Field, keys: &[&str]) -> bool {
        self.root == root && self.covers(keys).is_some_and(|rest| rest.is_empty())
    }

    /// Says whether the leaf under `root` at `keys` is at this path or below it. One-sided as [`Path::is_at`].
    pub fn touches(&self, root: Field, keys: &[&str]) -> bool {
        self.root == root && self.covers(keys).is_some()
    }

    /// Returns what is left of `keys` after this path's own.
    fn covers<'k, 's>(&self, keys: &'k [&'s str]) -> Option<&'k [&'s str]> {
        let mut rest = keys;
        for segment in self.segments.iter() {
            // A packed message that is no object itself stands under the key `value`.
            while let Some((first, more)) = rest.split_first()
                && self.kind == FieldType::Proto
                && *first == "value"
                && !same_name(&segment.key, first)
            {
                rest = more;
            }
            let (first, more) = rest.split_first()?;
            let same =
                segment.key == *first || self.kind == FieldType::Proto && same_name(&segment.key, first);
            if !same {
                return None;
            }
            rest = more;
        }
        Some(rest)
    }

    /// Returns the values at the path in an entry, arrays flattened; objects and explicit nulls included.
    ///
    /// Shape: document order. An absent field gives nothing; defaults are the comparison's business.
    pub fn resolve<'a>(&self, entry: &LogEntry<'a>) -> Vec<Value<'a>> {
        let mut values = Vec::new();
        crate::resolve::any_value(self, entry, &mut |value| {
            values.push(value);
            false
        });
        values
    }

    /// Reads a member of the tree as a path. `known` are fields the archive has seen, for hints.
    pub(crate) fn of_member(member: &Member, known: &[String]) -> Result<Self, Error> {
        let pieces: Vec<(&str, Span)> =
            member.pieces.iter().map(|piece| (piece.text.as_str(), piece.span)).collect();
        Self::of_pieces(&pieces, known)
    }

    fn of_pieces(pieces: &[(&str, Span)], known: &[String]) -> Result<Self, Error> {
        let (name, span) = pieces[0];
        let Some(root) = find_root(name) else {
            let error = Error::new(ErrorKind::UndefinedField(name.to_owned()), span);
            let full = pieces.iter().map(|piece| piece.0).collect::<Vec<_>>().join(".");
            let near = suggest_ending(&full, known)
                .or_else(|| suggest(&full, root_names().chain(known.iter().map(String::as_str))));
            let usual = "fields of your own stand below jsonPayload or labels, text in quotes";
            return Err(error.hint(near.unwrap_or_else(|| usual.to_owned())));
        };
        let mut kind = root_type(root);
        let mut segments = Vec::with_capacity(pieces.len() - 1);
        for (name, span) in &pieces[1..] {
            match field_below(kind, name) {
                Ok((key, below)) => {
                    segments.push(Segment { key });
                    kind = below;
                }
                Err(hint) => {
                    let parent = Self { root, segments: segments.into(), kind }.to_string();
                    let wrong = ErrorKind::UndefinedSubField { parent, name: (*name).to_owned() };
                    return Err(Error { kind: wrong, span: *span, hint });
                }
            }
        }
        Ok(Self { root, segments: segments.into(), kind })
    }
}

/// Looks a name up below a field; returns its key and type, or what exists instead.
fn field_below(kind: FieldType, name: &str) -> Result<(String, FieldType), Option<String>> {
    match kind {
        kind if kind.is_free() => Ok((name.to_owned(), kind)),
        FieldType::Message(message) => match message.field_folded(name) {
            Some((key, kind)) => Ok((key.to_owned(), kind)),
            None => {
                let names = message.fields.iter().map(|(own, _)| *own);
                let near = suggest(name, names.clone());
                Err(near.or_else(|| Some(format!("it has {}", names.collect::<Vec<_>>().join(", ")))))
            }
        },
        _ => Err(None),
    }
}

impl FieldPath {
    /// Reads a path as a filter has it on the left of a comparison: `jsonPayload.error.type`, `labels."a.b"`, `pattern`.
    ///
    /// # Errors
    /// As [`compile`](crate::compile), for the text alone.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let member = crate::parse::parse_member(text)?;
        if let Some(field) = DerivedField::of_member(&member)? {
            return Ok(Self::Derived(field));
        }
        Ok(Self::Entry(Path::of_member(&member, &[])?))
    }

    /// Returns the values at the path in an entry; nothing for a derived field. See [`Path::resolve`].
    pub fn resolve<'a>(&self, entry: &LogEntry<'a>) -> Vec<Value<'a>> {
        match self {
            Self::Entry(path) => path.resolve(entry),
            Self::Derived(_) => Vec::new(),
        }
    }
}

impl FieldPath {
    /// Returns the values at the path as texts, for grouping: strings as they are, numbers as they are written,
    /// objects as canonical JSON.
    ///
    /// Shape: document order, arrays flattened. Nothing where the entry has nothing; defaults are not filled in.
    pub fn texts<'d, 'a: 'd>(&self, entry: &LogEntry<'a>, derived: &'d Derived<'a>) -> Vec<Cow<'d, str>> {
        match self {
            Self::Derived(field) => derived.value(*field, entry).into_iter().collect(),
            Self::Entry(path) => path
                .resolve(entry)
                .into_iter()
                .map(|value| match value {
                    Value::String(text) => text.value(),
                    other => Cow::Owned(canonical(other)),
                })
                .collect(),
        }
    }
}

/// The path as a filter has it, quoted where needed.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.root.name())?;
        for segment in self.segments.iter() {
            f.write_str(".")?;
            if crate::lex::is_word(&segment.key) {
                f.write_str(&segment.key)?;
            } else {
                f.write_str(&crate::unescape::quote(&segment.key))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(path) => path.fmt(f),
            Self::Derived(field) => f.write_str(field.name()),
        }
    }
}

fn find_root(name: &str) -> Option<Field> {
    Field::from_name(name).or_else(|| {
        let folded = fold_name(name);
        Field::ALL.into_iter().find(|field| fold_name(field.name()) == folded)
    })
}

/// Returns names that live as long as those they are compared with.
fn root_names<'n>() -> impl Iterator<Item = &'n str> {
    let roots = Field::ALL.into_iter().map(|field| -> &'n str { field.name() });
    roots.chain(DerivedField::ALL.into_iter().map(|field| -> &'n str { field.name() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Path {
        match FieldPath::parse(text).unwrap() {
            FieldPath::Entry(path) => path,
            FieldPath::Derived(field) => panic!("{field:?}"),
        }
    }

    fn check(text: &str, expected: &str, kind: FieldType) {
        let path = path(text);
        assert_eq!((path.to_string().as_str(), path.kind), (expected, kind), "{text}");
    }

    #[test]
    fn spelling_and_types() {
        check("log_name", "logName", FieldType::Text);
        check("HTTPREQUEST.request_url", "httpRequest.requestUrl", FieldType::Text);
        check("jsonPayload.\"foo.bar\".baz", "jsonPayload.\"foo.bar\".baz", FieldType::Struct);
        check("\"jsonPayload\".foo", "jsonPayload.foo", FieldType::Struct);
        check("labels.k8s-pod/app", "labels.k8s-pod/app", FieldType::Labels);
        check("labels.\".x\"", "labels.\".x\"", FieldType::Labels);
        check("resource.labels.AND", "resource.labels.\"AND\"", FieldType::Labels);
        check("protoPayload.@type", "protoPayload.@type", FieldType::Proto);
        check("apphub.service.id", "apphub.service.id", FieldType::Text);
        check("errorGroups.id", "errorGroups.id", FieldType::Text);
        assert_eq!(FieldPath::parse("pattern").unwrap().to_string(), "pattern");
    }

    #[test]
    fn what_does_not_exist_is_refused_with_a_hint() {
        let error = FieldPath::parse("jsonPayloat.x").unwrap_err();
        assert_eq!(error.kind, ErrorKind::UndefinedField("jsonPayloat".to_owned()));
        assert_eq!(error.hint.as_deref(), Some("did you mean jsonPayload?"));
        let error = FieldPath::parse("operation.producr").unwrap_err();
        assert_eq!(error.hint.as_deref(), Some("did you mean producer?"));
        for text in ["", "a b", "textPayload.x", "severity.x", "pattern.x", "a=", "jsonPayload.", "(labels)"]
        {
            assert!(FieldPath::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn values_as_texts() {
        let text =
            r#"{"jsonPayload":{"a":["x",1.50,{"b":[]},null]},"resource":{"labels":{"service_name":"s"}}}"#;
        let mut nodes = Vec::new();
        timberline_entry::json::parse(text, &mut nodes).unwrap();
        let root = timberline_entry::json::Document::new(text, &nodes).root();
        let entry = LogEntry::from_object(root.as_object().unwrap());
        let texts = |path: &str| {
            let derived = Derived::default();
            let texts = FieldPath::parse(path).unwrap().texts(&entry, &derived);
            texts.into_iter().map(Cow::into_owned).collect::<Vec<_>>()
        };
        assert_eq!(texts("jsonPayload.a"), ["x", "1.50", "{\"b\":[]}", "null"]);
        assert_eq!(texts("service"), ["s"]);
        assert!(texts("revision").is_empty() && texts("severity").is_empty());
    }

    #[test]
    fn paths_touch_leaves_at_and_below_them() {
        let labels = path("labels.\"a.b\"");
        assert!(labels.is_at(Field::Labels, &["a.b"]) && !labels.is_at(Field::Labels, &["a", "b"]));
        let payload = path("jsonPayload.a");
        assert!(
            payload.touches(Field::JsonPayload, &["a", "b"])
                && !payload.is_at(Field::JsonPayload, &["a", "b"])
        );
        assert!(!payload.touches(Field::JsonPayload, &["A"]) && !payload.touches(Field::Otel, &["a"]));
        let proto = path("protoPayload.method_name");
        assert!(proto.is_at(Field::ProtoPayload, &["methodName"]));
        assert!(path("protoPayload.a.b").is_at(Field::ProtoPayload, &["a", "value", "b"]));
        assert!(path("protoPayload.value").is_at(Field::ProtoPayload, &["value"]));
    }
}
