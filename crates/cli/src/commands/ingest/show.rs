//! The account for people.

use super::account::{Account, Source};
use crate::commands::{counted, time_cell};
use crate::settings::{Settings, Verbosity};
use std::collections::BTreeMap;
use timberline_archive::catalog::Missing;
use timberline_report::units::{self, Precision};
use timberline_report::{Block, Cell, Column, Document, Span, Table};

/// More sources than this are summed up, the largest excepted.
const SOURCES_SHOWN: usize = 12;
/// Files named for each reason of refusal.
const EXAMPLES: usize = 3;

pub(super) fn document(account: &Account, settings: &Settings) -> Document {
    let mut document = Document::new("ingest").in_zone(settings.zone.clone());
    if account.sources.is_empty() {
        document.paragraph("Nothing new was read.");
    } else {
        document.push(Block::Paragraph(headline(account)));
    }
    if !account.sources.is_empty() {
        let limit = if settings.verbosity == Verbosity::Verbose { usize::MAX } else { SOURCES_SHOWN };
        document.push(table(account, limit));
    }
    list(&mut document, "Cut off:", cut(account));
    list(&mut document, "Rejected:", damage(account, false));
    list(&mut document, "Broken, repaired and kept:", damage(account, true));
    list(&mut document, "Not read:", refused(account));
    let left_out = account.left_out.iter().map(|path| vec![Span::code(path)]).collect();
    list(&mut document, "Left out, as archives of Timberline:", left_out);
    if !account.unchanged.is_empty() {
        let n = counted(account.unchanged.len() as u64, "source is", "sources are");
        document.paragraph(format!(
            "{n} in the archive already and {} not read again.",
            was(account.unchanged.len())
        ));
    }
    document
}

fn headline(account: &Account) -> Vec<Span> {
    let sources = counted(account.sources.len() as u64, "source", "sources");
    let mut text = format!(
        "Read {} from {sources} ({}): {} kept, {} duplicates, {} rejected",
        counted(account.read, "entry", "entries"),
        units::bytes(account.bytes_read),
        units::count(account.kept),
        units::count(account.duplicates),
        units::count(account.rejected),
    );
    if account.repaired > 0 {
        text.push_str(&format!("; {} repaired", units::count(account.repaired)));
    }
    text.push('.');
    vec![Span::text(text)]
}

fn table(account: &Account, limit: usize) -> Table {
    let mut table = Table::new(vec![
        Column::left("source"),
        Column::left("dialect").priority(3),
        Column::right("read"),
        Column::right("kept"),
        Column::right("duplicates"),
        Column::right("rejected"),
        Column::right("repaired").priority(2),
        Column::left("first").priority(4),
        Column::left("last").priority(4),
    ]);
    let mut shown: Vec<&Source> = account.sources.iter().collect();
    if shown.len() > limit {
        shown.sort_by(|a, b| b.read.cmp(&a.read).then_with(|| a.path.cmp(&b.path)));
    }
    let rest = shown.split_off(limit.min(shown.len()));
    shown.sort_by(|a, b| a.path.cmp(&b.path));
    for source in shown {
        let mut row = vec![Cell::log(&source.path), Cell::text(&source.dialect)];
        row.extend(counts([source]));
        row.extend([&source.first, &source.last].map(time_of));
        table.row(row);
    }
    if !rest.is_empty() {
        let mut row = vec![Cell::text(format!("{} more (all with --verbose)", rest.len())), Cell::Empty];
        row.extend(counts(rest.iter().copied()));
        row.push(time_of(&rest.iter().filter_map(|source| source.first.clone()).min()));
        row.push(time_of(&rest.iter().filter_map(|source| source.last.clone()).max()));
        table.row(row);
    }
    if account.sources.len() > 1 {
        let mut row = vec![Cell::text("total"), Cell::Empty];
        row.extend(counts(&account.sources));
        table.row(row);
    }
    table
}

