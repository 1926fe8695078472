//! Puts shapes together that one statement wrote: two stages over the set of all shapes.
//!
//! Masking finds values by their form. A user name or a module name has no form, so `login of ann failed` and `login of
//! bob failed` are two shapes. Both stages compare shapes with each other and make places values where enough shapes
//! differ there and agree everywhere else:
//!
//! 1. *Leave one out*: shapes that agree in all but one place, with at least [`MIN_WORDS_AT_PLACE`] different words there.
//!    A place is a token, or what quotes or brackets enclose, or a list, or a dotted name. Then shapes are *folded* into
//!    templates that describe them in all places at once.
//! 2. *Co-vary*: at least [`MIN_SHAPES`] shapes of one length that differ in few words at once. Places with two words only
//!    stay words.
//!
//! Words that tell what happened (`Paused`, `Resumed`, `Started`, `Stopped`) are never values as long as a place has only
//! such words: a wrong split costs a row, a wrong merge hides an event.
//!
//! The result is a function of the set: neither order nor repetition nor the division into runs can show. Cost: linear in
//! the number of shapes times their length for stage one, and in shapes times clusters of equal length for stage two.

mod covary;
mod fold;
mod leave_one_out;
mod spans;

use crate::mask::{HoleKind, is_light};
use crate::shape::{Fingerprint, Shape, Token};
use std::collections::{BTreeMap, BTreeSet};

/// How many different words make a place a value when no shape has a value there yet.
pub const MIN_WORDS_AT_PLACE: usize = 4;
/// The same where only two words stay: the less stays the same, the more evidence it takes. `cupsd startup succeeded` and
/// its like are as many statements until a dozen services say so.
pub const MIN_WORDS_BESIDE_TWO: usize = 10;
/// The same where many words stay.
pub const MIN_WORDS_BESIDE_MANY: usize = 3;
/// How many shapes must agree before places that vary together become values.
pub const MIN_SHAPES: usize = 3;
/// How many words must stay the same in a merged template.
pub const MIN_CONSTANT_WORDS: usize = 2;

/// A token by its rank among all token texts of the set; the texts are sorted, so ranks sort as texts do.
type Rank = u32;

/// One statement: a template and the shapes that belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedTemplate {
    tokens: Vec<Token>,
    members: Vec<Fingerprint>,
}

impl MergedTemplate {
    /// Returns the tokens; values found by comparison have the kind [`HoleKind::Value`].
    #[must_use]
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Returns the shapes that belong to this template, in ascending order.
    #[must_use]
    pub fn members(&self) -> &[Fingerprint] {
        &self.members
    }

    /// Returns how many shapes are evidence for this template; 1 when nothing was merged.
    #[must_use]
    pub fn n_witnesses(&self) -> usize {
        self.members.len()
    }
}

/// The outcome of merging: every shape's template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Merged {
    templates: Vec<MergedTemplate>,
    of_shape: BTreeMap<Fingerprint, Placed>,
}

/// Where the tokens of a shape went.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Placed {
    template_idx: usize,
    /// For each token of the shape, the token of the template that it became part of.
    places: Vec<usize>,
}

impl Merged {
    /// Returns all templates, in an order that depends on the set of shapes alone.
    #[must_use]
    pub fn templates(&self) -> &[MergedTemplate] {
        &self.templates
    }

    /// Returns the template a shape belongs to, or nothing for a shape that was not in the set.
    #[must_use]
    pub fn template_of(&self, shape: Fingerprint) -> Option<&MergedTemplate> {
        self.of_shape.get(&shape).map(|placed| &self.templates[placed.template_idx])
    }

    /// Returns, for each token of a shape, the index of the template token it became part of.
    ///
    /// Neighbouring values become one, so several tokens may share an index.
    #[must_use]
    pub fn places_of(&self, shape: Fingerprint) -> Option<&[usize]> {
        self.of_shape.get(&shape).map(|placed| placed.places.as_slice())
    }
}

