//! Which rings can have a text, by their tokens.
//!
//! A text that occurs in a value brings its tokens along: those inside it whole, its first and last possibly as a part
//! of a longer one. A token of the value lies in a stretch, and then the template has it, or the index has it of the ring.
//! Values whose tokens are not indexed are the judge's business, not this module's.

use crate::judge::{Needles, TemplateView};
use std::cell::OnceCell;
use timberline_archive::Result;
use timberline_archive::segment::{Parts, Segment};
use timberline_archive::shape::{LONG_TOKEN, MAX_TOKEN, is_token_byte, is_word, tokens};

/// A set of rings of one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RingSet {
    bits: Vec<u64>,
}

impl RingSet {
    pub(crate) fn empty(n_rings: usize) -> Self {
        Self { bits: vec![0; n_rings.div_ceil(64)] }
    }

    pub(crate) fn insert(&mut self, ring: u32) {
        if let Some(word) = self.bits.get_mut(ring as usize / 64) {
            *word |= 1 << (ring % 64);
        }
    }

    pub(crate) fn contains(&self, ring: u32) -> bool {
        self.bits.get(ring as usize / 64).is_some_and(|word| word >> (ring % 64) & 1 == 1)
    }

    /// Counts the rings of which `is_asked` says yes; there may be many others.
    fn count(&self, is_asked: impl Fn(usize) -> bool) -> usize {
        let mut n_asked = 0;
        for (idx, word) in self.bits.iter().enumerate() {
            let mut word = *word;
            while word != 0 {
                n_asked += usize::from(is_asked(idx * 64 + word.trailing_zeros() as usize));
                word &= word - 1;
            }
        }
        n_asked
    }

    fn intersect(&mut self, other: &Self) {
        self.bits.iter_mut().zip(&other.bits).for_each(|(a, b)| *a &= b);
    }

    pub(crate) fn unite(&mut self, other: &Self) {
        self.bits.iter_mut().zip(&other.bits).for_each(|(a, b)| *a |= b);
    }
}

/// How a token of a needle relates to the token of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Whole,
    Beginning,
    End,
    Inside,
}

impl Part {
    /// Says whether a token of a value can be what the needle's token is a part of.
    fn accepts(self, token: &[u8], part: &[u8]) -> bool {
        match self {
            Self::Whole => token == part,
            Self::Beginning => token.starts_with(part),
            Self::End => token.ends_with(part),
            Self::Inside => memchr::memmem::find(token, part).is_some(),
        }
    }
}

/// The tokens of all needles of a test, one after another; of more than 64 the rest are not asked for.
#[derive(Debug, Default)]
pub(crate) struct NeedleTokens(Vec<(String, Part)>);

/// Which of a test's tokens something has, a bit each.
pub(crate) type TokenBits = u64;

impl NeedleTokens {
    pub(crate) fn of(needles: &Needles) -> Self {
        let of = |text: &str, is_whole: bool| -> Vec<(String, Part)> {
            parts(text, is_whole).map(|(token, part)| (token.to_owned(), part)).collect()
        };
        let mut tokens = match needles {
            Needles::One { folded, is_whole } => of(folded, *is_whole),
            Needles::Each(texts) | Needles::OneOf(texts) => {
                texts.iter().flat_map(|text| of(text, false)).collect()
            }
        };
        tokens.truncate(TokenBits::BITS as usize);
        Self(tokens)
    }

    /// Returns the bits of all tokens.
    pub(crate) fn all(&self) -> TokenBits {
        (0..self.0.len()).fold(0, |bits, idx| bits | 1 << idx)
    }

    /// Returns which of the tokens a template has in its stretches.
    pub(crate) fn in_stretches(&self, template: &TemplateView<'_>) -> TokenBits {
        let mut bits = 0;
        template.each_constant_token(|token| {
            for (idx, (part_of, part)) in self.0.iter().enumerate() {
                if part.accepts(token.as_bytes(), part_of.as_bytes()) {
                    bits |= 1 << idx;
                }
            }
        });
        bits
    }
}

