//! Single values of rules and callers: instants, whole numbers, digests, names of other people's things.

use super::read::{Context, Kind, Read};
use super::schema::Definitions;
use super::types::{Pattern, Text, pattern};
use crate::zone::Date;
use serde_json::{Value, json};

pattern!(
    /// A header's name (RFC 9110, section 5.1), in lower case as Envoy has it.
    HeaderPattern, "a header name in lower case", "^[a-z0-9!#$%&'*+.^_`|~-]{1,128}$"
);
pattern!(
    /// The name of a header, a query parameter or a cookie.
    TokenPattern, "a name without blanks, `;`, `=`, `&` and `,`", r"^[^\x00-\x20\x7f;=&,]{1,128}$"
);
pattern!(
    /// A caller's id with its kind before it, or a group of them by `*`.
    CallerPattern, "a caller such as `api_key:acme`, in which `*` stands for any part",
    r"^(api_key|jwt|mtls|basic_auth|api_key_auth|filter):[^\x00-\x1f\x7f]{1,255}$"
);
pattern!(
    /// A country by its code of two letters.
    CountryPattern, "a country's iso 3166 code of two capital letters", "^[A-Z]{2}$"
);
pattern!(
    /// A claim by its name, or by a JSON pointer (RFC 6901) when it begins with `/`.
    ClaimPattern, "a claim's name, or a json pointer such as `/user/name`", r"^[^\x00-\x1f\x7f]{1,256}$"
);
pattern!(
    /// SHA-256 in hexadecimal.
    Hex32Pattern, "a sha-256 of 64 hexadecimal digits", "^[0-9a-fA-F]{64}$"
);

pattern!(
    /// A key that is a secret.
    SecretPattern, "a key of 16 to 256 characters", r"^[^\x00-\x1f\x7f]{16,256}$"
);

/// A key.
pub type Secret = Text<SecretPattern>;
/// A header's name.
pub type HeaderName = Text<HeaderPattern>;
/// A header's, parameter's or cookie's name.
pub type Token = Text<TokenPattern>;
/// A caller, or a group of callers.
pub type CallerGlob = Text<CallerPattern>;
/// A country.
pub type Country = Text<CountryPattern>;
/// A claim.
pub type Claim = Text<ClaimPattern>;
/// A digest.
pub type Hex32 = Text<Hex32Pattern>;

impl Hex32 {
    /// The digest's bytes.
    #[must_use]
    pub fn bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (byte, digits) in bytes.iter_mut().zip(self.as_str().as_bytes().as_chunks::<2>().0) {
            let digit = |at: u8| crate::path::hex(at).unwrap_or(0);
            let [high, low] = *digits;
            *byte = (digit(high) << 4) | digit(low);
        }
        bytes
    }
}

/// A point in time, to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    unix_s: i64,
}

impl Timestamp {
    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn unix_s(self) -> i64 {
        self.unix_s
    }

    /// Reads an instant as RFC 3339 has it, in the years 1970 to 9999, without fractions of a second.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (date, rest) = text.split_at_checked(10)?;
        let (time, zone) = rest.strip_prefix(['T', 't', ' '])?.split_at_checked(8)?;
        let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
        let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
        let date = Date { year, month, day };
        // A date that does not exist comes back as another one.
        let exists = Date::of_days(date.days()) == date && year >= 1970 && hour < 24 && minute < 60 && second < 60;
        let offset_s = match zone {
            "Z" | "z" => 0,
            _ => {
                let sign = if zone.starts_with('-') { -1 } else { 1 };
                let [hours, minutes] = numbers(zone.strip_prefix(['+', '-'])?, ':', [2, 2])?;
                if hours > 23 || minutes > 59 {
                    return None;
                }
                sign * (hours * 3_600 + minutes * 60)
            }
        };
        let local_s = date.days() * 86_400 + hour * 3_600 + minute * 60 + second;
        exists.then_some(Self { unix_s: local_s - offset_s })
    }
}

/// Numbers of exactly so many digits with a separator between them.
pub(crate) fn numbers<const N: usize>(text: &str, separator: char, digits: [usize; N]) -> Option<[i64; N]> {
    let mut out = [0; N];
    let mut parts = text.split(separator);
    for (number, len) in out.iter_mut().zip(digits) {
        let part = parts.next()?;
        let plain = part.len() == len && part.bytes().all(|byte| byte.is_ascii_digit());
        *number = part.parse().ok().filter(|_| plain)?;
    }
    parts.next().is_none().then_some(out)
}

impl Read for Timestamp {
    const EXPECTED: &'static str = "an instant such as `2026-12-31T00:00:00Z`";
    const TAKES: &'static [Kind] = &[Kind::Text];

    fn text(context: &mut Context, text: &str) -> Option<Self> {
        let instant = Self::parse(text);
        if instant.is_none() {
            context.mismatched_text(Self::EXPECTED, text);
        }
        instant
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "string", "format": "date-time" })
    }
}

/// A whole number between two bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole<const MIN: u32, const MAX: u32>(u32);

impl<const MIN: u32, const MAX: u32> Whole<MIN, MAX> {
    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl<const MIN: u32, const MAX: u32> Read for Whole<MIN, MAX> {
    const EXPECTED: &'static str = "a whole number";
    const TAKES: &'static [Kind] = &[Kind::Number];

    fn number(context: &mut Context, value: f64) -> Option<Self> {
        let in_range = (f64::from(MIN)..=f64::from(MAX)).contains(&value) && value.fract() == 0.0;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Within the bounds of a `u32`.
        let whole = in_range.then_some(value as u32);
        if whole.is_none() {
            context.problem(format!("must be a whole number from {MIN} to {MAX}"));
        }
        whole.map(Self)
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "integer", "minimum": MIN, "maximum": MAX })
    }
}

/// A text of at most 4 KiB, which may have lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body(pub Box<str>);

impl Read for Body {
    const EXPECTED: &'static str = "text of at most 4096 bytes";
    const TAKES: &'static [Kind] = &[Kind::Text];

    fn text(context: &mut Context, text: &str) -> Option<Self> {
        if text.len() > 4096 {
            context.problem(format!("has {} bytes, expected {}", text.len(), Self::EXPECTED));
            return None;
        }
        Some(Self(text.into()))
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "string", "maxLength": 4096 })
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn instants_are_read_or_refused() {
        for (text, unix_s) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-11-25T12:30:15Z", Some(1_795_609_815)),
            ("2026-11-25T20:30:15+08:00", Some(1_795_609_815)),
            ("2026-11-25t04:30:15-08:00", Some(1_795_609_815)),
            ("2028-02-29T00:00:00Z", Some(1_835_395_200)),
            ("2026-02-29T00:00:00Z", None),
            ("2026-13-01T00:00:00Z", None),
            ("2026-11-25", None),
            ("2026-11-25T24:00:00Z", None),
            ("2026-11-25T12:30:15", None),
            ("2026-11-25T12:30:15+8:00", None),
            ("2026-11-25T12:30:15.5Z", None),
            ("+026-11-25T12:30:15Z", None),
            ("1969-12-31T23:59:59Z", None),
            ("", None),
        ] {
            assert_eq!(Timestamp::parse(text).map(Timestamp::unix_s), unix_s, "{text}");
        }
    }
}
