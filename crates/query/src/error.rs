//! Why a filter was refused: what is wrong, where, and what might have been meant.

use crate::placed::Placed;

/// A filter that cannot be used.
pub type Error = Placed<ErrorKind>;

/// The ways in which a filter can be wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// More than [`MAX_CHARACTERS`](crate::MAX_CHARACTERS).
    #[error("the filter has {characters} characters, at most {} are allowed", crate::MAX_CHARACTERS)]
    TooLong {
        /// How many there are.
        characters: usize,
    },
    /// More than [`MAX_NESTING`](crate::MAX_NESTING) parentheses inside one another.
    #[error("more than {} parentheses inside one another", crate::MAX_NESTING)]
    TooDeep,
    /// A string without its closing quote.
    #[error("this string has no closing quote")]
    OpenString,
    /// A string in single quotes, read strictly.
    #[error("strings stand in double quotes")]
    SingleQuotes,
    /// A character that can begin nothing.
    #[error("unexpected character '{0}'")]
    Character(char),
    /// Something that cannot stand here.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What the grammar allows.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// An opening parenthesis that is never closed.
    #[error("this parenthesis is not closed")]
    OpenParenthesis,
    /// A closing parenthesis that was never opened.
    #[error("this parenthesis was not opened")]
    StrayParenthesis,
    /// `NOT NOT a`.
    #[error("NOT cannot be repeated without parentheses")]
    RepeatedNot,
    /// `- a`, read strictly.
    #[error("the minus sign must touch what it negates")]
    LooseMinus,
    /// `a=(b=1)`.
    #[error("a list of values holds no comparisons")]
    ComparisonInList,
    /// A regular expression without quotes.
    #[error("a regular expression stands in double quotes")]
    UnquotedRegex,
    /// A field that no log entry has.
    #[error("log entries have no field '{0}'")]
    UndefinedField(String),
    /// A field below one that has no such field below it.
    #[error("'{parent}' has no field '{name}'")]
    UndefinedSubField {
        /// The field as far as it is known.
        parent: String,
        /// What was asked for below it.
        name: String,
    },
    /// A value that cannot be compared with its field.
    #[error("the value '{value}' is of incorrect type: {field} is {wanted}")]
    WrongType {
        /// The value as written.
        value: String,
        /// The field.
        field: String,
        /// What would fit.
        wanted: &'static str,
    },
    /// A regular expression that cannot be read.
    #[error("invalid regular expression: {0}")]
    Regex(String),
    /// A function that does not exist.
    #[error("there is no function '{0}'")]
    UndefinedFunction(String),
    /// A function in a place where it gives nothing useful, such as `cast` without comparison.
    #[error("{0}")]
    MisplacedFunction(String),
    /// A wrong number or kind of arguments.
    #[error("{function} takes {usage}")]
    Arguments {
        /// The function's name.
        function: &'static str,
        /// Its arguments.
        usage: &'static str,
    },
    /// A network that is neither an address nor a range.
    #[error("'{0}' is no IP address or network")]
    Subnet(String),
    /// A sampling fraction outside (0, 1].
    #[error("the fraction '{0}' is not above 0 and at most 1")]
    Fraction(String),
    /// A time zone without entry in the tz database.
    #[error("there is no time zone '{0}'")]
    TimeZone(String),
    /// A search text that asks for nothing.
    #[error("SEARCH needs at least one word to look for")]
    EmptySearch,
    /// A backtick without its partner.
    #[error("a backtick in SEARCH is not closed")]
    OpenBacktick,
}
