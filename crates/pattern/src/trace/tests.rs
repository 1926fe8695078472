//! Traces in their texts, as tables: what is found, what is not, and which keys agree.

use super::*;
use crate::fingerprint::exception_key;
use proptest::prelude::*;

/// Checks language, types of the chain, root type and the root's top frame of the program's own code.
fn check(text: &str, language: Language, chain: &[&str], root: &str, top: &str) {
    let traces = find(text);
    assert_eq!(traces.len(), 1, "{text}\n{traces:#?}");
    let trace = &traces[0];
    let types: Vec<&str> = trace.chain.iter().map(|exception| exception.type_name.as_str()).collect();
    let found = trace.top_in_app_frame().map(Frame::name).unwrap_or_default();
    assert_eq!(
        (trace.language, types.as_slice(), trace.root().type_name.as_str(), found.as_str()),
        (language, chain, root, top),
        "{text}\n{trace:#?}"
    );
    assert!(
        text.get(trace.range.clone()).is_some_and(|part| !part.is_empty()),
        "{:?} of {text}",
        trace.range
    );
}

fn key(text: &str) -> crate::shape::Fingerprint {
    let traces = find(text);
    assert!(!traces.is_empty(), "no trace in {text}");
    exception_key(&traces[0])
}

const PYTHON: &str = "Traceback (most recent call last):\n  File \"/srv/app/job.py\", line 31, in run\n    step(4)\n    ^^^^^^^\n  File \"/srv/app/job.py\", line 12, in step\n    return table[key]\nKeyError: 'k'";
const JAVA: &str = "java.lang.IllegalStateException: no\n\tat a.B.c(B.java:3)\n\tat a.B.main(B.java:9)\nCaused by: java.io.IOException: x\n\tat a.Disk.read(Disk.java:77)\n\t... 2 more";
const NODE: &str = "TypeError: x is not a function\n    at run (/app/a.js:5:9)\n    at Object.<anonymous> (/app/b.js:1:1)\n    at node:internal/main/run_main_module:28:49";
const GO: &str = "panic: boom\n\ngoroutine 1 [running]:\nmain.load(...)\n\t/a/m.go:7 +0x1d\nmain.main()\n\t/a/m.go:12 +0x25\nexit status 2";
const RUST: &str = "thread 'main' (29030) panicked at src/a.rs:8:59:\nindex out of bounds: the len is 3 but the index is 99\nstack backtrace:\n   0: rust_begin_unwind\n             at /rustc/59807616e1/library/std/src/panicking.rs:689:5\n   1: app::pick\n             at ./src/a.rs:8:59\n   2: app::main\n             at ./src/a.rs:20:5\nnote: Some details are omitted";
const CSHARP: &str = "System.InvalidOperationException: a ---> System.IO.IOException: b\n   at Shop.Cart.Load(String id) in C:\\a.cs:line 3\n   --- End of inner exception stack trace ---\n   at Shop.Program.Main()";
const RUBY: &str = "a.rb:3:in 'm': no (RuntimeError)\n\tfrom a.rb:9:in '<main>'";
const PHP: &str = "PHP Fatal error:  Uncaught LogicException: m in /srv/a.php:5\nStack trace:\n#0 /srv/a.php(9): Cart->load()\n#1 {main}\n  thrown in /srv/a.php on line 5";
const DART: &str = "Unhandled exception:\nBad state: No element\n#0      List.first (dart:core-patch/growable_array.dart:344:5)\n#1      pick (file:///srv/a.dart:15:20)\n#2      main (file:///srv/a.dart:3:3)";
const PERL: &str = "it broke at /srv/x.pl line 1.\n\tmain::f(1, \"a\") called at /srv/x.pl line 4\n\tmain::g() called at /srv/x.pl line 9";

const ALL: [&str; 10] = [PYTHON, JAVA, NODE, GO, RUST, CSHARP, RUBY, PHP, DART, PERL];

