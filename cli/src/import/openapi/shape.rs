//! Paths of a document as the templates of a policy.
//!
//! Documents write more than OpenAPI has words for: greedy parameters of gateways (`{proxy+}`,
//! `{path*}`, `{*path}`), operators of URI templates (RFC 6570), constraints of routers (`{id:[0-9]+}`),
//! queries and fragments that tell one operation from another. A template takes a whole segment or any
//! rest. So what is finer is written wider, and it is said where; what no request can ask for in one
//! reading is refused.

use ostiary_engine::catalog::Template;
use ostiary_engine::path::{Ambiguous, CanonicalPath};

/// The longest name of a parameter that a template takes.
const NAME_LEN_MAX: usize = 64;

/// One segment of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    One(String),
    Rest,
}

/// A path as a template can have it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shape {
    segments: Vec<Segment>,
    /// Whether a slash stands at the end; a policy may say that it counts.
    slash: bool,
    wider: bool,
}

/// A shape and what should be known about it.
#[derive(Debug)]
pub struct Shaped {
    /// The shape.
    pub shape: Shape,
    /// In what it is wider than the path, and what of the path is not in it.
    pub notes: Vec<String>,
}

impl Shape {
    /// The shape of a path; `spans` says of a parameter's name whether its value may hold slashes.
    ///
    /// # Errors
    /// Why no template can stand for it.
    pub fn of(path: &str, spans: &dyn Fn(&str) -> bool) -> Result<Shaped, String> {
        let split = split(path)?;
        let mut notes = Vec::new();
        let mut shape = Self::default();
        if let Some(cut) = split.cut {
            notes.push(format!("`{cut}` is not part of what is matched: calls with and without it are one operation"));
            shape.wider = true;
        }
        let last = split.segments.len().saturating_sub(1);
        for (index, pieces) in split.segments.iter().enumerate() {
            if pieces.is_empty() && index < last {
                return Err("no request for it has one reading: it holds `//`".to_owned());
            }
            if pieces.is_empty() {
                shape.slash = index > 0;
                continue;
            }
            let takes_rest = shape.segments.last() == Some(&Segment::Rest);
            match shape.segment(pieces, spans, &mut notes)? {
                Some(segment) if !takes_rest => shape.segments.push(segment),
                Some(_) => notes.push("what follows a parameter that spans segments is not matched".to_owned()),
                None => {}
            }
        }
        Ok(Shaped { shape, notes })
    }

