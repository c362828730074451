//! JSON as it comes: what each token is, and what becomes of it.
//!
//! This is no validator. Where what is meant is clear (bad numbers, commas too many or too few, values without quotes, several
//! values in a row) rules go on. Where the structure breaks, which is at a string that does not end, a bracket that
//! closes another one, a key without its colon or a colon without its key, the rest of the body is text: data types are still
//! looked for, and rules by field say by `unreadable` whether it leaves.

mod classes;
mod glance;
mod judging;
mod leading;
mod levels;
mod nodes;
mod quick;
mod settling;
mod tokens;

use crate::judge::Judge;
use crate::masker::Blocked;
use crate::plan::Plan;
use crate::rule::RuleSet;
use crate::scan::Scan;
use crate::text::Text;
pub(crate) use classes::{Asked, DEPTH_MAX, Pool};
use classes::{Classes, Id, UNKNOWN};
use levels::{Fate, Level};
use nodes::Node;
use std::rc::Rc;

/// A body of JSON.
#[derive(Debug)]
pub(crate) struct Json<S> {
    scan: S,
    lex: Lex,
    expect: Expect,
    levels: Vec<Level>,
    /// The automaton's state at the root.
    start: Vec<u64>,
    /// Rules that have fields to keep.
    keepers: RuleSet,
    classes: Classes,
    /// What the classes are known under, and where they go back to.
    asked: Asked,
    plan: Rc<Plan>,
    /// The value that comes next, or the token at hand; its class, and where that is not known the automaton's state.
    node: Node,
    class: Id,
    state: Vec<u64>,
    fate: Fate,
    token: Token,
    /// Levels beyond the limit. Within them only brackets are counted and tokens judged.
    beyond: usize,
    /// How many levels are open around what does not leave, itself included; 0 where everything may.
    muted: usize,
    /// Whether a separator and perhaps a key wait for what becomes of their value.
    leading: bool,
    /// White space at the end of the last piece, in bytes, while something waits.
    blank: usize,
    /// The bytes that wait: separator and key, then the token at hand.
    held: Vec<u8>,
    /// Bytes of framing among them.
    framed: usize,
    /// What leaves instead of a waiting key: from where to where in `held`.
    key_edit: Option<(usize, usize, Vec<u8>)>,
    /// Pieces of framing in the token at hand: from where to where in `held`.
    gaps: Vec<(usize, usize)>,
    name: Name,
    saved_name: Vec<u8>,
    /// The path of the innermost container.
    path: Vec<u8>,
    /// Whether the body began with `)`, as what keeps a script from running it does: `)]}'`.
    prefix: bool,
    text: Text,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lex {
    Outside,
    String,
    Bare,
    /// The structure broke.
    Text,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    Key,
    Colon,
    /// A separator or an end; a value or key where the comma is missing.
    After,
    /// Anything, in levels beyond the limit.
    Any,
}

/// A token that the last piece did not end.
#[derive(Debug, Clone, Copy)]
struct Token {
    is_key: bool,
    /// Whether the last byte was a backslash that escapes the next.
    escape: bool,
    len: usize,
    /// Where it begins in `held`, and in the body.
    at: usize,
    offset: u64,
    hold: Hold,
}

/// What is done with the bytes of a token that is not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// They leave, and nobody needs them.
    Pass,
    /// They leave, and are kept to be looked at.
    Copy,
    /// They wait.
    Wait,
    /// They do not leave.
    Drop,
}

/// The name of the value that comes next.
#[derive(Debug, Clone, Copy)]
enum Name {
    /// From where to where in the piece at hand.
    Piece(usize, usize),
    /// In `saved_name`.
    Saved,
    /// It must not be shown.
    Hidden,
}

/// A piece and how far it went out.
struct Flow<'a> {
    piece: &'a [u8],
    /// Bytes of the piece that went out, or do not leave.
    copied: usize,
    out: &'a mut Vec<u8>,
}

// === impl Json ===

impl<S> Drop for Json<S> {
    fn drop(&mut self) {
        self.plan.classes.take_back(self.asked, std::mem::take(&mut self.classes));
    }
}

