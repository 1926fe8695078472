//! A simulation of changes that are known, to measure how well they are found. Benchmarks live in `benches/`.

pub mod simulation;
