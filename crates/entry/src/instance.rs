//! Which instance of a service wrote an entry.

use crate::json::{Document, Node, Value, parse};
use crate::{Field, LogEntry};
use std::borrow::Cow;

/// The label that names the instance of a service, as Cloud Run writes it.
pub const INSTANCE_LABEL: &str = "instanceId";

/// Returns the instance that wrote an entry, if its labels name one.
pub fn instance<'a>(entry: &LogEntry<'a>) -> Option<Cow<'a, str>> {
    named_by(entry.get(Field::Labels)?)
}

/// Returns the instance that labels name, given as the JSON of an object. `nodes` is memory to use again.
///
/// Cost: one pass over the labels.
pub fn instance_of_labels<'a>(labels: &'a str, nodes: &'a mut Vec<Node>) -> Option<Cow<'a, str>> {
    parse(labels, nodes).ok()?;
    named_by(Document::new(labels, nodes).root())
}

fn named_by<'a>(labels: Value<'a>) -> Option<Cow<'a, str>> {
    Some(labels.get(INSTANCE_LABEL)?.as_text()?.value())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_label_names_the_instance_and_only_as_a_text() {
        let of = |labels| instance_of_labels(labels, &mut Vec::new()).map(Cow::into_owned);
        assert_eq!(of(r#"{"a":"b","instanceId":"00c7\u0031"}"#), Some("00c71".to_owned()));
        assert_eq!(of(r#"{"instanceId":7}"#), None);
        assert_eq!(of(r#"{"a":"b"}"#), None);
        assert_eq!(of("no labels"), None);
    }
}