#[test]
fn smallest_examples_of_every_language() {
    check(PYTHON, Language::Python, &["KeyError"], "KeyError", "job.step");
    let java = ["java.lang.IllegalStateException", "java.io.IOException"];
    check(JAVA, Language::Java, &java, "java.io.IOException", "a.Disk.read");
    check(NODE, Language::Node, &["TypeError"], "TypeError", "a.run");
    check(GO, Language::Go, &["panic"], "panic", "main.load");
    check(RUST, Language::Rust, &["panic"], "panic", "app::pick");
    let csharp = ["System.InvalidOperationException", "System.IO.IOException"];
    check(CSHARP, Language::CSharp, &csharp, "System.IO.IOException", "Shop.Cart.Load");
    check(RUBY, Language::Ruby, &["RuntimeError"], "RuntimeError", "a.m");
    check(PHP, Language::Php, &["LogicException"], "LogicException", "Cart.load");
    check(DART, Language::Dart, &["StateError"], "StateError", "a.pick");
    check(PERL, Language::Perl, &["die"], "die", "main.f");
}

#[test]
fn odd_forms_of_python() {
    check(
        "  File \"/srv/a.py\", line 4\n    print x\n          ^\nSyntaxError: invalid syntax",
        Language::Python,
        &["SyntaxError"],
        "SyntaxError",
        "a",
    );
    check(
        "Traceback (most recent call last):\n  File \"/srv/pkg/__init__.py\", line 3, in <module>\n    x\n  File \"/usr/lib/python3.11/site-packages/q/r.py\", line 9, in f\n    y\nrequests.exceptions.Timeout",
        Language::Python,
        &["requests.exceptions.Timeout"],
        "requests.exceptions.Timeout",
        "pkg.<module>",
    );
}

#[test]
fn odd_forms_of_java() {
    check(
        "2025-01-01 12:00:00 ERROR [main] c.e.Foo - cannot start\njava.util.concurrent.ExecutionException: java.lang.IllegalArgumentException: a\nb\n\tat java.base/java.util.concurrent.FutureTask.report(FutureTask.java:122)\n\tat c.e.Foo.go(Foo.java:3)\nCaused by: java.lang.IllegalArgumentException: a\nb\n\tat c.e.Bar.check(Bar.java:9)\n\t... 27 common frames omitted",
        Language::Java,
        &["java.util.concurrent.ExecutionException", "java.lang.IllegalArgumentException"],
        "java.lang.IllegalArgumentException",
        "c.e.Bar.check",
    );
    check(
        "com.acme.Oops\n\tat com.acme.X.y(X.kt) ~[app.jar:1.2]\n\tSuppressed: java.io.IOException: z\n\t\tat com.acme.Z.close(Z.kt:1)\n\t\t... 1 more",
        Language::Java,
        &["com.acme.Oops"],
        "com.acme.Oops",
        "com.acme.X.y",
    );
}

#[test]
fn odd_forms_of_go() {
    check(
        "http: panic serving 10.0.0.1:5123: runtime error: invalid memory address or nil pointer dereference\ngoroutine 36 [running]:\nnet/http.(*conn).serve.func1()\n\t/usr/local/go/src/net/http/server.go:1898 +0xbe\npanic({0x1, 0x2})\n\t/usr/local/go/src/runtime/panic.go:770 +0x132\nmain.(*Api).Get(0xc0001, {0x1, 0x2})\n\t/app/api.go:31 +0x45\ncreated by net/http.(*Server).Serve in goroutine 1\n\t/usr/local/go/src/net/http/server.go:3285 +0x4b4",
        Language::Go,
        &["panic"],
        "panic",
        "main.(*Api).Get",
    );
    check(
        "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\nmain.main()\n\t/app/m.go:7 +0x1d\n\ngoroutine 7 [select]:\nmain.other()\n\t/app/o.go:1 +0x1",
        Language::Go,
        &["fatal error"],
        "fatal error",
        "main.main",
    );
}

