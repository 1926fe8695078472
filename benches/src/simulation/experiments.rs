//! The two experiments: nothing changes, and one thing does.

use super::drawn::name;
use super::{Course, Draw, Drawn, Noise, OLD_UNIT, PLANTED_UNIT, Planted, Service};
use timberline_analysis::{
    BASE, Compared, Layers, PatternStatus, Regression, State, TARGET, changes, compare,
};

/// Revisions of every simulated service.
const N_REVISIONS: usize = 12;
/// Patterns that do not change, in every archive.
const N_STEADY: usize = 25;
/// Noise that planted patterns and their neighbours have.
const USUAL: [Noise; 4] = [Noise::Single, Noise::Bursts(5.0), Noise::Bursts(50.0), Noise::Mixed(1.0)];

/// How often an old pattern is seen of which a new value is planted: in one minute of ten.
const OLD_RATE: f64 = 0.105_360_5;

/// What was said of archives in which nothing changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Alarms {
    /// Archives.
    pub n_archives: u64,
    /// Archives of which `regressions` reported any change.
    pub in_regressions: u64,
    /// Archives of which `diff` of two neighbouring revisions reported any change.
    pub in_diff: u64,
    /// Patterns tested by `diff`.
    pub n_tests: u64,
    /// Tests with p at most 0.05.
    pub n_small: u64,
}

/// How a planted change was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Archives.
    pub n_archives: u64,
    /// Archives of which `regressions` reported the planted change.
    pub found: u64,
    /// With the state that was planted.
    pub in_state: u64,
    /// With the right revision as the likeliest.
    pub at_revision: u64,
    /// With the right revision among the candidates.
    pub in_candidates: u64,
    /// Candidates of all that were found.
    pub n_candidates: u64,
    /// Changes reported of patterns that did not change.
    pub false_changes: u64,
    /// Archives of which `diff` of the revisions before and after reported the change.
    pub found_by_diff: u64,
    /// Changes that `diff` reported of patterns that did not change.
    pub false_by_diff: u64,
}

/// Asks archives in which nothing changes whether anything did.
pub fn false_alarms(n_archives: u64, noise: Noise, seed: u64) -> Alarms {
    let mut alarms = Alarms { n_archives, ..Alarms::default() };
    for archive in 0..n_archives {
        let mut draw = Draw::from_seed(seed ^ archive << 20);
        let service = Service::draw(N_REVISIONS, &mut draw);
        let steady: Vec<Course> =
            (0..N_STEADY).map(|_| Course::steady(N_REVISIONS, noise, &mut draw)).collect();
        let drawn = Drawn::of(service, &steady, None, &mut draw);
        let found = changes(&drawn.grid(|revision| Some(revision as u32)), &drawn.coverage(), &drawn.order());
        alarms.in_regressions += u64::from(!found.found.is_empty());
        let compared = neighbours(&drawn, draw.whole(1..N_REVISIONS));
        alarms.in_diff += u64::from(compared.iter().any(|compared| compared.status.is_change()));
        let tested =
            compared.iter().filter(|compared| compared.q.is_some()).filter_map(|compared| compared.p);
        for p in tested {
            alarms.n_tests += 1;
            alarms.n_small += u64::from(p <= 0.05);
        }
    }
    alarms
}

/// Asks archives into which one change was planted where it is.
pub fn planted(n_archives: u64, planted: Planted, rate: f64, seed: u64) -> Found {
    let mut found = Found { n_archives, ..Found::default() };
    for archive in 0..n_archives {
        let mut draw = Draw::from_seed(seed ^ archive << 20);
        let (drawn, at) = draw_planted(N_REVISIONS, N_STEADY, planted, rate, &mut draw);
        let answer =
            changes(&drawn.grid(|revision| Some(revision as u32)), &drawn.coverage(), &drawn.order());
        for (unit, regression) in &answer.found {
            match *unit {
                PLANTED_UNIT => found.count(regression, planted, at),
                // With a value more, the pattern may well be more frequent.
                OLD_UNIT => {}
                _ => found.false_changes += 1,
            }
        }
        for compared in neighbours(&drawn, at) {
            match compared.unit {
                OLD_UNIT => {}
                PLANTED_UNIT => found.found_by_diff += u64::from(is_planted(compared.status, planted)),
                _ => found.false_by_diff += u64::from(compared.status.is_change()),
            }
        }
    }
    found
}

