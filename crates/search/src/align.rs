//! Could a text stand in a template? Stretches are given, holes can be any text over the characters they have held.
//!
//! ```text
//! template   retry ░░ of ░░ then stop        needle   "y 7 of"
//!            automaton: the set of needle positions reached so far, one bit each, pushed through stretch bytes and
//!            through holes (stay, or advance over characters that the hole may contain)
//! ```
//!
//! `false` means that no row of the shape has the text; `true` promises nothing.

use timberline_archive::segment::MARKS;
use timberline_archive::shape::CharSet;

/// Only so many bytes of a needle are followed; where its beginning cannot stand, it cannot stand.
const MAX_NEEDLE: usize = 127;

/// So many where templates are only sorted out: what is left is followed further.
const FEW: usize = 63;

/// One piece of a leaf's template.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Piece<'t> {
    /// Folded text that every row has.
    Stretch(&'t str),
    /// Text that varies.
    Hole(CharSet),
}

/// A folded needle, prepared.
#[derive(Clone, Debug)]
pub(crate) struct Aligner {
    /// For each byte value the positions at which the needle has it.
    positions: Box<[u128; 256]>,
    /// The same for the first [`FEW`] bytes, which nearly all needles are.
    few_positions: Box<[u64; 256]>,
    /// The byte values that the needle has, each once.
    values: Vec<u8>,
    /// The bytes that are followed.
    beginning: Vec<u8>,
    len: usize,
    is_cut: bool,
}

impl Aligner {
    pub(crate) fn new(folded_needle: &str) -> Self {
        let bytes = &folded_needle.as_bytes()[..folded_needle.len().min(MAX_NEEDLE)];
        let mut positions = Box::new([0; 256]);
        for (at, byte) in bytes.iter().enumerate() {
            positions[usize::from(*byte)] |= 1 << at;
        }
        let mut values = bytes.to_vec();
        values.sort_unstable();
        values.dedup();
        Self {
            few_positions: Box::new(positions.map(low)),
            positions,
            values,
            beginning: bytes.to_vec(),
            len: bytes.len(),
            is_cut: bytes.len() < folded_needle.len(),
        }
    }

    /// Says whether the needle may be a part of a text of the template.
    pub(crate) fn may_be_in<'t>(&self, pieces: impl Iterator<Item = Piece<'t>>) -> bool {
        let done = 1 << self.len;
        // Bit n: the first n bytes of the needle end here. It may begin anywhere, so bit 0 is always set.
        let mut reached: u128 = 1;
        for piece in pieces {
            match piece {
                Piece::Stretch(text) => {
                    for byte in text.bytes() {
                        reached = ((reached & self.positions[usize::from(byte)]) << 1) | 1;
                        if reached & done != 0 {
                            return true;
                        }
                    }
                }
                Piece::Hole(charset) => reached = through(reached, self.allowed(charset)),
            }
            if reached & done != 0 {
                return true;
            }
        }
        reached & done != 0
    }

    /// As [`may_be_in`](Self::may_be_in), for text in which [`MARKS`] stand for holes; `holes` are what these have held, one
    /// after another. Less sharp: only the needle's first [`FEW`] bytes are followed.
    pub(crate) fn may_be_in_marked(&self, text: &[u8], mut holes: impl Iterator<Item = Allowed>) -> bool {
        let last_mark = MARKS[MARKS.len() - 1];
        let (done, mut reached): (u64, u64) = (1 << self.len.min(FEW), 1);
        text.iter().any(|byte| {
            reached = if *byte <= last_mark {
                low(through(reached.into(), holes.next().unwrap_or(Allowed::ANY)))
            } else {
                ((reached & self.few_positions[usize::from(*byte)]) << 1) | 1
            };
            reached & done != 0
        })
    }

    /// Says whether the needle may be a whole text of the template.
    pub(crate) fn may_be<'t>(&self, pieces: impl Iterator<Item = Piece<'t>>) -> bool {
        let done = 1 << self.len;
        let mut reached: u128 = 1;
        for piece in pieces {
            match piece {
                Piece::Stretch(text) => {
                    for byte in text.bytes() {
                        if self.is_cut && reached & done != 0 {
                            return true;
                        }
                        reached = (reached & self.positions[usize::from(byte)]) << 1;
                    }
                }
                Piece::Hole(charset) => reached = through(reached, self.allowed(charset)),
            }
            if reached == 0 {
                return false;
            }
            if self.is_cut && reached & done != 0 {
                return true;
            }
        }
        reached & done != 0
    }

    /// Says whether the needle is followed to its end.
    pub(crate) const fn is_whole(&self) -> bool {
        !self.is_cut
    }

    /// Returns the bytes of the needle that are followed.
    pub(crate) fn beginning(&self) -> &[u8] {
        &self.beginning
    }

    /// Says whether a hole between two bytes can play a part: the needle gets into it from the stretch before, begins in
    /// it, or passes through it where it is empty. Bytes beyond ASCII are taken for other holes.
    pub(crate) fn may_touch(&self, before: u8, after: u8, charset: CharSet) -> bool {
        if !before.is_ascii() || !after.is_ascii() || charset == CharSet::ANY {
            return true;
        }
        let reached = self.positions[usize::from(before)] << 1;
        if reached & self.positions[usize::from(after)] != 0 {
            return true;
        }
        let mut open = (reached | 1) & !(1 << self.len);
        while open != 0 {
            let at = open.trailing_zeros();
            if self.beginning.get(at as usize).is_some_and(|byte| charset.may_contain(*byte)) {
                return true;
            }
            open &= open - 1;
        }
        false
    }

    /// Returns the bytes of the needle that a hole may contain.
    pub(crate) fn allowed(&self, charset: CharSet) -> Allowed {
        if charset == CharSet::ANY {
            return Allowed::ANY;
        }
        let contained = self.values.iter().filter(|byte| charset.may_contain(**byte));
        Allowed(contained.fold(0, |all, byte| all | self.positions[usize::from(*byte)]))
    }
}

