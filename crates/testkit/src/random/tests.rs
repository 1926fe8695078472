use std::collections::{BTreeMap, BTreeSet};

use super::*;

#[test]
fn every_line_is_json_and_the_same_seed_gives_the_same_lines() {
    for seed in 0..20 {
        for twice_named in [TwiceNamed::Never, TwiceNamed::Sometimes] {
            let config = Config { twice_named, malformed: 0.5, ..Config::new(seed, 200) };
            let made = lines(&config);
            assert_eq!(made.len(), 200);
            assert_eq!(made, lines(&config));
            for line in &made {
                let value: Value =
                    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
                assert!(value.is_object());
                assert!(!line.contains('\n'), "one line each");
            }
        }
    }
    assert_ne!(lines(&Config::new(1, 50)), lines(&Config::new(2, 50)));
}

#[test]
fn no_member_is_named_twice_unless_asked_for() {
    for line in lines(&Config { malformed: 1.0, ..Config::new(5, 2000) }) {
        let value: Value = serde_json::from_str(&line).unwrap();
        let members = value.as_object().unwrap().len();
        let named = n_top_level_keys(&line);
        assert_eq!(members, named, "{line}");
    }
}

#[test]
fn the_promised_nastiness_is_there() {
    let made = lines(&Config::new(3, 4000));
    let all = made.join("\n");
    for piece in [
        "straße",
        "ＦＵＬＬ",
        "🪵",
        "\u{202e}",
        "\\u0000",
        "\\u001b",
        "123456789012345678901234567890",
        "\"user.name\":",
        "\"a/b\":",
        ":{}",
        ":[]",
        ":null",
        ":\"\"",
        "+02:00",
        "\"severity\":500",
    ] {
        assert!(all.contains(piece), "{piece}");
    }
    let mut copies: BTreeMap<(String, String), BTreeSet<&str>> = BTreeMap::new();
    let mut n_without_id = 0;
    for line in &made {
        let value: Value = serde_json::from_str(line).unwrap();
        match (value["timestamp"].as_str(), value["insertId"].as_str()) {
            (Some(at), Some(id)) => {
                copies.entry((at.to_owned(), id.to_owned())).or_default().insert(line);
            }
            _ => n_without_id += 1,
        }
    }
    let differing = copies.values().filter(|lines| lines.len() > 1).count();
    assert!(differing > 100, "copies of one identity with different content: {differing}");
    assert!(n_without_id > 50, "{n_without_id}");
}

/// Counts the keys of the outermost object by hand, because the reader keeps one of each.
fn n_top_level_keys(line: &str) -> usize {
    let mut depth = 0;
    let mut in_string = false;
    let mut escaped = false;
    let mut n_keys = 0;
    for byte in line.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b':' if depth == 1 => n_keys += 1,
            _ => {}
        }
    }
    n_keys
}
