//! Lines of statements that are known: does each statement's group hold its lines and no others?
//!
//! The statements, in `statements/*.txt`, were written by hand in the style of software of many kinds. A line there is the
//! number of times the statement is written and its text; `{name}` stands for a generated value, `{a|b|c}` for one of the
//! values named, other braces for themselves. `{a||b}` makes one statement of each choice: two words that tell what happened
//! (`hit`, `miss`) are two stories, which nobody wants to see as one. Two scores are computed as is usual for log parsers: GA, the share of lines
//! whose group is exactly its statement's lines, and FGA, the harmonic mean of the shares of groups found and of
//! statements found. One setting serves all files.
//!
//! ```text
//! cargo test -p timberline-pattern --test statements -- --nocapture
//! ```

#![expect(clippy::print_stderr, reason = "the scores are for people, too")]
#![expect(clippy::unwrap_used, reason = "helpers of a test fail as the test does")]

mod python;
#[path = "statements/values.rs"]
mod values;

use std::collections::{BTreeMap, BTreeSet};
use timberline_pattern::mask::Masker;
use timberline_pattern::merge::merge;
use timberline_pattern::shape::{Shape, shape};
use timberline_testkit::generate::message::Messages;
use timberline_testkit::generate::rng::Rng;
use timberline_testkit::generate::service::catalogue;
use values::{Random, Statement};

const FILES: &[(&str, &str)] = &[
    ("sshd", include_str!("statements/sshd.txt")),
    ("kernel", include_str!("statements/kernel.txt")),
    ("syslog", include_str!("statements/syslog.txt")),
    ("hadoop", include_str!("statements/hadoop.txt")),
    ("spark", include_str!("statements/spark.txt")),
    ("cluster", include_str!("statements/cluster.txt")),
    ("android", include_str!("statements/android.txt")),
    ("desktop", include_str!("statements/desktop.txt")),
    ("web", include_str!("statements/web.txt")),
    ("services", include_str!("statements/services.txt")),
];

/// Values are drawn anew this many times; scores are means.
const N_DRAWS: u64 = 5;

#[derive(Debug, Clone, Copy)]
struct Score {
    ga: f64,
    fga: f64,
}

impl std::fmt::Display for Score {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GA {:.3} FGA {:.3}", self.ga, self.fga)
    }
}

#[test]
fn statements_are_found_at_their_usual_frequency() {
    check("usual", usize::MAX, Score { ga: 0.95, fga: 0.92 });
}

#[test]
fn statements_seen_three_times_at_most_are_found() {
    check("at most three times", 3, Score { ga: 0.92, fga: 0.88 });
}

/// The messages of the generated corpora: a few common statements and a tail of hundreds that differ in few words.
#[test]
fn statements_of_generated_messages_are_found_as_well_as_by_the_reference() {
    let drawn: Vec<Drawn> = (1..=2).map(|seed| Drawn::generated(seed, 8000)).collect();
    let ours = score("generated", "messages", "here", &drawn, |lines| Some(groups(lines))).unwrap();
    let theirs = score("generated", "messages", "reference", &drawn, |lines| {
        Some(python::reference_groups(lines)?.into_iter().map(|[_, group]| group).collect())
    });
    if let Some(theirs) = theirs {
        assert!(ours.ga >= theirs.ga && ours.fga >= theirs.fga, "{ours}, reference {theirs}");
    }
    assert!(ours.ga >= 0.90 && ours.fga >= 0.90, "{ours}");
}

fn check(name: &str, most: usize, least: Score) {
    let (ours, theirs) = score_all(name, most);
    assert!(ours.ga >= least.ga && ours.fga >= least.fga, "{ours}");
    if let Some(theirs) = theirs {
        assert!(ours.ga >= theirs.ga && ours.fga >= theirs.fga, "{ours}, reference {theirs}");
    }
}

/// The mean scores of this crate and, where it can be run, of the reference.
fn score_all(name: &str, most: usize) -> (Score, Option<Score>) {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for (file, text) in FILES {
        let drawn: Vec<Drawn> = (1..=N_DRAWS).map(|seed| Drawn::new(text, seed, most)).collect();
        ours.push(score(name, file, "here", &drawn, |lines| Some(groups(lines))));
        theirs.push(score(name, file, "reference", &drawn, |lines| {
            Some(python::reference_groups(lines)?.into_iter().map(|[_, group]| group).collect())
        }));
    }
    let ours = mean(&ours.into_iter().flatten().collect::<Vec<_>>());
    let theirs: Vec<Score> = theirs.into_iter().flatten().collect();
    eprintln!("{name}, mean: here {ours}");
    let theirs = (!theirs.is_empty()).then(|| mean(&theirs));
    if let Some(theirs) = theirs {
        eprintln!("{name}, mean: reference {theirs}");
    }
    (ours, theirs)
}