/// Puts shapes together; equal shapes count once, whatever the kinds of their values.
#[must_use]
pub fn merge<'s>(shapes: impl IntoIterator<Item = &'s Shape>) -> Merged {
    let mut set: BTreeMap<Fingerprint, Shape> = BTreeMap::new();
    for shape in shapes {
        set.entry(shape.fingerprint())
            .and_modify(|known| known.absorb_kinds(shape))
            .or_insert_with(|| shape.clone());
    }
    let vocabulary = Vocabulary::of(set.values());
    let start: Vec<Vec<Rank>> = set.values().map(|shape| vocabulary.ranks(shape)).collect();
    let places: Vec<Vec<usize>> = start.iter().map(|tokens| (0..tokens.len()).collect()).collect();
    let mut work = Work { tokens: start, places };

    leave_one_out::run(&mut work, &vocabulary);
    if fold::run(&mut work, &vocabulary) {
        leave_one_out::run(&mut work, &vocabulary);
    }
    work.collapse(&vocabulary);
    covary::run(&mut work.tokens, &vocabulary);
    work.collapse(&vocabulary);
    assemble(set, work, &vocabulary)
}

/// The shapes on their way through the stages.
struct Work {
    tokens: Vec<Vec<Rank>>,
    /// For each token of the original shape, its index in `tokens`.
    places: Vec<Vec<usize>>,
}

impl Work {
    /// Makes one value of neighbouring values, with light punctuation between as within a message.
    fn collapse(&mut self, vocabulary: &Vocabulary) {
        for (tokens, places) in self.tokens.iter_mut().zip(&mut self.places) {
            let mut new_idx: Vec<usize> = Vec::with_capacity(tokens.len());
            let mut kept: Vec<Rank> = Vec::with_capacity(tokens.len());
            // The last value among `kept` when only light punctuation stands behind it.
            let mut last_value: Option<usize> = None;
            for &token in tokens.iter() {
                if token == vocabulary.value {
                    if let Some(value) = last_value {
                        kept.truncate(value + 1);
                        new_idx.iter_mut().rev().take_while(|idx| **idx > value).for_each(|idx| *idx = value);
                        new_idx.push(value);
                        continue;
                    }
                    last_value = Some(kept.len());
                } else if !vocabulary.is_light[token as usize] {
                    last_value = None;
                }
                kept.push(token);
                new_idx.push(kept.len() - 1);
            }
            for place in places.iter_mut() {
                *place = new_idx[*place];
            }
            *tokens = kept;
        }
    }
}

fn assemble(set: BTreeMap<Fingerprint, Shape>, work: Work, vocabulary: &Vocabulary) -> Merged {
    let mut merged = Merged::default();
    let mut idx_of: BTreeMap<Vec<Rank>, usize> = BTreeMap::new();
    for ((fingerprint, shape), (tokens, places)) in set.iter().zip(work.tokens.into_iter().zip(work.places)) {
        let template_idx = *idx_of.entry(tokens).or_insert_with_key(|tokens| {
            let tokens = tokens.iter().map(|&rank| vocabulary.tokens[rank as usize].clone()).collect();
            merged.templates.push(MergedTemplate { tokens, members: Vec::new() });
            merged.templates.len() - 1
        });
        let template = &mut merged.templates[template_idx];
        let is_first = template.members.is_empty();
        take_kinds(&mut template.tokens, shape, &places, is_first);
        template.members.push(*fingerprint);
        merged.of_shape.insert(*fingerprint, Placed { template_idx, places });
    }
    merged
}

/// Narrows the kinds of a template's values to what all members have there.
fn take_kinds(tokens: &mut [Token], shape: &Shape, places: &[usize], is_first: bool) {
    let mut kinds: BTreeMap<usize, HoleKind> = BTreeMap::new();
    for (token, &place) in shape.tokens().iter().zip(places) {
        let kind = if let Token::Value(kind) = token { *kind } else { HoleKind::Value };
        kinds.entry(place).and_modify(|known| *known = known.or(kind)).or_insert(kind);
    }
    for (place, token) in tokens.iter_mut().enumerate() {
        if let (Token::Value(known), Some(kind)) = (token, kinds.get(&place)) {
            *known = if is_first { *kind } else { known.or(*kind) };
        }
    }
}

