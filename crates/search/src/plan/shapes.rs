//! A test against the shapes of an archive: each template of a field that is asked once, then every shape by its fields.

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
}

/// Templates that are judged in one go: their text fits into a cache, and fields with many are shared out among threads.
const TEMPLATES_AT_ONCE: usize = 1024;

/// Judges a test for every shape of an archive.
pub(super) fn judged(shapes: &ShapeCatalog, test: &Test, needles: Option<&Needles>) -> Result<ByShape> {
    let n_shapes = shapes.len();
    let (judge, scope) = (Judge::new(test), scope(test));
    let tokens = needles.map(NeedleTokens::of).unwrap_or_default();
    let all = tokens.all();
    let same =
        |verdict| ByShape { verdicts: vec![verdict; n_shapes], stretches: vec![0; n_shapes], tokens: all };
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
    let of_field = |field: &Field| by_template(shapes, *field, &judge, &tokens);
    let of_fields: Vec<_> = fields.into_par_iter().map(|field| (field, of_field(&field))).collect();
    for (field, of_template) in of_fields {
        let of_template = of_template?;
        // Of a field that is asked among others, only a match counts.
        if scope == Scope::AnyField && of_template.iter().all(|(verdict, _)| *verdict == Verdict::None) {
            continue;
        }
        let of_shapes = shapes.of_shapes(field)?;
        let verdicts = own.iter_mut().zip(&mut stretches).zip(of_shapes.iter());
        for ((own, stretches), template) in verdicts {
            let Some((verdict, bits)) = template.map(|idx| of_template[idx]) else { continue };
            *own = (*own).max(Some(verdict));
            // Where tokens decide, a match lies in one of the fields of which they decide.
            if verdict == Verdict::IfTokens {
                *stretches |= bits;
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
    Ok(ByShape { verdicts: own.into_iter().map(verdict).collect(), stretches, tokens: all })
}

/// Judges a test for the templates of a field. Beside the verdict: which tokens all rows have, where these decide.
fn by_template(
    shapes: &ShapeCatalog,
    field: Field,
    judge: &Judge<'_>,
    tokens: &NeedleTokens,
) -> Result<Vec<(Verdict, TokenBits)>> {
    let templates = shapes.templates(field)?;
    let damaged = |detail| Error::Damaged {
        file: shapes.path().to_owned(),
        detail: format!("{}: {detail}", field.name()),
    };
    let holes = judge.quick().map(|needles| HoleClasses::new(templates, needles));
    let is_one_word = judge.is_one_word_anywhere_in(field);
    let asked = Asked { judge, holes, is_one_word, tokens };
    let starts: Vec<usize> = (0..templates.len()).step_by(TEMPLATES_AT_ONCE).collect();
    let of_part = |start: usize| {
        let part = start..templates.len().min(start + TEMPLATES_AT_ONCE);
        judge_part(templates, part, &asked).map_err(damaged)
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
) -> std::result::Result<Vec<(Verdict, TokenBits)>, String> {
    let Asked { judge, holes, is_one_word, tokens } = asked;
    let places = holes.as_ref().map(|holes| TemplateTexts::new(templates, part.clone()).places(holes));
    let mut nodes = Vec::new();
    let of_template = |idx: usize| {
        let place = places.as_ref().map_or(Place::Anywhere, |places| places[idx - part.start]);
        match place {
            Place::Nowhere => return Ok((Verdict::None, 0)),
            Place::InIndexedHoles if *is_one_word => return Ok((Verdict::IfTokens, 0)),
            Place::InIndexedHoles | Place::OnlyThroughHoles | Place::Anywhere => {}
        }
        nodes.clear();
        let charsets: Vec<CharSet> = templates.charsets(idx).collect();
        let json = templates.json(idx);
        let view = TemplateView::new(&json, &charsets, &mut nodes, judge.test())?;
        let verdict = judge.judge(&view, place);
        let bits = if verdict == Verdict::IfTokens { tokens.in_stretches(&view) } else { 0 };
        Ok((verdict, bits))
    };
    part.clone().map(of_template).collect()
}
