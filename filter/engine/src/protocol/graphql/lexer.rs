//! The tokens of a GraphQL document (specification of October 2021, section 2.1).
//!
//! Values are of no interest but for whole numbers, so a string is only passed over, by its own rules: what
//! stands in it is never taken for a part of the document.

use crate::protocol::Unreadable;

/// Tokens of a document at most: what a client needs are some hundreds, and each costs the server too.
pub const TOKENS_MAX: usize = 10_000;

/// One token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'d> {
    /// A punctuator; `.` stands for the three dots.
    Mark(u8),
    /// A name.
    Name(&'d str),
    /// A whole number.
    Whole(&'d str),
    /// A number with a fraction or an exponent, or a string.
    Other,
    /// There is no more.
    End,
}

/// Reads tokens from a document.
#[derive(Debug)]
pub(super) struct Lexer<'d> {
    text: &'d str,
    at: usize,
    left: usize,
}

impl<'d> Lexer<'d> {
    pub(super) const fn new(text: &'d str) -> Self {
        Self { text, at: 0, left: TOKENS_MAX }
    }

    /// The next token.
    ///
    /// # Errors
    /// [`Unreadable::Syntax`] where none begins, [`Unreadable::TooMany`] beyond the bound.
    pub(super) fn next(&mut self) -> Result<Token<'d>, Unreadable> {
        self.skip();
        self.left = self.left.checked_sub(1).ok_or(Unreadable::TooMany)?;
        let Some(byte) = self.peek() else { return Ok(Token::End) };
        match byte {
            b'!' | b'$' | b'&' | b'(' | b')' | b':' | b'=' | b'@' | b'[' | b']' | b'{' | b'|' | b'}' => {
                self.at += 1;
                Ok(Token::Mark(byte))
            }
            b'.' if self.rest().starts_with(b"...") => {
                self.at += 3;
                Ok(Token::Mark(b'.'))
            }
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                let from = self.at;
                while self.peek().is_some_and(|byte| byte == b'_' || byte.is_ascii_alphanumeric()) {
                    self.at += 1;
                }
                Ok(Token::Name(self.since(from)))
            }
            b'-' | b'0'..=b'9' => self.number(),
            b'"' => self.string(),
            _ => Err(Unreadable::Syntax),
        }
    }

    fn rest(&self) -> &'d [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn since(&self, from: usize) -> &'d str {
        self.text.get(from..self.at).unwrap_or_default()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    /// Passes over what means nothing: blanks, line ends, commas, comments and the byte order mark.
    fn skip(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\n' | b'\r' | b',') => self.at += 1,
                Some(b'#') => {
                    while self.peek().is_some_and(|byte| !matches!(byte, b'\n' | b'\r')) {
                        self.at += 1;
                    }
                }
                Some(0xef) if self.rest().starts_with("\u{feff}".as_bytes()) => self.at += 3,
                _ => return,
            }
        }
    }

    fn digits(&mut self) -> usize {
        let from = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - from
    }

    fn number(&mut self) -> Result<Token<'d>, Unreadable> {
        let from = self.at;
        self.eat(b'-');
        let begins_with_zero = self.peek() == Some(b'0');
        let digits = self.digits();
        let mut holds = digits == 1 || (digits > 1 && !begins_with_zero);
        let mut is_whole = true;
        if self.eat(b'.') {
            is_whole = false;
            holds &= self.digits() > 0;
        }
        if self.eat(b'e') || self.eat(b'E') {
            is_whole = false;
            if !self.eat(b'+') {
                self.eat(b'-');
            }
            holds &= self.digits() > 0;
        }
        // A number ends before a name and before another number (section 2.9.1).
        holds &= !self.peek().is_some_and(|byte| matches!(byte, b'.' | b'_') || byte.is_ascii_alphabetic());
        match (holds, is_whole) {
            (false, _) => Err(Unreadable::Syntax),
            (true, true) => Ok(Token::Whole(self.since(from))),
            (true, false) => Ok(Token::Other),
        }
    }

    fn string(&mut self) -> Result<Token<'d>, Unreadable> {
        if self.rest().starts_with(b"\"\"\"") {
            self.at += 3;
            return self.block();
        }
        self.at += 1;
        loop {
            let byte = self.peek().ok_or(Unreadable::Syntax)?;
            self.at += 1;
            match byte {
                b'"' => return Ok(Token::Other),
                b'\\' => self.escape()?,
                b'\t' | 0x20.. => {}
                _ => return Err(Unreadable::Syntax),
            }
        }
    }

    /// What follows a backslash: `\u` with four digits, or with digits in braces as later drafts have it.
    fn escape(&mut self) -> Result<(), Unreadable> {
        let byte = self.peek().ok_or(Unreadable::Syntax)?;
        self.at += 1;
        let holds = match byte {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => true,
            b'u' if self.eat(b'{') => {
                let digits = self.rest().iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
                self.at += digits;
                digits > 0 && self.eat(b'}')
            }
            b'u' => {
                let digits = self.rest().iter().take(4).filter(|byte| byte.is_ascii_hexdigit()).count();
                self.at += digits;
                digits == 4
            }
            _ => false,
        };
        if holds { Ok(()) } else { Err(Unreadable::Syntax) }
    }

    fn block(&mut self) -> Result<Token<'d>, Unreadable> {
        loop {
            let rest = self.rest();
            if rest.is_empty() {
                return Err(Unreadable::Syntax);
            }
            if rest.starts_with(b"\"\"\"") {
                self.at += 3;
                return Ok(Token::Other);
            }
            self.at += if rest.starts_with(b"\\\"\"\"") { 4 } else { 1 };
        }
    }
}
