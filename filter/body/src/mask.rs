//! What is written instead of a value.

use crate::encoding::{Encoding, append};
use crate::pseudonym::Secret;
use crate::rule::{DatePart, Mask, Numbers};

/// What is written where a mask does not fit its value: a date's that is none, digits where there are none.
pub(crate) const HIDDEN: &str = "***";

/// A value, or the part of one, that a mask is for.
pub(crate) struct Masked<'a> {
    pub(crate) secret: &'a Secret,
    pub(crate) encoding: Encoding,
    /// As written.
    pub(crate) raw: &'a [u8],
    /// As meant.
    pub(crate) text: &'a [u8],
    /// The name of its data type; nothing where a rule by field masks it.
    pub(crate) data_type: &'a str,
}

impl Masked<'_> {
    /// Appends the mask as a text in the value's encoding.
    pub(crate) fn text(&self, mask: &Mask, out: &mut Vec<u8>) {
        match mask {
            Mask::Replace(text) => self.encoding.write(text, out),
            Mask::Keep { first, last, with } => self.keep(*first, *last, *with, out),
            Mask::Hash => self.encoding.write(&self.pseudonym(), out),
            Mask::Digits => self.digits(out),
            Mask::TruncateDate(part) => self.or_hidden(truncate_date(self.text, *part), out),
            Mask::TruncateNumber(zeros) => self.or_hidden(truncate_number(self.text, *zeros), out),
            Mask::Null | Mask::Remove => {}
            // A body that is blocked has no text; should one be asked for, it tells nothing.
            Mask::Block => self.encoding.write(HIDDEN, out),
        }
    }

    /// Appends the mask of a JSON number: a number again, or a string.
    pub(crate) fn number(&self, mask: &Mask, numbers: Numbers, out: &mut Vec<u8>) {
        let number = match (mask, numbers) {
            (Mask::Null | Mask::Remove, _) => Some("null".to_owned()),
            (Mask::TruncateNumber(zeros), _) => {
                Some(truncate_number(self.text, *zeros).unwrap_or_else(|| "0".to_owned()))
            }
            (_, Numbers::String) => None,
            (Mask::Replace(text), _) => Some(text.clone()),
            (Mask::Keep { first, last, .. }, _) => Some(self.keep_digits(*first, *last)),
            (Mask::Hash, _) => Some(self.hashed_number()),
            (Mask::Digits, _) => Some(self.other_digits(true)),
            (Mask::TruncateDate(part), _) => Some(truncate_date(self.text, *part).unwrap_or_default()),
            (Mask::Block, _) => Some(String::new()),
        };
        match number {
            Some(number) if number == "null" || is_number(number.as_bytes()) => {
                out.extend_from_slice(number.as_bytes())
            }
            Some(_) => out.push(b'0'),
            None => {
                out.push(b'"');
                self.text(mask, out);
                out.push(b'"');
            }
        }
    }

    fn or_hidden(&self, text: Option<String>, out: &mut Vec<u8>) {
        self.encoding.write(text.as_deref().unwrap_or(HIDDEN), out);
    }

    fn mac(&self, purpose: &str) -> [u8; 32] {
        self.secret.of(purpose, self.data_type, self.text)
    }

    /// `h_` and 80 bits in 16 letters and digits (RFC 4648 section 6, lower case).
    fn pseudonym(&self) -> String {
        let mut text = "h_".to_owned();
        for five in self.mac("mask").chunks(5).take(2) {
            let bits = five.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            let letters = (0..8).rev().map(|at| match (bits >> (5 * at)) & 31 {
                number @ 26..=31 => b'2' + u8::try_from(number - 26).unwrap_or(0),
                number => b'a' + u8::try_from(number).unwrap_or(0),
            });
            text.extend(letters.map(char::from));
        }
        text
    }

    fn units(&self) -> impl Iterator<Item = (&[u8], crate::encoding::Unit)> {
        let mut rest = self.raw;
        std::iter::from_fn(move || {
            let unit = self.encoding.unit(rest)?;
            let (raw, after) = rest.split_at_checked(unit.len)?;
            rest = after;
            Some((raw, unit))
        })
    }

    fn keep(&self, first: usize, last: usize, with: char, out: &mut Vec<u8>) {
        let is_ascii = self.encoding.is_ascii(self.raw);
        let count = if is_ascii { self.raw.len() } else { self.units().count() };
        let (first, last) = if count > first.saturating_add(last) { (first, last) } else { (0, 0) };
        if is_ascii && let Some(masking) = self.encoding.one_byte(with) {
            append(out, self.raw.get(..first).unwrap_or_default());
            out.resize(out.len() + count - first - last, masking);
            append(out, self.raw.get(count - last..).unwrap_or_default());
            return;
        }
        let mut masking = Vec::new();
        self.encoding.write(with.encode_utf8(&mut [0; 4]), &mut masking);
        for (at, (raw, _)) in self.units().enumerate() {
            out.extend_from_slice(if at < first || at >= count - last { raw } else { &masking });
        }
    }

    fn digits(&self, out: &mut Vec<u8>) {
        if !self.text.iter().any(u8::is_ascii_digit) {
            return self.encoding.write(HIDDEN, out);
        }
        let mut others = self.other_digits(false).into_bytes().into_iter().filter(u8::is_ascii_digit);
        for (raw, unit) in self.units() {
            match unit.text() {
                [digit] if digit.is_ascii_digit() => out.extend(others.next()),
                _ => out.extend_from_slice(raw),
            }
        }
    }

    /// The text's ASCII with each digit replaced by another, derived from the whole text. Of a number, an exponent stays and
    /// a number of several digits does not begin with 0.
    fn other_digits(&self, of_number: bool) -> String {
        let mac = self.mac("digits");
        let mut steps = mac.iter().cycle();
        let end = self.text.iter().position(|byte| of_number && matches!(byte, b'e' | b'E')).unwrap_or(self.text.len());
        let (mantissa, exponent) = self.text.split_at_checked(end).unwrap_or((self.text, &[]));
        let many = mantissa.iter().take_while(|byte| **byte != b'.').filter(|byte| byte.is_ascii_digit()).count() > 1;
        let mut fresh = of_number && many;
        let mut text = String::new();
        for byte in mantissa {
            let mut digit = *byte;
            if digit.is_ascii_digit() {
                let step = steps.next().copied().unwrap_or(0);
                digit = b'0' + (digit - b'0' + 1 + step % 9) % 10;
                if fresh && digit == b'0' {
                    // Neither 0 nor what it was.
                    digit = if *byte == b'1' { b'2' } else { b'1' };
                }
                fresh = false;
            }
            text.push(char::from(digit));
        }
        text.extend(exponent.iter().map(|byte| char::from(*byte)));
        text
    }

    fn keep_digits(&self, first: usize, last: usize) -> String {
        let count = self.text.iter().filter(|byte| byte.is_ascii_digit()).count();
        let (first, last) = if count > first.saturating_add(last) { (first, last) } else { (0, 0) };
        let whole = self.text.iter().take_while(|byte| !matches!(byte, b'.' | b'e' | b'E'));
        let many = whole.filter(|byte| byte.is_ascii_digit()).count() > 1;
        let mut at = 0;
        let masked = self.text.iter().map(|byte| {
            if !byte.is_ascii_digit() {
                return char::from(*byte);
            }
            at += 1;
            match at - 1 {
                0 if first == 0 && many => '1',
                digit if digit < first || digit >= count - last => char::from(*byte),
                _ => '0',
            }
        });
        masked.collect()
    }

    /// As many digits as the number had, at most 15, so that every reader takes it for the same number.
    fn hashed_number(&self) -> String {
        let count = self.text.iter().filter(|byte| byte.is_ascii_digit()).count().clamp(1, 15);
        let digits = self.mac("mask").into_iter().take(count).enumerate();
        digits.map(|(at, byte)| char::from(if at == 0 { b'1' + byte % 9 } else { b'0' + byte % 10 })).collect()
    }
}

