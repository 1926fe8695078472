//! The members that `--fields` chooses: paths into the entry, and what is derived from it.

use crate::outcome::Failure;
use std::collections::BTreeSet;
use timberline_archive::Column;
use timberline_entry::json::{Value, canonical, push_quoted, write_canonical};
use timberline_entry::{Field, message};
use timberline_query::{DerivedField, FieldPath, Path};
use timberline_report::escape::csv_field;
use timberline_search::{Role, RowView};

/// The name of [`Member::Context`].
const CONTEXT: &str = "context";

/// The chosen members, in the order in which they were named.
pub(super) struct Columns(Vec<(String, Member)>);

/// What a member is.
pub(super) enum Member {
    /// When it happened: RFC 3339, UTC, nine digits, however the export spelled it.
    Timestamp,
    /// How bad it is: `DEFAULT` where the entry does not say.
    Severity,
    /// Another field of the entry.
    Entry(Path),
    /// Something computed from it.
    Derived(DerivedField),
    /// Whether it is shown for what stands near it alone.
    Context,
}

impl Member {
    /// The fields of which a message is made.
    pub(super) const MESSAGE_FIELDS: [Field; 4] =
        [Field::TextPayload, Field::JsonPayload, Field::ProtoPayload, Field::HttpRequest];
}

impl Columns {
    /// Reads a list of names, separated by commas; a comma inside of quotes belongs to the name.
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let mut columns = Vec::new();
        for name in split(text) {
            if name == CONTEXT {
                columns.push((name.to_owned(), Member::Context));
                continue;
            }
            if name.is_empty() {
                return Err(Failure::new(format!("--fields: '{text}' has a name with nothing in it"))
                    .hint("write names with commas between them: timestamp,severity,message"));
            }
            let wrong = |drawn: &str| Failure::new(format!("--fields: '{name}' names no member\n{drawn}"));
            let path = FieldPath::parse(name).map_err(|error| wrong(&error.render(name)))?;
            let member = match path {
                FieldPath::Entry(path) if path.segments.is_empty() && path.root == Field::Timestamp => {
                    Member::Timestamp
                }
                FieldPath::Entry(path) if path.segments.is_empty() && path.root == Field::Severity => {
                    Member::Severity
                }
                FieldPath::Entry(path) => Member::Entry(path),
                FieldPath::Derived(field) => Member::Derived(field),
            };
            columns.push((name.to_owned(), member));
        }
        Ok(Self(columns))
    }

    /// What a table of entries shows when nobody says.
    pub(super) fn usual() -> Self {
        let names = "timestamp,severity,service,revision,insertId,pattern,message,source";
        Self::parse(names).unwrap_or_else(|_| Self(Vec::new()))
    }

    /// The same, with what is shown because of `--context` told apart.
    pub(super) fn usual_with_context() -> Self {
        let mut columns = Self::usual();
        columns.0.push((CONTEXT.to_owned(), Member::Context));
        columns
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Returns the fields of the entry that are needed.
    pub(super) fn roots(&self) -> BTreeSet<Field> {
        let mut roots = BTreeSet::new();
        for (_, member) in &self.0 {
            match member {
                Member::Entry(path) => {
                    roots.insert(path.root);
                }
                Member::Derived(DerivedField::Message) => roots.extend(Member::MESSAGE_FIELDS),
                Member::Timestamp | Member::Severity | Member::Context | Member::Derived(_) => {}
            }
        }
        roots
    }

    /// Writes an object with these members; what an entry does not have is null.
    pub(super) fn push_object(&self, view: &RowView<'_>, role: Role, out: &mut String) {
        out.push('{');
        for (idx, (name, member)) in self.0.iter().enumerate() {
            if idx > 0 {
                out.push(',');
            }
            push_quoted(name, out);
            out.push(':');
            member.push_json(view, role, out);
        }
        out.push('}');
    }

    /// Returns names and values as plain text.
    pub(super) fn texts(&self, view: &RowView<'_>, role: Role) -> Vec<(String, String)> {
        self.0.iter().map(|(name, member)| (name.clone(), member.text(view, role))).collect()
    }

    pub(super) fn csv_heading(&self) -> String {
        let names: Vec<String> = self.names().map(csv_field).collect();
        names.join(",") + "\r\n"
    }

    pub(super) fn csv_record(&self, view: &RowView<'_>, role: Role) -> String {
        let fields: Vec<String> =
            self.0.iter().map(|(_, member)| csv_field(&member.text(view, role))).collect();
        fields.join(",") + "\r\n"
    }
}

