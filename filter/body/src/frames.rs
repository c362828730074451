//! JSON in frames: one value a line, sequences, and events.

use crate::json::Json;
use crate::judge::Judge;
use crate::masker::Blocked;
use crate::scan::{Scan, find_byte, find_line_end};
use crate::text::Text;

/// Values that a byte separates which JSON itself cannot hold: a line's end, or the record separator of RFC 7464. What breaks
/// in one is over with the next.
#[derive(Debug)]
pub(crate) struct Records<S> {
    json: Json<S>,
    separator: u8,
}

/// Server-sent events (HTML Standard, section 9.2). The data of an event are the lines that begin with `data:`, joined; each
/// event is JSON by itself, or text.
#[derive(Debug)]
pub(crate) struct Events<S> {
    json: Json<S>,
    text: Text,
    line: Line,
    data: Data,
    /// Whether the last byte was a carriage return: a line feed after it ends no further line.
    after_return: bool,
}

/// Where in a line of an event stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// So many bytes of `data:` were there.
    Name(usize),
    /// After the colon, where one space belongs to the frame.
    Space,
    Data,
    /// In a line that holds no data.
    Other,
}

/// What the data of an event are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Data {
    Unknown,
    Json,
    Text,
}

const NAME: &[u8] = b"data:";

// === impl Records ===

impl<S: Scan> Records<S> {
    pub(crate) fn new(judge: &Judge, separator: u8) -> Self {
        Self { json: Json::new(judge), separator }
    }

    pub(crate) fn feed(&mut self, judge: &mut Judge, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Blocked> {
        let base = judge.offset;
        let mut at = 0;
        while at < piece.len() {
            judge.offset = base + at as u64;
            let rest = piece.get(at..).unwrap_or_default();
            if judge.idle() && self.json.rests() {
                out.extend_from_slice(rest);
                break;
            }
            let end = find_byte(rest, self.separator);
            let (record, after) = rest.split_at(end);
            self.json.feed(judge, record, out)?;
            if let Some(separator) = after.first() {
                self.json.finish(judge, out)?;
                out.push(*separator);
            }
            at += end + 1;
        }
        Ok(())
    }

    pub(crate) fn finish(&mut self, judge: &mut Judge, out: &mut Vec<u8>) -> Result<(), Blocked> {
        self.json.finish(judge, out)
    }

    pub(crate) fn pending(&self) -> &[u8] {
        self.json.pending()
    }
}

// === impl Events ===

impl<S: Scan> Events<S> {
    pub(crate) fn new(judge: &Judge) -> Self {
        let (line, data) = (Line::Name(0), Data::Unknown);
        Self { json: Json::new(judge), text: Text::default(), line, data, after_return: false }
    }