fn counts<'s>(sources: impl IntoIterator<Item = &'s Source>) -> [Cell; 5] {
    let mut sums = [0; 5];
    for source in sources {
        let counts = [source.read, source.kept, source.duplicates, source.rejected, source.repaired];
        sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    sums.map(Cell::Count)
}

fn time_of(time: &Option<String>) -> Cell {
    time.as_deref().map_or(Cell::Empty, |time| time_cell(time, Precision::Second))
}

fn list(document: &mut Document, title: &str, points: Vec<Vec<Span>>) {
    if !points.is_empty() {
        document.push(Block::Paragraph(vec![Span::strong(title)]));
        document.push(Block::List(points));
    }
}

fn cut(account: &Account) -> Vec<Vec<Span>> {
    let cut = account.sources.iter().filter(|source| source.cut != "no");
    cut.map(|source| {
        let mut spans = vec![Span::code(&source.path)];
        if source.cut == "limit" {
            spans.extend(limit(source));
        } else {
            spans.push(Span::text(" ends in the middle; what comes after is missing"));
        }
        spans
    })
    .collect()
}

/// Says which limit a source met and what it cannot speak for because of that.
fn limit(source: &Source) -> Vec<Span> {
    let mut of: Vec<&str> = source.cuts.iter().filter_map(|cut| cut.severity.as_deref()).collect();
    of.dedup();
    if source.cuts.iter().all(|cut| cut.severity.is_some()) {
        return vec![Span::text(format!(
            " looks cut off by a limit on each severity: of {} the rest is missing",
            of.join(" and ")
        ))];
    }
    let is_missing = |missing| source.cuts.iter().any(|cut| cut.severity.is_none() && cut.missing == missing);
    let mut ends = Vec::new();
    if is_missing(Missing::Older) {
        ends.push((" before ", &source.first));
    }
    if is_missing(Missing::Newer) {
        ends.push((" after ", &source.last));
    }
    let is_whole = source.cuts.iter().any(|cut| cut.limit == Some(source.read));
    let (text, nothing) = if is_whole {
        (format!(" looks cut off by a limit: exactly {} entries, ", units::count(source.read)), "nothing")
    } else if source.cuts.iter().all(|cut| cut.limit.is_none()) {
        (" says that it is not all: ".to_owned(), "nothing")
    } else {
        // Wrappers: the limit was met by one of the arrays inside.
        (" has a list that looks cut off by a limit; ".to_owned(), "nothing at all")
    };
    let mut spans = vec![Span::text(text)];
    for (idx, (side, time)) in ends.into_iter().enumerate() {
        spans.push(Span::text(format!("{}{nothing}{side}", if idx > 0 { ", " } else { "" })));
        spans.push(Span::Value(time_of(time)));
    }
    spans
}

/// One line per file and kind of damage, with the place of the first.
fn damage(account: &Account, is_repaired: bool) -> Vec<Vec<Span>> {
    let point = |damage: &super::account::Damage| {
        let (from, to) = damage.first_bytes;
        let place = if damage.count == 1 { "at" } else { "first at" };
        vec![
            Span::text(format!("{} × {}: ", units::count(damage.count), damage.detail)),
            Span::code(&damage.path),
            Span::text(format!(", {place} line {}, bytes {from} to {to}", damage.first_line)),
        ]
    };
    account.damage.iter().filter(|damage| damage.repaired == is_repaired).map(point).collect()
}

/// Refusals by cause, a few names for each.
fn refused(account: &Account) -> Vec<Vec<Span>> {
    let mut by_cause: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for refused in &account.refused {
        by_cause.entry((refused.reason, &refused.detail)).or_default().push(&refused.path);
    }
    let point = |((_, detail), paths): ((&str, &str), Vec<&str>)| {
        let mut spans = vec![Span::text(format!("{detail}: "))];
        for (idx, path) in paths.iter().take(EXAMPLES).enumerate() {
            if idx > 0 {
                spans.push(Span::text(", "));
            }
            spans.push(Span::code(*path));
        }
        if paths.len() > EXAMPLES {
            spans.push(Span::text(format!(" and {} more", paths.len() - EXAMPLES)));
        }
        spans
    };
    by_cause.into_iter().map(point).collect()
}

const fn was(n: usize) -> &'static str {
    if n == 1 { "was" } else { "were" }
}
