//! Text to nodes, in one pass without recursion.

use super::value::{Node, NodeKind};

/// Containers may be nested this deep. The service itself allows far less; a deeper value is an attack or an accident.
pub const MAX_DEPTH: usize = 512;

/// Why a text is not JSON, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// Byte offset in the text.
    pub offset: usize,
}

/// The ways in which a text fails to be JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FaultKind {
    /// The text ends inside a value.
    #[error("the text ends inside a value")]
    CutOff,
    /// A byte that cannot stand here.
    #[error("unexpected character")]
    Unexpected,
    /// A backslash followed by something that is no escape.
    #[error("broken escape in a string")]
    BadEscape,
    /// A number that breaks JSON's grammar.
    #[error("broken number")]
    BadNumber,
    /// More than [`MAX_DEPTH`] containers inside one another.
    #[error("nested too deeply")]
    TooDeep,
    /// Something follows the value.
    #[error("text after the value")]
    Trailing,
    /// The text is larger than 4 GiB.
    #[error("value larger than 4 GiB")]
    TooLarge,
}

/// What was tolerated while reading; each is counted as a repair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repairs {
    /// Control characters standing raw inside strings.
    pub raw_controls: u32,
    /// `NaN`, `Infinity`, `-Infinity`.
    pub non_finite: u32,
    /// Commas before a closing bracket.
    pub trailing_commas: u32,
}

/// Parses a text that is one JSON value with nothing but white space around it.
///
/// Shape: `nodes` is cleared and filled in document order. Cost: one pass, no allocation beyond `nodes` and a stack.
///
/// # Errors
/// The first [`Fault`], with its byte offset.
pub fn parse(text: &str, nodes: &mut Vec<Node>) -> Result<Repairs, Fault> {
    let (repairs, end) = parse_prefix(text, nodes)?;
    match text.as_bytes()[end..].iter().position(|b| !is_space(*b)) {
        None => Ok(repairs),
        Some(more) => Err(Fault { kind: FaultKind::Trailing, offset: end + more }),
    }
}

/// Parses the value at the start of a text and returns where it ends.
///
/// # Errors
/// The first [`Fault`], with its byte offset.
pub fn parse_prefix(text: &str, nodes: &mut Vec<Node>) -> Result<(Repairs, usize), Fault> {
    nodes.clear();
    if u32::try_from(text.len()).is_err() {
        return Err(Fault { kind: FaultKind::TooLarge, offset: 0 });
    }
    let mut parser =
        Parser { bytes: text.as_bytes(), at: 0, nodes, open: Vec::new(), repairs: Repairs::default() };
    parser.document()?;
    Ok((parser.repairs, parser.at))
}

pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

struct Parser<'t, 'n> {
    bytes: &'t [u8],
    at: usize,
    nodes: &'n mut Vec<Node>,
    open: Vec<u32>,
    repairs: Repairs,
}

/// What the grammar allows next.
#[derive(Clone, Copy, PartialEq)]
enum Expect {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    CommaOrEnd,
}

impl Parser<'_, '_> {
    fn document(&mut self) -> Result<(), Fault> {
        let mut expect = Expect::Value;
        loop {
            let byte = self.next_byte()?;
            expect = match (expect, byte) {
                (Expect::ValueOrEnd | Expect::KeyOrEnd | Expect::CommaOrEnd, b']' | b'}') => {
                    self.close(byte)?
                }
                (Expect::Key, b'}') | (Expect::Value, b']') if self.closes_after_comma(byte) => {
                    self.repairs.trailing_commas += 1;
                    self.close(byte)?
                }
                (Expect::CommaOrEnd, b',') => {
                    self.at += 1;
                    if self.in_object() { Expect::Key } else { Expect::Value }
                }
                (Expect::Key | Expect::KeyOrEnd, b'"') => {
                    self.string()?;
                    if self.next_byte()? != b':' {
                        return self.fault(FaultKind::Unexpected);
                    }
                    self.at += 1;
                    Expect::Value
                }
                (Expect::Value | Expect::ValueOrEnd, _) => self.value(byte)?,
                _ => return self.fault(FaultKind::Unexpected),
            };
            if expect == Expect::CommaOrEnd && self.open.is_empty() {
                return Ok(());
            }
        }
    }

    fn value(&mut self, byte: u8) -> Result<Expect, Fault> {
        match byte {
            b'{' => return self.open(NodeKind::Object, Expect::KeyOrEnd),
            b'[' => return self.open(NodeKind::Array, Expect::ValueOrEnd),
            b'"' => self.string()?,
            b't' => self.word("true", NodeKind::True)?,
            b'f' => self.word("false", NodeKind::False)?,
            b'n' => self.word("null", NodeKind::Null)?,
            b'N' => self.non_finite("NaN")?,
            b'I' => self.non_finite("Infinity")?,
            b'-' if self.bytes.get(self.at + 1) == Some(&b'I') => self.non_finite("-Infinity")?,
            b'-' | b'0'..=b'9' => self.number()?,
            _ => return self.fault(FaultKind::Unexpected),
        }
        Ok(Expect::CommaOrEnd)
    }

