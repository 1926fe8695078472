//! How long the reject ledger may become: the first rejects of a source are listed, the others counted.
//!
//! A folder can hold more broken lines than fit into memory, and nobody reads the ten thousandth. So of each source and
//! reason the first by place are listed, at most [`MAX_LISTED`], and one record stands for the rest: their number, their
//! bytes, where the first begins and the last ends. When all sources together have more than [`MAX_LEDGER`] records,
//! fewer are listed of each that has many.
//!
//! ```text
//! listed of one source and reason, n = 3                      and then with n = 1
//! 17 ─ 40 ─ 41 ─ (12 more from 60 to 900)          ─►          17 ─ (14 more from 40 to 900)
//! ```
//!
//! What is first among all is first in its part. So shortening parts, and shortening again what they were put together to,
//! gives what shortening the whole gives, and neither batches nor threads nor the order of ingests show.

use crate::catalog::RejectRecord;
use std::collections::BTreeMap;
use timberline_entry::Reject;

/// How many rejects of one source and reason are listed.
pub(super) const MAX_LISTED: usize = 1000;
/// How many records the ledger of an archive has, unless there are more sources with rejects: each has one for each reason
/// at least. A record takes some 400 bytes.
pub(super) const MAX_LEDGER: usize = 20_000;

/// Makes the record of one piece. The key of its source is known when the source has been read to its end.
pub(super) fn listed(reject: Reject) -> RejectRecord {
    RejectRecord {
        source: 0,
        line: reject.line,
        offset: reject.offset,
        len: reject.len,
        count: 1,
        until: reject.offset + reject.len,
        reason: reject.reason.name().to_owned(),
        detail: reject.reason.to_string(),
        sample: reject.sample,
    }
}

/// Lists the first `n` of each source and reason and sums up the rest. Sorted by source, reason and place.
pub(super) fn keep_first(rejects: &mut Vec<RejectRecord>, n: usize) {
    rejects.sort_by(|a, b| place(a).cmp(&place(b)));
    let mut n_listed = 0;
    rejects.dedup_by(|next, last| {
        if (next.source, &next.reason) != (last.source, &last.reason) {
            n_listed = 0;
            return false;
        }
        n_listed += 1;
        // `last` is the first that is not listed, or stands for those from there on already.
        let is_beyond = n_listed > n;
        if is_beyond {
            last.count = last.count.saturating_add(next.count);
            last.len = last.len.saturating_add(next.len);
            last.until = last.until.max(next.until);
        }
        is_beyond
    });
    rejects.shrink_to(2 * rejects.len());
}

/// Shortens ledgers evenly until they have at most `most` records together, or one for each source and reason. Returns how
/// many they have.
pub(super) fn shorten(ledgers: &mut [&mut Vec<RejectRecord>], most: usize) -> usize {
    // How many are listed follows from how many there are, listed or not: a ledger that was shortened before has room, and must
    // not list more of what comes new than it would have listed of all at once.
    let n = fitting(ledgers, most);
    if n < MAX_LISTED {
        for ledger in &mut *ledgers {
            keep_first(ledger, n);
            ledger.sort_by_key(|reject| (reject.source, reject.offset, reject.len));
        }
    }
    ledgers.iter().map(|ledger| ledger.len()).sum()
}

/// Returns how many of each source and reason can be listed so that there are at most `most` records.
fn fitting(ledgers: &[&mut Vec<RejectRecord>], most: usize) -> usize {
    let mut groups: BTreeMap<(usize, u64, &str), usize> = BTreeMap::new();
    for (idx, ledger) in ledgers.iter().enumerate() {
        for reject in ledger.iter() {
            // Beyond what is listed at most, one record more stands for them all.
            let n = usize::try_from(reject.count).unwrap_or(usize::MAX).min(MAX_LISTED + 1);
            let group = groups.entry((idx, reject.source, &reject.reason)).or_insert(0);
            *group = (*group + n).min(MAX_LISTED + 1);
        }
    }
    let fits = |n: usize| groups.values().map(|total| (*total).min(n + 1)).sum::<usize>() <= most;
    let (mut fitting, mut too_many) = (0, MAX_LISTED + 1);
    while too_many - fitting > 1 {
        let middle = usize::midpoint(fitting, too_many);
        if fits(middle) { fitting = middle } else { too_many = middle }
    }
    fitting
}

