//! The documents that are written in every format.

use std::time::Duration;

use jiff::tz::TimeZone;
use timberline_report::units::Precision;
use timberline_report::{
    Anchor, Bar, Bars, Block, Cell, Column, Document, Drawing, Heading, HeatStrip, Language, Level, Link,
    Mark, NoteKind, Sample, Scale, Span, StripRow, Table,
};

/// The moment all times of the fixture are counted from: 2025-09-16 01:02:03.004005006 UTC.
const START_NS: i64 = 1_757_984_523_004_005_006;
const HOUR_NS: i64 = 3_600_000_000_000;

/// A small worklog as it could come out of an archive.
pub(crate) fn worklog() -> Document {
    let mut document = Document::new("checkout: worklog").in_zone(TimeZone::get("Europe/Berlin").unwrap());
    document.heading(Level::Title, "Worklog of checkout");
    document.push(Block::Paragraph(vec![
        Span::text("The pattern "),
        Span::code("stock <*> not found"),
        Span::text(" was first seen in "),
        Span::Value(Cell::id("checkout-00584-k7q")),
        Span::text(", "),
        Span::strong("3 min after its deploy"),
        Span::text("; see "),
        Span::link("the evidence", Anchor::new("evidence")),
        Span::text("."),
    ]));
    document.push(Block::KeyValues(vec![
        ("entries".to_owned(), Cell::Count(1_234_567)),
        ("first".to_owned(), Cell::time_ns(START_NS, Precision::Nanosecond)),
        ("archive".to_owned(), Cell::Bytes(45_678_901)),
        ("errors".to_owned(), Cell::Share { part: 1_204, total: 1_234_567 }),
        ("median latency".to_owned(), Cell::Duration(Duration::from_micros(12_345))),
    ]));
    document.note(
        NoteKind::Warning,
        "2 dumps were cut off by a limit; counts before 2025-09-16 are lower bounds.",
    );
    document.heading(Level::Section, "By revision");
    document.push(by_revision());
    document.push(severities());
    document.push(timeline());
    document.push(heat_map());
    document.anchored_heading(Level::Subsection, "Evidence", Anchor::new("evidence"));
    document.code(
        Language::Plain,
        "Traceback (most recent call last):\n\tat reserve (stock.py:17)\nKeyError: '7781'\n",
    );
    document.code(Language::Json, "{\"severity\": \"ERROR\", \"message\": \"stock 7781 not found\"}");
    document.note(NoteKind::Info, "Times are shown in Europe/Berlin.");
    document.push(Block::List(vec![
        vec![Span::text("ask for the hours that are missing")],
        vec![Span::text("run "), Span::code("timberline coverage"), Span::text(" again")],
    ]));
    document.push(Block::Links(vec![Link { text: "Evidence".to_owned(), anchor: Anchor::new("evidence") }]));
    document
}

fn by_revision() -> Table {
    let mut table = Table::new(vec![
        Column::left("revision"),
        Column::left("message"),
        Column::right("count"),
        Column::right("share").priority(2),
        Column::right("rate").priority(4),
        Column::left("first").priority(3),
        Column::left("course").priority(1),
        Column::left("part").priority(5),
    ]);
    table.row(vec![
        Cell::id("checkout-00583-dwf"),
        Cell::log("order 7781: reserving stock for 3 items"),
        Cell::Count(0),
        Cell::Share { part: 0, total: 1_204 },
        Cell::Rate { value: 0.0, interval: Some((0.0, 0.12)), per: "hour".to_owned() },
        Cell::Empty,
        Cell::Sparkline(samples(&[Some(0), Some(0), None, Some(0)])),
        Cell::Bar(0.0),
    ]);
    table.row(vec![
        Cell::id("checkout-00584-k7q"),
        Cell::log("stock 7781 not found\n\tat reserve (stock.py:17) | retrying in 5 s | attempt 2 of 3"),
        Cell::Count(1_203),
        Cell::Share { part: 1_203, total: 1_204 },
        Cell::Rate { value: 42.4, interval: Some((40.1, 44.8)), per: "hour".to_owned() },
        Cell::time_ns(START_NS, Precision::Second),
        Cell::Sparkline(samples(&[Some(3), None, Some(400), Some(800)])),
        Cell::Bar(0.999),
    ]);
    table.row(vec![
        Cell::id("checkout-00585-abc"),
        Cell::text("nothing recorded"),
        Cell::NotCovered,
        Cell::NotCovered,
        Cell::Measure(0.5),
        Cell::NotCovered,
        Cell::Sparkline(samples(&[None, None, None, None])),
        Cell::Link(Link { text: "why".to_owned(), anchor: Anchor::new("evidence") }),
    ]);
    table
}

