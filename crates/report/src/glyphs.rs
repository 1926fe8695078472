//! Bars and sparklines made of characters, for terminals and for Markdown.
//!
//! ```text
//!             value, least to most   zero   not covered
//! Unicode     ▁▂▃▄▅▆▇█               ·      ░
//! ASCII       12345678               .      ?
//! ```
//!
//! What is not zero is never drawn as nothing: it gets at least the smallest mark.

use crate::document::{Sample, largest};
use crate::escape::Charset;

const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const LEVELS_ASCII: [char; 8] = ['1', '2', '3', '4', '5', '6', '7', '8'];
const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// How one sample stands out, from nothing to full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Covered, and nothing there.
    Zero,
    /// 1 (least) to 8 (full).
    Level(u8),
    /// The archive cannot speak for it.
    NotCovered,
}

/// Returns the step of a sample where `full` is step 8.
pub(crate) fn step(sample: Sample, full: f64) -> Step {
    match sample.value() {
        None => Step::NotCovered,
        Some(0.0) => Step::Zero,
        Some(value) => {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1..=8")]
            let level = (value / full * 8.0).ceil().clamp(1.0, 8.0) as u8;
            Step::Level(level)
        }
    }
}

/// Returns the mark of a step.
pub(crate) fn mark(step: Step, charset: Charset) -> char {
    match (step, charset) {
        (Step::Zero, Charset::Unicode) => '·',
        (Step::Zero, Charset::Ascii) => '.',
        (Step::NotCovered, Charset::Unicode) => '░',
        (Step::NotCovered, Charset::Ascii) => '?',
        (Step::Level(level), Charset::Unicode) => LEVELS[usize::from(level - 1)],
        (Step::Level(level), Charset::Ascii) => LEVELS_ASCII[usize::from(level - 1)],
    }
}

/// Returns one mark per sample, the largest sample full.
pub(crate) fn sparkline(samples: &[Sample], charset: Charset) -> String {
    let full = largest(samples);
    samples.iter().map(|&sample| mark(step(sample, full), charset)).collect()
}

/// Returns a bar of at most `width` characters; `fraction` outside 0 to 1 counts as the nearer end.
pub(crate) fn bar(fraction: f64, width: usize, charset: Charset) -> String {
    let fraction = if fraction.is_finite() { fraction.clamp(0.0, 1.0) } else { 0.0 };
    let parts = if charset == Charset::Unicode { 8 } else { 1 };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "between 0 and the width of a screen"
    )]
    let mut filled = (fraction * (width * parts) as f64).round() as usize;
    if fraction > 0.0 {
        filled = filled.max(1);
    }
    if charset == Charset::Ascii {
        return "#".repeat(filled);
    }
    let mut out = "█".repeat(filled / 8);
    if !filled.is_multiple_of(8) {
        out.push(EIGHTHS[filled % 8]);
    }
    out
}

/// Returns what the marks mean, with the value of a full one.
pub(crate) fn legend(full: Option<&str>, charset: Charset) -> String {
    let [zero, least, most, gap] =
        [Step::Zero, Step::Level(1), Step::Level(8), Step::NotCovered].map(|step| mark(step, charset));
    let full = full.map_or("the most in its row", |full| full);
    format!("{zero} zero, {least} to {most} up to {full}, {gap} not covered")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_states_look_different() {
        let samples = [
            Sample::Value(0.0),
            Sample::NotCovered,
            Sample::Value(0.001),
            Sample::Value(4.0),
            Sample::Value(8.0),
        ];
        assert_eq!(sparkline(&samples, Charset::Unicode), "·░▁▄█");
        assert_eq!(sparkline(&samples, Charset::Ascii), ".?148");
        assert_eq!(sparkline(&[Sample::Value(0.0), Sample::Value(f64::NAN)], Charset::Unicode), "·░");
    }

    #[test]
    fn bars_have_eighths_and_never_vanish() {
        fn check(fraction: f64, unicode: &str, ascii: &str) {
            assert_eq!(bar(fraction, 4, Charset::Unicode), unicode);
            assert_eq!(bar(fraction, 4, Charset::Ascii), ascii);
        }
        check(0.0, "", "");
        check(0.000_1, "▏", "#");
        check(0.5, "██", "##");
        check(0.53, "██▏", "##");
        check(1.0, "████", "####");
        check(7.0, "████", "####");
        check(f64::NAN, "", "");
    }
}
