//! A checked filter: every path resolved against the schema, every value converted, every pattern compiled.
//!
//! This is the form that is evaluated and that an index lowers onto its own means. It is public in full: a test of the
//! filter says which values it looks at ([`Test::touches`]) and what it asks of them ([`Operand`]).

use crate::ast::Op;
use crate::derived::DerivedField;
use crate::function::Function;
use crate::needle::Needle;
use crate::path::Path;
use crate::regex::Regex;
use crate::schema::{FieldType, root_type};
use std::collections::BTreeSet;
use timberline_entry::{Field, Severity};

/// A filter, ready to be evaluated. [`Display`](std::fmt::Display) writes an equivalent filter text.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    root: Node,
}

/// The Boolean structure of a filter. An `And` holds no `And`, an `Or` no `Or`; both hold two nodes at least.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Everything matches.
    All,
    /// All of them.
    And(Vec<Self>),
    /// One of them at least.
    Or(Vec<Self>),
    /// The opposite.
    Not(Box<Self>),
    /// One question to the entry.
    Test(Test),
}

/// One question to an entry.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// A field against a value.
    Compare(Compare),
    /// A text in any field.
    Global(Global),
    /// A function.
    Function(Function),
    /// A computed field against a value.
    Derived(DerivedCompare),
}

/// A field of the entry against a value; true when one of the values at the path satisfies it.
#[derive(Clone, Debug, PartialEq)]
pub struct Compare {
    /// Where to look.
    pub path: Path,
    /// The comparator.
    pub op: Op,
    /// The value, converted to the field's type.
    pub value: Operand,
    /// The value as it was meant: escapes resolved, of a pattern its source.
    pub text: String,
}

/// A computed field against a value. The operand is [`Operand::Text`], [`Operand::Regex`] or [`Operand::Present`].
#[derive(Clone, Debug, PartialEq)]
pub struct DerivedCompare {
    /// Which field.
    pub name: DerivedField,
    /// The comparator.
    pub op: Op,
    /// The value.
    pub value: Operand,
    /// The value as it was meant.
    pub text: String,
}

/// A text looked for in every leaf of the entry: substring of strings, equal to anything else.
#[derive(Clone, Debug, PartialEq)]
pub struct Global {
    /// What to look for, read as every type it can be.
    pub wanted: Candidates,
    /// The text as it was meant.
    pub text: String,
    /// Whether keys of free fields are searched as well.
    pub keys: bool,
}

/// The right-hand side of a comparison in the type of its left.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// For strings of the service and labels: compared folded.
    Text(Needle),
    /// For free fields, whose type is known only when the value is met, and for messages.
    Any(Candidates),
    /// For integers.
    Integer(i64),
    /// For numbers that `cast` made.
    Number(f64),
    /// For Booleans.
    Bool(bool),
    /// For severities, as their number: the filter may name one that does not exist.
    Severity(i32),
    /// For durations, in nanoseconds.
    Duration(i64),
    /// For timestamps, in nanoseconds since the Unix epoch. Years beyond those a timestamp holds lie at its ends.
    Timestamp(i64),
    /// `NULL_VALUE`: with `=` and `:` an explicit null, with `!=` anything else that is there.
    Null,
    /// `:*`: explicitly there.
    Present,
    /// `=~` and `!~`: on raw strings and the names of severities, false on everything else.
    Regex(Regex),
}

/// A number of which nothing is known but its text.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// A whole one: doubles would take neighbours above 2⁵³ for one another.
    Whole(i64),
    /// Any other.
    Double(f64),
}

impl Number {
    fn new(text: &str) -> Option<Self> {
        let whole = crate::literal::whole(text).map(Self::Whole);
        whole.or_else(|| crate::literal::number(text).map(Self::Double))
    }

    /// Returns the double that is nearest.
    pub const fn as_double(self) -> f64 {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "the nearest one is asked for")]
            Self::Whole(number) => number as f64,
            Self::Double(number) => number,
        }
    }
}

