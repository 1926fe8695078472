//! Every statistic against the shared reference values, to 10⁻⁹ relative.
//!
//! The reference lies beside the repository and is skipped with a note where it is absent; the unit tests of each
//! file carry a choice of the same values, so something is always checked.

use std::path::PathBuf;

use serde_json::Value;
use timberline_analysis::stats::cells;
use timberline_analysis::stats::change::{Series, one_change, segments};
use timberline_analysis::stats::conditional;
use timberline_analysis::stats::multiplicity::q_values;
use timberline_analysis::stats::observed::{Cells, Observed};
use timberline_analysis::stats::shrink::{RatioPosterior, RatioPrior, shrunk_ratio};
use timberline_analysis::stats::special::{Split, beta_tails, ln_poisson_term};

const TOLERANCE: f64 = 1e-9;

#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn reference() -> Option<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/design/stats_reference.json");
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(serde_json::from_str(&text).expect("the reference is JSON")),
        Err(error) => {
            println!("skipped: no reference values at {}: {error}", path.display());
            None
        }
    }
}

fn records<'a>(reference: &'a Value, section: &str) -> &'a [Value] {
    let records = reference[section].as_array().expect("each section is a list");
    assert!(!records.is_empty(), "{section} has records");
    records
}

fn number(record: &Value, name: &str) -> f64 {
    record[name].as_f64().unwrap_or_else(|| panic!("{name} of {record} is a number"))
}

fn numbers(record: &Value, name: &str) -> Vec<f64> {
    record[name].as_array().expect("a list").iter().map(|value| value.as_f64().expect("a number")).collect()
}

fn whole(record: &Value, name: &str) -> u64 {
    record[name].as_u64().expect("a whole number")
}

fn observed(record: &Value, count: &str, exposure: &str) -> Observed {
    Observed::new(number(record, count), number(record, exposure)).expect("a possible observation")
}

fn check(actual: f64, expected: f64, what: &str, record: &Value) {
    let is_close = (actual - expected).abs() <= TOLERANCE * expected.abs();
    assert!(is_close, "{what} is {actual:e}, not {expected:e}, for {record}");
}

#[test]
fn sections_are_the_known_ones() {
    // A new section in the reference must get a test here rather than go unnoticed.
    let Some(reference) = reference() else { return };
    let names: Vec<&str> = reference.as_object().expect("an object").keys().map(String::as_str).collect();
    let known = [
        "rate_ratio",
        "rate_ratio_noninteger_midp",
        "rate_ratio_null_rho",
        "cells",
        "betainc",
        "bh",
        "posterior_ratio",
        "shrunk_ratio",
        "change_point",
        "segments",
    ];
    assert_eq!(names, known);
}

#[test]
fn rate_ratios() {
    let Some(reference) = reference() else { return };
    for record in records(&reference, "rate_ratio") {
        let (new, base) = (observed(record, "x1", "E1"), observed(record, "x0", "E0"));
        let test = conditional::compare(new, base, conditional::EQUAL_RATES);
        check(test.p_greater, number(record, "p_greater"), "p_greater", record);
        check(test.p_less, number(record, "p_less"), "p_less", record);
        check(test.mid_p_greater, number(record, "midp_greater"), "mid-p greater", record);
        // In the extreme record the mid-p of the other side is 1 to the last digit.
        check(test.mid_p_less, number(record, "midp_less"), "mid-p less", record);
        check(
            conditional::mid_p_greater(new, base, conditional::EQUAL_RATES),
            test.mid_p_greater,
            "the shorter way",
            record,
        );
        let bounds = &record["ratio_ci95"];
        check(test.interval.lower, bounds[0].as_f64().expect("a number"), "lower bound", record);
        match bounds[1].as_f64() {
            Some(upper) => check(test.interval.upper, upper, "upper bound", record),
            None => assert_eq!(test.interval.upper, f64::INFINITY),
        }
        if let Some(expected) = record["etest_score_greater"].as_f64() {
            check(score_e_test(new, base), expected, "E-test", record);
        }
    }
}

#[test]
fn rate_ratios_of_real_counts_and_other_nulls() {
    let Some(reference) = reference() else { return };
    for record in records(&reference, "rate_ratio_noninteger_midp") {
        let test = conditional::compare(observed(record, "y1", "E1"), observed(record, "y0", "E0"), 1.0);
        check(test.mid_p_greater, number(record, "midp_greater"), "mid-p", record);
    }
    for record in records(&reference, "rate_ratio_null_rho") {
        let (new, base) = (observed(record, "x1", "E1"), observed(record, "x0", "E0"));
        let test = conditional::compare(new, base, number(record, "rho"));
        check(test.mid_p_greater, number(record, "midp_greater"), "mid-p", record);
    }
}

#[test]
fn cell_tables() {
    let Some(reference) = reference() else { return };
    for record in records(&reference, "cells") {
        let side =
            |seen, covered| Cells::new(whole(record, seen), whole(record, covered)).expect("possible cells");
        let test = cells::compare(side("k1", "n1"), side("k0", "n0"));
        check(test.p_greater, number(record, "p_greater"), "p_greater", record);
        check(test.mid_p_greater, number(record, "midp_greater"), "mid-p", record);
        check(test.min_attainable, number(record, "min_attainable"), "minimum", record);
    }
}