/// Rejects are told apart and put in order by this.
fn place(reject: &RejectRecord) -> (u64, &str, u64, u64) {
    (reject.source, &reject.reason, reject.offset, reject.len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reject(source: u64, reason: usize, offset: u64) -> RejectRecord {
        RejectRecord {
            source,
            line: offset + 1,
            offset,
            len: 1 + offset % 3,
            count: 1,
            until: offset + 1 + offset % 3,
            reason: ["broken-json", "stray-text"][reason].to_owned(),
            detail: String::new(),
            sample: format!("at {offset}"),
        }
    }

    /// Distinct places of three sources.
    fn rejects() -> impl Strategy<Value = Vec<RejectRecord>> {
        proptest::collection::btree_set((0_u64..3, 0_usize..2, 0_u64..60), 0..80)
            .prop_map(|places| places.into_iter().map(|(s, r, offset)| reject(s, r, offset)).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn parts_that_were_shortened_are_shortened_to_the_same(
            rejects in rejects().prop_shuffle(),
            cuts in proptest::collection::vec(1_usize..20, 1..20),
            n in 0_usize..8,
            more in 0_usize..8,
        ) {
            let mut whole = rejects.clone();
            keep_first(&mut whole, n);
            let (mut parts, mut rest) = (Vec::new(), &rejects[..]);
            for cut in cuts {
                let (mut part, others) = { let (part, others) = rest.split_at(cut.min(rest.len())); (part.to_vec(), others) };
                keep_first(&mut part, n + more);
                parts.extend(part);
                keep_first(&mut parts, n + more);
                rest = others;
            }
            parts.extend_from_slice(rest);
            keep_first(&mut parts, n);
            prop_assert_eq!(&parts, &whole);
            prop_assert_eq!(whole.iter().map(|reject| reject.count).sum::<u64>(), rejects.len() as u64);
            prop_assert_eq!(
                whole.iter().map(|reject| reject.len).sum::<u64>(),
                rejects.iter().map(|reject| reject.len).sum::<u64>()
            );
        }

        #[test]
        fn a_ledger_that_grew_ingest_by_ingest_is_as_one_that_did_not(
            rejects in rejects(),
            most in 6_usize..40,
        ) {
            let mut whole = rejects.clone();
            let n_records = shorten(&mut [&mut whole], most);
            prop_assert!(n_records <= most);
            prop_assert!(rejects.len() <= most || n_records + 5 >= most, "{} of {}", n_records, most);
            let mut grown: Vec<RejectRecord> = Vec::new();
            for source in [1, 0, 2] {
                grown.extend(rejects.iter().filter(|reject| reject.source == source).cloned());
                shorten(&mut [&mut grown], most);
            }
            grown.sort_by(|a, b| place(a).cmp(&place(b)));
            whole.sort_by(|a, b| place(a).cmp(&place(b)));
            prop_assert_eq!(grown, whole);
        }
    }

    #[test]
    fn one_record_stands_for_those_behind_the_first() {
        let mut rejects: Vec<RejectRecord> = (0..10).rev().map(|n| reject(7, 0, 10 * n)).collect();
        keep_first(&mut rejects, 2);
        let places: Vec<_> = rejects.iter().map(|r| (r.offset, r.count, r.until, r.len)).collect();
        assert_eq!(places, [(0, 1, 1, 1), (10, 1, 12, 2), (20, 8, 91, 16)]);
        assert_eq!((rejects[2].line, rejects[2].sample.as_str()), (21, "at 20"));
    }
}
