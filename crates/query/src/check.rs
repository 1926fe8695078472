//! Tree to filter: fields are looked up, values converted to their types, patterns compiled.
//!
//! A value that cannot be converted to the type of a field of the service refuses the whole filter, as the service does;
//! below a free field it makes the comparison false, because the type is known only entry by entry.
//!
//! Source: Logging query language, edition of 2024-05-15, "Values and conversions".

mod function;
mod value;

use crate::ast::{Ast, Comparable, Comparison, Literal, Member, Op, Term, Tree};
use crate::derived::DerivedField;
use crate::error::{Error, ErrorKind};
use crate::filter::{Candidates, Compare, DerivedCompare, Filter, Global, Node, Operand, Test};
use crate::needle::Needle;
use crate::path::{FieldPath, Path};
use crate::regex::Regex;
use crate::schema::FieldType;
use crate::suggest::suggest;
use crate::unescape::unescape;
use crate::warning::{Warning, WarningKind};
use crate::{Options, Span};
use timberline_entry::Field;

/// Checks a tree.
pub(crate) fn check(ast: &Ast, options: &Options, warnings: &mut Vec<Warning>) -> Result<Filter, Error> {
    let mut checker = Checker { options, warnings };
    match ast {
        None => Ok(Filter::all()),
        Some(tree) => Ok(Filter::new(checker.tree(tree)?)),
    }
}

struct Checker<'o, 'w> {
    options: &'o Options,
    warnings: &'w mut Vec<Warning>,
}

/// Carries a Boolean structure over, leaf by leaf.
fn lower<L>(tree: &Tree<L>, leaf: &mut dyn FnMut(&L) -> Result<Node, Error>) -> Result<Node, Error> {
    Ok(match tree {
        Tree::Leaf(term) => leaf(term)?,
        Tree::Not(inner) => Node::Not(Box::new(lower(inner, leaf)?)),
        Tree::And(items) => Node::and(lower_all(items, leaf)?),
        Tree::Or(items) => Node::or(lower_all(items, leaf)?),
    })
}

fn lower_all<L>(
    items: &[Tree<L>],
    leaf: &mut dyn FnMut(&L) -> Result<Node, Error>,
) -> Result<Vec<Node>, Error> {
    items.iter().map(|item| lower(item, leaf)).collect()
}

impl Checker<'_, '_> {
    fn tree(&mut self, tree: &Tree<Term>) -> Result<Node, Error> {
        lower(tree, &mut |term| match term {
            Term::Comparison(comparison) => self.comparison(comparison),
            Term::Global(literal) => Ok(Node::Test(Test::Global(self.global(literal)))),
            Term::Call(call) => Ok(Node::Test(Test::Function(self.predicate(call)?))),
        })
    }

    fn global(&mut self, literal: &Literal) -> Global {
        self.warn_escapes(literal);
        let wanted = Candidates::new(&literal.text);
        Global { wanted, text: literal.text.clone(), keys: self.options.keys }
    }

    fn comparison(&mut self, comparison: &Comparison) -> Result<Node, Error> {
        let op = comparison.op;
        if matches!(op, Op::Ne | Op::NotMatch) && matches!(comparison.right, Tree::Or(_)) {
            let hint = format!("write NOT field{}(… OR …)", if op == Op::Ne { "=" } else { "=~" });
            self.warnings.push(Warning::new(WarningKind::NegatedList, comparison.right_span).hint(hint));
        }
        match &comparison.left {
            Comparable::Call(call) => {
                let left = self.scalar_call(call)?;
                lower(&comparison.right, &mut |literal| self.computed(&left, op, literal))
            }
            Comparable::Member(member) => match self.field(member)? {
                FieldPath::Derived(name) => {
                    lower(&comparison.right, &mut |literal| self.derived(name, op, literal))
                }
                FieldPath::Entry(path) => {
                    self.review_path(&path, op, member.span);
                    lower(&comparison.right, &mut |literal| self.compare(&path, op, literal))
                }
            },
        }
    }

    /// Looks a path up.
    fn field(&mut self, member: &Member) -> Result<FieldPath, Error> {
        for piece in member.pieces.iter().filter(|piece| piece.quoted) {
            self.warn_unknown_escapes(&piece.raw, piece.span);
        }
        match DerivedField::of_member(member)? {
            Some(field) => Ok(FieldPath::Derived(field)),
            None => Ok(FieldPath::Entry(Path::of_member(member, &self.options.known_fields)?)),
        }
    }

