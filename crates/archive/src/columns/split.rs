//! An entry taken apart into cells.

use super::{Cell, Cells, Column, http};
use hashbrown::HashMap;
use std::borrow::Cow;
use timberline_entry::json::{Object, Text, Value, canonical, push_quoted, write_canonical};
use timberline_entry::{Field, LogEntry, OriginRules, Timestamp, origin};
use xxhash_rust::xxh3::xxh3_64;

/// Text made while splitting: what cannot be borrowed from the entry. Reused from row to row.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    service: String,
    revision: String,
    texts: [String; 5],
    resources: Repeated<Resource>,
    labels: Repeated<Spelling>,
    http_rest: String,
    json: String,
    proto: String,
    rest: String,
    origins: OriginRules,
}

/// What a row is sorted and found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Keys {
    /// When it happened.
    pub(crate) timestamp: Timestamp,
    /// With the microsecond of the timestamp: which entry it is a copy of. A hash of `insertId`, or of the whole
    /// entry when it has none.
    pub(crate) identity: u64,
    /// Position in [`timberline_entry::Severity::ALL`].
    pub(crate) severity: u8,
}

impl Splitter {
    /// Returns a splitter that finds service and revision by the archive's rules.
    pub(crate) fn new(origins: OriginRules) -> Self {
        Self { origins, ..Self::default() }
    }

    /// Takes an entry apart. `timestamp` is the one the entry was accepted with.
    ///
    /// Shape: the cells borrow from the entry where its text is already in column form, else from `self`.
    pub(crate) fn split<'s>(&'s mut self, entry: &LogEntry<'s>, timestamp: Timestamp) -> (Keys, Cells<'s>) {
        let Self { service, revision, texts, resources, labels, http_rest, json, proto, rest, origins } =
            self;
        for buffer in [&mut *service, revision, http_rest, json, proto, rest] {
            buffer.clear();
        }
        let mut cells = Cells::empty();
        let mut rest = Rest { out: rest };
        let [text_log_name, text_insert_id, text_trace, text_span_id, text_payload] = texts;
        let severity = entry.severity();

        set_text(entry, Field::LogName, Column::LogName, text_log_name, &mut cells, &mut rest);
        set_text(entry, Field::InsertId, Column::InsertId, text_insert_id, &mut cells, &mut rest);
        set_text(entry, Field::Trace, Column::Trace, text_trace, &mut cells, &mut rest);
        set_text(entry, Field::TextPayload, Column::TextPayload, text_payload, &mut cells, &mut rest);
        set_text(entry, Field::SpanId, Column::SpanId, text_span_id, &mut cells, &mut rest);
        let mut known_origin = None;
        match entry.exported(Field::Resource) {
            Some(Value::Object(object)) => {
                let resource = resources.get(object, || Resource::of(entry, object));
                cells.set(Column::Resource, Cell::Text(resource.json.of(object)));
                known_origin = Some((&resource.service, &resource.revision));
            }
            other => rest.keep(Field::Resource, other),
        }
        match entry.exported(Field::Labels) {
            Some(Value::Object(object)) => {
                let json = labels.get(object, || Spelling::canonical(object));
                cells.set(Column::Labels, Cell::Text(json.of(object)));
            }
            other => rest.keep(Field::Labels, other),
        }
        set_json(entry, Field::JsonPayload, Column::JsonPayload, json, &mut cells, &mut rest);
        set_json(entry, Field::ProtoPayload, Column::ProtoPayload, proto, &mut cells, &mut rest);
        match entry.exported(Field::HttpRequest) {
            Some(Value::Object(request)) => {
                http::split(request, &mut cells, http_rest);
                cells.set(Column::HttpRest, Cell::Text(http_rest));
            }
            other => rest.keep(Field::HttpRequest, other),
        }
        match entry.exported(Field::TraceSampled) {
            Some(Value::Bool(sampled)) => cells.set(Column::TraceSampled, Cell::Bool(sampled)),
            other => rest.keep(Field::TraceSampled, other),
        }
        set_severity(entry, &mut cells, &mut rest);
        set_times(entry, timestamp, &mut cells, &mut rest);
        for field in [
            Field::Metadata,
            Field::Operation,
            Field::SourceLocation,
            Field::Split,
            Field::ErrorGroups,
            Field::Apphub,
            Field::ApphubDestination,
            Field::ApphubSource,
            Field::Otel,
        ] {
            rest.keep(field, entry.exported(field));
        }
        for (key, value) in entry.unknown() {
            rest.keep_named(&key.value(), *value);
        }
        if let Some((service, revision)) = known_origin.filter(|_| origins.is_empty()) {
            cells.set(Column::Service, Cell::Text(service));
            cells.set(Column::Revision, Cell::Text(revision));
        } else {
            let origin = origins.origin(entry);
            service.push_str(&origin.service);
            revision.push_str(&origin.revision);
            cells.set(Column::Service, Cell::Text(service));
            cells.set(Column::Revision, Cell::Text(revision));
        }
        if let Some(rest) = rest.finish() {
            cells.set(Column::Rest, Cell::Text(rest));
        }
        let keys = Keys { timestamp, identity: identity(entry), severity: severity.rank() };
        (keys, cells)
    }
}

