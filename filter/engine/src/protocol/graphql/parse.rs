//! Executable GraphQL documents (specification of October 2021, section 2): what is selected, and nothing of
//! the values that are passed but how many items they ask for.
//!
//! All selections lie in one list, each with the places of its first inner and its next one, so a document
//! costs one allocation and its end costs no recursion.

use super::lexer::{Lexer, Token};
use crate::protocol::Unreadable;

/// Levels that selections, values and types may have in one another: what is read within each other is read by
/// recursion, and a guest's stack is small.
pub const LEVELS_MAX: u32 = 64;

/// No place.
pub(super) const NONE: u32 = u32::MAX;

/// The kind of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It reads.
    Query,
    /// It changes something.
    Mutation,
    /// It is told of changes.
    Subscription,
}

impl Kind {
    /// Its keyword.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Mutation => "mutation",
            Self::Subscription => "subscription",
        }
    }
}

/// How many items a field asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times<'d> {
    /// It does not say.
    Unsaid,
    /// So many.
    Said(u32),
    /// What a variable says.
    Variable(&'d str),
}

/// What a selection selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What<'d> {
    /// A field.
    Field(&'d str),
    /// What a fragment selects.
    Spread(&'d str),
    /// What stands in it.
    Inline,
}

/// A selection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Selection<'d> {
    pub(super) what: What<'d>,
    pub(super) is_aliased: bool,
    pub(super) directives: u32,
    /// The largest of what `first`, `last` and `limit` say, up to three.
    pub(super) times: [Times<'d>; 3],
    /// The first selection within it.
    pub(super) inner: u32,
    /// The selection behind it.
    pub(super) next: u32,
}

/// An operation or a fragment.
#[derive(Debug)]
pub(super) struct Definition<'d> {
    /// `None` for a fragment.
    pub(super) kind: Option<Kind>,
    /// `None` for an operation without a name.
    pub(super) name: Option<&'d str>,
    pub(super) directives: u32,
    pub(super) first: u32,
    /// What variables are when the request does not say.
    pub(super) defaults: Vec<(&'d str, u32)>,
}

/// A document.
#[derive(Debug, Default)]
pub(super) struct Document<'d> {
    pub(super) definitions: Vec<Definition<'d>>,
    pub(super) selections: Vec<Selection<'d>>,
}

impl<'d> Document<'d> {
    /// Reads a document.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub(super) fn read(text: &'d str) -> Result<Self, Unreadable> {
        let mut lexer = Lexer::new(text);
        let token = lexer.next()?;
        let mut parser = Parser { lexer, token, levels: 0, is_constant: false, document: Self::default() };
        while parser.token != Token::End {
            parser.definition()?;
        }
        let document = parser.document;
        if document.definitions.is_empty() { Err(Unreadable::Syntax) } else { Ok(document) }
    }

    pub(super) fn selection(&self, at: u32) -> Option<&Selection<'d>> {
        self.selections.get(usize::try_from(at).ok()?)
    }
}

struct Parser<'d> {
    lexer: Lexer<'d>,
    token: Token<'d>,
    levels: u32,
    /// Whether values may hold no variables, as where variables are defined (section 2.9).
    is_constant: bool,
    document: Document<'d>,
}

