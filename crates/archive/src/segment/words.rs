//! The words of a segment: its tokens that are more than hex digits, one after the other.
//!
//! Nearly all tokens of a segment are numbers and ids. A part of a word cannot be in those, and looking for it in the others
//! is one pass over contiguous bytes instead of a walk through the whole term dictionary.

use super::table::{read_columns, write_columns};
use crate::error::Result;
use arrow::array::{ArrayRef, AsArray, StringArray};
use arrow::datatypes::DataType;
use bytes::Bytes;
use std::io::Write;
use std::sync::Arc;

/// The words of a segment.
#[derive(Debug)]
pub(super) struct Words(StringArray);

impl Words {
    /// Calls `visit` with every word that has `part` in it, once.
    pub(super) fn with_part(&self, part: &str, mut visit: impl FnMut(&str) -> Result<()>) -> Result<()> {
        let offsets = self.0.value_offsets();
        let place = |offset: i32| usize::try_from(offset).expect("offsets are not negative");
        let (Some(first), Some(last)) = (offsets.first(), offsets.last()) else { return Ok(()) };
        let base = place(*first);
        let text = &self.0.value_data()[base..place(*last)];
        let finder = memchr::memmem::Finder::new(part);
        let mut at = 0;
        while let Some(found) = finder.find(&text[at..]) {
            let start = base + at + found;
            let word = offsets.partition_point(|offset| place(*offset) <= start) - 1;
            let end = place(offsets[word + 1]);
            if start + part.len() <= end {
                visit(self.0.value(word))?;
                at = end - base;
            } else {
                // It begins in one word and ends in another.
                at = start - base + 1;
            }
        }
        Ok(())
    }
}

/// Writes words, which must be sorted.
pub(super) fn write(words: &[String], path: &str, out: impl Write + Send) -> Result<()> {
    let column: ArrayRef = Arc::new(StringArray::from_iter_values(words));
    write_columns([("word", column)], None, path, out)
}

pub(super) fn read(content: Bytes, path: &str) -> Result<Words> {
    let ([words], _) = read_columns(content, path, [("word", DataType::Utf8)])?;
    Ok(Words(words.as_string::<i32>().clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(part: &str, expected: &[&str]) {
        let words = ["called", "calls", "recall", "scallcall", "zz", "é"].map(str::to_owned);
        let mut file = Vec::new();
        write(&words, "x", &mut file).unwrap();
        let words = read(Bytes::from(file), "x").unwrap();
        let mut found = Vec::new();
        words
            .with_part(part, |word| {
                found.push(word.to_owned());
                Ok(())
            })
            .unwrap();
        assert_eq!(found, expected, "{part}");
    }

    #[test]
    fn parts_of_words_and_not_of_two() {
        check("call", &["called", "calls", "recall", "scallcall"]);
        check("calls", &["calls"]);
        check("dcal", &[]);
        check("lz", &[]);
        check("zz", &["zz"]);
        check("é", &["é"]);
        check("x", &[]);
    }
}
