//! Writes `SIMULATION.md`: `cargo run -p timberline-benches --example simulation > benches/SIMULATION.md`.

#![expect(clippy::print_stdout, reason = "what it prints is the document")]
#![expect(clippy::cast_possible_truncation, reason = "numbers of archives are small")]

use timberline_benches::simulation::{Found, Noise, Planted, SIZES, false_alarms, planted};

const SEED: u64 = 0x7169_6d62_6572_6c6e;

fn main() {
    // A factor: 0.1 for a quick look.
    let n = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1.0);
    println!("{HEAD}");
    alarms((500.0 * n) as u64);
    changes((50.0 * n) as u64);
}

const HEAD: &str = "\
# How well changes are found

Services of 12 revisions are simulated, two instances each for 20 to 300 minutes per revision, with 25 patterns that do not change,
rare to frequent, single lines to bursts of fifty; one revision in most is not covered. The program's own tests (`diff` and `regressions` of `timberline-analysis`)
look at the minutes. The seed is fixed; this page is what the command prints:

```sh
cargo run -p timberline-benches --example simulation > benches/SIMULATION.md
```

`benches/tests/simulation.rs` holds a small version of it to limits, and finds the same through ingested archives.

## Nothing changes

Stated is a false discovery rate of 5 %, which here is the share of archives with any alarm: all of them are false. At most 6 %
(1.2 times as much) is what we allow. `p ≤ 0.05` is the share of single tests of `diff` before the control of many tests.
";

fn alarms(n: u64) {
    println!("| lines come | archives | any alarm in `regressions` | any alarm in `diff` | `p ≤ 0.05` |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for (idx, (name, noise)) in NOISE.iter().enumerate() {
        let alarms = false_alarms(n, *noise, SEED + idx as u64);
        println!(
            "| {name} | {n} | {} | {} | {} |",
            percent(alarms.in_regressions, n),
            percent(alarms.in_diff, n),
            percent(alarms.n_small, alarms.n_tests)
        );
    }
}

const NOISE: [(&str, Noise); 7] = [
    ("one at a time", Noise::Single),
    ("in bursts of 5 within a minute", Noise::Bursts(5.0)),
    ("in bursts of 50", Noise::Bursts(50.0)),
    ("at a rate that differs by the minute (Gamma, shape 1)", Noise::Mixed(1.0)),
    ("the same, 1,000 a minute (shape 0.7)", Noise::Mixed(0.7)),
    ("in storms that last 2 minutes on average", Noise::Storms(2.0)),
    ("in storms of 5 minutes", Noise::Storms(5.0)),
];

const KINDS: [(&str, Planted); 7] = [
    ("new pattern", Planted::New),
    ("new value in an old pattern", Planted::NewValue),
    ("× 2", Planted::Times(2.0)),
    ("× 5", Planted::Times(5.0)),
    ("× 20", Planted::Times(20.0)),
    ("resolved", Planted::Resolved),
    ("came back", Planted::CameBack),
];

fn changes(n: u64) {
    println!(
        "\n## One thing changes\n\nBy how common the pattern is where it is present (before the change, where it multiplies). *Found* is the recall of"
    );
    println!(
        "`regressions`; *place* and *candidates* are the parts of those found with the right revision named first and among the"
    );
    println!(
        "candidates, whose mean number follows. *diff* is the recall of comparing the revision with the one before. In one minute of 200,\na pattern is seen about once per revision, and no method could place it.\n"
    );
    println!("| planted | in | found | state | place | candidates | their number | diff |");
    println!("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    let (mut all, mut by_kind) = (Found::default(), Vec::new());
    for (kind_idx, (kind, what)) in KINDS.iter().enumerate() {
        let mut sum = Found::default();
        for (size_idx, (size, rate)) in SIZES.iter().enumerate() {
            let found = planted(n, *what, *rate, SEED + 100 + 10 * kind_idx as u64 + size_idx as u64);
            println!(
                "| {kind} | {size} | {} | {} | {} | {} | {:.1} | {} |",
                percent(found.found, n),
                percent(found.in_state, found.found),
                percent(found.at_revision, found.found),
                percent(found.in_candidates, found.found),
                found.n_candidates as f64 / found.found.max(1) as f64,
                percent(found.found_by_diff, n)
            );
            sum.add(&found);
        }
        by_kind.push((*kind, sum));
        all.add(&sum);
    }
    println!("\n## Precision\n\nChanges that were planted, among all that were reported.\n");
    println!("| planted | `regressions` | `diff` |\n| --- | ---: | ---: |");
    for (kind, found) in by_kind.iter().copied().chain([("all", all)]) {
        println!(
            "| {kind} | {} | {} |",
            percent(found.found, found.found + found.false_changes),
            percent(found.found_by_diff, found.found_by_diff + found.false_by_diff)
        );
    }
}

fn percent(part: u64, total: u64) -> String {
    if total == 0 { "–".to_owned() } else { format!("{:.1} %", 100.0 * part as f64 / total as f64) }
}
