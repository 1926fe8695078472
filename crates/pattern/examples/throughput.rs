//! Measures lines per second on files of plain text or JSON: masking with hashing, and the search for traces.
//!
//! ```text
//! cargo run --release -p timberline-pattern --example throughput -- FILE...
//! ```
//!
//! Every line of a file is a message. Each measurement repeats until two seconds have passed and takes the best round.

#![expect(clippy::print_stdout, reason = "an example prints its result")]

use std::hint::black_box;
use std::time::{Duration, Instant};
use timberline_pattern::mask::Masker;
use timberline_pattern::shape::fingerprint;
use timberline_pattern::trace::find;

fn main() -> std::io::Result<()> {
    let mut text = String::new();
    for path in std::env::args().skip(1) {
        text.push_str(&String::from_utf8_lossy(&std::fs::read(path)?));
        text.push('\n');
    }
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        println!("no lines; give files to read");
        return Ok(());
    }
    println!("{} lines, {} bytes", lines.len(), text.len());

    let masker = Masker::standard();
    let mut holes = Vec::new();
    measure("mask", &lines, |line| {
        masker.mask(line, &mut holes);
        holes.len() as u64
    });
    let mut holes = Vec::new();
    measure("mask and fingerprint", &lines, |line| {
        masker.mask(line, &mut holes);
        fingerprint(line, &holes).0
    });
    measure("search for traces", &lines, |line| find(line).len() as u64);
    Ok(())
}

fn measure(name: &str, lines: &[&str], mut work: impl FnMut(&str) -> u64) {
    let begun = Instant::now();
    let mut best = Duration::MAX;
    while begun.elapsed() < Duration::from_secs(2) {
        let round = Instant::now();
        for line in lines {
            black_box(work(black_box(line)));
        }
        best = best.min(round.elapsed());
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let (n_lines, n_bytes) = (lines.len() as f64, lines.iter().map(|line| line.len()).sum::<usize>() as f64);
    let seconds = best.as_secs_f64();
    println!("{name}: {:.0} lines/s, {:.0} MB/s", n_lines / seconds, n_bytes / seconds / 1e6);
}
