//! A test against the shapes of an archive: each template of a field that is asked once, then every shape by its fields.

use super::in_ids::{IdFields, are_ids};
use crate::judge::{Judge, Needles, Scope, TemplateView, scope};
use crate::lookup::{NeedleTokens, TokenBits};
use crate::texts::{HoleClasses, Place, TemplateTexts};
use crate::verdict::Verdict;
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use std::ops::Range;
use timberline_archive::catalog::ShapeCatalog;
use timberline_archive::segment::Templates;
use timberline_archive::shape::CharSet;
use timberline_archive::{Error, Result};
use timberline_entry::Field;
use timberline_query::Test;

/// What templates say of a test, by shape.
pub(super) struct ByShape {
    pub(super) verdicts: Vec<Verdict>,
    /// Where the verdict is [`Verdict::IfTokens`]: which of the test's tokens all rows have.
    pub(super) stretches: Vec<TokenBits>,
    /// All of the test's tokens.
    pub(super) tokens: TokenBits,
    /// Texts of which an id must have one for the test to be true of it.
    pub(super) parts: Vec<String>,
    /// Ids that can have one. Of them the verdict says nothing.
    pub(super) in_ids: Vec<IdFields>,
}

/// What one template says of a test.
#[derive(Clone, Copy)]
struct OfTemplate {
    verdict: Verdict,
    /// Where tokens decide: which of the test's tokens all rows have.
    tokens: TokenBits,
    /// What the test looks for may be in an id, and is nowhere else.
    is_left_to_ids: bool,
}

impl OfTemplate {
    const fn new(verdict: Verdict, tokens: TokenBits) -> Self {
        Self { verdict, tokens, is_left_to_ids: false }
    }

    fn is_none(&self) -> bool {
        self.verdict == Verdict::None && !self.is_left_to_ids
    }

    /// The template is an id, and its column says whether what is looked for is in it.
    fn leave_to_ids(&mut self) {
        if self.verdict == Verdict::Some {
            *self = Self { verdict: Verdict::None, is_left_to_ids: true, ..*self };
        }
    }
}

/// Templates that are judged in one go: their text fits into a cache, and fields with many are shared out among threads.
const TEMPLATES_AT_ONCE: usize = 1024;

/// Judges a test for every shape of an archive.
pub(super) fn judged(shapes: &ShapeCatalog, test: &Test, needles: Option<&Needles>) -> Result<ByShape> {
    let n_shapes = shapes.len();
    let (judge, scope) = (Judge::new(test), scope(test));
    let tokens = needles.map(NeedleTokens::of).unwrap_or_default();
    let all = tokens.all();
    let same = |verdict| ByShape {
        verdicts: vec![verdict; n_shapes],
        stretches: vec![0; n_shapes],
        tokens: all,
        parts: Vec::new(),
        in_ids: vec![IdFields::default(); n_shapes],
    };
    if scope == Scope::Beyond {
        return Ok(same(Verdict::Some));
    }
    if scope == Scope::Root(Field::Timestamp) {
        return Ok(same(judge.judge(&TemplateView::time(test), Place::Anywhere)));
    }
    // `None` for shapes that have none of the fields that are asked.
    let mut own: Vec<Option<Verdict>> = vec![None; n_shapes];
    let mut stretches: Vec<TokenBits> = vec![0; n_shapes];
    let is_asked = |field: &&Field| !matches!(scope, Scope::Root(root) if root != **field);
    let fields: Vec<Field> = shapes.fields().iter().filter(is_asked).copied().collect();
    let parts = needles.map(Needles::parts).unwrap_or_default();
    let of_field = |field: &Field| -> Result<Vec<OfTemplate>> {
        let mut of_template = by_template(shapes, *field, &judge, &tokens)?;
        if !parts.is_empty() && !IdFields::of(*field).is_empty() {
            let is_id = are_ids(shapes.templates(*field)?, *field)
                .map_err(|detail| damaged(shapes, *field, &detail))?;
            of_template
                .iter_mut()
                .zip(is_id)
                .filter(|(_, is_id)| *is_id)
                .for_each(|(of, _)| of.leave_to_ids());
        }
        Ok(of_template)
    };
    let of_fields: Vec<_> = fields.into_par_iter().map(|field| (field, of_field(&field))).collect();
    let mut in_ids = vec![IdFields::default(); n_shapes];
    for (field, of_template) in of_fields {
        let of_template = of_template?;
        // Of a field that is asked among others, only a match counts.
        if scope == Scope::AnyField && of_template.iter().all(OfTemplate::is_none) {
            continue;
        }
        let of_shapes = shapes.of_shapes(field)?;
        let shapes = own.iter_mut().zip(&mut stretches).zip(&mut in_ids).zip(of_shapes.iter());
        for (((own, stretches), in_ids), template) in shapes {
            let Some(OfTemplate { verdict, tokens, is_left_to_ids }) = template.map(|idx| of_template[idx])
            else {
                continue;
            };
            *own = (*own).max(Some(verdict));
            // Where tokens decide, a match lies in one of the fields of which they decide.
            if verdict == Verdict::IfTokens {
                *stretches |= tokens;
            }
            if is_left_to_ids {
                in_ids.insert(IdFields::of(field));
            }
        }
    }
    let missing = match scope {
        Scope::Root(_) => judge.absent(),
        _ if test.touches(Field::Timestamp, &[]) => judge.judge(&TemplateView::time(test), Place::Anywhere),
        _ => Verdict::None,
    };
    let verdict = |own: Option<Verdict>| match scope {
        Scope::Root(_) => own.unwrap_or(missing),
        _ => own.map_or(missing, |own| own.max(missing)),
    };
    Ok(ByShape { verdicts: own.into_iter().map(verdict).collect(), stretches, tokens: all, parts, in_ids })
}

