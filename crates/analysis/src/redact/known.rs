//! What was once found to be a secret, looked for wherever else it stands.

use super::marks::{mark, outside_of_marks};
use super::rules::RedactionRules;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use std::collections::BTreeMap;

/// Shorter texts are too often a part of something else.
const MIN_BYTES: usize = 8;
/// So many secrets are remembered, the first ones.
const MAX_SECRETS: usize = 2_000;
/// Of no more bytes than these together: the automaton that finds them takes some twenty times as much.
const MAX_BYTES: usize = 4 << 20;

/// Secrets that were found, with the name of their rule.
#[derive(Debug, Default)]
pub(super) struct KnownSecrets {
    names: BTreeMap<String, String>,
    n_bytes: usize,
    /// All of them as one automaton, in the order of `names`; made anew when there are more.
    finder: Option<AhoCorasick>,
}

impl KnownSecrets {
    /// Remembers a secret, if it is long and strange enough to be known again.
    pub(super) fn remember(&mut self, secret: &str, name: &str) {
        let secret = secret.trim();
        let is_word = |c: char| c.is_ascii_alphabetic() || matches!(c, ' ' | '_' | '-' | '.');
        // Numbers, dates and addresses mean other things elsewhere.
        let is_number =
            |c: char| c.is_ascii_digit() || matches!(c, '-' | ':' | '.' | '/' | '+' | 'T' | 'Z' | ' ');
        let is_telling = !secret.chars().all(is_word) && !secret.chars().all(is_number);
        let has_room = self.names.len() < MAX_SECRETS && self.n_bytes + secret.len() <= MAX_BYTES;
        if secret.len() >= MIN_BYTES && is_telling && has_room && !self.names.contains_key(secret) {
            self.n_bytes += secret.len();
            self.names.insert(secret.to_owned(), name.to_owned());
            self.finder = None;
        }
    }

    /// Replaces every secret in a text, the longest where several begin, and calls `found` with the name of its rule. `None`
    /// when there is none. What stands in marks is left alone.
    ///
    /// Cost: one pass over the text; an automaton of all secrets, when there are new ones.
    pub(super) fn replace(
        &mut self,
        text: &str,
        rules: &RedactionRules,
        mut found: impl FnMut(&str),
    ) -> Option<String> {
        if self.names.is_empty() {
            return None;
        }
        let names = &self.names;
        let finder = self.finder.get_or_insert_with(|| {
            AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostLongest)
                // A table of all transitions takes minutes and gigabytes for a secret of a megabyte.
                .kind(Some(AhoCorasickKind::ContiguousNFA))
                .build(names.keys())
                .expect("a few megabytes are few states")
        });
        if !finder.is_match(text) {
            return None;
        }
        let name_of: Vec<&String> = names.values().collect();
        let (mut shown, mut from) = (String::with_capacity(text.len()), 0);
        for part in outside_of_marks(text, rules) {
            for secret in finder.find_iter(&text[part.clone()]) {
                let name = name_of[secret.pattern().as_usize()];
                shown.push_str(&text[from..part.start + secret.start()]);
                shown.push_str(&mark(name));
                found(name);
                from = part.start + secret.end();
            }
        }
        if from == 0 {
            return None;
        }
        shown.push_str(&text[from..]);
        Some(shown)
    }
}