/// Whether this is a number as JSON has it (RFC 8259 section 6).
pub(crate) fn is_number(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(text);
    if whole == 0 || whole > 1 && text.first() == Some(&b'0') {
        return false;
    }
    let mut rest = text.get(whole..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix(b".") {
        let count = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = fraction.get(count..).unwrap_or_default();
    }
    match rest {
        [] => true,
        [b'e' | b'E', exponent @ ..] => {
            let exponent = match exponent {
                [b'+' | b'-', digits @ ..] => digits,
                digits => digits,
            };
            !exponent.is_empty() && digits(exponent) == exponent.len()
        }
        _ => false,
    }
}

/// A date with what is finer than `part` set to its first: year, month and day in this order or the reverse one, with the
/// separators that it has, or eight digits. Of a date that begins with its day, month and day both go with the month.
fn truncate_date(text: &[u8], part: DatePart) -> Option<String> {
    let mut text: Vec<u8> = text.to_vec();
    let mut groups = Vec::new();
    let mut at = 0;
    for run in text.chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit()) {
        if run.first()?.is_ascii_digit() {
            groups.push(at..at + run.len());
        } else if groups.is_empty() {
            return None;
        }
        at += run.len();
    }
    let lens: Vec<usize> = groups.iter().map(ExactSizeIterator::len).collect();
    // Each group of digits with the part of a date that it is.
    let (parts, rest): (Vec<_>, usize) = match lens.as_slice() {
        [8, ..] => {
            let start = groups.first()?.start;
            (vec![(DatePart::Month, start + 4..start + 6), (DatePart::Day, start + 6..start + 8)], 1)
        }
        [4, 1..=2, 1..=2, ..] => {
            (vec![(DatePart::Month, groups.get(1)?.clone()), (DatePart::Day, groups.get(2)?.clone())], 3)
        }
        [1..=2, 1..=2, 4, ..] => {
            (vec![(DatePart::Day, groups.first()?.clone()), (DatePart::Day, groups.get(1)?.clone())], 3)
        }
        _ => return None,
    };
    let finer = |of: DatePart| match part {
        DatePart::Year => true,
        DatePart::Month => of == DatePart::Day,
        DatePart::Day => false,
    };
    let mut fill = |range: std::ops::Range<usize>, last: u8| {
        let end = range.end;
        if let Some(digits) = text.get_mut(range) {
            digits.fill(b'0');
        }
        if let Some(digit) = text.get_mut(end - 1) {
            *digit = last;
        }
    };
    parts.into_iter().filter(|(of, _)| finer(*of)).for_each(|(_, range)| fill(range, b'1'));
    groups.into_iter().skip(rest).for_each(|range| fill(range, b'0'));
    String::from_utf8(text).ok()
}

/// A number without its fraction and with its last whole digits zero.
fn truncate_number(text: &[u8], zeros: u8) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let kept = whole.len().saturating_sub(usize::from(zeros));
    match whole.get(..kept).filter(|kept| kept.bytes().any(|digit| digit != b'0')) {
        Some(kept) => Some(format!("{sign}{kept}{}", "0".repeat(usize::from(zeros)))),
        None => Some("0".to_owned()),
    }
}

#[cfg(test)]
#[path = "mask_tests.rs"]
mod tests;
