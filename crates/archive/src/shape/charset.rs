//! Which characters a hole has held.

/// The set of bytes that occurred in a hole, lower-cased; or "anything" once a character beyond ASCII occurred.
///
/// Case folding can turn a character beyond ASCII into ASCII letters (`ﬁ` into `fi`), so one such character makes the
/// set useless and it says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CharSet(u128);

impl CharSet {
    /// The set that excludes nothing.
    pub const ANY: Self = Self(u128::MAX);

    /// Adds the characters of a text.
    pub fn add(&mut self, text: &str) {
        for byte in text.bytes() {
            if !byte.is_ascii() {
                *self = Self::ANY;
                return;
            }
            self.0 |= 1 << byte.to_ascii_lowercase();
        }
    }

    /// Adds the characters of another set.
    pub const fn merge(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Says whether a byte of case-folded text may have occurred. `false` means that it did not.
    pub const fn may_contain(self, folded: u8) -> bool {
        if folded.is_ascii() { self.0 >> folded & 1 == 1 } else { self.0 == u128::MAX }
    }

    /// Returns the set as it is stored.
    pub const fn to_bits(self) -> u128 {
        self.0
    }

    /// Restores a stored set.
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_never_occurred_is_excluded() {
        let mut set = CharSet::default();
        set.add("00C7-a");
        for present in b"0c7-a" {
            assert!(set.may_contain(*present));
        }
        for absent in b"bZ 1\xc3" {
            assert!(!set.may_contain(*absent), "{absent}");
        }
        set.add("é");
        assert_eq!(set, CharSet::ANY);
        assert!(set.may_contain(b'z') && set.may_contain(0xc3));
    }
}
