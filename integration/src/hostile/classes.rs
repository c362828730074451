//! The table: for each trick its spellings and a lookalike, and for each family of tricks the paths that it is played in.
//!
//! `{}` in a path stands for the spelling. The closed resources are `/admin/**`, `/api/internal/**`, exactly `/vault/keys`, and DELETE on
//! `/orders/**`.

use super::Place;
use super::Place::{After, Before, End, Inside, Start};

/// Where a trick is played: the place, the path with the trick, and the path for its lookalike.
pub(super) type Spot = (Place, &'static str, &'static str);

/// A trick.
pub(super) struct Class {
    /// Its name.
    pub(super) name: &'static str,
    /// Where it is played.
    pub(super) spots: &'static [Spot],
    /// The ways to write it.
    pub(super) spellings: &'static [&'static [u8]],
    /// What stands in the trick's place in the harmless request, and what it decodes to.
    pub(super) lookalike: (&'static str, &'static str),
}

/// The trick is a way to write `..`.
const CLIMB: &[Spot] = &[
    (Start, "/{}/admin/users", "/{}/admin/users"),
    (Before, "/open/{}/admin/users", "/open/{}/admin/users"),
    (Before, "/open/a/{}/{}/vault/keys", "/open/a/{}/{}/vault/keys"),
    (Inside, "/api/public/{}/internal/keys", "/api/public/{}/internal/keys"),
    (After, "/admin/{}/admin/users", "/desk/{}/admin/users"),
    (End, "/vault/keys/a/{}", "/vault/keys/a/{}"),
];

/// The trick is a way to write `.`, or a segment that some reader drops.
const STAY: &[Spot] = &[
    (Start, "/{}/admin/users", "/{}/admin/users"),
    (Before, "/{}/api/internal/keys", "/{}/api/internal/keys"),
    (Inside, "/api/{}/internal/keys", "/api/{}/internal/keys"),
    (After, "/vault/{}/keys", "/vault/{}/keys"),
    (End, "/vault/keys/{}", "/vault/keys/{}"),
];

/// The trick is a way to write `/`.
const SLASH: &[Spot] = &[
    (Start, "/{}admin/users", "/{}admin/users"),
    (Before, "/open/..{}admin/users", "/open/..x{}admin/users"),
    (Before, "/open/a{}..{}..{}..{}admin/users", "/open/a{}..x{}admin/users"),
    (Inside, "/api{}internal/keys", "/api{}internal/keys"),
    (After, "/admin{}users", "/admin{}users"),
    (End, "/vault/keys{}", "/vault/keys{}"),
];

/// The trick is what some reader does not see.
const NOTHING: &[Spot] = &[
    (Start, "/{}admin/users", "/{}admin/users"),
    (Before, "/open/.{}./admin/users", "/open/.{}.x/admin/users"),
    (Inside, "/ad{}min/users", "/ad{}min/users"),
    (After, "/api/internal{}/keys", "/api/internal{}/keys"),
    (End, "/vault/keys{}", "/vault/keys{}"),
];

/// The trick is where some reader stops.
const STOP: &[Spot] = &[
    (Before, "/admin{}/../open", "/admin{}/open"),
    (Inside, "/api/internal{}.css/keys", "/api/internal{}.css/keys"),
    (After, "/vault/keys{}/open", "/vault/keys{}/open"),
    (End, "/vault/keys{}.css", "/vault/keys{}.css"),
];

/// The trick is what some reader cuts off a segment.
const TAIL: &[Spot] = &[
    (Start, "/admin{}", "/admin{}"),
    (Before, "/api{}/internal/keys", "/api{}/internal/keys"),
    (Inside, "/api/internal{}/keys", "/api/internal{}/keys"),
    (After, "/admin{}/users", "/admin{}/users"),
    (End, "/vault/keys{}", "/vault/keys{}"),
];

