//! A cursor over a parsed document.

use super::Text;

/// One value of a parsed document. A container's members follow it directly; `next` is the node after all of them.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    pub(super) kind: NodeKind,
    /// Byte offset of the value in the text; of a string's content, without the quote.
    pub(super) start: u32,
    /// Byte offset behind the value (behind a string's content).
    pub(super) end: u32,
    pub(super) next: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NodeKind {
    Null,
    True,
    False,
    Number,
    /// `NaN`, `Infinity`, `-Infinity`: no JSON, but written by common encoders. Reads as a string.
    NonFinite,
    String,
    EscapedString,
    Array,
    Object,
}

/// A parsed document: its text and its nodes.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    text: &'a str,
    nodes: &'a [Node],
}

/// One JSON value, borrowed from a [`Document`] or made from parts.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as it was written.
    Number(&'a str),
    /// A string.
    String(Text<'a>),
    /// An array.
    Array(Array<'a>),
    /// An object.
    Object(Object<'a>),
}

/// An array inside a document.
#[derive(Clone, Copy, Debug)]
pub struct Array<'a> {
    doc: Document<'a>,
    idx: u32,
}

/// An object inside a document. A key that was written twice is there twice.
#[derive(Clone, Copy, Debug)]
pub struct Object<'a> {
    doc: Document<'a>,
    idx: u32,
}

impl<'a> Document<'a> {
    /// Joins a text with the nodes that [`parse`](super::parse()) made of it.
    pub const fn new(text: &'a str, nodes: &'a [Node]) -> Self {
        Self { text, nodes }
    }

    /// Returns the outermost value.
    pub fn root(self) -> Value<'a> {
        self.value(0)
    }

    fn value(self, idx: u32) -> Value<'a> {
        let node = self.node(idx);
        let text = &self.text[node.start as usize..node.end as usize];
        match node.kind {
            NodeKind::Null => Value::Null,
            NodeKind::True => Value::Bool(true),
            NodeKind::False => Value::Bool(false),
            NodeKind::Number => Value::Number(text),
            NodeKind::NonFinite => Value::String(Text::plain(text)),
            NodeKind::String => Value::String(Text::from_json(text, false)),
            NodeKind::EscapedString => Value::String(Text::from_json(text, true)),
            NodeKind::Array => Value::Array(Array { doc: self, idx }),
            NodeKind::Object => Value::Object(Object { doc: self, idx }),
        }
    }

    fn node(self, idx: u32) -> Node {
        self.nodes[idx as usize]
    }
}

impl<'a> Value<'a> {
    /// Wraps plain text as a JSON string.
    pub const fn plain(text: &'a str) -> Self {
        Self::String(Text::plain(text))
    }

    /// Returns the string, if the value is one.
    pub const fn as_text(self) -> Option<Text<'a>> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the object, if the value is one.
    pub const fn as_object(self) -> Option<Object<'a>> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Returns the array, if the value is one.
    pub const fn as_array(self) -> Option<Array<'a>> {
        match self {
            Self::Array(array) => Some(array),
            _ => None,
        }
    }

    /// Says whether the value is `null`.
    pub const fn is_null(self) -> bool {
        matches!(self, Self::Null)
    }

    /// Returns the member `key` of an object; `None` for anything that is not an object.
    pub fn get(self, key: &str) -> Option<Self> {
        self.as_object()?.get(key)
    }

    /// Follows object keys from this value inwards.
    pub fn at(self, path: &[&str]) -> Option<Self> {
        path.iter().try_fold(self, |value, key| value.get(key))
    }
}

impl<'a> Array<'a> {
    /// Returns the elements in order.
    pub fn iter(self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let end = self.doc.node(self.idx).next;
        let mut at = self.idx + 1;
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let value = self.doc.value(at);
            at = self.doc.node(at).next;
            Some(value)
        })
    }

    /// Says whether the array has no elements.
    pub fn is_empty(self) -> bool {
        self.doc.node(self.idx).next == self.idx + 1
    }

    /// Returns the array as it was written.
    pub fn source(self) -> &'a str {
        let node = self.doc.node(self.idx);
        &self.doc.text[node.start as usize..node.end as usize]
    }
}

impl<'a> Object<'a> {
    /// Returns the members in the order in which they were written.
    pub fn iter(self) -> impl Iterator<Item = (Text<'a>, Value<'a>)> + Clone + use<'a> {
        let end = self.doc.node(self.idx).next;
        let mut at = self.idx + 1;
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let Value::String(key) = self.doc.value(at) else {
                unreachable!("the parser puts a string before every member's value");
            };
            let value = self.doc.value(at + 1);
            at = self.doc.node(at + 1).next;
            Some((key, value))
        })
    }

    /// Returns the member `key`; the last one when it was written more than once.
    pub fn get(self, key: &str) -> Option<Value<'a>> {
        self.iter().filter(|(name, _)| name.is(key)).last().map(|(_, value)| value)
    }

    /// Says whether the object has no members.
    pub fn is_empty(self) -> bool {
        self.doc.node(self.idx).next == self.idx + 1
    }

    /// Returns the object as it was written.
    pub fn source(self) -> &'a str {
        let node = self.doc.node(self.idx);
        &self.doc.text[node.start as usize..node.end as usize]
    }
}
