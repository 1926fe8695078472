//! Sixty-four bytes at a time: one bit per byte for everything the splitter wants to know.
//!
//! The method is that of Langdale and Lemire, "Parsing Gigabytes of JSON per Second", VLDB 2019: quotes that no backslash
//! escapes, then a running XOR that turns them into "inside a string", then everything else masked by it. It has no branch
//! per byte, so pretty-printed and compact text cost the same.
//!
//! ```text
//! text       { " a " : " { \ " " , [ ] }
//! quote        1   1   1       1              unescaped ones only
//! in_string    1 1 0   1 1 1 1 0              from the opening quote up to, but without, the closing one
//! bracket    1                     1 1 1      outside strings
//! ```

/// Bytes per block.
pub(super) const BLOCK: usize = 64;

/// What a valid text cannot surprise us with, and what it can: one bit per byte of a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Events {
    /// Brackets and braces outside strings.
    pub(super) brackets: u64,
    /// Line feeds inside strings, and bytes that cannot follow a string's closing quote. Valid JSON has neither.
    pub(super) oddities: u64,
}

/// What one block hands on to the next.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Carry {
    /// All ones while inside a string.
    in_string: u64,
    /// One when the next byte is escaped.
    escaped: u64,
    /// One when the last byte was a closing quote.
    after_quote: u64,
}

/// The raw comparisons of a block.
#[derive(Clone, Copy, Default)]
struct Masks {
    quote: u64,
    backslash: u64,
    bracket: u64,
    line_feed: u64,
    /// What may follow a closing quote: white space and controls, `,`, `:`, closing brackets.
    follows: u64,
}

/// Finds the events of a block and moves the carry on.
pub(super) fn events(block: &[u8; BLOCK], carry: &mut Carry) -> Events {
    let masks = compare(block);
    let escaped = escaped(masks.backslash, &mut carry.escaped);
    let quote = masks.quote & !escaped;
    let in_string = running_xor(quote) ^ carry.in_string;
    carry.in_string = 0_u64.wrapping_sub(in_string >> 63);
    let closing = quote & !in_string;
    let after_closing = closing << 1 | carry.after_quote;
    carry.after_quote = closing >> 63;
    Events {
        brackets: masks.bracket & !in_string,
        oddities: (after_closing & !masks.follows) | (masks.line_feed & in_string),
    }
}

/// Marks bytes behind an odd number of backslashes.
fn escaped(backslash: u64, carry: &mut u64) -> u64 {
    if backslash == 0 {
        return std::mem::take(carry);
    }
    const EVEN: u64 = 0x5555_5555_5555_5555;
    let backslash = backslash & !*carry;
    let follows = backslash << 1 | *carry;
    let odd_starts = backslash & !EVEN & !follows;
    let (even_sequences, overflow) = odd_starts.overflowing_add(backslash);
    *carry = u64::from(overflow);
    (EVEN ^ (even_sequences << 1)) & follows
}

/// Bit `n` becomes the XOR of the bits `0..=n`.
const fn running_xor(mut bits: u64) -> u64 {
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^ bits << 32
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "twice the speed of the whole splitter, see below")]
fn compare(block: &[u8; BLOCK]) -> Masks {
    // SAFETY: SSE2 is part of every x86-64; the function asks for nothing else.
    unsafe { compare_sse2(block) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sse2")]
#[inline]
fn compare_sse2(block: &[u8; BLOCK]) -> Masks {
    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8,
    };
    let mut masks = Masks::default();
    for (idx, half) in block.chunks_exact(16).enumerate() {
        let low = i64::from_le_bytes(half[..8].try_into().expect("half of sixteen bytes"));
        let high = i64::from_le_bytes(half[8..].try_into().expect("half of sixteen bytes"));
        let bytes = _mm_set_epi64x(high, low);
        let is = |bytes: __m128i, wanted: i8| _mm_cmpeq_epi8(bytes, _mm_set1_epi8(wanted));
        let bits = |lanes: __m128i| {
            let bits = u32::try_from(_mm_movemask_epi8(lanes)).expect("sixteen bits");
            u64::from(bits) << (idx * 16)
        };
        // `[` and `{`, `]` and `}` differ in this one bit.
        let folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
        let closing = is(folded, 0x7d);
        let space = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x20)), bytes);
        let separator = _mm_or_si128(is(bytes, 0x2c), is(bytes, 0x3a));
        masks.quote |= bits(is(bytes, 0x22));
        masks.backslash |= bits(is(bytes, 0x5c));
        masks.bracket |= bits(_mm_or_si128(is(folded, 0x7b), closing));
        masks.line_feed |= bits(is(bytes, 0x0a));
        masks.follows |= bits(_mm_or_si128(_mm_or_si128(space, separator), closing));
    }
    masks
}

