//! Texts that are looked for in many others, all at once.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use arrow::array::{Array, StringArray};
use memchr::memmem;

/// Some texts to look for.
#[derive(Debug)]
pub struct Parts {
    texts: Vec<String>,
    finder: Finder,
}

#[derive(Debug)]
enum Finder {
    /// Jumps from one rare byte to the next.
    One(Box<memmem::Finder<'static>>),
    /// Takes every byte once, however many texts there are.
    Many(AhoCorasick),
}

impl Parts {
    /// Prepares the search. None of the texts may be empty.
    ///
    /// # Panics
    /// When the texts are gigabytes.
    pub fn new(texts: Vec<String>) -> Self {
        debug_assert!(texts.iter().all(|text| !text.is_empty()));
        let finder = match &texts[..] {
            [text] => Finder::One(Box::new(memmem::Finder::new(text).into_owned())),
            _ => {
                let many = AhoCorasick::builder()
                    .match_kind(MatchKind::Standard)
                    .kind(Some(AhoCorasickKind::ContiguousNFA))
                    .build(&texts);
                Finder::Many(many.expect("the texts of a filter have less than 2 GiB"))
            }
        };
        Self { texts, finder }
    }

    /// Returns the texts.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// Calls `visit` with every place at which one of the texts begins, and its number; those that overlap too.
    fn for_each_in(&self, text: &[u8], mut visit: impl FnMut(usize, usize)) {
        match &self.finder {
            Finder::One(finder) => {
                let mut at = 0;
                while let Some(found) = finder.find(&text[at..]) {
                    visit(at + found, 0);
                    at += found + 1;
                }
            }
            Finder::Many(finder) => {
                for found in finder.find_overlapping_iter(text) {
                    visit(found.start(), found.pattern().as_usize());
                }
            }
        }
    }

    /// Returns the numbers of those that are in a text, ascending.
    pub(super) fn in_text(&self, text: &[u8], found: &mut Vec<usize>) {
        found.clear();
        self.for_each_in(text, |_, part| found.push(part));
        found.sort_unstable();
        found.dedup();
    }

    /// Returns which rows of a column have which of them, in pairs, ascending; ASCII letters are taken for lower-case ones.
    ///
    /// Cost: one pass over the text of the column.
    pub(super) fn in_rows(&self, column: &StringArray) -> Vec<(usize, usize)> {
        let offsets = column.value_offsets();
        let place = |row: usize| usize::try_from(offsets[row]).expect("offsets are not negative");
        let base = place(0);
        let text = &column.value_data()[base..place(column.len())];
        let lower: Vec<u8>;
        let text = if text.iter().any(u8::is_ascii_uppercase) {
            lower = text.to_ascii_lowercase();
            &lower
        } else {
            text
        };
        let mut found = Vec::new();
        self.for_each_in(text, |start, part| {
            let start = base + start;
            let row = offsets.partition_point(|offset| i64::from(*offset) <= start as i64) - 1;
            // Otherwise it begins in one row and ends in another.
            if start + self.texts[part].len() <= place(row + 1) {
                found.push((row, part));
            }
        });
        found.sort_unstable();
        found.dedup();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_have_what_each_of_them_has(
            rows in prop::collection::vec(prop::option::of("[abAB]{0,6}"), 0..12),
            texts in prop::collection::btree_set("[ab]{1,3}", 1..5),
            skipped in 0..3_usize,
        ) {
            let texts: Vec<String> = texts.into_iter().collect();
            let column: StringArray = rows.iter().map(Option::as_deref).collect();
            let skipped = skipped.min(rows.len());
            let column = column.slice(skipped, rows.len() - skipped);
            let mut expected = Vec::new();
            for (row, text) in rows[skipped..].iter().enumerate() {
                let text = text.as_deref().unwrap_or_default().to_ascii_lowercase();
                expected.extend((0..texts.len()).filter(|idx| text.contains(&texts[*idx])).map(|idx| (row, idx)));
            }
            prop_assert_eq!(Parts::new(texts).in_rows(&column), expected);
        }
    }
}
