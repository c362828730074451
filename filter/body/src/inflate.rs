//! Decoding what an upstream compressed although nobody asked for it: gzip (RFC 1952) and deflate (RFC 1950, and RFC 1951 as
//! some servers send it), as a stream and within bounds.
//!
//! Checksums are held: whoever reads the decoded body can no longer hold them.

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};
use std::fmt;

/// Decoded bytes that are handed on at a time, at most.
pub const PIECE: usize = 32 * 1024;

/// Bytes of a gzip member's head, at most: names and comments in it have no bound of their own.
const HEAD_MAX: usize = 4 * 1024;

/// How a body is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// `gzip`, also several members in a row.
    Gzip,
    /// `deflate`, with its wrapper or without.
    Deflate,
}

/// Bounds of what a body may come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Decoded bytes for each byte that came, beyond the first `free`.
    pub ratio: u64,
    /// Decoded bytes that are within bounds whatever came.
    pub free: u64,
    /// Decoded bytes at most.
    pub bytes: u64,
}

/// Why a body is not decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InflateError {
    /// It is not what its coding says, or a checksum is wrong.
    Corrupt,
    /// It ends too soon.
    Truncated,
    /// It comes to more than its bounds.
    Bomb,
}

/// A body being decoded.
pub struct Inflate {
    coding: Coding,
    bounds: Bounds,
    stage: Stage,
    /// A head or a trailer that is not whole.
    collected: Vec<u8>,
    state: Box<InflateState>,
    piece: Vec<u8>,
    /// Whether the decoder may hold more than the last piece had room for.
    more: bool,
    crc: u32,
    /// Decoded bytes of the member at hand, of all, and bytes that came.
    member: u64,
    decoded: u64,
    came: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Head,
    Data,
    Trailer,
    /// After a whole member, where another may begin or the body ends.
    Between,
}

// === impl Coding ===

impl Coding {
    /// By the value of `content-encoding`; none for others, and for several in a row.
    #[must_use]
    pub fn of(content_encoding: &str) -> Option<Self> {
        match content_encoding.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "deflate" => Some(Self::Deflate),
            _ => None,
        }
    }
}

// === impl Bounds ===

impl Default for Bounds {
    fn default() -> Self {
        Self { ratio: 256, free: 1024 * 1024, bytes: 1024 * 1024 * 1024 }
    }
}

// === impl InflateError ===

impl InflateError {
    /// Its name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Corrupt => "corrupt",
            Self::Truncated => "truncated",
            Self::Bomb => "bomb",
        }
    }
}

impl fmt::Display for InflateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the body cannot be decoded: {}", self.name())
    }
}

impl std::error::Error for InflateError {}

// === impl Inflate ===

impl fmt::Debug for Inflate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflate").field("coding", &self.coding).field("decoded", &self.decoded).finish_non_exhaustive()
    }
}

impl Inflate {
    /// For one body.
    #[must_use]
    pub fn new(coding: Coding, bounds: Bounds) -> Self {
        Self {
            coding,
            bounds,
            stage: Stage::Head,
            collected: Vec::new(),
            state: InflateState::new_boxed(DataFormat::Raw),
            piece: vec![0; PIECE],
            more: false,
            crc: 0,
            member: 0,
            decoded: 0,
            came: 0,
        }
    }

