//! Text for an HTML page.

use super::hazard::{Charset, Layout, push_visible};

/// Makes untrusted text safe between tags; line breaks and tabs stay.
///
/// Shape: no `<`, `>`, `"`, `'`, no bare `&`, no control character but `\n` and `\t`, no bidi control: an override in one
/// cell cannot turn the rest of the page around.
#[must_use]
pub fn html_text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len() + 16);
    push_visible(text, Layout::Verbatim, Charset::Unicode, &mut shown);
    entities(&shown)
}

/// Makes untrusted text safe inside a quoted attribute value; line breaks and tabs are shown.
#[must_use]
pub fn html_attribute(text: &str) -> String {
    let mut shown = String::with_capacity(text.len() + 16);
    push_visible(text, Layout::OneLine, Charset::Unicode, &mut shown);
    entities(&shown)
}

fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn markup_becomes_text() {
        assert_eq!(
            html_text("<script>alert('x')</script>"),
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"
        );
        assert_eq!(html_text("a & b\0\u{202E}\n\tc"), "a &amp; b␀\\u{202e}\n\tc");
        assert_eq!(html_attribute("\" onload=\"x\n"), "&quot; onload=&quot;x⏎");
    }

    fn undone(html: &str) -> String {
        html.replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&amp;", "&")
    }

    proptest! {
        #[test]
        fn a_browser_sees_the_shown_text(text in any::<String>()) {
            let html = html_text(&text);
            prop_assert!(!html.contains(['<', '>', '"', '\'']));
            prop_assert!(html.chars().all(|c| matches!(c, '\n' | '\t') || !c.is_control()));
            let mut shown = String::new();
            push_visible(&text, Layout::Verbatim, Charset::Unicode, &mut shown);
            prop_assert_eq!(undone(&html), shown);
            prop_assert!(!html_attribute(&text).contains(['<', '>', '"', '\'', '\n']));
        }
    }
}
