//! Filter and entry to yes or no: the definition of what matches.
//!
//! ```text
//! And, Or, Not   as usual; there are two truth values and no third
//! comparison     some value at the path satisfies it; no value: the type's default does, or, in a free field, nothing
//! search term    some leaf of the entry contains it, or is equal to it where it is no string
//! ```
//!
//! Cost: no allocation for ASCII text without JSON escapes, but for percent-encoded log names and computed values.

mod compare;
mod computed;
mod function;

use crate::ast::Op;
use crate::derived::{Derived, DerivedField};
use crate::filter::{DerivedCompare, Filter, Global, Node, Test};
use crate::resolve::{any_key, any_leaf_of_entry};
use crate::schema::root_type;
use timberline_entry::{Field, LogEntry};

pub(crate) use function::percent_decode;

/// Says whether an entry matches a filter. Service, revision and message are computed from the entry; other derived
/// fields are missing.
pub fn eval(filter: &Filter, entry: &LogEntry<'_>) -> bool {
    eval_with(filter, entry, &Derived::default())
}

/// Says whether an entry matches a filter, given what is known about it beyond its own fields.
pub fn eval_with<'a>(filter: &Filter, entry: &LogEntry<'a>, derived: &Derived<'a>) -> bool {
    node(filter.root(), &Subject { entry, derived })
}

/// What is being judged.
#[derive(Clone, Copy)]
struct Subject<'s, 'a> {
    entry: &'s LogEntry<'a>,
    derived: &'s Derived<'a>,
}

/// Depth is bounded: parentheses by the parser, and one level of the tree needs one of them or a NOT.
fn node(node: &Node, subject: &Subject<'_, '_>) -> bool {
    match node {
        Node::All => true,
        Node::And(nodes) => nodes.iter().all(|inner| self::node(inner, subject)),
        Node::Or(nodes) => nodes.iter().any(|inner| self::node(inner, subject)),
        Node::Not(inner) => !self::node(inner, subject),
        Node::Test(test) => self::test(test, subject),
    }
}

fn test(test: &Test, subject: &Subject<'_, '_>) -> bool {
    match test {
        Test::Compare(compare) => compare::compare(compare, subject.entry),
        Test::Global(global) => self::global(global, subject.entry),
        Test::Function(function) => function::function(function, subject),
        Test::Derived(compare) => self::derived(compare, subject),
    }
}

fn global(global: &Global, entry: &LogEntry<'_>) -> bool {
    any_leaf_of_entry(entry, &mut |kind, leaf| global.accepts(kind, leaf))
        || global.keys
            && Field::ALL.into_iter().any(|field| {
                entry.get(field).is_some_and(|value| {
                    any_key(value, root_type(field), &mut |key| global.wanted.needle.is_in(key))
                })
            })
}

fn derived(compare: &DerivedCompare, subject: &Subject<'_, '_>) -> bool {
    let Some(text) = subject.derived.value(compare.name, subject.entry) else { return false };
    let variants = match compare.name {
        DerivedField::Pattern => subject.derived.variants.as_slice(),
        _ => &[],
    };
    // An entry is of its pattern and of its variants: it is not of another only if none of them is that.
    match compare.op {
        Op::Ne | Op::NotMatch => {
            compare.accepts(&text) && variants.iter().all(|variant| compare.accepts(variant))
        }
        _ => compare.accepts(&text) || variants.iter().any(|variant| compare.accepts(variant)),
    }
}

#[cfg(test)]
mod tests;
