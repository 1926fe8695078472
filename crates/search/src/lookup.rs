//! Which rings can have a text, by their tokens.
//!
//! A text that occurs in a value brings its tokens along: those inside it whole, its first and last possibly as a part
//! of a longer one. Values whose tokens are not indexed are the judge's business, not this module's.

use crate::judge::Needles;
use timberline_archive::Result;
use timberline_archive::segment::Segment;
use timberline_archive::shape::{LONG_TOKEN, MAX_TOKEN, is_token_byte, tokens};

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

    fn intersect(&mut self, other: &Self) {
        self.bits.iter_mut().zip(&other.bits).for_each(|(a, b)| *a &= b);
    }

    fn unite(&mut self, other: &Self) {
        self.bits.iter_mut().zip(&other.bits).for_each(|(a, b)| *a |= b);
    }
}

/// How a token of a needle relates to the token of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Whole,
    Beginning,
    End,
    Inside,
}

/// Returns the rings that can have the texts; `None` when the texts have no token to ask for.
///
/// Cost: a look-up per token that stands whole in a needle; a walk over all tokens of the segment when one may be a part
/// of a longer one and the whole ones do not leave few rings.
pub(crate) fn rings_with(segment: &Segment, needles: &Needles) -> Result<Option<RingSet>> {
    match needles {
        Needles::One { folded, is_whole } => rings_with_text(segment, folded, *is_whole),
        Needles::Each(texts) => {
            let mut all: Option<RingSet> = None;
            for text in texts {
                if let Some(rings) = rings_with_text(segment, text, false)? {
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
                match rings_with_text(segment, text, false)? {
                    Some(rings) => any.unite(&rings),
                    None => return Ok(None),
                }
            }
            Ok(Some(any))
        }
    }
}

fn rings_with_text(segment: &Segment, folded: &str, is_whole: bool) -> Result<Option<RingSet>> {
    let n_rings = segment.rings()?.len();
    let mut found: Option<RingSet> = None;
    let mut parts: Vec<(&str, Part)> = parts(folded, is_whole).collect();
    // Whole tokens first: they are look-ups.
    parts.sort_by_key(|(_, part)| *part != Part::Whole);
    for (token, part) in parts {
        let mut rings = RingSet::empty(n_rings);
        match part {
            Part::Whole => segment.rings_with_token(cut(token), |ring| rings.insert(ring))?,
            _ => {
                let token = cut(token);
                let accepts = |candidate: &[u8]| match part {
                    Part::Whole => candidate == token.as_bytes(),
                    Part::Beginning => candidate.starts_with(token.as_bytes()),
                    Part::End => candidate.ends_with(token.as_bytes()),
                    Part::Inside => true,
                };
                segment.rings_with_token_part(token, accepts, |ring| rings.insert(ring))?;
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
    }
}