fn severities() -> Bars {
    let bar = |label: &str, n: Option<u64>| Bar {
        label: label.to_owned(),
        length: Sample::count(n),
        value: Cell::count_or_not_covered(n),
    };
    Bars {
        title: "entries by severity".to_owned(),
        bars: vec![
            bar("ERROR", Some(1_204)),
            bar("WARNING", Some(17)),
            bar("INFO", Some(9_000)),
            bar("DEBUG", None),
            bar("ALERT", Some(0)),
        ],
    }
}

fn timeline() -> HeatStrip {
    let hours = 0..6;
    HeatStrip {
        title: "entries per hour".to_owned(),
        columns: hours.map(|hour| format!("2025-09-16 {:02}:00 +02:00", 3 + hour)).collect(),
        rows: vec![
            StripRow {
                label: "ERROR".to_owned(),
                samples: samples(&[Some(0), Some(3), None, Some(400), Some(800), Some(1)]),
            },
            StripRow {
                label: "INFO".to_owned(),
                samples: samples(&[Some(1_500), Some(1_500), None, Some(0), Some(20), Some(1_499)]),
            },
        ],
        marks: vec![Mark { column_idx: 1, label: "deploy of checkout-00584-k7q".to_owned() }],
        scale: Scale::Shared,
        drawing: Drawing::Stacked,
    }
}

fn heat_map() -> HeatStrip {
    HeatStrip {
        title: "pattern by revision".to_owned(),
        columns: ["00583", "00584", "00585"].map(str::to_owned).to_vec(),
        rows: vec![
            StripRow {
                label: "stock <*> not found".to_owned(),
                samples: samples(&[Some(0), Some(1_203), None]),
            },
            StripRow { label: "order <*> done".to_owned(), samples: samples(&[Some(8), Some(1)]) },
        ],
        marks: Vec::new(),
        scale: Scale::PerRow,
        drawing: Drawing::Heat,
    }
}

fn samples(counts: &[Option<u64>]) -> Vec<Sample> {
    counts.iter().map(|&n| Sample::count(n)).collect()
}

/// A document with `text` in every place that can hold text, and one of every value.
pub(crate) fn everywhere(text: &str) -> Document {
    let owned = || text.to_owned();
    let anchor = || Anchor::new("a");
    let link = || Link { text: owned(), anchor: anchor() };
    let spans = || {
        vec![
            Span::Text(owned()),
            Span::Strong(owned()),
            Span::Code(owned()),
            Span::Link(link()),
            Span::Value(Cell::Log(owned())),
            Span::Value(Cell::Text(owned())),
        ]
    };
    let cells = || {
        vec![
            Cell::Text(owned()),
            Cell::Log(owned()),
            Cell::Id(owned()),
            Cell::Link(link()),
            Cell::Rate { value: 1.0, interval: None, per: owned() },
            Cell::time_ns(START_NS + HOUR_NS, Precision::Day),
            Cell::Duration(Duration::from_nanos(1_500)),
            Cell::Sparkline(samples(&[Some(1), None, Some(0)])),
        ]
    };
    let strip = |drawing| HeatStrip {
        title: owned(),
        columns: vec![owned(), owned()],
        rows: vec![StripRow { label: owned(), samples: samples(&[Some(1), None]) }],
        marks: vec![Mark { column_idx: 1, label: owned() }],
        scale: Scale::Shared,
        drawing,
    };
    let mut table = Table::new((0..cells().len()).map(|_| Column::left(text)).collect());
    table.row(cells());
    table.row(cells());

    let mut document = Document::new(text);
    document.push(Heading { level: Level::Section, text: spans(), anchor: Some(Anchor::new(text)) });
    document.push(Block::Paragraph(spans()));
    document.push(Block::List(vec![spans(), spans()]));
    document.push(Block::KeyValues(cells().into_iter().map(|cell| (owned(), cell)).collect()));
    document.push(table);
    document.push(Bars {
        title: owned(),
        bars: vec![Bar { label: owned(), length: Sample::Value(1.0), value: Cell::Text(owned()) }],
    });
    document.push(strip(Drawing::Heat));
    document.push(strip(Drawing::Stacked));
    document.note(NoteKind::Warning, text);
    document.push(Block::Links(vec![link(), link()]));
    document.code(Language::Plain, text);
    document
}