/// The tricks that a spelling stands for.
pub(super) const CLASSES: &[Class] = &[
    Class { name: "dots", spots: CLIMB, spellings: &[b".."], lookalike: ("..x", "..x") },
    Class {
        name: "dots, escaped",
        spots: CLIMB,
        spellings: &[b"%2e%2e", b"%2E%2E", b"%2e%2E", b".%2e", b"%2E."],
        lookalike: ("%2e%2ex", "..x"),
    },
    Class {
        name: "dots, escaped twice",
        spots: CLIMB,
        spellings: &[b"%252e%252e", b"%25%32%65%25%32%45", b".%252E", b"%%32%65%%32%65"],
        lookalike: ("%25-2e%25-2e", "%-2e%-2e"),
    },
    Class {
        name: "dots with parameters",
        spots: CLIMB,
        spellings: &[b"..;", b"..;x=1", b"%2e%2e;x", b"..;a;b=c"],
        lookalike: ("..,x=1", "..,x=1"),
    },
    Class {
        name: "dots with escaped parameters",
        spots: CLIMB,
        spellings: &[b"..%3b", b"..%3Bx", b"%2e%2e%3bx"],
        lookalike: ("..%2cx", "..,x"),
    },
    Class {
        name: "dots, overlong",
        spots: CLIMB,
        spellings: &[b"%c0%ae%c0%ae", b"%C0%AE.", b"%e0%80%ae%e0%80%ae", b"%f0%80%80%ae.", b"\xc0\xae\xc0\xae"],
        lookalike: ("%c3%ae", "\u{ee}"),
    },
    Class {
        name: "dots, wide",
        spots: CLIMB,
        spellings: &[
            b"%ef%bc%8e%ef%bc%8e",
            b"%ef%bc%8e.",
            b"%e2%80%a5",
            "\u{ff0e}\u{ff0e}".as_bytes(),
            b"%uff0e%uff0e",
        ],
        lookalike: ("%e3%80%82", "\u{3002}"),
    },
    Class { name: "dots, %u", spots: CLIMB, spellings: &[b"%u002e%u002e", b".%u002E"], lookalike: ("u002e", "u002e") },
    Class {
        name: "dots with a tail",
        spots: CLIMB,
        spellings: &[b"..%20", b"..%20%20", b"%2e%2e%20"],
        lookalike: ("..%2b", "..+"),
    },
    Class {
        name: "dots, split",
        spots: CLIMB,
        spellings: &[b".%00.", b".%09.", b"\t..", b".\t.", b".\r.", b".%0d%0a.", b".%7f."],
        lookalike: (".-.x", ".-.x"),
    },
    Class { name: "one dot", spots: STAY, spellings: &[b".", b"%2e", b"%2E"], lookalike: (".x", ".x") },
    Class { name: "one dot, twice", spots: STAY, spellings: &[b"%252e", b"%25%32%65"], lookalike: ("%25-", "%-") },
    Class { name: "empty segment", spots: STAY, spellings: &[b"", b"/", b"//"], lookalike: ("-", "-") },
    Class { name: "lone parameters", spots: STAY, spellings: &[b";", b";x", b".;x", b"%3bx"], lookalike: (",x", ",x") },
    Class {
        name: "blank segment",
        spots: STAY,
        spellings: &[b"%20", b"...", b".%20.", b" "],
        lookalike: ("%2bx", "+x"),
    },
    Class { name: "slash, escaped", spots: SLASH, spellings: &[b"%2f", b"%2F", b"/%2f"], lookalike: ("%2d", "-") },
    Class {
        name: "slash, escaped twice",
        spots: SLASH,
        spellings: &[b"%252f", b"%252F", b"%25%32%66", b"%2%66"],
        lookalike: ("%25-", "%-"),
    },
    Class { name: "backslash", spots: SLASH, spellings: &[b"\\", b"/\\", b"\\/", b"\\\\"], lookalike: ("|", "|") },
    Class { name: "backslash, escaped", spots: SLASH, spellings: &[b"%5c", b"%5C", b"/%5c"], lookalike: ("%7c", "|") },
    Class {
        name: "backslash, escaped twice",
        spots: SLASH,
        spellings: &[b"%255c", b"%25%35%43"],
        lookalike: ("%25-", "%-"),
    },
    Class {
        name: "slash, overlong",
        spots: SLASH,
        spellings: &[b"%c0%af", b"%e0%80%af", b"%f0%80%80%af", b"%c0%2f", b"\xc0\xaf"],
        lookalike: ("%c3%af", "\u{ef}"),
    },
    Class {
        name: "slash, wide",
        spots: SLASH,
        spellings: &[b"%ef%bc%8f", b"%e2%88%95", b"%e2%81%84", b"%ef%bc%bc", "\u{ff0f}".as_bytes(), b"%uff0f"],
        lookalike: ("%e3%80%81", "\u{3001}"),
    },
    Class {
        name: "slash, %u",
        spots: SLASH,
        spellings: &[b"%u002f", b"%u005c", b"%U002F"],
        lookalike: ("u002f", "u002f"),
    },
    Class { name: "NUL", spots: NOTHING, spellings: &[b"%00", b"\0", b"%2500"], lookalike: ("%30", "0") },
    Class {
        name: "control",
        spots: NOTHING,
        spellings: &[b"%01", b"%1f", b"%7f", b"\x01", b"\x7f", b"%c2%85", b"\xc2\x85"],
        lookalike: ("%31", "1"),
    },
    Class {
        name: "tab, line break",
        spots: NOTHING,
        spellings: &[b"%09", b"%0a", b"%0d", b"%0d%0a", b"\t", b"\r"],
        lookalike: ("%2b", "+"),
    },
    Class {
        name: "no width",
        spots: NOTHING,
        spellings: &[b"%e2%80%8b", b"%c2%ad", b"%ef%bb%bf", b"%e2%80%8d"],
        lookalike: ("%c2%b7", "\u{b7}"),
    },
    Class { name: "parameters", spots: TAIL, spellings: &[b";", b";x", b";a=b;c", b";/"], lookalike: (",x", ",x") },
    Class {
        name: "parameters, escaped",
        spots: TAIL,
        spellings: &[b"%3b", b"%3Bx", b"%253b"],
        lookalike: ("%2cx", ",x"),
    },
    Class {
        name: "dot or blank at the end",
        spots: TAIL,
        spellings: &[b".", b"%2e", b"%20", b"%20.", b"...", b" "],
        lookalike: (".x", ".x"),
    },
    Class {
        name: "blank at the end, wide",
        spots: TAIL,
        spellings: &[b"%c2%a0", b"%e3%80%80", b"%e2%80%82"],
        lookalike: ("%c2%b7", "\u{b7}"),
    },
    Class {
        name: "stream of a file",
        spots: TAIL,
        spellings: &[b"::$DATA", b"%3a%3a%24index_allocation", b":$i30:$INDEX_ALLOCATION"],
        lookalike: (":8$", ":8$"),
    },
    Class { name: "fragment", spots: STOP, spellings: &[b"%23", b"#", b"%23x"], lookalike: ("%24", "$") },
    Class { name: "escaped query", spots: STOP, spellings: &[b"%3f", b"%3F", b"%3fx"], lookalike: ("%21", "!") },
    Class { name: "NUL, cut", spots: STOP, spellings: &[b"%00", b"\0"], lookalike: ("%40", "@") },
];
