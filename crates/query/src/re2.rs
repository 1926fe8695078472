//! RE2's regular expressions, rewritten for the `regex` crate so that they mean the same.
//!
//! | RE2 | here |
//! | --- | --- |
//! | `\d \w \s \b` are ASCII | classes and boundaries are written out |
//! | `\<` and `\>` are the characters | the backslash goes |
//! | `\Q…\E` quotes | every character is escaped |
//! | `[`, `&&`, `--`, `~~` inside a class are characters | escaped |
//! | a `{` that begins no repetition is a character | escaped |
//! | no look-around, no back-references, no `\C` | refused with a message that names them |
//!
//! Source: RE2 syntax, <https://github.com/google/re2/wiki/Syntax>.

const DIGIT: &str = "0-9";
const WORD: &str = "0-9A-Za-z_";
const SPACE: &str = r"\t\n\f\r ";

/// What may stand between `[:` and `:]`.
const POSIX_CLASSES: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "word", "xdigit",
];

/// Rewrites a pattern.
///
/// # Errors
/// What RE2 has not, by name. Other faults are left to the engine.
pub(crate) fn translate(pattern: &str) -> Result<String, String> {
    let out = String::with_capacity(pattern.len() + 16);
    let mut translator = Translator { rest: pattern, out, is_repeated: false };
    while let Some(c) = translator.bump() {
        translator.outside_class(c)?;
    }
    Ok(translator.out)
}

struct Translator<'p> {
    rest: &'p str,
    out: String,
    /// What was written last is a repetition.
    is_repeated: bool,
}

