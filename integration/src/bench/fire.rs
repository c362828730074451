//! The load of the comparison: keep-alive HTTP/1.1 over a few connections, as fast as Envoy answers, from one thread.
//!
//! Written out, because it must cost little beside the Envoy that it shares the machine with, and must stop at a time.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Open connections to one listener.
#[derive(Debug)]
pub struct Fire {
    connections: Vec<Connection>,
}

/// One keep-alive connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What a browser's call to the shop looks like: enough headers that reading them is not free.
pub const REQUEST: &[u8] = b"GET /orders/o-1001 HTTP/1.1\r\n\
    host: shop.example\r\n\
    user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\
    accept: application/json, text/plain, */*\r\n\
    accept-language: en-GB,en;q=0.7,de;q=0.3\r\n\
    accept-encoding: gzip, deflate, br\r\n\
    referer: https://shop.example/orders\r\n\
    cookie: session=2f1c9a7be04d4f5e8c3d0a6b7e9f1d2c; theme=dark\r\n\
    traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\
    cache-control: no-cache\r\n\r\n";

const ANSWERS_WITHIN: Duration = Duration::from_secs(20);

// === impl Fire ===

impl Fire {
    /// Opens the connections and sends one request on each, so that nothing that happens once is measured.
    ///
    /// # Errors
    /// When Envoy does not answer 200.
    pub fn open(to: SocketAddr, connections: usize) -> io::Result<Self> {
        let mut fire = Self { connections: (0..connections).map(|_| Connection::open(to)).collect::<io::Result<_>>()? };
        fire.volley()?;
        Ok(fire)
    }

    /// Sends and reads until `time` is over; how many requests that were.
    ///
    /// # Errors
    /// As `open`.
    pub fn run(&mut self, time: Duration) -> io::Result<u64> {
        let end = Instant::now() + time;
        let mut requests = 0;
        while Instant::now() < end {
            self.volley()?;
            requests += self.connections.len() as u64;
        }
        Ok(requests)
    }

    /// One request on every connection, then every answer: they are under way together without a thread for each.
    fn volley(&mut self) -> io::Result<()> {
        for connection in &mut self.connections {
            connection.ask()?;
        }
        for connection in &mut self.connections {
            must_be_200(connection.answer()?)?;
        }
        Ok(())
    }
}

// === impl Connection ===

impl Connection {
    /// Opens one.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn open(to: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(to)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWERS_WITHIN))?;
        Ok(Self { stream, buffer: Vec::with_capacity(4096) })
    }

    /// The same, of which an answer that has not come yet is an error of the kind `WouldBlock`.
    ///
    /// # Errors
    /// When the system does not make it one.
    pub fn without_waiting(self) -> io::Result<Self> {
        self.stream.set_nonblocking(true)?;
        Ok(self)
    }

    /// Sends the request.
    ///
    /// # Errors
    /// When the connection breaks.
    pub fn ask(&mut self) -> io::Result<()> {
        self.buffer.clear();
        self.stream.write_all(REQUEST)
    }

    /// Sends the request, and gives how long the first byte of the answer's body was waited for, and how long the last.
    ///
    /// # Errors
    /// As `answer`, and when the status is not 200.
    pub fn waits(&mut self) -> io::Result<(Duration, Duration)> {
        let begin = Instant::now();
        self.ask()?;
        let mut first = None;
        must_be_200(self.read(|bytes| {
            let head = bytes.windows(4).position(|window| window == b"\r\n\r\n");
            if first.is_none() && head.is_some_and(|end| bytes.len() > end + 4) {
                first = Some(begin.elapsed());
            }
        })?)?;
        let last = begin.elapsed();
        Ok((first.unwrap_or(last), last))
    }

    /// Reads the answer; its status.
    ///
    /// # Errors
    /// When the connection breaks, or what comes is no answer.
    pub fn answer(&mut self) -> io::Result<u16> {
        self.read(|_| ())
    }

    /// The same; `came` is told of all that is there, whenever there is more.
    fn read(&mut self, mut came: impl FnMut(&[u8])) -> io::Result<u16> {
        loop {
            if let Some((status, length)) = complete(&self.buffer)?
                && self.buffer.len() >= length
            {
                return Ok(status);
            }
            let mut piece = [0; 16 * 1024];
            match self.stream.read(&mut piece)? {
                0 => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "envoy closed the connection")),
                read => self.buffer.extend_from_slice(&piece[..read]),
            }
            came(&self.buffer);
        }
    }
}

fn must_be_200(status: u16) -> io::Result<()> {
    match status {
        200 => Ok(()),
        _ => Err(io::Error::other(format!("the measured request was answered {status}, not 200"))),
    }
}

/// The status and the whole length of an answer, as soon as its head is there.
fn complete(bytes: &[u8]) -> io::Result<Option<(u16, usize)>> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&bytes[..end]).map_err(io::Error::other)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    // A masked body states no length. Its last chunk is empty, and nothing follows until the next request.
    if head.lines().any(|line| line == "transfer-encoding: chunked") {
        let is_whole = bytes.ends_with(b"\r\n0\r\n\r\n");
        return Ok(status.map(|status| (status, if is_whole { bytes.len() } else { usize::MAX })));
    }
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .and_then(|text| text.trim().parse::<usize>().ok());
    match status.zip(length) {
        Some((status, length)) => Ok(Some((status, end + 4 + length))),
        None => Err(io::Error::other(format!("not an answer with a length: {head}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::complete;

    #[test]
    fn an_answer_is_complete_with_its_body() {
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n";
        assert_eq!(complete(head).unwrap(), Some((200, head.len() + 3)));
        assert_eq!(complete(b"HTTP/1.1 200 OK\r\ncontent").unwrap(), None);
        let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n";
        assert_eq!(complete(chunked).unwrap(), Some((200, chunked.len())));
        assert_eq!(complete(&chunked[..chunked.len() - 1]).unwrap(), Some((200, usize::MAX)));
        assert!(complete(b"HTTP/1.1 200 OK\r\n\r\n").is_err(), "without a length nobody knows where it ends");
    }
}
