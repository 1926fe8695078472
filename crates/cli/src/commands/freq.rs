//! `freq`: how often something happened, against how often it could have. Contract `timberline/freq/1`.

use super::asking::{Prepared, key_cells, key_columns, prepare, remark, rests_on};
use super::comparing::investigate;
use super::{counted, time_cell};
use crate::args::{self, Format};
use crate::outcome::{Failure, Outcome};
use crate::printer::Printer;
use crate::settings::Settings;
use timberline_analysis::{BucketCoverage, Deployed, FrequencyAnswer, FrequencyGroup, GroupBy, frequency};
use timberline_report::units::Precision;
use timberline_report::{Cell, Column, Document, HeatStrip, Mark, Sample, StripRow, Table};

/// Of more stretches of time than this, the table for people has only those in which something matched; the strip has all.
const STRETCHES_SHOWN: usize = 60;

/// Of fewer covered hours than this, a minute, people are told no rate per hour: it would say more than is known.
const SHORTEST_RATED: f64 = 1.0 / 60.0;
/// More deploys than this in a chart hide it.
const DEPLOYS_SHOWN: usize = 24;

pub(super) fn run(args: &args::Freq, settings: &Settings, printer: &mut Printer) -> Result<Outcome, Failure> {
    investigate(settings, |archive, investigation| {
        let prepared = prepare(&args.question, Some(&args.by), settings, archive, printer)?;
        // Revisions without a match are half of the answer to "which revision brought this?".
        let answer = frequency(investigation, &prepared.asking, true, prepared.warnings.clone())
            .map_err(|error| Failure::archive(&error, &settings.archive))?;
        remark(printer, &answer.completeness, &prepared.warnings);
        let for_people = printer.format != Format::Csv;
        printer.answer(&answer, || document(&answer, &prepared, settings, for_people))?;
        if answer.total == 0 {
            prepared.question.doubt(archive, printer);
        }
        Ok(Outcome::found(answer.total > 0))
    })
}

fn document(
    answer: &FrequencyAnswer,
    prepared: &Prepared,
    settings: &Settings,
    for_people: bool,
) -> Document {
    let mut document = Document::new("freq").in_zone(settings.zone.clone());
    let by = &prepared.asking.by;
    document.paragraph(match answer.total {
        0 => "No entry matches.".to_owned(),
        1 => "1 entry matches.".to_owned(),
        n => format!("{} match.", counted(n, "entry", "entries")),
    });
    if for_people
        && let [by] = &by[..]
        && by.is_time()
        && answer.groups.len() > 1
    {
        document.push(strip(answer, by, settings));
    }
    let is_long = for_people && answer.groups.len() > STRETCHES_SHOWN && by.iter().any(GroupBy::is_time);
    let groups = answer.groups.iter().filter(|group| !is_long || group.count.unwrap_or(0) > 0);
    document.push(table(answer, groups, by, for_people));
    rests_on(&mut document, &answer.completeness, &prepared.warnings);
    document
}

fn table<'g>(
    answer: &FrequencyAnswer,
    groups: impl Iterator<Item = &'g FrequencyGroup>,
    by: &[GroupBy],
    for_people: bool,
) -> Table {
    let has_exposure = by.iter().any(|by| matches!(by, GroupBy::Revision | GroupBy::Service) || by.is_time());
    let mut columns: Vec<Column> = key_columns(by).collect();
    columns.extend([Column::right("count"), Column::right("share").priority(2)]);
    if for_people {
        columns.push(Column::left("").priority(1));
    }
    columns.extend([Column::left("first").priority(1), Column::left("last").priority(2)]);
    if has_exposure {
        columns.extend([
            Column::right("hours").priority(4),
            Column::right("requests").priority(5),
            Column::right("instances").priority(5),
            Column::right("of entries").priority(4),
            Column::right("rate").priority(3),
        ]);
    }
    columns.push(Column::left("coverage").priority(2));
    let mut table = Table::new(columns);
    let largest = answer.groups.iter().filter_map(|group| group.count).max().unwrap_or(0);
    for group in groups {
        let mut row = key_cells(by, &group.key);
        row.push(Cell::count_or_not_covered(group.count));
        row.push(group.count.map_or(Cell::Empty, |part| Cell::Share { part, total: answer.total }));
        if for_people {
            row.push(Cell::Bar(fraction(group.count.unwrap_or(0), largest)));
        }
        let time = |time: &Option<String>| {
            time.as_deref().map_or(Cell::Empty, |time| time_cell(time, Precision::Second))
        };
        row.extend([time(&group.first), time(&group.last)]);
        if has_exposure {
            let rate = group.rate.map_or(Cell::Empty, |rate| {
                if for_people && group.exposure.hours < SHORTEST_RATED {
                    return Cell::text("too short for a rate");
                }
                Cell::Rate {
                    value: rate.value,
                    interval: Some((rate.low, rate.high)),
                    per: rate.per.to_owned(),
                }
            });
            row.extend([
                Cell::Measure(group.exposure.hours),
                Cell::Count(group.exposure.requests),
                Cell::Count(group.exposure.instances),
                Cell::Count(group.exposure.entries),
                rate,
            ]);
        }
        row.push(Cell::text(match group.coverage {
            BucketCoverage::Full => "full",
            BucketCoverage::Partial => "partial",
            BucketCoverage::None => "none",
        }));
        table.row(row);
    }
    table
}

/// The course over time in one line: a mark per stretch; what is not covered looks different from nothing.
fn strip(answer: &FrequencyAnswer, by: &GroupBy, settings: &Settings) -> HeatStrip {
    let precision = if *by == GroupBy::Hour { Precision::Minute } else { Precision::Day };
    let name = by.name();
    let label = |group: &FrequencyGroup| {
        let key = group.key.get(&name).map_or("", String::as_str);
        key.parse::<jiff::Timestamp>().map_or_else(
            |_| key.to_owned(),
            |time| timberline_report::units::timestamp(time, precision, &settings.zone),
        )
    };
    HeatStrip {
        title: format!("count per {name}"),
        columns: answer.groups.iter().map(label).collect(),
        rows: vec![StripRow {
            label: "count".to_owned(),
            samples: answer.groups.iter().map(|group| Sample::count(group.count)).collect(),
        }],
        marks: marks(answer, by),
        ..HeatStrip::default()
    }
}

/// The deploys, each under the stretch of time that it lies in.
fn marks(answer: &FrequencyAnswer, by: &GroupBy) -> Vec<Mark> {
    let name = by.name();
    let starts: Vec<&str> =
        answer.groups.iter().map(|group| group.key.get(&name).map_or("", String::as_str)).collect();
    // Both are written alike, so that texts compare as times do.
    let mark = |deployed: &Deployed| {
        let idx = starts.partition_point(|start| *start <= deployed.deploy.time.as_str()).checked_sub(1)?;
        let by = deployed.deploy.by.as_deref().map_or(String::new(), |by| format!(" by {by}"));
        Some(Mark { column_idx: idx, label: format!("deploy of {}{by}", deployed.revision) })
    };
    let marks: Vec<Mark> = answer.deploys.iter().filter_map(mark).collect();
    if marks.len() > DEPLOYS_SHOWN { Vec::new() } else { marks }
}

#[expect(clippy::cast_precision_loss, reason = "drawn with at most some hundred steps")]
fn fraction(part: u64, largest: u64) -> f64 {
    if largest == 0 { 0.0 } else { part as f64 / largest as f64 }
}
