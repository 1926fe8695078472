//! What a regular expression says of a text of which only parts are known.
//!
//! ```text
//! text     retry ░░ of ░░ then stop         pattern   retry [0-9]+ of
//!          states: {start} ─"retry "─► {a} ─any digits─► {a, b} ─" of "─► …   all of them match: it matches whatever stands there
//! ```
//!
//! A deterministic automaton is followed through the known parts byte by byte, and through the others over every byte that may
//! stand there, any number of times. If all states that can be reached match, the pattern matches every such text; if none
//! does, it matches none.

use regex_automata::dfa::Automaton as _;
use regex_automata::dfa::dense::{BuildError, Config, DFA};
use regex_automata::nfa::thompson;
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind, dfa};
use regex_syntax::hir::Hir;

/// Larger automata are not built: rows are asked instead. Bytes, for the automaton and for making it.
const MAX_SIZE: usize = 1 << 18;
/// Where more states than that can be reached, nothing is said.
const MAX_REACHED: usize = 64;

/// A part of a text.
#[derive(Clone, Copy, Debug)]
pub enum TextPart<'t> {
    /// Known text.
    Known(&'t str),
    /// Any number of these bytes, none as well.
    AnyOf(ByteSet),
    /// One at least of these bytes.
    SomeOf(ByteSet),
}

/// A set of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteSet([u128; 2]);

impl ByteSet {
    /// Every byte.
    pub const ALL: Self = Self([u128::MAX; 2]);

    /// Returns the bytes of which `contains` says yes.
    pub fn of(contains: impl Fn(u8) -> bool) -> Self {
        let mut set = Self([0; 2]);
        for byte in (0..=u8::MAX).filter(|byte| contains(*byte)) {
            set.0[usize::from(byte >> 7)] |= 1 << (byte & 127);
        }
        set
    }

    const fn contains(self, byte: u8) -> bool {
        self.0[(byte >> 7) as usize] >> (byte & 127) & 1 == 1
    }
}

/// A pattern as an automaton.
#[derive(Debug)]
pub(crate) struct Automaton {
    dfa: DFA<Vec<u32>>,
    start: StateID,
    /// A byte of each class of bytes that the automaton does not tell apart.
    representatives: Vec<u8>,
    /// The class of each byte.
    class_of: Vec<u8>,
}

impl Automaton {
    /// Builds the automaton of a pattern that was compiled. `None` where it would be large, and for patterns that match the
    /// empty text, which the engine lets match at fewer places than an automaton over bytes does.
    pub(crate) fn new(hir: &Hir) -> Option<Self> {
        if hir.properties().minimum_len().is_none_or(|len| len == 0) {
            return None;
        }
        Self::build(hir).ok()?
    }

    fn build(hir: &Hir) -> Result<Option<Self>, Box<BuildError>> {
        let limit = thompson::Config::new().nfa_size_limit(Some(MAX_SIZE));
        let Ok(nfa) = thompson::Compiler::new().configure(limit).build_from_hir(hir) else { return Ok(None) };
        let config = Config::new()
            .start_kind(dfa::StartKind::Unanchored)
            .match_kind(MatchKind::LeftmostFirst)
            .accelerate(false)
            .dfa_size_limit(Some(MAX_SIZE))
            .determinize_size_limit(Some(MAX_SIZE));
        let dfa = dfa::dense::Builder::new().configure(config).build_from_nfa(&nfa)?;
        let Ok(start) = dfa.start_state(&start::Config::new().anchored(Anchored::No)) else {
            return Ok(None);
        };
        let classes = dfa.byte_classes();
        let representatives = classes.representatives(0..=u8::MAX).filter_map(|unit| unit.as_u8()).collect();
        let class_of = (0..=u8::MAX).map(|byte| classes.get(byte)).collect();
        Ok(Some(Self { dfa, start, representatives, class_of }))
    }

    /// Says whether the pattern matches somewhere in every text of these parts, or in none. `None` when it may match some.
    pub(crate) fn matches<'t>(&self, parts: impl Iterator<Item = TextPart<'t>>) -> Option<bool> {
        let mut reached = Reached { states: vec![self.start], some_match: false };
        for part in parts {
            match part {
                TextPart::Known(text) => self.through_text(text, &mut reached),
                TextPart::AnyOf(bytes) => self.through_any(bytes, false, &mut reached)?,
                TextPart::SomeOf(bytes) => self.through_any(bytes, true, &mut reached)?,
            }
            if reached.states.is_empty() {
                return reached.some_match.then_some(true);
            }
        }
        let n_matching =
            reached.states.iter().filter(|s| self.dfa.is_match_state(self.dfa.next_eoi_state(**s))).count();
        match (n_matching, reached.some_match) {
            (0, false) => Some(false),
            (n, _) if n == reached.states.len() => Some(true),
            _ => None,
        }
    }

    fn through_text(&self, text: &str, reached: &mut Reached) {
        for byte in text.bytes() {
            for state in &mut reached.states {
                *state = self.dfa.next_state(*state, byte);
            }
            self.settle(reached);
            if reached.states.is_empty() {
                return;
            }
        }
    }

    /// Follows every text over some bytes, or every one but the empty one. `None` when too many states can be reached.
    fn through_any(&self, bytes: ByteSet, is_filled: bool, reached: &mut Reached) -> Option<()> {
        let mut is_allowed = [false; 256];
        for byte in (0..=u8::MAX).filter(|byte| bytes.contains(*byte)) {
            is_allowed[usize::from(self.class_of[usize::from(byte)])] = true;
        }
        let is_allowed = |byte: &&u8| is_allowed[usize::from(self.class_of[usize::from(**byte)])];
        let allowed: Vec<u8> = self.representatives.iter().filter(is_allowed).copied().collect();
        // Where nothing at all may stand, the states stay what they are, and others come in addition.
        let mut from = reached.states.clone();
        if is_filled {
            reached.states.clear();
        }
        while let Some(state) = from.pop() {
            for byte in &allowed {
                let next = self.dfa.next_state(state, *byte);
                if self.dfa.is_match_state(next) {
                    reached.some_match = true;
                } else if !reached.states.contains(&next) {
                    reached.states.push(next);
                    from.push(next);
                }
            }
            if reached.states.len() > MAX_REACHED {
                return None;
            }
        }
        Some(())
    }

    /// Takes out what has matched, and what is there twice.
    fn settle(&self, reached: &mut Reached) {
        let n_before = reached.states.len();
        reached.states.retain(|state| !self.dfa.is_match_state(*state));
        reached.some_match |= reached.states.len() < n_before;
        if reached.states.len() > 1 {
            reached.states.sort_unstable();
            reached.states.dedup();
        }
    }
}

