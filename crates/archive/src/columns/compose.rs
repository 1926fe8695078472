//! Cells put together again: the JSON of the entry as it was exported.

use super::{Cell, Cells, Column, http};
use timberline_entry::json::{Document, Node, Object, parse, push_quoted, write_canonical};
use timberline_entry::{Field, Timestamp};

/// The member of `rest` that says that the entry had no timestamp of its own. No log can contain it as a member, because
/// a member of that name would be kept under itself and win.
pub(super) const NO_TIMESTAMP: &str = "\u{0}timberline.noTimestamp";

/// A cell that should hold JSON does not.
#[derive(Debug, thiserror::Error)]
#[error("column {column}: {fault}")]
pub struct ComposeError {
    column: &'static str,
    fault: String,
}

/// Appends the entry as a JSON object: members in byte order of their names, as [`timberline_entry::LogEntry::write_json`].
///
/// Only the columns that were read take part; `wants` says which fields to write, so that a caller that needs three
/// fields reads and writes three.
///
/// # Errors
/// [`ComposeError`] when a column is not the JSON it was written as: the file is damaged.
pub fn compose(
    cells: &Cells<'_>,
    timestamp: Timestamp,
    wants: impl Fn(Field) -> bool,
    out: &mut String,
) -> Result<(), ComposeError> {
    let mut nodes = Vec::new();
    let rest = rest_object(cells, Column::Rest, &mut nodes)?;
    let mut writer = Writer { out, first: true };
    writer.out.push('{');
    // Fields in the byte order of their names; members of `rest` in between.
    let mut extra: Vec<_> = rest
        .iter()
        .flat_map(|rest| rest.iter())
        .map(|(key, value)| (key.value(), value))
        .filter(|(key, _)| *key != NO_TIMESTAMP && Field::from_name(key).is_none_or(&wants))
        .collect();
    extra.sort_by(|a, b| a.0.cmp(&b.0));
    let mut extra = extra.into_iter().peekable();
    for (field, column) in IN_NAME_ORDER {
        while let Some((key, value)) = extra.next_if(|(key, _)| key.as_ref() < field.name()) {
            writer.key(&key);
            write_canonical(value, writer.out);
        }
        let in_rest = rest.is_some_and(|rest| rest.get(field.name()).is_some());
        if wants(field) && !in_rest {
            write_field(&mut writer, field, column, cells, timestamp, rest)?;
        }
    }
    for (key, value) in extra {
        writer.key(&key);
        write_canonical(value, writer.out);
    }
    writer.out.push('}');
    Ok(())
}

/// Fields with columns, by name.
const IN_NAME_ORDER: [(Field, Column); 14] = [
    (Field::HttpRequest, Column::HttpRest),
    (Field::InsertId, Column::InsertId),
    (Field::JsonPayload, Column::JsonPayload),
    (Field::Labels, Column::Labels),
    (Field::LogName, Column::LogName),
    (Field::ProtoPayload, Column::ProtoPayload),
    (Field::ReceiveTimestamp, Column::ReceiveTimestamp),
    (Field::Resource, Column::Resource),
    (Field::Severity, Column::Severity),
    (Field::SpanId, Column::SpanId),
    (Field::TextPayload, Column::TextPayload),
    (Field::Timestamp, Column::Rest),
    (Field::Trace, Column::Trace),
    (Field::TraceSampled, Column::TraceSampled),
];

struct Writer<'o> {
    out: &'o mut String,
    first: bool,
}

impl Writer<'_> {
    fn key(&mut self, name: &str) {
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
        push_quoted(name, self.out);
        self.out.push(':');
    }
}

fn write_field(
    writer: &mut Writer<'_>,
    field: Field,
    column: Column,
    cells: &Cells<'_>,
    timestamp: Timestamp,
    rest: Option<Object<'_>>,
) -> Result<(), ComposeError> {
    match field {
        Field::Timestamp => {
            if rest.is_none_or(|rest| rest.get(NO_TIMESTAMP).is_none()) {
                writer.key(field.name());
                write_time(timestamp, writer.out);
            }
        }
        Field::ReceiveTimestamp => {
            if let Cell::Int(nanos) = cells.get(column) {
                writer.key(field.name());
                write_time(Timestamp::from_nanos(nanos), writer.out);
            }
        }
        Field::HttpRequest => {
            let mut nodes = Vec::new();
            if let Some(rest) = rest_object(cells, column, &mut nodes)? {
                writer.key(field.name());
                http::compose(cells, rest, writer.out);
            }
        }
        Field::Severity => {
            if cells.text(column) != "DEFAULT" && !cells.text(column).is_empty() {
                writer.key(field.name());
                push_quoted(cells.text(column), writer.out);
            }
        }
        Field::TraceSampled => {
            if let Cell::Bool(sampled) = cells.get(column) {
                writer.key(field.name());
                writer.out.push_str(if sampled { "true" } else { "false" });
            }
        }
        Field::Resource | Field::Labels | Field::JsonPayload | Field::ProtoPayload => {
            if let Cell::Text(json) = cells.get(column) {
                writer.key(field.name());
                writer.out.push_str(json);
            }
        }
        _ => {
            if let Cell::Text(text) = cells.get(column) {
                writer.key(field.name());
                push_quoted(text, writer.out);
            }
        }
    }
    Ok(())
}

