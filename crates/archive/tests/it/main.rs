//! The archive as a whole: what comes back, and what crashes, damage and full disks do to it.

mod accounting;
mod crash;
mod damage;
mod ingest;
mod kill;
mod sample;
