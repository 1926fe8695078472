//! The columns of an entry: what of a `LogEntry` becomes a column, and how the entry is put together again.
//!
//! ```text
//! LogEntry ──split──► cells, one per column ──► RowSet (memory) ──► Parquet
//!    ▲                                                               │
//!    └────────parse◄──compose (JSON text)◄────cells◄─────────────────┘
//! ```
//!
//! Losslessness has one mechanism: whatever a column cannot give back exactly (an unusual spelling of a time, a number
//! where a string belongs, a member nobody defined) stays as JSON in the column `rest`, and `compose` lets `rest` win.

mod compose;
mod http;
mod split;

pub use compose::{ComposeError, compose};
pub(crate) use split::{Keys, Splitter, identity_of};

use timberline_entry::Field;

/// A column of the physical schema, `timestamp` and the columns about provenance aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "FORMAT.md describes each; the name is the field it holds")]
#[repr(u8)]
pub enum Column {
    LogName,
    Service,
    Revision,
    Resource,
    Labels,
    Severity,
    ReceiveTimestamp,
    InsertId,
    Trace,
    SpanId,
    TraceSampled,
    HttpMethod,
    HttpUrl,
    HttpStatus,
    HttpLatencyNs,
    HttpRequestSize,
    HttpResponseSize,
    HttpRemoteIp,
    HttpServerIp,
    HttpUserAgent,
    HttpReferer,
    HttpProtocol,
    HttpRest,
    TextPayload,
    JsonPayload,
    ProtoPayload,
    Rest,
}

/// The number of columns.
pub(crate) const N_COLUMNS: usize = 27;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text with few distinct values.
    Repeated,
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// Nanoseconds since the Unix epoch.
    Time,
    /// True or false.
    Bool,
}

impl Column {
    /// All columns in schema order.
    pub const ALL: [Self; N_COLUMNS] = [
        Self::LogName,
        Self::Service,
        Self::Revision,
        Self::Resource,
        Self::Labels,
        Self::Severity,
        Self::ReceiveTimestamp,
        Self::InsertId,
        Self::Trace,
        Self::SpanId,
        Self::TraceSampled,
        Self::HttpMethod,
        Self::HttpUrl,
        Self::HttpStatus,
        Self::HttpLatencyNs,
        Self::HttpRequestSize,
        Self::HttpResponseSize,
        Self::HttpRemoteIp,
        Self::HttpServerIp,
        Self::HttpUserAgent,
        Self::HttpReferer,
        Self::HttpProtocol,
        Self::HttpRest,
        Self::TextPayload,
        Self::JsonPayload,
        Self::ProtoPayload,
        Self::Rest,
    ];