/// Hashes what identifies an entry beside its time.
fn identity(entry: &LogEntry<'_>) -> u64 {
    match entry.text(Field::InsertId).filter(|id| !id.is_empty()) {
        Some(id) => xxh3_64(id.value().as_bytes()),
        None => {
            let mut text = String::new();
            entry.write_json(&mut text);
            xxh3_64(text.as_bytes())
        }
    }
}

/// Returns what [`Splitter::split`] computed as the identity of an entry with these cells.
///
/// # Errors
/// What is wrong with cells that no entry can have. Whoever calls knows the file that they are from.
pub(crate) fn identity_of(cells: &Cells<'_>, timestamp: Timestamp) -> Result<u64, String> {
    match cells.get(Column::InsertId) {
        Cell::Text(id) if !id.is_empty() => Ok(xxh3_64(id.as_bytes())),
        _ => {
            // Entries without an id are rare. One whose id only fits the rest is found through its JSON as well.
            let (mut text, mut nodes) = (String::new(), Vec::new());
            crate::segment::with_entry(cells, timestamp, &mut text, &mut nodes, identity)
        }
    }
}

/// Collects what no column can hold, as members of one JSON object.
struct Rest<'a> {
    out: &'a mut String,
}

impl<'a> Rest<'a> {
    fn keep(&mut self, field: Field, value: Option<Value<'_>>) {
        if let Some(value) = value {
            self.keep_named(field.name(), value);
        }
    }

    fn keep_named(&mut self, key: &str, value: Value<'_>) {
        self.out.push(if self.out.is_empty() { '{' } else { ',' });
        push_quoted(key, self.out);
        self.out.push(':');
        write_canonical(value, self.out);
    }

    fn finish(self) -> Option<&'a str> {
        if self.out.is_empty() {
            return None;
        }
        self.out.push('}');
        Some(self.out)
    }
}

fn set_text<'a>(
    entry: &LogEntry<'a>,
    field: Field,
    column: Column,
    buffer: &'a mut String,
    cells: &mut Cells<'a>,
    rest: &mut Rest<'_>,
) {
    match entry.exported(field) {
        Some(Value::String(text)) if is_exact(text) => match text.value() {
            Cow::Borrowed(plain) => cells.set(column, Cell::Text(plain)),
            Cow::Owned(value) => {
                *buffer = value;
                cells.set(column, Cell::Text(buffer));
            }
        },
        other => rest.keep(field, other),
    }
}

/// Says whether the string value, quoted again, is the same JSON: false for lone surrogates.
fn is_exact(text: Text<'_>) -> bool {
    if text.as_plain().is_some() {
        return true;
    }
    let value = text.value();
    !value.contains(char::REPLACEMENT_CHARACTER) || {
        let mut quoted = String::new();
        push_quoted(&value, &mut quoted);
        quoted == canonical(Value::String(text))
    }
}