    /// Takes the next bytes and hands on what they come to, in pieces of at most [`PIECE`] bytes.
    ///
    /// # Errors
    /// The body is corrupt or a bomb. What was handed on before is what the body begins with.
    pub fn feed(&mut self, mut bytes: &[u8], sink: &mut dyn FnMut(&[u8])) -> Result<(), InflateError> {
        self.came += bytes.len() as u64;
        // What fills a piece may go on without another byte.
        while !bytes.is_empty() || self.more {
            let taken = match self.stage {
                Stage::Head => self.head(bytes)?,
                Stage::Data => self.data(bytes, sink)?,
                Stage::Trailer => self.trailer(bytes)?,
                Stage::Between if self.coding == Coding::Gzip => {
                    self.stage = Stage::Head;
                    0
                }
                Stage::Between => return Err(InflateError::Corrupt),
            };
            bytes = bytes.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    /// The body is over.
    ///
    /// # Errors
    /// It ends too soon.
    pub fn finish(&self) -> Result<(), InflateError> {
        let nothing_came = self.stage == Stage::Head && self.collected.is_empty() && self.came == 0;
        if self.stage == Stage::Between || nothing_came { Ok(()) } else { Err(InflateError::Truncated) }
    }

    fn head(&mut self, bytes: &[u8]) -> Result<usize, InflateError> {
        let before = self.collected.len();
        let room = HEAD_MAX.saturating_sub(before);
        self.collected.extend_from_slice(bytes.get(..bytes.len().min(room)).unwrap_or_default());
        let len = match self.coding {
            Coding::Gzip => gzip_head(&self.collected),
            Coding::Deflate => deflate_head(&self.collected),
        };
        match len? {
            None if self.collected.len() >= HEAD_MAX => Err(InflateError::Corrupt),
            None => Ok(self.collected.len() - before),
            Some((len, format)) => {
                self.state.reset(format);
                (self.stage, self.crc, self.member) = (Stage::Data, 0, 0);
                // Of a body whose wrapper is the decoder's to read, a byte that came before is data.
                let data = self.collected.get(len..before.max(len)).unwrap_or_default().to_vec();
                self.collected.clear();
                if !data.is_empty() {
                    self.data(&data, &mut |_| {})?;
                }
                Ok(len.saturating_sub(before))
            }
        }
    }

    fn data(&mut self, bytes: &[u8], sink: &mut dyn FnMut(&[u8])) -> Result<usize, InflateError> {
        let result = inflate(&mut self.state, bytes, &mut self.piece, MZFlush::None);
        let decoded = self.piece.get(..result.bytes_written).unwrap_or_default();
        self.member += decoded.len() as u64;
        self.decoded += decoded.len() as u64;
        let allowed = self.bounds.free.saturating_add(self.came.saturating_mul(self.bounds.ratio));
        if self.decoded > allowed.min(self.bounds.bytes) {
            return Err(InflateError::Bomb);
        }
        if self.coding == Coding::Gzip {
            self.crc = crc32(self.crc, decoded);
        }
        if !decoded.is_empty() {
            sink(decoded);
        }
        self.more = result.bytes_written == PIECE && result.status == Ok(MZStatus::Ok);
        if result.bytes_consumed == 0
            && result.bytes_written == 0
            && !bytes.is_empty()
            && result.status != Ok(MZStatus::StreamEnd)
        {
            return Err(InflateError::Corrupt);
        }
        match result.status {
            Ok(MZStatus::StreamEnd) if self.coding == Coding::Gzip => self.stage = Stage::Trailer,
            Ok(MZStatus::StreamEnd) => self.stage = Stage::Between,
            Ok(MZStatus::Ok) => {}
            // Nothing came and nothing was left.
            Err(MZError::Buf) if bytes.is_empty() => {}
            Ok(MZStatus::NeedDict) | Err(_) => return Err(InflateError::Corrupt),
        }
        Ok(result.bytes_consumed)
    }

    /// A gzip member's checksum and length, little-endian.
    fn trailer(&mut self, bytes: &[u8]) -> Result<usize, InflateError> {
        let wanted = 8_usize.saturating_sub(self.collected.len()).min(bytes.len());
        self.collected.extend_from_slice(bytes.get(..wanted).unwrap_or_default());
        if let Some(trailer) = self.collected.first_chunk::<8>() {
            let expected = u64::from(self.crc) | (self.member & 0xffff_ffff) << 32;
            if u64::from_le_bytes(*trailer) != expected {
                return Err(InflateError::Corrupt);
            }
            self.collected.clear();
            self.stage = Stage::Between;
        }
        Ok(wanted)
    }
}

/// The length of a gzip member's head, if all of it is there (RFC 1952 section 2.3).
fn gzip_head(bytes: &[u8]) -> Result<Option<(usize, DataFormat)>, InflateError> {
    if bytes.iter().zip(b"\x1f\x8b\x08").any(|(byte, wanted)| byte != wanted) {
        return Err(InflateError::Corrupt);
    }
    let Some(flags) = bytes.get(3).copied() else { return Ok(None) };
    let mut at = 10;
    if flags & 4 != 0 {
        let Some([low, high]) = bytes.get(at..at + 2) else { return Ok(None) };
        at += 2 + usize::from(u16::from_le_bytes([*low, *high]));
    }
    for _ in 0..(flags >> 3 & 1) + (flags >> 4 & 1) {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(end) = rest.iter().position(|byte| *byte == 0) else { return Ok(None) };
        at += end + 1;
    }
    at += usize::from(flags & 2);
    Ok((bytes.len() >= at).then_some((at, DataFormat::Raw)))
}

/// What a deflate body begins with: the wrapper, which the decoder reads itself, or no wrapper.
fn deflate_head(bytes: &[u8]) -> Result<Option<(usize, DataFormat)>, InflateError> {
    let [first, second, ..] = bytes else { return Ok(None) };
    let is_wrapped = first & 0x0f == 8 && u16::from_be_bytes([*first, *second]).is_multiple_of(31);
    Ok(Some((0, if is_wrapped { DataFormat::Zlib } else { DataFormat::Raw })))
}

/// CRC-32 (RFC 1952 section 8), continued.
fn crc32(crc: u32, bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        let [low, ..] = crc.to_le_bytes();
        let index = usize::from(low ^ byte);
        crc >> 8 ^ TABLE.get(index).copied().unwrap_or(0)
    };
    !bytes.iter().fold(!crc, step)
}

static TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut rest: &mut [u32] = &mut table;
    let mut number = 0_u32;
    while let Some((entry, after)) = rest.split_first_mut() {
        let mut crc = number;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
            bit += 1;
        }
        *entry = crc;
        rest = after;
        number += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::{Bounds, Coding, Inflate, InflateError};
    use proptest::prelude::*;

