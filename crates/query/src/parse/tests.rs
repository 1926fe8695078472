use super::*;

/// Draws a tree with all its parentheses; `<x>` is a search term.
fn draw(tree: &Tree<Term>) -> String {
    let join = |items: &[Tree<Term>], word: &str| {
        items
            .iter()
            .map(|item| match item {
                Tree::And(_) | Tree::Or(_) => format!("({})", draw(item)),
                _ => draw(item),
            })
            .collect::<Vec<_>>()
            .join(word)
    };
    match tree {
        Tree::And(items) => join(items, " AND "),
        Tree::Or(items) => join(items, " OR "),
        Tree::Not(item) => format!("(NOT {})", draw(item)),
        Tree::Leaf(Term::Global(literal)) => format!("<{}>", literal.text),
        Tree::Leaf(Term::Call(call)) => format!("{}/{}", call.name, call.args.len()),
        Tree::Leaf(Term::Comparison(comparison)) => {
            let left = match &comparison.left {
                Comparable::Call(call) => call.name.clone(),
                Comparable::Member(member) => {
                    member.pieces.iter().map(|piece| piece.text.as_str()).collect::<Vec<_>>().join("|")
                }
            };
            let values = list(&comparison.right);
            format!("{left}{}{values}", comparison.op.text())
        }
    }
}

fn list(tree: &Tree<Literal>) -> String {
    let join = |items: &[Tree<Literal>], word: &str| {
        format!("({})", items.iter().map(list).collect::<Vec<_>>().join(word))
    };
    match tree {
        Tree::And(items) => join(items, "&"),
        Tree::Or(items) => join(items, "|"),
        Tree::Not(item) => format!("!{}", list(item)),
        Tree::Leaf(literal) => literal.text.clone(),
    }
}

fn check(text: &str, expected: &str) {
    let tree = parse(text, true, &mut Vec::new()).unwrap_or_else(|error| panic!("{}", error.render(text)));
    assert_eq!(tree.as_ref().map_or_else(String::new, draw), expected, "{text}");
}

fn refused(text: &str, kind: fn(&ErrorKind) -> bool) {
    match parse(text, true, &mut Vec::new()) {
        Ok(tree) => panic!("{text} was read as {tree:?}"),
        Err(error) => assert!(kind(&error.kind), "{text}: {error:?}"),
    }
}