    /// Returns the columns that a field of the entry is put together from. `rest` can hold any field.
    pub const fn of_field(field: Field) -> &'static [Self] {
        match field {
            Field::LogName => &[Self::LogName, Self::Rest],
            Field::Resource => &[Self::Resource, Self::Rest],
            Field::Labels => &[Self::Labels, Self::Rest],
            Field::Severity => &[Self::Severity, Self::Rest],
            Field::ReceiveTimestamp => &[Self::ReceiveTimestamp, Self::Rest],
            Field::InsertId => &[Self::InsertId, Self::Rest],
            Field::Trace => &[Self::Trace, Self::Rest],
            Field::SpanId => &[Self::SpanId, Self::Rest],
            Field::TraceSampled => &[Self::TraceSampled, Self::Rest],
            Field::TextPayload => &[Self::TextPayload, Self::Rest],
            Field::JsonPayload => &[Self::JsonPayload, Self::Rest],
            Field::ProtoPayload => &[Self::ProtoPayload, Self::Rest],
            Field::HttpRequest => &[
                Self::HttpMethod,
                Self::HttpUrl,
                Self::HttpStatus,
                Self::HttpLatencyNs,
                Self::HttpRequestSize,
                Self::HttpResponseSize,
                Self::HttpRemoteIp,
                Self::HttpServerIp,
                Self::HttpUserAgent,
                Self::HttpReferer,
                Self::HttpProtocol,
                Self::HttpRest,
                Self::Rest,
            ],
            Field::Timestamp
            | Field::Metadata
            | Field::Operation
            | Field::SourceLocation
            | Field::Split
            | Field::ErrorGroups
            | Field::Apphub
            | Field::ApphubDestination
            | Field::ApphubSource
            | Field::Otel => &[Self::Rest],
        }
    }

    /// Returns the column's name in the Parquet schema.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LogName => "log_name",
            Self::Service => "service",
            Self::Revision => "revision",
            Self::Resource => "resource",
            Self::Labels => "labels",
            Self::Severity => "severity",
            Self::ReceiveTimestamp => "receive_timestamp",
            Self::InsertId => "insert_id",
            Self::Trace => "trace",
            Self::SpanId => "span_id",
            Self::TraceSampled => "trace_sampled",
            Self::HttpMethod => "http_method",
            Self::HttpUrl => "http_url",
            Self::HttpStatus => "http_status",
            Self::HttpLatencyNs => "http_latency_ns",
            Self::HttpRequestSize => "http_request_size",
            Self::HttpResponseSize => "http_response_size",
            Self::HttpRemoteIp => "http_remote_ip",
            Self::HttpServerIp => "http_server_ip",
            Self::HttpUserAgent => "http_user_agent",
            Self::HttpReferer => "http_referer",
            Self::HttpProtocol => "http_protocol",
            Self::HttpRest => "http_rest",
            Self::TextPayload => "text_payload",
            Self::JsonPayload => "json_payload",
            Self::ProtoPayload => "proto_payload",
            Self::Rest => "rest",
        }
    }

    /// Returns what the column holds.
    pub const fn kind(self) -> ColumnKind {
        match self {
            Self::LogName
            | Self::Service
            | Self::Revision
            | Self::Resource
            | Self::Labels
            | Self::Severity
            | Self::HttpMethod
            | Self::HttpUserAgent
            | Self::HttpProtocol => ColumnKind::Repeated,
            Self::ReceiveTimestamp => ColumnKind::Time,
            Self::HttpStatus | Self::HttpLatencyNs | Self::HttpRequestSize | Self::HttpResponseSize => {
                ColumnKind::Integer
            }
            Self::TraceSampled => ColumnKind::Bool,
            Self::InsertId
            | Self::Trace
            | Self::SpanId
            | Self::HttpUrl
            | Self::HttpRemoteIp
            | Self::HttpServerIp
            | Self::HttpReferer
            | Self::HttpRest
            | Self::TextPayload
            | Self::JsonPayload
            | Self::ProtoPayload
            | Self::Rest => ColumnKind::Text,
        }
    }

    /// Says whether every row has a value.
    pub const fn is_required(self) -> bool {
        matches!(self, Self::Service | Self::Revision | Self::Severity)
    }
}

/// The value of one column in one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cell<'a> {
    /// No value.
    #[default]
    Null,
    /// Text, or JSON as text.
    Text(&'a str),
    /// A whole number, or nanoseconds.
    Int(i64),
    /// True or false.
    Bool(bool),
}

impl<'a> Cell<'a> {
    /// Returns the text, if the cell holds one.
    pub const fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the number, if the cell holds one.
    pub const fn int(self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(number),
            _ => None,
        }
    }
}

/// The cells of one row, by [`Column`].
#[derive(Clone, Copy, Debug)]
pub struct Cells<'a> {
    cells: [Cell<'a>; N_COLUMNS],
}

impl<'a> Cells<'a> {
    /// Returns a row without values.
    pub const fn empty() -> Self {
        Self { cells: [Cell::Null; N_COLUMNS] }
    }

    /// Returns the value of a column.
    pub const fn get(&self, column: Column) -> Cell<'a> {
        self.cells[column as usize]
    }

    /// Sets the value of a column.
    pub const fn set(&mut self, column: Column, cell: Cell<'a>) {
        self.cells[column as usize] = cell;
    }

    /// Returns the text of a column, empty when there is none.
    pub fn text(&self, column: Column) -> &'a str {
        self.get(column).text().unwrap_or_default()
    }
}
