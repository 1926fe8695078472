//! Text for a Markdown file, as CommonMark and GitHub read it.
//!
//! Log text goes into code spans, where every renderer leaves it alone; prose goes through [`markdown_text`]. What a
//! renderer recognises in *rendered* text (addresses, `@mentions`, `#12` references) cannot be stopped with a
//! backslash, only by being code, so words of that kind become code spans.
//!
//! Every backslash in the output is ours: one in the text is written as an entity. So whether a sign is escaped never
//! depends on how many backslashes stand before it, a question on which table readers disagree.

use super::hazard::{Charset, Layout, push_visible};

/// Where a piece of Markdown will stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkdownPlace {
    /// First on the line of a paragraph, quote or list item, where a sign can open another block.
    LineStart,
    /// Further on in a line, or in a heading.
    Flow,
    /// In a cell of a table, where `|` ends the cell even inside code.
    TableCell,
}

/// Makes untrusted prose inert on one line: no emphasis, code, link, image, HTML, table, math, list or heading.
///
/// Words that a renderer would make a link, a mention or a reference of become code spans.
///
/// Source: CommonMark 0.31.2 sections 2.4, 2.5, 4 and 6; GitHub Flavored Markdown 0.29 sections 4.10, 6.5 and 6.9.
#[must_use]
pub fn markdown_text(text: &str, place: MarkdownPlace) -> String {
    let mut shown = String::with_capacity(text.len() + 16);
    push_visible(text, Layout::OneLine, Charset::Unicode, &mut shown);
    let mut out = String::with_capacity(shown.len() + 16);
    for piece in shown.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end_matches(char::is_whitespace);
        if becomes_a_link(word) {
            out.push_str(&markdown_code(word, place));
        } else {
            let starts_the_line = place == MarkdownPlace::LineStart && out.is_empty();
            push_word(word, starts_the_line, &mut out);
        }
        // Any blank is one plain space: a run of them, or one at the edge of a line, has meaning to Markdown.
        let blank = piece.len() > word.len();
        if blank && !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
    }
    out
}

/// Makes untrusted text a code span on one line.
///
/// Shape: `` `text` `` with a fence longer than any run of backticks inside. In a table `|` is escaped; where a backslash
/// stands before it, and for empty text, the span is a `<code>` element, see [`markdown_code_element`].
#[must_use]
pub fn markdown_code(text: &str, place: MarkdownPlace) -> String {
    let in_table = place == MarkdownPlace::TableCell;
    if text.trim().is_empty() || (in_table && text.contains("\\|")) {
        return markdown_code_element(text);
    }
    let mut shown = String::with_capacity(text.len() + 4);
    push_visible(text, Layout::OneLine, Charset::Unicode, &mut shown);
    let fence = "`".repeat(longest_run_of_backticks(&shown) + 1);
    // One blank at both ends is taken away by the reader; it keeps the text's own backticks and blanks apart.
    let pad = if shown.starts_with(['`', ' ']) || shown.ends_with(['`', ' ']) { " " } else { "" };
    if in_table {
        shown = shown.replace('|', "\\|");
    }
    format!("{fence}{pad}{shown}{pad}{fence}")
}

/// Makes untrusted text a `<code>` element in which every ASCII sign is an entity.
///
/// Harder to read than a code span, but safe beside another code span and whatever stands in it.
#[must_use]
pub fn markdown_code_element(text: &str) -> String {
    let mut shown = String::with_capacity(text.len() + 4);
    push_visible(text, Layout::OneLine, Charset::Unicode, &mut shown);
    let mut out = String::from("<code>");
    for c in shown.chars() {
        if c.is_ascii_punctuation() { push_entity(c, &mut out) } else { out.push(c) }
    }
    out.push_str("</code>");
    out
}

/// Makes untrusted text a fenced code block, ending with a line break.
///
/// `language` is the word after the fence, from a short list of our own; it never comes from a log.
#[must_use]
pub fn markdown_fence(text: &str, language: &'static str) -> String {
    let mut shown = String::with_capacity(text.len() + 4);
    push_visible(text, Layout::Block, Charset::Unicode, &mut shown);
    let fence = "`".repeat(longest_run_of_backticks(&shown).max(2) + 1);
    let end = if shown.is_empty() || shown.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{language}\n{shown}{end}{fence}\n")
}

fn push_word(word: &str, starts_the_line: bool, out: &mut String) {
    let n_digits = word.bytes().take_while(u8::is_ascii_digit).count();
    // A word of # at the end of a heading would be taken for its closing.
    let closes_a_heading = word.bytes().all(|byte| byte == b'#');
    for (at, c) in word.char_indices() {
        let opens_a_block = starts_the_line
            && ((at == 0 && matches!(c, '#' | '+' | '-' | '='))
                || (at == n_digits && at + 1 == word.len() && matches!(c, '.' | ')')));
        match c {
            '\\' | '`' | '|' | '$' | '<' | '>' | '&' | '{' | '}' => push_entity(c, out),
            '*' | '_' | '[' | ']' | '~' | '^' => out.extend(['\\', c]),
            _ if opens_a_block || closes_a_heading => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
}

fn push_entity(c: char, out: &mut String) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        _ => out.push_str(&format!("&#{};", u32::from(c))),
    }
}

