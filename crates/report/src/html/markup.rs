//! HTML that is escaped because nothing else can be written.
//!
//! Tags, attribute names and verbatim parts are `&'static str`: they come from this crate's source. Everything that
//! comes at run time is text or an attribute's value, and both are escaped here and nowhere else.

use crate::document::Anchor;
use crate::escape::{embedded_json, html_attribute, html_text};

/// A growing page.
#[derive(Debug, Default)]
pub(super) struct Markup {
    out: String,
}

/// An attribute: a name of ours, a value of anybody's.
pub(super) type Attribute<'a> = (&'static str, &'a str);

impl Markup {
    /// Writes an element and what `content` writes inside of it.
    pub(super) fn element(
        &mut self,
        tag: &'static str,
        attributes: &[Attribute<'_>],
        content: impl FnOnce(&mut Self),
    ) {
        self.start(tag, attributes);
        content(self);
        self.out.push_str("</");
        self.out.push_str(tag);
        self.out.push('>');
    }

    /// Writes an element that holds only text.
    pub(super) fn leaf(&mut self, tag: &'static str, attributes: &[Attribute<'_>], text: &str) {
        self.element(tag, attributes, |page| page.text(text));
    }

    /// Writes an element that can hold nothing, such as `meta`.
    pub(super) fn void(&mut self, tag: &'static str, attributes: &[Attribute<'_>]) {
        self.start(tag, attributes);
    }

    /// Writes a link to a place on this page.
    pub(super) fn link(&mut self, text: &str, anchor: &Anchor) {
        self.leaf("a", &[("href", &format!("#{}", anchor.as_str()))], text);
    }

    /// Writes text from anybody.
    pub(super) fn text(&mut self, text: &str) {
        self.out.push_str(&html_text(text));
    }

    /// Writes a part of this crate's source as it is.
    pub(super) fn verbatim(&mut self, part: &'static str) {
        self.out.push_str(part);
    }

    /// Writes a JSON value that is data, not script: no browser runs it, and nothing in it can end it.
    pub(super) fn json(&mut self, name: &str, json: &str) {
        self.start("script", &[("type", "application/json"), ("id", name)]);
        self.out.push_str(&embedded_json(json));
        self.out.push_str("</script>\n");
    }

    /// Returns the page.
    pub(super) fn finish(self) -> String {
        self.out
    }

    fn start(&mut self, tag: &'static str, attributes: &[Attribute<'_>]) {
        self.out.push('<');
        self.out.push_str(tag);
        for (name, value) in attributes {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            self.out.push_str(&html_attribute(value));
            self.out.push('"');
        }
        self.out.push('>');
    }
}
