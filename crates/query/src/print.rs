//! Filter to text: an equivalent filter in which nothing depends on precedence.
//!
//! Every group inside another stands in parentheses and every value in quotes; lists of values appear as the comparisons
//! they stand for. Reading the text gives the same filter, as long as it stays below the limits of the language, which
//! lists and parentheses can exceed.

use crate::ast::Op;
use crate::filter::{Filter, Node, Operand, Test};
use crate::function::{Function, Scalar, Search};
use crate::unescape::quote;
use std::fmt::{self, Display};

impl Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root().fmt(f)
    }
}

/// The node as a filter of its own.
impl Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => Ok(()),
            Self::Test(test) => test.fmt(f),
            Self::Not(inner) => {
                f.write_str("NOT ")?;
                nested(inner, f)
            }
            Self::And(nodes) => joined(nodes, " AND ", f),
            Self::Or(nodes) => joined(nodes, " OR ", f),
        }
    }
}

fn joined(nodes: &[Node], word: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (idx, node) in nodes.iter().enumerate() {
        if idx > 0 {
            f.write_str(word)?;
        }
        match node {
            Node::Not(_) => node.fmt(f)?,
            _ => nested(node, f)?,
        }
    }
    Ok(())
}

fn nested(node: &Node, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match node {
        Node::Test(test) => test.fmt(f),
        _ => write!(f, "({node})"),
    }
}

impl Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compare(compare) => comparison(&compare.path, compare.op, &compare.value, &compare.text, f),
            Self::Derived(compare) => {
                comparison(&compare.name.name(), compare.op, &compare.value, &compare.text, f)
            }
            Self::Global(global) => f.write_str(&quote(&global.text)),
            Self::Function(function) => function.fmt(f),
        }
    }
}

fn comparison(
    left: &dyn Display,
    op: Op,
    value: &Operand,
    text: &str,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    write!(f, "{left}{}", op.text())?;
    match value {
        Operand::Present => f.write_str("*"),
        Operand::Null => f.write_str("NULL_VALUE"),
        // A pattern is read without unescaping, so it is written without escaping.
        Operand::Regex(regex) => write!(f, "\"{}\"", regex.source()),
        _ => f.write_str(&quote(text)),
    }
}

impl Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LogId { text, .. } => write!(f, "log_id({})", quote(text)),
            Self::Source { text, .. } => write!(f, "source({})", quote(text)),
            Self::Sample { field, text, .. } => write!(f, "sample({field}, {})", quote(text)),
            Self::IpInNet { field, text, .. } => write!(f, "ip_in_net({field}, {})", quote(text)),
            Self::Search(Search { field: None, query }) => write!(f, "SEARCH({})", quote(query.text())),
            Self::Search(Search { field: Some(field), query }) => {
                write!(f, "SEARCH({field}, {})", quote(query.text()))
            }
            Self::Computed { left, op, value, text } => comparison(left, *op, value, text, f),
        }
    }
}

impl Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(field) => field.fmt(f),
            Self::Cast { of, to, zone: None } => write!(f, "cast({of}, {})", to.name()),
            Self::Cast { of, to, zone: Some(zone) } => {
                write!(f, "cast({of}, {}, TIMEZONE({}))", to.name(), quote(&zone.name))
            }
            Self::Extract { of, regex } => write!(f, "regexp_extract({of}, {})", quote(regex.source())),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Options, compile};

    fn check(text: &str, expected: &str) {
        let filter = compile(text, &Options::default()).unwrap().filter;
        assert_eq!(filter.to_string(), expected, "{text}");
        assert_eq!(compile(expected, &Options::default()).unwrap().filter, filter, "{text}");
    }

    #[test]
    fn fully_parenthesised() {
        check("", "");
        check(
            "severity=ERROR textPayload:a OR textPayload:b",
            "severity=\"ERROR\" AND (textPayload:\"a\" OR textPayload:\"b\")",
        );
        check("trace=(a OR NOT b)", "trace=\"a\" OR NOT trace=\"b\"");
        check("-(a b) NOT (NOT c)", "NOT (\"a\" AND \"b\") AND NOT (NOT \"c\")");
        check("textPayload=~\"\\d\\\"\"", "textPayload=~\"\\d\\\"\"");
        check("textPayload=~'a\"b'", "textPayload=~\"a\\\"b\"");
        check(
            "jsonPayload.a=NULL_VALUE jsonPayload.b:* jsonPayload.\"c.d\"=\"NULL_VALUE\"",
            "jsonPayload.a=NULL_VALUE AND jsonPayload.b:* AND jsonPayload.\"c.d\"=\"NULL_VALUE\"",
        );
        check("labels.x:\"*\"", "labels.x:\"*\"");
        check("revision=a", "revision=\"a\"");
        check("SEARCH(a.b)", "SEARCH(\"a.b\")");
        check(
            "CAST(REGEXP_EXTRACT(cast(timestamp, string, TIME_ZONE(UTC)), \"(\\\\d)\"), INT64)<3",
            "cast(regexp_extract(cast(timestamp, STRING, TIMEZONE(\"UTC\")), \"(\\\\d)\"), INT64)<\"3\"",
        );
        check("sample(insertId, 0.5)", "sample(insertId, \"0.5\")");
    }
}
