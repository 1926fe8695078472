use super::*;
use crate::Error;
use crate::segment::facts::{RingFacts, RingKey};
use proptest::prelude::*;

const START: i64 = 1_748_000_000_000_000_000;

/// Rows, nanoseconds after the start, nanoseconds that it lasted, shape, service, revision and severity.
type Ring = (u16, u64, u64, u32, u32, u32, u8);

fn a_ring(unit: u64) -> impl Strategy<Value = Ring> {
    let rows = prop_oneof![3 => Just(1_u16), 2 => 2_u16..9, 1 => 1_u16..=4096];
    (rows, 0..1_u64 << 40, 0..1_u64 << 33, 0..70_u32, 0..2_u32, 0..3_u32, 0..9_u8).prop_map(
        move |(rows, first, lasted, shape, service, revision, severity)| {
            let lasted = if rows == 1 { 0 } else { lasted };
            (rows, first / unit * unit, lasted / unit * unit, shape, service, revision, severity)
        },
    )
}

fn some_rings() -> impl Strategy<Value = (Vec<Ring>, u32)> {
    let rings = |unit| proptest::collection::vec(a_ring(unit), 1..120);
    // With wide numbers of shapes or with short ones.
    (prop_oneof![rings(1), rings(1000)], prop_oneof![Just(1_u32), Just(1000)])
}

/// The facts, names and span of rings; revisions that no ring has are left out.
fn a_segment(rings: &[Ring], factor: u32) -> (RingFacts, Names, Span) {
    let mut facts = RingFacts::default();
    let mut revisions: Vec<u32> = Vec::new();
    let mut start = 0;
    for (rows, first, lasted, shape, service, revision, severity) in rings {
        let place = revisions.iter().position(|known| known == revision).unwrap_or(revisions.len());
        if place == revisions.len() {
            revisions.push(*revision);
        }
        let key = RingKey {
            shape: shape * factor,
            service: *service,
            revision: u32::try_from(place).unwrap(),
            severity: *severity,
        };
        let first = START + first.cast_signed();
        facts.push(start, u64::from(*rows), first, first + lasted.cast_signed(), key);
        start += u64::from(*rows);
    }
    let names = Names {
        services: vec!["a".to_owned(), "b".to_owned()],
        revisions: revisions.iter().map(|revision| format!("r{revision}")).collect(),
    };
    let (first_ns, last_ns) = (facts.min_ts.iter().min().unwrap(), facts.max_ts.iter().max().unwrap());
    let span = Span { rows: start, shapes: 70_000, first_ns: *first_ns, last_ns: *last_ns };
    (facts, names, span)
}

fn open(file: Vec<u8>, span: Span) -> Result<Rings> {
    Rings::open(CheckedFile::trusted(file.into(), "x"), span)
}

/// Asks all that can be asked of rings.
fn facts_of(rings: &Rings) -> Result<RingFacts> {
    let mut facts = RingFacts::default();
    for ring in 0..rings.len() {
        let run = rings.run_of(ring);
        let key = RingKey {
            shape: u32::try_from(rings.shape(ring)).unwrap(),
            service: u32::try_from(run.service).unwrap(),
            revision: u32::try_from(run.revision).unwrap(),
            severity: run.severity.rank(),
        };
        facts.push(rings.row_start(ring), rings.rows(ring), 0, 0, key);
    }
    let times = rings.times()?;
    facts.min_ts = (0..rings.len()).map(|ring| times.first(ring)).collect();
    facts.max_ts = (0..rings.len()).map(|ring| times.last(ring)).collect();
    Ok(facts)
}

proptest! {
    #[test]
    fn what_was_written_is_read((rings, factor) in some_rings()) {
        let (facts, names, span) = a_segment(&rings, factor);
        let rings = open(encode(&facts, &names), span).unwrap();
        prop_assert_eq!(&facts_of(&rings).unwrap(), &facts);
        prop_assert_eq!(rings.runs(), &facts.runs()[..]);
        prop_assert_eq!(rings.names(), &names);
        for (revision, first) in rings.firsts_of_revisions().iter().enumerate() {
            let of_revision = facts.revision.iter().zip(&facts.min_ts).filter(|(own, _)| **own as usize == revision);
            prop_assert_eq!(Some(first), of_revision.map(|(_, first)| first).min());
        }
        let (some, all) = (facts.len() / 3..facts.len() / 2, 0..facts.len());
        for range in [some, all] {
            prop_assert!(rings.each_rows(range.clone()).eq(facts.rows[range.clone()].iter().copied()));
            prop_assert!(rings.each_shape(range.clone()).eq(facts.shape[range].iter().map(|shape| *shape as usize)));
        }
        for ring in 0..facts.len() {
            let range = rings.range(ring);
            prop_assert_eq!([range.start, range.end - 1].map(|row| rings.ring_of(row)), [ring; 2]);
        }
        prop_assert_eq!(rings.ring_of(span.rows + 5), facts.len() - 1);
        let (times, mut place) = (rings.times().unwrap(), RingPlace::default());
        for ring in (0..facts.len()).chain((0..facts.len()).step_by(3)).chain((0..facts.len()).rev().step_by(7)) {
            place.go_to(&rings, ring);
            prop_assert_eq!(rings.range_at(place), rings.range(ring));
            prop_assert_eq!(times.span_at(place), (times.first(ring), times.last(ring)));
        }
    }

    #[test]
    fn what_was_not_written_is_refused_or_harmless(
        (rings, factor) in some_rings(),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), 1_u8..=255), 40),
    ) {
        let (facts, names, span) = a_segment(&rings, factor);
        let file = encode(&facts, &names);
        for len in 0..file.len() {
            let is_refused = matches!(open(file[..len].to_vec(), span), Err(Error::Damaged { .. }));
            prop_assert!(is_refused);
        }
        prop_assert!(open([&file[..], &[0]].concat(), span).is_err());
        for (place, flip) in flips {
            let mut file = file.clone();
            let at = place.index(file.len());
            file[at] ^= flip;
            let Ok(rings) = open(file, span) else { continue };
            let Ok(facts) = facts_of(&rings) else { continue };
            let times = facts.min_ts.iter().zip(&facts.max_ts);
            prop_assert!(times.clone().all(|(first, last)| span.first_ns <= *first && *last <= span.last_ns));
            prop_assert_eq!(facts.rows.iter().sum::<u64>(), span.rows);
            prop_assert!((0..span.rows).step_by(97).all(|row| rings.range(rings.ring_of(row)).contains(&row)));
        }
    }
}

#[test]
fn files_of_other_segments_are_refused() {
    let rings: [Ring; 3] = [(3, 5, 9, 1, 0, 0, 3), (1, 0, 0, 69, 0, 1, 8), (4096, 2, 7, 2, 1, 1, 8)];
    let (facts, names, span) = a_segment(&rings, 1);
    let file = encode(&facts, &names);
    assert!(open(file.clone(), span).is_ok());
    for wrong in [
        Span { rows: 4099, ..span },
        Span { shapes: 69, ..span },
        Span { first_ns: span.first_ns + 6, ..span },
        Span { last_ns: span.first_ns - 1, ..span },
    ] {
        let error = open(file.clone(), wrong).unwrap_err();
        assert!(matches!(error, Error::Damaged { file, .. } if file == "x"));
    }
    let short = Span { last_ns: span.last_ns - 1, ..span };
    assert!(matches!(open(file, short).unwrap().times(), Err(Error::Damaged { .. })));
}
