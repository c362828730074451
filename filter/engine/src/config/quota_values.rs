//! The single values of a quota: limits, parts of keys, costs, statuses.

use super::read::{Context, Kind, Read};
use super::schema::Definitions;
use super::values::HeaderName;
use crate::quota::body::FieldPath;
use crate::quota::measure::Period;
use serde_json::{Value, json};

/// How long a limit's period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// So many milliseconds, at any time.
    Time(u64),
    /// A calendar period.
    Calendar(Period),
}

/// So many units in a period: `100/1m`, `10MiB/1h`, `1000/day`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Units.
    pub units: u64,
    /// The period.
    pub per: Per,
}

/// The most units that a limit has: what an answer's structured field can say (RFC 9651, section 3.3.1).
const UNITS_MAX: u64 = 999_999_999_999_999;
/// The longest period, in milliseconds: 366 days.
const PERIOD_MS_MAX: u64 = 366 * 86_400_000;

impl Limit {
    fn parse(text: &str) -> Option<Self> {
        const SIZES: [(&str, u64); 5] =
            [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40), ("", 1)];
        const TIMES: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
        let (units, period) = text.split_once('/')?;
        let units = super::types::with_unit(units, &SIZES).filter(|units| (1..=UNITS_MAX).contains(units))?;
        let per = match period {
            "day" => Per::Calendar(Period::Day),
            "week" => Per::Calendar(Period::Week),
            "month" => Per::Calendar(Period::Month),
            _ => {
                let ms = super::types::with_unit(period, &TIMES)?;
                Per::Time(Some(ms).filter(|ms| (1..=PERIOD_MS_MAX).contains(ms))?)
            }
        };
        Some(Self { units, per })
    }
}

impl Read for Limit {
    const EXPECTED: &'static str = "a limit such as `100/1m`, `10MiB/1h` or `1000/day`";
    const TAKES: &'static [Kind] = &[Kind::Text];

    fn text(context: &mut Context, text: &str) -> Option<Self> {
        let limit = Self::parse(text);
        if limit.is_none() {
            context.mismatched_text(Self::EXPECTED, text);
        }
        limit
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "string", "pattern": "^[0-9]{1,15}(KiB|MiB|GiB|TiB)?/([0-9]{1,15}(ms|s|m|h|d)|day|week|month)$" })
    }
}

/// One thing that a quota counts by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The network of the client's address: so many bits of an IPv4 and of an IPv6 address.
    Address {
        /// Bits of an IPv4 address.
        v4: u8,
        /// Bits of an IPv6 address.
        v6: u8,
    },
    /// The first of the caller's ids.
    Caller,
    /// The caller's roles, all of them together.
    Role,
    /// The declared API.
    Api,
    /// The operation.
    Operation,
    /// The host.
    Host,
    /// The client's country.
    Country,
    /// A header's values.
    Header(Box<str>),
    /// A query parameter's values.
    Query(Box<str>),
    /// A parameter of the declared path template.
    Path(Box<str>),
    /// A field of the request's JSON body.
    Body(FieldPath),
}

impl Part {
    /// Its name, as it is written.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Address { v4: 32, v6: 64 } => "client.address".to_owned(),
            Self::Address { v4, v6 } => format!("client.address/{v4}/{v6}"),
            Self::Caller => "caller.id".to_owned(),
            Self::Role => "caller.roles".to_owned(),
            Self::Api => "api".to_owned(),
            Self::Operation => "operation".to_owned(),
            Self::Host => "host".to_owned(),
            Self::Country => "client.country".to_owned(),
            Self::Header(name) => format!("header:{name}"),
            Self::Query(name) => format!("query:{name}"),
            Self::Path(name) => format!("path:{name}"),
            Self::Body(path) => path.to_string(),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        const WORDS: [Part; 7] = [
            Part::Address { v4: 32, v6: 64 },
            Part::Caller,
            Part::Role,
            Part::Api,
            Part::Operation,
            Part::Host,
            Part::Country,
        ];
        if let Some(word) = WORDS.into_iter().find(|word| word.name() == text) {
            return Some(word);
        }
        if let Some(bits) = text.strip_prefix("client.address/") {
            let (v4, v6) = bits.split_once('/')?;
            let bits = |text: &str, max: u8| text.parse::<u8>().ok().filter(|bits| (1..=max).contains(bits));
            return Some(Self::Address { v4: bits(v4, 32)?, v6: bits(v6, 128)? });
        }
        if text.starts_with('$') {
            return FieldPath::parse(text).map(Self::Body);
        }
        let (kind, name) = text.split_once(':')?;
        let plain = !name.is_empty() && name.len() <= 128 && !name.contains(char::is_control);
        match kind {
            _ if !plain => None,
            "header" => is_header(name).then(|| Self::Header(name.into())),
            "query" => Some(Self::Query(name.into())),
            "path" => Some(Self::Path(name.into())),
            _ => None,
        }
    }
}