impl<'d> Parser<'d> {
    fn bump(&mut self) -> Result<Token<'d>, Unreadable> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.token, next))
    }

    fn eat(&mut self, mark: u8) -> Result<bool, Unreadable> {
        let is_there = self.token == Token::Mark(mark);
        if is_there {
            self.bump()?;
        }
        Ok(is_there)
    }

    fn expect(&mut self, mark: u8) -> Result<(), Unreadable> {
        if self.eat(mark)? { Ok(()) } else { Err(Unreadable::Syntax) }
    }

    fn name(&mut self) -> Result<&'d str, Unreadable> {
        match self.bump()? {
            Token::Name(name) => Ok(name),
            _ => Err(Unreadable::Syntax),
        }
    }

    fn enter(&mut self) -> Result<(), Unreadable> {
        self.levels += 1;
        if self.levels > LEVELS_MAX { Err(Unreadable::TooDeep) } else { Ok(()) }
    }

    /// An operation or a fragment (sections 2.3 and 2.8). What defines types is not to be executed.
    fn definition(&mut self) -> Result<(), Unreadable> {
        let mut definition = Definition { kind: None, name: None, directives: 0, first: NONE, defaults: Vec::new() };
        match self.token {
            Token::Mark(b'{') => definition.kind = Some(Kind::Query),
            Token::Name("fragment") => {
                self.bump()?;
                definition.name = Some(self.name()?).filter(|name| *name != "on");
                if definition.name.is_none() || self.name()? != "on" {
                    return Err(Unreadable::Syntax);
                }
                self.name()?;
                definition.directives = self.directives()?;
            }
            Token::Name(word) => {
                let kinds = [Kind::Query, Kind::Mutation, Kind::Subscription];
                definition.kind = kinds.into_iter().find(|kind| kind.word() == word);
                if definition.kind.is_none() {
                    return Err(Unreadable::Syntax);
                }
                self.bump()?;
                if let Token::Name(name) = self.token {
                    self.bump()?;
                    definition.name = Some(name);
                }
                if self.eat(b'(')? {
                    definition.directives = self.variables(&mut definition.defaults)?;
                }
                definition.directives += self.directives()?;
            }
            _ => return Err(Unreadable::Syntax),
        }
        definition.first = self.selections()?;
        self.document.definitions.push(definition);
        Ok(())
    }

    /// Definitions of variables (section 2.10), behind the bracket; gives their directives.
    fn variables(&mut self, defaults: &mut Vec<(&'d str, u32)>) -> Result<u32, Unreadable> {
        let mut directives = 0;
        self.is_constant = true;
        loop {
            self.expect(b'$')?;
            let name = self.name()?;
            self.expect(b':')?;
            self.typed()?;
            if self.eat(b'=')?
                && let Times::Said(number) = self.value()?
            {
                defaults.push((name, number));
            }
            directives += self.directives()?;
            if self.eat(b')')? {
                self.is_constant = false;
                return Ok(directives);
            }
        }
    }

    fn typed(&mut self) -> Result<(), Unreadable> {
        self.enter()?;
        if self.eat(b'[')? {
            self.typed()?;
            self.expect(b']')?;
        } else {
            self.name()?;
        }
        self.eat(b'!')?;
        self.levels -= 1;
        Ok(())
    }

    /// A set of selections (section 2.4); gives the place of the first.
    fn selections(&mut self) -> Result<u32, Unreadable> {
        self.expect(b'{')?;
        self.enter()?;
        let (mut first, mut last) = (NONE, NONE);
        while !self.eat(b'}')? {
            let selection = self.selection()?;
            let place = u32::try_from(self.document.selections.len()).map_err(|_| Unreadable::TooMany)?;
            self.document.selections.push(selection);
            let before = usize::try_from(last).ok().and_then(|last| self.document.selections.get_mut(last));
            match before {
                Some(before) => before.next = place,
                None => first = place,
            }
            last = place;
        }
        self.levels -= 1;
        if first == NONE { Err(Unreadable::Syntax) } else { Ok(first) }
    }

    fn selection(&mut self) -> Result<Selection<'d>, Unreadable> {
        let mut selection = Selection {
            what: What::Inline,
            is_aliased: false,
            directives: 0,
            times: [Times::Unsaid; 3],
            inner: NONE,
            next: NONE,
        };
        if self.eat(b'.')? {
            match self.token {
                Token::Name("on") => {
                    self.bump()?;
                    self.name()?;
                }
                Token::Name(name) => {
                    self.bump()?;
                    selection.what = What::Spread(name);
                }
                _ => {}
            }
            selection.directives = self.directives()?;
            if selection.what == What::Inline {
                selection.inner = self.selections()?;
            }
            return Ok(selection);
        }
        let mut name = self.name()?;
        if self.eat(b':')? {
            selection.is_aliased = true;
            name = self.name()?;
        }
        selection.what = What::Field(name);
        if self.eat(b'(')? {
            self.arguments(&mut selection.times)?;
        }
        selection.directives = self.directives()?;
        if self.token == Token::Mark(b'{') {
            selection.inner = self.selections()?;
        }
        Ok(selection)
    }

    /// Arguments (section 2.6), behind the bracket; those that say how many items are wanted are kept.
    fn arguments(&mut self, times: &mut [Times<'d>; 3]) -> Result<(), Unreadable> {
        loop {
            let name = self.name()?;
            self.expect(b':')?;
            let value = self.value()?;
            let slots = ["first", "last", "limit"].into_iter().zip(times.iter_mut());
            for (_, slot) in slots.filter(|(wanted, _)| *wanted == name) {
                *slot = value;
            }
            if self.eat(b')')? {
                return Ok(());
            }
        }
    }

    /// Directives (section 2.12); gives how many.
    fn directives(&mut self) -> Result<u32, Unreadable> {
        let mut count = 0;
        while self.eat(b'@')? {
            self.name()?;
            if self.eat(b'(')? {
                self.arguments(&mut [Times::Unsaid; 3])?;
            }
            count += 1;
        }
        Ok(count)
    }

    /// A value (section 2.9); gives what number it is.
    fn value(&mut self) -> Result<Times<'d>, Unreadable> {
        self.enter()?;
        let said = match self.bump()? {
            Token::Mark(b'$') if !self.is_constant => Times::Variable(self.name()?),
            // What is beyond any list is as much as can be said.
            Token::Whole(digits) if !digits.starts_with('-') => Times::Said(digits.parse().unwrap_or(u32::MAX)),
            Token::Whole(_) | Token::Other | Token::Name(_) => Times::Unsaid,
            Token::Mark(b'[') => {
                while !self.eat(b']')? {
                    self.value()?;
                }
                Times::Unsaid
            }
            Token::Mark(b'{') => {
                while !self.eat(b'}')? {
                    self.name()?;
                    self.expect(b':')?;
                    self.value()?;
                }
                Times::Unsaid
            }
            Token::Mark(_) | Token::End => return Err(Unreadable::Syntax),
        };
        self.levels -= 1;
        Ok(said)
    }
}