    fn open(&mut self, kind: NodeKind, then: Expect) -> Result<Expect, Fault> {
        if self.open.len() == MAX_DEPTH {
            return self.fault(FaultKind::TooDeep);
        }
        self.open.push(index(self.nodes.len()));
        self.push(kind, self.at, self.at);
        self.at += 1;
        Ok(then)
    }

    fn close(&mut self, byte: u8) -> Result<Expect, Fault> {
        if self.in_object() != (byte == b'}') {
            return self.fault(FaultKind::Unexpected);
        }
        let Some(idx) = self.open.pop() else { return self.fault(FaultKind::Unexpected) };
        self.at += 1;
        let next = index(self.nodes.len());
        let node = &mut self.nodes[idx as usize];
        node.end = index(self.at);
        node.next = next;
        Ok(Expect::CommaOrEnd)
    }

    fn closes_after_comma(&self, byte: u8) -> bool {
        self.open.last().is_some() && self.in_object() == (byte == b'}')
    }

    fn in_object(&self) -> bool {
        self.open.last().is_some_and(|idx| self.nodes[*idx as usize].kind == NodeKind::Object)
    }

    fn string(&mut self) -> Result<(), Fault> {
        let start = self.at + 1;
        let mut at = start;
        let mut kind = NodeKind::String;
        loop {
            // Most strings are long runs of ordinary characters; only these three kinds of byte need a look.
            let run = ordinary_run(&self.bytes[at..]);
            let Some(run) = run else {
                return Err(Fault { kind: FaultKind::CutOff, offset: self.bytes.len() });
            };
            at += run;
            match self.bytes[at] {
                b'"' => break,
                b'\\' => {
                    kind = NodeKind::EscapedString;
                    at += self.escape_len(at)?;
                }
                _ => {
                    self.repairs.raw_controls += 1;
                    at += 1;
                }
            }
        }
        self.push(kind, start, at);
        self.at = at + 1;
        Ok(())
    }

    fn escape_len(&self, at: usize) -> Result<usize, Fault> {
        let bad = Fault { kind: FaultKind::BadEscape, offset: at };
        match self.bytes.get(at + 1) {
            None => Err(Fault { kind: FaultKind::CutOff, offset: self.bytes.len() }),
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(2),
            Some(b'u') => match self.bytes.get(at + 2..at + 6) {
                Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => Ok(6),
                Some(_) => Err(bad),
                None => Err(Fault { kind: FaultKind::CutOff, offset: self.bytes.len() }),
            },
            Some(_) => Err(bad),
        }
    }

    fn number(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let mut at = start + usize::from(self.bytes[start] == b'-');
        let bad = |offset| Err(Fault { kind: FaultKind::BadNumber, offset });
        match self.bytes.get(at) {
            Some(b'0') => at += 1,
            Some(b'1'..=b'9') => at = self.digits(at),
            _ => return bad(at),
        }
        if self.bytes.get(at) == Some(&b'.') {
            let end = self.digits(at + 1);
            if end == at + 1 {
                return bad(end);
            }
            at = end;
        }
        if let Some(b'e' | b'E') = self.bytes.get(at) {
            let sign = usize::from(matches!(self.bytes.get(at + 1), Some(b'+' | b'-')));
            let end = self.digits(at + 1 + sign);
            if end == at + 1 + sign {
                return bad(end);
            }
            at = end;
        }
        self.push(NodeKind::Number, start, at);
        self.at = at;
        Ok(())
    }

    fn digits(&self, from: usize) -> usize {
        from + self.bytes[from.min(self.bytes.len())..].iter().take_while(|b| b.is_ascii_digit()).count()
    }

    fn word(&mut self, word: &str, kind: NodeKind) -> Result<(), Fault> {
        let end = self.at + word.len();
        match self.bytes.get(self.at..end) {
            Some(found) if found == word.as_bytes() => {
                self.push(kind, self.at, end);
                self.at = end;
                Ok(())
            }
            Some(_) => self.fault(FaultKind::Unexpected),
            None => Err(Fault { kind: FaultKind::CutOff, offset: self.bytes.len() }),
        }
    }

    fn non_finite(&mut self, word: &str) -> Result<(), Fault> {
        self.word(word, NodeKind::NonFinite)?;
        self.repairs.non_finite += 1;
        Ok(())
    }

    fn push(&mut self, kind: NodeKind, start: usize, end: usize) {
        let next = index(self.nodes.len() + 1);
        self.nodes.push(Node { kind, start: index(start), end: index(end), next });
    }