/// Draws an archive with a planted change; returns it with the revision of the change, counted from 0.
///
/// One revision in a dozen is not covered at all, never that of the change.
pub fn draw_planted(
    n_revisions: usize,
    n_steady: usize,
    planted: Planted,
    rate: f64,
    draw: &mut Draw,
) -> (Drawn, usize) {
    let mut service = Service::draw(n_revisions, draw);
    let from = if planted == Planted::CameBack { 5 } else { 2 };
    let at = draw.whole(from.min(n_revisions - 2)..n_revisions - 1);
    let uncovered = draw.whole(0..n_revisions);
    if uncovered != at && uncovered + 1 != at {
        service.minutes[uncovered] = 0;
    }
    let noise = |draw: &mut Draw| USUAL[draw.whole(0..USUAL.len())];
    let steady: Vec<Course> = (0..n_steady)
        .map(|_| {
            let noise = noise(draw);
            Course::steady(n_revisions, noise, draw)
        })
        .collect();
    // What is planted comes in bursts of its own, so that twice as often is twice as many bursts.
    let noise = USUAL[draw.whole(0..3)];
    let course = Course::planted(n_revisions, planted, rate, at, noise);
    let drawn = Drawn::of(service, &steady, Some(&course), draw);
    if planted != Planted::NewValue {
        return (drawn, at);
    }
    let old = Course { rates: vec![OLD_RATE; n_revisions], noise };
    (drawn.within(&old, draw), at)
}

/// Compares a revision with the one before.
fn neighbours(drawn: &Drawn, target: usize) -> Vec<Compared> {
    let row = |revision: usize| match revision + 1 {
        next if next == target => Some(BASE),
        next if next == target + 1 => Some(TARGET),
        _ => None,
    };
    compare(&drawn.grid(row), &drawn.coverage(), Layers::Joined, &mut Vec::new())
}

fn is_planted(status: PatternStatus, planted: Planted) -> bool {
    match planted {
        Planted::Resolved => matches!(status, PatternStatus::Gone | PatternStatus::Less),
        _ => matches!(status, PatternStatus::New | PatternStatus::More),
    }
}

impl Found {
    fn count(&mut self, regression: &Regression, planted: Planted, at: usize) {
        self.found += 1;
        let states: &[State] = match planted {
            Planted::New | Planted::NewValue => &[State::New],
            // Of a rare pattern nothing may have been seen before.
            Planted::Times(_) => &[State::Ongoing, State::New],
            Planted::Resolved => &[State::Resolved, State::Stopped],
            Planted::CameBack => &[State::CameBack],
        };
        self.in_state += u64::from(states.contains(&regression.state));
        let change = if planted == Planted::Resolved { &regression.resolved } else { &regression.onset };
        if let Some(change) = change {
            self.at_revision += u64::from(change.revision == name(at));
            self.in_candidates += u64::from(change.candidates.contains(&name(at)));
            self.n_candidates += change.candidates.len() as u64;
        }
    }

    /// Adds what was found elsewhere.
    pub fn add(&mut self, other: &Self) {
        self.n_archives += other.n_archives;
        self.found += other.found;
        self.in_state += other.in_state;
        self.at_revision += other.at_revision;
        self.in_candidates += other.in_candidates;
        self.n_candidates += other.n_candidates;
        self.false_changes += other.false_changes;
        self.found_by_diff += other.found_by_diff;
        self.false_by_diff += other.false_by_diff;
    }
}
