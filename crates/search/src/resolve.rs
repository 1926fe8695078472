//! Ids in a filter made into what an index and a row can be asked.
//!
//! ```text
//! pattern="SHAPE or former id"    pattern="today's id"
//! pattern="EXCEPTION"             exception="…"
//! exception="LOOSE KEY"           exception="…" OR exception="…"
//! pattern="VARIANT"               stays, and rows are asked for the value in the hole
//! ```

use crate::row::{FieldSet, Names};
use std::sync::Arc;
use timberline_archive::catalog::VariantRecord;
use timberline_archive::patterns::{Exceptions, Patterns};
use timberline_archive::segment::{Beside, Subject};
use timberline_archive::{Archive, Result, pattern_name};
use timberline_entry::{Field, LogEntry, message};
use timberline_pattern::mask::Hole;
use timberline_query::{DerivedCompare, DerivedField, Filter, Needle, Node, Op, Operand, Test, roots_read};

/// A filter whose ids are those of today, with what is needed to ask rows for variants.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) filter: Filter,
    pub(crate) variants: Option<WantedVariants>,
}

impl Resolved {
    /// Returns the fields that have to be read to judge a row.
    pub(crate) fn fields_read(&self) -> FieldSet {
        let fields = FieldSet::of(roots_read(&self.filter));
        match self.variants {
            Some(_) => fields.union(FieldSet::of([
                Field::TextPayload,
                Field::JsonPayload,
                Field::ProtoPayload,
                Field::HttpRequest,
            ])),
            None => fields,
        }
    }

    /// Returns what has to be read beside the entry to judge a row.
    pub(crate) fn beside_read(&self) -> Beside {
        let mut beside = if self.variants.is_some() { Beside::SAID } else { Beside::NONE };
        self.filter.root().each_test(&mut |test| beside = beside.union(beside_of(test)));
        beside
    }
}

/// Returns what one test asks of a row beside its entry.
fn beside_of(test: &Test) -> Beside {
    match test {
        Test::Derived(compare) => match compare.name {
            DerivedField::Pattern | DerivedField::Exception => Beside::SAID,
            DerivedField::Source => Beside { source: true, ..Beside::NONE },
            _ => Beside::NONE,
        },
        // Functions can be about any computed field.
        Test::Function(_) => Beside::TOLD,
        Test::Compare(_) | Test::Global(_) => Beside::NONE,
    }
}

/// The variants that a filter names.
#[derive(Debug)]
pub(crate) struct WantedVariants {
    patterns: Arc<Patterns>,
    all: Vec<(String, VariantRecord)>,
}

/// Resolves the ids of a filter. Cost: nothing for a filter that names none.
///
/// # Errors
/// [`Damaged`](timberline_archive::Error::Damaged) when the catalogue or an index cannot be read.
pub(crate) fn resolve(archive: &Archive, names: &Names, filter: &Filter) -> Result<Resolved> {
    if !names_ids(filter.root()) {
        return Ok(Resolved { filter: filter.clone(), variants: None });
    }
    let mut resolver = Resolver { archive, names, exceptions: None, patterns: None, variants: Vec::new() };
    let root = resolver.node(filter.root())?;
    let variants = (!resolver.variants.is_empty()).then(|| WantedVariants {
        patterns: resolver.patterns.clone().expect("variants were found in the patterns"),
        all: resolver.variants,
    });
    Ok(Resolved { filter: Filter::new(root), variants })
}

fn names_ids(node: &Node) -> bool {
    match node {
        Node::All => false,
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().any(names_ids),
        Node::Not(node) => names_ids(node),
        Node::Test(test) => id_of(test).is_some(),
    }
}

/// Returns the id that a test asks for, and whether it must be there or must not.
fn id_of(test: &Test) -> Option<(&DerivedCompare, u64)> {
    let Test::Derived(compare) = test else { return None };
    let is_id = matches!(compare.name, DerivedField::Pattern | DerivedField::Exception)
        && matches!(compare.op, Op::Eq | Op::Ne);
    let text = Some(compare.text.as_str()).filter(|text| is_id && text.len() == 16)?;
    Some((compare, u64::from_str_radix(text, 16).ok()?))
}

struct Resolver<'a> {
    archive: &'a Archive,
    names: &'a Names,
    exceptions: Option<Exceptions>,
    patterns: Option<Arc<Patterns>>,
    variants: Vec<(String, VariantRecord)>,
}