/// Returns the rings that can have the texts; `None` when the texts have no token to ask for. `of_shape` says of every shape which
/// of the [`NeedleTokens`] its stretches have, `is_asked` of every shape whether tokens decide it.
///
/// Cost: a look-up per token that stands whole in a needle; a walk over all words of the segment when one may be a part of a longer
/// one and the whole ones do not leave few rings, or over all its tokens, once for all tests that share `numbers`.
pub(crate) fn rings_with(
    segment: &Segment,
    needles: &Needles,
    of_shape: &[TokenBits],
    is_asked: &dyn Fn(usize) -> bool,
    numbers: &NumberParts,
) -> Result<Option<RingSet>> {
    let mut stretches = Stretches { of_shape, is_asked, next: 0 };
    match needles {
        Needles::One { folded, is_whole } => {
            rings_with_text(segment, folded, *is_whole, &mut stretches, numbers)
        }
        Needles::Each(texts) => {
            let mut all: Option<RingSet> = None;
            for text in texts {
                if let Some(rings) = rings_with_text(segment, text, false, &mut stretches, numbers)? {
                    match &mut all {
                        Some(all) => all.intersect(&rings),
                        None => all = Some(rings),
                    }
                }
            }
            Ok(all)
        }
        Needles::OneOf(texts) => {
            let mut any = RingSet::empty(segment.rings()?.len());
            for text in texts {
                match rings_with_text(segment, text, false, &mut stretches, numbers)? {
                    Some(rings) => any.unite(&rings),
                    None => return Ok(None),
                }
            }
            Ok(Some(any))
        }
    }
}

/// Parts of tokens that may stand in numbers and ids, of all tests of a filter, and the rings of one segment that have them.
#[derive(Debug, Default)]
pub(crate) struct NumberParts {
    wanted: Vec<(String, Part)>,
    found: OnceCell<Vec<RingSet>>,
}

impl NumberParts {
    /// Collects the parts of all needles.
    pub(crate) fn of<'n>(needles: impl Iterator<Item = &'n Needles>) -> Self {
        let tokens = needles.flat_map(|needles| NeedleTokens::of(needles).0);
        let tokens = tokens.map(|(token, part)| (cut(&token).to_owned(), part));
        let mut wanted: Vec<(String, Part)> =
            tokens.filter(|(token, part)| *part != Part::Whole && !is_word(token)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        Self { wanted, found: OnceCell::new() }
    }

    /// Returns the rings that have a token of which `token` is such a part. Cost: the first call looks for all of them.
    fn rings(&self, segment: &Segment, token: &str, part: Part) -> Result<RingSet> {
        let found = match self.found.get() {
            Some(found) => found,
            None => {
                let mut found = vec![RingSet::empty(segment.rings()?.len()); self.wanted.len()];
                let parts = Parts::new(self.wanted.iter().map(|(token, _)| token.clone()).collect());
                let accepts = |idx: usize, candidate: &[u8]| {
                    let (token, part) = &self.wanted[idx];
                    part.accepts(candidate, token.as_bytes())
                };
                segment.rings_with_token_parts(&parts, accepts, |idx, ring| found[idx].insert(ring))?;
                self.found.get_or_init(|| found)
            }
        };
        let of_part = |(other, how): &(String, Part)| (other.as_str(), *how).cmp(&(token, part));
        let idx = self.wanted.binary_search_by(of_part).expect("parts of all needles were collected");
        Ok(found[idx].clone())
    }
}

/// What shapes have in their stretches, while the tokens of the needles are gone through in the order of [`NeedleTokens`].
struct Stretches<'b> {
    of_shape: &'b [TokenBits],
    is_asked: &'b dyn Fn(usize) -> bool,
    next: u32,
}

impl Stretches<'_> {
    /// Returns the number of the next token; `None` beyond those that are asked for.
    fn number(&mut self) -> Option<u32> {
        let number = self.next;
        self.next += 1;
        (number < TokenBits::BITS).then_some(number)
    }
}

