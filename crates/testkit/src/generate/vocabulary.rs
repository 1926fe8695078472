//! The words of the invented project: hand-written messages, and the parts others are combined from.
//!
//! A `{name}` is filled in anew for every entry; see [`super::message::Hole`] for what each name stands for.

use super::entry::Severity::{self, Critical, Debug, Error, Info, Notice, Warning};

/// Messages somebody could have written, the common ones first.
pub(super) const HAND_WRITTEN: &[(Severity, &str)] = &[
    (Info, "request completed in {ms} ms with status {status}"),
    (Info, "order {order}: reserving stock for {small} items"),
    (Debug, "cache lookup key={word}:{hex8} hit={bool}"),
    (Info, "user {user} signed in from {ip}"),
    (Info, "fetched {n} rows from {table} in {ms} ms"),
    (Info, "stock reserved"),
    (Info, "payment {uuid} authorised for {money} EUR"),
    (Info, "session {hex8} refreshed, expires in {n} s"),
    (Warning, "slow query on {table}: {ms} ms (limit 250 ms)"),
    (Info, "published event {event} to topic {topic} partition {small}"),
    (Info, "consumed {n} messages from {topic}, lag {n}"),
    (Debug, "acquired connection {small} of 20 from pool {pool}"),
    (Info, "GET {path} -> {status} ({ms} ms)"),
    (Info, "POST {path} -> {status} ({ms} ms)"),
    (Warning, "retrying {event} after {ms} ms, attempt {small} of 5"),
    (Info, "email queued for {email}, template {word}, locale {locale}"),
    (Info, "invoice {order} rendered to gs://timber-demo-invoices/{path}.pdf ({n} bytes)"),
    (Error, "could not charge order {order}: card_declined ({code})"),
    (Info, "health check passed: database={ms}ms cache={ms}ms queue={ms}ms"),
    (Warning, "rate limit near for client {user}: {n} of 1000 requests this minute"),
    (Info, "feature flag {word}.{word} evaluated to {bool} for tenant {n}"),
    (Debug, "serialised response of {n} bytes for {path}"),
    (Info, "webhook {uuid} delivered to {host} in {ms} ms"),
    (Warning, "webhook {uuid} not delivered to {host}: HTTP {status}, next attempt in {n} s"),
    (Error, "connection to {host}:{port} refused after {small} attempts"),
    (Info, "search for \"{word} {word}\" returned {n} results in {ms} ms"),
    (Info, "prices refreshed for {n} products, {small} changed"),
    (Warning, "token for {user} expires in {small} minutes and cannot be refreshed"),
    (Info, "scheduled job {word}-cleanup finished: removed {n} records"),
    (Notice, "configuration reloaded: {small} keys changed, revision {hex8}"),
    (Error, "deadlock detected while updating {table}, transaction {hex8} rolled back"),
    (Info, "uploaded {path} to bucket timber-demo-assets ({n} bytes, {ms} ms)"),
    (Warning, "discarding event {uuid}: schema version {small} is not supported"),
    (Info, "exchange rate EUR/USD updated to {ratio}"),
    (Error, "invalid signature on webhook from {ip}"),
    (Info, "reindexed {n} documents of collection {word} in {ms} ms"),
    (Debug, "span {hex16} closed with {small} children"),
    (Warning, "payload of {n} bytes exceeds the soft limit for {event}"),
    (Critical, "ledger out of balance by {money} EUR on account {n}"),
    (Info, "customer {user} opted into {word} messages"),
    (Info, "label created for parcel {order}, carrier {carrier}, {ratio} kg"),
    (Warning, "clock skew of {ms} ms against {host}"),
    (Info, "TLS certificate of {host} is valid for {n} more days"),
    (Error, "template {word} has no translation for locale {locale}"),
    (Info, "garbage collection took {ms} ms, heap {n} MB"),
    (Info, "größere Bestellung {order}: {n} Positionen, Prüfung läuft"),
    (Info, "🪵 audit trail rotated, {n} records kept"),
    (Warning, "unexpected field `{word}` in request body of {path}"),
    (Error, "upstream {host} answered 502 for {path}"),
    (Info, "worker {small} idle for {n} s, going to sleep"),
    (Info, "leader election: this instance is {word} for term {n}"),
    (Warning, "queue {topic} holds {n} messages, oldest {n} s"),
    (Debug, "SELECT id, state FROM {table} WHERE id = {n} -- {ms} ms"),
    (Info, "password reset requested for {email}"),
    (Error, "could not parse response of {host}: expected value at line {small} column {n}"),
    (Info, "cart {uuid} merged into {uuid}"),
    (Info, "refund {uuid} of {money} EUR accepted by {carrier}"),
    (Warning, "deprecated endpoint {path} called by {user}"),
    (Error, "no space left on device while writing /tmp/{hex8}.part"),
    (Info, "device token {hex16} registered for user {n}"),
    (Info, "snapshot {n} of {table} written, {n} rows"),
    (Warning, "circuit breaker for {host} half open after {n} s"),
    (Notice, "maintenance window of {word} announced for {date}"),
    (Critical, "out of memory while decoding image {path}"),
];

