//! The tree of a filter as it was written, with places. What it means is the [`Filter`](crate::Filter)'s business.

use crate::span::Span;

/// A comparator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// `!=`
    Ne,
    /// `!~`
    NotMatch,
    /// `=~`
    Match,
    /// `<=`
    Le,
    /// `>=`
    Ge,
    /// `<`
    Lt,
    /// `>`
    Gt,
    /// `=`
    Eq,
    /// `:`
    Has,
}

impl Op {
    /// All comparators, the longer spelling before the shorter that begins it.
    pub const ALL: [Self; 9] =
        [Self::Ne, Self::NotMatch, Self::Match, Self::Le, Self::Ge, Self::Lt, Self::Gt, Self::Eq, Self::Has];

    /// Returns the comparator as it is written.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Ne => "!=",
            Self::NotMatch => "!~",
            Self::Match => "=~",
            Self::Le => "<=",
            Self::Ge => ">=",
            Self::Lt => "<",
            Self::Gt => ">",
            Self::Eq => "=",
            Self::Has => ":",
        }
    }

    /// Says whether the right-hand side is a regular expression.
    pub const fn is_regex(self) -> bool {
        matches!(self, Self::Match | Self::NotMatch)
    }

    /// Says whether the comparison is about order: `<`, `<=`, `>`, `>=`.
    pub const fn is_ordering(self) -> bool {
        matches!(self, Self::Lt | Self::Le | Self::Gt | Self::Ge)
    }
}

/// A Boolean structure over leaves. Chains are flat: an `And` in an `And` stood in parentheses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tree<L> {
    /// One term.
    Leaf(L),
    /// All of them.
    And(Vec<Self>),
    /// One of them at least.
    Or(Vec<Self>),
    /// The opposite.
    Not(Box<Self>),
}

/// A whole filter; `None` is the empty one, which everything matches.
pub type Ast = Option<Tree<Term>>;

/// What Boolean operators join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// `field op value`, `function op value`, `field op (list)`.
    Comparison(Comparison),
    /// Text without comparator, looked for in every field.
    Global(Literal),
    /// A function that stands alone.
    Call(Call),
}

/// A comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The left-hand side.
    pub left: Comparable,
    /// The comparator.
    pub op: Op,
    /// Where the comparator stands.
    pub op_span: Span,
    /// One value, or a list of them.
    pub right: Tree<Literal>,
    /// Where the right-hand side stands.
    pub right_span: Span,
}

/// What can stand on the left of a comparator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparable {
    /// A path.
    Member(Member),
    /// A function.
    Call(Call),
}

/// Words and strings joined by dots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// At least one.
    pub pieces: Vec<Piece>,
    /// Where it stands.
    pub span: Span,
}

/// A word or a string of a [`Member`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// A word as written, or a string's content with escapes resolved.
    pub text: String,
    /// A string's content as written, for regular expressions, which read escapes themselves. Empty for a word.
    pub raw: String,
    /// Whether it is a string.
    pub quoted: bool,
    /// Where it stands.
    pub span: Span,
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    /// The value with escapes resolved.
    pub text: String,
    /// The value as written between the quotes.
    pub raw: String,
    /// Whether it stood in quotes.
    pub quoted: bool,
    /// Where it stands.
    pub span: Span,
}

/// A call of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The name as written.
    pub name: String,
    /// Where the name stands.
    pub name_span: Span,
    /// The arguments.
    pub args: Vec<Argument>,
    /// Where the whole call stands.
    pub span: Span,
}

/// An argument of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// A path or a value: which of them, the function decides.
    Member(Member),
    /// A call inside a call.
    Call(Call),
    /// Something in parentheses, which no function takes.
    List(Span),
}

impl Argument {
    /// Returns where the argument stands.
    pub const fn span(&self) -> Span {
        match self {
            Self::Member(member) => member.span,
            Self::Call(call) => call.span,
            Self::List(span) => *span,
        }
    }
}
