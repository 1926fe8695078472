//! Exceptions that structured logging names in fields: `error.type`, `error.value`, `exception.stacktrace`, ….

use super::Found;
use memchr::memmem::Finder;
use std::borrow::Cow;
use std::sync::LazyLock;
use timberline_entry::json::Value;
use timberline_pattern::trace::{Exception, Language, Relation, Trace};

/// Members that hold an exception as an object.
const OBJECTS: [&str; 4] = ["error", "err", "exception", "exc"];
/// Names of such an object's members, and, behind a dot or an underscore, of members beside it.
const TYPES: [&str; 4] = ["type", "name", "class", "kind"];
const VALUES: [&str; 3] = ["value", "message", "msg"];
const STACKS: [&str; 5] = ["stack", "stack_trace", "stacktrace", "traceback", "backtrace"];
/// Types of plain values: a logger that writes the type of whatever it was handed tells of no exception.
const VALUE_TYPES: [&str; 20] = [
    "str", "string", "int", "integer", "long", "float", "double", "number", "bool", "boolean", "bytes",
    "dict", "map", "object", "list", "array", "tuple", "null", "none", "nonetype",
];
/// A type is a name; what is longer is something else.
const MAX_TYPE: usize = 200;

/// Says whether the JSON text of a payload may name an exception. `false` means that it does not.
pub(super) fn may_name_one(source: &str) -> bool {
    static FINDERS: LazyLock<[Finder<'static>; 2]> =
        LazyLock::new(|| [Finder::new("\"err"), Finder::new("\"exc")]);
    FINDERS.iter().any(|finder| finder.find(source.as_bytes()).is_some())
}

/// Reads the exception that a payload's members name.
pub(super) fn read(payload: Value<'_>) -> Option<Found> {
    OBJECTS.iter().find_map(|name| {
        let inner = payload.get(name).filter(|value| value.as_object().is_some());
        let member = |keys: &[&str]| -> Option<Cow<'_, str>> {
            keys.iter().find_map(|key| {
                let beside = || ['.', '_'].iter().find_map(|c| payload.get(&format!("{name}{c}{key}")));
                let value = inner.map_or_else(beside, |inner| inner.get(key))?;
                value.as_text().map(|text| text.value()).filter(|text| !text.is_empty())
            })
        };
        let type_name = member(&TYPES)?;
        let is_value = VALUE_TYPES.iter().any(|name| type_name.eq_ignore_ascii_case(name));
        if is_value || type_name.len() > MAX_TYPE || type_name.contains(char::is_whitespace) {
            return None;
        }
        let message = member(&VALUES).unwrap_or_default();
        if let Some(stack) = member(&STACKS)
            && let Some(found) = super::of_text(&format!("{type_name}: {message}\n{stack}"))
        {
            return Some(found);
        }
        let exception = Exception {
            type_name: type_name.into_owned(),
            message: message.into_owned(),
            frames: Vec::new(),
            relation: Relation::Outermost,
        };
        let trace = Trace {
            // No part of the key.
            language: Language::Python,
            range: 0..0,
            chain: vec![exception],
            root_idx: 0,
            members: Vec::new(),
            thread: None,
        };
        Some(Found { trace, language: "" })
    })
}
