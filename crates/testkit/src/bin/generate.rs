//! Writes the sample exports, or a corpus for benchmarks.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use timberline_testkit::generate::corpus::{self, Form};
use timberline_testkit::generate::service::MAX_SERVICES;
use timberline_testkit::generate::{Config, START_US, samples};

/// Generates log exports of an invented Cloud Run project.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Writes the sample exports that are committed with the project
    Samples {
        /// Where to; `exports/` and `truth.json` in it are replaced
        folder: PathBuf,
    },
    /// Writes a corpus for benchmarks
    Corpus(CorpusArguments),
}

#[derive(Debug, clap::Args)]
struct CorpusArguments {
    /// Where to; `exports/` and `truth.json` are written in it
    folder: PathBuf,
    /// How many entries to make
    #[arg(long, default_value_t = 1_000_000)]
    entries: u64,
    /// Days, services and revisions in one word
    #[arg(long, value_enum, default_value = "dense")]
    preset: Preset,
    /// How many days they are spread over
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: Option<u32>,
    /// How many services there are, at most eight
    #[arg(long)]
    services: Option<usize>,
    /// How many revisions they have together
    #[arg(long)]
    revisions: Option<usize>,
    /// Everything random follows from this number
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What the files look like
    #[arg(long, value_enum, default_value = "ndjson")]
    form: FormArgument,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Preset {
    /// 14 days, 5 services, 90 revisions
    Dense,
    /// 180 days, 5 services, 940 revisions
    Sparse,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormArgument {
    /// Pretty-printed arrays of 5000 entries, newest first, overlapping, some cut
    Array,
    /// One file a day, one entry a line
    Ndjson,
    /// The same, compressed
    Zstd,
    /// One file for each log and hour, in the folders of a sink
    Sink,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when this fails too.
            writeln!(io::stderr(), "error: {error}").unwrap_or_default();
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> io::Result<()> {
    match &arguments.command {
        Command::Samples { folder } => {
            let exports = folder.join("exports");
            if exports.try_exists()? {
                std::fs::remove_dir_all(&exports)?;
            }
            let samples = samples::write(folder)?;
            let n_bytes: usize = samples.files.iter().map(|file| file.bytes.len()).sum();
            writeln!(
                io::stdout(),
                "{} files, {n_bytes} bytes, {} entries read",
                samples.files.len(),
                samples.truth["read"]
            )
        }
        Command::Corpus(asked) => {
            let config = config(asked);
            let form = match asked.form {
                FormArgument::Array => Form::Array,
                FormArgument::Ndjson => Form::Ndjson,
                FormArgument::Zstd => Form::Zstd,
                FormArgument::Sink => Form::Sink,
            };
            let written = corpus::write(&asked.folder, &config, form)?;
            writeln!(
                io::stdout(),
                "{} files, {} bytes, {} entries read, {} distinct",
                written.n_files,
                written.n_bytes,
                written.n_read,
                written.truth["entries"]
            )
        }
    }
}

fn config(asked: &CorpusArguments) -> Config {
    let preset = match asked.preset {
        Preset::Dense => Config::dense(asked.seed, asked.entries),
        Preset::Sparse => Config::sparse(asked.seed, asked.entries),
    };
    let n_services = asked.services.unwrap_or(preset.n_services).clamp(1, MAX_SERVICES);
    Config {
        seed: asked.seed,
        start_us: START_US,
        n_days: asked.days.unwrap_or(preset.n_days),
        n_entries: asked.entries,
        n_services,
        n_revisions: asked.revisions.unwrap_or(preset.n_revisions).max(n_services),
    }
}
