//! Values of a kind that programs do not write, but files have: they must not be taken for what rings and templates know.

use crate::fixture::Fixture;

/// Entries whose label `revision_name` takes a few values of one kind, as it is written in JSON.
fn with_revisions(values: &[&str]) -> Fixture {
    let line = |idx: usize| {
        let (second, value) = (idx % 60, values[idx % values.len()]);
        format!(
            r#"{{"timestamp":"2025-09-01T00:{:02}:{second:02}Z","insertId":"{idx}","textPayload":"user {idx} logged in","resource":{{"type":"cloud_run_revision","labels":{{"service_name":"s","revision_name":{value}}}}}}}"#,
            idx / 60
        )
    };
    Fixture::of_lines(&[(0..120).map(line).collect()])
}

#[test]
fn a_revision_that_is_no_text_is_read() {
    for values in [
        &["1", "2"][..],
        &[r#"["r1"]"#, r#"["r2"]"#],
        &[r#""r1""#, r#""r2""#],
        &["1", r#""1""#, r#"["1"]"#, "null", r#""""#],
    ] {
        let fixture = with_revisions(values);
        let mut filters = Vec::new();
        for op in ["=", ":", "!=", "=~", "!~"] {
            for text in ["1", "2", "r1", "r", "", "^$", "^r?[12]$"] {
                filters.push(format!("resource.labels.revision_name{op}\"{text}\""));
            }
        }
        filters.push("resource.labels.revision_name:*".to_owned());
        let tally = fixture.check(&filters);
        assert_eq!(tally.asked, filters.len());
        assert!(tally.hits > filters.len() / 4, "{values:?}: {} found something", tally.hits);
    }
}

#[test]
fn characters_that_mark_what_varies_are_found_only_where_they_are() {
    let line = |idx: usize| {
        let text = if idx == 7 {
            "user \u{fdd0} logged \u{fdd1}\u{fdd2}".to_owned()
        } else {
            format!("user {idx} logged in")
        };
        format!(
            r#"{{"timestamp":"2025-09-01T00:00:{:02}Z","insertId":"{idx}","jsonPayload":{{"message":"{text}","n":{idx}}}}}"#,
            idx % 60
        )
    };
    let fixture = Fixture::of_lines(&[(0..50).map(line).collect()]);
    let mut filters = Vec::new();
    for mark in ["\u{fdd0}", "\u{fdd1}", "\u{fdd2}", "user \u{fdd0}"] {
        filters.push(format!("\"{mark}\""));
        filters.push(format!("SEARCH(\"{mark}\")"));
        filters.push(format!("SEARCH(jsonPayload, \"{mark}\")"));
        filters.push(format!("SEARCH(\"`user {mark} logged`\")"));
        filters.push(format!("jsonPayload.message:\"{mark}\""));
        filters.push(format!("jsonPayload.n:\"{mark}\""));
    }
    let tally = fixture.check(&filters);
    assert_eq!(tally.asked, filters.len());
    assert!(tally.hits > 0);
}
