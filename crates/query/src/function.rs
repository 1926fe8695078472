//! The functions of the language, checked.
//!
//! Source: Logging query language, edition of 2024-05-15, "Functions" and "SEARCH function".

use crate::ast::Op;
use crate::filter::Operand;
use crate::needle::Needle;
use crate::network::Network;
use crate::path::{FieldPath, Path};
use crate::regex::Regex;
use crate::schema::{FieldType, root_type};
use crate::tokens::SearchQuery;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use timberline_entry::Field;

/// A function that answers yes or no.
#[derive(Clone, Debug, PartialEq)]
pub enum Function {
    /// `log_id(ID)`: the decoded part of the log's name behind `/logs/` is ID, ignoring case.
    LogId {
        /// The id, decoded.
        id: Needle,
        /// The id as it was written.
        text: String,
    },
    /// `source(RESOURCE)`: the part of the log's name before `/logs/` is RESOURCE, ignoring case.
    Source {
        /// The resource.
        resource: Needle,
        /// The resource as it was written.
        text: String,
    },
    /// `sample(FIELD, FRACTION)`: the hash of the field's value lies in the first FRACTION of all hashes.
    Sample {
        /// Whose value is hashed.
        field: FieldPath,
        /// Above 0, at most 1.
        fraction: f64,
        /// The fraction as it was written.
        text: String,
    },
    /// `ip_in_net(FIELD, NETWORK)`: the field holds an address or a range inside the network.
    IpInNet {
        /// Where the address stands.
        field: FieldPath,
        /// The network.
        network: Network,
        /// The network as it was written.
        text: String,
    },
    /// `SEARCH(QUERY)`, `SEARCH(FIELD, QUERY)`: whole words.
    Search(Search),
    /// `cast` and `regexp_extract` on the left of a comparison.
    Computed {
        /// The left-hand side.
        left: Scalar,
        /// The comparator.
        op: Op,
        /// The value in the type of the left-hand side.
        value: Operand,
        /// The value as it was meant.
        text: String,
    },
}

/// A search for whole words.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// Where to look; everywhere when `None`, each word possibly in another field.
    pub field: Option<FieldPath>,
    /// What to look for.
    pub query: SearchQuery,
}

/// A value computed from a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// The field itself.
    Field(FieldPath),
    /// `cast(VALUE, TYPE)`, possibly in a time zone.
    Cast {
        /// What is converted.
        of: Box<Self>,
        /// To which type.
        to: CastType,
        /// The zone of timestamps written or read without one; UTC when `None`.
        zone: Option<Zone>,
    },
    /// `regexp_extract(VALUE, PATTERN)`: what the only group captured in the first match.
    Extract {
        /// Where to look.
        of: Box<Self>,
        /// The pattern.
        regex: Regex,
    },
}

/// The types that `cast` converts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the type of its name")]
pub enum CastType {
    String,
    Int64,
    Float64,
    Bool,
    Timestamp,
    Duration,
}

/// A time zone by the name it was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    /// The name as it was written.
    pub name: String,
    /// Its rules.
    pub rules: TimeZone,
}

impl CastType {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::String, Self::Int64, Self::Float64, Self::Bool, Self::Timestamp, Self::Duration];

    /// Returns the name in a filter.
    pub const fn name(self) -> &'static str {
        match self {
            Self::String => "STRING",
            Self::Int64 => "INT64",
            Self::Float64 => "FLOAT64",
            Self::Bool => "BOOL",
            Self::Timestamp => "TIMESTAMP",
            Self::Duration => "DURATION",
        }
    }
}

impl Scalar {
    /// Returns the type of the value.
    pub const fn cast_type(&self) -> CastType {
        match self {
            Self::Cast { to, .. } => *to,
            Self::Field(_) | Self::Extract { .. } => CastType::String,
        }
    }

    /// Returns the field it is computed from.
    pub fn field(&self) -> &FieldPath {
        match self {
            Self::Field(field) => field,
            Self::Cast { of, .. } | Self::Extract { of, .. } => of.field(),
        }
    }
}

impl Function {
    /// Says whether the value of the leaf under `root` at `keys` can decide the function. One-sided, as
    /// [`Test::touches`](crate::Test::touches).
    pub fn touches(&self, root: Field, keys: &[&str]) -> bool {
        match self.field() {
            Some(FieldPath::Entry(path)) => path.touches(root, keys),
            Some(FieldPath::Derived(field)) => field.roots_read().contains(&root),
            None => match self {
                Self::Search(_) => holds_text(root),
                _ => root == Field::LogName,
            },
        }
    }

    pub(crate) fn roots_read(&self) -> BTreeSet<Field> {
        match self.field() {
            Some(FieldPath::Entry(Path { root, .. })) => BTreeSet::from([*root]),
            Some(FieldPath::Derived(field)) => field.roots_read().iter().copied().collect(),
            None => match self {
                Self::Search(_) => Field::ALL.into_iter().filter(|root| holds_text(*root)).collect(),
                _ => BTreeSet::from([Field::LogName]),
            },
        }
    }

    /// Returns the field it reads; `None` for the log's name and for a search everywhere.
    pub fn field(&self) -> Option<&FieldPath> {
        match self {
            Self::LogId { .. } | Self::Source { .. } => None,
            Self::Sample { field, .. } | Self::IpInNet { field, .. } => Some(field),
            Self::Search(search) => search.field.as_ref(),
            Self::Computed { left, .. } => Some(left.field()),
        }
    }
}

/// Says whether a field has text that `SEARCH` looks at.
fn holds_text(root: Field) -> bool {
    !matches!(root_type(root), FieldType::Timestamp | FieldType::Severity | FieldType::Bool)
}
