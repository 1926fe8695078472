//! Sources read in parallel into sorted runs, within a memory budget.
//!
//! ```text
//! reader thread          worker threads                                    this thread
//! source ─► batches ─►   records ─► own rows ─► full? sort, spill   ─►   runs
//!                                └► tally, rejects                  ─►   sources
//! ```
//!
//! Batches are numbered, so that what is learned about a source does not depend on which worker was faster. Which rows are in
//! which run does, and merging makes up for it.

use super::facts::Tally;
use super::ledger;
use super::make::{RowMaker, RowRules};
use super::mended::Mended;
use super::runs::Run;
use super::{Options, Reporter};
use crate::catalog::{RejectRecord, SourceRecord};
use crate::columns::Column;
use crate::error::{Error, Result};
use crate::rows::{Place, RowSet};
use crate::storage::Storage;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use timberline_entry::input::{OpenOptions, Reader, SourceFacts, SourceSpec};
use timberline_entry::split::Batch;
use timberline_entry::{Refusal, Scratch, read};

/// What reading the sources gave.
pub(super) struct Read {
    pub(super) runs: Vec<Run>,
    pub(super) sources: Vec<Outcome>,
    pub(super) spilled: usize,
}

/// What became of a source.
pub(super) enum Outcome {
    Read { record: Box<SourceRecord>, rejects: Vec<RejectRecord>, mended: Mended, text_bytes: u64 },
    Refused(Refusal),
}

impl Outcome {
    fn rejects(&self) -> &[RejectRecord] {
        match self {
            Self::Read { rejects, .. } => rejects,
            Self::Refused(_) => &[],
        }
    }
}

struct Job {
    source: u32,
    number: u64,
    batch: Batch,
}

enum Event {
    Part {
        source: u32,
        number: u64,
        tally: Tally,
        rejects: Vec<RejectRecord>,
        mended: Mended,
    },
    /// Sorted rows of a worker.
    Run(Run),
    /// The rows that a worker had at the end.
    Rest(Box<RowSet>),
    Finished {
        source: u32,
        n_batches: u64,
        facts: Box<SourceFacts>,
    },
    Refused {
        source: u32,
        refusal: Refusal,
    },
    Failed(Error),
}

/// Reads all sources; `first_number` is the number of the first in the ingest's source table.
pub(super) fn read_all(
    storage: &dyn Storage,
    specs: &[SourceSpec],
    first_number: u32,
    options: &Options,
    rules: &RowRules,
    reporter: &dyn Reporter,
    stop: &AtomicBool,
) -> Result<Read> {
    let n_workers = options.threads.max(1);
    let budget = Budget::of(options.memory, n_workers);
    let (job_sender, jobs) = crossbeam_channel::bounded::<Job>(n_workers);
    let (event_sender, events) = crossbeam_channel::bounded::<Event>(n_workers);
    let has_spilled = &AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader_events = event_sender.clone();
        scope.spawn(move || {
            // Numbers are by path; the order of reading is that of the places, which compressed archives are read fastest in.
            let mut order: Vec<usize> = (0..specs.len()).collect();
            order.sort_by_key(|idx| specs[*idx].stored_at());
            for idx in order {
                let source = first_number + crate::rows::row_idx(idx);
                if !read_source(
                    &specs[idx],
                    source,
                    &options.open,
                    budget.batch,
                    &job_sender,
                    &reader_events,
                    reporter,
                ) {
                    return;
                }
            }
        });
        for _ in 0..n_workers {
            let (jobs, event_sender) = (jobs.clone(), event_sender.clone());
            scope.spawn(move || {
                let mut worker = Worker {
                    maker: RowMaker::new(rules.clone()),
                    scratch: Scratch::new(),
                    rows: RowSet::default(),
                    most: budget.run / n_workers,
                    storage,
                    has_spilled,
                };
                let send = |event| event_sender.send(event).is_ok();
                for job in jobs {
                    let part = worker.read_batch(&job);
                    drop(job);
                    if !send(part) || worker.is_full() && !send(worker.spill()) {
                        return;
                    }
                }
                send(worker.finish());
            });
        }
        drop((event_sender, jobs));
        // Leaving the scope with an error drops `events`; the threads then find nobody listening and end.
        let events = events;
        collect(storage, specs.len(), first_number, &events, stop)
    })
}

/// How the memory of an ingest is shared out; in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// Text of one batch. There is one in the reader's hands, and two per worker on the way with the rows made of them.
    batch: usize,
    /// Rows of all workers before they are sorted and spilled.
    run: usize,
    /// Rows of a segment before it is written. Sorting and writing them takes about as much again, and meanwhile the rows of
    /// the next are collected.
    pub(super) segment: usize,
}

