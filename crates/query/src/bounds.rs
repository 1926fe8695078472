//! The span of time outside of which no entry can match.

use crate::ast::Op;
use crate::filter::{Filter, Node, Operand, Test};
use timberline_entry::Field;

/// Returns the first and the last nanosecond since the Unix epoch at which an entry's timestamp can match.
///
/// `None` is no bound. One-sided: nothing outside can match; inside, nothing is promised. Decided on comparisons of
/// `timestamp`, so that other fields of that name play no part. Lower above upper means that nothing matches.
pub fn time_bounds(filter: &Filter) -> (Option<i64>, Option<i64>) {
    let window = of_node(filter.root());
    (window.first, window.last)
}

#[derive(Clone, Copy, Default)]
struct Window {
    first: Option<i64>,
    last: Option<i64>,
}

fn of_node(node: &Node) -> Window {
    match node {
        Node::Test(test) => of_test(test),
        Node::And(nodes) => nodes.iter().map(of_node).fold(Window::default(), |a, b| Window {
            first: a.first.into_iter().chain(b.first).max(),
            last: a.last.into_iter().chain(b.last).min(),
        }),
        // The hull: a bound that every branch has.
        Node::Or(nodes) => nodes
            .iter()
            .map(of_node)
            .reduce(|a, b| Window {
                first: a.first.zip(b.first).map(|(a, b)| a.min(b)),
                last: a.last.zip(b.last).map(|(a, b)| a.max(b)),
            })
            .unwrap_or_default(),
        Node::All | Node::Not(_) => Window::default(),
    }
}

fn of_test(test: &Test) -> Window {
    let Test::Compare(compare) = test else { return Window::default() };
    let (Field::Timestamp, Operand::Timestamp(ns)) = (compare.path.root, &compare.value) else {
        return Window::default();
    };
    match compare.op {
        // What lies beyond all times is at the ends of the range, and keeps nothing out.
        Op::Ge | Op::Gt if *ns == i64::MIN => Window::default(),
        Op::Le | Op::Lt if *ns == i64::MAX => Window::default(),
        Op::Ge => Window { first: Some(*ns), last: None },
        Op::Gt => Window { first: Some(ns.saturating_add(1)), last: None },
        Op::Le => Window { first: None, last: Some(*ns) },
        Op::Lt => Window { first: None, last: Some(ns.saturating_sub(1)) },
        Op::Eq | Op::Has => Window { first: Some(*ns), last: Some(*ns) },
        Op::Ne | Op::Match | Op::NotMatch => Window::default(),
    }
}

#[cfg(test)]
mod tests {
    use crate::{Options, compile};

    fn check(text: &str, first: Option<i64>, last: Option<i64>) {
        let filter = compile(text, &Options::default()).unwrap().filter;
        assert_eq!(super::time_bounds(&filter), (first, last), "{text}");
    }

    #[test]
    fn bounds() {
        const DAY: i64 = 86_400_000_000_000;
        check("", None, None);
        check("timestamp>=\"1970-01-02\"", Some(DAY), None);
        check("timestamp>\"1970-01-02\" timestamp<\"1970-01-03\" x", Some(DAY + 1), Some(2 * DAY - 1));
        check("timestamp=\"1970-01-02\"", Some(DAY), Some(DAY));
        check("timestamp=(\"1970-01-02\" OR \"1970-01-03\")", Some(DAY), Some(2 * DAY));
        check("timestamp>\"1970-01-02\" OR x", None, None);
        check("(timestamp>=\"1970-01-02\" a) OR timestamp>=\"1970-01-03\"", Some(DAY), None);
        check("NOT timestamp<\"1970-01-02\"", None, None);
        check("jsonPayload.timestamp>\"1970-01-02\" receiveTimestamp>\"1970-01-02\"", None, None);
        check("timestamp<=\"9999-12-31\"", None, None);
        check("timestamp<\"9999-12-31T23:59:59Z\" timestamp>\"1066-10-14\"", None, None);
        check("timestamp<\"1066-10-14\"", None, Some(i64::MIN));
        check("timestamp>\"9999-12-31\"", Some(i64::MAX), None);
    }
}
