//! What bodies of the benches are made of. The speed example of what reads bodies has this file too, so that a figure of one can be
//! held against one of the other; it needs nothing but the standard library.

/// Ten names of fields, as rules name them; the first four are in [`user`].
pub const FIELDS: [&str; 10] =
    ["phone", "email", "street", "zip", "token", "secret", "password", "iban", "card", "birth"];

/// A list of items in JSON, of at most so many bytes, unless one item is longer.
#[must_use]
pub fn list(bytes: usize, item: fn(usize) -> String) -> String {
    let mut text = "[".to_owned();
    for number in 0.. {
        let item = item(number);
        if number > 0 && text.len() + item.len() + 2 > bytes {
            break;
        }
        if number > 0 {
            text.push(',');
        }
        text.push_str(&item);
    }
    text.push(']');
    text
}

/// A number that looks like none of its neighbours: 32 bits, wherever this is built.
fn spread(number: usize) -> u64 {
    (number as u64).wrapping_mul(2_654_435_761) % (1 << 32)
}

/// A user, as APIs have them: six of its members say something about a person.
#[must_use]
pub fn user(number: usize) -> String {
    let hash = spread(number);
    format!(
        r#"{{"id":{number},"uuid":"{hash:08x}-1c2d-4e5f-8a9b-{hash:012x}","name":"User Number {number}","email":"user{number}@shop.example","phone":"+49 170 {:07}","active":{},"created":"2026-{:02}-{:02}T10:20:30Z","balance":{}.{:02},"address":{{"street":"{} Long Street","city":"Springfield","zip":"{:05}"}},"tags":["gold","newsletter"]}}"#,
        hash % 10_000_000,
        number.is_multiple_of(2),
        number % 12 + 1,
        number % 28 + 1,
        hash % 5000,
        hash % 100,
        number % 300 + 1,
        hash % 100_000,
    )
}

/// An order, of which one member is an address and the others are what machines write.
#[must_use]
pub fn order(number: usize) -> String {
    let hash = spread(number);
    let line = |at: u64| {
        format!(
            r#"{{"sku":"SKU-{:05}","title":"Canvas bag, large","quantity":{},"unit_price":{}.{:02},"currency":"EUR"}}"#,
            (hash + at) % 100_000,
            at + 1,
            hash % 90,
            (hash + at) % 100
        )
    };
    format!(
        r#"{{"order_id":"{hash:08x}-1c2d-4e5f-8a9b-{hash:012x}","status":"shipped","created_at":"2026-{:02}-{:02}T10:20:30Z","updated_at":"2026-{:02}-{:02}T11:21:31.250Z","email":"user{number}@shop.example","lines":[{},{}],"total":{}.{:02},"is_gift":false,"warehouse":"north","url":"https://shop.example/orders/{hash}"}}"#,
        number % 12 + 1,
        number % 28 + 1,
        number % 12 + 1,
        number % 28 + 1,
        line(0),
        line(1),
        hash % 500,
        hash % 100,
    )
}

/// Words and flags, a token every seven bytes: nothing to find.
#[must_use]
pub fn plain(number: usize) -> String {
    let words = ["alpha", "bravo", "charlie", "delta", "echo"];
    let word = |at: usize| words.get((number + at) % words.len()).copied().unwrap_or_default();
    format!(
        r#"{{"kind":"{}","state":"{}","tags":["{}","{}"],"on":true,"rank":{}}}"#,
        word(0),
        word(1),
        word(2),
        word(3),
        number % 100
    )
}