#[test]
fn incomplete_beta() {
    let Some(reference) = reference() else { return };
    for record in records(&reference, "betainc") {
        let tails =
            beta_tails(number(record, "a"), number(record, "b"), Split::of_share(number(record, "x")));
        check(tails.lower(), number(record, "I"), "I", record);
    }
}

#[test]
fn false_discovery_rate() {
    let Some(reference) = reference() else { return };
    let record = &reference["bh"];
    let (found, expected) = (q_values(&numbers(record, "p")), numbers(record, "q"));
    assert_eq!(found.len(), expected.len());
    for (q, expected) in found.into_iter().zip(expected) {
        check(q, expected, "q", record);
    }
}

#[test]
fn posteriors() {
    let Some(reference) = reference() else { return };
    for record in records(&reference, "posterior_ratio") {
        assert_eq!((number(record, "a"), number(record, "b")), (0.5, 0.0), "the prior is the built-in one");
        let posterior = RatioPosterior::of(observed(record, "x1", "E1"), observed(record, "x0", "E0"));
        check(posterior.p_above(number(record, "rho")), number(record, "p_ratio_above_rho"), "P", record);
        check(posterior.median(), number(record, "median"), "median", record);
        check(posterior.quantile(0.05), number(record, "q05"), "5 % quantile", record);
    }
    for record in records(&reference, "shrunk_ratio") {
        let prior = RatioPrior { alpha: number(record, "alpha"), beta: number(record, "beta") };
        let ratio = shrunk_ratio(number(record, "n"), number(record, "mu"), prior);
        check(ratio.mean(), number(record, "mean"), "mean", record);
        check(ratio.geometric_mean(), number(record, "geometric_mean"), "geometric mean", record);
        check(ratio.quantile(0.05), number(record, "q05"), "5 % quantile", record);
    }
}

#[test]
fn changes() {
    let Some(reference) = reference() else { return };
    for record in records(&reference, "change_point") {
        // The prior's b is a / (pooled rate), as built in.
        let (counts, exposures) = (numbers(record, "x"), numbers(record, "E"));
        let b = number(record, "a") * exposures.iter().sum::<f64>() / counts.iter().sum::<f64>();
        check(b, number(record, "b"), "b", record);
        let change = one_change(&series(&counts, &exposures));
        check(change.bayes_factor(), number(record, "bayes_factor"), "Bayes factor", record);
        for (name, found) in [("llr", &change.llr), ("posterior", &change.posterior)] {
            let expected = numbers(record, name);
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(expected) {
                check(*found, expected, name, record);
            }
        }
    }
    for record in records(&reference, "segments") {
        let series = series(&numbers(record, "x"), &numbers(record, "E"));
        check(segments::usual_penalty(&series), number(record, "penalty"), "penalty", record);
        let found = segments::segment(&series, number(record, "penalty"));
        let cuts: Vec<f64> = found.cuts.iter().map(|&cut| cut as f64).collect();
        assert_eq!(cuts, numbers(record, "cuts"), "cuts of {record}");
        check(found.total_cost, number(record, "total_cost"), "total cost", record);
    }
}

fn series(counts: &[f64], exposures: &[f64]) -> Series {
    let revisions: Vec<(f64, f64)> = counts.iter().copied().zip(exposures.iter().copied()).collect();
    Series::new(&revisions).expect("a possible series")
}

/// The rejected alternative, kept as a check that both tests speak of the same thing.
///
/// With both means at the pooled rate, the probability of all pairs of counts whose score statistic is at least the observed one.
fn score_e_test(new: Observed, base: Observed) -> f64 {
    let (e1, e0) = (new.exposure(), base.exposure());
    let score = |x1: f64, x0: f64| {
        if x1 + x0 == 0.0 { 0.0 } else { (x1 * e0 - x0 * e1) / ((x1 + x0) * e1 * e0).sqrt() }
    };
    // Pairs that tie with the observed one belong to the tail whatever the rounding.
    let observed_score = score(new.count(), base.count()) - 1e-9;
    let rate = (new.count() + base.count()) / (e1 + e0);
    let (mean1, mean0) = (rate * e1, rate * e0);
    let reach = |mean: f64| (mean + 12.0 * mean.sqrt() + 60.0).floor();
    let counts = |mean: f64| {
        std::iter::successors(Some(0.0), |x| Some(x + 1.0)).take_while(move |x| *x <= reach(mean))
    };
    let base_terms: Vec<(f64, f64)> =
        counts(mean0).map(|x0| (x0, ln_poisson_term(x0, mean0).exp())).collect();
    let mut p = 0.0;
    for x1 in counts(mean1) {
        let tail: f64 =
            base_terms.iter().filter(|(x0, _)| score(x1, *x0) >= observed_score).map(|term| term.1).sum();
        p += ln_poisson_term(x1, mean1).exp() * tail;
    }
    p
}
