//! Finds the values in a message: numbers, addresses, paths, names with digits and so on.
//!
//! What remains when the values are taken out is the statement that wrote the message. The classes, their order and the
//! joining of neighbours are a contract: fingerprints depend on them and live for years. Change [`MASK_VERSION`] with them.
//!
//! ```text
//! Received block blk_38 of size 67 from /10.0.0.1      holes: Word, Num, Ip
//! ```

mod class;
mod id;
mod join;
mod net;
mod number;
mod pairs;
mod path;
mod rules;
mod scan;
mod time;
mod word;

pub use rules::RuleError;

pub(crate) use class::{ALPHA, CLASS, HIGH, SPACE, UNDERSCORE, WORD, escape_end, is_light, word_len};

/// The version of the classes and their joining; part of every fingerprint.
pub const MASK_VERSION: u32 = 2;

/// What kind of value a hole holds.
///
/// Kinds are for display and search. Fingerprints see one symbol for all, so that a place which is sometimes a name and
/// sometimes an address is one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum HoleKind {
    /// A number, with or without sign, fraction and percent sign.
    Num = 0,
    /// An IPv4 or IPv6 address, with or without port.
    Ip = 1,
    /// A UUID.
    Uuid = 2,
    /// A file path, a route, or a place in a source file.
    Path = 3,
    /// An address with a scheme.
    Url = 4,
    /// A date, a time of day or both.
    Time = 5,
    /// A number with a unit of time.
    Duration = 6,
    /// A number with a unit of bytes.
    Size = 7,
    /// A hexadecimal number.
    Hex = 8,
    /// An e-mail address.
    Email = 9,
    /// A host name, or a dotted name with a port.
    Host = 10,
    /// A hardware address.
    Mac = 11,
    /// A word with a digit in it.
    Word = 12,
    /// A truth value, or the absence of a value.
    Bool = 13,
    /// A dotted name of three parts or more: a module, class or logger.
    Name = 14,
    /// A dotted number of three parts or more.
    Version = 15,
    /// Any other value, several of different kinds side by side, or a place found to vary by comparison.
    Value = 16,
}

impl HoleKind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 17] = [
        Self::Num,
        Self::Ip,
        Self::Uuid,
        Self::Path,
        Self::Url,
        Self::Time,
        Self::Duration,
        Self::Size,
        Self::Hex,
        Self::Email,
        Self::Host,
        Self::Mac,
        Self::Word,
        Self::Bool,
        Self::Name,
        Self::Version,
        Self::Value,
    ];

    /// Returns the mark that stands for a value of this kind in a template; `<*>` for [`Self::Value`].
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Num => "<num>",
            Self::Ip => "<ip>",
            Self::Uuid => "<uuid>",
            Self::Path => "<path>",
            Self::Url => "<url>",
            Self::Time => "<time>",
            Self::Duration => "<duration>",
            Self::Size => "<size>",
            Self::Hex => "<hex>",
            Self::Email => "<email>",
            Self::Host => "<host>",
            Self::Mac => "<mac>",
            Self::Word => "<word>",
            Self::Bool => "<bool>",
            Self::Name => "<name>",
            Self::Version => "<version>",
            Self::Value => "<*>",
        }
    }

    /// Returns the kind whose mark is `<name>`; `value` and `*` name [`Self::Value`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let plain = |kind: &Self| kind.as_str().trim_matches(['<', '>']) == name;
        Self::ALL.into_iter().find(plain).or((name == "value").then_some(Self::Value))
    }

    /// Returns the kind of a place that holds values of both kinds: the common one, else [`Self::Value`].
    ///
    /// Commutative and associative, so the kind of a place does not depend on the order of lines.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if self == other { self } else { Self::Value }
    }
}

/// One value of a message.
///
/// Holes of one message are in ascending order, do not overlap and lie on character boundaries. A hole may be empty: the
/// place between the brackets of ` () `.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hole {
    /// First byte of the value.
    pub start: u32,
    /// The byte behind the value.
    pub end: u32,
    /// What kind of value it is.
    pub kind: HoleKind,
}

impl Hole {
    #[expect(clippy::cast_possible_truncation, reason = "`Masker::mask` cuts texts at `u32::MAX` bytes")]
    #[inline]
    fn new(start: usize, end: usize, kind: HoleKind) -> Self {
        Self { start: start as u32, end: end as u32, kind }
    }

    #[inline]
    pub(crate) fn start_idx(self) -> usize {
        self.start as usize
    }

    #[inline]
    pub(crate) fn end_idx(self) -> usize {
        self.end as usize
    }

    /// Returns the value itself, out of the text that was masked.
    #[must_use]
    pub fn value(self, text: &str) -> &str {
        &text[self.start_idx()..self.end_idx()]
    }
}

/// Finds values by the built-in classes, and before them by the rules of a user.
#[derive(Debug, Clone, Default)]
pub struct Masker {
    rules: Option<rules::Rules>,
}

impl Masker {
    /// Returns the masker every archive uses unless told otherwise: the built-in classes alone.
    #[must_use]
    pub fn standard() -> Self {
        Self::default()
    }

    /// Returns a masker that asks the given rules before the built-in classes.
    ///
    /// `rules` holds one `name = regex` a line; empty lines and lines that begin with `#` are passed over. The name of a
    /// kind (`num`, `path`, …) gives the match that kind, any other name gives [`HoleKind::Value`]. Where two rules match
    /// at one place the earlier line wins.
    ///
    /// # Errors
    /// [`RuleError`] with the line when a line is not of this form, its regex is invalid, or matches the empty text.
    pub fn with_rules(rules: &str) -> Result<Self, RuleError> {
        Ok(Self { rules: rules::Rules::parse(rules)? })
    }

    /// Says whether there are no rules besides the built-in classes.
    #[must_use]
    pub const fn is_standard(&self) -> bool {
        self.rules.is_none()
    }

    /// Replaces the content of `holes` with the values of `text`.
    ///
    /// Cost: one pass, about a nanosecond a byte, and no allocation besides the growth of `holes`.
    pub fn mask(&self, text: &str, holes: &mut Vec<Hole>) {
        holes.clear();
        // Offsets are 32 bits wide. A message of 4 GiB has no pattern worth finding behind them.
        let text = match u32::try_from(text.len()) {
            Ok(_) => text,
            Err(_) => &text[..text.floor_char_boundary(u32::MAX as usize)],
        };
        let mut from = 0;
        if let Some(rules) = &self.rules {
            rules.each(text, |hole| {
                scan::scan(text, from, hole.start_idx(), holes);
                join::push(text, holes, hole.start_idx(), hole.end_idx(), hole.kind);
                from = hole.end_idx();
            });
        }
        scan::scan(text, from, text.len(), holes);
        join::take_marks(text, holes);
    }
}

#[cfg(test)]
mod tests;