fn damaged(shapes: &ShapeCatalog, field: Field, detail: &str) -> Error {
    Error::Damaged { file: shapes.path().to_owned(), detail: format!("{}: {detail}", field.name()) }
}

/// Judges a test for the templates of a field.
fn by_template(
    shapes: &ShapeCatalog,
    field: Field,
    judge: &Judge<'_>,
    tokens: &NeedleTokens,
) -> Result<Vec<OfTemplate>> {
    let templates = shapes.templates(field)?;
    let holes = judge.quick().map(|needles| HoleClasses::new(templates, needles));
    let is_one_word = judge.is_one_word_anywhere_in(field);
    let asked = Asked { judge, holes, is_one_word, tokens };
    let starts: Vec<usize> = (0..templates.len()).step_by(TEMPLATES_AT_ONCE).collect();
    let of_part = |start: usize| {
        let part = start..templates.len().min(start + TEMPLATES_AT_ONCE);
        judge_part(templates, part, &asked).map_err(|detail| damaged(shapes, field, &detail))
    };
    let parts: Vec<Result<Vec<_>>> = starts.into_par_iter().map(of_part).with_max_len(1).collect();
    let mut all = Vec::with_capacity(templates.len());
    for part in parts {
        all.extend(part?);
    }
    Ok(all)
}

/// What the templates of a field are asked.
struct Asked<'a> {
    judge: &'a Judge<'a>,
    /// What their holes are to the texts that the test needs, if these are all there is to it.
    holes: Option<HoleClasses<'a>>,
    /// The test looks for one word, or part of one, in every value.
    is_one_word: bool,
    tokens: &'a NeedleTokens,
}

fn judge_part(
    templates: &Templates,
    part: Range<usize>,
    asked: &Asked<'_>,
) -> std::result::Result<Vec<OfTemplate>, String> {
    let Asked { judge, holes, is_one_word, tokens } = asked;
    let places = holes.as_ref().map(|holes| TemplateTexts::new(templates, part.clone()).places(holes));
    let mut nodes = Vec::new();
    let of_template = |idx: usize| {
        let place = places.as_ref().map_or(Place::Anywhere, |places| places[idx - part.start]);
        match place {
            Place::Nowhere => return Ok(OfTemplate::new(Verdict::None, 0)),
            Place::InIndexedHoles if *is_one_word => return Ok(OfTemplate::new(Verdict::IfTokens, 0)),
            Place::InIndexedHoles | Place::OnlyThroughHoles | Place::Anywhere => {}
        }
        nodes.clear();
        let charsets: Vec<CharSet> = templates.charsets(idx).collect();
        let json = templates.json(idx);
        let view = TemplateView::new(&json, &charsets, &mut nodes, judge.test())?;
        let verdict = judge.judge(&view, place);
        let bits = if verdict == Verdict::IfTokens { tokens.in_stretches(&view) } else { 0 };
        Ok(OfTemplate::new(verdict, bits))
    };
    part.clone().map(of_template).collect()
}
