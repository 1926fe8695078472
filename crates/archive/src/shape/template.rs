//! The shape as a hash, and as a template that can be stored and asked.

use super::leaf::for_each_leaf_of;
use super::leaf::split_tail;
use super::{CharSet, Form, Masks};
use hashbrown::HashMap;
use std::borrow::Cow;
use timberline_entry::json::{Object, Value, canonical, push_quoted};
use timberline_entry::{Field, LogEntry};
use timberline_pattern::mask::{Hole, MASK_VERSION, Masker};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// Stands for a hole whose tokens are in the index. A noncharacter: text that contains one varies as a whole.
pub const HOLE: char = '\u{fdd0}';
/// Stands for a hole whose tokens are not in the index.
pub const UNINDEXED_HOLE: char = '\u{fdd1}';
/// Stands, as a whole string, for a number that varies.
pub const NUMBER_HOLE: char = '\u{fdd2}';

pub(super) const fn is_marker(c: char) -> bool {
    matches!(c, HOLE | UNINDEXED_HOLE | NUMBER_HOLE)
}

/// One field of a shape that can be asked: an entry of this field alone, as JSON in which marker characters stand for
/// what varies.
///
/// Shapes share most of their fields, so a field's template is stored and asked once for all shapes that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The field.
    pub field: Field,
    /// An object with the field: one flat object per leaf would lose nesting.
    pub json: String,
    /// What each marker has held, in the order of the markers in `json`.
    pub charsets: Vec<CharSet>,
}

/// Computes shapes. Keeps buffers; one per thread.
#[derive(Debug)]
pub(crate) struct Shaper {
    masker: Masker,
    holes: Vec<Hole>,
    buffer: Vec<u8>,
    /// Hashes of objects that repeat from entry to entry, by their text.
    known: HashMap<String, (Field, u64)>,
}

/// Objects that are remembered; beyond this, memory is started afresh.
const MAX_KNOWN: usize = 4096;

impl Default for Shaper {
    fn default() -> Self {
        Self { masker: Masker::standard(), holes: Vec::new(), buffer: Vec::new(), known: HashMap::new() }
    }
}

impl Shaper {
    /// Returns the hash of an entry's shape. Equal shapes have equal hashes, on every machine. Of one text the holes are known.
    ///
    /// Cost: one pass over the leaves; `resource` and `labels`, which repeat, are remembered by their text.
    pub(crate) fn hash(&mut self, entry: &LogEntry<'_>, known: Option<(&str, &[Hole])>) -> u64 {
        let mut hash = Xxh3::new();
        hash.update(&MASK_VERSION.to_le_bytes());
        for field in Field::ALL {
            let Some(value) = entry.exported(field) else { continue };
            let of_field = match (field, value) {
                (Field::Resource | Field::Labels, Value::Object(object)) => self.remembered(field, object),
                _ => self.hash_field(field, value, known),
            };
            hash.update(&[field as u8]);
            hash.update(&of_field.to_le_bytes());
        }
        hash.digest()
    }

    fn remembered(&mut self, field: Field, object: Object<'_>) -> u64 {
        let text = object.source();
        if let Some((_, hash)) = self.known.get(text).filter(|(of, _)| *of == field) {
            return *hash;
        }
        let hash = self.hash_field(field, Value::Object(object), None);
        if self.known.len() >= MAX_KNOWN {
            self.known.clear();
        }
        self.known.insert(text.to_owned(), (field, hash));
        hash
    }

    fn hash_field(&mut self, field: Field, value: Value<'_>, known: Option<(&str, &[Hole])>) -> u64 {
        let Self { masker, holes, buffer, .. } = self;
        let masks = Masks::of(masker).knowing(known);
        buffer.clear();
        for_each_leaf_of(field, value, &mut |leaf| {
            for key in leaf.path {
                buffer.extend_from_slice(key.as_bytes());
                buffer.push(0xff);
            }
            let text = string_value(leaf.value);
            let form = leaf.form(&text, masks, holes);
            buffer.extend_from_slice(&[0xfe, form as u8]);
            match form {
                Form::Fixed => match leaf.value {
                    Value::String(_) => buffer.extend_from_slice(text.as_bytes()),
                    other => {
                        buffer.push(0xfd);
                        buffer.extend_from_slice(canonical(other).as_bytes());
                    }
                },
                Form::Masked => {
                    for_each_piece(&text, holes, |piece| match piece {
                        Piece::Stretch(stretch) => buffer.extend_from_slice(stretch.as_bytes()),
                        Piece::Hole(_) => buffer.push(0xfc),
                    });
                }
                Form::UnindexedTail => buffer.extend_from_slice(before_tail(&text).as_bytes()),
                Form::Whole | Form::Unindexed | Form::Number => {}
            }
        });
        xxh3_64(buffer)
    }