impl Resolver<'_> {
    fn node(&mut self, node: &Node) -> Result<Node> {
        let mut all = |nodes: &[Node]| nodes.iter().map(|node| self.node(node)).collect::<Result<Vec<_>>>();
        Ok(match node {
            Node::All => Node::All,
            Node::And(nodes) => Node::and(all(nodes)?),
            Node::Or(nodes) => Node::or(all(nodes)?),
            Node::Not(node) => Node::Not(Box::new(self.node(node)?)),
            Node::Test(test) => match id_of(test) {
                Some((compare, id)) => self.id(compare, id)?,
                None => node.clone(),
            },
        })
    }

    fn id(&mut self, compare: &DerivedCompare, id: u64) -> Result<Node> {
        if compare.name == DerivedField::Pattern
            && let Some(pattern) = self.names.known_pattern(id)
        {
            return Ok(test(DerivedField::Pattern, compare.op, pattern));
        }
        if self.exceptions.is_none() {
            self.exceptions = Some(Exceptions::read(self.archive)?);
        }
        let exceptions = self.exceptions.as_ref().expect("it was just read");
        let keys = exceptions.keys_of(id);
        if !keys.is_empty() {
            let tests =
                |op| keys.iter().map(|key| test(DerivedField::Exception, op, *key)).collect::<Vec<_>>();
            return Ok(match (compare.name, compare.op) {
                (_, Op::Eq) => Node::or(tests(Op::Eq)),
                // Every entry has a pattern, and few have an exception.
                (DerivedField::Pattern, _) => Node::Not(Box::new(Node::or(tests(Op::Eq)))),
                _ => Node::and(tests(Op::Ne)),
            });
        }
        if let Some(variant) = self.variant(id)? {
            // Whichever field names it, the row's variants are texts of its pattern.
            let name = pattern_name(id);
            let positive = test(DerivedField::Pattern, Op::Eq, id);
            let is_exception = matches!(variant.subject, Subject::Exception(_));
            let subject = match variant.subject {
                Subject::Exception(key) => test(DerivedField::Exception, Op::Eq, key),
                Subject::Message(pattern) => test(DerivedField::Pattern, Op::Eq, pattern),
            };
            if !self.variants.iter().any(|(known, _)| *known == name) {
                self.variants.push((name, variant));
            }
            let both = Node::and(vec![subject, positive]);
            return Ok(match (compare.name, compare.op, is_exception) {
                (_, Op::Eq, _) => both,
                (DerivedField::Exception, _, true) => {
                    let any = DerivedCompare {
                        name: DerivedField::Exception,
                        op: Op::Has,
                        value: Operand::Present,
                        text: "*".to_owned(),
                    };
                    Node::and(vec![Node::Test(Test::Derived(any)), Node::Not(Box::new(both))])
                }
                _ => Node::Not(Box::new(both)),
            });
        }
        Ok(Node::Test(Test::Derived(compare.clone())))
    }

    fn variant(&mut self, id: u64) -> Result<Option<VariantRecord>> {
        let patterns = match &self.patterns {
            Some(patterns) => patterns.clone(),
            None => Arc::new(Patterns::read(self.archive)?),
        };
        let found = patterns.find_variant(self.archive.variants()?, id).cloned();
        self.patterns = Some(patterns);
        Ok(found)
    }
}

fn test(name: DerivedField, op: Op, id: u64) -> Node {
    let text = pattern_name(id);
    Node::Test(Test::Derived(DerivedCompare { name, op, value: Operand::Text(Needle::new(&text)), text }))
}

impl WantedVariants {
    /// Says whether a text is the id of a wanted variant.
    pub(crate) fn has(&self, text: &str) -> bool {
        self.all.iter().any(|(id, _)| id == text)
    }

    /// Says whether rows of this shape of message and exception may be of the variant with this id.
    pub(crate) fn may_be(&self, id: &str, pattern: u64, exception: Option<u64>) -> bool {
        self.all.iter().any(|(known, variant)| {
            known == id
                && match variant.subject {
                    Subject::Message(of) => of == pattern,
                    Subject::Exception(of) => Some(of) == exception,
                }
        })
    }

    /// Returns the ids of the wanted variants that an entry is of. `shape` is the fingerprint of its message's shape.
    pub(crate) fn of_entry(
        &self,
        entry: &LogEntry<'_>,
        pattern: u64,
        shape: u64,
        exception: Option<u64>,
    ) -> Vec<String> {
        let mut ids = Vec::new();
        let mut holes: Vec<Hole> = Vec::new();
        for (id, variant) in &self.all {
            let is_it = match variant.subject {
                Subject::Message(of) if of == pattern => {
                    let text = message(entry);
                    self.patterns.masker().mask(&text, &mut holes);
                    let value = self.patterns.value_at(shape, variant.place, &text, &holes);
                    value.is_some_and(|value| value == variant.value)
                }
                Subject::Exception(of) if Some(of) == exception => {
                    let value = timberline_archive::exception::value_of(entry, of, self.patterns.masker());
                    value.is_some_and(|value| value == variant.value)
                }
                _ => false,
            };
            if is_it {
                ids.push(id.clone());
            }
        }
        ids
    }
}
