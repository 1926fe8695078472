//! A compiled regular expression, the literals it cannot match without, and what it says of texts that are half known.

use crate::automaton::{Automaton, TextPart};
use crate::re2;
use regex_syntax::hir::literal::{ExtractKind, Extractor};
use regex_syntax::hir::{Hir, HirKind};
use std::sync::{Arc, OnceLock};

/// Beyond this many parts of a concatenation the search for a better literal stops.
const MAX_PARTS: usize = 64;
/// How much longer literals have to be for twice as many of them to be as good.
const BYTES_PER_DOUBLING: usize = 4;

/// A regular expression in RE2 syntax, compiled.
#[derive(Clone, Debug)]
pub struct Regex {
    source: String,
    compiled: regex::Regex,
    required: Option<Vec<String>>,
    /// Built when somebody asks for it; `None` where it would be large.
    automaton: Arc<OnceLock<Option<Automaton>>>,
}

/// Two regular expressions are the same when their source is.
impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Regex {}

impl Regex {
    /// Compiles a pattern. Cost: bounded by the engine's size limit, whatever the pattern.
    ///
    /// # Errors
    /// A message for people: what RE2 does not have, what is malformed, or that the pattern is too large.
    pub fn new(source: &str) -> Result<Self, String> {
        let translated = re2::translate(source)?;
        let compiled = regex::Regex::new(&translated).map_err(|error| reason(&error))?;
        let required = regex_syntax::parse(&translated).ok().and_then(|hir| required(&hir)).and_then(texts);
        Ok(Self { source: source.to_owned(), compiled, required, automaton: Arc::default() })
    }

    /// Returns the pattern as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Says whether the pattern matches somewhere in the raw text.
    pub fn is_match(&self, text: &str) -> bool {
        self.compiled.is_match(text)
    }

    /// Returns the part of the first match that the only group captured.
    pub(crate) fn capture<'t>(&self, text: &'t str) -> Option<&'t str> {
        Some(self.compiled.captures(text)?.get(1)?.as_str())
    }

    /// Returns the number of capturing groups.
    pub(crate) fn n_groups(&self) -> usize {
        self.compiled.captures_len() - 1
    }

    /// Returns texts of which at least one occurs, in exactly this case, in every raw text that matches.
    ///
    /// `None` when no such set is known; then nothing can be excluded. No text in the set is empty.
    pub fn required_literals(&self) -> Option<&[String]> {
        self.required.as_deref()
    }

    /// Says whether the pattern matches every raw text of these parts, or none of them. `None` when it may match some and not
    /// others, or when that is not known.
    ///
    /// Cost: building an automaton of bounded size, once; then some steps per byte of what is known.
    pub fn matches_all_of<'t>(&self, parts: impl Iterator<Item = TextPart<'t>>) -> Option<bool> {
        let automaton = self.automaton.get_or_init(|| {
            let hir = re2::translate(&self.source).ok().and_then(|text| regex_syntax::parse(&text).ok())?;
            Automaton::new(&hir)
        });
        automaton.as_ref()?.matches(parts)
    }
}

/// The engine's messages draw the pattern; its last line is what went wrong.
fn reason(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(limit) => format!("it needs more than {limit} bytes when compiled"),
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.trim().trim_start_matches("error: ").to_owned()
        }
    }
}

