//! Answers of an investigation: first seen, frequency, revisions, coverage, differences.
//!
//! ```text
//! Question (filter, grouping) ──search──► counts and ends per group ──► first_seen, frequency
//! source catalogue ──► evidence (what each service is covered for) ──► what the answers may claim, coverage
//! audit entries, system log, ring facts ──► revisions in order, deploys, restarts
//! ring facts, values, cube ──► patterns, exceptions and variants, with their course over time
//! rows ──► grid (minutes of streams, per pattern) ──► stats ──► diff ──► gate
//!                                                     └───────► regressions
//! ```
//!
//! Results are plain data; serialised, they are the JSON contracts. Nothing here reads Parquet or writes text.

mod asked_filter;
mod command;
mod completeness;
mod coverage;
mod diff;
mod evidence;
mod exposure;
mod first_seen;
mod frequency;
mod gate;
mod grid;
mod group;
pub mod issues;
mod memo;
mod merged;
mod occurrence;
mod overview;
mod patterns;
mod platform;
mod question;
pub mod redact;
mod regressions;
mod revisions;
mod samples;
mod tally;
mod together;
pub mod worklog;

pub mod stats;

pub use command::shell_word;
pub use completeness::{Completeness, Span};
pub use coverage::{CoverageAnswer, CoveredInterval, CutDump, Gap, ServiceCoverage, Silent, coverage_answer};
pub use diff::{
    BASE, Compared, DiffAnswer, DiffExposure, DiffQuestion, EntryRatio, Layers, PatternDiff, PatternSide,
    PatternStatus, Side, SideExposure, TARGET, compare, diff_answer,
};
pub use evidence::{Coverage, Evidence, Interval, Proof, Severities, Status};
pub use exposure::Exposure;
pub use first_seen::{FirstAnswer, FirstGroup, first_seen};
pub use frequency::{BucketCoverage, FrequencyAnswer, FrequencyGroup, Rate, frequency};
pub use gate::{DEFAULT_MAX_Q, Failing, GateAnswer, NotComparable, Verdict, gate_answer};
pub use grid::{Cell, Grid, GridBuilder, UnitValue, Variant};
pub use group::{GroupBy, GroupByError};
pub use occurrence::{Occurrence, SourcePlace};
pub use overview::{ArchiveBytes, Overview, ServiceOverview, overview};
pub use patterns::{
    ExceptionSummary, FrameLine, HoleSummary, InstanceCount, PatternDetail, PatternKind, PatternOrder,
    PatternSample, PatternSummary, PatternsAnswer, PatternsQuestion, RelatedPattern, RevisionCount,
    TrendAxis, ValueCount, VariantSummary, Vocabulary, pattern_detail, patterns_answer, period_seconds,
};
pub use question::{Asked, Investigation, Question};
pub use regressions::{
    Change, Changes, InRevision, Level, Order, RateSegment, Regression, RegressionsAnswer, State, Stopped,
    changes, regressions_answer,
};
pub use revisions::{
    Containers, Deploy, Deployed, GivenOrder, GivenOrderError, NewError, OrderRule, OtherDeploy, Overlap,
    Readiness, Resolution, Resolved, RevisionFacts, RevisionsAnswer, Unresolved, deploys_in_order,
    revisions_answer,
};