/// A text read as every type that a value may turn out to have.
#[derive(Clone, Debug)]
pub struct Candidates {
    /// For strings.
    pub needle: Needle,
    /// For numbers.
    pub number: Option<Number>,
    /// For Booleans.
    pub boolean: Option<bool>,
    /// For severities, by name.
    pub severity: Option<Severity>,
    /// For durations, in nanoseconds.
    pub duration: Option<i64>,
    /// For timestamps, in nanoseconds since the Unix epoch.
    pub timestamp: Option<i64>,
}

/// All readings come from the text, so equal needles with equal numbers are equal; `NaN` is itself here.
impl PartialEq for Candidates {
    fn eq(&self, other: &Self) -> bool {
        let bits = |number: Number| number.as_double().to_bits();
        self.needle == other.needle && self.number.map(bits) == other.number.map(bits)
    }
}

impl Candidates {
    /// Reads a text as everything it can be.
    pub fn new(text: &str) -> Self {
        Self {
            needle: Needle::new(text),
            number: Number::new(text),
            boolean: crate::literal::boolean(text),
            severity: Severity::ALL.into_iter().find(|severity| severity.name().eq_ignore_ascii_case(text)),
            duration: crate::literal::duration_ns(text),
            timestamp: crate::literal::timestamp_ns(text),
        }
    }
}

impl Filter {
    /// The filter that everything matches.
    pub const fn all() -> Self {
        Self { root: Node::All }
    }

    /// Makes a filter of a node.
    pub const fn new(root: Node) -> Self {
        Self { root }
    }

    /// Makes the filter that matches what both match.
    pub fn and(a: Self, b: Self) -> Self {
        Self { root: Node::and(vec![a.root, b.root]) }
    }

    /// Returns the outermost node.
    pub const fn root(&self) -> &Node {
        &self.root
    }
}

