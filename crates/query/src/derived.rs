//! Fields that are not part of a log entry but computed from it, and can be compared like one.

use crate::ast::Member;
use crate::error::{Error, ErrorKind};
use crate::schema::fold_name;
use std::borrow::Cow;
use timberline_entry::{Field, LogEntry, message, origin};

/// A computed field. All are text; one that is empty or unknown is missing: every comparison with it is false.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DerivedField {
    /// The id of the pattern of the message.
    Pattern,
    /// The fingerprint of the exception in the message.
    Exception,
    /// What was deployed.
    Service,
    /// Which deployment of it.
    Revision,
    /// What the entry says.
    Message,
    /// The file the entry was read from.
    Source,
}

/// The computed fields of one entry, as far as they are known.
#[derive(Clone, Debug, Default)]
pub struct Derived<'a> {
    /// See [`DerivedField::Pattern`].
    pub pattern: Option<Cow<'a, str>>,
    /// Further texts of [`DerivedField::Pattern`]: finer ids that the entry has as well.
    pub variants: Vec<Cow<'a, str>>,
    /// See [`DerivedField::Exception`].
    pub exception: Option<Cow<'a, str>>,
    /// See [`DerivedField::Service`].
    pub service: Option<Cow<'a, str>>,
    /// See [`DerivedField::Revision`].
    pub revision: Option<Cow<'a, str>>,
    /// See [`DerivedField::Message`].
    pub message: Option<Cow<'a, str>>,
    /// See [`DerivedField::Source`].
    pub source: Option<Cow<'a, str>>,
}

impl DerivedField {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Pattern, Self::Exception, Self::Service, Self::Revision, Self::Message, Self::Source];

    /// Returns the name in a filter.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pattern => "pattern",
            Self::Exception => "exception",
            Self::Service => "service",
            Self::Revision => "revision",
            Self::Message => "message",
            Self::Source => "source",
        }
    }

    /// Returns the fields of the entry it is computed from when nobody provides it.
    pub(crate) const fn roots_read(self) -> &'static [Field] {
        match self {
            Self::Service | Self::Revision => &[Field::Resource],
            Self::Message => {
                &[Field::TextPayload, Field::JsonPayload, Field::ProtoPayload, Field::HttpRequest]
            }
            Self::Pattern | Self::Exception | Self::Source => &[],
        }
    }

    /// Reads a member of the tree as a derived field; `None` when it is none.
    pub(crate) fn of_member(member: &Member) -> Result<Option<Self>, Error> {
        let name = fold_name(&member.pieces[0].text);
        let Some(field) = Self::ALL.into_iter().find(|field| field.name() == name) else { return Ok(None) };
        match member.pieces.get(1) {
            None => Ok(Some(field)),
            Some(piece) => {
                let parent = field.name().to_owned();
                let kind = ErrorKind::UndefinedSubField { parent, name: piece.text.clone() };
                Err(Error::new(kind, piece.span))
            }
        }
    }
}

impl<'a> Derived<'a> {
    /// Returns what the caller knows, completed by what the entry itself tells: service, revision, message.
    pub(crate) fn value<'d>(&'d self, field: DerivedField, entry: &LogEntry<'a>) -> Option<Cow<'d, str>> {
        let known = match field {
            DerivedField::Pattern => &self.pattern,
            DerivedField::Exception => &self.exception,
            DerivedField::Service => &self.service,
            DerivedField::Revision => &self.revision,
            DerivedField::Message => &self.message,
            DerivedField::Source => &self.source,
        };
        let text: Cow<'d, str> = match (known, field) {
            (Some(text), _) => Cow::Borrowed(text),
            (None, DerivedField::Service) => origin(entry).service,
            (None, DerivedField::Revision) => origin(entry).revision,
            (None, DerivedField::Message) => message(entry),
            (None, _) => return None,
        };
        (!text.is_empty()).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_is_missing() {
        let entry = LogEntry::empty();
        let derived = Derived { pattern: Some("p".into()), source: Some("".into()), ..Derived::default() };
        assert_eq!(derived.value(DerivedField::Pattern, &entry).as_deref(), Some("p"));
        assert_eq!(derived.value(DerivedField::Source, &entry), None);
        assert_eq!(derived.value(DerivedField::Service, &entry), None);
        assert_eq!(derived.value(DerivedField::Exception, &entry), None);
    }
}
