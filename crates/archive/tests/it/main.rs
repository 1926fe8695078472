//! The archive as a whole: what comes back, and what crashes, damage and full disks do to it.
//!
//! The modules are marked as tests, which they are, so that the lints for tests hold for their helpers too.

#[cfg(test)]
mod accounting;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod forged;
#[cfg(test)]
mod formats;
#[cfg(test)]
mod ingest;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod patterns;
#[cfg(test)]
mod revision_field;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod shapes;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod unreadable;
#[cfg(test)]
mod variants;
