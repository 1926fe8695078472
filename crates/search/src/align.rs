//! Could a text stand in a template? Stretches are given, holes can be any text over the characters they have held.
//!
//! ```text
//! template   retry ░░ of ░░ then stop        needle   "y 7 of"
//!            automaton: the set of needle positions reached so far, one bit each, pushed through stretch bytes and
//!            through holes (stay, or advance over characters that the hole may contain)
//! ```
//!
//! `false` means that no row of the shape has the text; `true` promises nothing.

use timberline_archive::shape::CharSet;

/// Only so many bytes of a needle are followed; where its beginning cannot stand, it cannot stand.
const MAX_NEEDLE: usize = 127;

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
        Self { positions, len: bytes.len(), is_cut: bytes.len() < folded_needle.len() }
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
                Piece::Hole(charset) => reached = self.through(reached, charset),
            }
            if reached & done != 0 {
                return true;
            }
        }
        reached & done != 0
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
                Piece::Hole(charset) => reached = self.through(reached, charset),
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

    /// From each position reached, on over as many bytes as the hole may contain.
    fn through(&self, reached: u128, charset: CharSet) -> u128 {
        if charset == CharSet::ANY {
            let lowest = reached.trailing_zeros();
            return if lowest > 127 { 0 } else { u128::MAX << lowest };
        }
        let mut allowed: u128 = 0;
        for byte in 0..=u8::MAX {
            if self.positions[usize::from(byte)] != 0 && charset.may_contain(byte) {
                allowed |= self.positions[usize::from(byte)];
            }
        }
        let mut all = reached;
        loop {
            let next = all | (all & allowed) << 1;
            if next == all {
                return all;
            }
            all = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    fn check(template: &[&str], needle: &str, inside: bool, whole: bool) {
        let aligner = Aligner::new(needle);
        assert_eq!(aligner.may_be_in(pieces(template)), inside, "{needle:?} in {template:?}");
        assert_eq!(aligner.may_be(pieces(template)), whole, "{needle:?} is {template:?}");
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
