//! What the classes find in whole messages, as a table.

use super::{Hole, HoleKind, Masker};
use proptest::prelude::*;

fn marked(text: &str) -> String {
    let mut holes = Vec::new();
    Masker::standard().mask(text, &mut holes);
    show(text, &holes)
}

fn show(text: &str, holes: &[Hole]) -> String {
    let (mut shown, mut from) = (String::new(), 0);
    for hole in holes {
        shown.push_str(&text[from..hole.start_idx()]);
        shown.push_str(hole.kind.as_str());
        from = hole.end_idx();
    }
    shown + &text[from..]
}

#[test]
fn classes_in_context() {
    for (text, expected) in [
        (
            "Received block blk_-1608999687919862906 of size 91178 from /10.250.10.6",
            "Received block <word> of size <num> from <ip>",
        ),
        ("Connection to host 10.0.0.1:5432 refused", "Connection to host <ip> refused"),
        ("id 0a1b2c3d-0000-4fff-8000-0123456789ab gone", "id <uuid> gone"),
        ("at 2025-08-25 16:20:09.774 | x", "at <time> | x"),
        ("logging:handle:978 done", "logging:handle:<num> done"),
        ("shop.app.core.log:emit:165", "<name>:emit:<num>"),
        ("clickhouse.staging.example.ai:8123 up", "<host> up"),
        ("\"GET /api/mcp HTTP/1.1\" 200", "\"GET <path> HTTP/<num>\" <num>"),
        ("state=ready code = 5", "state=<*> code = <num>"),
        ("ok=true, none=None", "ok=<bool>, none=<bool>"),
        ("returned null", "returned <bool>"),
        ("nullable falsehood", "nullable falsehood"),
        ("mail a.b@x.org please", "mail <email> please"),
        ("see https://x.y/z.", "see <url>."),
        ("read /var/log/a.log: denied", "read <path>: denied"),
        ("File \"/srv/a.py\", line 3", "File \"<path>\", line <num>"),
        ("took 12.5ms (99%)", "took <duration> (<num>)"),
        ("values 1, 2, 3 end", "values <num> end"),
        ("call () here", "call (<*>) here"),
        ("core #9# at", "core <num> at"),
        ("mod_7cbbc409 loaded", "<word> loaded"),
        ("commit 7cbbc409 pushed", "commit <hex> pushed"),
        ("address 0x7fcc 00:1b:44:11:3a:b7", "address <*>"),
        ("version 1.2.3 of x", "version <version> of x"),
        (
            "\u{1b}[32m2025-08-28 00:23:29.244\u{1b}[0m | \u{1b}[1mINFO",
            "\u{1b}[32m<time>\u{1b}[0m | \u{1b}[1mINFO",
        ),
        ("user='ann b' left", "user=<*> left"),
        ("temp -5 C, a-5", "temp <num> C, <word>"),
        ("C:\\Windows\\System32\\x.dll loaded", "<path> loaded"),
        ("Sun Dec 4 04:47:44 2005 x", "<time> x"),
        ("<1 sec", "<duration>"),
        ("wrote 4096 bytes (4.0 KB) now", "wrote <size> now"),
    ] {
        assert_eq!(marked(text), expected, "{text}");
    }
}

#[test]
fn holes_give_the_value_back() {
    let text = "user ann from 10.0.0.1, 10.0.0.2 at 5s";
    let mut holes = Vec::new();
    Masker::standard().mask(text, &mut holes);
    let values: Vec<_> = holes.iter().map(|hole| hole.value(text)).collect();
    assert_eq!(values, ["10.0.0.1, 10.0.0.2", "5s"]);
    assert_eq!(holes[0].kind, HoleKind::Ip);
}

#[test]
fn rules_of_a_user_come_first() {
    let masker = Masker::with_rules("# tenants\nhost = shop-[a-z]+\n\nticket = T[a-z]{3}").unwrap();
    let mut holes = Vec::new();
    let text = "shop-berlin sent Tabc 5";
    masker.mask(text, &mut holes);
    assert_eq!(show(text, &holes), "<host> sent <*>");
    assert_eq!(Masker::with_rules("a = (").unwrap_err().line, 1);
    assert_eq!(Masker::with_rules("\nnonsense").unwrap_err().line, 2);
    assert!(Masker::with_rules("a = x*").is_err());
}

#[test]
fn kinds_survive_their_name() {
    for kind in HoleKind::ALL {
        assert_eq!(HoleKind::from_name(kind.as_str().trim_matches(['<', '>'])), Some(kind));
    }
}

/// Texts that made some step look at the rest of the text from every place; they end at once when none does.
#[test]
fn hostile_texts_take_linear_time() {
    for piece in [
        "a-",
        "a$",
        "a+",
        "a.b$",
        "a@",
        "-a",
        "=\"",
        "='",
        "x=a:",
        "(  ",
        "GET ",
        "::",
        "a::",
        "/a",
        "\\",
        "é-",
        "\u{1b}[1;",
        "1-",
        "_",
        "a.b ",
    ] {
        let text = piece.repeat(200_000);
        let mut holes = Vec::new();
        Masker::standard().mask(&text, &mut holes);
        assert!(holes.len() <= 400_000, "{piece}");
    }
    let text = "a-".repeat(200_000) + "." + &"b".repeat(200_000);
    let mut holes = Vec::new();
    Masker::standard().mask(&text, &mut holes);
    assert_eq!(holes, []);
    let text = "a-".repeat(200_000) + "a.b.c=" + &"x=a/".repeat(200_000) + &"a+".repeat(200_000);
    Masker::standard().mask(&text, &mut holes);
    assert!(holes.len() <= 200_001);
}

fn log_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ -~]{0,12}",
        "\\PC{0,6}",
        "[0-9a-fA-F.:/\\-]{1,20}",
        "[a-z]{1,8}[=.@/][a-z0-9]{1,8}",
        Just(" GET /x ".to_owned()),
        Just("=\"".to_owned()),
        Just("\u{1b}[3".to_owned()),
        Just("é2—".to_owned()),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn holes_are_ascending_and_on_character_boundaries(text in log_like()) {
        let mut holes = vec![Hole { start: 7, end: 9, kind: HoleKind::Num }];
        Masker::standard().mask(&text, &mut holes);
        let mut from = 0;
        for hole in &holes {
            prop_assert!(from <= hole.start_idx() && hole.start <= hole.end);
            prop_assert!(text.get(hole.start_idx()..hole.end_idx()).is_some());
            from = hole.end_idx();
        }
        prop_assert!(from <= text.len());
        let shape = crate::shape::shape(&text, &holes);
        prop_assert_eq!(shape.fingerprint(), crate::shape::fingerprint(&text, &holes));
        prop_assert_eq!(crate::shape::Shape::from_line(&shape.to_line()), shape);
    }

    #[test]
    fn user_rules_never_break_the_order(text in log_like(), rule in "[a-z]{1,2}|[0-9]|/[a-z]") {
        let masker = Masker::with_rules(&format!("x = {rule}")).unwrap();
        let mut holes = Vec::new();
        masker.mask(&text, &mut holes);
        prop_assert!(holes.iter().all(|hole| text.get(hole.start_idx()..hole.end_idx()).is_some()));
        prop_assert!(holes.windows(2).all(|pair| pair[0].end <= pair[1].start));
    }
}
