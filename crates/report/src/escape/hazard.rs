//! Which characters do something other than being seen, and how they are shown instead.

/// What the reader's screen can draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Charset {
    /// Anything in Unicode; marks and bars use block characters.
    #[default]
    Unicode,
    /// Only printable ASCII; everything else is spelled `\u{…}`.
    ///
    /// A screen that does not decode UTF-8 would take its bytes 80 to 9F for control characters, so log text is spelled
    /// as well and not only our own drawings.
    Ascii,
}

/// Whether `c` steers a screen, a reading direction or a parser, or cannot be seen at all.
///
/// Covers: C0 and C1 controls and DEL; line and paragraph separators; bidi marks, overrides and isolates; zero-width
/// and other default-ignorable characters, which hide text or make two different texts look alike; tag characters and
/// variation selectors; noncharacters. Ordinary and no-break spaces are not hazards.
///
/// Source: Unicode 16 `DerivedCoreProperties.txt` (`Default_Ignorable_Code_Point`), UAX 9 section 2, and
/// Boucher and Anderson, "Trojan Source" (2021), for the bidi part.
#[must_use]
pub fn is_hazard(c: char) -> bool {
    if c.is_control() {
        return true;
    }
    if c < '\u{AD}' {
        return false;
    }
    let point = u32::from(c);
    matches!(
        point,
        0xAD | 0x034F
            | 0x061C
            | 0x115F..=0x1160
            | 0x17B4..=0x17B5
            | 0x180B..=0x180F
            | 0x200B..=0x200F
            | 0x2028..=0x202E
            | 0x2060..=0x206F
            | 0x3164
            | 0xFDD0..=0xFDEF
            | 0xFE00..=0xFE0F
            | 0xFEFF
            | 0xFFA0
            | 0xFFF0..=0xFFFB
            | 0x1BCA0..=0x1BCA3
            | 0x1D173..=0x1D17A
            | 0xE0000..=0xE0FFF
    ) || point & 0xFFFE == 0xFFFE
}

/// How a text's own line breaks and tabs are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// One line: `⏎` and `␉`.
    OneLine,
    /// Line breaks stay, a tab becomes four spaces.
    Block,
    /// Line breaks and tabs stay: the format keeps them apart from its own.
    Verbatim,
}

/// Appends `text` with every hazard spelled out, so that what is left is only ever drawn.
///
/// A line break is `\n` or `\r\n`; a `\r` alone is a hazard, since it lets later text overwrite earlier text. One
/// emoji or text variation selector directly after a visible character passes, because `⚠️` is ordinary in logs; a
/// second one, or one after nothing, is a place to hide data and is spelled.
pub(super) fn push_visible(text: &str, layout: Layout, charset: Charset, out: &mut String) {
    let mut after_visible = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let c = if c == '\r' && chars.peek() == Some(&'\n') { chars.next().unwrap_or('\n') } else { c };
        let selector = matches!(c, '\u{FE0E}' | '\u{FE0F}');
        let passes = match (c, layout, charset) {
            ('\n', Layout::Block | Layout::Verbatim, _) | ('\t', Layout::Verbatim, _) => true,
            (_, _, Charset::Unicode) => !is_hazard(c) || (selector && after_visible),
            (_, _, Charset::Ascii) => c.is_ascii() && !c.is_ascii_control(),
        };
        if passes {
            out.push(c);
        } else if c == '\t' && layout == Layout::Block {
            out.push_str("    ");
        } else {
            push_spelled(c, charset, out);
        }
        after_visible = passes && !selector && !c.is_whitespace();
    }
}

fn push_spelled(c: char, charset: Charset, out: &mut String) {
    match (c, charset) {
        ('\n', Charset::Unicode) => out.push('⏎'),
        ('\u{7F}', Charset::Unicode) => out.push('␡'),
        ('\0'..='\u{1F}', Charset::Unicode) => {
            out.push(
                char::from_u32(0x2400 + u32::from(c)).expect("U+2400 to U+241F are the control pictures"),
            );
        }
        ('\n', Charset::Ascii) => out.push_str("\\n"),
        ('\r', Charset::Ascii) => out.push_str("\\r"),
        ('\t', Charset::Ascii) => out.push_str("\\t"),
        _ => out.extend(c.escape_unicode()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_writing_is_no_hazard() {
        for c in "aZ0 ~é\u{A0}Ж漢あ한ع🔴→█😀".chars() {
            assert!(!is_hazard(c), "{c:?}");
        }
    }

    #[test]
    fn what_steers_or_hides_is_a_hazard() {
        let hazards = "\0\u{7}\u{8}\t\n\r\u{1B}\u{7F}\u{80}\u{85}\u{9B}\u{9F}\u{AD}\u{61C}\u{200B}\u{200C}\u{200D}\u{200E}\
            \u{200F}\u{2028}\u{2029}\u{202A}\u{202B}\u{202C}\u{202D}\u{202E}\u{2060}\u{2066}\u{2067}\u{2068}\u{2069}\u{FEFF}\
            \u{FFF9}\u{FFFE}\u{1FFFF}\u{E0041}\u{E0100}\u{FE0F}\u{3164}";
        for c in hazards.chars() {
            assert!(is_hazard(c), "{c:?}");
        }
    }
}
