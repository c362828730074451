//! A database of countries in MaxMind's format, version 2.0 (`MaxMind-DB-spec.md`), as small as `libmaxminddb` accepts it.
//!
//! Written here because a real one may not be shipped, and because tests want networks on loopback.

/// Bits of a network's address.
const BITS: usize = 24;

/// A node of the search tree: for each value of a bit the next node, an entry of the data, or nothing.
type Node = [Next; 2];

#[derive(Clone, Copy)]
enum Next {
    Nothing,
    Node(usize),
    Data(usize),
}

/// A database of IPv4 networks of 24 bits and the country of each; an empty country is an entry without one.
pub fn database(networks: &[([u8; 4], &str)]) -> Vec<u8> {
    let mut nodes: Vec<Node> = vec![[Next::Nothing; 2]];
    let mut data = Vec::new();
    for (network, country) in networks {
        insert(&mut nodes, u32::from_be_bytes(*network), data.len());
        data.extend(match *country {
            "" => [map(1), text("continent"), map(1), text("code"), text("EU")].concat(),
            country => [map(1), text("country"), map(1), text("iso_code"), text(country)].concat(),
        });
    }
    let count = nodes.len();
    let record = |next: &Next| {
        let value = match *next {
            Next::Nothing => count,
            Next::Node(index) => index,
            // The data section begins 16 bytes after the tree.
            Next::Data(offset) => count + 16 + offset,
        };
        u32::try_from(value).expect("a small tree").to_be_bytes()[1..].to_vec()
    };
    let mut bytes: Vec<u8> = nodes.iter().flatten().flat_map(record).collect();
    bytes.extend([0; 16]);
    bytes.extend(data);
    bytes.extend(b"\xab\xcd\xefMaxMind.com");
    bytes.extend(metadata(u32::try_from(count).expect("a small tree")));
    bytes
}

fn insert(nodes: &mut Vec<Node>, network: u32, offset: usize) {
    let mut at = 0;
    for depth in 0..BITS {
        let bit = usize::from(network >> (31 - depth) & 1 == 1);
        if depth + 1 == BITS {
            nodes[at][bit] = Next::Data(offset);
        } else if let Next::Node(next) = nodes[at][bit] {
            at = next;
        } else {
            nodes.push([Next::Nothing; 2]);
            let next = nodes.len() - 1;
            nodes[at][bit] = Next::Node(next);
            at = next;
        }
    }
}

fn metadata(count: u32) -> Vec<u8> {
    let u16 = |value: u16| [vec![5 << 5 | 2], value.to_be_bytes().to_vec()].concat();
    let entries = [
        (text("node_count"), [vec![6 << 5 | 4], count.to_be_bytes().to_vec()].concat()),
        (text("record_size"), u16(24)),
        (text("ip_version"), u16(4)),
        (text("database_type"), text("Test-City")),
        // Types beyond 7 stand in a second byte, less 7: 11 is a list, 9 a number of 64 bits.
        (text("languages"), [vec![1, 4], text("en")].concat()),
        (text("binary_format_major_version"), u16(2)),
        (text("binary_format_minor_version"), u16(0)),
        (text("build_epoch"), [vec![8, 2], 1_700_000_000_u64.to_be_bytes().to_vec()].concat()),
        (text("description"), [map(1), text("en"), text("a test")].concat()),
    ];
    let mut bytes = map(9);
    for (key, value) in entries {
        bytes.extend(key);
        bytes.extend(value);
    }
    bytes
}

fn map(entries: u8) -> Vec<u8> {
    vec![7 << 5 | entries]
}

/// A text of fewer than 29 bytes, whose length fits beside its type.
fn text(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).expect("a short text");
    assert!(length < 29, "{text}");
    [vec![2 << 5 | length], text.as_bytes().to_vec()].concat()
}