#[test]
fn or_binds_tighter_than_and() {
    check("", "");
    check("-- nothing", "");
    check("a=1 b=2 OR c=3 d=4", "a=1 AND (b=2 OR c=3) AND d=4");
    check("a=1 AND b=2 OR c=3 AND d=4", "a=1 AND (b=2 OR c=3) AND d=4");
    check(
        r#"(p="x") AND (Q OR r) OR (s="1" AND t="2") OR (u="3")"#,
        "p=x AND ((<Q> OR <r>) OR (s=1 AND t=2) OR u=3)",
    );
    check(r#""a" OR NOT "b" AND NOT "c" OR "d""#, "(<a> OR (NOT <b>)) AND ((NOT <c>) OR <d>)");
    check("New York Giants OR Yankees", "<New> AND <York> AND (<Giants> OR <Yankees>)");
    check("NOT a=1 b=2", "(NOT a=1) AND b=2");
    check("NOT a=1 OR b=2", "(NOT a=1) OR b=2");
    check("x=1 OR x=2\ny=3", "(x=1 OR x=2) AND y=3");
}

#[test]
fn values_and_paths() {
    check("severity=ERROR and foo", "severity=ERROR AND <and> AND <foo>");
    check(r#"insertId = "ABC-1" OR "ABC-2""#, "insertId=ABC-1 OR <ABC-2>");
    check("textPayload:(a OR NOT b)", "textPayload:(a|!b)");
    check("a:(b c)", "a:(b&c)");
    check("a:(-b -1 (c OR d))", "a:(!b&-1&(c|d))");
    check("a=\"b\"--c", "a=b");
    check("labels.k8s-pod/app=foo", "labels|k8s-pod/app=foo");
    check("a.AND.\"b.c\"=1", "a|AND|b.c=1");
    check("severity = AND b=OR", "severity=AND AND b=OR");
    check("a=-5 b>-1.5 c<1e-5", "a=-5 AND b>-1.5 AND c<1e-5");
    check("logName:cloudaudit.googleapis.com", "logName:cloudaudit.googleapis.com");
    check("a:1.1.1.1 foo.bar", "a:1.1.1.1 AND <foo.bar>");
    check("a =\n\"b\"", "a=b");
    check("a: (\"x\")", "a:x");
    check("a=~\"\\d\\.\"", "a=~\\d.");
    check("'a b'", "<a b>");
}

#[test]
fn negation_and_functions() {
    check("-a=1 -(b c) NOT(d)", "(NOT a=1) AND (NOT <b> AND <c>) AND (NOT <d>)");
    check("- a", "(NOT <a>)");
    check("NOT (NOT a)", "(NOT (NOT <a>))");
    check("a OR(b)", "<a> OR <b>");
    check("SEARCH(a, \"b\") OR log_id(x.y/z)", "SEARCH/2 OR log_id/1");
    check("CAST(REGEXP_EXTRACT(a, \"(b)\"), INT64) < -3", "CAST<-3");
    check("f (a)", "<f> AND <a>");
    check("f()", "f/0");
}

#[test]
fn negative_cases() {
    let unexpected = |kind: &ErrorKind| matches!(kind, ErrorKind::Unexpected { .. });
    for text in [
        "insertId = abc:def",
        "a=",
        "=a",
        "AND a",
        "a AND",
        "a OR",
        "OR",
        "NOT",
        "a NOT",
        "-",
        "()",
        "a=()",
        "a,b",
        "a==b",
        "a<>b",
        "a . b",
        "a.=1",
        ".a",
        "a=.5",
        "a=\"b\".c",
        "a=f(b)",
        "f(a,)",
        "f(,a)",
        "f(a b)",
        "a=1 OR AND b",
    ] {
        refused(text, unexpected);
    }
    refused("a=\"x", |kind| *kind == ErrorKind::OpenString);
    refused("(a", |kind| *kind == ErrorKind::OpenParenthesis);
    refused("a=(b", |kind| *kind == ErrorKind::OpenParenthesis);
    refused("f(a", |kind| *kind == ErrorKind::OpenParenthesis);
    refused("a)", |kind| *kind == ErrorKind::StrayParenthesis);
    refused("a=(b=1)", |kind| *kind == ErrorKind::ComparisonInList);
    refused("NOT NOT a", |kind| *kind == ErrorKind::RepeatedNot);
    refused("-NOT a", |kind| *kind == ErrorKind::RepeatedNot);
    refused("NOT -a", |kind| *kind == ErrorKind::RepeatedNot);
    refused("a!:b", |kind| matches!(kind, ErrorKind::Character('!')));
}

#[test]
fn hostile_texts_end_in_an_error() {
    refused(&"(".repeat(19_000), |kind| *kind == ErrorKind::TooDeep);
    refused(&"f(".repeat(9_000), |kind| *kind == ErrorKind::TooDeep);
    refused(&"a=(".repeat(6_000), |kind| {
        *kind == ErrorKind::Unexpected { expected: "a value", found: "'='".to_owned() }
            || *kind == ErrorKind::ComparisonInList
    });
    refused(&"x".repeat(20_001), |kind| *kind == ErrorKind::TooLong { characters: 20_001 });
    let chain = "a OR ".repeat(3_000) + "b";
    assert!(parse(&chain, true, &mut Vec::new()).is_ok());
    let deep = format!("{}a{}", "(".repeat(MAX_NESTING), ")".repeat(MAX_NESTING));
    check(&deep, "<a>");
}

#[test]
fn strictness() {
    let strict = |text| parse(text, false, &mut Vec::new()).map_err(|error| error.kind);
    assert_eq!(strict("'a'"), Err(ErrorKind::SingleQuotes));
    assert_eq!(strict("- a"), Err(ErrorKind::LooseMinus));
    assert!(strict("-a it's").is_ok());
}

#[test]
fn warnings_name_the_trap() {
    let warned = |text: &str| {
        let mut warnings = Vec::new();
        parse(text, true, &mut warnings).unwrap();
        warnings.into_iter().map(|warning| warning.kind).collect::<Vec<_>>()
    };
    assert_eq!(warned("a=1 b=2 OR c=3"), []);
    assert_eq!(warned("a=1 AND b=2 OR c=3"), [WarningKind::Precedence]);
    assert_eq!(warned("a=1 AND (b=2 OR c=3)"), []);
    assert_eq!(warned("(a=1 OR b=2) AND c=3 AND (d OR e)"), []);
    assert_eq!(warned("a=1 or b=2"), [WarningKind::OperatorLookalike("or".to_owned())]);
    assert_eq!(warned("a && b"), [WarningKind::OperatorLookalike("&&".to_owned())]);
    assert_eq!(warned("\"or\""), []);
    assert_eq!(warned("a=\"A\" OR \"B\""), [WarningKind::ValueOutsideList]);
    assert_eq!(warned("a=(\"A\" OR \"B\")"), []);
    assert_eq!(warned("'x'"), [WarningKind::SingleQuotes]);
    assert_eq!(warned("- x"), [WarningKind::LooseMinus]);
    assert_eq!(warned("\u{201c}x\u{201d}"), [WarningKind::TypographicQuotes]);
}