impl Member {
    fn push_json(&self, view: &RowView<'_>, role: Role, out: &mut String) {
        match self {
            Self::Timestamp | Self::Severity => push_quoted(&self.text(view, role), out),
            Self::Context => out.push_str(&self.text(view, role)),
            Self::Entry(path) => match exact(path, view) {
                Some(value) => write_canonical(value, out),
                None => match path.resolve(view.entry).as_slice() {
                    [] => out.push_str("null"),
                    values => {
                        let values: Vec<String> = values.iter().map(|value| canonical(*value)).collect();
                        out.push('[');
                        out.push_str(&values.join(","));
                        out.push(']');
                    }
                },
            },
            Self::Derived(DerivedField::Source) => {
                out.push_str("{\"path\":");
                push_quoted(view.derived.source.as_deref().unwrap_or(""), out);
                out.push_str(&format!(",\"line\":{}}}", view.row.source_line));
            }
            Self::Derived(field) => match derived(*field, view) {
                Some(text) => push_quoted(&text, out),
                None => out.push_str("null"),
            },
        }
    }

    /// The value as plain text: strings as they are, everything else as JSON, several values one after another.
    fn text(&self, view: &RowView<'_>, role: Role) -> String {
        match self {
            Self::Context => (role == Role::Context).to_string(),
            Self::Timestamp => view.row.timestamp.to_string(),
            Self::Severity => view.row.cells.text(Column::Severity).to_owned(),
            Self::Entry(path) => {
                let found = exact(path, view).map_or_else(|| path.resolve(view.entry), |value| vec![value]);
                let texts: Vec<String> = found
                    .into_iter()
                    .map(|value| {
                        value.as_text().map_or_else(|| canonical(value), |text| text.value().into_owned())
                    })
                    .collect();
                texts.join(" ")
            }
            Self::Derived(DerivedField::Source) => {
                format!("{}:{}", view.derived.source.as_deref().unwrap_or(""), view.row.source_line)
            }
            Self::Derived(field) => derived(*field, view).unwrap_or_default(),
        }
    }
}

/// The value that stands at the path itself, without looking into arrays on the way.
fn exact<'v>(path: &Path, view: &RowView<'v>) -> Option<Value<'v>> {
    let keys: Vec<&str> = path.segments.iter().map(|segment| segment.key.as_str()).collect();
    view.entry.get(path.root)?.at(&keys)
}

fn derived(field: DerivedField, view: &RowView<'_>) -> Option<String> {
    let known = match field {
        DerivedField::Pattern => view.derived.pattern.as_deref(),
        DerivedField::Exception => view.derived.exception.as_deref(),
        DerivedField::Service => view.derived.service.as_deref(),
        DerivedField::Revision => view.derived.revision.as_deref(),
        DerivedField::Source => view.derived.source.as_deref(),
        DerivedField::Message => return Some(message(view.entry).into_owned()),
    };
    known.filter(|text| !text.is_empty()).map(str::to_owned)
}

fn split(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let (mut start, mut in_quotes) = (0, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' => in_quotes = !in_quotes,
            ',' if !in_quotes => {
                names.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    names.push(text[start..].trim());
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_names() {
        assert_eq!(split("a, b.c ,\"d,e\".f"), ["a", "b.c", "\"d,e\".f"]);
        assert_eq!(split(""), [""]);
        assert!(Columns::parse("").is_err() && Columns::parse("severity,,pattern").is_err());
        assert!(Columns::parse("nonsense").is_err());
        assert_eq!(Columns::usual().names().count(), 8);
    }

    #[test]
    fn only_what_is_needed_is_read() {
        let roots = |text: &str| Columns::parse(text).unwrap().roots().into_iter().collect::<Vec<_>>();
        assert_eq!(roots("timestamp,severity,pattern,source"), []);
        assert_eq!(roots("jsonPayload.a,insertId"), [Field::InsertId, Field::JsonPayload]);
        assert_eq!(roots("message").len(), 4);
    }
}
