//! The traps of the language that can be seen before fields have a meaning.

use crate::ast::{Comparable, Literal, Op, Term, Tree};
use crate::parse::Parser;
use crate::warning::{Warning, WarningKind};

/// Warns of `and`, `or`, `not` in other case and of `&&`, `||`: they are looked for as text.
pub(crate) fn operator_lookalike(literal: &Literal, warnings: &mut Vec<Warning>) {
    if literal.quoted {
        return;
    }
    let operator = match literal.text.to_ascii_lowercase().as_str() {
        "and" | "&&" | "&" => "AND",
        "or" | "||" | "|" => "OR",
        "not" | "!" => "NOT",
        _ => return,
    };
    let kind = WarningKind::OperatorLookalike(literal.text.clone());
    warnings.push(Warning::new(kind, literal.span).hint(format!("write {operator}")));
}

/// Warns of `field="A" OR "B"`, where "B" is looked for in every field.
pub(crate) fn value_outside_list(alternatives: &[Tree<Term>], parser: &mut Parser<'_, '_>) {
    for pair in alternatives.windows(2) {
        let [Tree::Leaf(Term::Comparison(first)), Tree::Leaf(Term::Global(second))] = pair else { continue };
        let (Comparable::Member(field), Tree::Leaf(value)) = (&first.left, &first.right) else { continue };
        if !matches!(first.op, Op::Eq | Op::Has | Op::Ne | Op::Match) {
            continue;
        }
        let hint = format!(
            "did you mean {}{}({} OR {})?",
            field.span.of(parser.text),
            first.op.text(),
            value.span.of(parser.text),
            second.span.of(parser.text),
        );
        parser.warnings.push(Warning::new(WarningKind::ValueOutsideList, second.span).hint(hint));
    }
}