    /// The segment that stands for the pieces; none for a query, which is not matched.
    fn segment(
        &mut self,
        pieces: &[Piece<'_>],
        spans: &dyn Fn(&str) -> bool,
        notes: &mut Vec<String>,
    ) -> Result<Option<Segment>, String> {
        let written: String = pieces.iter().map(Piece::text).collect();
        let mut parts = Vec::new();
        let mut fits = true;
        for piece in pieces {
            match piece {
                Piece::Text(text) => parts.extend(text_part(text, pieces.len() == 1, &mut fits)?),
                Piece::Parameter(inside) => match Meaning::of(inside, spans) {
                    Meaning::Query => notes.push(format!("`{{{inside}}}` is a query, which is not matched")),
                    Meaning::Rest => parts.push(Segment::Rest),
                    Meaning::One { name, is_exact } => {
                        fits &= is_exact;
                        parts.push(Segment::One(name.to_owned()));
                    }
                },
            }
        }
        fits &= parts.len() <= 1;
        if parts.contains(&Segment::Rest) {
            self.wider = true;
            notes.push(format!("`{written}` is written `**`: any rest, also none"));
            return Ok(Some(Segment::Rest));
        }
        if fits && parts.iter().all(|part| matches!(part, Segment::Literal(_))) {
            return Ok(parts.pop());
        }
        let name = parameter_name(&parts);
        if !fits {
            self.wider = true;
            notes.push(format!("`{written}` is written `{name}`, which takes any segment"));
        } else if name != written {
            notes.push(format!("`{written}` is written `{name}`"));
        }
        Ok(Some(Segment::One(name)))
    }

    /// This shape below another, a server's base path.
    pub fn below(&self, base: &Self) -> Self {
        let wider = self.wider || base.wider;
        if base.segments.last() == Some(&Segment::Rest) {
            return Self { segments: base.segments.clone(), slash: false, wider };
        }
        Self { segments: base.segments.iter().chain(&self.segments).cloned().collect(), slash: self.slash, wider }
    }

    /// Whether it ends with a slash.
    pub fn ends_with_slash(&self) -> bool {
        self.slash && !matches!(self.segments.last(), None | Some(Segment::Rest))
    }

    /// Whether it takes more than the path that it was made from.
    pub const fn is_wider(&self) -> bool {
        self.wider
    }

    /// The shape that takes any path whatever.
    pub fn widened_to_all(mut self) -> Self {
        self.segments = vec![Segment::Rest];
        self.wider = true;
        self
    }

    /// The text of the template.
    ///
    /// # Errors
    /// Why the engine does not take it: too long or too deep.
    pub fn template(&self) -> Result<String, String> {
        let mut text = self.joined(|name| name);
        text.push_str(if self.ends_with_slash() { "/" } else { "" });
        Template::parse(&text).map(|template| template.as_str().to_owned())
    }

    /// What two templates have in common exactly when they take the same paths, a slash at the end not counted.
    pub fn key(&self) -> String {
        self.joined(|_| "*")
    }

    fn joined<'s>(&'s self, parameter: impl Fn(&'s str) -> &'s str) -> String {
        if self.segments.is_empty() {
            return "/".to_owned();
        }
        let segments = self.segments.iter().map(|segment| match segment {
            Segment::Literal(text) => text.as_str(),
            Segment::One(name) => parameter(name),
            Segment::Rest => "**",
        });
        segments.fold(String::new(), |path, segment| path + "/" + segment)
    }

    /// Its first segment that is a text and says what the path is about: no version and no `api`.
    pub fn subject(&self) -> Option<&str> {
        let texts = self.segments.iter().map_while(|segment| match segment {
            Segment::Literal(text) => Some(text.as_str()),
            Segment::One(_) | Segment::Rest => None,
        });
        texts.into_iter().find(|text| !is_version(text) && !["api", "rest"].contains(text))
    }
}

/// `v1`, `v2.1`, `v1beta1`.
fn is_version(text: &str) -> bool {
    let rest = text.strip_prefix(['v', 'V']).unwrap_or_default();
    rest.starts_with(|c: char| c.is_ascii_digit()) && rest.len() <= 8
}

/// What a piece of text is in a template, which has no words for some texts: they no longer fit.
fn text_part(text: &str, alone: bool, fits: &mut bool) -> Result<Option<Segment>, String> {
    if alone && text == "**" {
        return Ok(Some(Segment::Rest));
    }
    let unreadable = |why| format!("no request for it has one reading: {why}");
    // Dots climb, and blanks vanish, only at the ends of a segment: beside a parameter they do not stand there.
    let (before, after) = if alone { ("", "") } else { ("x", "x") };
    let read = |text: &str| {
        let path = format!("/{before}{text}{after}");
        let path = CanonicalPath::new(path.as_bytes()).map(|path| path.as_str().to_owned())?;
        let path = path.strip_prefix('/').and_then(|path| path.strip_prefix(before));
        Ok(path.and_then(|path| path.strip_suffix(after)).unwrap_or_default().to_owned())
    };
    let decoded = match read(text) {
        // A percent sign that begins no escape is one that the document did not escape.
        Err(Ambiguous::BadEscape) => read(&text.replace('%', "")).map(|_| text.to_owned()),
        read => read,
    };
    let decoded = decoded.map_err(unreadable)?;
    *fits &= !decoded.contains(['%', '{', '}', '*']);
    Ok((!decoded.is_empty()).then_some(Segment::Literal(decoded)))
}

/// The template's parameter for a segment of these parts; `*` where no letter is left.
fn parameter_name(parts: &[Segment]) -> String {
    let mut name = String::new();
    for part in parts {
        let (Segment::Literal(text) | Segment::One(text)) = part else { continue };
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
        for word in words.map(|word| word.trim_matches('-')).filter(|word| !word.is_empty()) {
            if !name.is_empty() {
                name.push('.');
            }
            name.push_str(word);
        }
    }
    name.truncate(NAME_LEN_MAX);
    if name.is_empty() { "*".to_owned() } else { format!("{{{name}}}") }
}

/// What the inside of `{…}` means.
enum Meaning<'t> {
    /// One segment; not exact where the document allows only some.
    One { name: &'t str, is_exact: bool },
    /// Any rest.
    Rest,
    /// It does not belong to the path.
    Query,
}

impl<'t> Meaning<'t> {
    fn of(inside: &'t str, spans: &dyn Fn(&str) -> bool) -> Self {
        // Some generators write `{{name}}`.
        let inside = inside.trim_start_matches('{').trim_end_matches('}').trim();
        if inside.starts_with(['?', '&', '#']) {
            return Self::Query;
        }
        let (name, constraint) = match inside.split_once([':', '=']) {
            Some((name, constraint)) => (name, Some(constraint)),
            None => (inside, None),
        };
        // RFC 6570 (`+`, `/`), and the catch-alls of API gateways and routers; `?` ends an optional one.
        if name.starts_with(['+', '/', '*']) || name.ends_with(['+', '*', '?']) || spans(name) {
            return Self::Rest;
        }
        // A router's constraint is held against the path as it is sent.
        let any = |constraint: &str| constraint.contains(".*") || constraint.contains(".+");
        if constraint.is_some_and(|constraint| any(constraint) || names_a_slash(constraint)) {
            return Self::Rest;
        }
        Self::One { name: name.trim_start_matches(['.', ';']), is_exact: constraint.is_none() }
    }
}

/// Whether a pattern for a parameter's value names a slash, other than to exclude it as `[^/]` does.
/// A pattern that merely takes anything does not count: in values slashes are escaped.
pub fn names_a_slash(pattern: &str) -> bool {
    let mut rest = pattern;
    while let Some((before, class)) = rest.split_once('[') {
        let (class, after) = class.split_once(']').unwrap_or((class, ""));
        if before.contains('/') || (!class.starts_with('^') && class.contains('/')) {
            return true;
        }
        rest = after;
    }
    rest.contains('/')
}

/// A part of a segment.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'p> {
    Text(&'p str),
    /// The inside of `{…}`.
    Parameter(&'p str),
}

impl Piece<'_> {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => (*text).to_owned(),
            Self::Parameter(inside) => format!("{{{inside}}}"),
        }
    }
}

