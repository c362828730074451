//! A provisional template: bounded however long the path is, made of the path's own segments, and
//! matched by no path that differs from it outside its placeholders.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ostiary_engine::catalog::infer::{PLACEHOLDER, SEGMENTS_MAX, template};
use ostiary_engine::catalog::template::BYTES_MAX;
use ostiary_engine::path::CanonicalPath;

fuzz_target!(|target: &[u8]| {
    let Ok(path) = CanonicalPath::new(target) else { return };
    let template = template(path.segments());
    assert!(template.starts_with('/') && template.len() <= BYTES_MAX + 3, "{template:?}");
    let parts: Vec<&str> = template.split('/').skip(1).filter(|part| !part.is_empty()).collect();
    assert!(parts.len() <= SEGMENTS_MAX + 1, "{template:?}");
    let mut segments = path.segments();
    for (index, part) in parts.iter().enumerate() {
        let segment = segments.next();
        match *part {
            "**" => return assert_eq!(index + 1, parts.len(), "{template:?}"),
            PLACEHOLDER => assert!(segment.is_some(), "{template:?}"),
            literal => {
                assert_eq!(segment, Some(literal), "{template:?}");
                assert!(!literal.contains(['{', '}', '*', '@']), "{template:?}");
            }
        }
    }
    assert_eq!(segments.next(), None, "{template:?} leaves out the end of {:?}", path.as_str());
});