    fn gzip(body: &[u8], flags: u8, extra: &[u8]) -> Vec<u8> {
        let head = [0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3];
        let data = miniz_oxide::deflate::compress_to_vec(body, 6);
        let trailer = [super::crc32(0, body).to_le_bytes(), u32::try_from(body.len()).unwrap().to_le_bytes()].concat();
        [&head, extra, &data, &trailer].concat()
    }

    fn decode(coding: Coding, bounds: Bounds, body: &[u8], piece: usize) -> Result<Vec<u8>, InflateError> {
        let mut inflate = Inflate::new(coding, bounds);
        let mut out = Vec::new();
        body.chunks(piece).try_for_each(|piece| inflate.feed(piece, &mut |bytes| out.extend_from_slice(bytes)))?;
        inflate.finish().map(|()| out)
    }

    #[test]
    fn the_checksum_is_crc_32() {
        assert_eq!(super::crc32(0, b"123456789"), 0xcbf4_3926);
        assert_eq!(super::crc32(super::crc32(0, b"12345"), b"6789"), 0xcbf4_3926);
    }

    /// However a body is cut, and whatever its head says, what was compressed comes out.
    #[test]
    fn heads_are_read() {
        let bounds = Bounds::default();
        let body = b"what was compressed".repeat(50);
        let heads: [(u8, &[u8]); 4] =
            [(0, b""), (4, b"\x03\x00abc"), (8 | 16, b"name\0comment\0"), (2 | 4 | 8, b"\x01\x00xname\0cc")];
        for piece in [1, 3, usize::MAX] {
            for (flags, extra) in heads {
                assert_eq!(decode(Coding::Gzip, bounds, &gzip(&body, flags, extra), piece).as_deref(), Ok(&body[..]));
            }
            let two = [gzip(&body, 0, b""), gzip(b"and more", 0, b"")].concat();
            assert_eq!(decode(Coding::Gzip, bounds, &two, piece), Ok([&body[..], b"and more"].concat()));
            for wrapped in [true, false] {
                let compress = if wrapped {
                    miniz_oxide::deflate::compress_to_vec_zlib
                } else {
                    miniz_oxide::deflate::compress_to_vec
                };
                assert_eq!(decode(Coding::Deflate, bounds, &compress(&body, 6), piece).as_deref(), Ok(&body[..]));
            }
        }
        assert_eq!(decode(Coding::Gzip, bounds, b"", 1), Ok(Vec::new()));
        let long: Vec<u8> = (0..400_000_u32).map(|at| (at / 100).to_le_bytes()[0]).collect();
        for piece in [1, 1000, usize::MAX] {
            assert_eq!(decode(Coding::Gzip, bounds, &gzip(&long, 0, b""), piece).as_deref(), Ok(&long[..]));
        }
    }

    /// What comes to too much is refused before it is there.
    #[test]
    fn a_bomb_is_refused() {
        let bomb = gzip(&vec![0; 40_000_000], 0, b"");
        assert!(bomb.len() < 50_000);
        for piece in [100, usize::MAX] {
            let mut inflate = Inflate::new(Coding::Gzip, Bounds::default());
            let mut came = 0;
            let fed = bomb.chunks(piece).try_for_each(|piece| inflate.feed(piece, &mut |bytes| came += bytes.len()));
            assert_eq!(fed, Err(InflateError::Bomb));
            assert!(came < 1024 * 1024 + 256 * bomb.len(), "{came}");
        }
        let bytes = Bounds { bytes: 1000, ..Bounds::default() };
        assert_eq!(decode(Coding::Gzip, bytes, &gzip(&[7; 1001], 0, b""), 10), Err(InflateError::Bomb));
    }

    #[test]
    fn what_is_damaged_is_refused() {
        let bounds = Bounds::default();
        let whole = gzip(b"what was compressed", 0, b"");
        for len in 1..whole.len() {
            assert_eq!(decode(Coding::Gzip, bounds, &whole[..len], usize::MAX), Err(InflateError::Truncated), "{len}");
        }
        let mut wrong = whole.clone();
        let at = wrong.len() - 6;
        wrong[at] ^= 1;
        assert_eq!(decode(Coding::Gzip, bounds, &wrong, 5), Err(InflateError::Corrupt));
        assert_eq!(decode(Coding::Gzip, bounds, b"{\"a\":1}", 5), Err(InflateError::Corrupt));
        assert_eq!(decode(Coding::Deflate, bounds, &[0xff; 20], 5), Err(InflateError::Corrupt));
    }

    proptest! {
        /// Any bytes end in one of the named outcomes, the same however they are cut.
        #[test]
        fn cutting_changes_nothing(body in prop::collection::vec(any::<u8>(), 0..80), change in any::<prop::sample::Index>(), to in any::<u8>(), piece in 1..20_usize) {
            let mut bytes = gzip(&body, 0, b"");
            let at = change.index(bytes.len());
            bytes[at] = to;
            let whole = decode(Coding::Gzip, Bounds::default(), &bytes, usize::MAX);
            prop_assert_eq!(decode(Coding::Gzip, Bounds::default(), &bytes, piece), whole);
        }
    }
}