struct Split<'p> {
    segments: Vec<Vec<Piece<'p>>>,
    /// A query or a fragment.
    cut: Option<&'p str>,
}

/// Cuts a path into segments, and these into text and parameters; slashes inside of braces do not count.
fn split(path: &str) -> Result<Split<'_>, String> {
    let inner = path.strip_prefix('/').ok_or("a path begins with `/`")?;
    let mut segments = Vec::new();
    let mut pieces = Vec::new();
    let mut depth = 0_usize;
    let mut from = 0;
    let mut cut = None;
    for (at, c) in inner.char_indices() {
        let before = inner.get(from..at).unwrap_or_default();
        let text = (depth == 0 && !before.is_empty()).then_some(Piece::Text(before));
        let begins = match (c, depth) {
            ('{', 0) => {
                pieces.extend(text);
                depth = 1;
                true
            }
            ('}', 0) => return Err("it holds a `}` without its `{`".to_owned()),
            ('}', 1) => {
                pieces.push(Piece::Parameter(before));
                depth = 0;
                true
            }
            ('/', 0) => {
                pieces.extend(text);
                segments.push(std::mem::take(&mut pieces));
                true
            }
            ('?' | '#', 0) => {
                pieces.extend(text);
                cut = inner.get(at..);
                from = inner.len();
                break;
            }
            ('{', _) => {
                depth += 1;
                false
            }
            ('}', _) => {
                depth -= 1;
                false
            }
            _ => false,
        };
        if begins {
            from = at + c.len_utf8();
        }
    }
    if depth > 0 {
        return Err("it holds a `{` that is not closed".to_owned());
    }
    let rest = inner.get(from..).unwrap_or_default();
    pieces.extend((!rest.is_empty()).then_some(Piece::Text(rest)));
    segments.push(pieces);
    Ok(Split { segments, cut })
}

