//! The words that `SEARCH` compares: one tokeniser for the query and the data.
//!
//! Source: BigQuery text analysis, `LOG_ANALYZER`, default delimiters. Case is ASCII's.

use crate::needle::Needle;

/// Delimiters of several characters, the longer before the shorter; `%` alone is one as well, so `%2F` is `%` and `2F`.
const LONG_DELIMITERS: [&str; 25] = [
    "%2526", "%2520", "%21", "%26", "%3B", "%3b", "%7C", "%7c", "%20", "%2B", "%2b", "%3D", "%3d", "%5D",
    "%5d", "%5B", "%5b", "%3A", "%3a", "%0A", "%0a", "%2C", "%2c", "%28", "%29",
];

/// What a search asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchQuery {
    text: String,
    words: Vec<Needle>,
    phrases: Vec<Needle>,
}

/// Why a query cannot be searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadQuery {
    Empty,
    OpenBacktick,
}

impl SearchQuery {
    /// Reads a query: words, and exact phrases between backticks.
    pub(crate) fn parse(text: &str) -> Result<Self, BadQuery> {
        let (mut plain, mut phrases) = (String::new(), Vec::new());
        let mut phrase: Option<String> = None;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let current = phrase.as_mut().unwrap_or(&mut plain);
            match c {
                '\\' if chars.peek() == Some(&'`') => {
                    chars.next();
                    current.push('`');
                }
                '`' => match phrase.take() {
                    Some(done) => {
                        phrases.push(done);
                        plain.push(' ');
                    }
                    None => {
                        phrase = Some(String::new());
                        plain.push(' ');
                    }
                },
                other => current.push(other),
            }
        }
        if phrase.is_some() {
            return Err(BadQuery::OpenBacktick);
        }
        let needle = |text: &str| Needle::from_folded(text.to_ascii_lowercase());
        let words: Vec<Needle> = words(&plain).map(needle).collect();
        let phrases: Vec<Needle> =
            phrases.iter().filter(|phrase| !phrase.is_empty()).map(|phrase| needle(phrase)).collect();
        if words.is_empty() && phrases.is_empty() {
            return Err(BadQuery::Empty);
        }
        Ok(Self { text: text.to_owned(), words, phrases })
    }

    /// Returns the query as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the words, lower-case in ASCII and otherwise as they are; each must be present. See [`holds_word`].
    pub fn words(&self) -> &[Needle] {
        &self.words
    }

    /// Returns the phrases, lower-case in ASCII; each must be present in one text. See [`holds_phrase`].
    pub fn phrases(&self) -> &[Needle] {
        &self.phrases
    }

    /// Returns the words and phrases as queries of their own; the query is satisfied where all of them are.
    pub fn each(&self) -> Vec<Self> {
        let word = |word: &Needle| Self {
            text: word.folded().to_owned(),
            words: vec![word.clone()],
            phrases: Vec::new(),
        };
        let phrase = |phrase: &Needle| {
            let text = format!("`{}`", phrase.folded().replace('`', "\\`"));
            Self { text, words: Vec::new(), phrases: vec![phrase.clone()] }
        };
        self.words.iter().map(word).chain(self.phrases.iter().map(phrase)).collect()
    }

    /// Says whether everything is present, given a way to ask all texts in question.
    pub(crate) fn is_satisfied(&self, mut any_text: impl FnMut(&dyn Fn(&str) -> bool) -> bool) -> bool {
        self.words.iter().all(|word| any_text(&|text| holds_word(text, word)))
            && self.phrases.iter().all(|phrase| any_text(&|text| holds_phrase(text, phrase)))
    }
}

/// Splits a text into words.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            if rest.is_empty() {
                return None;
            }
            match delimiter_len(rest) {
                0 => break,
                len => rest = &rest[len..],
            }
        }
        let end = rest.char_indices().find(|(_, c)| is_delimiter(*c)).map_or(rest.len(), |(at, _)| at);
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