impl Translator<'_> {
    fn bump(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn outside_class(&mut self, c: char) -> Result<(), String> {
        let is_repetition = matches!(c, '*' | '+' | '?') || c == '{' && begins_repetition(self.rest);
        if is_repetition {
            return self.repetition(c);
        }
        self.is_repeated = false;
        match c {
            '\\' => self.escape(),
            '[' => self.class(),
            '(' => self.group(),
            '{' => {
                self.out.push_str(r"\{");
                Ok(())
            }
            other => {
                self.out.push(other);
                Ok(())
            }
        }
    }

    /// `*`, `+`, `?` and `{2,3}`, with the `?` that makes them lazy. The engine would take one after another for a repetition of
    /// the first.
    fn repetition(&mut self, c: char) -> Result<(), String> {
        if std::mem::replace(&mut self.is_repeated, true) {
            return Err(format!("a repetition cannot be repeated: {c}"));
        }
        let end = if c == '{' { self.rest.find('}').map_or(0, |end| end + 1) } else { 0 };
        let end = end + usize::from(self.rest[end..].starts_with('?'));
        self.out.push(c);
        self.out.push_str(&self.rest[..end]);
        self.rest = &self.rest[end..];
        Ok(())
    }

    fn escape(&mut self) -> Result<(), String> {
        let Some(c) = self.bump() else { return Err("the pattern ends with a backslash".to_owned()) };
        match c {
            'd' => self.push_class("", DIGIT),
            'D' => self.push_class("^", DIGIT),
            'w' => self.push_class("", WORD),
            'W' => self.push_class("^", WORD),
            's' => self.push_class("", SPACE),
            'S' => self.push_class("^", SPACE),
            'b' => self.out.push_str(r"(?-u:\b)"),
            'B' => self.out.push_str(r"(?-u:\B)"),
            'A' | 'z' => self.out.extend(['\\', c]),
            'C' => return Err(r"\C (one byte) is not supported".to_owned()),
            'Q' => {
                let (quoted, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
                quoted.chars().for_each(|c| push_literal(c, &mut self.out));
                self.rest = rest;
            }
            'E' => {}
            _ => return self.character_escape(c),
        }
        Ok(())
    }

    fn push_class(&mut self, negation: &str, members: &str) {
        self.out.extend(["[", negation, members, "]"]);
    }

    /// Escapes that stand for characters, in a class and outside.
    fn character_escape(&mut self, c: char) -> Result<(), String> {
        match c {
            'a' | 'f' | 't' | 'n' | 'r' | 'v' => self.out.extend(['\\', c]),
            'p' | 'P' => self.unicode_class(c),
            'x' => self.hex_character(),
            '1'..='9' if !self.rest.starts_with(|next: char| next.is_digit(8)) || c > '7' => {
                return Err(format!(r"back-references such as \{c} are not supported"));
            }
            '0'..='7' => {
                let more = self.rest.chars().take(2).take_while(|next| next.is_digit(8)).count();
                let digits = format!("{c}{}", &self.rest[..more]);
                self.rest = &self.rest[more..];
                let code = u32::from_str_radix(&digits, 8).map_err(|error| error.to_string())?;
                self.out.push_str(&format!("\\x{{{code:x}}}"));
            }
            'k' | 'g' => return Err(format!(r"back-references such as \{c} are not supported")),
            c if c.is_ascii_alphanumeric() => return Err(format!(r"unknown escape \{c}")),
            other => push_literal(other, &mut self.out),
        }
        Ok(())
    }

    /// `\pL`, `\p{Greek}`, and `\p{^Greek}`, whose negation the engine wants in the letter.
    fn unicode_class(&mut self, c: char) {
        let (name, rest) = match self.rest.strip_prefix('{') {
            Some(inside) => inside.split_once('}').unwrap_or((inside, "")),
            None => self.rest.split_at(self.rest.chars().next().map_or(0, char::len_utf8)),
        };
        self.rest = rest;
        let (name, negated) = name.strip_prefix('^').map_or((name, false), |name| (name, true));
        let letter = if (c == 'P') == negated { 'p' } else { 'P' };
        self.out.extend(['\\', letter, '{']);
        self.out.push_str(name);
        self.out.push('}');
    }

    /// `\x41` and `\x{1f600}`.
    fn hex_character(&mut self) {
        let len = match self.rest.strip_prefix('{') {
            Some(inside) => inside.find('}').map_or(0, |end| end + 2),
            None => self.rest.bytes().take(2).take_while(u8::is_ascii_hexdigit).count(),
        };
        self.out.push_str(r"\x");
        self.out.push_str(&self.rest[..len]);
        self.rest = &self.rest[len..];
    }

    fn group(&mut self) -> Result<(), String> {
        self.out.push('(');
        let Some(rest) = self.rest.strip_prefix('?') else { return Ok(()) };
        self.out.push('?');
        self.rest = rest;
        if rest.starts_with("P<") || rest.starts_with(':') {
            return Ok(());
        }
        if ["=", "!", "<=", "<!"].iter().any(|look| rest.starts_with(look)) {
            return Err("look-around is not supported".to_owned());
        }
        if rest.starts_with('<') {
            return Ok(());
        }
        let flags = rest.find([')', ':']).map(|end| &rest[..end]);
        match flags {
            Some(flags) if flags.chars().all(|c| "imsU-".contains(c)) => Ok(()),
            _ => Err(format!("unknown group (?{}", rest.chars().take(1).collect::<String>())),
        }
    }

    fn class(&mut self) -> Result<(), String> {
        self.out.push('[');
        if let Some(rest) = self.rest.strip_prefix('^') {
            self.rest = rest;
            self.out.push('^');
        }
        let mut first = true;
        loop {
            let Some(c) = self.bump() else { return Err("a class [ is not closed".to_owned()) };
            match c {
                ']' if !first => break,
                '[' if self.rest.starts_with(':') => self.posix_class()?,
                _ => self.class_member(c)?,
            }
            first = false;
        }
        self.out.push(']');
        Ok(())
    }

    fn posix_class(&mut self) -> Result<(), String> {
        let Some(end) = self.rest.find(":]") else { return self.class_member('[') };
        let name = &self.rest[1..end.max(1)];
        if !POSIX_CLASSES.contains(&name.strip_prefix('^').unwrap_or(name)) {
            return Err(format!("there is no class [:{name}:]"));
        }
        self.out.push('[');
        self.out.push_str(&self.rest[..end + 2]);
        self.rest = &self.rest[end + 2..];
        Ok(())
    }

    /// One character, one class such as `\d`, or one range.
    fn class_member(&mut self, c: char) -> Result<(), String> {
        if !self.class_atom(c)? {
            return Ok(());
        }
        let Some(after) = self.rest.strip_prefix('-') else { return Ok(()) };
        // A minus before the bracket, and one that cannot end the range, is a character.
        if after.starts_with(']') || after.is_empty() || after.starts_with('-') && c > '-' {
            return Ok(());
        }
        self.rest = after;
        self.out.push('-');
        let Some(end) = self.bump() else { return Err("a class [ is not closed".to_owned()) };
        self.class_atom(end)?;
        Ok(())
    }

    /// Writes one element of a class; returns whether a range can begin with it.
    fn class_atom(&mut self, c: char) -> Result<bool, String> {
        if c != '\\' {
            push_literal(c, &mut self.out);
            return Ok(true);
        }
        let Some(escaped) = self.bump() else { return Err("the pattern ends with a backslash".to_owned()) };
        match escaped {
            'd' => self.out.push_str(DIGIT),
            'w' => self.out.push_str(WORD),
            's' => self.out.push_str(SPACE),
            'D' => self.out.push_str("[^0-9]"),
            'W' => self.out.push_str("[^0-9A-Za-z_]"),
            'S' => self.out.push_str(r"[^\t\n\f\r ]"),
            'p' | 'P' => self.unicode_class(escaped),
            _ => {
                self.character_escape(escaped)?;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Writes a character so that it stands for itself inside a class and outside.
fn push_literal(c: char, out: &mut String) {
    if c.is_ascii_punctuation() && !matches!(c, '<' | '>') {
        out.push('\\');
    }
    out.push(c);
}

/// Says whether `{` followed by this is `{n}`, `{n,}` or `{n,m}`.
fn begins_repetition(rest: &str) -> bool {
    let Some((inside, _)) = rest.split_once('}') else { return false };
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    !least.is_empty() && digits(least) && digits(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, yes: &[&str], no: &[&str]) {
        let translated = translate(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        let regex = regex::Regex::new(&translated).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        for text in yes {
            assert!(regex.is_match(text), "{pattern} ({translated}) should match {text:?}");
        }
        for text in no {
            assert!(!regex.is_match(text), "{pattern} ({translated}) should not match {text:?}");
        }
    }

    #[test]
    fn ascii_classes() {
        check(r"^\d$", &["1"], &["٣"]);
        check(r"^\w$", &["_"], &["é"]);
        check(r"^\s$", &["\t"], &["\u{b}", "\u{a0}"]);
        // Ignoring case adds the letters that fold to ASCII ones, in both engines.
        check(r"(?i)^\w$", &["k", "\u{212a}", "ſ"], &["é"]);
        check(r"(?i)^\W$", &["-"], &["k", "\u{212a}"]);
        check(r"\bfoo\b", &["a foo", "éfoo"], &["afoo"]);
        check(r"a\Bb", &["ab"], &["a"]);
        check(r"^[\d_]+$", &["1_"], &["a"]);
        check(r"^[^\W]$", &["a"], &["-"]);
        check(r"^[\S]$", &["a"], &[" "]);
    }

    #[test]
    fn literals_that_the_engine_reads_otherwise() {
        check(r"\<command-line\>", &["<command-line>"], &["command-line"]);
        check(r"^\Qa.b*\E+$", &["a.b**"], &["aXb"]);
        check(r"\Qa.b", &["a.b"], &["axb"]);
        check(r"a{", &["a{"], &["a"]);
        check(r"^x{,3}$", &["x{,3}"], &["xx"]);
        check(r"^x{2,3}$", &["xx"], &["x"]);
        check(r"^x{2}{$", &["xx{"], &["xx"]);
        check(r"^[[]$", &["["], &["]"]);
        check(r"^[]a]$", &["]", "a"], &["b"]);
        check(r"^[^]a]$", &["b"], &["]"]);
        check(r"^[a&&b]$", &["a", "&", "b"], &["c"]);
        check(r"^[a--b]$", &["a", "-", "b"], &["c"]);
        check(r"^[a~~b]$", &["a", "~", "b"], &["c"]);
        check(r"^[+--]$", &["+", ",", "-"], &["."]);
        check(r"^[a-]$", &["a", "-"], &["b"]);
        check(r"^[-a]$", &["a", "-"], &["b"]);
        check(r"[?&]q=", &["/?q="], &["q="]);
        check(r"^[[:alpha:]_[:^digit:]]$", &["a", "_", "-"], &["1"]);
        check(r"^[\x41-\x{43}]$", &["B"], &["D"]);
        check(r"^[\]\-\\]$", &["]", "-", "\\"], &["a"]);
        check(r#"field=\"a\/b\"\ x\_"#, &["field=\"a/b\" x_"], &[]);
        check(r"\101\x42\0", &["AB\0"], &[]);
        check(r"^\p{^Lu}\pL\P{^Lu}$", &["aBC"], &["ABC", "aBc"]);
        check(r"^[\p{^Lu}_]\p{Greek}\PL$", &["aα1", "_α1"], &["Aα1", "aαb"]);
        check(r"^\x{1f600}[\x{1f600}-\x{1f602}]$", &["😀😁"], &["😀x"]);
    }

    #[test]
    fn what_stays() {
        check(r"(?P<n>a)(?:b)(?i:C)(?s).", &["abc\n"], &["abC"]);
        check(r"(?i)kube|(?m)^x$", &["KUBE", "a\nx"], &["a"]);
        check(r"^a.b$", &["axb"], &["a\nb", "axb\n"]);
        check(r"(?U)a+", &["a"], &[]);
        check(r"^a*?b+?c??d{2,3}?$", &["bdd", "aabbcddd"], &["ad"]);
        check(r"^(?:a*)*(b+)?$", &["aab"], &["c"]);
    }

    #[test]
    fn what_re2_has_not_is_named() {
        for (pattern, word) in [
            (r"a(?=b)", "look-around"),
            (r"a(?<!b)", "look-around"),
            (r"(a)\1", "back-references"),
            (r"\C", r"\C"),
            (r"\e", "unknown escape"),
            (r"(?x)a", "unknown group"),
            (r"a\", "backslash"),
            (r"[a", "not closed"),
            (r"^[[:digits:]]+", "no class"),
            (r"[[:Alpha:]]", "no class"),
            (r"a**", "repeated"),
            (r"a+*", "repeated"),
            (r"a{2}{3}", "repeated"),
            (r"a*??", "repeated"),
            (r"[a-", "not closed"),
        ] {
            let error = translate(pattern).unwrap_err();
            assert!(error.contains(word), "{pattern}: {error}");
        }
    }
}
