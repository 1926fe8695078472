//! `pattern ID`: everything about one pattern, exception or variant. Contract `timberline/pattern/1`.

use super::comparing::investigate;
use super::patterns::{kind_name, trend_title};
use super::{counted, time_cell};
use crate::args;
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use crate::settings::Settings;
use timberline_analysis::{PatternDetail, PatternSample, RevisionCount, pattern_detail};
use timberline_report::units::Precision;
use timberline_report::{Block, Cell, Column, Document, Level, Sample, Table};

/// Rows of each table for people; programs get all.
const LISTED: usize = 20;
/// Instances for people: that there are many says more than their names.
const INSTANCES_LISTED: usize = 8;

pub(super) fn run(
    args: &args::Pattern,
    settings: &Settings,
    printer: &mut Printer,
) -> Result<Outcome, Failure> {
    investigate(settings, |_, investigation| {
        let detail = pattern_detail(investigation, args.id.trim())
            .map_err(|error| Failure::archive(&error, &settings.archive))?;
        let Some(detail) = detail else {
            return Err(Failure::new(format!(
                "the archive has no pattern, exception or variant '{}'",
                args.id
            ))
            .hint("`timberline patterns` lists them"));
        };
        printer.answer(&detail, || document(&detail, settings))?;
        Ok(Outcome::found(true))
    })
}

fn document(detail: &PatternDetail, settings: &Settings) -> Document {
    let mut document = Document::new(format!("pattern {}", detail.pattern.id)).in_zone(settings.zone.clone());
    document.push(Block::KeyValues(facts(detail)));
    if !detail.frames.is_empty() {
        document.heading(Level::Minor, "Trace");
        let mut table =
            Table::new(vec![Column::left(""), Column::left("frame"), Column::left("place").priority(1)]);
        for frame in detail.frames.iter().take(LISTED) {
            let mark = match (frame.counts, frame.in_app) {
                (true, _) => "►",
                (false, true) => "·",
                (false, false) => "",
            };
            table.row(vec![Cell::text(mark), Cell::log(&frame.name), Cell::log(&frame.place)]);
        }
        document.push(table);
        say_more(&mut document, detail.frames.len(), LISTED);
        document.paragraph("► the fingerprint depends on it · the program's own");
    }
    document.heading(Level::Minor, "Revisions");
    document.push(revisions(&detail.pattern.revisions));
    if !detail.pattern.variants.is_empty() {
        document.heading(Level::Minor, "Variants");
        let mut table = Table::new(vec![
            Column::left("variant"),
            Column::right("count"),
            Column::left("first"),
            Column::left("last").priority(1),
            Column::left("first revision").priority(2),
            Column::left("value"),
        ]);
        for variant in detail.pattern.variants.iter().take(LISTED) {
            let first = variant.revisions.first().map_or("", |revision| revision.revision.as_str());
            table.row(vec![
                Cell::id(&variant.id),
                Cell::Count(variant.count),
                time_cell(&variant.first, Precision::Second),
                time_cell(&variant.last, Precision::Second),
                Cell::id(first),
                Cell::log(&variant.value),
            ]);
        }
        document.push(table);
        say_more(&mut document, detail.pattern.variants.len(), LISTED);
    }
    if !detail.holes.is_empty() {
        document.heading(Level::Minor, "Values");
        document.push(values(detail));
    }
    document.heading(Level::Minor, "Instances");
    document.push(instances(detail));
    say_more(&mut document, detail.instances.len(), INSTANCES_LISTED);
    for (title, sample) in titles(detail.samples.len()).iter().zip(&detail.samples) {
        document.heading(Level::Minor, *title);
        document.push(Block::KeyValues(sample_facts(sample)));
    }
    if !detail.related.is_empty() {
        document.heading(Level::Minor, "Comes with");
        let mut table = Table::new(vec![
            Column::left("pattern"),
            Column::right("same requests"),
            Column::right("same hours"),
            Column::left("what is said"),
        ]);
        for related in &detail.related {
            table.row(vec![
                Cell::id(&related.id),
                Cell::Count(related.shared_traces),
                Cell::text(format!("{:.0} %", related.shared_hours * 100.0)),
                Cell::log(&related.template),
            ]);
        }
        document.push(table);
    }
    document
}

/// What the samples are: two are the first and the last.
fn titles(n_samples: usize) -> &'static [&'static str] {
    match n_samples {
        1 => &["The only entry"],
        2 => &["First entry", "Last entry"],
        _ => &["First entry", "An entry in between", "Last entry"],
    }
}

