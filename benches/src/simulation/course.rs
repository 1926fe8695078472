//! What is drawn: a service, the noise of its patterns, and the changes planted into one of them.

use super::Draw;

/// A service: how many minutes of instances there are of each revision.
#[derive(Debug, Clone)]
pub struct Service {
    /// Minutes of each of two instances, per revision, oldest first; 0 is a revision that no export covers.
    pub minutes: Vec<usize>,
}

/// How the lines of a pattern come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Noise {
    /// One at a time.
    Single,
    /// In bursts within a minute, of some lines on average.
    Bursts(f64),
    /// At a rate that differs from minute to minute: a Gamma distribution of this shape.
    Mixed(f64),
    /// In bursts that go on for some minutes on average.
    Storms(f64),
}

/// The course of one pattern: bursts per minute of an instance in each revision.
#[derive(Debug, Clone)]
pub struct Course {
    /// Per revision.
    pub rates: Vec<f64>,
    /// How the lines come.
    pub noise: Noise,
}

/// What is planted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Planted {
    /// A pattern that was not there.
    New,
    /// A value that was not there, in a pattern that was.
    NewValue,
    /// So many times as often.
    Times(f64),
    /// A pattern that is no longer there.
    Resolved,
    /// A pattern that was away for three revisions.
    CameBack,
}

/// How common a planted pattern is, by its bursts per minute of an instance: from one minute in 200 to nearly all.
pub const SIZES: [(&str, f64); 5] = [
    ("0.5 % of minutes", 0.005_012_5),
    ("2 %", 0.020_202_7),
    ("10 %", 0.105_360_5),
    ("40 %", 0.510_825_6),
    ("95 %", 2.995_732_3),
];

impl Service {
    /// Draws a service of this many revisions, which ran for 20 to 300 minutes each.
    pub fn draw(n_revisions: usize, draw: &mut Draw) -> Self {
        Self { minutes: (0..n_revisions).map(|_| draw.log_uniform(20.0, 300.0) as usize).collect() }
    }
}

impl Course {
    /// Draws a pattern that does not change: rare to frequent.
    pub fn steady(n_revisions: usize, noise: Noise, draw: &mut Draw) -> Self {
        let rate = match noise {
            Noise::Mixed(shape) if shape < 1.0 => 1000.0,
            Noise::Mixed(_) => draw.log_uniform(5.0, 50.0),
            _ => draw.log_uniform(0.003, 3.0),
        };
        Self { rates: vec![rate; n_revisions], noise }
    }

    /// Plants a change that comes with revision `at`; a pattern that came back had gone three revisions before.
    pub fn planted(n_revisions: usize, planted: Planted, rate: f64, at: usize, noise: Noise) -> Self {
        let rates = (0..n_revisions).map(|revision| match planted {
            Planted::New | Planted::NewValue if revision < at => 0.0,
            Planted::New | Planted::NewValue => rate,
            Planted::Times(factor) if revision >= at => factor * rate,
            Planted::Times(_) => rate,
            Planted::Resolved if revision >= at => 0.0,
            Planted::CameBack if (at.saturating_sub(3)..at).contains(&revision) => 0.0,
            Planted::Resolved | Planted::CameBack => rate,
        });
        Self { rates: rates.collect(), noise }
    }
}
