//! Values, converted to the type of the field they are compared with.

use super::Checker;
use crate::ast::{Literal, Op};
use crate::error::{Error, ErrorKind};
use crate::filter::{Candidates, Operand};
use crate::literal;
use crate::needle::Needle;
use crate::path::Path;
use crate::schema::FieldType;
use crate::warning::{Warning, WarningKind};
use timberline_entry::Severity;

/// The word that means JSON's null where it stands without quotes.
const NULL_VALUE: &str = "NULL_VALUE";

impl Checker<'_, '_> {
    pub(super) fn typed_operand(&mut self, path: &Path, op: Op, value: &Literal) -> Result<Operand, Error> {
        if path.kind.is_free() && !value.quoted && value.text == NULL_VALUE {
            return Ok(Operand::Null);
        }
        if path.kind == FieldType::Timestamp && literal::is_date(&value.text) && !op.is_ordering() {
            let hint = format!("the day is {path}>=\"{0}\" AND {path}<… the next day", value.text);
            self.warnings.push(Warning::new(WarningKind::DateAsInstant, value.span).hint(hint));
        }
        let text = value.text.as_str();
        let converted = match path.kind {
            FieldType::Text | FieldType::Labels => Some(Operand::Text(Needle::new(text))),
            FieldType::Struct | FieldType::Proto | FieldType::Message(_) => {
                Some(Operand::Any(Candidates::new(text)))
            }
            FieldType::Int32 => text.parse::<i32>().ok().map(|number| Operand::Integer(number.into())),
            FieldType::Int64 => literal::integer(text).map(Operand::Integer),
            FieldType::Bool => literal::boolean(text).map(Operand::Bool),
            FieldType::Duration => literal::duration_ns(text).map(Operand::Duration),
            FieldType::Timestamp => literal::timestamp_ns(text).map(Operand::Timestamp),
            FieldType::Severity => severity(text).map(Operand::Severity),
        };
        converted.ok_or_else(|| {
            let (value_text, field) = (text.to_owned(), path.to_string());
            let kind = ErrorKind::WrongType { value: value_text, field, wanted: path.kind.wanted() };
            let mut error = Error::new(kind, value.span);
            error.hint = better(path.kind, text);
            error
        })
    }
}

/// Reads a severity's name in any case, or any number.
fn severity(text: &str) -> Option<i32> {
    let named = Severity::parse(text).map(|severity| i32::from(severity.number()));
    named.or_else(|| text.parse().ok())
}

/// Guesses the value that was meant.
fn better(kind: FieldType, text: &str) -> Option<String> {
    match kind {
        FieldType::Severity => {
            let value = timberline_entry::json::Value::plain(text);
            let near = Severity::read(value).filter(|severity| *severity != Severity::Default);
            match near {
                Some(severity) => Some(format!("did you mean {severity}?")),
                None => crate::suggest::suggest(text, Severity::ALL.into_iter().map(Severity::name)),
            }
        }
        FieldType::Duration if literal::number(text).is_some() => Some(format!("did you mean \"{text}s\"?")),
        FieldType::Timestamp => {
            let repaired = text.trim().replacen("T ", "T0", 1).replacen("t ", "T0", 1).replacen(' ', "T", 1);
            literal::timestamp_ns(&repaired).map(|_| format!("did you mean \"{repaired}\"?"))
        }
        _ => None,
    }
}
