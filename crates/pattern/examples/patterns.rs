//! Prints the patterns of files of plain text, the most frequent first.
//!
//! ```text
//! cargo run --release -p timberline-pattern --example patterns -- FILE...
//! ```
//!
//! Columns: lines, shapes that were put together, template drawn on the first line that has it.

#![expect(clippy::print_stdout, reason = "an example prints its result")]

use std::collections::BTreeMap;
use timberline_pattern::mask::Masker;
use timberline_pattern::merge::merge;
use timberline_pattern::shape::shape;
use timberline_pattern::template;

fn main() -> std::io::Result<()> {
    let mut text = String::new();
    for path in std::env::args().skip(1) {
        text.push_str(&String::from_utf8_lossy(&std::fs::read(path)?));
        text.push('\n');
    }
    let masker = Masker::standard();
    let mut holes = Vec::new();
    let mut shapes = BTreeMap::new();
    let mut counts: BTreeMap<_, (usize, &str)> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        masker.mask(line, &mut holes);
        let shape = shape(line, &holes);
        counts.entry(shape.fingerprint()).or_insert((0, line)).0 += 1;
        shapes.entry(shape.fingerprint()).or_insert(shape);
    }
    let merged = merge(shapes.values());
    let mut rows = Vec::new();
    for pattern in merged.templates() {
        let n_lines: usize = pattern.members().iter().map(|member| counts[member].0).sum();
        let founding = &shapes[&pattern.members()[0]];
        let line = counts[&founding.fingerprint()].1;
        masker.mask(line, &mut holes);
        rows.push((n_lines, pattern.n_witnesses(), template::of_merged(line, &holes, founding, &merged)));
    }
    rows.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.2.cmp(&b.2)));
    println!("{} lines, {} shapes, {} patterns", text.lines().count(), shapes.len(), rows.len());
    for (n_lines, n_shapes, template) in rows {
        println!("{n_lines:8} {n_shapes:4} {template}");
    }
    Ok(())
}
