//! The Cloud Logging query language: text to filter, filter to answer on one entry.
