//! HTTP/2 requests as bytes: a `:path` that no library would agree to send.
//!
//! Only what a request without a body needs (RFC 9113, RFC 7541): every field is a literal that is not indexed, and of the answer the body is
//! read and the fields are not, so nothing needs to be decompressed. One request at a time.

use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection that speaks HTTP/2 with prior knowledge.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    next_id: u32,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// It was answered; the answer's body.
    Answered(Vec<u8>),
    /// Its stream was reset.
    Reset,
    /// The connection ended with it.
    Closed,
}

#[derive(Debug)]
struct Frame {
    kind: u8,
    flags: u8,
    id: u32,
    payload: Vec<u8>,
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The largest frame that every peer takes (RFC 9113, section 6.5.2).
const PAYLOAD_MAX: usize = 16_384;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const ACK: u8 = 0x1;
const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;

// === impl Connection ===

impl Connection {
    /// Opens a connection.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn open(to: SocketAddr) -> io::Result<Self> {
        let mut stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        stream.write_all(PREFACE).await?;
        stream.write_all(&frame(SETTINGS, 0, 0, &[])).await?;
        Ok(Self { stream, next_id: 1 })
    }

    /// Sends a request with these fields, names in lower case and pseudo-header fields first, and waits for what becomes of it.
    ///
    /// # Errors
    /// When the connection breaks in another way than by its end.
    pub async fn ask(&mut self, fields: &[(&[u8], &[u8])]) -> io::Result<Ended> {
        let id = self.next_id;
        self.next_id += 2;
        // A peer that does not like the head may close before it has read all of it.
        if self.stream.write_all(&head(id, fields)).await.is_err() {
            return Ok(Ended::Closed);
        }
        let mut body = Vec::new();
        loop {
            let Some(frame) = self.frame().await? else { return Ok(Ended::Closed) };
            match frame.kind {
                GOAWAY => return Ok(Ended::Closed),
                RST_STREAM if frame.id == id => return Ok(Ended::Reset),
                DATA if frame.id == id => {
                    self.give_back(frame.payload.len()).await?;
                    body.extend_from_slice(&frame.payload);
                }
                SETTINGS | PING if frame.flags & ACK == 0 => {
                    self.stream.write_all(&acknowledgement(&frame)).await?;
                }
                _ => {}
            }
            if matches!(frame.kind, DATA | HEADERS) && frame.id == id && frame.flags & END_STREAM != 0 {
                return Ok(Ended::Answered(body));
            }
        }
    }

    /// Opens the connection's window again by what was taken from it; a stream's own is large enough for one answer.
    async fn give_back(&mut self, bytes: usize) -> io::Result<()> {
        match u32::try_from(bytes) {
            Ok(0) | Err(_) => Ok(()),
            Ok(bytes) => self.stream.write_all(&frame(WINDOW_UPDATE, 0, 0, &bytes.to_be_bytes())).await,
        }
    }

    /// The next frame; `None` when the connection has ended.
    async fn frame(&mut self) -> io::Result<Option<Frame>> {
        let mut head = [0; 9];
        match self.stream.read_exact(&mut head).await {
            Ok(_) => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
        let [long, middle, short, kind, flags, id @ ..] = head;
        let length = u32::from_be_bytes([0, long, middle, short]);
        let mut payload = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.stream.read_exact(&mut payload).await?;
        Ok(Some(Frame { kind, flags, id: u32::from_be_bytes(id) & 0x7fff_ffff, payload }))
    }
}

/// The acknowledgement of settings, which says nothing, or of a ping, which says the same.
fn acknowledgement(to: &Frame) -> Vec<u8> {
    frame(to.kind, ACK, 0, if to.kind == PING { &to.payload } else { &[] })
}

/// The frames of a head that ends its stream.
fn head(id: u32, fields: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        // RFC 7541, section 6.2.2: a literal without indexing, with a new name.
        block.push(0);
        for text in [name, value] {
            length(&mut block, text.len());
            block.extend_from_slice(text);
        }
    }
    let parts: Vec<&[u8]> = block.chunks(PAYLOAD_MAX).collect();
    let last = parts.len().saturating_sub(1);
    let frames = parts.iter().enumerate().flat_map(|(index, part)| {
        let (kind, flags) = if index == 0 { (HEADERS, END_STREAM) } else { (CONTINUATION, 0) };
        frame(kind, flags | if index == last { END_HEADERS } else { 0 }, id, part)
    });
    frames.collect()
}

/// An integer with a prefix of seven bits (RFC 7541, section 5.1), as the length of a string that is not Huffman-coded.
fn length(block: &mut Vec<u8>, length: usize) {
    const PREFIX: usize = 0x7f;
    let Some(mut rest) = length.checked_sub(PREFIX) else {
        block.push(length.to_le_bytes()[0]);
        return;
    };
    block.push(0x7f);
    while rest >= 0x80 {
        block.push((rest % 0x80).to_le_bytes()[0] | 0x80);
        rest /= 0x80;
    }
    block.push(rest.to_le_bytes()[0]);
}

fn frame(kind: u8, flags: u8, id: u32, payload: &[u8]) -> Vec<u8> {
    // Payloads are cut to 16 KiB, so the length always fits.
    let length = u32::try_from(payload.len()).unwrap_or_default().to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend_from_slice(&id.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7541, section C.1.2, carried over to seven bits, and both sides of the prefix.
    #[test]
    fn lengths_are_integers_of_hpack() {
        let coded = |value| {
            let mut block = Vec::new();
            length(&mut block, value);
            block
        };
        assert_eq!(coded(126), [126]);
        assert_eq!(coded(127), [127, 0]);
        assert_eq!(coded(1337), [127, 0b1011_1010, 0b0000_1001]);
    }

    #[test]
    fn a_long_head_is_continued() {
        let value = vec![b'a'; 2 * PAYLOAD_MAX];
        let bytes = head(1, &[(b"x", &value)]);
        assert_eq!(bytes.get(3..5), Some([HEADERS, END_STREAM].as_slice()));
        let second = 9 + PAYLOAD_MAX;
        assert_eq!(bytes.get(second + 3..second + 5), Some([CONTINUATION, 0].as_slice()));
        let third = 2 * second;
        assert_eq!(bytes.get(third + 3..third + 5), Some([CONTINUATION, END_HEADERS].as_slice()));
    }
}
