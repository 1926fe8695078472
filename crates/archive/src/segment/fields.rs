//! The fields of a ring's rows that say something new, read from cells without putting entries together.

use super::entries;
use crate::columns::{Cell, Cells, Column, compose};
use hashbrown::HashSet;
use timberline_entry::json::{Document, Node, Value, parse};
use timberline_entry::{Field, LogEntry, MESSAGE_FIELDS, Timestamp};

/// Reads fields. Keeps buffers; one per segment.
#[derive(Default)]
pub(super) struct FieldReader<'r> {
    /// Values that came before in the ring, as texts of their columns.
    seen: HashSet<(Field, &'r str)>,
    json: String,
    nodes: Vec<Node>,
}

impl<'r> FieldReader<'r> {
    /// Forgets what was seen: the next row is the first of a ring.
    pub(super) fn clear(&mut self) {
        self.seen.clear();
    }

    /// Calls `visit` with the fields of a row, those aside that are of no use to an index (when it happened) and those whose
    /// value came before in the ring. Values that are neither text nor JSON are given in the form they are exported in.
    ///
    /// # Errors
    /// A description of a cell that does not hold the JSON it should.
    pub(super) fn read(
        &mut self,
        cells: &Cells<'r>,
        timestamp: Timestamp,
        mut visit: impl FnMut(Field, Value<'_>),
    ) -> Result<(), String> {
        let Self { seen, json, nodes } = self;
        if cells.get(Column::Rest) != Cell::Null {
            // What the rest holds wins over columns, so it takes the whole entry to say what a field is. Such rows are few.
            return entries::with_entry(cells, timestamp, json, nodes, |entry| {
                for field in Field::ALL {
                    if let Some(value) = entry.exported(field) {
                        visit(field, value);
                    }
                }
            });
        }
        for (field, column) in TEXTS {
            if let Cell::Text(text) = cells.get(column)
                // Ids do not come twice.
                && (matches!(field, Field::InsertId | Field::SpanId) || seen.insert((field, text)))
            {
                visit(field, Value::plain(text));
            }
        }
        for (field, column) in JSON {
            if let Cell::Text(text) = cells.get(column)
                && seen.insert((field, text))
            {
                parse(text, nodes).map_err(|fault| format!("column {}: {fault}", column.name()))?;
                visit(field, Document::new(text, nodes).root());
            }
        }
        let severity = cells.text(Column::Severity);
        if severity != "DEFAULT" && seen.insert((Field::Severity, severity)) {
            visit(Field::Severity, Value::plain(severity));
        }
        if let Cell::Int(nanos) = cells.get(Column::ReceiveTimestamp) {
            json.clear();
            let time = Timestamp::from_nanos(nanos);
            time.push_rfc3339(time.shortest_digits(), json);
            visit(Field::ReceiveTimestamp, Value::plain(json));
        }
        if cells.get(Column::HttpRest) != Cell::Null {
            json.clear();
            compose(cells, timestamp, |wanted| wanted == Field::HttpRequest, json)
                .map_err(|error| error.to_string())?;
            parse(json, nodes).map_err(|fault| fault.to_string())?;
            if let Some(value) = Document::new(json, nodes).root().get(Field::HttpRequest.name()) {
                visit(Field::HttpRequest, value);
            }
        }
        Ok(())
    }

    /// Hands on an entry that has the row's message; the whole entry if `whole`.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(super) fn with_message<T>(
        &mut self,
        cells: &Cells<'_>,
        timestamp: Timestamp,
        whole: bool,
        then: impl FnOnce(&LogEntry<'_>) -> T,
    ) -> Result<T, String> {
        let Self { json, nodes, .. } = self;
        if whole || cells.get(Column::Rest) != Cell::Null {
            return entries::with_entry(cells, timestamp, json, nodes, then);
        }
        if let Cell::Text(text) = cells.get(Column::TextPayload)
            && !text.is_empty()
        {
            // Nothing else plays a part where there is a text.
            let mut entry = LogEntry::empty();
            entry.set(Field::TextPayload, Value::plain(text));
            return Ok(then(&entry));
        }
        if let (Cell::Text(text), Cell::Null) =
            (cells.get(Column::JsonPayload), cells.get(Column::ProtoPayload))
        {
            // Nor beside a payload, but for one of an audit entry.
            parse(text, nodes).map_err(|fault| fault.to_string())?;
            let mut entry = LogEntry::empty();
            entry.set(Field::JsonPayload, Document::new(text, nodes).root());
            return Ok(then(&entry));
        }
        json.clear();
        let mut saying = Cells::empty();
        SAYING_COLUMNS.into_iter().for_each(|column| saying.set(column, cells.get(column)));
        compose(&saying, timestamp, |field| MESSAGE_FIELDS.contains(&field), json)
            .map_err(|error| error.to_string())?;
        parse(json, nodes).map_err(|fault| fault.to_string())?;
        let object = Document::new(json, nodes).root().as_object().ok_or("the entry is not a JSON object")?;
        Ok(then(&LogEntry::from_object(object)))
    }
}

/// Columns of what a message is made of; the rest of a request wins over its columns.
const SAYING_COLUMNS: [Column; 7] = [
    Column::TextPayload,
    Column::JsonPayload,
    Column::ProtoPayload,
    Column::HttpMethod,
    Column::HttpUrl,
    Column::HttpStatus,
    Column::HttpRest,
];

/// Fields that are the text of a column.
const TEXTS: [(Field, Column); 5] = [
    (Field::LogName, Column::LogName),
    (Field::InsertId, Column::InsertId),
    (Field::Trace, Column::Trace),
    (Field::SpanId, Column::SpanId),
    (Field::TextPayload, Column::TextPayload),
];

/// Fields that are the JSON of a column.
const JSON: [(Field, Column); 4] = [
    (Field::Resource, Column::Resource),
    (Field::Labels, Column::Labels),
    (Field::JsonPayload, Column::JsonPayload),
    (Field::ProtoPayload, Column::ProtoPayload),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::Splitter;
    use std::collections::BTreeSet;
    use timberline_entry::json::canonical;
    use timberline_entry::message;

    /// What the reader says of rows given as entries, as field and JSON.
    fn read(rows: &[&str]) -> Vec<(Field, String)> {
        let timestamp = Timestamp::from_nanos(1_748_000_000_000_000_000);
        let mut splitters: Vec<Splitter> = rows.iter().map(|_| Splitter::default()).collect();
        let nodes: Vec<Vec<Node>> = rows
            .iter()
            .map(|row| {
                let mut nodes = Vec::new();
                parse(row, &mut nodes).unwrap();
                nodes
            })
            .collect();
        let cells: Vec<Cells<'_>> = splitters
            .iter_mut()
            .zip(rows.iter().zip(&nodes))
            .map(|(splitter, (row, nodes))| {
                let entry = LogEntry::from_object(Document::new(row, nodes).root().as_object().unwrap());
                splitter.split(&entry, timestamp).1
            })
            .collect();
        let mut reader = FieldReader::default();
        let mut found = Vec::new();
        for cells in &cells {
            reader.read(cells, timestamp, |field, value| found.push((field, canonical(value)))).unwrap();
        }
        found
    }

    #[test]
    fn every_field_comes_with_its_value() {
        const TIME: &str = r#""timestamp":"2025-05-23T11:33:20Z""#;
        let fields = [
            r#""insertId":"a\"b""#,
            r#""logName":"l""#,
            r#""trace":"t""#,
            r#""spanId":"00c7""#,
            r#""textPayload":"line\nbreak""#,
            r#""jsonPayload":{"a":[1,"x"]}"#,
            r#""protoPayload":{"b":null}"#,
            r#""resource":{"type":"r"}"#,
            r#""labels":{"k":"v"}"#,
            r#""severity":"ERROR""#,
            r#""receiveTimestamp":"2025-05-23T11:33:20.500Z""#,
            r#""httpRequest":{"latency":"0.01s","requestMethod":"GET","status":200}"#,
        ];
        let row = format!("{{{TIME},{}}}", fields.join(","));
        let found: BTreeSet<String> =
            read(&[&row]).into_iter().map(|(field, value)| format!("\"{}\":{value}", field.name())).collect();
        assert_eq!(found, fields.map(str::to_owned).into());
        // A field in another type stands in the rest; the row is read all the same.
        let odd = read(&[&format!(r#"{{{TIME},"insertId":5,"textPayload":"t"}}"#)]);
        assert!(
            odd.contains(&(Field::InsertId, "5".to_owned()))
                && odd.contains(&(Field::TextPayload, "\"t\"".to_owned()))
        );
    }

    #[test]
    fn messages_are_those_of_the_whole_entry() {
        for row in [
            r#"{"textPayload":"t","jsonPayload":{"message":"m"}}"#,
            r#"{"textPayload":"","jsonPayload":{"message":"m\\n"}}"#,
            r#"{"jsonPayload":{"x":[1]},"labels":{"k":"v"}}"#,
            r#"{"httpRequest":{"requestMethod":"GET","requestUrl":"/a","status":503}}"#,
            r#"{"protoPayload":{"methodName":"M"},"severity":"ERROR"}"#,
            r#"{"textPayload":5,"jsonPayload":{"message":"m"}}"#,
            r#"{"insertId":"1f"}"#,
        ] {
            let mut nodes = Vec::new();
            parse(row, &mut nodes).unwrap();
            let entry = LogEntry::from_object(Document::new(row, &nodes).root().as_object().unwrap());
            let mut splitter = Splitter::default();
            let time = Timestamp::from_nanos(1);
            let (_, cells) = splitter.split(&entry, time);
            let of_cells = |whole: bool| {
                let mut reader = FieldReader::default();
                reader.with_message(&cells, time, whole, |entry| message(entry).into_owned()).unwrap()
            };
            assert_eq!([of_cells(false), of_cells(true)], [message(&entry), message(&entry)], "{row}");
        }
    }

    #[test]
    fn what_came_before_is_passed_over() {
        const TIME: &str = r#""timestamp":"2025-05-23T11:33:20Z""#;
        let row = |text: &str| format!(r#"{{{TIME},"labels":{{"k":"v"}},"textPayload":"{text}"}}"#);
        let (a, b) = (row("one"), row("two"));
        let found = read(&[&a, &b, &a]);
        let texts: Vec<&str> = found.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(texts, ["\"one\"", r#"{"k":"v"}"#, "\"two\""]);
    }
}