impl<S: Scan> Json<S> {
    pub(crate) fn new(judge: &Judge) -> Self {
        let both = judge.active.enforced.union(judge.active.shadow);
        let keeps = |number: &usize| judge.plan.rules.get(*number).is_some_and(|rule| !rule.keep_only.is_empty());
        let token = Token { is_key: false, escape: false, len: 0, at: 0, offset: 0, hold: Hold::Pass };
        let (enforced, shadow) = (judge.active.enforced, judge.active.shadow);
        let asked = Asked { enforced, shadow, wanted: judge.wanted, wanted_beyond: judge.wanted_beyond };
        Self {
            scan: S::default(),
            lex: Lex::Outside,
            expect: Expect::Value,
            levels: Vec::new(),
            start: judge.plan.automaton.start(&both),
            keepers: both.iter().filter(keeps).collect(),
            classes: judge.plan.classes.lend(&asked),
            asked,
            plan: Rc::clone(&judge.plan),
            node: Node::default(),
            class: UNKNOWN,
            state: Vec::new(),
            fate: Fate::Stay,
            token,
            beyond: 0,
            muted: 0,
            leading: false,
            blank: 0,
            held: Vec::new(),
            framed: 0,
            key_edit: None,
            gaps: Vec::new(),
            name: Name::Hidden,
            saved_name: Vec::new(),
            path: Vec::new(),
            prefix: false,
            text: Text::default(),
        }
    }

