//! gRPC's framing: one flag byte, four bytes of length, the message.
//!
//! Written out because the tests also have to send what a library would not.

use bytes::{BufMut, Bytes, BytesMut};

/// Puts a message into its frame.
pub fn frame(message: &[u8]) -> Bytes {
    let mut framed = BytesMut::with_capacity(5 + message.len());
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).expect("a message under 4 GiB"));
    framed.put_slice(message);
    framed.freeze()
}

/// Takes the first message out of its frame; `None` when it is compressed or cut short.
pub fn unframe(framed: &[u8]) -> Option<&[u8]> {
    let (head, rest) = framed.split_at_checked(5)?;
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
    match head[0] {
        0 => rest.get(..usize::try_from(length).ok()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_frame_holds_its_message() {
        assert_eq!(super::unframe(&super::frame(b"abc")), Some(b"abc".as_slice()));
        assert_eq!(super::unframe(b"\0\0\0\0\x04abc"), None);
    }
}
