//! Text that was UTF-8, was read as cp1252 and written as UTF-8 again: `â†’` for `→`, `ðŸ”´` for `🔴`.

/// The characters of cp1252 at 0x80 to 0x9f; zero where it has none. Source: <https://encoding.spec.whatwg.org/index-windows-1252.txt>,
/// which maps the five unassigned bytes to themselves, as the programs do that make this mess.
const CP1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Undoes the damage; `None` when there is none.
///
/// Only runs of characters that are the bytes of a well-formed multi-byte character are turned back; all else stays. Text that
/// means `Ã©` literally would be changed too, so the result is for showing and searching, never for storing.
pub fn unmojibake(text: &str) -> Option<String> {
    let mut out: Option<String> = None;
    let mut at = 0;
    let mut kept = 0;
    while let Some((start, len, c)) = next_run(text, at) {
        let out = out.get_or_insert_with(|| String::with_capacity(text.len()));
        out.push_str(&text[kept..start]);
        out.push(c);
        at = start + len;
        kept = at;
    }
    let mut out = out?;
    out.push_str(&text[kept..]);
    Some(out)
}

/// Says whether [`unmojibake`] would change the text.
pub(super) fn has_mojibake(text: &str) -> bool {
    next_run(text, 0).is_some()
}

/// Finds the next run from `at`: where it starts, how long it is, which character it was.
///
/// All lead bytes of multi-byte characters (0xc3 to 0xf4) are Latin letters whose own UTF-8 begins with 0xc3, 0xc2 being one of
/// its neighbours that begins with 0xc3 as well; so one byte is searched for.
fn next_run(text: &str, at: usize) -> Option<(usize, usize, char)> {
    let mut at = at;
    loop {
        at += memchr::memchr(0xc3, &text.as_bytes()[at..])?;
        if let Some((len, c)) = run(&text[at..]) {
            return Some((at, len, c));
        }
        at += 2;
    }
}

fn run(text: &str) -> Option<(usize, char)> {
    let mut bytes = [0; 4];
    let mut chars = text.char_indices();
    bytes[0] = cp1252_byte(chars.next()?.1)?;
    let len = match bytes[0] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    for byte in &mut bytes[1..len] {
        *byte = cp1252_byte(chars.next()?.1)?;
    }
    let c = std::str::from_utf8(&bytes[..len]).ok()?.chars().next()?;
    Some((chars.offset(), c))
}

fn cp1252_byte(c: char) -> Option<u8> {
    match c {
        // The controls too: some programs read Latin-1 instead.
        '\u{80}'..='\u{ff}' => u8::try_from(u32::from(c)).ok(),
        _ => CP1252.iter().position(|own| *own == c).and_then(|idx| u8::try_from(0x80 + idx).ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(unmojibake(text).as_deref(), expected, "{text}");
        assert_eq!(has_mojibake(text), expected.is_some());
    }

    #[test]
    fn turned_back() {
        check("ðŸ”´ failed", Some("🔴 failed"));
        check("a â†’ b â†’ c", Some("a → b → c"));
        check("cafÃ©", Some("café"));
        check("it â€œworksâ€\u{9d}", Some("it “works”"));
    }

    #[test]
    fn left_alone() {
        check("plain", None);
        check("→ 🔴 é Ã", None);
        check("château à la carte", None);
        check("Ã", None);
    }

    #[test]
    fn every_character_comes_back() {
        for c in ('\u{80}'..='\u{10ffff}').step_by(97) {
            let mut bytes = [0; 4];
            let mangled: String = c
                .encode_utf8(&mut bytes)
                .bytes()
                .map(
                    |b| if (0x80..0xa0).contains(&b) { CP1252[usize::from(b) - 0x80] } else { char::from(b) },
                )
                .collect();
            assert_eq!(unmojibake(&mangled), Some(c.to_string()), "{mangled}");
        }
    }
}
