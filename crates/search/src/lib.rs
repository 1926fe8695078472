//! Runs a checked filter over an archive: prune, candidates, confirm.
