//! Texts that have been trouble to somebody.

use crate::generate::rng::Rng;

/// Texts that are used as they are.
pub const TEXTS: &[&str] = &[
    "",
    " ",
    "\n",
    "connection refused",
    "Connection REFUSED",
    "connection  refused",
    "STRASSE",
    "straße",
    "Straße",
    "ＦＵＬＬＷＩＤＴＨ １２３",
    "fullwidth 123",
    "İstanbul ıIiİ",
    "ΣΊΣΥΦΟΣ σίσυφος",
    "caf\u{e9}",
    "cafe\u{301}",
    "ﬁne ﬂow ﬀ",
    "日本語のログ",
    "한국어",
    "🪵🔥 timber 👩‍👩‍👧‍👦",
    "\u{200f}right to left\u{200e} \u{202e}gnp.exe\u{202c}",
    "שלום עולם",
    "zero\u{200b}width\u{feff}",
    "soft\u{ad}hyphen",
    "\u{1b}[31mred\u{1b}[0m",
    "bell\u{7} null\u{0} delete\u{7f}",
    "tab\tand\\backslash\"quote'",
    "C:\\temp\\new",
    "a.b.c/d-e_f:g",
    "exit(3)",
    "100%",
    "_%*?[a-z]+(.*)$^",
    "line one\nline two\r\nline three",
    "null",
    "true",
    "0",
    "-0",
    "007",
    "1e5",
    "18446744073709551616",
    "0x1F",
    "2025-05-20T00:00:00Z",
    "{\"message\":\"inner\"}",
    "[1,2,3]",
    "ðŸ”´ mojibake â†’",
    "\u{fffd}\u{fffe}\u{10ffff}",
    "<script>alert(1)</script> | `a` | **b**",
    "Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\nKeyError: 'x'",
    "KeyError: 'x'",
];

const WORDS: &[&str] = &[
    "connection",
    "refused",
    "order",
    "timeout",
    "user",
    "retry",
    "ledger",
    "größe",
    "GRÖSSE",
    "x",
    "it's",
    "e-mail",
    "a_b",
    "v1.2.3",
    "10.0.0.1",
    "/var/log",
    "key=value",
    "(nested)",
    "[13]",
    "ok.",
    "ok",
    "OK",
    "ß",
    "ss",
    "🪵",
    "№5",
    "½",
    "１２",
];

/// Returns a text: one of [`TEXTS`], some words with numbers between them, or rarely a very long one.
pub fn text(rng: &mut Rng) -> String {
    match rng.below(20) {
        0..7 => rng.pick(TEXTS).to_owned(),
        7 => {
            let word = rng.pick(WORDS);
            word.repeat(1 + rng.below(400))
        }
        8 => (0..rng.below(12)).map(|_| any_char(rng)).collect(),
        _ => {
            let mut out = String::new();
            for word_idx in 0..1 + rng.below(9) {
                if word_idx > 0 {
                    out.push_str(rng.pick(&[" ", " ", " ", " ", "  ", "\t", "\u{a0}", ", ", ": "]));
                }
                if rng.chance(0.25) {
                    out.push_str(&rng.between(0, 5000).to_string());
                } else {
                    out.push_str(rng.pick(WORDS));
                }
            }
            out
        }
    }
}

fn any_char(rng: &mut Rng) -> char {
    loop {
        let limit = rng.pick(&[0x80, 0x800, 0x1_0000, 0x11_0000]);
        let code = u32::try_from(rng.below(limit)).expect("below 0x110000");
        // Surrogates are no characters.
        if let Some(letter) = char::from_u32(code) {
            return letter;
        }
    }
}
