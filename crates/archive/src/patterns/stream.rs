//! Services with their revisions, named once for all that is counted of them.

use hashbrown::HashMap;
use std::sync::Arc;

/// A service and one of its revisions. Copies share the names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stream(Arc<(String, String)>);

impl Stream {
    /// Names a service and a revision.
    pub fn new(service: &str, revision: &str) -> Self {
        Self(Arc::new((service.to_owned(), revision.to_owned())))
    }

    /// Returns the service.
    pub fn service(&self) -> &str {
        &self.0.0
    }

    /// Returns the revision.
    pub fn revision(&self) -> &str {
        &self.0.1
    }
}

/// Streams, each named once, with numbers in the order in which they come.
#[derive(Debug, Default)]
pub struct Streams {
    all: Vec<Stream>,
    numbers: HashMap<Stream, u32>,
    last: u32,
}

impl Streams {
    /// Returns the stream of a service and revision. Cost: those of one tend to follow one another, and then nothing is allocated.
    pub fn get(&mut self, service: &str, revision: &str) -> &Stream {
        let number = self.number(service, revision);
        &self.all[number as usize]
    }

    /// Returns the number of a stream.
    pub(super) fn number(&mut self, service: &str, revision: &str) -> u32 {
        let last = self.all.get(self.last as usize);
        if last.is_some_and(|last| last.service() == service && last.revision() == revision) {
            return self.last;
        }
        let stream = Stream::new(service, revision);
        let next = u32::try_from(self.all.len()).expect("there are fewer streams than that");
        self.last = *self.numbers.entry(stream.clone()).or_insert(next);
        if self.last == next {
            self.all.push(stream);
        }
        self.last
    }

    pub(super) fn into_all(self) -> Vec<Stream> {
        self.all
    }
}
