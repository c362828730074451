//! Addresses of Bitcoin and Ethereum.

use crate::check::place;
use crate::context::classes;
use crate::row::{ROW, Row, Rule, alone, checked};
use crate::types::Level;
use sha2::{Digest, Sha256};

/// Bitcoin addresses.
pub static BITCOIN: Row = Row {
    name: "bitcoin_address",
    unverified: Some("bitcoin_address_unverified"),
    level: Level::Medium,
    shapes: &[checked("1*{25,34}"), checked("3*{25,34}"), checked("bc1*{39,71}"), checked("BC1*{39,71}")],
    rules: &[Rule::Is(is_bitcoin_shape)],
    checks: &[Rule::Is(is_bitcoin)],
    told_by: classes::COIN,
    #[cfg(test)]
    source: "Base58Check (double SHA-256), BIP 173 bech32, BIP 350 bech32m",
    ..ROW
};

/// Ethereum addresses. Written in one case they carry no checksum.
pub static ETHEREUM: Row = Row {
    name: "ethereum_address",
    unverified: Some("ethereum_address_unverified"),
    level: Level::Medium,
    shapes: &[alone("0x?{40}")],
    rules: &[Rule::Varied(2)],
    checks: &[Rule::Is(is_ethereum)],
    told_by: classes::COIN,
    #[cfg(test)]
    source: "ERC-55: the case of each letter by the Keccak-256 digest of the address in small letters",
    ..ROW
};

const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

fn segwit(written: &[u8]) -> Option<&[u8]> {
    written.strip_prefix(b"bc1").or_else(|| written.strip_prefix(b"BC1"))
}

fn is_bitcoin_shape(_: &[u8], written: &[u8]) -> bool {
    match segwit(written) {
        Some(data) => {
            let one_case = !data.iter().any(u8::is_ascii_uppercase) || !data.iter().any(u8::is_ascii_lowercase);
            one_case && data.iter().all(|byte| place(BECH32, byte.to_ascii_lowercase()).is_some())
        }
        None => {
            written.len() <= 35
                && written.iter().all(|byte| place(BASE58, *byte).is_some())
                && written.iter().any(u8::is_ascii_lowercase)
        }
    }
}

fn is_bitcoin(_: &[u8], written: &[u8]) -> bool {
    segwit(written).map_or_else(|| is_base58check(written) == Some(true), |data| is_bech32(data) == Some(true))
}

fn is_base58check(written: &[u8]) -> Option<bool> {
    let mut number = [0_u8; 25];
    for byte in written {
        let mut carry = place(BASE58, *byte)?;
        for digit in number.iter_mut().rev() {
            carry += u32::from(*digit) * 58;
            *digit = carry.to_le_bytes()[0];
            carry >>= 8;
        }
        if carry != 0 {
            return Some(false);
        }
    }
    let (payload, check) = number.split_at(21);
    let digest = Sha256::digest(Sha256::digest(payload));
    let version = matches!(payload.first(), Some(0 | 5));
    Some(version && digest.get(..4) == Some(check))
}

fn is_bech32(data: &[u8]) -> Option<bool> {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let step = |check: u32, value: u32| {
        let top = check >> 25;
        let next = (check & 0x01ff_ffff) << 5 ^ value;
        GENERATOR
            .iter()
            .enumerate()
            .fold(next, |next, (bit, generator)| if top >> bit & 1 == 1 { next ^ generator } else { next })
    };
    // The prefix `bc`: the high bits of its letters, nought, their low bits.
    let mut check = [3, 3, 0, 2, 3].into_iter().fold(1, step);
    for byte in data {
        check = step(check, place(BECH32, byte.to_ascii_lowercase())?);
    }
    let version = place(BECH32, data.first()?.to_ascii_lowercase())?;
    Some(check == if version == 0 { 1 } else { 0x2bc8_30a3 })
}