    /// Takes the next bytes.
    pub(crate) fn feed(&mut self, judge: &mut Judge, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Blocked> {
        if judge.idle() && self.rests() {
            out.extend_from_slice(piece);
            return Ok(());
        }
        let mut flow = Flow { piece, copied: 0, out };
        let mut at = 0;
        while at < piece.len() {
            at = match self.lex {
                Lex::Outside => self.outside(judge, &mut flow, at)?,
                Lex::String | Lex::Bare => self.resume(judge, &mut flow)?,
                Lex::Text => {
                    self.broken_text(judge, &mut flow, at)?;
                    piece.len()
                }
            };
        }
        self.flush(judge, &mut flow, piece.len());
        self.save_name(piece);
        Ok(())
    }

    /// Walks tokens until the piece ends or one of them is cut by its end.
    fn outside(&mut self, judge: &mut Judge, flow: &mut Flow<'_>, mut at: usize) -> Result<usize, Blocked> {
        let piece = flow.piece;
        loop {
            if self.muted == 0 && self.beyond == 0 && (!self.leading || self.leads_nothing(flow, at)) {
                self.leading = false;
                at = self.quick(judge, flow, at)?;
                if judge.removes && self.is_before_item() {
                    self.lead(judge, flow, at);
                }
            }
            let before = at;
            at = self.scan.skip_space(piece, at);
            if self.leading {
                self.trim(judge, flow, before, at);
            }
            let Some(byte) = piece.get(at) else { return Ok(at) };
            match byte {
                b'"' => {
                    if !self.begin(judge, flow, at)? {
                        return Ok(at);
                    }
                    match self.string_end(piece, at + 1) {
                        Some((end, _)) => {
                            self.complete(judge, flow, at, end, false)?;
                            at = end;
                        }
                        None => return self.cut(judge, flow, at, Lex::String),
                    }
                }
                b',' => {
                    self.comma(judge, flow, at);
                    at += 1;
                }
                b':' if matches!(self.expect, Expect::Colon | Expect::Any) => {
                    if self.expect == Expect::Colon {
                        self.expect = Expect::Value;
                    }
                    at += 1;
                }
                b'{' | b'[' => {
                    if !self.open(judge, flow, at, *byte == b'[')? {
                        return Ok(at);
                    }
                    at += 1;
                }
                b'}' | b']' => {
                    if !self.close(judge, flow, at, *byte == b']')? {
                        return Ok(at);
                    }
                    at += 1;
                }
                b':' => {
                    self.breaks(judge, flow, at)?;
                    return Ok(at);
                }
                _ => match self.bare(judge, flow, at)? {
                    Some(end) => at = end,
                    None => return Ok(if self.lex == Lex::Bare { piece.len() } else { at }),
                },
            }
        }
    }

    /// A token without quotes begins at `at`. None if the structure breaks there, or the piece ends within it.
    fn bare(&mut self, judge: &mut Judge, flow: &mut Flow<'_>, at: usize) -> Result<Option<usize>, Blocked> {
        if !self.begin(judge, flow, at)? {
            return Ok(None);
        }
        let end = self.scan.bare_end(flow.piece, at);
        if end == flow.piece.len() {
            self.cut(judge, flow, at, Lex::Bare)?;
            return Ok(None);
        }
        self.complete(judge, flow, at, end, true)?;
        Ok(Some(end))
    }

    /// The end of a string whose inside goes on at `at`, and whether no escape is before it; none if the piece ends before. What an
    /// escape at the piece's end leaves behind is in the token.
    #[inline]
    fn string_end(&mut self, piece: &[u8], at: usize) -> Option<(usize, bool)> {
        self.scan.string_end(piece, at).map_err(|escape| self.token.escape = escape).ok()
    }

    /// The end of the body, or of a record of it: what waits is decided, and the next record begins afresh.
    pub(crate) fn finish(&mut self, judge: &mut Judge, out: &mut Vec<u8>) -> Result<(), Blocked> {
        let mut flow = Flow { piece: &[], copied: 0, out };
        match self.lex {
            Lex::Outside | Lex::Text => {}
            Lex::Bare => self.complete_held(judge, &mut flow, 0, true)?,
            Lex::String => self.unterminated(judge, &mut flow)?,
        }
        self.release(flow.out);
        self.finish_text(judge, flow.out)?;
        (self.lex, self.expect) = (Lex::Outside, Expect::Value);
        self.levels.clear();
        self.path.clear();
        (self.beyond, self.muted, self.prefix) = (0, 0, false);
        Ok(())
    }

    /// Whether nothing waits and no token is cut.
    pub(crate) fn rests(&self) -> bool {
        self.lex == Lex::Outside && !self.leading
    }

    /// Bytes of framing among what waits.
    pub(crate) const fn framed(&self) -> usize {
        self.framed
    }

    /// Bytes that came and did not leave, as they came.
    pub(crate) fn pending(&self) -> &[u8] {
        let waits = self.leading || self.lex != Lex::Outside && self.token.hold == Hold::Wait;
        match self.lex {
            Lex::Text if self.muted == 0 => self.text.pending(),
            _ if waits => &self.held,
            Lex::Outside | Lex::String | Lex::Bare | Lex::Text => &[],
        }
    }

    /// The structure breaks at `at`: the rest is text.
    fn breaks(&mut self, judge: &mut Judge, flow: &mut Flow<'_>, at: usize) -> Result<(), Blocked> {
        judge.broken()?;
        self.flush(judge, flow, at);
        self.release(flow.out);
        self.lex = Lex::Text;
        Ok(())
    }

    fn broken_text(&mut self, judge: &mut Judge, flow: &mut Flow<'_>, at: usize) -> Result<(), Blocked> {
        let rest = flow.piece.get(at..).unwrap_or_default();
        let offset = judge.offset + at as u64;
        flow.copied = flow.piece.len();
        if self.muted == 0 {
            return self.text.feed(judge, rest, offset, flow.out);
        }
        self.text.feed(judge, rest, offset, &mut Vec::new())
    }

    /// What waits of a text is decided.
    fn finish_text(&mut self, judge: &mut Judge, out: &mut Vec<u8>) -> Result<(), Blocked> {
        if self.muted == 0 { self.text.finish(judge, out) } else { self.text.finish(judge, &mut Vec::new()) }
    }

    /// Sends the piece out up to `to`: to the client, to what waits, or nowhere.
    #[inline]
    fn flush(&mut self, judge: &mut Judge, flow: &mut Flow<'_>, to: usize) {
        let part = flow.piece.get(flow.copied..to).unwrap_or_default();
        flow.copied = flow.copied.max(to);
        if part.is_empty() {
        } else if self.muted > 0 {
            judge.changed = true;
        } else if self.leading {
            self.held.extend_from_slice(part);
        } else {
            flow.out.extend_from_slice(part);
        }
    }

    fn save_name(&mut self, piece: &[u8]) {
        if let Name::Piece(start, end) = self.name {
            self.saved_name.clear();
            self.saved_name.extend_from_slice(piece.get(start..end).unwrap_or_default());
            self.name = Name::Saved;
        }
    }
}

#[cfg(test)]
mod masking_tests;
#[cfg(test)]
mod suite_tests;
