//! Text for a field of a comma-separated file.

use super::hazard::{Charset, Layout, is_hazard, push_visible};

/// Makes untrusted text a CSV field that reads back as text, in programs and in spreadsheets.
///
/// Shape: hazards shown as in [`terminal`](super::terminal()), but line breaks (as `\n`) and tabs stay, inside quotes. Text
/// whose first sign a spreadsheet could take for the start of a formula (`= + - @`, their full-width forms, tab,
/// carriage return, line feed; also after leading blanks or invisible characters) gets a `'` in front, which
/// spreadsheets read as "this is text". Numbers that we write ourselves do not come through here.
///
/// Source: RFC 4180; OWASP, "CSV Injection", <https://owasp.org/www-community/attacks/CSV_Injection>.
#[must_use]
pub fn csv_field(text: &str) -> String {
    let mut shown = String::with_capacity(text.len() + 4);
    if starts_like_a_formula(text) {
        shown.push('\'');
    }
    push_visible(text, Layout::Verbatim, Charset::Unicode, &mut shown);
    csv_quote(&shown)
}

/// Quotes a field where a reader needs it, and changes nothing else.
///
/// Besides what RFC 4180 asks for, semicolons, tabs and blanks at the edges are quoted: spreadsheets of many countries
/// split at `;`, and some readers trim.
#[must_use]
pub fn csv_quote(field: &str) -> String {
    let needs_quotes = field.contains(['"', ',', ';', '\t', '\n', '\r'])
        || field.starts_with(char::is_whitespace)
        || field.ends_with(char::is_whitespace);
    if needs_quotes { format!("\"{}\"", field.replace('"', "\"\"")) } else { field.to_owned() }
}

fn starts_like_a_formula(text: &str) -> bool {
    const STARTERS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    if text.starts_with(['\t', '\r', '\n']) {
        return true;
    }
    let first = text.chars().find(|&c| !c.is_whitespace() && !is_hazard(c));
    first.is_some_and(|c| STARTERS.contains(&c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_are_quoted_and_disarmed() {
        fn check(input: &str, expected: &str) {
            assert_eq!(csv_field(input), expected, "{input:?}");
        }
        check("plain", "plain");
        check("", "");
        check("a,b", "\"a,b\"");
        check("say \"hi\"", "\"say \"\"hi\"\"\"");
        check("two\r\nlines", "\"two\nlines\"");
        check("=1+1", "'=1+1");
        check("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"");
        check("+49 30", "'+49 30");
        check("-rf", "'-rf");
        check("@SUM(A1)", "'@SUM(A1)");
        check("\t=1", "\"'\t=1\"");
        check("\r=1", "'␍=1");
        check("  =1", "'  =1");
        check("\u{FEFF}=1", "'\\u{feff}=1");
        check("＝1", "'＝1");
        check("a=1", "a=1");
        check("a;b", "\"a;b\"");
        check("\u{1B}[31m", "␛[31m");
        check("nul\0", "nul␀");
    }

    /// The reader's side of RFC 4180, for one record.
    fn parse_record(record: &str) -> Vec<String> {
        let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
        let mut chars = record.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' if quoted && chars.peek() == Some(&'"') => field.extend(chars.next()),
                '"' => quoted = !quoted,
                ',' if !quoted => fields.push(std::mem::take(&mut field)),
                '\n' if !quoted => panic!("record ends early: {record:?}"),
                _ => field.push(c),
            }
        }
        assert!(!quoted, "open quote: {record:?}");
        fields.push(field);
        fields
    }

    proptest! {
        #[test]
        fn records_read_back(texts in prop::collection::vec("[=+@,;\"'\r\n\t -a\u{1B}\u{202E}é]{0,6}", 1..5)) {
            let record = texts.iter().map(|text| csv_field(text)).collect::<Vec<_>>().join(",");
            let fields = parse_record(&record);
            prop_assert_eq!(fields.len(), texts.len());
            for (field, text) in fields.iter().zip(&texts) {
                let mut expected = String::new();
                push_visible(text, Layout::Verbatim, Charset::Unicode, &mut expected);
                prop_assert_eq!(field.strip_prefix('\'').unwrap_or(field), expected.strip_prefix('\'').unwrap_or(&expected));
                prop_assert!(!field.trim_start().starts_with(['=', '+', '-', '@']));
            }
        }

        #[test]
        fn nothing_calculates_and_nothing_steers(text in any::<String>()) {
            let fields = parse_record(&csv_field(&text));
            prop_assert_eq!(fields.len(), 1);
            prop_assert!(!fields[0].starts_with(['=', '+', '-', '@', '\t', '\r', '\n']));
            prop_assert!(fields[0].chars().all(|c| matches!(c, '\n' | '\t') || !c.is_control()));
        }
    }
}