/// Less would cut an archive into crumbs.
const MIN_ROWS_MEMORY: usize = 1 << 20;

impl Budget {
    pub(super) fn of(memory: usize, n_workers: usize) -> Self {
        let batch = (memory / (16 * (1 + 4 * n_workers))).clamp(64 << 10, 4 << 20);
        Self { batch, run: (memory / 5).max(MIN_ROWS_MEMORY), segment: (memory / 5).max(MIN_ROWS_MEMORY) }
    }
}

/// Sends a source's batches on; `false` when nobody listens any more.
fn read_source(
    spec: &SourceSpec,
    source: u32,
    open: &OpenOptions,
    batch_bytes: usize,
    jobs: &crossbeam_channel::Sender<Job>,
    events: &crossbeam_channel::Sender<Event>,
    reporter: &dyn Reporter,
) -> bool {
    reporter.source_started(&spec.path);
    let mut reader = match Reader::open(spec, open) {
        Ok(reader) => reader,
        Err(refusal) => return events.send(Event::Refused { source, refusal }).is_ok(),
    };
    let failed = |error: timberline_entry::input::Error| {
        Event::Failed(Error::Io { path: spec.path.clone(), source: std::io::Error::other(error) })
    };
    let mut number = 0;
    let mut reported = 0;
    loop {
        match reader.next_batch(batch_bytes) {
            Ok(Some(batch)) => {
                if jobs.send(Job { source, number, batch }).is_err() {
                    return false;
                }
                number += 1;
                let bytes = reader.bytes_read();
                reporter.bytes_read(bytes - reported);
                reported = bytes;
            }
            Ok(None) => break,
            Err(error) => return events.send(failed(error)).is_ok(),
        }
    }
    let event = match reader.finish() {
        Ok(facts) => {
            reporter.bytes_read(facts.bytes.saturating_sub(reported));
            Event::Finished { source, n_batches: number, facts: Box::new(facts) }
        }
        Err(error) => failed(error),
    };
    events.send(event).is_ok()
}

/// Makes rows of batches, and runs of rows.
struct Worker<'w> {
    maker: RowMaker,
    scratch: Scratch,
    rows: RowSet,
    /// Rows may take so many bytes.
    most: usize,
    storage: &'w dyn Storage,
    /// Some worker has spilled rows.
    has_spilled: &'w AtomicBool,
}

impl Worker<'_> {
    fn read_batch(&mut self, job: &Job) -> Event {
        let Self { maker, scratch, rows, .. } = self;
        let mut tally = Tally::default();
        let mut rejects = job.batch.rejects.clone();
        let mut before = job.batch.rejects.iter().peekable();
        let mut mended = Mended::default();
        mended.add_batch(&job.batch);
        tally.repaired += job.batch.repairs.len() as u64;
        for record in &job.batch.records {
            while let Some(reject) = before.next_if(|reject| reject.offset <= record.offset) {
                tally.reject(reject.reason);
            }
            match read(&job.batch, record, scratch) {
                Ok(normalised) => {
                    let (entry, time) = (&normalised.entry, normalised.timestamp);
                    tally.repaired += u64::from(!normalised.repairs.is_empty());
                    mended.add_entry(record, &normalised.repairs);
                    let (keys, cells, derived) = maker.make(entry, time);
                    tally.add(record.context, entry, cells.text(Column::Service), time);
                    rows.push(keys, &cells, derived, Place { source: job.source, line: record.line }, true);
                }
                Err(reject) => {
                    tally.reject(reject.reason);
                    rejects.push(reject);
                }
            }
        }
        before.for_each(|reject| tally.reject(reject.reason));
        let mut rejects: Vec<RejectRecord> = rejects.into_iter().map(ledger::listed).collect();
        ledger::keep_first(&mut rejects, ledger::MAX_LISTED);
        Event::Part { source: job.source, number: job.number, tally, rejects, mended }
    }

    fn is_full(&self) -> bool {
        self.rows.memory() >= self.most
    }

    fn spill(&mut self) -> Event {
        self.has_spilled.store(true, Ordering::Relaxed);
        Run::spill(&mut self.rows, self.storage).map_or_else(Event::Failed, Event::Run)
    }

    /// What is left stays in memory if it is all there is; else the merge has more use for the memory.
    fn finish(mut self) -> Event {
        if self.has_spilled.load(Ordering::Relaxed) && !self.rows.is_empty() {
            return self.spill();
        }
        Event::Rest(Box::new(self.rows))
    }
}

