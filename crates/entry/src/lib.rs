//! What a log entry is, and how every dump dialect is read into one.
//!
//! ```text
//! bytes ──input──► text ──split──► documents ──dialect──► LogEntry (a view of JSON by root field) | Reject
//! ```
//!
//! This crate knows no archive, no index and no query; it turns bytes that people exported into entries that
//! mean the same whatever wrote them, and says what it could not read.

pub mod dialect;
mod evidence;
mod fold;
pub mod input;
mod instance;
mod join;
pub mod json;
mod log_entry;
mod message;
mod origin_rules;
mod reject;
mod resource;
mod severity;
pub mod split;
mod timestamp;

pub use dialect::{Normalised, Repair, RepairKind, Repairs, Scratch, read, unmojibake};
pub use evidence::{AskedWindow, Evidence, Said, Shard, SinkHour, sink_hour};
pub use fold::fold;
pub use instance::{INSTANCE_LABEL, instance, instance_of_labels};
pub use join::join;
pub use log_entry::{Field, LogEntry};
pub use message::{AUDIT_LOG, MESSAGE_FIELDS, message};
pub use origin_rules::{BadPath, OriginRules};
pub use reject::{Refusal, Reject, RejectReason};
pub use resource::{Origin, origin};
pub use severity::Severity;
pub use timestamp::{Timestamp, Zone};