fn set_json<'a>(
    entry: &LogEntry<'_>,
    field: Field,
    column: Column,
    buffer: &'a mut String,
    cells: &mut Cells<'a>,
    rest: &mut Rest<'_>,
) {
    match entry.exported(field) {
        Some(value @ Value::Object(_)) => {
            write_canonical(value, buffer);
            cells.set(column, Cell::Text(buffer));
        }
        other => rest.keep(field, other),
    }
}

/// What was made of objects that repeat from entry to entry, by their text.
#[derive(Debug)]
struct Repeated<T>(HashMap<String, T>);

/// Objects that are remembered; beyond this, memory is started afresh.
const MAX_KNOWN: usize = 1024;

impl<T> Default for Repeated<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T> Repeated<T> {
    fn get(&mut self, object: Object<'_>, make: impl FnOnce() -> T) -> &T {
        let text = object.source();
        if self.0.len() >= MAX_KNOWN && !self.0.contains_key(text) {
            self.0.clear();
        }
        self.0.entry_ref(text).or_insert_with(make)
    }
}

/// The canonical JSON of an object.
#[derive(Debug)]
enum Spelling {
    /// Its text is canonical.
    AsExported,
    Other(Box<str>),
}

impl Spelling {
    fn canonical(object: Object<'_>) -> Self {
        let canonical = canonical(Value::Object(object));
        if canonical == object.source() { Self::AsExported } else { Self::Other(canonical.into()) }
    }

    fn of<'a>(&'a self, object: Object<'a>) -> &'a str {
        match self {
            Self::AsExported => object.source(),
            Self::Other(canonical) => canonical,
        }
    }
}

/// A monitored resource, and the service and revision that it names.
#[derive(Debug)]
struct Resource {
    json: Spelling,
    service: Box<str>,
    revision: Box<str>,
}

impl Resource {
    fn of(entry: &LogEntry<'_>, object: Object<'_>) -> Self {
        let origin = origin(entry);
        Self {
            json: Spelling::canonical(object),
            service: origin.service.into(),
            revision: origin.revision.into(),
        }
    }
}

fn set_severity(entry: &LogEntry<'_>, cells: &mut Cells<'_>, rest: &mut Rest<'_>) {
    let name = entry.severity().name();
    cells.set(Column::Severity, Cell::Text(name));
    // An absent severity reads back as absent because DEFAULT is never written by `compose`.
    match entry.exported(Field::Severity) {
        None => {}
        Some(Value::String(text)) if text.is(name) && name != "DEFAULT" => {}
        Some(other) => rest.keep(Field::Severity, Some(other)),
    }
}

fn set_times(entry: &LogEntry<'_>, timestamp: Timestamp, cells: &mut Cells<'_>, rest: &mut Rest<'_>) {
    let spelled = |time: Timestamp| {
        let mut text = String::with_capacity(30);
        time.push_rfc3339(time.shortest_digits(), &mut text);
        text
    };
    match entry.exported(Field::Timestamp) {
        Some(Value::String(text)) if text.is(&spelled(timestamp)) => {}
        Some(other) => rest.keep(Field::Timestamp, Some(other)),
        // The time was taken from somewhere else; `compose` must not write it.
        None => rest.keep_named(super::compose::NO_TIMESTAMP, Value::Bool(true)),
    }
    let Some(value) = entry.exported(Field::ReceiveTimestamp) else { return };
    let parsed = value.as_text().and_then(|text| Timestamp::parse(&text.value()));
    if let Some((time, _)) = parsed {
        cells.set(Column::ReceiveTimestamp, Cell::Int(time.as_nanos()));
        if value.as_text().is_some_and(|text| text.is(&spelled(time))) {
            return;
        }
    }
    rest.keep(Field::ReceiveTimestamp, Some(value));
}
