//! The shape of a JSON body: which fields it has and of which types, whatever their values and their order.
//!
//! The shape is the set of paths with their types. Elements of a list share one path, so long and short lists are
//! alike; keys that may be values (ids, dates, addresses) are all `*`. It ignores the order of fields, how often
//! something stands, formats of strings, whether a number has a fraction, and nulls: what may be null is then a
//! field that may be missing. Two answers of one shape were most likely written by the same code.

use crate::form::{self, is_id_name, shown_name};
use crate::inside::{self, Leads};
use sha2::{Digest, Sha256};

/// Levels that are told apart; what is deeper counts as a value of its container's type.
const DEPTH_MAX: usize = 16;

/// Pairs of a path and a type that make a shape.
const PAIRS_MAX: usize = 512;

/// Fields that are listed.
const FIELDS_MAX: usize = 32;

/// Bytes of a path as it is listed.
const PATH_MAX: usize = 96;

/// Bytes of a token that are kept: to see its format, to take it for an id.
const TOKEN_MAX: usize = 256;

/// Ids that are kept.
const IDS_MAX: usize = 16;

/// Levels down to which a field is at the top: `$.data[*].id`.
const TOP: usize = 3;

/// Reads the shape of a body as it comes. It is no validator: what is no JSON gives some shape.
#[derive(Debug, Default)]
pub struct Outline {
    lex: Lex,
    levels: Vec<Level>,
    /// Containers that are open beyond the limit.
    beyond: usize,
    /// Whether a key comes next.
    wants_key: bool,
    /// The last key as it came, the hash of what is shown of it, and whether it names an id.
    key: Vec<u8>,
    key_hash: u64,
    key_is_id: bool,
    /// Whether the shape, its fields and ids are asked for.
    shapes: bool,
    /// Whether it is asked where URLs lead.
    follows: bool,
    /// The token at hand, unescaped.
    token: Vec<u8>,
    /// Whether it is longer than what is kept of it.
    is_cut: bool,
    leads: Leads,
    path: String,
    /// The hashes of the pairs, sorted.
    pairs: Vec<u64>,
    fields: Vec<String>,
    ids: Vec<Vec<u8>>,
    is_partial: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Lex {
    #[default]
    Outside,
    String,
    Escape,
    /// After `\\u`: how many digits are missing, and what those before say.
    Unicode(u8, u32),
    Bare,
}

/// An open container.
#[derive(Debug, Clone, Copy)]
struct Level {
    is_list: bool,
    /// The hash of its path, and how much of `path` is its own.
    hash: u64,
    path_len: usize,
}

// === impl Outline ===

impl Outline {
    /// Takes the next bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some((byte, after)) = rest.split_first() {
            match self.lex {
                Lex::String => {
                    let len = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')).unwrap_or(rest.len());
                    let (inside, after) = rest.split_at(len);
                    self.keep(inside);
                    rest = match after.split_first() {
                        Some((b'"', after)) => {
                            self.lex = Lex::Outside;
                            self.string();
                            after
                        }
                        Some((_, after)) => {
                            self.lex = Lex::Escape;
                            after
                        }
                        None => after,
                    };
                    continue;
                }
                Lex::Escape => self.escape(*byte),
                Lex::Unicode(missing, code) => self.unicode(*byte, missing, code),
                Lex::Bare if matches!(byte, b',' | b'}' | b']' | b':') || byte.is_ascii_whitespace() => {
                    self.lex = Lex::Outside;
                    self.bare();
                    continue;
                }
                Lex::Bare => self.keep(&[*byte]),
                Lex::Outside => self.outside(*byte),
            }
            rest = after;
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = TOKEN_MAX.saturating_sub(self.token.len());
        self.is_cut |= bytes.len() > room;
        self.token.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    fn escape(&mut self, byte: u8) {
        self.lex = Lex::String;
        match byte {
            b'u' => self.lex = Lex::Unicode(4, 0),
            b'n' | b'r' | b't' | b'b' | b'f' => self.keep(b" "),
            _ => self.keep(&[byte]),
        }
    }

    fn unicode(&mut self, byte: u8, missing: u8, code: u32) {
        let code = (code << 4) | char::from(byte).to_digit(16).unwrap_or_default();
        if missing > 1 {
            self.lex = Lex::Unicode(missing - 1, code);
            return;
        }
        self.lex = Lex::String;
        // Halves of a pair are no characters; what they stand for is nothing that is looked for.
        let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        self.keep(character.encode_utf8(&mut [0; 4]).as_bytes());
    }

    fn outside(&mut self, byte: u8) {
        match byte {
            b'"' => self.begin(Lex::String),
            b'{' | b'[' => self.open(byte == b'['),
            b'}' | b']' => self.close(),
            b',' => self.wants_key = self.in_object(),
            b':' => self.wants_key = false,
            _ if byte.is_ascii_whitespace() || !byte.is_ascii_graphic() => {}
            _ => {
                self.begin(Lex::Bare);
                self.token.push(byte);
            }
        }
    }

    fn begin(&mut self, lex: Lex) {
        (self.lex, self.is_cut) = (lex, false);
        self.token.clear();
    }

    fn open(&mut self, is_list: bool) {
        if self.beyond > 0 || self.levels.len() >= DEPTH_MAX {
            self.beyond += 1;
            self.is_partial = true;
            return;
        }
        let (hash, path_len) = (self.here(), self.path.len());
        self.pair(if is_list { "array" } else { "object" }, |_| "");
        self.push_step();
        self.levels.push(Level { is_list, hash, path_len });
        self.wants_key = !is_list;
    }

