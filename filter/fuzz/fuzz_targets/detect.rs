//! What a text holds: any bytes are taken; what is found lies within the text, in order and without overlap, passes the gate
//! where the context tells nothing, and is the same when the text is judged from one of the ends on.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ostiary_detect::{Context, Detectors, Found, Types};
use std::sync::LazyLock;

static DETECTORS: LazyLock<Detectors> = LazyLock::new(|| Detectors::new(Types::standard(), Vec::new()));

fuzz_target!(|input: (&[u8], &[u8])| {
    let (key, text) = input;
    let named = DETECTORS.context(key);
    for context in [Context::NONE, named] {
        let found = found(text, 0, context);
        let mut last = 0;
        for hit in &found {
            assert!(last <= hit.start && hit.start < hit.end && hit.end <= text.len(), "{found:?}");
            assert!(Types::standard().contains(hit.data_type), "{found:?}");
            last = hit.end;
        }
        if !DETECTORS.tells(context) && !found.is_empty() {
            let count = |wanted: fn(&u8) -> bool| text.iter().filter(|byte| wanted(byte)).count();
            let (digits, colons) = (count(u8::is_ascii_digit), count(|byte| *byte == b':'));
            assert!(DETECTORS.gate().admits(digits, text.contains(&b'@'), colons, text.len()), "{found:?}");
        }
    }
    let whole = found(text, 0, Context::NONE);
    // A value that is glued to the one before has no border there.
    if let Some((first, rest)) = whole.split_first()
        && !text.get(first.end).is_some_and(u8::is_ascii_alphanumeric)
    {
        assert_eq!(found(text, first.end, Context::NONE), rest);
    }
});

fn found(text: &[u8], from: usize, context: Context) -> Vec<Found> {
    let mut found = Vec::new();
    DETECTORS.find_from(text, from, context, &DETECTORS.all(), &mut found);
    found
}
