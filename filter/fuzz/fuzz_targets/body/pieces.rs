//! A body in pieces, whose lengths repeat.

/// The pieces: each of `lens` is a length less one, again from the first when all had their turn; without any they are bytes.
pub fn of<'b>(mut body: &'b [u8], lens: &[u8]) -> impl Iterator<Item = &'b [u8]> {
    let lens = if lens.is_empty() { &[0] } else { lens };
    let mut lens = lens.iter().cycle();
    std::iter::from_fn(move || {
        let len = (usize::from(*lens.next()?) + 1).min(body.len());
        let (piece, rest) = body.split_at(len);
        body = rest;
        (len > 0).then_some(piece)
    })
}
