//! The values that fill the holes of messages.

use crate::generate::rng::Rng;
use crate::generate::time::push_digits;
use crate::generate::vocabulary as words;

/// A value that differs from entry to entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hole {
    /// A number up to six digits.
    Number,
    /// A number up to 20.
    Small,
    /// A duration in milliseconds.
    Millis,
    /// An HTTP status.
    Status,
    /// A TCP port.
    Port,
    /// An amount with two decimals.
    Money,
    /// A number with four decimals.
    Ratio,
    /// `true` or `false`.
    Bool,
    /// Eight hexadecimal digits.
    Hex8,
    /// Sixteen hexadecimal digits.
    Hex16,
    /// A UUID, version 4.
    Uuid,
    /// An IPv4 address.
    Ip,
    /// A user name.
    User,
    /// An e-mail address.
    Email,
    /// A path with two or three parts.
    Path,
    /// An order number.
    Order,
    /// An error code.
    Code,
    /// A calendar date.
    Date,
    /// One of a list of words.
    OneOf(&'static [&'static str]),
}

/// Returns the kind of value a name in braces stands for.
///
/// # Panics
/// When the name is unknown; templates are part of this crate.
pub(super) fn hole(name: &str) -> Hole {
    match name {
        "n" => Hole::Number,
        "small" => Hole::Small,
        "ms" => Hole::Millis,
        "status" => Hole::Status,
        "port" => Hole::Port,
        "money" => Hole::Money,
        "ratio" => Hole::Ratio,
        "bool" => Hole::Bool,
        "hex8" => Hole::Hex8,
        "hex16" => Hole::Hex16,
        "uuid" => Hole::Uuid,
        "ip" => Hole::Ip,
        "user" => Hole::User,
        "email" => Hole::Email,
        "path" => Hole::Path,
        "order" => Hole::Order,
        "code" => Hole::Code,
        "date" => Hole::Date,
        "word" => Hole::OneOf(words::WORDS),
        "table" => Hole::OneOf(words::TABLES),
        "topic" => Hole::OneOf(words::TOPICS),
        "event" => Hole::OneOf(words::EVENTS),
        "host" => Hole::OneOf(words::HOSTS),
        "carrier" => Hole::OneOf(words::CARRIERS),
        "locale" => Hole::OneOf(words::LOCALES),
        "pool" => Hole::OneOf(words::POOLS),
        other => unreachable!("the vocabulary has no hole called {other}"),
    }
}

/// Appends one value.
pub(super) fn push_value(out: &mut String, hole: Hole, rng: &mut Rng) {
    match hole {
        Hole::Number => push_number(out, rng.between(0, 999) * rng.between(1, 400)),
        Hole::Small => push_number(out, rng.between(1, 20)),
        Hole::Millis => push_number(out, rng.between(1, 40) * rng.between(1, 60)),
        Hole::Status => {
            out.push_str(rng.pick(&["200", "200", "200", "201", "204", "304", "400", "404", "409", "500"]));
        }
        Hole::Port => out.push_str(rng.pick(&["443", "5432", "6379", "8080", "9092"])),
        Hole::Money => {
            push_number(out, rng.between(1, 900));
            out.push('.');
            push_digits(out, rng.between(0, 99), 2);
        }
        Hole::Ratio => {
            push_number(out, rng.between(0, 9));
            out.push('.');
            push_digits(out, rng.between(0, 9999), 4);
        }
        Hole::Bool => out.push_str(if rng.chance(0.7) { "true" } else { "false" }),
        Hole::Hex8 => rng.push_hex(out, 8),
        Hole::Hex16 => rng.push_hex(out, 16),
        Hole::Uuid => push_uuid(out, rng),
        Hole::Ip => {
            out.push_str("203.0.113.");
            push_number(out, rng.between(1, 254));
        }
        Hole::User => {
            out.push_str("user-");
            push_number(out, rng.between(1, 4000));
        }
        Hole::Email => {
            out.push_str(rng.pick(words::WORDS));
            out.push('.');
            push_number(out, rng.between(1, 400));
            out.push_str("@customer.example");
        }
        Hole::Path => {
            out.push_str("/api/v1/");
            out.push_str(rng.pick(words::TABLES));
            out.push('/');
            push_number(out, rng.between(1, 60_000));
        }
        Hole::Order => {
            out.push_str("TD-");
            push_digits(out, rng.between(10_000, 9_999_999), 7);
        }
        Hole::Code => out.push_str(rng.pick(&["51", "05", "54", "61", "65"])),
        Hole::Date => {
            out.push_str("2025-");
            push_digits(out, rng.between(1, 12), 2);
            out.push('-');
            push_digits(out, rng.between(1, 28), 2);
        }
        Hole::OneOf(values) => out.push_str(rng.pick(values)),
    }
}

fn push_uuid(out: &mut String, rng: &mut Rng) {
    rng.push_hex(out, 8);
    out.push('-');
    rng.push_hex(out, 4);
    out.push_str("-4");
    rng.push_hex(out, 3);
    out.push_str("-a");
    rng.push_hex(out, 3);
    out.push('-');
    rng.push_hex(out, 12);
}

/// Appends a number that is not negative.
pub(in crate::generate) fn push_number(out: &mut String, number: i64) {
    let mut width = 1;
    let mut left = number / 10;
    while left > 0 {
        width += 1;
        left /= 10;
    }
    push_digits(out, number, width);
}
