//! A configuration as JSON: whatever the bytes are, they become a policy or a list of problems.
//!
//! A policy compiles to the same revision when it is read twice, and a problem fits on one line,
//! because it goes to Envoy's log.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ostiary_engine::config::read::PROBLEMS_MAX;
use ostiary_engine::policy::Policy;

fuzz_target!(|json: &[u8]| match Policy::from_json(json) {
    Ok(compiled) => {
        let again = Policy::from_json(json).expect("what was read once is read again");
        assert_eq!(compiled.policy.revision(), again.policy.revision());
    }
    Err(problems) => {
        assert!(!problems.is_empty() && problems.iter().count() <= PROBLEMS_MAX);
        assert!(!problems.to_string().contains(['\n', '\r']), "{problems:?}");
    }
});
