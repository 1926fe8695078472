//! The archive on disk: segments, rings, index, manifest, ingest and verification.