#[test]
fn odd_forms_of_the_others() {
    check(
        "Error: cannot start\n\nCaused by:\n    0: cannot read the settings\n    1: No such file or directory (os error 2)",
        Language::Rust,
        &["Error", "Error", "Error"],
        "Error",
        "",
    );
    check(
        "thread 'main' panicked at 'no port', src/a.rs:8:59\nnote: run with `RUST_BACKTRACE=1`",
        Language::Rust,
        &["panic"],
        "panic",
        "a",
    );
    check(
        "NoMethodError (undefined method 'x' for nil):\n\napp/models/cart.rb:69:in 'total'\nactionpack (7.0.4) lib/a.rb:5:in 'process'",
        Language::Ruby,
        &["NoMethodError"],
        "NoMethodError",
        "cart.total",
    );
    check(
        "a.rb:5:in 'open': cannot load (LoadFailed)\n\tfrom a.rb:9:in '<main>'\na.rb:2:in 'read': no such key (KeyError)\n\tfrom a.rb:4:in 'open'",
        Language::Ruby,
        &["LoadFailed", "KeyError"],
        "KeyError",
        "a.read",
    );
    check(
        "PHP Fatal error:  Uncaught PDOException: gone in /srv/db.php:5\nStack trace:\n#0 /srv/db.php(9): Db->query()\n#1 {main}\n\nNext RuntimeException: wrapped in /srv/app.php:7\nStack trace:\n#0 /srv/app.php(3): App->run()\n#1 {main}\n  thrown in /srv/app.php on line 7",
        Language::Php,
        &["RuntimeException", "PDOException"],
        "PDOException",
        "Db.query",
    );
    check(
        "Unhandled exception. System.AggregateException: One or more errors occurred. (b)\n ---> System.IO.IOException: b\n   at Shop.Cart.<Load>d__2.MoveNext() in /a/Cart.cs:line 3\n   --- End of inner exception stack trace ---\n   at Shop.Program.Main()",
        Language::CSharp,
        &["System.AggregateException", "System.IO.IOException"],
        "System.IO.IOException",
        "Shop.Cart.Load",
    );
    check(
        "TypeError: e is undefined\nrun@http://h.example/a.js:5:9\nmain@http://h.example/a.js:9:1",
        Language::Node,
        &["TypeError"],
        "TypeError",
        "a.run",
    );
    check(
        "error: relation missing\n    at Parser.parse (/app/node_modules/pg/parser.js:1:2)\n    at async load (/app/db-3f2a9c1b.js:3:4)",
        Language::Node,
        &["error"],
        "error",
        "db.load",
    );
}

#[test]
fn a_trace_on_one_line_has_the_key_of_the_same_trace_on_many() {
    for text in ALL {
        let written_out =
            text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t");
        let json = format!("{{\"level\":\"error\",\"stack\":\"{written_out}\",\"pid\":7}}");
        assert_eq!(key(&json), key(text), "{json}");
    }
}

#[test]
fn a_prefix_on_every_line_does_not_change_the_key() {
    for text in ALL {
        for prefix in ["web_1  | ", "2025-09-16 01:40:54,551 ERROR [worker-3] "] {
            let prefixed: Vec<String> = text.lines().map(|line| format!("{prefix}{line}")).collect();
            assert_eq!(key(&prefixed.join("\n")), key(text), "{prefixed:#?}");
        }
        let coloured: Vec<String> = text.lines().map(|line| format!("\u{1b}[31m{line}\u{1b}[0m")).collect();
        assert_eq!(key(&coloured.join("\r\n")), key(text));
    }
}

#[test]
fn text_around_a_trace_does_not_change_the_key() {
    for text in ALL {
        let around = format!("2025-09-16 request 77 failed\n{text}\n\n2025-09-16 next request");
        assert_eq!(key(&around), key(text), "{around}");
        let found = &find(&around)[0];
        assert!(
            found.range.start >= 29 && found.range.end <= 29 + text.len() + 1,
            "{:?} {around}",
            found.range
        );
    }
}

#[test]
fn two_builds_of_one_bug_have_one_key() {
    let builds: [(&str, &str); 13] = [
        (".rb:3", ".rb:31"),
        ("line 31", "line 310"),
        ("/srv/app/", "/home/ann/build 7/app/"),
        (".java:", ".java:1"),
        (":5:9", ":55:19"),
        ("/app/", "/usr/src/web/"),
        ("0x1d", "0x7f"),
        ("/a/m.go:7", "/build/x/m.go:70"),
        ("(29030)", "(31)"),
        ("59807616e1", "aabbccddee"),
        ("C:\\a.cs:line 3", "/src/a.cs:line 30"),
        ("./src/a.rs:8", "./src/a.rs:81"),
        ("/srv/", "/opt/release-12/"),
    ];
    for text in ALL {
        let other = builds.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
        assert_ne!(other, text);
        assert_eq!(key(&other), key(text), "{other}");
    }
}

