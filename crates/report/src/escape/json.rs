//! JSON that stands inside of something else.

/// Returns the same JSON value written so that it can stand in an HTML `script` of data and in an HTML comment.
///
/// Signs that could end either, and everything that is not plain ASCII, become escapes, which mean the same to a reader of
/// JSON. `json` must be a JSON value: outside of its strings it has none of these signs.
#[must_use]
pub fn embedded_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + json.len() / 8);
    let mut last = '\0';
    for c in json.chars() {
        let is_plain = matches!(c, ' '..='~') && !matches!(c, '<' | '>' | '&') && !(c == '-' && last == '-');
        if is_plain || c == '\n' {
            out.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
        last = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_it_ends_what_it_stands_in() {
        let hostile = "</script><!-- --> & \u{202e} 🔴 \u{7f}";
        let json = format!("[\"{hostile}\", -1]");
        let embedded = embedded_json(&json);
        assert!(!embedded.contains(['<', '>', '&']) && !embedded.contains("--") && embedded.is_ascii());
        assert_eq!(
            embedded,
            "[\"\\u003c/script\\u003e\\u003c!-\\u002d -\\u002d\\u003e \\u0026 \\u202e \\ud83d\\udd34 \\u007f\", -1]"
        );
    }
}
