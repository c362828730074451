//! What the outbox guarantees: bounded bytes, the same bytes again, no record uncounted.

use super::{Answer, BACKOFF_MAX_NS, Outbox, Outcome, Sealed};
use proptest::prelude::*;

fn sealed(byte: u8, requests: u64) -> Sealed {
    Sealed::new(vec![byte; 10], requests)
}

#[test]
fn a_retry_sends_the_same_bytes_after_a_wait() {
    let mut outbox = Outbox::new(1000);
    outbox.push(sealed(1, 3));
    let first = outbox.next_to_send(0).unwrap();
    outbox.sent(7, first.clone());
    assert_eq!(outbox.answered(7, Answer::Failed(14), 1_000, 0), Outcome::Again);
    assert_eq!(outbox.next_to_send(1_001), None);
    let again = outbox.next_to_send(1_000 + 250_000_000).unwrap();
    assert_eq!((&again.bytes, again.requests), (&first.bytes, first.requests));
    outbox.sent(8, again);
    assert_eq!(
        outbox.answered(8, Answer::Response { rejected: 1 }, 2_000, 0),
        Outcome::Taken { requests: 3, rejected: 1 }
    );
    assert_eq!(outbox.answered(8, Answer::Failed(14), 2_000, 0), Outcome::Unknown);
    assert!(outbox.is_idle());
}

/// OTLP's table of gRPC codes, whole.
#[test]
fn retryable_and_final_codes_are_otlps() {
    for code in 1..=16 {
        let mut outbox = Outbox::new(1000);
        outbox.sent(1, sealed(1, 1));
        let expected =
            if [1, 4, 10, 11, 14, 15].contains(&code) { Outcome::Again } else { Outcome::Refused { requests: 1 } };
        assert_eq!(outbox.answered(1, Answer::Failed(code), 0, 0), expected, "{code}");
    }
}

#[test]
fn a_clock_that_steps_back_does_not_hold_the_queue() {
    let mut outbox = Outbox::new(1000);
    outbox.not_sent(sealed(1, 1), u64::MAX / 2, 0);
    assert!(outbox.next_to_send(5).is_some());
    outbox.not_sent(sealed(1, 1), 0, u64::MAX);
    assert!(outbox.next_to_send(BACKOFF_MAX_NS).is_some());
}

proptest! {
    /// Whatever happens, the bytes stay bounded and every record is waiting, under way, taken,
    /// refused or counted as evicted.
    #[test]
    fn nothing_is_lost_uncounted(steps in prop::collection::vec((0_u8..5, 1_u64..9), 1..200)) {
        let mut outbox = Outbox::new(100);
        let (mut pushed, mut gone, mut now, mut token) = (0, 0, 0_u64, 0);
        let mut live: Vec<u32> = Vec::new();
        for (step, number) in steps {
            now += 40_000_000_000;
            match step {
                0 | 1 => {
                    pushed += number;
                    gone += outbox.push(sealed(0, number));
                }
                2 => if let Some(next) = outbox.next_to_send(now) {
                    token += 1;
                    live.push(token);
                    outbox.sent(token, next);
                },
                _ => if let Some(token) = live.pop() {
                    let answer = if step == 3 { Answer::Failed(u32::try_from(number).unwrap() + 6) } else { Answer::Response { rejected: 0 } };
                    match outbox.answered(token, answer, now, number) {
                        Outcome::Taken { requests, .. } | Outcome::Refused { requests } => gone += requests,
                        Outcome::Again => {}
                        Outcome::Unknown => prop_assert!(false, "a live token is known"),
                    }
                },
            }
            let held: usize = outbox.waiting_bytes + outbox.under_way.len() * 10;
            prop_assert!(held <= 100 + 40, "{}", held);
        }
        prop_assert_eq!(pushed, gone + outbox.clear());
    }
}