#[test]
fn different_bugs_have_different_keys() {
    let changes = [
        ("in step", "in other"),
        ("a.Disk.read", "a.Disk.write"),
        ("at run", "at walk"),
        ("main.load", "main.save"),
        ("app::pick", "app::take"),
        ("Cart.Load", "Cart.Save"),
        ("in 'm'", "in 'n'"),
        ("Cart->load", "Cart->save"),
        ("#1      pick", "#1      take"),
        ("main::f", "main::h"),
    ];
    for (text, (from, to)) in ALL.iter().zip(changes) {
        let other = text.replace(from, to);
        assert_ne!(&other, text);
        assert_ne!(key(&other), key(text), "{other}");
    }
    let keys: std::collections::BTreeSet<_> = ALL.iter().map(|text| key(text)).collect();
    assert_eq!(keys.len(), ALL.len());
}

#[test]
fn where_a_cause_was_caught_does_not_matter() {
    let direct = "java.io.IOException: x\n\tat a.Disk.read(Disk.java:77)\n\tat a.B.c(B.java:3)\n\tat a.B.main(B.java:9)";
    assert_eq!(key(direct), key(JAVA));
}

#[test]
fn groups_with_one_distinct_member_have_its_key() {
    let member = |n: u32| {
        format!("    Error: no item {n}\n        at load (/app/a.js:{n}:5)\n        at run (/app/a.js:9:{n})")
    };
    let group = |members: &[String]| {
        format!("[AggregateError: All failed] {{\n  [errors]: [\n{}\n  ]\n}}", members.join(",\n"))
    };
    let one = key("Error: no item 5\n    at load (/app/a.js:1:5)\n    at run (/app/a.js:9:1)");
    assert_eq!(key(&group(&[member(1), member(2), member(3)])), one);
    let other = member(4).replace("load", "save");
    let two = key(&group(&[member(1), other.clone()]));
    assert_ne!(two, one);
    assert_eq!(key(&group(&[other, member(2), member(3)])), two);
}

#[test]
fn several_traces_of_one_entry_are_all_found() {
    let text = format!("first\n{JAVA}\nthen\n{PYTHON}\n\nand\n{NODE}");
    let languages: Vec<Language> = find(&text).iter().map(|trace| trace.language).collect();
    assert_eq!(languages, [Language::Java, Language::Python, Language::Node]);
}

#[test]
fn prose_has_no_trace() {
    for text in [
        "error at line 3",
        "the crowd panicked at noon",
        "panic: see the manual",
        "fatal error: cannot open file at /tmp/x:5:9",
        "meet   at 12:30:15 (local)",
        "an exception was thrown at com.acme.Foo.bar(Foo.java:3)",
        "Stack trace: none",
        "Caused by: rain",
        "function f called at home line by line",
        "goroutine 5 is fine",
        "Unhandled exception: see #0 above",
        "look   at main.rb:3 and mail a@http.org",
        "Exception in thread pool",
        "ticket #0 opened in 'x'",
        "SyntaxError is a class, File \"a.py\", line 3, explains it",
        "1\n2\n   at home\n   at work",
    ] {
        assert_eq!(find(text), [], "{text}");
    }
}

#[test]
fn deep_recursion_is_one_frame_and_quick() {
    let deep = |n: usize| {
        format!(
            "java.lang.StackOverflowError\n{}\tat a.B.main(B.java:1)",
            "\tat a.B.f(B.java:3)\n\tat a.B.g(B.java:4)\n".repeat(n)
        )
    };
    assert_eq!(key(&deep(3)), key(&deep(5000)));
}

