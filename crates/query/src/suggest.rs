//! "Did you mean": the nearest of a list of names.

/// At most this many names are offered.
const MAX_NAMES: usize = 3;

/// Nobody mistypes a longer name; looking for one would only cost time.
const MAX_LEN: usize = 200;

/// Returns a hint that names the nearest of `names`, if any is near.
///
/// Near is an edit distance of at most a third of the length. Cost: product of the lengths, per name.
pub(crate) fn suggest<'n>(wrong: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    let len = wrong.chars().count();
    if len > MAX_LEN {
        return None;
    }
    let limit = (len / 3).max(1);
    let mut near: Vec<(usize, &str)> = names
        .filter(|name| name.chars().count().abs_diff(len) <= limit)
        .map(|name| (distance(&wrong.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    near.sort_unstable();
    near.dedup();
    near.truncate(MAX_NAMES);
    let names: Vec<&str> = near.into_iter().map(|(_, name)| name).collect();
    (!names.is_empty()).then(|| format!("did you mean {}?", names.join(" or ")))
}

/// Returns a hint that names the fields whose last parts are `wrong`: the part before it was forgotten.
pub(crate) fn suggest_ending(wrong: &str, fields: &[String]) -> Option<String> {
    let ending = format!(".{}", wrong.to_lowercase());
    let mut whole: Vec<&str> =
        fields.iter().map(String::as_str).filter(|field| field.to_lowercase().ends_with(&ending)).collect();
    whole.sort_unstable_by_key(|field| (field.len(), *field));
    whole.truncate(MAX_NAMES);
    (!whole.is_empty()).then(|| format!("did you mean {}?", whole.join(" or ")))
}

/// The number of insertions, deletions, replacements and swaps of neighbours that make one text the other.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before_last[j - 2] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_first() {
        let names = ["severity", "service", "revision", "textPayload"];
        let check = |wrong: &str, expected: Option<&str>| {
            assert_eq!(suggest(wrong, names.into_iter()).as_deref(), expected, "{wrong}");
        };
        check("severty", Some("did you mean severity?"));
        check("textpayload", Some("did you mean textPayload?"));
        check("servcie", Some("did you mean service?"));
        check("thud", None);
        check("", None);
        check(&"severity".repeat(100), None);
    }

    #[test]
    fn a_forgotten_beginning_is_found() {
        let fields = ["jsonPayload.error.type", "labels.type", "jsonPayload.subtype"].map(str::to_owned);
        let hint = "did you mean labels.type or jsonPayload.error.type?";
        assert_eq!(suggest_ending("TYPE", &fields).as_deref(), Some(hint));
        assert_eq!(suggest_ending("pe", &fields), None);
    }

    #[test]
    fn distances() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("ab", "ba"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