fn is_header(name: &str) -> bool {
    use super::types::Pattern;
    super::values::HeaderPattern::is_match(name)
}

impl Read for Part {
    const EXPECTED: &'static str = "one of `client.address`, `client.address/24/56`, `caller.id`, `caller.roles`, `api`, `operation`, `host`, `client.country`, `header:NAME`, `query:NAME`, `path:NAME` and `$.FIELD` of a json body";
    const TAKES: &'static [Kind] = &[Kind::Text];

    fn text(context: &mut Context, text: &str) -> Option<Self> {
        let part = Self::parse(text);
        if part.is_none() {
            context.mismatched_text(Self::EXPECTED, text);
        }
        part
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "string", "pattern": "^(client\\.address(/[0-9]{1,2}/[0-9]{1,3})?|caller\\.id|caller\\.roles|api|operation|host|client\\.country|(header|query|path):.+|\\$(\\.[A-Za-z0-9_-]+){1,8})$" })
    }
}

/// What a request costs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Cost {
    /// One unit.
    #[default]
    One,
    /// Bytes of its body.
    RequestBytes,
    /// Bytes of the answer's body.
    ResponseBytes,
    /// The complexity of what a GraphQL request asks for; nothing where that is not known.
    Complexity,
    /// A number in a header of the request; one unit when there is none.
    RequestHeader(Box<str>),
    /// A number in a header of the answer; one unit when there is none.
    ResponseHeader(Box<str>),
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::One => f.write_str("1"),
            Self::RequestBytes => f.write_str("request.bytes"),
            Self::ResponseBytes => f.write_str("response.bytes"),
            Self::Complexity => f.write_str("graphql.complexity"),
            Self::RequestHeader(name) => write!(f, "request.header:{name}"),
            Self::ResponseHeader(name) => write!(f, "response.header:{name}"),
        }
    }
}

impl Read for Cost {
    const EXPECTED: &'static str = "one of `1`, `request.bytes`, `response.bytes`, `graphql.complexity`, `request.header:NAME` and `response.header:NAME`";
    const TAKES: &'static [Kind] = &[Kind::Text, Kind::Number];

    fn number(context: &mut Context, value: f64) -> Option<Self> {
        if value != 1.0 {
            context.mismatch(Self::EXPECTED, "another number");
            return None;
        }
        Some(Self::One)
    }

    fn text(context: &mut Context, text: &str) -> Option<Self> {
        match (text, text.split_once(':')) {
            ("1", _) => Some(Self::One),
            ("request.bytes", _) => Some(Self::RequestBytes),
            ("response.bytes", _) => Some(Self::ResponseBytes),
            ("graphql.complexity", _) => Some(Self::Complexity),
            (_, Some(("request.header", name))) => {
                Some(Self::RequestHeader(HeaderName::text(context, name)?.as_str().into()))
            }
            (_, Some(("response.header", name))) => {
                Some(Self::ResponseHeader(HeaderName::text(context, name)?.as_str().into()))
            }
            _ => {
                context.mismatched_text(Self::EXPECTED, text);
                None
            }
        }
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": ["string", "number"], "pattern": "^(1|request\\.bytes|response\\.bytes|graphql\\.complexity|(request|response)\\.header:.+)$" })
    }
}

/// A status code, or a class of them: `401`, `4xx`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusSet {
    /// The first.
    pub first: u16,
    /// The last.
    pub last: u16,
}

impl StatusSet {
    /// Whether a status is among them.
    #[must_use]
    pub const fn holds(self, status: u16) -> bool {
        self.first <= status && status <= self.last
    }

    fn one(context: &mut Context, text: &str) -> Option<Self> {
        let class = text.strip_suffix("xx").and_then(|digit| digit.parse::<u16>().ok());
        let found = match class {
            Some(class) => Some(Self { first: class * 100, last: class * 100 + 99 }).filter(|_| class <= 5),
            None => text.parse::<u16>().ok().map(|status| Self { first: status, last: status }),
        };
        let found = found.filter(|set| (100..600).contains(&set.first));
        if found.is_none() {
            context.mismatched_text(Self::EXPECTED, text);
        }
        found
    }
}

impl Read for StatusSet {
    const EXPECTED: &'static str = "a status such as `401`, or a class such as `4xx`";
    const TAKES: &'static [Kind] = &[Kind::Text, Kind::Number];

    fn number(context: &mut Context, value: f64) -> Option<Self> {
        // A code has three digits; what has more, or a fraction, is refused as the text 0 is.
        let code = (100..600_u16).find(|code| f64::from(*code) == value);
        Self::one(context, &code.unwrap_or(0).to_string())
    }

    fn text(context: &mut Context, text: &str) -> Option<Self> {
        Self::one(context, text)
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "anyOf": [{ "type": "integer", "minimum": 100, "maximum": 599 }, { "type": "string", "pattern": "^[1-5]xx$" }] })
    }
}
