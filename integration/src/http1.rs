//! HTTP/1.1 messages as bytes, read and kept exactly.
//!
//! A library would normalise what these tests are about: hostile bytes, duplicate headers, the order and case of names. So heads are
//! split by hand, and only as far as framing needs.

use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

/// A message as it came.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// The request or status line.
    pub line: Vec<u8>,
    /// The headers, in order, names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body without its framing.
    pub body: Vec<u8>,
    /// The trailers of a chunked body.
    pub trailers: Vec<(String, Vec<u8>)>,
    /// Every byte of it, framing included, but a chunked body as one chunk: where a proxy ends its chunks follows what it happened
    /// to read at once, and RFC 9112 section 7.1 gives that no meaning.
    pub raw: Vec<u8>,
}

/// Reads messages off a connection.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    ahead: Vec<u8>,
}

/// How a message without a length ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unframed {
    /// A request: there is no body.
    Empty,
    /// A response: the body goes on to the end of the connection.
    ToEnd,
    /// The answer to HEAD, or a status without a body: none, whatever the headers say.
    Never,
}

// === impl Reader ===

impl<R: AsyncRead + Unpin> Reader<R> {
    /// Starts with the bytes that were already taken off the connection.
    pub fn new(input: R, ahead: Vec<u8>) -> Self {
        Self { input, ahead }
    }

    /// The connection, for writing to it.
    pub fn stream(&mut self) -> &mut R {
        &mut self.input
    }

    /// The connection, for nothing but what comes after; what was read ahead is gone.
    pub fn into_stream(self) -> R {
        self.input
    }

    /// Reads one head; `None` when the connection ended before its first byte.
    pub async fn head(&mut self) -> io::Result<Option<Message>> {
        let mut looked = 0;
        let end = loop {
            if let Some(at) = find(&self.ahead[looked..], b"\r\n\r\n") {
                break looked + at + 4;
            }
            // The end may have begun in what is here already.
            looked = self.ahead.len().saturating_sub(3);
            if self.more().await? == 0 {
                if self.ahead.is_empty() {
                    return Ok(None);
                }
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection ended inside a head"));
            }
        };
        let raw: Vec<u8> = self.ahead.drain(..end).collect();
        let mut lines =
            raw[..end - 4].split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let line = lines.next().unwrap_or_default().to_vec();
        let headers = lines.map(header).collect();
        Ok(Some(Message { line, headers, raw, ..Message::default() }))
    }

    /// Reads the body that belongs to a head.
    pub async fn body(&mut self, message: &mut Message, unframed: Unframed) -> io::Result<()> {
        if unframed == Unframed::Never {
            return Ok(());
        }
        if message.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case(b"chunked")) {
            return self.chunked(message).await;
        }
        let length =
            message.header("content-length").map(|value| String::from_utf8_lossy(value).trim().parse::<usize>());
        match (length, unframed) {
            (Some(Ok(length)), _) => {
                message.body = self.exactly(length).await?;
                message.raw.extend_from_slice(&message.body);
            }
            (Some(Err(error)), _) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            (None, Unframed::ToEnd) => {
                while self.more().await? > 0 {}
                message.body = std::mem::take(&mut self.ahead);
                message.raw.extend_from_slice(&message.body);
            }
            (None, Unframed::Empty | Unframed::Never) => {}
        }
        Ok(())
    }

    async fn chunked(&mut self, message: &mut Message) -> io::Result<()> {
        let last = loop {
            let line = self.line().await?;
            let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
            let text = String::from_utf8_lossy(digits).trim().to_owned();
            let length =
                usize::from_str_radix(&text, 16).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            if length == 0 {
                break line;
            }
            let chunk = self.exactly(length + 2).await?;
            message.body.extend_from_slice(&chunk[..length]);
        };
        if !message.body.is_empty() {
            message.raw.extend_from_slice(format!("{:x}\r\n", message.body.len()).as_bytes());
            message.raw.extend_from_slice(&message.body);
            message.raw.extend_from_slice(b"\r\n");
        }
        message.keep_line(&last);
        loop {
            let line = self.line().await?;
            message.keep_line(&line);
            if line.is_empty() {
                return Ok(());
            }
            message.trailers.push(header(&line));
        }
    }

    async fn line(&mut self) -> io::Result<Vec<u8>> {
        let end = loop {
            if let Some(at) = find(&self.ahead, b"\r\n") {
                break at;
            }
            self.must_have_more().await?;
        };
        let line = self.exactly(end + 2).await?;
        Ok(line[..end].to_vec())
    }

    async fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.ahead.len() < length {
            self.must_have_more().await?;
        }
        Ok(self.ahead.drain(..length).collect())
    }

    async fn must_have_more(&mut self) -> io::Result<()> {
        match self.more().await? {
            0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection ended inside a body")),
            _ => Ok(()),
        }
    }

    async fn more(&mut self) -> io::Result<usize> {
        self.input.read_buf(&mut self.ahead).await
    }
}

// === impl Message ===

impl Message {
    fn keep_line(&mut self, line: &[u8]) {
        self.raw.extend_from_slice(line);
        self.raw.extend_from_slice(b"\r\n");
    }

    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_slice())
    }

    /// The status of a response.
    pub fn status(&self) -> Option<u16> {
        let code = self.line.split(|byte| *byte == b' ').nth(1)?;
        String::from_utf8_lossy(code).parse().ok()
    }
}

fn header(line: &[u8]) -> (String, Vec<u8>) {
    let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
    let name = String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase();
    let value = line.get(colon + 1..).unwrap_or_default().trim_ascii().to_vec();
    (name, value)
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: &[u8], unframed: Unframed) -> Message {
        let mut reader = Reader::new(bytes, Vec::new());
        let mut message = reader.head().await.unwrap().unwrap();
        reader.body(&mut message, unframed).await.unwrap();
        message
    }

    #[tokio::test]
    async fn framing_is_undone_and_the_raw_bytes_are_kept_in_one_chunk() {
        let chunked =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\nt: 1\r\n\r\n";
        let message = read(chunked, Unframed::ToEnd).await;
        assert_eq!((message.status(), message.body.as_slice()), (Some(200), b"abcd".as_slice()));
        assert_eq!(message.trailers, [("t".to_owned(), b"1".to_vec())]);
        let in_one = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\nt: 1\r\n\r\n";
        assert_eq!(message.raw, in_one);
    }

    #[tokio::test]
    async fn a_body_without_a_length_goes_to_the_end() {
        let message = read(b"HTTP/1.0 200 OK\r\nX: \xff\r\n\r\nrest", Unframed::ToEnd).await;
        assert_eq!(message.body, b"rest");
        assert_eq!(message.header("x"), Some(b"\xff".as_slice()));
    }
}