    pub(crate) fn feed(&mut self, judge: &mut Judge, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Blocked> {
        let base = judge.offset;
        let mut at = 0;
        while let Some(byte) = piece.get(at) {
            judge.offset = base + at as u64;
            let rest = piece.get(at..).unwrap_or_default();
            if self.data == Data::Json && self.json.framed() > judge.limits.token {
                // Lines that are no data stand between those of one event without end: it ends here.
                self.end_event(judge, out)?;
            }
            let ends_line = matches!(byte, b'\n' | b'\r');
            let goes_on = *byte == b'\n' && std::mem::take(&mut self.after_return);
            at += match self.line {
                Line::Name(0) if goes_on => self.frame(judge, rest, 1, out)?,
                Line::Name(0) if ends_line => {
                    self.end_event(judge, out)?;
                    self.end_line(*byte);
                    self.frame(judge, rest, 1, out)?
                }
                Line::Name(_) | Line::Space | Line::Data | Line::Other if ends_line => {
                    if matches!(self.line, Line::Space | Line::Data) {
                        self.end_data(judge, rest, out)?;
                    } else {
                        self.text.finish(judge, out)?;
                        self.frame(judge, rest, 1, out)?;
                    }
                    self.end_line(*byte);
                    1
                }
                // A mark of byte order may stand before the first line.
                Line::Name(0) if base + (at as u64) < 3 && *byte >= 0x80 => self.frame(judge, rest, 1, out)?,
                Line::Name(count) if NAME.get(count) == Some(byte) => {
                    self.line = if count + 1 == NAME.len() { Line::Space } else { Line::Name(count + 1) };
                    self.frame(judge, rest, 1, out)?
                }
                Line::Name(_) => {
                    self.line = Line::Other;
                    0
                }
                Line::Space => {
                    self.line = Line::Data;
                    if *byte == b' ' { self.frame(judge, rest, 1, out)? } else { 0 }
                }
                Line::Data => {
                    let end = find_line_end(rest);
                    self.payload(judge, rest.get(..end).unwrap_or_default(), out)?;
                    end
                }
                Line::Other => {
                    // No further than it may wait, so that a line that came whole ends an event where one in pieces does.
                    let room = (judge.limits.token + 1).saturating_sub(self.json.framed()).max(1);
                    let end = find_line_end(rest).min(room);
                    self.other(judge, rest.get(..end).unwrap_or_default(), out)?;
                    end
                }
            };
        }
        Ok(())
    }

    pub(crate) fn finish(&mut self, judge: &mut Judge, out: &mut Vec<u8>) -> Result<(), Blocked> {
        self.text.finish(judge, out)?;
        self.json.finish(judge, out)
    }

    pub(crate) fn pending(&self) -> &[u8] {
        // One of the two waits at most.
        let text = self.text.pending();
        if text.is_empty() { self.json.pending() } else { text }
    }

    /// A part of a line that holds no data, which is text by itself. In the midst of a token it leaves as it came: what waits of the
    /// token is before it.
    fn other(&mut self, judge: &mut Judge, part: &[u8], out: &mut Vec<u8>) -> Result<(), Blocked> {
        if self.data == Data::Json && !self.json.rests() {
            return self.frame(judge, part, part.len(), out).map(|_| ());
        }
        let offset = judge.offset;
        self.text.feed(judge, part, offset, out)
    }

    /// Bytes of the frame. They leave in their place: after what waits of the data before them.
    fn frame(&mut self, judge: &mut Judge, rest: &[u8], len: usize, out: &mut Vec<u8>) -> Result<usize, Blocked> {
        let bytes = rest.get(..len).unwrap_or_default();
        if self.data == Data::Json {
            self.json.gap(judge, bytes, out)?;
        } else {
            out.extend_from_slice(bytes);
        }
        Ok(len)
    }

    fn end_line(&mut self, byte: u8) {
        self.line = Line::Name(0);
        self.after_return = byte == b'\r';
    }

    fn payload(&mut self, judge: &mut Judge, data: &[u8], out: &mut Vec<u8>) -> Result<(), Blocked> {
        if self.data == Data::Unknown {
            self.data = match data.iter().find(|byte| **byte > b' ') {
                None => Data::Unknown,
                Some(b'{' | b'[' | b'"') => Data::Json,
                Some(_) => Data::Text,
            };
        }
        let offset = judge.offset;
        match self.data {
            Data::Json => self.json.feed(judge, data, out),
            Data::Text => self.text.feed(judge, data, offset, out),
            Data::Unknown => {
                out.extend_from_slice(data);
                Ok(())
            }
        }
    }

    /// A line of data ends. In JSON its end is white space; texts are judged line by line.
    fn end_data(&mut self, judge: &mut Judge, rest: &[u8], out: &mut Vec<u8>) -> Result<(), Blocked> {
        let end = rest.get(..1).unwrap_or_default();
        if self.data == Data::Json {
            return self.json.feed(judge, end, out);
        }
        self.text.finish(judge, out)?;
        out.extend_from_slice(end);
        Ok(())
    }

    /// Nothing of an event waits when it ends.
    fn end_event(&mut self, judge: &mut Judge, out: &mut Vec<u8>) -> Result<(), Blocked> {
        self.finish(judge, out)?;
        self.data = Data::Unknown;
        Ok(())
    }
}

#[cfg(test)]
#[path = "frames_tests.rs"]
mod tests;