    /// Warns of paths that exist but hardly mean what they say.
    fn review_path(&mut self, path: &Path, op: Op, span: Span) {
        let n_map_keys = match path.root {
            Field::Labels => path.segments.len(),
            _ => path.segments.len().saturating_sub(1),
        };
        if path.kind == FieldType::Labels && n_map_keys > 1 {
            let keys: Vec<&str> =
                path.segments[path.segments.len() - n_map_keys..].iter().map(|s| s.key.as_str()).collect();
            let hint =
                format!("a key with dots stands in quotes: {}", crate::unescape::quote(&keys.join(".")));
            self.warnings.push(Warning::new(WarningKind::FieldBelowLabel, span).hint(hint));
        }
        let no_text =
            matches!(path.kind, FieldType::Int32 | FieldType::Int64 | FieldType::Bool | FieldType::Duration)
                || path.kind == FieldType::Timestamp;
        if op.is_regex() && no_text {
            let warning = Warning::new(WarningKind::RegexOnOtherType(path.to_string()), span);
            self.warnings.push(warning.hint(format!("write cast({path}, STRING)")));
        }
        self.review_known(path, span);
    }

    fn review_known(&mut self, path: &Path, span: Span) {
        let known = &self.options.known_fields;
        if known.is_empty() || !path.kind.is_free() || path.segments.is_empty() {
            return;
        }
        let name = path.to_string();
        // A list of values names its field many times.
        if self.warnings.iter().any(|warning| warning.kind == WarningKind::UnknownKey(name.clone())) {
            return;
        }
        let same = |field: &str, name: &str| field == name || field.starts_with(&format!("{name}."));
        // In protocol buffers spelling counts for little, and what is packed is looked into.
        let plain = |name: &str| name.replace('_', "").replace(".value", "").to_lowercase();
        let is_known = |field: &String| match path.kind {
            FieldType::Proto => same(&plain(field), &plain(&name)),
            _ => same(field, &name),
        };
        if known.iter().any(is_known) {
            return;
        }
        let mut warning = Warning::new(WarningKind::UnknownKey(name.clone()), span);
        warning.hint = suggest(&name, known.iter().map(String::as_str));
        self.warnings.push(warning);
    }

    fn compare(&mut self, path: &Path, op: Op, literal: &Literal) -> Result<Node, Error> {
        let value = match self.common_operand(op, literal)? {
            Some(value) => value,
            None => self.typed_operand(path, op, literal)?,
        };
        let text = meant(&value, literal);
        Ok(Node::Test(Test::Compare(Compare { path: path.clone(), op, value, text })))
    }

    fn derived(&mut self, name: DerivedField, op: Op, literal: &Literal) -> Result<Node, Error> {
        let value = match self.common_operand(op, literal)? {
            Some(value) => value,
            None => Operand::Text(Needle::new(&literal.text)),
        };
        let text = meant(&value, literal);
        Ok(Node::Test(Test::Derived(DerivedCompare { name, op, value, text })))
    }

    /// Reads what means the same on every left-hand side: presence and regular expressions.
    fn common_operand(&mut self, op: Op, literal: &Literal) -> Result<Option<Operand>, Error> {
        if op.is_regex() {
            if !literal.quoted {
                let error = Error::new(ErrorKind::UnquotedRegex, literal.span);
                return Err(error.hint(format!("write {}", crate::unescape::quote(&literal.text))));
            }
            let regex = Regex::new(&literal.raw);
            return match regex {
                Ok(regex) => Ok(Some(Operand::Regex(regex))),
                Err(reason) => Err(Error::new(ErrorKind::Regex(reason), literal.span)),
            };
        }
        self.warn_escapes(literal);
        let is_star = op == Op::Has && !literal.quoted && literal.text == "*";
        Ok(is_star.then_some(Operand::Present))
    }

    fn warn_escapes(&mut self, literal: &Literal) {
        if literal.quoted {
            self.warn_unknown_escapes(&literal.raw, literal.span);
        }
    }

    fn warn_unknown_escapes(&mut self, raw: &str, span: Span) {
        let mut unknown = Vec::new();
        unescape(raw, &mut unknown);
        unknown.sort_unstable();
        unknown.dedup();
        for escape in unknown {
            let hint = format!("write \\{escape} for a backslash");
            self.warnings.push(Warning::new(WarningKind::UnknownEscape(escape), span).hint(hint));
        }
    }
}

/// Returns the text that stands for the value when the filter is printed.
fn meant(value: &Operand, literal: &Literal) -> String {
    match value {
        Operand::Regex(regex) => regex.source().to_owned(),
        _ => literal.text.clone(),
    }
}

#[cfg(test)]
mod tests;
