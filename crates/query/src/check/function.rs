//! Functions: names, numbers and kinds of arguments, and the values that have to be right before any entry is seen.

use super::{Checker, meant};
use crate::ast::{Argument, Call, Literal, Member, Op};
use crate::error::{Error, ErrorKind};
use crate::filter::{Node, Operand, Test};
use crate::function::{CastType, Function, Scalar, Search, Zone};
use crate::literal;
use crate::needle::Needle;
use crate::network::Network;
use crate::regex::Regex;
use crate::span::Span;
use crate::suggest::suggest;
use crate::tokens::{BadQuery, SearchQuery};
use crate::warning::{Warning, WarningKind};
use jiff::tz::TimeZone;

/// The functions: name, what the arguments are, whether it stands alone or is compared.
const FUNCTIONS: [(&str, &str, bool); 7] = [
    ("log_id", "one log id", true),
    ("source", "one resource such as projects/NAME", true),
    ("sample", "a field and a fraction", true),
    ("ip_in_net", "a field and a network", true),
    ("SEARCH", "an optional field and a text", true),
    (
        "cast",
        "a field, a type (STRING, INT64, FLOAT64, BOOL, TIMESTAMP, DURATION) and optionally TIMEZONE(\"NAME\")",
        false,
    ),
    ("regexp_extract", "a field and a regular expression with exactly one capturing group", false),
];

impl Checker<'_, '_> {
    /// Checks a function that stands alone.
    pub(super) fn predicate(&mut self, call: &Call) -> Result<Function, Error> {
        let (name, usage, alone) = find(call)?;
        if !alone {
            let text = format!("{name} gives a value, which has to be compared with something");
            return Err(Error::new(ErrorKind::MisplacedFunction(text), call.span));
        }
        let wrong = |span: Span| Error::new(ErrorKind::Arguments { function: name, usage }, span);
        match (name, call.args.as_slice()) {
            ("log_id", [id]) => {
                let text = self.text_of(id).ok_or_else(|| wrong(id.span()))?;
                Ok(Function::LogId { id: Needle::new(&crate::eval::percent_decode(&text)), text })
            }
            ("source", [resource]) => {
                let text = self.text_of(resource).ok_or_else(|| wrong(resource.span()))?;
                Ok(Function::Source { resource: Needle::new(&text), text })
            }
            ("sample", [Argument::Member(field), fraction]) => {
                let field = self.field(field)?;
                let text = self.text_of(fraction).ok_or_else(|| wrong(fraction.span()))?;
                self.warnings.push(Warning::new(WarningKind::SampleHash, call.span));
                match literal::number(&text).filter(|fraction| *fraction > 0.0 && *fraction <= 1.0) {
                    Some(fraction) => Ok(Function::Sample { field, fraction, text }),
                    None => Err(Error::new(ErrorKind::Fraction(text), fraction.span())),
                }
            }
            ("ip_in_net", [Argument::Member(field), network]) => {
                let field = self.field(field)?;
                let text = self.text_of(network).ok_or_else(|| wrong(network.span()))?;
                match Network::parse(&text) {
                    Some(network) => Ok(Function::IpInNet { field, network, text }),
                    None => Err(Error::new(ErrorKind::Subnet(text), network.span())),
                }
            }
            ("SEARCH", [query]) => {
                let query =
                    self.search_query(query).map_err(|error| error.unwrap_or_else(|| wrong(query.span())))?;
                Ok(Function::Search(Search { field: None, query }))
            }
            ("SEARCH", [Argument::Member(field), query]) => {
                let field = Some(self.field(field)?);
                let query =
                    self.search_query(query).map_err(|error| error.unwrap_or_else(|| wrong(query.span())))?;
                Ok(Function::Search(Search { field, query }))
            }
            _ => Err(wrong(call.span)),
        }
    }

    fn search_query(&self, argument: &Argument) -> Result<SearchQuery, Option<Error>> {
        let text = self.text_of(argument).ok_or(None)?;
        SearchQuery::parse(&text).map_err(|reason| {
            let kind = match reason {
                BadQuery::Empty => ErrorKind::EmptySearch,
                BadQuery::OpenBacktick => ErrorKind::OpenBacktick,
            };
            Some(Error::new(kind, argument.span()))
        })
    }