    fn close(&mut self) {
        if self.beyond > 0 {
            self.beyond -= 1;
        } else if let Some(level) = self.levels.pop() {
            self.path.truncate(level.path_len);
        }
        self.wants_key = false;
    }

    fn string(&mut self) {
        if self.beyond > 0 {
            return;
        }
        if self.wants_key {
            self.key.clear();
            // A long name is shown as `*`.
            self.key.extend_from_slice(if self.is_cut { b"" } else { &self.token });
            self.key_hash = name_hash(&self.key);
            self.key_is_id = matches!(self.key.last(), Some(b'd' | b'D')) && is_id_name(&self.key);
            self.wants_key = false;
            return;
        }
        self.text(form::of_string);
    }

    /// Takes a text that is the value at hand; `form` tells its form.
    fn text(&mut self, form: fn(&[u8]) -> &'static str) {
        let form = if self.is_cut { |_: &[u8]| "string" } else { form };
        self.pair("string", form);
        if self.follows && self.leads < Leads::Inside {
            let named = self.in_object() && inside::is_named(&self.key);
            self.leads = self.leads.max(inside::leads(&self.token, named));
        }
        self.id();
    }

    /// Takes a member of a form, which is an object of texts.
    pub fn member(&mut self, name: &[u8], value: &[u8]) {
        self.begin(Lex::Outside);
        self.wants_key = true;
        self.keep(name);
        self.string();
        self.begin(Lex::Outside);
        self.keep(value);
        self.text(form::of_text);
    }

    /// One that finds out the shape, with its fields and ids, and where URLs lead, as far as that is asked for.
    #[must_use]
    pub fn new(shapes: bool, follows: bool) -> Self {
        Self { shapes, follows, ..Self::default() }
    }

    /// Whether a text in it is a URL that leads inside, or may to some readers.
    #[must_use]
    pub fn leads_inside(&self) -> bool {
        self.leads > Leads::Elsewhere
    }

    fn bare(&mut self) {
        if self.beyond > 0 || self.wants_key {
            return;
        }
        match self.token.first() {
            Some(b't' | b'f') => self.pair("boolean", |_| "boolean"),
            Some(b'0'..=b'9' | b'-') => {
                self.pair("number", form::of_number);
                if self.key_is_id && form::of_number(&self.token).starts_with("integer") {
                    self.id();
                }
            }
            _ => {}
        }
    }

    /// The hash of the path of the value at hand.
    fn here(&self) -> u64 {
        match self.levels.last() {
            None => mix(0, b"$"),
            Some(level) if level.is_list => mix(level.hash, b"[*]"),
            Some(level) => mix(level.hash, b".").wrapping_mul(31) ^ self.key_hash,
        }
    }

    /// Puts the last step of the path of the value at hand to the path.
    fn push_step(&mut self) {
        match self.levels.last() {
            None => self.path.push('$'),
            Some(level) if level.is_list => self.path.push_str("[*]"),
            Some(_) => {
                self.path.push('.');
                self.path.push_str(shown_name(&self.key));
            }
        }
    }

    fn in_object(&self) -> bool {
        self.levels.last().is_some_and(|level| !level.is_list)
    }

    /// Notes that the value at hand is of a type; `form` tells its form, if it is the first here.
    fn pair(&mut self, kind: &str, form: fn(&[u8]) -> &'static str) {
        if !self.shapes {
            return;
        }
        let hash = mix(self.here(), kind.as_bytes());
        let Err(at) = self.pairs.binary_search(&hash) else { return };
        if self.pairs.len() >= PAIRS_MAX {
            self.is_partial = true;
            return;
        }
        self.pairs.insert(at, hash);
        if matches!(kind, "array" | "object") {
            return;
        }
        if self.fields.len() >= FIELDS_MAX {
            self.is_partial = true;
            return;
        }
        let path_len = self.path.len();
        self.push_step();
        let line = format!("{} {}", self.path, form(&self.token));
        self.path.truncate(path_len);
        if line.len() <= PATH_MAX {
            self.fields.push(line);
        } else {
            self.is_partial = true;
        }
    }

    fn id(&mut self) {
        let is_id = self.shapes && self.in_object() && self.key_is_id && self.levels.len() <= TOP && !self.is_cut;
        if is_id && self.ids.len() < IDS_MAX && !self.token.is_empty() && !self.ids.contains(&self.token) {
            self.ids.push(self.token.clone());
        }
    }

    /// The hash of the shape: of the set of its pairs, in no order.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let mut hash = Sha256::new();
        self.pairs.iter().for_each(|pair| hash.update(pair.to_le_bytes()));
        hash.finalize().first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
    }

    /// Whether there may be more to it.
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// The ids at its top, as written.
    pub fn ids(&self) -> impl Iterator<Item = &[u8]> {
        self.ids.iter().map(Vec::as_slice)
    }

    /// Its fields: a path as rules write it, a blank, and the type with the format of the first value.
    #[must_use]
    pub fn into_fields(self) -> Vec<String> {
        self.fields
    }
}

/// FNV-1a in 64 bits, on top of another hash: who writes a body gains nothing by two fields that are taken for one.
fn mix(seed: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(seed ^ OFFSET, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
}

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

/// The hash of a name as it is shown; plain names, which most are, are read once.
fn name_hash(name: &[u8]) -> u64 {
    let plain = name.iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    if plain && (1..=32).contains(&name.len()) { mix(0, name) } else { mix(0, shown_name(name).as_bytes()) }
}
