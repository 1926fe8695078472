//! Values of every JSON type, nested, with numbers that do not fit anywhere.

use super::{TwiceNamed, push_string_key, text};
use crate::generate::json::push_string;
use crate::generate::rng::Rng;

/// Numbers at and beyond the edges of 64-bit integers and doubles; all of them can be read as a double.
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "0.0",
    "-0.0",
    "1",
    "-1",
    "42",
    "3.14",
    "1e5",
    "1E+5",
    "1.50",
    "100000000000000000000",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "123456789012345678901234567890",
    "0.1",
    "0.30000000000000004",
    "1.7976931348623157e308",
    "5e-324",
    "1e-400",
    "2.2250738585072011e-308",
];

const KEYS: &[&str] = &[
    "a",
    "b",
    "message",
    "msg",
    "count",
    "user.name",
    "a/b",
    "a.b.c",
    "",
    " ",
    "0",
    "größe",
    "GRÖSSE",
    "ключ",
    "🪵",
    "with space",
    "with\"quote",
    "with\\slash",
    "with\nline",
    "@type",
    "null",
    "timestamp",
    "severity",
    "error",
];

/// Appends any value, nested at most `depth` deep.
pub fn push_value(out: &mut String, depth: usize, twice_named: TwiceNamed, rng: &mut Rng) {
    let n_kinds = if depth == 0 { 8 } else { 12 };
    match rng.below(n_kinds) {
        0 => out.push_str("null"),
        1 => out.push_str(if rng.chance(0.5) { "true" } else { "false" }),
        2 | 3 => out.push_str(rng.pick(NUMBERS)),
        4 => out.push_str(&rng.between(-1000, 1000).to_string()),
        5 => push_escaped(out, &text(rng)),
        6 | 7 => push_string(out, &text(rng)),
        8 | 9 => push_array(out, depth - 1, twice_named, rng),
        _ => push_object(out, depth - 1, twice_named, rng),
    }
}

/// Appends an object, its values nested at most `depth` deep; often it is empty.
pub fn push_object(out: &mut String, depth: usize, twice_named: TwiceNamed, rng: &mut Rng) {
    let mut named: Vec<&str> = Vec::new();
    out.push('{');
    for _ in 0..rng.below(5) {
        let key = rng.pick(KEYS);
        if named.contains(&key) && twice_named == TwiceNamed::Never {
            continue;
        }
        named.push(key);
        push_string_key(out, key);
        push_value(out, depth, twice_named, rng);
    }
    out.push('}');
}

fn push_array(out: &mut String, depth: usize, twice_named: TwiceNamed, rng: &mut Rng) {
    out.push('[');
    for item_idx in 0..rng.below(5) {
        if item_idx > 0 {
            out.push(',');
        }
        push_value(out, depth, twice_named, rng);
    }
    out.push(']');
}

/// Appends a string in which every character is written as an escape, pairs of surrogates included.
fn push_escaped(out: &mut String, text: &str) {
    out.push('"');
    for unit in text.encode_utf16() {
        out.push_str(&format!("\\u{unit:04X}"));
    }
    out.push('"');
}
