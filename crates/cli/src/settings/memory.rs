//! Sizes as people type them.

use crate::outcome::Failure;

/// Less than this leaves no room for the largest entry that is accepted.
const LEAST: u64 = 64 << 20;

/// Reads a size: a number and a unit, `512MB`, `2GiB`, `300m`, or bytes alone. Units with `i` count in 1024, others in 1000.
///
/// # Errors
/// When it is no size, too small to work in, or too large for this machine's addresses.
pub(super) fn bytes(text: &str) -> Result<usize, Failure> {
    let wrong = || {
        Failure::new(format!("--memory: '{text}' is no size"))
            .hint("write a number and a unit: 512MB, 2GiB, 750MiB")
    };
    let text = text.trim();
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let scale = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "kib" => 1 << 10,
        "m" | "mb" => 1_000_000,
        "mib" => 1 << 20,
        "g" | "gb" => 1_000_000_000,
        "gib" => 1 << 30,
        _ => return Err(wrong()),
    };
    let bytes = number.checked_mul(scale).ok_or_else(wrong)?;
    if bytes < LEAST {
        return Err(Failure::new(format!("--memory: {text} is too little")).hint("at least 64MiB are needed"));
    }
    usize::try_from(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("512MB", Some(512_000_000)),
            ("512 MiB", Some(512 << 20)),
            ("2g", Some(2_000_000_000)),
            ("100000000", Some(100_000_000)),
            ("1GiB", Some(1 << 30)),
            ("63MiB", None),
            ("-1GB", None),
            ("1.5GB", None),
            ("GB", None),
            ("99999999999999999999GB", None),
            ("512 parsecs", None),
        ] {
            assert_eq!(bytes(text).ok(), expected, "{text}");
        }
    }
}