/// A source of which parts are still on the way.
#[derive(Default)]
struct Pending {
    /// Of the batches before `next`.
    tally: Tally,
    next: u64,
    /// Of batches that came before others which precede them.
    early: BTreeMap<u64, Tally>,
    mended: Mended,
    rejects: Vec<RejectRecord>,
    /// How many of them were left when they were last summed up.
    n_listed: usize,
    end: Option<(u64, Box<SourceFacts>)>,
}

/// So many rejects of a source may be waiting to be summed up.
const ROOM_FOR_REJECTS: usize = 4096;

impl Pending {
    fn add(&mut self, number: u64, tally: Tally, rejects: Vec<RejectRecord>) {
        self.early.insert(number, tally);
        while let Some(tally) = self.early.remove(&self.next) {
            self.tally.then(tally);
            self.next += 1;
        }
        self.rejects.extend(rejects);
        if self.rejects.len() > ROOM_FOR_REJECTS + 2 * self.n_listed {
            ledger::keep_first(&mut self.rejects, ledger::MAX_LISTED);
            self.n_listed = self.rejects.len();
        }
    }

    fn finish_if_complete(&mut self) -> Option<Outcome> {
        let n_batches = self.end.as_ref().map(|(n, _)| *n)?;
        if self.next < n_batches {
            return None;
        }
        let (_, facts) = self.end.take().expect("the end was just looked at");
        let record = std::mem::take(&mut self.tally).record(&facts);
        let mut rejects = std::mem::take(&mut self.rejects);
        for reject in &mut rejects {
            reject.source = record.key;
            // Not a single entry: what the file is instead helps more than that it is no JSON.
            if let Some(found) = facts.found_instead {
                reject.detail = format!("{}; it {found}", reject.detail);
            }
        }
        ledger::keep_first(&mut rejects, ledger::MAX_LISTED);
        rejects.sort_by_key(|reject| (reject.offset, reject.len));
        let (record, mended) = (Box::new(record), std::mem::take(&mut self.mended));
        Some(Outcome::Read { record, rejects, mended, text_bytes: facts.text_bytes })
    }
}

fn collect(
    storage: &dyn Storage,
    n_sources: usize,
    first_number: u32,
    events: &crossbeam_channel::Receiver<Event>,
    stop: &AtomicBool,
) -> Result<Read> {
    let mut pending: Vec<Pending> = (0..n_sources).map(|_| Pending::default()).collect();
    let mut outcomes: Vec<Option<Outcome>> = (0..n_sources).map(|_| None).collect();
    let mut runs = Vec::new();
    let mut rests = Vec::new();
    let mut n_listed = 0;
    for event in events {
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        let idx = match event {
            Event::Part { source, number, tally, rejects, mended } => {
                let idx = (source - first_number) as usize;
                pending[idx].mended.merge(&mended);
                pending[idx].add(number, tally, rejects);
                idx
            }
            Event::Run(run) => {
                runs.push(run);
                continue;
            }
            Event::Rest(rows) => {
                rests.push(*rows);
                continue;
            }
            Event::Finished { source, n_batches, facts } => {
                let idx = (source - first_number) as usize;
                pending[idx].end = Some((n_batches, facts));
                idx
            }
            Event::Refused { source, refusal } => {
                outcomes[(source - first_number) as usize] = Some(Outcome::Refused(refusal));
                continue;
            }
            Event::Failed(error) => return Err(error),
        };
        if let Some(outcome) = pending[idx].finish_if_complete() {
            n_listed += outcome.rejects().len();
            outcomes[idx] = Some(outcome);
            if n_listed > 2 * ledger::MAX_LEDGER {
                n_listed = shorten(outcomes.iter_mut().flatten());
            }
        }
    }
    rests.retain(|rows| !rows.is_empty());
    if !runs.is_empty() {
        // A worker may have come to its end before another spilled.
        for mut rows in std::mem::take(&mut rests) {
            runs.push(Run::spill(&mut rows, storage)?);
        }
    }
    let spilled = runs.len();
    runs.extend(rests.into_iter().map(Run::in_memory));
    shorten(outcomes.iter_mut().flatten());
    let sources = outcomes.into_iter().map(|outcome| outcome.expect("every source was finished or refused"));
    Ok(Read { runs, sources: sources.collect(), spilled })
}

/// Shortens the ledgers of all sources together and returns how many records are left.
fn shorten<'o>(outcomes: impl Iterator<Item = &'o mut Outcome>) -> usize {
    let ledgers = outcomes.filter_map(|outcome| match outcome {
        Outcome::Read { rejects, .. } => Some(rejects),
        Outcome::Refused(_) => None,
    });
    ledger::shorten(&mut ledgers.collect::<Vec<_>>(), ledger::MAX_LEDGER)
}