/// The positions of a needle at which it has a byte that a hole may contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowed(u128);

impl Allowed {
    /// A hole that may contain anything.
    pub(crate) const ANY: Self = Self(u128::MAX);
}

/// From each position reached, on over as many bytes as a hole may contain.
fn through(reached: u128, Allowed(allowed): Allowed) -> u128 {
    // Added to a run of positions that are allowed, the first one reached carries to the position behind the run and turns
    // over all between.
    reached | ((reached & allowed).wrapping_add(allowed) ^ allowed)
}

/// Returns the lower half of a set of positions.
fn low(positions: u128) -> u64 {
    u64::try_from(positions & u128::from(u64::MAX)).expect("the bits beyond were taken off")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert_eq, proptest};

    fn pieces<'t>(template: &'t [&'t str]) -> impl Iterator<Item = Piece<'t>> {
        template.iter().enumerate().map(|(idx, text)| {
            if idx % 2 == 0 {
                return Piece::Stretch(text);
            }
            let mut charset = CharSet::default();
            charset.add(text);
            Piece::Hole(charset)
        })
    }

    proptest! {
        #[test]
        fn a_hole_is_passed_byte_by_byte(reached: u128, allowed: u128) {
            for allowed in [allowed, allowed & allowed >> 1, allowed | allowed >> 1 | allowed << 3, u128::MAX] {
                let mut expected = reached;
                while expected | (expected & allowed) << 1 != expected {
                    expected |= (expected & allowed) << 1;
                }
                prop_assert_eq!(through(reached, Allowed(allowed)), expected);
            }
        }
    }

    fn check(template: &[&str], needle: &str, inside: bool, whole: bool) {
        let aligner = Aligner::new(needle);
        assert_eq!(aligner.may_be_in(pieces(template)), inside, "{needle:?} in {template:?}");
        assert_eq!(aligner.may_be(pieces(template)), whole, "{needle:?} is {template:?}");
        let mark = |(idx, text): (usize, &&str)| {
            if idx % 2 == 0 { (*text).to_owned() } else { char::from(MARKS[idx % 3]).to_string() }
        };
        let marked: String = template.iter().enumerate().map(mark).collect();
        let holes = pieces(template).filter_map(|piece| match piece {
            Piece::Hole(charset) => Some(aligner.allowed(charset)),
            Piece::Stretch(_) => None,
        });
        let in_marked = aligner.may_be_in_marked(marked.as_bytes(), holes);
        assert!(in_marked == inside || needle.is_empty(), "{needle:?} in {marked:?}");
        // What is found, but in no stretch alone, is found through a hole.
        let in_stretch = template
            .iter()
            .step_by(2)
            .any(|stretch| stretch.as_bytes().windows(aligner.len.max(1)).any(|w| w == aligner.beginning));
        let touched = template.windows(3).step_by(2).any(|around| {
            let [before, content, after] = around else { unreachable!() };
            let mut charset = CharSet::default();
            charset.add(content);
            let byte = |byte: Option<u8>| byte.unwrap_or(b'"');
            aligner.may_touch(byte(before.bytes().next_back()), byte(after.bytes().next()), charset)
        });
        assert!(
            !inside || needle.is_empty() || in_stretch || touched || template.len() == 2,
            "{needle:?} through {template:?}"
        );
    }

    #[test]
    fn stretches_are_given_and_holes_hold_what_they_held() {
        let template = ["retry ", "0123456789", " of ", "0123456789", " then stop"];
        for (needle, inside, whole) in [
            ("y 7 of", true, false),
            ("y x of", false, false),
            ("retry 77 of 1 then stop", true, true),
            ("retry  of  then stop", true, true),
            ("of 5 then", true, false),
            ("stop", true, false),
            ("", true, false),
            ("55", true, false),
            ("5 5", false, false),
            ("stop now", false, false),
        ] {
            check(&template, needle, inside, whole);
        }
        check(&["", "é"], "anything at all", true, true);
        check(&[""], "", true, true);
        check(&["abc"], "abc", true, true);
    }

    #[test]
    fn long_needles_are_followed_as_far_as_possible() {
        let long = "ab".repeat(100);
        check(&[&long], &long, true, true);
        check(&["x", "ab"], &long, true, false);
        check(&["", "ab"], &long, true, true);
        check(&["", "a"], &long, false, false);
        let other = format!("{}c", "ab".repeat(100));
        // Beyond the followed bytes nothing is excluded.
        assert!(Aligner::new(&other).may_be_in(pieces(&[&long])));
    }
}