    fn next_byte(&mut self) -> Result<u8, Fault> {
        while let Some(byte) = self.bytes.get(self.at) {
            if !is_space(*byte) {
                return Ok(*byte);
            }
            self.at += 1;
        }
        Err(Fault { kind: FaultKind::CutOff, offset: self.bytes.len() })
    }

    const fn fault<T>(&self, kind: FaultKind) -> Result<T, Fault> {
        Err(Fault { kind, offset: self.at })
    }
}

/// Returns the position of the first quote, backslash or control character.
///
/// Eight bytes at a time: `x - 0x01…` borrows into the top bit of a byte that is zero, and only above the first such byte can it
/// do so wrongly. Source: Bit Twiddling Hacks, "Determine if a word has a byte less than n",
/// <https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord>.
fn ordinary_run(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x8080_8080_8080_8080;
    let (words, rest) = bytes.as_chunks::<8>();
    for (idx, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quote = word ^ (ONES * b'"' as u64);
        let backslash = word ^ (ONES * b'\\' as u64);
        let hits = (quote.wrapping_sub(ONES) & !quote)
            | (backslash.wrapping_sub(ONES) & !backslash)
            | (word.wrapping_sub(ONES * 0x20) & !word);
        if hits & TOPS != 0 {
            return Some(idx * 8 + ((hits & TOPS).trailing_zeros() / 8) as usize);
        }
    }
    let found = rest.iter().position(|b| *b == b'"' || *b == b'\\' || *b < 0x20)?;
    Some(words.len() * 8 + found)
}

fn index(position: usize) -> u32 {
    u32::try_from(position).expect("the text's length fits in 32 bits, and a node takes at least one byte")
}

#[cfg(test)]
mod tests {
    use super::super::canonical;
    use super::*;

    fn check(text: &str, expected: Result<&str, (FaultKind, usize)>) {
        let mut nodes = Vec::new();
        let got =
            parse(text, &mut nodes).map(|_| canonical(super::super::Document::new(text, &nodes).root()));
        let expected = expected.map(str::to_owned).map_err(|(kind, offset)| Fault { kind, offset });
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn values() {
        check(" null ", Ok("null"));
        check(
            "[1, -0.0, 1e400, 123456789012345678901234567890]",
            Ok("[1,-0.0,1e400,123456789012345678901234567890]"),
        );
        check(r#"{"b": [], "a": {}}"#, Ok(r#"{"a":{},"b":[]}"#));
        check(r#"{"a":1,"a":2}"#, Ok(r#"{"a":1,"a":2}"#));
        check(r#"["\u0061", "é", true, false]"#, Ok(r#"["a","é",true,false]"#));
    }

    #[test]
    fn runs_end_at_the_first_special_byte() {
        let is_special = |b: &u8| *b == b'"' || *b == b'\\' || *b < 0x20;
        for special in (0..=255).filter(is_special) {
            for at in 0..40 {
                for filler in [b' ', b'!', b'#', b'[', b']', 0x80, 0xff, 0xa2, 0xdc] {
                    let mut bytes = vec![filler; 40];
                    assert_eq!(ordinary_run(&bytes), None);
                    bytes[at..].fill(special);
                    assert_eq!(ordinary_run(&bytes), Some(at));
                }
            }
        }
    }

    #[test]
    fn tolerated() {
        check("[1,]", Ok("[1]"));
        check(r#"{"a":1,}"#, Ok(r#"{"a":1}"#));
        check("[NaN, -Infinity]", Ok(r#"["NaN","-Infinity"]"#));
        check("[\"a\tb\"]", Ok(r#"["a\tb"]"#));
        let mut nodes = Vec::new();
        let repairs = parse("[NaN,\"\n\",]", &mut nodes).unwrap();
        assert_eq!(repairs, Repairs { raw_controls: 1, non_finite: 1, trailing_commas: 1 });
    }

    #[test]
    fn faults_name_the_place() {
        check("", Err((FaultKind::CutOff, 0)));
        check(r#"{"a":"#, Err((FaultKind::CutOff, 5)));
        check(r#"["ab"#, Err((FaultKind::CutOff, 4)));
        check("[1 2]", Err((FaultKind::Unexpected, 3)));
        check("[01]", Err((FaultKind::Unexpected, 2)));
        check("[1.]", Err((FaultKind::BadNumber, 3)));
        check(r#"["\x"]"#, Err((FaultKind::BadEscape, 2)));
        check("{} x", Err((FaultKind::Trailing, 3)));
        check("[,1]", Err((FaultKind::Unexpected, 1)));
        check("[1}", Err((FaultKind::Unexpected, 2)));
        check(&"[".repeat(10_000), Err((FaultKind::TooDeep, MAX_DEPTH)));
    }
}
