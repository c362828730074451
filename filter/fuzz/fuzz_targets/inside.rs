//! Where a text leads: any bytes are taken, a name can only add to it, and neither blanks around a URL nor one more layer of
//! escapes take anything from it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ostiary_detect::inside::{Leads, URL_MAX, is_named, leads};

fuzz_target!(|input: (&[u8], &[u8])| {
    let (name, text) = input;
    let _any_name = is_named(name);
    let (alone, named) = (leads(text, false), leads(text, true));
    assert!(named >= alone, "{text:?}: {alone:?}, and with a name {named:?}");
    if alone > Leads::Elsewhere && text.len() + 2 <= URL_MAX {
        let padded = [b" ", text, b"\t"].concat();
        assert!(leads(&padded, false) > Leads::Elsewhere, "{text:?} with blanks");
        let escaped: Vec<u8> = text.iter().flat_map(|byte| format!("%{byte:02x}").into_bytes()).collect();
        if escaped.len() <= URL_MAX {
            assert!(leads(&escaped, false) > Leads::Elsewhere, "{text:?} escaped once more");
        }
    }
});