/// All token texts of a set of shapes, sorted.
struct Vocabulary {
    tokens: Vec<Token>,
    texts: BTreeMap<String, Rank>,
    is_word: Vec<bool>,
    is_alphanumeric: Vec<bool>,
    /// Words of more than one letter.
    is_long_word: Vec<bool>,
    /// Words that end as English participles do.
    is_inflected: Vec<bool>,
    /// Punctuation that may stand between two values which are then one.
    is_light: Vec<bool>,
    is_quote: Vec<bool>,
    value: Rank,
    colon: Option<Rank>,
    dot: Option<Rank>,
    equals: Option<Rank>,
    comma: Option<Rank>,
}

impl Vocabulary {
    fn of<'s>(shapes: impl Iterator<Item = &'s Shape>) -> Self {
        let mut texts: BTreeSet<String> = BTreeSet::from([VALUE.to_owned()]);
        for token in shapes.flat_map(Shape::tokens) {
            if !matches!(token, Token::Value(_)) {
                texts.insert(text_of(token));
            }
        }
        let mut vocabulary = Self {
            tokens: Vec::with_capacity(texts.len()),
            texts: BTreeMap::new(),
            is_word: Vec::with_capacity(texts.len()),
            is_alphanumeric: Vec::with_capacity(texts.len()),
            is_long_word: Vec::with_capacity(texts.len()),
            is_inflected: Vec::with_capacity(texts.len()),
            is_light: Vec::with_capacity(texts.len()),
            is_quote: Vec::with_capacity(texts.len()),
            value: 0,
            colon: None,
            dot: None,
            equals: None,
            comma: None,
        };
        for (rank, text) in (0..).zip(texts) {
            let is_value = text == VALUE;
            match text.as_str() {
                VALUE => vocabulary.value = rank,
                ":" => vocabulary.colon = Some(rank),
                "." => vocabulary.dot = Some(rank),
                "=" => vocabulary.equals = Some(rank),
                "," => vocabulary.comma = Some(rank),
                _ => {}
            }
            vocabulary.tokens.push(match text.chars().next() {
                _ if is_value => Token::Value(HoleKind::Value),
                Some(symbol) if symbol.len_utf8() == text.len() && !is_word_start(symbol) => {
                    Token::Symbol(symbol)
                }
                _ => Token::Word(text.as_str().into()),
            });
            let is_word = !is_value && text.chars().any(char::is_alphabetic);
            vocabulary.is_word.push(is_word);
            vocabulary.is_long_word.push(is_word && text.chars().nth(1).is_some());
            vocabulary.is_alphanumeric.push(!is_value && text.chars().any(char::is_alphanumeric));
            vocabulary.is_inflected.push(text.len() >= 5 && (text.ends_with("ed") || text.ends_with("ing")));
            vocabulary.is_light.push(text.len() == 1 && is_light(text.as_bytes()[0]));
            vocabulary.is_quote.push(matches!(text.as_str(), "\"" | "'" | "`"));
            vocabulary.texts.insert(text, rank);
        }
        vocabulary
    }

    fn ranks(&self, shape: &Shape) -> Vec<Rank> {
        shape.tokens().iter().map(|token| self.texts[text_of(token).as_str()]).collect()
    }

    /// Counts the words that stay the same wherever this template applies.
    fn n_words(&self, tokens: &[Rank]) -> usize {
        tokens.iter().filter(|&&rank| self.is_word[rank as usize]).count()
    }
}

/// The text of every value; no word or symbol has it.
const VALUE: &str = "<*>";

fn text_of(token: &Token) -> String {
    match token {
        Token::Value(_) => VALUE.to_owned(),
        Token::Word(word) => word.to_string(),
        Token::Symbol(symbol) => symbol.to_string(),
    }
}

fn is_word_start(symbol: char) -> bool {
    matches!(symbol, '_' | '$') || (symbol.is_alphanumeric() && !symbol.is_ascii_digit())
}

#[cfg(test)]
mod tests;