/// Addresses, e-mail, `@mention`, `#12`, `GH-12`: generous, since being code by mistake does no harm.
fn becomes_a_link(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let numbered =
        |(at, sign): (usize, &str)| lower[at + sign.len()..].starts_with(|c: char| c.is_ascii_digit());
    lower.contains("//")
        || lower.contains("www.")
        || lower.contains('@')
        || ["mailto:", "xmpp:", "tel:"].iter().any(|scheme| lower.contains(scheme))
        || lower.match_indices('#').any(numbered)
        || lower.match_indices("gh-").any(numbered)
        || lower.match_indices('!').any(numbered)
}

fn longest_run_of_backticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::MarkdownPlace::{Flow, LineStart, TableCell};
    use super::*;

    #[test]
    fn prose_stays_prose() {
        fn check(input: &str, expected: &str) {
            assert_eq!(markdown_text(input, LineStart), expected, "{input:?}");
        }
        check("12.3% of all, first at 10:00", "12.3% of all, first at 10:00");
        check("*bold* _it_ ~~no~~", "\\*bold\\* \\_it\\_ \\~\\~no\\~\\~");
        check("[x](y) ![z](w)", "\\[x\\](y) !\\[z\\](w)");
        check("<b>&amp;", "&lt;b&gt;&amp;amp;");
        check("a|b\\|c`d", "a&#124;b&#92;&#124;c&#96;d");
        check("# title", "\\# title");
        check("- item", "\\- item");
        check("1. item", "1\\. item");
        check("   > quote", "&gt; quote");
        check("--- x", "\\--- x");
        check("see https://evil.example/x now", "see `https://evil.example/x` now");
        check("ping @team about #12", "ping `@team` about `#12`");
        check("one\ntwo", "one⏎two");
        check("a  b ", "a b ");
        check("$x$", "&#36;x&#36;");
        assert_eq!(markdown_text("- 1. x #", Flow), "- 1. x \\#");
    }

    #[test]
    fn code_spans_hold_anything() {
        fn check(input: &str, place: MarkdownPlace, expected: &str) {
            assert_eq!(markdown_code(input, place), expected, "{input:?}");
        }
        check("a|b", Flow, "`a|b`");
        check("a|b", TableCell, "`a\\|b`");
        check("a\\|b", TableCell, "<code>a&#92;&#124;b</code>");
        check("`", Flow, "`` ` ``");
        check("a``b", Flow, "```a``b```");
        check(" x ", Flow, "`  x  `");
        check("", Flow, "<code></code>");
        check("<img src=x>\n", Flow, "`<img src=x>⏎`");
        assert_eq!(markdown_fence("```\nx", "json"), "````json\n```\nx\n````\n");
        assert_eq!(markdown_fence("", ""), "```\n```\n");
    }

    proptest! {
        #[test]
        fn prose_has_no_active_sign(text in any::<String>()) {
            let line = markdown_text(&text, TableCell);
            prop_assert!(!line.contains('\n') && !line.starts_with(' '));
            // Outside code spans and our own escapes nothing is left that Markdown acts on.
            if !text.split(char::is_whitespace).any(becomes_a_link) {
                let bare = line.replace("\\*", "").replace("\\_", "").replace("\\[", "").replace("\\]", "").replace("\\~", "").replace("\\^", "");
                prop_assert!(!bare.contains(['*', '_', '[', ']', '~', '^', '`', '<', '>', '|', '$']), "{}", bare);
            }
        }

        #[test]
        fn table_cells_cannot_end_early(text in "[\\\\|`a &<*_@#0-9]{0,12}") {
            for cell in [markdown_text(&text, TableCell), markdown_code(&text, TableCell)] {
                let mut before = ' ';
                for c in cell.chars() {
                    prop_assert!(c != '|' || before == '\\', "{cell}");
                    prop_assert!(!(c == '|' && cell.contains("\\\\|")), "{cell}");
                    before = c;
                }
            }
        }

        #[test]
        fn code_spans_close_where_we_close_them(text in "[`a ]{0,12}") {
            let span = markdown_code(&text, Flow);
            if let Some(inner) = span.strip_prefix("<code>") {
                prop_assert!(inner.ends_with("</code>"));
            } else {
                let fence = span.bytes().take_while(|&byte| byte == b'`').count();
                let inner = &span[fence..span.len() - fence];
                prop_assert!(longest_run_of_backticks(inner) < fence, "{span}");
                prop_assert!(!inner.starts_with('`') && !inner.ends_with('`'), "{span}");
            }
        }

        #[test]
        fn fences_hold(text in any::<String>()) {
            let block = markdown_fence(&text, "text");
            let fence = block.bytes().take_while(|&byte| byte == b'`').count();
            let body = &block[block.find('\n').unwrap() + 1..block.len() - fence - 1];
            prop_assert!(longest_run_of_backticks(body) < fence);
        }
    }
}