impl Node {
    /// Joins nodes by AND: flat, without [`Node::All`].
    pub fn and(nodes: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(nodes.len());
        for node in nodes {
            match node {
                Self::All => {}
                Self::And(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        match flat.len() {
            0 => Self::All,
            1 => flat.remove(0),
            _ => Self::And(flat),
        }
    }

    /// Joins nodes by OR: flat. There must be one at least.
    pub fn or(nodes: Vec<Self>) -> Self {
        debug_assert!(!nodes.is_empty(), "an OR of nothing has no text");
        let mut flat = Vec::with_capacity(nodes.len());
        for node in nodes {
            match node {
                Self::Or(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        if flat.len() == 1 { flat.remove(0) } else { Self::Or(flat) }
    }

    /// Calls `visit` with every test, in the order of the text.
    pub fn each_test<'n>(&'n self, visit: &mut dyn FnMut(&'n Test)) {
        match self {
            Self::All => {}
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().for_each(|node| node.each_test(visit)),
            Self::Not(node) => node.each_test(visit),
            Self::Test(test) => visit(test),
        }
    }
}

impl Compare {
    /// Says whether the value of the leaf under `root` at `keys` can decide this comparison. Arrays have no keys.
    ///
    /// One-sided: `false` means that the leaf plays no part; `true` promises nothing.
    pub fn touches(&self, root: Field, keys: &[&str]) -> bool {
        match (&self.value, self.op) {
            (Operand::Present | Operand::Null, _) | (_, Op::Has) => self.path.touches(root, keys),
            _ => self.path.is_at(root, keys),
        }
    }
}

impl Test {
    /// Says whether the value of the leaf under `root` at `keys` can decide this test. Arrays have no keys.
    ///
    /// One-sided: `false` means that the leaf plays no part; `true` promises nothing. A computed field is taken to
    /// depend on every leaf of the fields it is computed from.
    pub fn touches(&self, root: Field, keys: &[&str]) -> bool {
        match self {
            Self::Compare(compare) => compare.touches(root, keys),
            Self::Global(global) => global.can_read(root),
            Self::Function(function) => function.touches(root, keys),
            Self::Derived(compare) => compare.name.roots_read().contains(&root),
        }
    }
}

impl Global {
    /// Says whether a field of the entry can hold what is looked for, by its type.
    pub fn can_read(&self, root: Field) -> bool {
        match root_type(root) {
            FieldType::Timestamp => self.wanted.timestamp.is_some(),
            FieldType::Severity => self.wanted.severity.is_some(),
            FieldType::Bool => self.wanted.boolean.is_some(),
            _ => true,
        }
    }
}

/// Returns the fields of the entry that evaluation may read. Whoever evaluates must provide these and no others.
///
/// A computed field that the caller does not provide is computed from resource and payload, so these are counted.
pub fn roots_read(filter: &Filter) -> BTreeSet<Field> {
    let mut roots = BTreeSet::new();
    filter.root().each_test(&mut |test| match test {
        Test::Compare(compare) => {
            roots.insert(compare.path.root);
        }
        Test::Global(global) => roots.extend(Field::ALL.into_iter().filter(|root| global.can_read(*root))),
        Test::Function(function) => roots.extend(function.roots_read()),
        Test::Derived(compare) => roots.extend(compare.name.roots_read()),
    });
    roots
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, compile};

    fn filter(text: &str) -> Filter {
        compile(text, &Options::default()).unwrap().filter
    }

    #[test]
    fn joining_keeps_chains_flat() {
        let joined = Filter::and(filter("severity=ERROR textPayload:x"), filter("trace:y"));
        assert_eq!(joined, filter("severity=ERROR textPayload:x trace:y"));
        assert_eq!(Filter::and(Filter::all(), filter("trace:y")), filter("trace:y"));
        assert_eq!(Filter::and(Filter::all(), Filter::all()), Filter::all());
        assert_eq!(filter("(a OR b) OR c"), filter("a OR (b OR c)"));
    }

    #[test]
    fn roots() {
        let check = |text: &str, expected: &[Field]| {
            assert_eq!(roots_read(&filter(text)).into_iter().collect::<Vec<_>>(), expected, "{text}");
        };
        check("", &[]);
        check("severity=ERROR labels.a=b NOT trace:x", &[Field::Severity, Field::Labels, Field::Trace]);
        check("log_id(a) source(projects/p)", &[Field::LogName]);
        check("service=a", &[Field::Resource]);
        check("cast(timestamp, STRING)=~\"x\"", &[Field::Timestamp]);
        let global = roots_read(&filter("foo"));
        assert!(global.contains(&Field::JsonPayload) && !global.contains(&Field::Timestamp));
        assert!(
            !global.contains(&Field::Severity) && roots_read(&filter("error")).contains(&Field::Severity)
        );
        assert!(roots_read(&filter("2025-01-01")).contains(&Field::Timestamp));
        assert!(!roots_read(&filter("SEARCH(\"x\")")).contains(&Field::Severity));
    }

    #[test]
    fn touched_leaves() {
        let touches = |text: &str, root: Field, keys: &[&str]| {
            let mut any = false;
            filter(text).root().each_test(&mut |test| any |= test.touches(root, keys));
            any
        };
        assert!(touches("jsonPayload.a=1", Field::JsonPayload, &["a"]));
        assert!(!touches("jsonPayload.a=1", Field::JsonPayload, &["a", "b"]));
        assert!(touches("jsonPayload.a:1", Field::JsonPayload, &["a", "b"]));
        assert!(touches("jsonPayload.a:*", Field::JsonPayload, &["a", "b"]));
        assert!(touches("x", Field::TextPayload, &[]));
        assert!(!touches("log_id(x)", Field::TextPayload, &[]));
        assert!(touches("SEARCH(jsonPayload, \"x\")", Field::JsonPayload, &["a", "b"]));
        assert!(touches("message:x", Field::TextPayload, &[]));
    }
}