/// What speaks.
pub(super) const COMPONENTS: &[&str] = &[
    "scheduler",
    "pool",
    "router",
    "cache",
    "gateway",
    "consumer",
    "publisher",
    "validator",
    "renderer",
    "resolver",
    "migrator",
    "archiver",
    "limiter",
    "sampler",
    "exporter",
    "importer",
    "tokenizer",
    "balancer",
    "watcher",
    "signer",
    "planner",
    "mapper",
    "throttle",
    "registry",
    "session store",
    "price engine",
    "tax table",
    "address book",
    "mail relay",
    "job runner",
];

/// What it does.
pub(super) const ACTIONS: &[&str] = &[
    "opened",
    "closed",
    "skipped",
    "merged",
    "split",
    "loaded",
    "stored",
    "evicted",
    "verified",
    "rejected",
    "scheduled",
    "cancelled",
    "copied",
    "compressed",
    "resumed",
    "paused",
    "renamed",
    "locked",
    "released",
    "expired",
    "replayed",
    "flushed",
];

/// To what.
pub(super) const OBJECTS: &[&str] = &[
    "batch {n}",
    "lease {hex8}",
    "shard {small}",
    "document {order}",
    "bundle {uuid}",
    "voucher {hex8}",
    "report {date}",
    "segment {n}",
    "record of {table}",
    "subscription {uuid}",
    "window {n}",
    "snapshot {hex8}",
    "address {ip}",
    "attachment {path}",
    "rule {word}",
    "cursor {hex16}",
    "quota of {user}",
    "channel {topic}",
    "profile {user}",
    "envelope {n}",
    "partition {small}",
    "draft {order}",
];

/// With what outcome, and how bad that is.
pub(super) const OUTCOMES: &[(Severity, &str)] = &[
    (Info, ""),
    (Info, " in {ms} ms"),
    (Info, " ({n} bytes)"),
    (Debug, " for tenant {n}"),
    (Info, " on behalf of {user}"),
    (Warning, " after {small} attempts"),
    (Info, " from {host}"),
    (Warning, " later than planned by {ms} ms"),
    (Debug, " key={hex8} shared={bool}"),
    (Error, " but the checksum differs: {hex8}"),
    (Info, " with {small} warnings left"),
    (Warning, " although {word} is disabled"),
];

/// Values of `{word}`.
pub(super) const WORDS: &[&str] = &[
    "amber", "birch", "cedar", "dogwood", "elder", "fir", "gingko", "hazel", "ivy", "juniper", "larch",
    "maple", "oak", "pine", "rowan", "spruce", "teak", "walnut", "willow", "yew", "checkout", "primary",
    "fallback", "leader", "standby", "welcome", "receipt", "reminder",
];

/// Values of `{table}`.
pub(super) const TABLES: &[&str] = &[
    "orders",
    "order_lines",
    "customers",
    "ledger_entries",
    "stock_levels",
    "sessions",
    "outbox",
    "price_lists",
    "devices",
];

/// Values of `{topic}`.
pub(super) const TOPICS: &[&str] =
    &["orders.created", "orders.paid", "stock.moved", "mail.queued", "ledger.posted", "catalog.changed"];

/// Values of `{event}`.
pub(super) const EVENTS: &[&str] = &[
    "OrderCreated",
    "OrderPaid",
    "StockMoved",
    "MailQueued",
    "LedgerPosted",
    "CartAbandoned",
    "PriceChanged",
];

/// Values of `{host}`.
pub(super) const HOSTS: &[&str] = &[
    "inventory.internal",
    "ledger.internal",
    "mail-relay.internal",
    "redis-0.cache.internal",
    "db-primary.internal",
    "api.carrier.example",
    "hooks.partner.example",
    "rates.bank.example",
];

/// Values of `{carrier}`.
pub(super) const CARRIERS: &[&str] = &["posthorn", "redkite", "swiftline", "northpost"];

/// Values of `{locale}`.
pub(super) const LOCALES: &[&str] = &["en-GB", "de-DE", "fr-FR", "pl-PL", "ja-JP", "pt-BR"];

/// Values of `{pool}`.
pub(super) const POOLS: &[&str] = &["primary", "replica-1", "replica-2", "reporting"];