#[cfg(not(target_arch = "x86_64"))]
fn compare(block: &[u8; BLOCK]) -> Masks {
    compare_bytewise(block)
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn compare_bytewise(block: &[u8; BLOCK]) -> Masks {
    let collect = |wanted: fn(u8) -> bool| {
        block.iter().enumerate().fold(0, |bits, (idx, byte)| bits | u64::from(wanted(*byte)) << idx)
    };
    Masks {
        quote: collect(|b| b == b'"'),
        backslash: collect(|b| b == b'\\'),
        bracket: collect(|b| matches!(b, b'{' | b'}' | b'[' | b']')),
        line_feed: collect(|b| b == b'\n'),
        follows: collect(|b| matches!(b, 0..=b' ' | b',' | b':' | b'}' | b']')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, byte by byte.
    fn by_definition(text: &[u8]) -> (Vec<usize>, Vec<usize>) {
        let (mut brackets, mut oddities) = (Vec::new(), Vec::new());
        let (mut in_string, mut escaped, mut after_quote) = (false, false, false);
        for (idx, byte) in text.iter().copied().enumerate() {
            if after_quote && !matches!(byte, 0..=b' ' | b',' | b':' | b'}' | b']') {
                oddities.push(idx);
            }
            let is_quote = byte == b'"' && !escaped;
            after_quote = is_quote && in_string;
            escaped = byte == b'\\' && !escaped;
            if byte == b'\n' && in_string && oddities.last() != Some(&idx) {
                oddities.push(idx);
            }
            if is_quote {
                in_string = !in_string;
            } else if !in_string && matches!(byte, b'{' | b'}' | b'[' | b']') {
                brackets.push(idx);
            }
        }
        (brackets, oddities)
    }

    fn in_blocks(text: &[u8]) -> (Vec<usize>, Vec<usize>) {
        let (mut brackets, mut oddities) = (Vec::new(), Vec::new());
        let mut carry = Carry::default();
        for (at, chunk) in text.chunks(BLOCK).enumerate() {
            let mut block = [b' '; BLOCK];
            block[..chunk.len()].copy_from_slice(chunk);
            let found = events(&block, &mut carry);
            for bit in 0..chunk.len() {
                if found.brackets >> bit & 1 == 1 {
                    brackets.push(at * BLOCK + bit);
                }
                if found.oddities >> bit & 1 == 1 {
                    oddities.push(at * BLOCK + bit);
                }
            }
        }
        (brackets, oddities)
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(text in proptest::collection::vec(
            proptest::sample::select(br#"{}[]""\\\:, ax"#.iter().copied().chain([b'\n', 0, 0xff, 0xc3]).collect::<Vec<u8>>()),
            0..400,
        )) {
            prop_assert_eq!(in_blocks(&text), by_definition(&text));
        }

        #[test]
        fn instructions_agree_with_plain_comparisons(text in proptest::collection::vec(any::<u8>(), BLOCK)) {
            let block: [u8; BLOCK] = text.try_into().unwrap();
            let (a, b) = (compare(&block), compare_bytewise(&block));
            prop_assert_eq!(
                (a.quote, a.backslash, a.bracket, a.line_feed, a.follows),
                (b.quote, b.backslash, b.bracket, b.line_feed, b.follows)
            );
        }
    }
}