fn is_ethereum(_: &[u8], written: &[u8]) -> bool {
    let Some(digits) = written.get(2..) else { return false };
    if !digits.iter().any(u8::is_ascii_uppercase) || !digits.iter().any(u8::is_ascii_lowercase) {
        return true;
    }
    let digest = keccak256(&digits.to_ascii_lowercase());
    digits.iter().enumerate().all(|(at, byte)| {
        let pair = digest.get(at / 2).copied().unwrap_or_default();
        let high = (if at % 2 == 0 { pair >> 4 } else { pair & 15 }) >= 8;
        byte.is_ascii_digit() || byte.is_ascii_uppercase() == high
    })
}

/// Keccak-256 as it was before FIPS 202 changed the padding, of less than one block.
fn keccak256(message: &[u8]) -> [u8; 32] {
    const RATE: usize = 136;
    let mut block = [0; 200];
    for (place, byte) in block.iter_mut().zip(message.iter().take(RATE - 1)) {
        *place = *byte;
    }
    if let (Some(end), true) = (block.get_mut(message.len().min(RATE - 1)), true) {
        *end ^= 1;
    }
    if let Some(end) = block.get_mut(RATE - 1) {
        *end ^= 0x80;
    }
    let mut state = [0; 25];
    for (lane, bytes) in state.iter_mut().zip(block.chunks_exact(8)) {
        *lane = bytes.iter().rev().fold(0_u64, |lane, byte| lane << 8 | u64::from(*byte));
    }
    permute(&mut state);
    let mut digest = [0; 32];
    for (place, byte) in digest.iter_mut().zip(state.iter().flat_map(|lane| lane.to_le_bytes())) {
        *place = byte;
    }
    digest
}

/// Keccak-f\[1600\]: FIPS 202 section 3.3. Rotations, places and round constants are made by their rules.
#[expect(clippy::indexing_slicing, reason = "every index is taken modulo 5 or 25")]
fn permute(state: &mut [u64; 25]) {
    let mut feedback = 1_u8;
    for _ in 0..24 {
        let column: [u64; 5] = std::array::from_fn(|x| (0..5).fold(0, |sum, y| sum ^ state[x + 5 * y]));
        for (at, lane) in state.iter_mut().enumerate() {
            *lane ^= column[(at + 4) % 5] ^ column[(at + 1) % 5].rotate_left(1);
        }
        let (mut x, mut y, mut carried) = (1, 0, state[1]);
        for turn in 0..24_u32 {
            (x, y) = (y, (2 * x + 3 * y) % 5);
            let place = &mut state[x + 5 * y];
            carried = std::mem::replace(place, carried.rotate_left((turn + 1) * (turn + 2) / 2 % 64));
        }
        for row in state.chunks_exact_mut(5) {
            let old: [u64; 5] = std::array::from_fn(|x| row[x]);
            for (x, lane) in row.iter_mut().enumerate() {
                *lane = old[x] ^ (!old[(x + 1) % 5] & old[(x + 2) % 5]);
            }
        }
        for bit in 0..7_u32 {
            if feedback & 1 == 1 {
                state[0] ^= 1 << ((1_u32 << bit) - 1);
            }
            feedback = feedback << 1 ^ if feedback & 0x80 != 0 { 0x71 } else { 0 };
        }
    }
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("", "1NEDqZPvTWRaoho48qXuLLsrYomMXPABfD", "bitcoin_address"),
    ("", "BC1QARDV855YJNGSPVXUTTQ897AQCA3LXJU2Y69JCE", "bitcoin_address"),
    ("", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "bitcoin_address"),
    ("", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", "bitcoin_address"),
    ("", "1NEDqZPvTWRaoho48qXuLLsrYomMXPABfA", ""),
    ("btcAddress", "1NEDqZPvTWRaoho48qXuLLsrYomMXPABfA", "bitcoin_address_unverified"),
    ("", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "ethereum_address"),
    ("", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", "ethereum_address"),
    ("", "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "ethereum_address_unverified"),
    ("", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaedff", ""),
];