    /// Returns the templates of an entry's fields, with the character sets of this one entry.
    pub(crate) fn templates(&mut self, entry: &LogEntry<'_>) -> Vec<Template> {
        let Self { masker, holes, .. } = self;
        let masks = Masks::of(masker);
        let mut templates = Vec::new();
        for field in Field::ALL {
            let Some(value) = entry.exported(field) else { continue };
            let mut charsets = Vec::new();
            let mut json = String::from("{");
            push_quoted(field.name(), &mut json);
            json.push(':');
            nested(field, value, &mut vec![field.name().into()], &mut json, &mut |leaf, out| {
                let text = string_value(leaf.value);
                let form = leaf.form(&text, masks, holes);
                if form == Form::Fixed {
                    timberline_entry::json::write_canonical(leaf.value, out);
                    return;
                }
                let mut marked = String::new();
                for_each_hole(form, &text, leaf.value, holes, |piece| match piece {
                    Marked::Text(stretch) => marked.push_str(stretch),
                    Marked::Hole(marker, content) => {
                        marked.push(marker);
                        let mut charset = CharSet::default();
                        charset.add(content);
                        charsets.push(charset);
                    }
                });
                push_quoted(&marked, out);
            });
            json.push('}');
            templates.push(Template { field, json, charsets });
        }
        templates
    }
}