#[cfg(test)]
mod tests {
    use super::Shape;

    /// Paths, their templates, and a part of what is said about each; nothing is said where the template is exact.
    #[test]
    fn each_path_is_exact_or_wider_with_a_word() {
        for (path, template, note) in [
            ("/", "/", ""),
            ("/pets", "/pets", ""),
            ("/pets/{id}", "/pets/{id}", ""),
            ("/pets/{pet-id}/x_{", "", ""),
            ("/a%20b/ü", "/a b/ü", ""),
            ("/pets/", "/pets/", ""),
            ("/pets/{user id}", "/pets/{user.id}", "`{user id}` is written `{user.id}`"),
            ("/pets/{日本}", "/pets/*", "is written `*`"),
            ("/files/{name}.{ext}", "/files/{name.ext}", "takes any segment"),
            ("/v1/{name}:cancel", "/v1/{name.cancel}", "takes any segment"),
            ("/@{user}", "/{user}", "takes any segment"),
            ("/r/{id:[0-9]{4}}", "/r/{id}", "takes any segment"),
            ("/r/{path:.*}", "/r/**", "any rest, also none"),
            ("/r/{path:[a-z/]+}/x", "/r/**", "what follows"),
            ("/r/{id:[^/]+}", "/r/{id}", "takes any segment"),
            ("/g/{name=shelves/*/books/*}", "/g/**", "any rest"),
            ("/p/{proxy+}", "/p/**", "any rest, also none"),
            ("/p/{proxy+}/x", "/p/**", "what follows"),
            ("/p/{path*}", "/p/**", "any rest"),
            ("/p/{*path}", "/p/**", "any rest"),
            ("/p/{+path}", "/p/**", "any rest"),
            ("/p{/path}", "/**", "any rest"),
            ("/p/{id?}", "/p/**", "any rest"),
            ("/p/{?q,r}", "/p", "is a query"),
            ("/p{?q}", "/p", "is a query"),
            ("/p/{#part}", "/p", "is a query"),
            ("/p/{.ext}", "/p/{ext}", "is written"),
            ("/p/{;id}", "/p/{id}", "is written"),
            ("/p/{{id}}", "/p/{id}", "is written"),
            ("/p?action=list", "/p", "`?action=list` is not part"),
            ("/p/{id}#search", "/p/{id}", "`#search` is not part"),
            ("/p/*", "/p/*", "takes any segment"),
            ("/p/**", "/p/**", "any rest"),
            ("/p/a*", "/p/{a}", "takes any segment"),
            ("/p/100%", "/p/{100}", "takes any segment"),
            ("/p/%7Bid%7D", "/p/{id}", "takes any segment"),
            ("/p/..{x}", "/p/{x}", "takes any segment"),
        ] {
            let Ok(shaped) = Shape::of(path, &|_| false) else {
                assert!(template.is_empty(), "{path} is refused");
                continue;
            };
            assert_eq!(shaped.shape.template().as_deref(), Ok(template), "{path}");
            let notes = shaped.notes.join("; ");
            assert!(notes.contains(note) && (notes.is_empty() == note.is_empty()), "{path}: {notes}");
        }
        assert_eq!(Shape::of("/v1/{name}", &|name| name == "name").unwrap().shape.template().as_deref(), Ok("/v1/**"));
    }
}
