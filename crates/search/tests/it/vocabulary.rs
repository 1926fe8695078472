//! Filters about what is in an archive: its words, pieces of them, its paths with their values.

use crate::fixture::Fixture;

/// Words, pieces and values that occur in the archive: what people search for.
pub(crate) struct Vocabulary {
    pieces: Vec<String>,
    paths: Vec<(String, String)>,
}

impl Vocabulary {
    /// Takes what entries of an archive hold.
    pub(crate) fn of(fixture: &Fixture, rng: &mut Rng) -> Self {
        let (mut pieces, mut paths) = (Vec::new(), Vec::new());
        let rows: Vec<&str> = fixture.rows.values().map(|(_, json)| json.as_str()).collect();
        for _ in 0..200 {
            let value: serde_json::Value = serde_json::from_str(rows[rng.below(rows.len())]).unwrap();
            leaves(&value, &mut String::new(), &mut |path, text| {
                paths.push((path.to_owned(), text.to_owned()));
                let chars: Vec<char> = text.chars().collect();
                if !chars.is_empty() {
                    let start = rng.below(chars.len());
                    let end = (start + 1 + rng.below(12)).min(chars.len());
                    pieces.push(chars[start..end].iter().collect());
                }
            });
        }
        Self { pieces, paths }
    }
}

fn leaves(value: &serde_json::Value, path: &mut String, visit: &mut impl FnMut(&str, &str)) {
    match value {
        serde_json::Value::Object(members) => {
            for (key, value) in members {
                let before = path.len();
                if path.is_empty() {
                    path.push_str(key);
                } else {
                    path.push_str(&format!(".{}", serde_json::to_string(key).unwrap()));
                }
                leaves(value, path, visit);
                path.truncate(before);
            }
        }
        serde_json::Value::Array(elements) => elements.iter().for_each(|value| leaves(value, path, visit)),
        serde_json::Value::String(text) => visit(path, text),
        other => visit(path, &other.to_string()),
    }
}

/// A row of numbers.
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % n as u64).unwrap()
    }

    fn pick<'t>(&mut self, of: &'t [impl AsRef<str>]) -> &'t str {
        of[self.below(of.len())].as_ref()
    }
}

fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Makes a filter, most likely one that something matches.
pub(crate) fn random_filter(rng: &mut Rng, vocabulary: &Vocabulary, depth: usize) -> String {
    if depth > 0 && rng.below(3) == 0 {
        let (a, b) = (random_filter(rng, vocabulary, depth - 1), random_filter(rng, vocabulary, depth - 1));
        return match rng.below(3) {
            0 => format!("({a} AND {b})"),
            1 => format!("({a} OR {b})"),
            _ => format!("(NOT {a})"),
        };
    }
    let piece = quote(rng.pick(&vocabulary.pieces));
    let (path, value) = &vocabulary.paths[rng.below(vocabulary.paths.len())];
    let operators = ["=", "!=", ":", "<", "<=", ">", ">="];
    match rng.below(12) {
        0..3 => piece,
        3..6 => format!("{path}{}{}", rng.pick(&operators), quote(value)),
        6 => format!("{path}:{piece}"),
        7 if rng.below(3) > 0 => {
            let operator = rng.pick(&["=~", "!~"]).to_owned();
            format!("{path}{operator}\"{}\"", random_pattern(rng, value))
        }
        7 => format!("{path}=~{}", quote(&regex_literal(rng.pick(&vocabulary.pieces)))),
        8 => format!("{path}:*"),
        9 => format!("SEARCH({piece})"),
        10 => format!("severity>={}", rng.pick(&["DEFAULT", "INFO", "WARNING", "ERROR", "CRITICAL"])),
        _ => match rng.below(4) {
            0 => format!("service:{piece}"),
            1 => format!("resource.labels.revision_name:{piece}"),
            2 => format!("message:{piece}"),
            _ => format!("-{path}=~{}", quote(&regex_literal(rng.pick(&vocabulary.pieces)))),
        },
    }
}

/// A pattern that contains a literal; raw, so that quoting must not double backslashes.
fn regex_literal(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric() || *c == ' ').collect()
}

/// A pattern about a value: some of its text as it is, some of it as classes and repetitions, all of it or a part.
fn random_pattern(rng: &mut Rng, value: &str) -> String {
    let chars: Vec<char> = value.chars().take(60).collect();
    let (from, to) = (rng.below(chars.len() / 2 + 1), chars.len() - rng.below(chars.len() / 2 + 1));
    let mut pattern = String::new();
    if rng.below(4) == 0 {
        pattern.push('^');
    }
    for run in chars[from.min(to)..to].chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit()) {
        match (run[0].is_ascii_digit(), rng.below(8)) {
            (_, 0) => pattern.push_str(".*"),
            (true, 1..5) => pattern.push_str("[0-9]+"),
            (true, 5) => pattern.push_str("[0-9a-f]{1,4}"),
            (false, 1) => pattern.push_str("[a-z :/.-]+"),
            (false, 2) => pattern.push_str("(x|[^0-9])+"),
            _ => run.iter().for_each(|c| match c {
                '"' | '\\' | '\n' | '\r' | '\t' => pattern.push('.'),
                c if c.is_alphanumeric() => pattern.push(*c),
                '^' => pattern.push('.'),
                c => pattern.push_str(&format!("[{c}]")),
            }),
        }
    }
    if rng.below(4) == 0 {
        pattern.push('$');
    }
    pattern
}