/// What can be reached.
struct Reached {
    /// States in which the pattern has not matched yet.
    states: Vec<StateID>,
    /// Some texts have matched already.
    some_match: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Regex;
    use proptest::prelude::*;

    fn parts(text: &str) -> Vec<TextPart<'_>> {
        // Holes are written as <bytes>, and as <bytes+> where they hold something.
        let mut parts = Vec::new();
        for (idx, piece) in text.split(['<', '>']).enumerate() {
            parts.push(if idx % 2 == 0 {
                TextPart::Known(piece)
            } else {
                let bytes = |piece: &str| ByteSet::of(|byte| piece.as_bytes().contains(&byte));
                match piece.strip_suffix('+') {
                    Some(piece) => TextPart::SomeOf(bytes(piece)),
                    None => TextPart::AnyOf(bytes(piece)),
                }
            });
        }
        parts
    }

    fn check(pattern: &str, text: &str, expected: Option<bool>) {
        let regex = Regex::new(pattern).unwrap();
        assert_eq!(regex.matches_all_of(parts(text).into_iter()), expected, "{pattern} on {text}");
    }

    #[test]
    fn what_stands_in_holes_may_decide() {
        check("after [0-9]+ ms, serving", "timed out after <0123456789> ms, serving x", None);
        check("after [0-9]* ms, serving", "timed out after <0123456789> ms, serving x", Some(true));
        check("after [0-9]+ ms, serving", "timed out after <0123456789+> ms, serving x", Some(true));
        check("after [0-9]{2}", "timed out after <0123456789+> ms", None);
        check("after [0-9] m", "timed out after <0123456789.+> ms", None);
        check("x[ab]", "x<ab+>", Some(true));
        check("x[ab]$", "x<ab+>", None);
        check("x$", "x<ab+>", Some(false));
        check("x<+>", "x<ab+>", Some(false));
        check("after [a-z]* ms, serving", "timed out after <0123456789> ms, serving x", None);
        check("after [a-z]+ ms, serving", "timed out after <0123456789> ms, serving x", Some(false));
        check("timed out", "timed out after <0123456789>", Some(true));
        check("a.*b.*c", "a <1> b <2> c", Some(true));
        check("a.*c.*b", "a <1> b <2> c", Some(false));
        check("a.*c.*b", "a <1> b <b> c", Some(false));
        check("^x", "<y>x", None);
        check("x$", "x<y>", None);
        check("^x", "y<x>", Some(false));
        check("x\\b", "x<y>", None);
        check("x\\b", "x<y> ", None);
        check("x\\b", "x <y>", Some(true));
        check("(?i)TIMED", "timed<a>", Some(true));
        check("a?", "b", None);
        check("[0-9]{2}", "<0123456789>", None);
    }

    proptest! {
        #[test]
        fn what_is_certain_is_so(
            pattern in "\\^?[ab0.]{0,3}(\\[a-b\\]\\+|\\[0-1\\]\\*|\\.\\*|a\\{2\\}|\\\\b|\\(a\\|b0\\))?[ab01é]{0,3}\\$?",
            known in proptest::collection::vec("[ab01é ]{0,4}", 1..4),
            held in proptest::collection::vec("[ab01é]{0,3}", 3),
            wider in "[ab01]{0,2}",
            is_told: bool,
        ) {
            let Ok(regex) = Regex::new(&pattern) else { return Ok(()) };
            let (mut text, mut parts) = (String::new(), Vec::new());
            for (idx, stretch) in known.iter().enumerate() {
                if idx > 0 {
                    text.push_str(&held[idx]);
                    let may_be = |byte: u8| held[idx].bytes().chain(wider.bytes()).any(|held| held == byte);
                    let bytes = ByteSet::of(may_be);
                    let is_filled = !held[idx].is_empty() && is_told;
                    parts.push(if is_filled { TextPart::SomeOf(bytes) } else { TextPart::AnyOf(bytes) });
                }
                text.push_str(stretch);
                parts.push(TextPart::Known(stretch));
            }
            if let Some(certain) = regex.matches_all_of(parts.into_iter()) {
                prop_assert_eq!(certain, regex.is_match(&text), "{} on {}", pattern, text);
            }
        }
    }
}
