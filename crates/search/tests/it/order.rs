//! Matches in the order of time.

use crate::fixture::Fixture;
use timberline_entry::Field;
use timberline_query::compile;
use timberline_search::{Direction, in_time_order};
use timberline_testkit::random;

#[test]
fn time_order_gives_the_same_matches_newest_or_oldest_first() {
    let lines = random::lines(&random::Config::new(99, 300));
    let fixture = Fixture::of_lines(&[lines]);
    for text in ["", "severity>=WARNING", "a", "NOT e"] {
        let filter = compile(text, &timberline_query::Options::default()).unwrap().filter;
        let order = |direction, limit| {
            let mut found = Vec::new();
            let fields = Field::ALL.into_iter().collect();
            in_time_order(&fixture.archive, &fixture.names, &filter, direction, limit, &fields, |row| {
                found.push((row.row.timestamp.as_nanos(), row.row.idx));
                Ok(true)
            })
            .unwrap();
            found
        };
        let oldest = order(Direction::Oldest, None);
        assert!(oldest.is_sorted_by_key(|(time, _)| *time));
        assert_eq!(oldest.len(), fixture.by_evaluation(std::slice::from_ref(&filter))[0].len());
        let mut newest = order(Direction::Newest, None);
        newest.reverse();
        assert_eq!(newest, oldest);
        for limit in [0, 1, 7, 100, 1000] {
            assert_eq!(order(Direction::Oldest, Some(limit)), oldest[..limit.min(oldest.len())]);
            let expected: Vec<_> = oldest.iter().rev().take(limit).copied().collect();
            assert_eq!(order(Direction::Newest, Some(limit)), expected);
        }
    }
}