/// Texts that made some reader look at the rest of the text from every line; they end at once when none does.
#[test]
fn hostile_texts_take_linear_time() {
    for piece in [
        "Traceback (most recent call last):\n",
        "Traceback (most recent call last):\nx\n",
        "   at \n",
        "   at a (b:1:2)\n\n",
        "   at a.b(C.java:1)\n\n",
        "\\n\\tx called at ",
        "panic: \n",
        "goroutine 1 [x]:\n",
        "Stack trace:\n",
        "#0 \n",
        "a.rb:1:in 'x': \n",
        " called at x line 1\n",
        "thread 'a' panicked at x:\n",
        "Caused by:\n",
        "File \"a\", line 1\n",
        "Error: ",
        "x   at ",
        "Unhandled exception:\n",
        "+ Exception Group Traceback (most recent call last)\n",
    ] {
        let text = piece.repeat(5_000);
        assert!(find(&text).len() <= 5_000, "{piece}");
        let text = format!("{text}\n    at run (/app/a.js:5:9)\n    at run (/app/a.js:5:9)");
        assert!(find(&text).len() <= 5_001, "{piece}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1500, ..ProptestConfig::default() })]

    /// Pieces of traces in any order never break the readers; ranges are in order and on character boundaries.
    #[test]
    fn nothing_panics(picks in prop::collection::vec((0..ALL.len(), 0..12usize, 0..60usize, any::<bool>()), 0..12), junk in "\\PC{0,20}") {
        let mut text = String::new();
        for (which, line, cut, glue) in picks {
            let line = ALL[which].lines().nth(line).unwrap_or(&junk);
            text.push_str(&line.chars().take(cut).collect::<String>());
            text.push_str(if glue { "\n" } else { "\\n" });
        }
        let mut from = 0;
        for trace in find(&text) {
            prop_assert!(from <= trace.range.start && text.get(trace.range.clone()).is_some());
            from = trace.range.end;
            prop_assert!(trace.root_idx < trace.chain.len());
            prop_assert_eq!(exception_key(&trace), exception_key(&trace.clone()));
        }
    }
}

/// Feeds texts line by line and returns the keys of what was put together, with the numbers of the lines.
fn join_lines(lines: &[&str]) -> Vec<(Vec<u64>, crate::shape::Fingerprint)> {
    let mut joiner = Joiner::default();
    let mut joined = Vec::new();
    for (number, line) in (0..).zip(lines) {
        joined.extend(joiner.feed("a", 0, number, line));
    }
    joined.extend(joiner.finish());
    joined.into_iter().map(|joined| (joined.entries, key(&joined.text))).collect()
}

const NODE_CAUSE: &str = "AppError: job failed\n    at run (/app/a.js:5:49)\n    at load (/app/b.js:1:2) {\n  code: 'E_APP',\n  detail: {\n    tries: 3\n  },\n  [cause]: TypeError: bad value 3\n      at inner (/app/a.js:3:26)\n      at run (/app/a.js:5:23) {\n    errno: -2\n  }\n}";
const NODE_GROUP: &str = "[AggregateError: All promises were rejected] {\n  [errors]: [\n    Error: a\n        at one (/app/a.js:8:55)\n        at node:internal/main/run_main_module:28:49,\n    Error: b\n        at two (/app/a.js:8:86)\n  ]\n}";
const NODE_MULTILINE: &str = "Error: first line\nsecond line\n\nfourth line\n    at run (/app/a.js:9:33)";
const NODE_CODE: &str =
    "TypeError [ERR_INVALID_ARG_TYPE]: The \"path\" argument must be a string\n    at run (/app/a.js:9:33)";
const NODE_ERROR: &str = "error: relation missing\n    at Parser.parse (/app/node_modules/pg/parser.js:1:2)\n    at async load (/app/db.js:3:4)";
const JAVA_MULTILINE: &str = "Exception in thread \"pool-1-thread-3\" java.lang.IllegalStateException: multi\nline message\n\tat a.B.c(B.java:11)\n\tat java.base/java.lang.Thread.run(Thread.java:840)\nCaused by: java.io.IOException: one\ntwo, an FooError: three\n\tat a.Disk.read(Disk.java:77)\n\t... 2 more";
const PERL_ARGUMENTS: &str =
    "it broke at -e line 1.\n\tmain::f(1, \"a\") called at -e line 1\n\tmain::g() called at -e line 1";
const PYTHON_NOTES: &str = "Traceback (most recent call last):\n  File \"/srv/a.py\", line 3, in f\n    x()\nKeyError: 'k'\nsecond line\na note\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File \"/srv/a.py\", line 5, in g\n    f()\nRuntimeError: failed";
const PYTHON_GROUP: &str = "  + Exception Group Traceback (most recent call last):\n  |   File \"/srv/a.py\", line 23, in group\n  |     raise ExceptionGroup(\"several\", errs)\n  | ExceptionGroup: several (1 sub-exception)\n  +-+---------------- 1 ----------------\n    | Traceback (most recent call last):\n    |   File \"/srv/a.py\", line 3, in load\n    |     return open(path).read()\n    | FileNotFoundError: no\n    +------------------------------------";
const RUST_MULTILINE: &str = "thread 'main' (29035) panicked at p.rs:16:19:\nfirst\nsecond line\nstack backtrace:\n   0: p::main\n             at ./p.rs:16:19\nnote: Some details are omitted";
const RUST_REPORT: &str = "Error: cannot start\n\nCaused by:\n    0: cannot read the settings\n    1: No such file or directory (os error 2)";
const CSHARP_ARROWS: &str = "System.AggregateException: One or more errors occurred. (b)\n ---> System.IO.IOException: b\n   at Shop.Cart.Load(String id) in /a/Cart.cs:line 3\n   --- End of inner exception stack trace ---\n   at Shop.Program.Main()";
const RUBY_CAUSE: &str = "a.rb:5:in 'open': cannot load (LoadFailed)\nmore of it\n\tfrom a.rb:9:in '<main>'\na.rb:2:in 'read': no such key (KeyError)\n\tfrom a.rb:4:in 'open'";
const RAILS: &str = "NoMethodError (undefined method 'x' for nil):\n\napp/models/cart.rb:69:in 'total'\nactionpack (7.0.4) lib/a.rb:5:in 'process'";
const PHP_NEXT: &str = "PHP Fatal error:  Uncaught PDOException: gone in /srv/db.php:5\nStack trace:\n#0 /srv/db.php(9): Db->query()\n#1 {main}\n\nNext RuntimeException: wrapped in /srv/app.php:7\nStack trace:\n#0 /srv/app.php(3): App->run()\n#1 {main}\n  thrown in /srv/app.php on line 7";
const GO_SERVING: &str = "http: panic serving 10.0.0.1:5123: runtime error: index out of range\ngoroutine 36 [running]:\npanic({0x1, 0x2})\n\t/usr/local/go/src/runtime/panic.go:770 +0x132\nmain.(*Api).Get(0xc0001, {0x1, 0x2})\n\t/app/api.go:31 +0x45\ncreated by net/http.(*Server).Serve in goroutine 1\n\t/usr/local/go/src/net/http/server.go:3285 +0x4b4";
const BROWSER: &str =
    "TypeError: e is undefined\nrun@http://h.example/a.js:5:9\nmain@http://h.example/a.js:9:1";

const LINE_BY_LINE: [&str; 17] = [
    NODE_CAUSE,
    NODE_GROUP,
    NODE_MULTILINE,
    NODE_CODE,
    NODE_ERROR,
    JAVA_MULTILINE,
    PERL_ARGUMENTS,
    PYTHON_NOTES,
    PYTHON_GROUP,
    RUST_MULTILINE,
    RUST_REPORT,
    CSHARP_ARROWS,
    RUBY_CAUSE,
    RAILS,
    PHP_NEXT,
    GO_SERVING,
    BROWSER,
];

#[test]
fn a_trace_line_by_line_has_the_key_of_the_same_trace_in_one_entry() {
    for text in ALL.iter().chain(&LINE_BY_LINE) {
        let lines: Vec<&str> = text.lines().collect();
        let all: Vec<u64> = (0..lines.len() as u64).collect();
        assert_eq!(join_lines(&lines), [(all, key(text))], "{text}");
    }
}

#[test]
fn ordinary_lines_around_traces_are_left_out() {
    for first in ALL.iter().chain(&LINE_BY_LINE) {
        for second in ALL.iter().chain(&LINE_BY_LINE) {
            let mut lines = vec!["GET /health 200", "cannot answer: FooError: busy", "done"];
            let mut expected = Vec::new();
            for text in [first, second] {
                let start = lines.len() as u64;
                lines.extend(text.lines());
                expected.push(((start..lines.len() as u64).collect::<Vec<_>>(), key(text)));
                lines.extend(["request 77 done (ok)", "GET /health 200", ""]);
            }
            assert_eq!(join_lines(&lines), expected, "{lines:#?}");
        }
    }
}

#[test]
fn interleaved_streams_are_no_part_of_each_other() {
    for (first, second) in ALL.iter().chain(&LINE_BY_LINE).zip(LINE_BY_LINE.iter().rev().chain(&ALL)) {
        let mut joiner = Joiner::default();
        let mut joined = Vec::new();
        let n_lines = first.lines().count().max(second.lines().count());
        for nth in 0..n_lines {
            for (stream, text) in [("a", first), ("b", second), ("c", &"GET /health 200\n")] {
                let line = text.lines().nth(nth).unwrap_or("serving");
                joined.extend(joiner.feed(stream, nth as i64 * 1_000_000, nth as u64, line));
            }
        }
        joined.extend(joiner.finish());
        joined.sort_by(|a, b| a.stream.cmp(&b.stream));
        let found: Vec<_> = joined.iter().map(|joined| (joined.stream.as_str(), &*joined.text)).collect();
        assert_eq!(found, [("a", *first), ("b", *second)]);
    }
}

#[test]
fn words_before_an_error_are_not_its_type() {
    let frames = "    at run (/app/a.js:5:9)\n    at load (/app/b.js:1:1)";
    let plain = |head: &str| format!("{head}\n{frames}");
    let expected = key(&plain("TypeError: x is not a function"));
    for prefix in [
        "",
        "error: ",
        "error: error: ",
        "error: Failed to load user: ",
        "Warning: ",
        "Uncaught ",
        "Failed to load user: ",
        "(node:1) UnhandledPromiseRejectionWarning: ",
        "error: (node:1) UnhandledPromiseRejectionWarning: ",
        "error: UnhandledPromiseRejectionWarning: ",
        "2025-09-16T01:40:54Z error: ",
        "[error]: Uncaught (in promise) ",
    ] {
        let text = plain(&format!("{prefix}TypeError: x is not a function"));
        check(&text, Language::Node, &["TypeError"], "TypeError", "a.run");
        let found = &find(&text)[0];
        assert_eq!(found.root().message, "x is not a function", "{text}");
        assert_eq!(exception_key(found), expected, "{text}");
        assert!(text[found.range.clone()].starts_with("TypeError") || prefix.starts_with("Unc"), "{text}");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(join_lines(&lines), [(vec![0, 1, 2], expected)], "{text}");
    }
    // These are types: of a library that calls it so, of a warning with its stack, of what was thrown.
    for (head, type_name) in [
        ("error: relation missing", "error"),
        ("error: Parser: missing", "error"),
        ("error: canceling statement due to statement Timeout", "error"),
        ("error: Connection Error: refused", "error"),
        ("(node:1) Warning: Closing a file: late", "Warning"),
        ("Error: TypeError: x", "Error"),
        ("(node:1) UnhandledPromiseRejectionWarning: ValidationFailed: no", "ValidationFailed"),
        ("TypeError [ERR_X]: no", "TypeError"),
    ] {
        assert_eq!(find(&plain(head))[0].root().type_name, type_name, "{head}");
    }
    let java = "java.lang.IllegalStateException: no\n\tat a.B.c(B.java:3)";
    assert_eq!(key(&format!("Error: {java}")), key(java));
}

#[test]
fn a_trace_written_out_behind_a_word_has_its_key() {
    // Nothing but a line end tells the frames of these two from other text.
    let all = ALL.iter().chain(&LINE_BY_LINE).filter(|text| ![RAILS, BROWSER].contains(text));
    for text in all {
        // What has no name of an error's form is not found behind words, or they are part of its message.
        let prefixes = if *text == NODE_ERROR || find(text)[0].language == Language::Perl {
            &[""][..]
        } else {
            &["", "error: ", "2025-09-16 ERROR worker: "]
        };
        for prefix in prefixes {
            let written_out = text.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t");
            assert_eq!(key(&format!("{prefix}{written_out}")), key(text), "{prefix}{written_out}");
        }
    }
}
