//! Which format a body is in: what its head says, corrected by its first bytes.

/// A format that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// JSON, one value or several one after the other; also behind a prefix that keeps scripts from running it.
    Json,
    /// JSON, one value a line.
    Ndjson,
    /// JSON text sequences (RFC 7464).
    JsonSequence,
    /// Server-sent events, whose data are JSON or text.
    Sse,
    /// XML 1.0.
    Xml,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `multipart/*`, by its boundary.
    Multipart(String),
    /// Text of any kind.
    Text,
}

/// What can be said of a body's format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guess {
    /// This.
    Known(Format),
    /// The first bytes that are not white space will tell.
    NeedsBytes,
    /// Nothing that is read: an image, an archive, a gRPC message.
    Unknown,
}

impl Format {
    /// By content type and the bytes that have come, none or more of them. A wrong or missing content type is decided by the
    /// first byte that is not white space.
    #[must_use]
    pub fn of(content_type: Option<&str>, first_bytes: &[u8]) -> Guess {
        let declared = content_type.and_then(declared);
        match &declared {
            Some(Declared::Fixed(format)) => return Guess::Known(format.clone()),
            Some(Declared::Opaque) => return Guess::Unknown,
            Some(Declared::Json | Declared::Xml | Declared::Text) | None => {}
        }
        let bytes = first_bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first_bytes);
        let cut_mark = first_bytes.len() < 3 && b"\xef\xbb\xbf".starts_with(first_bytes);
        let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        match (first, declared) {
            (None, _) => Guess::NeedsBytes,
            _ if cut_mark => Guess::NeedsBytes,
            (Some(b'{' | b'['), _) => Guess::Known(Format::Json),
            (Some(b'<'), _) => Guess::Known(Format::Xml),
            (_, Some(Declared::Json)) => Guess::Known(Format::Json),
            (_, Some(Declared::Xml | Declared::Text)) => Guess::Known(Format::Text),
            (Some(first), _) if first.is_ascii_graphic() || *first >= 0xc2 => Guess::Known(Format::Text),
            _ => Guess::Unknown,
        }
    }
}

/// Bytes that tell whether a body's units are wider than bytes.
const WIDE: usize = 4;

impl Format {
    /// As [`Format::of`], of a body that streams by and whose first bytes may contradict what it declares: a body of wider
    /// units is nothing that is read, and what declares events may be JSON or XML, because no line of events begins as
    /// those do, and of events only the data are judged.
    #[must_use]
    pub fn of_stream(content_type: Option<&str>, first_bytes: &[u8]) -> Guess {
        if first_bytes.len() < WIDE {
            return Guess::NeedsBytes;
        }
        if is_wide(first_bytes) {
            return Guess::Unknown;
        }
        match Self::of(content_type, first_bytes) {
            Guess::Known(Self::Sse) if matches!(first_bytes.trim_ascii_start(), [b'{' | b'[' | b'<', ..]) => {
                Self::of(None, first_bytes)
            }
            guess => guess,
        }
    }
}

/// Whether a body begins as UTF-16 and UTF-32 do: with their mark, or with a unit that is half empty.
fn is_wide(first: &[u8]) -> bool {
    matches!(first, [0xfe, 0xff, ..] | [0xff, 0xfe, ..]) || first.iter().take(WIDE).any(|byte| *byte == 0)
}

enum Declared {
    Fixed(Format),
    Json,
    Xml,
    Text,
    Opaque,
}

fn declared(content_type: &str) -> Option<Declared> {
    let (essence, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    let essence = essence.trim().to_ascii_lowercase();
    let (kind, subtype) = essence.split_once('/')?;
    let suffix = subtype.rsplit_once('+').map_or(subtype, |(_, suffix)| suffix);
    Some(match (kind, subtype) {
        (_, "x-ndjson" | "ndjson" | "jsonl" | "x-jsonlines" | "jsonlines" | "x-json-stream") => {
            Declared::Fixed(Format::Ndjson)
        }
        (_, "json-seq") => Declared::Fixed(Format::JsonSequence),
        ("text", "event-stream") => Declared::Fixed(Format::Sse),
        // Hypertext is no XML: elements need no end there.
        ("text", "html") => Declared::Fixed(Format::Text),
        ("application", "x-www-form-urlencoded") => Declared::Fixed(Format::Form),
        ("multipart", _) => {
            boundary(parameters).map_or(Declared::Opaque, |boundary| Declared::Fixed(Format::Multipart(boundary)))
        }
        _ if suffix == "json" => Declared::Json,
        _ if suffix == "json-seq" => Declared::Fixed(Format::JsonSequence),
        _ if suffix == "xml" => Declared::Xml,
        ("text", _) | ("application", "javascript" | "x-javascript" | "graphql" | "yaml" | "x-yaml" | "csv") => {
            Declared::Text
        }
        ("image" | "audio" | "video" | "font", _) => Declared::Opaque,
        ("application", "grpc" | "pdf" | "zip" | "gzip" | "wasm" | "zstd") => Declared::Opaque,
        ("application", subtype) if subtype.starts_with("grpc") => Declared::Opaque,
        // `application/octet-stream` and what is not known by name say nothing.
        _ => return None,
    })
}

/// The boundary of a multipart body (RFC 2046 section 5.1.1): 1 to 70 characters.
fn boundary(parameters: &str) -> Option<String> {
    let mut parameters = parameters.split(';').filter_map(|parameter| parameter.split_once('='));
    let (_, value) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))?;
    let value = value.trim();
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    (1..=70).contains(&value.len()).then(|| value.to_owned())
}