/// Says whether a word of a query is a word of a text.
pub fn holds_word(text: &str, word: &Needle) -> bool {
    // Most texts do not have the word at all, which is cheaper to see without splitting.
    word.find_raw(text.as_bytes(), 0).is_some()
        && words(text).any(|found| found.eq_ignore_ascii_case(word.folded()))
}

/// Says whether a phrase of a query stands in a text, between delimiters or ends of the text.
pub fn holds_phrase(text: &str, phrase: &Needle) -> bool {
    let mut from = 0;
    while let Some(start) = phrase.find_raw(text.as_bytes(), from) {
        let end = start + phrase.folded().len();
        if ends_in_delimiter(&text[..start]) && (end == text.len() || delimiter_len(&text[end..]) > 0) {
            return true;
        }
        from = start + 1;
    }
    false
}

fn ends_in_delimiter(before: &str) -> bool {
    let Some(last) = before.chars().next_back() else { return true };
    is_delimiter(last) || LONG_DELIMITERS.into_iter().any(|delimiter| before.ends_with(delimiter))
}

/// Returns the length of the delimiter at the start of a text; 0 when there is none.
fn delimiter_len(text: &str) -> usize {
    let Some(first) = text.chars().next() else { return 0 };
    if first == '%' {
        let mut long = LONG_DELIMITERS.into_iter();
        return long.find(|delimiter| text.starts_with(delimiter)).map_or(1, str::len);
    }
    if is_delimiter(first) { first.len_utf8() } else { 0 }
}

/// Says whether a character separates words. Some percent-encoded characters do as well.
pub fn is_delimiter(c: char) -> bool {
    matches!(
        c,
        '[' | ']'
            | '<'
            | '>'
            | '('
            | ')'
            | '{'
            | '}'
            | '|'
            | '!'
            | ';'
            | ','
            | '\''
            | '"'
            | '*'
            | '&'
            | '?'
            | '+'
            | '/'
            | ':'
            | '='
            | '@'
            | '.'
            | '-'
            | '$'
            | '%'
            | '\\'
            | '_'
    ) || c.is_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitting() {
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(words(text).collect::<Vec<_>>(), expected, "{text}");
        };
        check("v1.compute.instances.insert", &["v1", "compute", "instances", "insert"]);
        check("a%2Fb", &["a", "2Fb"]);
        check("a%20b%2526c%2520d%29e", &["a", "b", "c", "d", "e"]);
        check("a#b~c^d`e", &["a#b~c^d`e"]);
        check(" -- ", &[]);
        check("été\u{2003}x", &["été", "x"]);
    }

    #[test]
    fn queries() {
        let texts = |needles: &[Needle]| needles.iter().map(|n| n.folded().to_owned()).collect::<Vec<_>>();
        let query = SearchQuery::parse(r"Foo-bar `Exact (phrase)` \`tick").unwrap();
        assert_eq!(texts(query.words()), ["foo", "bar", "`tick"]);
        assert_eq!(texts(query.phrases()), ["exact (phrase)"]);
        assert_eq!(SearchQuery::parse("").unwrap_err(), BadQuery::Empty);
        assert_eq!(SearchQuery::parse("``").unwrap_err(), BadQuery::Empty);
        assert_eq!(SearchQuery::parse("-- ()").unwrap_err(), BadQuery::Empty);
        assert_eq!(SearchQuery::parse("a `b").unwrap_err(), BadQuery::OpenBacktick);
    }

    #[test]
    fn phrases_stand_between_delimiters() {
        let check = |text: &str, phrase: &str, expected: bool| {
            let needle = Needle::from_folded(phrase.to_owned());
            assert_eq!(holds_phrase(text, &needle), expected, "{phrase} in {text}");
        };
        check("from 127.0.0.1:8080", "127.0.0.1", true);
        check("from 127.0.0.1:8080", "27.0.0.1", false);
        check("say Hello World.", "hello world", true);
        check("xhello hello", "hello", true);
        check("a%20hello%20b", "hello", true);
        check("éa", "a", false);
    }
}