fn write_time(time: Timestamp, out: &mut String) {
    out.push('"');
    time.push_rfc3339(time.shortest_digits(), out);
    out.push('"');
}

fn rest_object<'a>(
    cells: &Cells<'a>,
    column: Column,
    nodes: &'a mut Vec<Node>,
) -> Result<Option<Object<'a>>, ComposeError> {
    let Cell::Text(text) = cells.get(column) else { return Ok(None) };
    let damaged = |fault: String| ComposeError { column: column.name(), fault };
    parse(text, nodes).map_err(|fault| damaged(fault.to_string()))?;
    let object = Document::new(text, nodes).root().as_object();
    object.map(Some).ok_or_else(|| damaged("not a JSON object".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::Splitter;
    use super::*;
    use timberline_entry::LogEntry;
    use timberline_entry::json::canonical;

    fn check(text: &str) {
        let mut nodes = Vec::new();
        parse(text, &mut nodes).unwrap();
        let value = Document::new(text, &nodes).root();
        let entry = LogEntry::from_object(value.as_object().unwrap());
        let timestamp = entry.timestamp().map_or(Timestamp::from_nanos(5), |(time, _)| time);
        let mut splitter = Splitter::default();
        let (_, cells) = splitter.split(&entry, timestamp);
        let mut out = String::new();
        compose(&cells, timestamp, |_| true, &mut out).unwrap();
        assert_eq!(out, canonical(value));
    }

    #[test]
    fn what_was_exported_comes_back() {
        check("{}");
        check(r#"{"timestamp":"2025-09-16T01:42:58.995733Z","severity":"ERROR","textPayload":"a\n\"b\""}"#);
        check(
            r#"{"timestamp":"2025-09-15T21:36:22.216925+00:00","severity":"DEFAULT","trace":null,"spanId":null}"#,
        );
        check(
            r#"{"timestamp":"2025-09-15T21:36:22.2Z","receiveTimestamp":"2025-09-15T21:36:22Z","severity":"error"}"#,
        );
        check(r#"{"receiveTimestamp":"yesterday","severity":500,"insertId":7,"labels":[],"resource":"x"}"#);
        check(
            r#"{"httpRequest":{"latency":"0.014146236s","status":200,"requestSize":"302","requestUrl":"https://h/",
               "cacheHit":true,"responseSize":8,"userAgent":"a\tb","remoteIp":null},"trace":"t","traceSampled":true}"#,
        );
        check(
            r#"{"httpRequest":{},"jsonPayload":{"n":1.50,"big":123456789012345678901},"zzz":[{}],"aaa":null}"#,
        );
        check(
            r#"{"httpRequest":null,"textPayload":"\ud800","traceSampled":"yes","errorGroups":[{"id":"x"}]}"#,
        );
        check(r#"{"trace":null,"traceSampled":false}"#);
        check(
            r#"{"resource":{"type":"cloud_run_revision","labels":{"revision_name":"r","service_name":"s"}}}"#,
        );
    }

    #[test]
    fn a_member_written_twice_comes_back_with_its_last_value() {
        let text = r#"{"httpRequest":{"status":1,"status":2},"timestamp":"2025-01-01T00:00:00Z"}"#;
        let mut nodes = Vec::new();
        parse(text, &mut nodes).unwrap();
        let entry = LogEntry::from_object(Document::new(text, &nodes).root().as_object().unwrap());
        let mut splitter = Splitter::default();
        let (keys, cells) = splitter.split(&entry, entry.timestamp().unwrap().0);
        let mut out = String::new();
        compose(&cells, keys.timestamp, |_| true, &mut out).unwrap();
        assert_eq!(out, r#"{"httpRequest":{"status":2},"timestamp":"2025-01-01T00:00:00Z"}"#);
    }
}