fn rings_with_text(
    segment: &Segment,
    folded: &str,
    is_whole: bool,
    stretches: &mut Stretches<'_>,
    numbers: &NumberParts,
) -> Result<Option<RingSet>> {
    let facts = segment.rings()?;
    let mut found: Option<RingSet> = None;
    let mut parts: Vec<(Option<u32>, &str, Part)> =
        parts(folded, is_whole).map(|(token, part)| (stretches.number(), token, part)).collect();
    // Whole tokens first: they are look-ups.
    parts.sort_by_key(|(_, _, part)| *part != Part::Whole);
    for (number, token, part) in parts {
        let Some(number) = number else { continue };
        if let Some(found) = &found
            && part != Part::Whole
            && found.count(|ring| (stretches.is_asked)(facts.shape(ring))) <= few_rings(cut(token))
        {
            break;
        }
        let mut rings = RingSet::empty(facts.len());
        if stretches.of_shape.iter().any(|bits| bits >> number & 1 == 1) {
            for (ring, shape) in (0..).zip(facts.each_shape(0..facts.len())) {
                if stretches.of_shape[shape] >> number & 1 == 1 {
                    rings.insert(ring);
                }
            }
        }
        match part {
            Part::Whole => segment.rings_with_token(cut(token), |ring| rings.insert(ring))?,
            _ => {
                let token = cut(token);
                if is_word(token) {
                    let accepts = |candidate: &[u8]| part.accepts(candidate, token.as_bytes());
                    segment.rings_with_word_part(token, accepts, |ring| rings.insert(ring))?;
                } else {
                    rings.unite(&numbers.rings(segment, token, part)?);
                }
                // What was cut off a long token is not in the index.
                segment.rings_with_token(LONG_TOKEN, |ring| rings.insert(ring))?;
            }
        }
        match &mut found {
            Some(found) => found.intersect(&rings),
            None => found = Some(rings),
        }
    }
    Ok(found)
}

/// Returns how many rings may be left by the tokens that stand whole for their rows to be read right away, rather than a part
/// of a token looked for: a part of a word is looked for among words, any other among all tokens.
fn few_rings(part: &str) -> usize {
    if is_word(part) { 8 } else { 512 }
}

fn parts(folded: &str, is_whole: bool) -> impl Iterator<Item = (&str, Part)> {
    let open_start = !is_whole && folded.bytes().next().is_some_and(is_token_byte);
    let open_end = !is_whole && folded.bytes().next_back().is_some_and(is_token_byte);
    tokens(folded).map(move |(range, token)| {
        let part = match (open_start && range.start == 0, open_end && range.end == folded.len()) {
            (false, false) => Part::Whole,
            (true, false) => Part::End,
            (false, true) => Part::Beginning,
            (true, true) => Part::Inside,
        };
        (token, part)
    })
}

/// Tokens are cut in the index, so what is looked for is cut at the same place.
fn cut(token: &str) -> &str {
    &token[..token.floor_char_boundary(MAX_TOKEN)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(folded: &str, is_whole: bool, expected: &[(&str, Part)]) {
        assert_eq!(parts(folded, is_whole).collect::<Vec<_>>(), expected, "{folded}");
    }

    #[test]
    fn only_the_outer_tokens_may_be_parts() {
        check("imeou", false, &[("imeou", Part::Inside)]);
        check(
            "no module named",
            false,
            &[("no", Part::End), ("module", Part::Whole), ("named", Part::Beginning)],
        );
        check("exit(3)", false, &[("exit", Part::End), ("3", Part::Whole)]);
        check(" timeout ", false, &[("timeout", Part::Whole)]);
        check("bob", true, &[("bob", Part::Whole)]);
        check("...", false, &[]);
    }

    #[test]
    fn sets_of_rings() {
        let mut a = RingSet::empty(100);
        a.insert(3);
        a.insert(99);
        let mut b = RingSet::empty(100);
        b.insert(99);
        b.insert(7);
        let mut both = a.clone();
        both.intersect(&b);
        assert!(both.contains(99) && !both.contains(3) && !both.contains(7));
        a.unite(&b);
        assert!(a.contains(3) && a.contains(7) && !a.contains(64));
        assert!(!a.contains(1000));
        assert_eq!((a.count(|_| true), a.count(|ring| ring != 7), both.count(|ring| ring < 9)), (3, 2, 0));
    }
}