/// Finds a set of literals, one of which every match contains; the longer its shortest member and the fewer they are, the
/// better.
fn required(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    let own = [extract(hir, ExtractKind::Prefix), extract(hir, ExtractKind::Suffix)];
    let inner = match hir.kind() {
        HirKind::Capture(capture) => required(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => required(&repetition.sub),
        HirKind::Alternation(branches) => {
            branches.iter().map(required).try_fold(Vec::new(), |mut all, set| {
                all.extend(set?);
                Some(all)
            })
        }
        HirKind::Concat(parts) => (1..parts.len().min(MAX_PARTS))
            .filter_map(|from| extract(&Hir::concat(parts[from..].to_vec()), ExtractKind::Prefix))
            .chain(parts.iter().take(MAX_PARTS).filter(|part| !part.kind().is_plain()).filter_map(required))
            .fold(None, |best, set| better(best, Some(set))),
        _ => None,
    };
    own.into_iter().fold(inner, better)
}

trait Plain {
    fn is_plain(&self) -> bool;
}

impl Plain for HirKind {
    /// Parts that the extraction over the rest of the concatenation has seen already.
    fn is_plain(&self) -> bool {
        matches!(self, Self::Empty | Self::Literal(_) | Self::Class(_) | Self::Look(_))
    }
}

fn extract(hir: &Hir, kind: ExtractKind) -> Option<Vec<Vec<u8>>> {
    let mut seq = Extractor::new().kind(kind).extract(hir);
    seq.dedup();
    let set: Vec<Vec<u8>> = seq.literals()?.iter().map(|literal| literal.as_bytes().to_vec()).collect();
    (!set.is_empty() && set.iter().all(|literal| !literal.is_empty())).then_some(set)
}

fn better(a: Option<Vec<Vec<u8>>>, b: Option<Vec<Vec<u8>>>) -> Option<Vec<Vec<u8>>> {
    // Each literal is looked for by itself: twice as many have to be longer by some bytes to exclude as much for the effort.
    let worth = |set: &Vec<Vec<u8>>| {
        let shortest = set.iter().map(Vec::len).min().unwrap_or(0);
        (
            shortest.saturating_sub(BYTES_PER_DOUBLING * set.len().ilog2() as usize),
            usize::MAX - set.len(),
            shortest,
        )
    };
    match (a, b) {
        (Some(a), Some(b)) => Some(if worth(&b) > worth(&a) { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// A literal that was cut inside a character proves nothing about text.
fn texts(set: Vec<Vec<u8>>) -> Option<Vec<String>> {
    let mut texts = set.into_iter().map(|bytes| String::from_utf8(bytes).ok()).collect::<Option<Vec<_>>>()?;
    texts.sort_unstable();
    texts.dedup();
    Some(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, expected: Option<&[&str]>) {
        let regex = Regex::new(pattern).unwrap();
        let expected = expected.map(|set| set.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(regex.required_literals().map(<[String]>::to_vec), expected, "{pattern}");
    }

    #[test]
    fn literals_every_match_contains() {
        check("timeout", Some(&["timeout"]));
        check("^.*timed out.*$", Some(&["timed out"]));
        check("(foo|barn)", Some(&["barn", "foo"]));
        check("x.*longer", Some(&["longer"]));
        check(".*(alpha|beta).*", Some(&["alpha", "beta"]));
        check("a?", None);
        check(".*", None);
        check("", None);
        check("after [0-9]+ ms, serving cached", Some(&[" ms, serving cached"]));
        check(r"\d+", Some(&["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]));
        check(r"^Container terminated on signal [^01]+\.$", Some(&["Container terminated on signal "]));
        check("foo|.*", None);
    }

    #[test]
    fn a_text_without_them_does_not_match() {
        let texts = ["", "foo", "FOO", "a0b", "tImeout", "x\u{212a}y", "ſ", "barn 12", "longer x", "xlonger"];
        for pattern in
            ["(?i)foo", "(?i)k", "(?i)s", "[ab]0[bc]", "x.*longer", "(foo|barn)+", "fo{2}", "(?i)time?out"]
        {
            let regex = Regex::new(pattern).unwrap();
            let Some(set) = regex.required_literals() else { continue };
            for text in texts {
                let possible = set.iter().any(|literal| text.contains(literal));
                assert!(possible || !regex.is_match(text), "{pattern} on {text:?} with {set:?}");
            }
        }
    }

    #[test]
    fn faults_are_told_in_one_line() {
        assert_eq!(Regex::new("(").unwrap_err(), "unclosed group");
        assert!(Regex::new("(?i)(\\pL{500}){500}").unwrap_err().contains("bytes when compiled"));
        assert!(Regex::new(&"(".repeat(9_000)).is_err());
        assert_eq!(Regex::new("a(b)(c)").unwrap().n_groups(), 2);
        assert_eq!(Regex::new("a(b)?").unwrap().capture("a"), None);
    }
}
