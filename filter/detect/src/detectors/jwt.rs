//! JSON Web Tokens: three parts signed, or five encrypted, of which the first is a JSON object with `alg`.

use crate::row::{ROW, Row, Rule, alone};
use crate::types::Level;

/// JSON Web Tokens.
pub static JWT: Row = Row {
    name: "jwt",
    level: Level::Critical,
    shapes: &[alone("eyJ~{8,1000}.~{1,5600}.~{0,1500}"), alone("eyJ~{8,1000}.~{0,1000}.~{1,64}.~{1,5600}.~{1,200}")],
    rules: &[Rule::Is(has_algorithm)],
    #[cfg(test)]
    source: "RFC 7515 section 3.1, RFC 7516 section 3.1: base64url parts, header with alg (section 4.1.1)",
    ..ROW
};

/// Bytes of the header that are decoded: `alg` stands early in what libraries write.
const HEADER_MAX: usize = 512;

fn has_algorithm(_: &[u8], written: &[u8]) -> bool {
    let header = written.iter().take(HEADER_MAX).take_while(|byte| **byte != b'.');
    let mut last = [0; 5];
    let (mut bits, mut count) = (0_u32, 0);
    for byte in header {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' => 62,
            _ => 63,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            last.rotate_left(1);
            let [.., place] = &mut last;
            *place = (bits >> count).to_le_bytes()[0];
            if &last == b"\"alg\"" {
                return true;
            }
        }
    }
    false
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    (
        "",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
        "jwt",
    ),
    ("", "Bearer eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", "jwt"),
    (
        "",
        "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.OKOawDo13gRp2ojaHV7LFpZc.48V1_ALb6US04U3b.5eym8TW_c8SuK0lt.XFBoMYUZodetZdvT",
        "jwt",
    ),
    ("", "eyJmb28iOiJiYXIifQ.eyJzdWIiOiIxIn0.abcdefgh", ""),
    ("", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", ""),
];
