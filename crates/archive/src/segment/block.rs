//! Blocks: lists of numbers and texts, compressed as one, for files that every question reads as a whole.
//!
//! ```text
//! file    length of the block, eight bytes │ the block as one zstd frame
//! block   list │ list │ …
//! list    number of items, four bytes │ bytes per item │ the lowest byte of every item │ the next byte of every item │ …
//! ```
//!
//! Numbers of one list resemble each other in their upper bytes, so byte by byte they compress; and they are unpacked by one
//! pass over contiguous bytes, where a Parquet file takes a decoder per column. Everything is little-endian.

use crate::error::{Error, Result};
use crate::frame;
use std::ops::{BitOrAssign, Shl};

/// These files are read with every question and written once.
const COMPRESSION_LEVEL: i32 = 9;
/// No segment comes near; a file that says more was not written by this program.
const MAX_BYTES: u64 = u32::MAX as u64;

/// Puts a block together.
#[derive(Debug, Default)]
pub(crate) struct BlockWriter {
    block: Vec<u8>,
}

impl BlockWriter {
    /// Adds a list of numbers.
    pub(crate) fn numbers(&mut self, numbers: impl ExactSizeIterator<Item = u64> + Clone) {
        let most = numbers.clone().max().unwrap_or(0);
        let width = (64 - most.leading_zeros()).div_ceil(8).max(1);
        self.len(numbers.len());
        self.block.push(u8::try_from(width).expect("a number has eight bytes at most"));
        for plane in 0..width {
            self.block.extend(numbers.clone().map(|number| number.to_le_bytes()[plane as usize]));
        }
    }

    /// Adds bytes.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.len(bytes.len());
        self.block.push(1);
        self.block.extend_from_slice(bytes);
    }

    /// Adds texts.
    pub(crate) fn texts<'t>(&mut self, texts: impl ExactSizeIterator<Item = &'t str> + Clone) {
        self.numbers(texts.clone().map(|text| text.len() as u64));
        let all: String = texts.collect();
        self.bytes(all.as_bytes());
    }

    fn len(&mut self, len: usize) {
        let len = u32::try_from(len).expect("the lists of a segment are far shorter");
        self.block.extend_from_slice(&len.to_le_bytes());
    }

    /// Returns the block, packed.
    pub(crate) fn pack(self) -> Vec<u8> {
        pack(&self.block)
    }
}

/// Returns bytes with their length before them, compressed.
pub(super) fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut packed = (bytes.len() as u64).to_le_bytes().to_vec();
    let frame = zstd::bulk::compress(bytes, COMPRESSION_LEVEL).expect("memory takes what zstd makes");
    packed.extend_from_slice(&frame);
    packed
}

/// Unpacks what [`pack`] packed.
pub(super) fn unpack(content: &[u8], path: &str) -> Result<Vec<u8>> {
    let damaged = |detail: &str| Error::damaged(path, detail);
    let (len, packed) = content.split_first_chunk().ok_or_else(|| damaged("the file is too short"))?;
    let len = Some(u64::from_le_bytes(*len)).filter(|len| *len < MAX_BYTES);
    let len =
        len.and_then(|len| usize::try_from(len).ok()).ok_or_else(|| damaged("the length makes no sense"))?;
    frame::unpack(packed, len).map_err(|error| Error::damaged(path, error))
}

/// Unpacks a block and takes its lists. A list that `take` does not find as it should be, or one that it leaves, is damage,
/// which `detail` describes.
pub(crate) fn read<T>(
    content: &[u8],
    path: &str,
    detail: &str,
    take: impl FnOnce(&mut BlockReader<'_>) -> Option<T>,
) -> Result<T> {
    let block = unpack(content, path)?;
    let mut lists = BlockReader::new(&block);
    take(&mut lists).filter(|_| lists.is_at_end()).ok_or_else(|| Error::damaged(path, detail))
}

/// Takes the lists of a block one after another. `None` where the block is not what the caller takes it for.
#[derive(Debug)]
pub(crate) struct BlockReader<'b> {
    rest: &'b [u8],
}

impl<'b> BlockReader<'b> {
    pub(super) const fn new(block: &'b [u8]) -> Self {
        Self { rest: block }
    }

    /// Takes a list of numbers.
    pub(crate) fn numbers(&mut self) -> Option<Vec<u64>> {
        self.planes(8)
    }

    /// Takes a list of numbers of at most 32 bits.
    pub(crate) fn small(&mut self) -> Option<Vec<u32>> {
        self.planes(4)
    }

    /// Takes a list of numbers of at most 32 bits, and keeps them as narrow as they are.
    pub(super) fn narrow(&mut self) -> Option<Narrow> {
        let (_, width) = Self::new(self.rest).head()?;
        Some(match width {
            1 => Narrow::One(self.bytes()?.to_vec()),
            2 => Narrow::Two(self.planes(2)?),
            _ => Narrow::Four(self.small()?),
        })
    }

    /// Takes a list of times or differences of times, which were put in as the numbers with the same bits.
    pub(crate) fn times(&mut self) -> Option<Vec<i64>> {
        self.planes(8)
    }