    /// Checks a function on the left of a comparison. Depth is bounded by the parser.
    pub(super) fn scalar_call(&mut self, call: &Call) -> Result<Scalar, Error> {
        let (name, usage, alone) = find(call)?;
        if alone {
            let text = format!("{name} stands alone, it is not compared");
            return Err(Error::new(ErrorKind::MisplacedFunction(text), call.span));
        }
        let wrong = |span: Span| Error::new(ErrorKind::Arguments { function: name, usage }, span);
        match (name, call.args.as_slice()) {
            ("cast", [of, to]) => {
                let of = Box::new(self.scalar(of)?);
                Ok(Scalar::Cast { of, to: self.cast_type(to).ok_or_else(|| wrong(to.span()))?, zone: None })
            }
            ("cast", [of, to, Argument::Call(option)]) => {
                let of = Box::new(self.scalar(of)?);
                let to = self.cast_type(to).ok_or_else(|| wrong(to.span()))?;
                Ok(Scalar::Cast { of, to, zone: Some(self.zone(option).ok_or_else(|| wrong(option.span))??) })
            }
            ("regexp_extract", [of, pattern]) => {
                let of = Box::new(self.scalar(of)?);
                let text = self.text_of(pattern).ok_or_else(|| wrong(pattern.span()))?;
                let regex = Regex::new(&text)
                    .map_err(|reason| Error::new(ErrorKind::Regex(reason), pattern.span()))?;
                match regex.n_groups() {
                    1 => Ok(Scalar::Extract { of, regex }),
                    n => {
                        Err(wrong(pattern.span()).hint(format!("it has {n}; (?:…) groups without capturing")))
                    }
                }
            }
            _ => Err(wrong(call.span)),
        }
    }

    fn scalar(&mut self, argument: &Argument) -> Result<Scalar, Error> {
        match argument {
            Argument::Member(member) => Ok(Scalar::Field(self.field(member)?)),
            Argument::Call(call) => self.scalar_call(call),
            Argument::List(span) => {
                let kind = ErrorKind::Unexpected { expected: "a field", found: "a list".to_owned() };
                Err(Error::new(kind, *span))
            }
        }
    }

    fn cast_type(&self, argument: &Argument) -> Option<CastType> {
        let name = self.text_of(argument)?;
        CastType::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(&name))
    }

    /// Reads `TIMEZONE("NAME")` or `TIME_ZONE("NAME")`; `None` when it is neither.
    fn zone(&self, option: &Call) -> Option<Result<Zone, Error>> {
        if crate::schema::fold_name(&option.name) != "timezone" {
            return None;
        }
        let [argument] = option.args.as_slice() else { return None };
        let name = self.text_of(argument)?;
        let found = TimeZone::get(&name).ok();
        Some(match found {
            Some(rules) => Ok(Zone { name, rules }),
            None => Err(Error::new(ErrorKind::TimeZone(name), argument.span())
                .hint("names are those of the tz database, such as Europe/Berlin")),
        })
    }

    /// Reads an argument as a value.
    fn text_of(&self, argument: &Argument) -> Option<String> {
        match argument {
            Argument::Member(Member { pieces, .. }) if pieces.len() == 1 => Some(pieces[0].text.clone()),
            Argument::Member(Member { pieces, .. }) if pieces.iter().all(|piece| !piece.quoted) => {
                Some(pieces.iter().map(|piece| piece.text.as_str()).collect::<Vec<_>>().join("."))
            }
            _ => None,
        }
    }

    /// Checks one value against a computed left-hand side.
    pub(super) fn computed(&mut self, left: &Scalar, op: Op, value: &Literal) -> Result<Node, Error> {
        let operand = match self.common_operand(op, value)? {
            Some(operand) => operand,
            None => converted(left.cast_type(), value)?,
        };
        let text = meant(&operand, value);
        Ok(Node::Test(Test::Function(Function::Computed { left: left.clone(), op, value: operand, text })))
    }
}

fn converted(kind: CastType, value: &Literal) -> Result<Operand, Error> {
    let text = value.text.as_str();
    let operand = match kind {
        CastType::String => Some(Operand::Text(Needle::new(text))),
        CastType::Int64 => literal::integer(text).map(Operand::Integer),
        CastType::Float64 => literal::number(text).map(Operand::Number),
        CastType::Bool => literal::boolean(text).map(Operand::Bool),
        CastType::Timestamp => literal::timestamp_ns(text).map(Operand::Timestamp),
        CastType::Duration => literal::duration_ns(text).map(Operand::Duration),
    };
    operand.ok_or_else(|| {
        let field = "the left-hand side".to_owned();
        let kind = ErrorKind::WrongType { value: text.to_owned(), field, wanted: kind.name() };
        Error::new(kind, value.span)
    })
}

fn find(call: &Call) -> Result<(&'static str, &'static str, bool), Error> {
    let found = FUNCTIONS.into_iter().find(|(name, _, _)| name.eq_ignore_ascii_case(&call.name));
    found.ok_or_else(|| {
        let mut error = Error::new(ErrorKind::UndefinedFunction(call.name.clone()), call.name_span);
        error.hint = suggest(&call.name, FUNCTIONS.into_iter().map(|(name, _, _)| name));
        error
    })
}