/// Lines of one file, each with its statement.
struct Drawn {
    statements: Vec<Statement>,
    truth: Vec<usize>,
    lines: Vec<String>,
}

impl Drawn {
    /// Messages of three services as the generator of corpora draws them.
    fn generated(seed: u64, n_lines: usize) -> Self {
        let mut rng = Rng::new(seed);
        let services: Vec<Messages> = catalogue(3).iter().map(Messages::new).collect();
        let mut idx_of: BTreeMap<String, usize> = BTreeMap::new();
        let (mut truth, mut lines) = (Vec::new(), Vec::new());
        for idx in 0..n_lines {
            let template = services[idx % services.len()].draw(&mut rng);
            let n_known = idx_of.len();
            truth.push(*idx_of.entry(format!("{template:?}")).or_insert(n_known));
            let mut line = String::new();
            template.push(&mut line, &mut rng);
            lines.push(line);
        }
        let mut statements: Vec<(usize, Statement)> =
            idx_of.into_iter().map(|(text, idx)| (idx, Statement { n_lines: 1, text })).collect();
        statements.sort_by_key(|(idx, _)| *idx);
        Self { statements: statements.into_iter().map(|(_, statement)| statement).collect(), truth, lines }
    }

    fn new(text: &str, seed: u64, most: usize) -> Self {
        let mut random = Random::new(seed);
        let statements = values::read(text);
        let (mut truth, mut lines) = (Vec::new(), Vec::new());
        for (idx, statement) in statements.iter().enumerate() {
            for _ in 0..statement.n_lines.min(most) {
                truth.push(idx);
                lines.push(statement.line(&mut random));
            }
        }
        Self { statements, truth, lines }
    }
}

fn score(
    name: &str,
    file: &str,
    side: &str,
    drawn: &[Drawn],
    mut groups: impl FnMut(&[String]) -> Option<Vec<String>>,
) -> Option<Score> {
    let mut scores = Vec::new();
    let mut wrong: BTreeMap<&str, (usize, BTreeSet<String>)> = BTreeMap::new();
    for Drawn { statements, truth, lines } in drawn {
        let found = groups(lines)?;
        let right = right_groups(truth, &found);
        let n_right_lines: usize = right.values().map(Vec::len).sum();
        let n_found = found.iter().collect::<BTreeSet<_>>().len();
        scores.push(Score {
            ga: n(n_right_lines) / n(lines.len()),
            fga: 2.0 * n(right.len()) / n(n_found + statements.len()),
        });
        let mut wrong_here: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for (statement, group) in
            truth.iter().zip(&found).filter(|(statement, _)| !right.contains_key(statement))
        {
            wrong_here.entry(&statements[*statement].text).or_default().insert(group.clone());
        }
        for (text, groups) in wrong_here {
            let entry = wrong.entry(text).or_default();
            entry.0 += 1;
            entry.1.extend(groups);
        }
    }
    let score = mean(&scores);
    eprintln!("{name}, {file}: {side} {score}");
    for (text, (n_draws, groups)) in wrong {
        eprintln!("  {side} fails in {n_draws} of {N_DRAWS} draws: {text}");
        for group in groups.iter().take(4) {
            eprintln!("      {group:.200}");
        }
    }
    Some(score)
}

fn mean(scores: &[Score]) -> Score {
    let share = 1.0 / n(scores.len());
    Score {
        ga: scores.iter().map(|score| score.ga * share).sum(),
        fga: scores.iter().map(|score| score.fga * share).sum(),
    }
}

/// Statements whose lines are exactly one group, with these lines.
fn right_groups(truth: &[usize], found: &[String]) -> BTreeMap<usize, Vec<usize>> {
    let mut of_statement: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut of_group: BTreeMap<&String, Vec<usize>> = BTreeMap::new();
    for (line, (statement, group)) in truth.iter().zip(found).enumerate() {
        of_statement.entry(*statement).or_default().push(line);
        of_group.entry(group).or_default().push(line);
    }
    of_statement.retain(|_, lines| of_group[&found[lines[0]]] == *lines);
    of_statement
}

fn groups(lines: &[String]) -> Vec<String> {
    let mut holes = Vec::new();
    let shapes: Vec<Shape> = lines
        .iter()
        .map(|line| {
            Masker::standard().mask(line, &mut holes);
            shape(line, &holes)
        })
        .collect();
    let merged = merge(&shapes);
    shapes
        .iter()
        .map(|shape| {
            let template = merged.template_of(shape.fingerprint()).unwrap();
            Shape::of_tokens(template.tokens().to_vec()).to_line() + &format!(" #{}", template.members()[0])
        })
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn n(count: usize) -> f64 {
    count as f64
}
