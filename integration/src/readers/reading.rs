//! The steps that readings are made of, on bytes and without an opinion on what is valid.

/// The path and query of a target: what follows the authority of an absolute form, with the slash that may be missing.
pub fn origin(target: &[u8]) -> Vec<u8> {
    let scheme = [b"http://".as_slice(), b"https://"]
        .into_iter()
        .find(|scheme| target.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme)));
    let rest = match scheme {
        Some(scheme) => {
            let after = target.get(scheme.len()..).unwrap_or_default();
            let authority = after.iter().position(|byte| b"/?\\".contains(byte)).unwrap_or(after.len());
            after.get(authority..).unwrap_or_default()
        }
        None => target,
    };
    match rest.first() {
        Some(b'/') => rest.to_vec(),
        _ => [b"/", rest].concat(),
    }
}

/// What comes before the first of these bytes.
pub fn until<'a>(bytes: &'a [u8], ends: &[u8]) -> &'a [u8] {
    bytes.split(|byte| ends.contains(byte)).next().unwrap_or_default()
}

/// Decodes `%XX` once; what is no escape stays.
pub fn decoded(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        let digits = if *first == b'%' { after.get(..2) } else { None };
        let byte = digits.and_then(hexadecimal).and_then(|value| u8::try_from(value).ok());
        out.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    out
}

/// Decodes `%uXXXX` to UTF-8; what is none stays.
pub fn unescaped_u(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        let digits = rest.strip_prefix(b"%u").or(rest.strip_prefix(b"%U")).and_then(|after| after.get(..4));
        if let Some(letter) = digits.and_then(hexadecimal).and_then(char::from_u32) {
            out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            rest = rest.get(6..).unwrap_or_default();
        } else {
            out.push(*first);
            rest = after;
        }
    }
    out
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u32::from_str_radix(text, 16).ok()
}

/// Resolves dot segments and drops empty ones; `..` above the root stays at the root.
pub fn resolved(path: &[u8]) -> Vec<u8> {
    let mut kept: Vec<&[u8]> = Vec::new();
    for segment in path.split(|byte| *byte == b'/') {
        match segment {
            b"" | b"." => {}
            b".." => drop(kept.pop()),
            _ => kept.push(segment),
        }
    }
    [b"/".as_slice(), &kept.join(&b'/')].concat()
}

/// A segment without the blanks and dots at its end, but for the dot segments themselves.
pub fn dotless(segment: &[u8]) -> &[u8] {
    let end = |drop: &[u8]| segment.iter().rposition(|byte| !drop.contains(byte)).map_or(0, |at| at + 1);
    match segment.get(..end(b" ")).unwrap_or_default() {
        dots @ (b"." | b"..") => dots,
        _ => segment.get(..end(b" .")).unwrap_or_default(),
    }
}

/// A segment without the name of a stream at its end (`::$DATA`, `:$I30:$INDEX_ALLOCATION`).
pub fn file_name(segment: &[u8]) -> &[u8] {
    match segment.windows(2).any(|pair| pair == b":$") {
        true => until(segment, b":"),
        false => segment,
    }
}

/// What a code page of Windows makes of characters that it does not have: the nearest one.
pub fn best_fit(bytes: &[u8]) -> String {
    let fit = |letter: char| match letter {
        '\u{2044}' | '\u{2215}' | '\u{ff0f}' => '/',
        '\u{2216}' | '\u{ff3c}' => '\\',
        '\u{ff01}'..='\u{ff5e}' => u32::from(letter).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(letter),
        _ => letter,
    };
    String::from_utf8_lossy(bytes).chars().map(fit).collect()
}

/// UTF-8 as old decoders read it: every leading byte is believed, and so is an overlong form.
pub fn lenient_utf8(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        let (more, begin) = match first {
            0xc0..=0xdf => (1, first & 0x1f),
            0xe0..=0xef => (2, first & 0x0f),
            0xf0..=0xf7 => (3, first & 0x07),
            _ => (0, *first),
        };
        let tail = after.get(..more).unwrap_or_default();
        let value = tail.iter().fold(u32::from(begin), |value, byte| (value << 6) | u32::from(byte & 0x3f));
        out.push(char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER));
        rest = after.get(more..).unwrap_or_default();
    }
    out
}

/// Without control characters, of ASCII and beyond, and without what has no width.
pub fn without_controls(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let kept = text.chars().filter(|letter| {
        !letter.is_control() && !matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
    });
    kept.collect::<String>().into_bytes()
}

/// Without a difference of case: `K` (the Kelvin sign) is `k`, `ſ` is `s`.
pub fn folded(bytes: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(bytes).to_uppercase().to_lowercase().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_do_what_their_readers_are_known_for() {
        assert_eq!(origin(b"HTTP://a:80/b?c"), b"/b?c");
        assert_eq!(origin(b"http://a\\b"), b"/\\b");
        assert_eq!(origin(b"b"), b"/b");
        assert_eq!(decoded(b"%2F%2g%"), b"/%2g%");
        assert_eq!(unescaped_u(b"%u002f%u00"), b"/%u00");
        assert_eq!(resolved(b"//a/./b/../../../c/"), b"/c");
        assert_eq!([b"..  ".as_slice(), b"a. .", b"...", b". "].map(dotless), [b"..".as_slice(), b"a", b"", b"."]);
        assert_eq!([b"a::$DATA".as_slice(), b"a:8$"].map(file_name), [b"a".as_slice(), b"a:8$"]);
        assert_eq!(best_fit("\u{ff41}\u{2215}\u{ff3c}".as_bytes()), "a/\\");
        assert_eq!(lenient_utf8(b"\xc0\xaf\xe0\x80\xae\xc3\xa9"), "/.\u{e9}");
        assert_eq!(without_controls("a\0\t\u{85}\u{200b}b".as_bytes()), b"ab");
        assert_eq!(folded("K\u{212a}\u{17f}".as_bytes()), b"kks");
    }
}
