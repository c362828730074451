//! A field of a body: what is found stands in a JSON document, under one key only, as any reader of JSON has it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ostiary_engine::quota::body::FieldPath;
use serde_json::Value;

fuzz_target!(|body: &[u8]| {
    let path = FieldPath::parse("$.user.id").expect("the path is valid");
    let Some(found) = path.find(body) else { return };
    let document: Value = serde_json::from_slice(body).expect("what has a field is json");
    let user = only(&document, "user").expect("the object that holds the field");
    match only(user, "id").expect("the field") {
        Value::String(text) => {
            let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control()).to_ascii_lowercase();
            assert_eq!(text, found);
        }
        Value::Number(number) => assert_eq!(number.as_f64(), found.parse().ok()),
        other => panic!("{other} is no single value"),
    }
});

/// The value of the one key that some reader takes for the name.
fn only<'v>(object: &'v Value, name: &str) -> Option<&'v Value> {
    let is_it = |key: &str| key.to_lowercase().replace('\u{17f}', "s") == name;
    let mut values = object.as_object()?.iter().filter(|(key, _)| is_it(key)).map(|(_, value)| value);
    values.next().filter(|_| values.next().is_none())
}