    /// Puts numbers of at most `most_bytes` bytes together.
    fn planes<T>(&mut self, most_bytes: u8) -> Option<Vec<T>>
    where
        T: Copy + Default + From<u8> + Shl<u8, Output = T> + BitOrAssign,
    {
        let (len, width) = self.head().filter(|(_, width)| *width <= most_bytes)?;
        let mut numbers = vec![T::default(); len];
        for plane in 0..width {
            let bytes = self.take(len)?;
            numbers.iter_mut().zip(bytes).for_each(|(number, byte)| *number |= T::from(*byte) << (8 * plane));
        }
        Some(numbers)
    }

    /// Takes bytes.
    pub(super) fn bytes(&mut self) -> Option<&'b [u8]> {
        let (len, width) = self.head()?;
        if width == 1 { self.take(len) } else { None }
    }

    /// Takes texts.
    pub(crate) fn texts(&mut self) -> Option<Vec<&'b str>> {
        let lens = self.small()?;
        let mut rest = std::str::from_utf8(self.bytes()?).ok()?;
        let mut texts = Vec::with_capacity(lens.len());
        for len in lens {
            let (text, others) = rest.split_at_checked(len as usize)?;
            texts.push(text);
            rest = others;
        }
        rest.is_empty().then_some(texts)
    }

    /// Says that nothing is left.
    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    fn head(&mut self) -> Option<(usize, u8)> {
        let len = self.take(4)?;
        let len = u32::from_le_bytes(len.try_into().expect("four bytes were taken"));
        let width = *self.take(1)?.first()?;
        let is_possible =
            (1..=8).contains(&width) && (len as usize).checked_mul(usize::from(width))? <= self.rest.len();
        is_possible.then_some((len as usize, width))
    }

    fn take(&mut self, len: usize) -> Option<&'b [u8]> {
        let (head, tail) = self.rest.split_at_checked(len)?;
        self.rest = tail;
        Some(head)
    }
}

/// Numbers that take one, two or four bytes each, whatever the largest needs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Narrow {
    One(Vec<u8>),
    Two(Vec<u16>),
    Four(Vec<u32>),
}

impl Narrow {
    pub(crate) const fn len(&self) -> usize {
        match self {
            Self::One(numbers) => numbers.len(),
            Self::Two(numbers) => numbers.len(),
            Self::Four(numbers) => numbers.len(),
        }
    }

    pub(crate) fn get(&self, idx: usize) -> u32 {
        match self {
            Self::One(numbers) => numbers[idx].into(),
            Self::Two(numbers) => numbers[idx].into(),
            Self::Four(numbers) => numbers[idx],
        }
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = u32> + Clone {
        (0..self.len()).map(|idx| self.get(idx))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_put_in_is_taken_out(
            wide in proptest::collection::vec(any::<u64>(), 0..50),
            small in proptest::collection::vec(any::<u16>(), 0..50),
            zeros in 0_usize..20,
            text in ".{0,60}",
        ) {
            let mut writer = BlockWriter::default();
            writer.numbers(wide.iter().copied());
            writer.numbers(small.iter().map(|number| u64::from(*number)));
            writer.bytes(text.as_bytes());
            writer.numbers(vec![0; zeros].into_iter());
            let texts: Vec<&str> = text.split(' ').collect();
            writer.texts(texts.iter().copied());
            let file = writer.pack();
            let block = unpack(&file, "x").unwrap();
            let mut reader = BlockReader::new(&block);
            prop_assert_eq!(reader.numbers().unwrap(), wide);
            let narrow = BlockReader::new(reader.rest).narrow().unwrap();
            let small: Vec<u32> = small.into_iter().map(u32::from).collect();
            prop_assert_eq!(narrow.iter().collect::<Vec<_>>(), &small[..]);
            prop_assert_eq!(reader.small().unwrap(), small);
            prop_assert_eq!(reader.bytes().unwrap(), text.as_bytes());
            prop_assert_eq!(reader.small().unwrap(), vec![0; zeros]);
            prop_assert_eq!(reader.texts().unwrap(), texts);
            prop_assert!(reader.is_at_end());
            prop_assert!(reader.numbers().is_none());
            for len in 0..file.len() {
                prop_assert!(unpack(&file[..len], "x").is_err());
            }
        }
    }

    #[test]
    fn a_length_is_held_against_what_is_there_before_room_is_made() {
        // Zeros pack as well as anything can.
        let zeros = vec![0; 16 << 20];
        let mut file = pack(&zeros);
        assert_eq!(unpack(&file, "x").unwrap(), zeros);
        assert!(
            MAX_BYTES > 1 + (file.len() * frame::MOST_UNPACKED) as u64,
            "the test packs less than the bound allows"
        );
        file[..8].copy_from_slice(&(MAX_BYTES - 1).to_le_bytes());
        let error = unpack(&file, "x").unwrap_err();
        assert!(error.to_string().contains("the length makes no sense"), "{error}");
    }

    #[test]
    fn lengths_that_cannot_be_are_refused() {
        let mut block = vec![0xff, 0xff, 0xff, 0xff, 8];
        block.extend([0; 40]);
        assert!(BlockReader::new(&block).numbers().is_none());
        assert!(BlockReader::new(&block).small().is_none());
        assert!(BlockReader::new(&[1, 0, 0, 0, 5, 1, 2, 3, 4, 5]).small().is_none());
    }
}