fn facts(detail: &PatternDetail) -> Vec<(String, Cell)> {
    let pattern = &detail.pattern;
    let pair = |name: &str, cell: Cell| (name.to_owned(), cell);
    let mut facts = vec![
        pair("what is said", Cell::log(&pattern.text)),
        pair("kind", Cell::text(kind_name(pattern.kind))),
    ];
    if let Some(variant) = &detail.variant {
        facts.push(pair("variant", Cell::id(&variant.id)));
        facts.push(pair("value", Cell::log(&variant.value)));
        facts.push(pair("of these entries", Cell::Count(variant.count)));
    }
    if let Some(exception) = &pattern.exception {
        facts.push(pair("type", Cell::log(&exception.type_name)));
        if !exception.value.is_empty() {
            facts.push(pair("value", Cell::log(&exception.value)));
        }
        if exception.chain.len() > 1 {
            facts.push(pair("raised as", Cell::log(exception.chain.join(" ← "))));
        }
        facts.push(pair("language", Cell::text(&exception.language)));
        facts.push(pair("loose fingerprint", Cell::id(&exception.loose)));
    }
    facts.extend([
        pair("entries", Cell::Count(pattern.count)),
        pair("severity", Cell::text(severities(detail))),
        pair("first", time_cell(&pattern.first, Precision::Millisecond)),
        pair("last", time_cell(&pattern.last, Precision::Millisecond)),
        pair("services", Cell::log(pattern.services.join(", "))),
        pair(
            &format!("course {}", trend_title(&detail.trend)),
            Cell::Sparkline(pattern.trend.iter().map(|n| Sample::count(Some(*n))).collect()),
        ),
    ]);
    if let Some(period) = pattern.period_seconds {
        facts.push(pair("comes every", Cell::Duration(std::time::Duration::from_secs_f64(period))));
    }
    if detail.shapes.len() > 1 {
        facts.push(pair("made of", Cell::text(counted(detail.shapes.len() as u64, "shape", "shapes"))));
    }
    facts
}

fn severities(detail: &PatternDetail) -> String {
    let mut all: Vec<(&&str, &u64)> = detail.pattern.severities.iter().collect();
    all.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    match all.as_slice() {
        [(name, _)] => (**name).to_owned(),
        all => all.iter().map(|(name, n)| format!("{name} {n}")).collect::<Vec<_>>().join(", "),
    }
}

fn revisions(revisions: &[RevisionCount]) -> Table {
    let mut table = Table::new(vec![
        Column::left("revision"),
        Column::left("service").priority(1),
        Column::right("count"),
        Column::left("first"),
        Column::left("last"),
    ]);
    for revision in revisions {
        let name = &revision.revision;
        table.row(vec![
            if name.is_empty() { Cell::text("(none)") } else { Cell::id(name) },
            Cell::log(&revision.service),
            Cell::Count(revision.count),
            time_cell(&revision.first, Precision::Second),
            time_cell(&revision.last, Precision::Second),
        ]);
    }
    table
}

fn values(detail: &PatternDetail) -> Table {
    let mut table = Table::new(vec![
        Column::right("hole"),
        Column::left("kind"),
        Column::right("distinct"),
        Column::left("smallest, middle, largest").priority(1),
        Column::left("most frequent"),
    ]);
    for hole in &detail.holes {
        let range = hole
            .range
            .map_or(Cell::Empty, |[low, middle, high]| Cell::text(format!("{low}, {middle}, {high}")));
        let shown = hole.values.iter().take(5).map(|value| format!("{} ({})", value.value, value.count));
        table.row(vec![
            Cell::Count(hole.hole as u64 + 1),
            Cell::text(&hole.kind),
            Cell::Count(hole.distinct as u64),
            range,
            Cell::log(shown.collect::<Vec<_>>().join(", ")),
        ]);
    }
    table
}

fn instances(detail: &PatternDetail) -> Table {
    let mut table = Table::new(vec![
        Column::left("instance"),
        Column::left("revision"),
        Column::right("count"),
        Column::left("first").priority(1),
        Column::left("last").priority(1),
    ]);
    for instance in detail.instances.iter().take(INSTANCES_LISTED) {
        let id = &instance.instance;
        let short =
            if id.len() > 24 { format!("{}…", &id[..id.floor_char_boundary(20)]) } else { id.clone() };
        table.row(vec![
            if id.is_empty() { Cell::text("(none)") } else { Cell::text(short) },
            Cell::id(&instance.revision),
            Cell::Count(instance.count),
            time_cell(&instance.first, Precision::Second),
            time_cell(&instance.last, Precision::Second),
        ]);
    }
    table
}

fn say_more(document: &mut Document, n: usize, listed: usize) {
    if n > listed {
        document.paragraph(format!("and {} more", n - listed));
    }
}

fn sample_facts(sample: &PatternSample) -> Vec<(String, Cell)> {
    let pair = |name: &str, cell: Cell| (name.to_owned(), cell);
    vec![
        pair("time", time_cell(&sample.timestamp, Precision::Nanosecond)),
        pair("revision", Cell::id(&sample.revision)),
        pair("message", Cell::log(&sample.message)),
        pair("source", Cell::log(&sample.source)),
    ]
}