pub(super) fn string_value(value: Value<'_>) -> Cow<'_, str> {
    value.as_text().map(|text| text.value()).unwrap_or_default()
}

pub(super) enum Piece<'t> {
    Stretch(&'t str),
    Hole(&'t str),
}

pub(super) fn for_each_piece<'t>(text: &'t str, holes: &[Hole], mut visit: impl FnMut(Piece<'t>)) {
    let mut at = 0;
    for hole in holes {
        let (start, end) = (hole.start as usize, hole.end as usize);
        visit(Piece::Stretch(&text[at..start]));
        visit(Piece::Hole(&text[start..end]));
        at = end;
    }
    visit(Piece::Stretch(&text[at..]));
}

fn before_tail(text: &str) -> &str {
    split_tail(text).map_or("", |(prefix, _)| prefix)
}

pub(super) enum Marked<'t> {
    Text(&'t str),
    Hole(char, &'t str),
}

pub(super) fn for_each_hole<'t>(
    form: Form,
    text: &'t str,
    value: Value<'t>,
    holes: &[Hole],
    mut visit: impl FnMut(Marked<'t>),
) {
    match form {
        Form::Fixed => {}
        Form::Masked => for_each_piece(text, holes, |piece| match piece {
            Piece::Stretch(stretch) => visit(Marked::Text(stretch)),
            Piece::Hole(content) => visit(Marked::Hole(HOLE, content)),
        }),
        Form::Whole => visit(Marked::Hole(HOLE, text)),
        Form::Unindexed => visit(Marked::Hole(UNINDEXED_HOLE, text)),
        Form::UnindexedTail => {
            let prefix = before_tail(text);
            visit(Marked::Text(prefix));
            visit(Marked::Hole(UNINDEXED_HOLE, &text[prefix.len()..]));
        }
        Form::Number => {
            let Value::Number(digits) = value else { unreachable!("only numbers have this form") };
            visit(Marked::Hole(NUMBER_HOLE, digits));
        }
    }
}

/// Writes a value's JSON with every leaf written by somebody else, in the order in which [`for_each_leaf`](super::for_each_leaf) meets them.
fn nested<'a>(
    field: Field,
    value: Value<'a>,
    path: &mut Vec<Cow<'a, str>>,
    out: &mut String,
    leaf: &mut impl FnMut(super::Leaf<'_, 'a>, &mut String),
) {
    match value {
        Value::Object(object) if !object.is_empty() => {
            out.push('{');
            for (idx, (key, value)) in super::leaf::sorted_members(object).into_iter().enumerate() {
                if idx > 0 {
                    out.push(',');
                }
                push_quoted(&key, out);
                out.push(':');
                path.push(key);
                nested(field, value, path, out, leaf);
                path.pop();
            }
            out.push('}');
        }
        Value::Array(array) if !array.is_empty() => {
            out.push('[');
            for (idx, value) in array.iter().enumerate() {
                if idx > 0 {
                    out.push(',');
                }
                nested(field, value, path, out, leaf);
            }
            out.push(']');
        }
        value => leaf(super::Leaf { field, path, value }, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use timberline_entry::json::{Document, parse};

    fn with_entry<T>(text: &str, then: impl FnOnce(&LogEntry<'_>) -> T) -> T {
        let mut nodes = Vec::new();
        parse(text, &mut nodes).unwrap();
        then(&LogEntry::from_object(Document::new(text, &nodes).root().as_object().unwrap()))
    }

    fn check(text: &str, expected: &str) {
        let templates = with_entry(text, |entry| Shaper::default().templates(entry));
        let shown: Vec<String> = templates
            .iter()
            .map(|template| {
                assert!(template.json.starts_with(&format!("{{\"{}\":", template.field.name())));
                let markers = template.json.chars().filter(|c| is_marker(*c)).count();
                assert_eq!(markers, template.charsets.len());
                template.json.replace(HOLE, "<>").replace(UNINDEXED_HOLE, "<id>").replace(NUMBER_HOLE, "<n>")
            })
            .collect();
        assert_eq!(shown.join(" "), expected);
    }

    #[test]
    fn values_become_holes_and_the_rest_stays() {
        check(r#"{"textPayload":"retry 3 of 5"}"#, r#"{"textPayload":"retry <> of <>"}"#);
        check(r#"{"insertId":"x","severity":"ERROR"}"#, r#"{"severity":"ERROR"} {"insertId":"<>"}"#);
        check(r#"{"insertId":"1f","spanId":"00c7"}"#, r#"{"insertId":"<id>"} {"spanId":"<id>"}"#);
        check(r#"{"trace":"projects/p/traces/0af7"}"#, r#"{"trace":"projects/p/traces/<id>"}"#);
        check(r#"{"trace":"0af7"}"#, r#"{"trace":"<id>"}"#);
        check(
            r#"{"jsonPayload":{"n":5,"ok":true,"tags":["a","b"],"none":null,"e":{}},"httpRequest":{"status":503}}"#,
            r#"{"httpRequest":{"status":503}} {"jsonPayload":{"e":{},"n":"<n>","none":null,"ok":true,"tags":["a","b"]}}"#,
        );
        check(
            r#"{"resource":{"type":"t","labels":{"revision_name":"r-00001-abc","location":"eu"}}}"#,
            r#"{"resource":{"labels":{"location":"eu","revision_name":"<>"},"type":"t"}}"#,
        );
        check(r#"{"textPayload":"id é7é"}"#, r#"{"textPayload":"<>"}"#);
        check("{\"textPayload\":\"a\u{fdd0} 7\"}", r#"{"textPayload":"<>"}"#);
    }

    #[test]
    fn hash_agrees_exactly_where_the_template_does() {
        let hash = |text: &str| with_entry(text, |entry| Shaper::default().hash(entry, None));
        let one = hash(r#"{"textPayload":"retry 3 of 5","insertId":"a"}"#);
        assert_eq!(one, hash(r#"{"insertId":"b","textPayload":"retry 77 of 78"}"#));
        for other in [
            r#"{"textPayload":"retry  3 of 5","insertId":"a"}"#,
            r#"{"textPayload":"retry 3 of 5"}"#,
            r#"{"textPayload":"retry 3 of 5","insertId":"a","severity":"INFO"}"#,
            r#"{"textPayload":["retry 3 of 5"],"insertId":null}"#,
        ] {
            assert_ne!(one, hash(other), "{other}");
        }
    }
}
