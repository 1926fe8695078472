//! Measures how fast given exports are split, and split and read, on one core.
//!
//! `cargo run --release -p timberline-entry --example reading_speed -- FILE…`
//!
//! Give files that are in the page cache already; the second of two runs is the one to look at.
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::time::{Duration, Instant};
use timberline_entry::dialect::{Scratch, read};
use timberline_entry::input::{OpenOptions, Reader, discover};

/// Text per batch.
const BUDGET: usize = 1 << 20;

fn main() {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let (sources, refused) = discover(&paths);
    for refusal in refused {
        println!("{refusal}");
    }
    for spec in sources {
        let mut reader = match Reader::open(&spec, &OpenOptions::default()) {
            Ok(reader) => reader,
            Err(refusal) => {
                println!("{refusal}");
                continue;
            }
        };
        let (mut splitting, mut reading) = (Duration::ZERO, Duration::ZERO);
        let (mut n_entries, mut n_rejects) = (0_u64, 0_u64);
        let mut scratch = Scratch::new();
        loop {
            let start = Instant::now();
            let batch = reader.next_batch(BUDGET).expect("the file can be read");
            splitting += start.elapsed();
            let Some(batch) = batch else { break };
            let start = Instant::now();
            n_rejects += batch.rejects.len() as u64;
            for record in &batch.records {
                match read(&batch, record, &mut scratch) {
                    Ok(_) => n_entries += 1,
                    Err(_) => n_rejects += 1,
                }
            }
            reading += start.elapsed();
        }
        let facts = reader.finish().expect("the file can be read");
        let speed = |time: Duration| {
            let bytes = u32::try_from(facts.text_bytes / 1000).map_or(f64::MAX, f64::from);
            bytes / 1000.0 / time.as_secs_f64()
        };
        println!(
            "{}: {n_entries} entries, {n_rejects} rejects, {} bytes of text; split {:.0} MB/s, read {:.0} MB/s, both {:.0} MB/s",
            spec.path,
            facts.text_bytes,
            speed(splitting),
            speed(reading),
            speed(splitting + reading),
        );
    }
}
