//! Which calls have a record where a policy samples, and how many calls a record then stands for.
//!
//! What somebody may have to look at is always recorded, and stands for itself: refusals, enforced or
//! only would-be; requests and answers in which data types were found, or that a masking rule changed or ended;
//! failures (status 5xx, or none); calls that ended before they reached us; and calls that were told of
//! while they were open. Of the rest each is recorded with the same chance, `1000 / weight`, and its
//! record then weighs `weight` thousandths. Whether a call is of the rest does not depend on chance, so
//! every sum of weights is what it would be without sampling, in expectation exactly.

use crate::record::Messages;
use crate::report::Reporter;
use crate::stream::Known;
use ostiary_engine::policy::Policy;

/// The weight of one call, in thousandths.
pub(crate) const ONE: u64 = 1000;

/// What Envoy calls an answer that it does not pass on but follows itself (`StreamInfo::ResponseCodeDetails`):
/// the call goes on in a stream of its own, which is another record.
const FOLLOWED: &[u8] = b"internal_redirect";

/// How a call ended, as far as that decides whether it has a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outcome {
    status: Option<u64>,
    is_followed: bool,
}

/// A call that has ended, without what Envoy knows of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended<'c> {
    pub(crate) known: Option<&'c Known>,
    /// Whether we answered it.
    pub(crate) refused: bool,
    pub(crate) messages: Messages<'c>,
    /// The number of a call that was told of while it was open; 0 for others.
    pub(crate) number: u64,
}

impl Outcome {
    /// Of a call with this status, and these response code details of Envoy's.
    pub(crate) fn new(status: Option<u64>, details: &[u8]) -> Self {
        Self { status, is_followed: details == FOLLOWED }
    }
}

/// Whether chance has a say about the calls of a policy.
pub(crate) fn samples(policy: &Policy) -> bool {
    u64::from(policy.reporting().weight) != ONE
}

/// The weight of the record of a call, in thousandths; `None` where chance leaves it out, which is counted.
pub(crate) fn choose(reporter: &mut Reporter, call: Ended<'_>, outcome: Outcome) -> Option<u64> {
    let (weight, is_noted) = weight(call, outcome);
    (is_noted || reporter.chooses(weight)).then_some(weight)
}

/// The weight that the record of a call has if there is one, and whether there is one whatever chance says.
fn weight(
    Ended { known, refused, messages, number }: Ended<'_>,
    Outcome { status, is_followed }: Outcome,
) -> (u64, bool) {
    if is_followed {
        return (0, true);
    }
    let Some(known) = known else { return (ONE, true) };
    let weight = u64::from(known.policy.reporting().weight);
    let verdicts = known.judged.verdicts;
    let is_noted = weight == ONE
        || refused
        // Who heard that a call has begun hears that it has ended.
        || number > 0
        || !verdicts.enforced.permits()
        || !verdicts.would_be.permits()
        || known.quotas.would.is_some()
        || status.is_none_or(|status| status == 0 || status >= 500)
        || messages.request.is_noted()
        || messages.response.is_noted();
    (if is_noted { ONE } else { weight }, is_noted)
}

/// Whether chance keeps the `n`th call of a stream: `1000 / weight` of all are kept, to one part in
/// 2^64. The sequence is SplitMix64's (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", 2014), which passes for random whatever the calls' own order is.
pub(crate) fn keeps(stream: [u8; 16], n: u64, weight: u64) -> bool {
    let seed = stream.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let mut z = seed.wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    (u128::from(z) * u128::from(weight)) >> 64 < u128::from(ONE)
}

#[cfg(test)]
mod tests {
    use super::{ONE, keeps};

    /// Sums of weights are true: over many streams the mean of kept weights is within four standard errors of one
    /// call, at every rate, and calls that come in a rhythm are no exception.
    #[test]
    fn weights_are_true_on_average() {
        for weight in [1000_u64, 1500, 3333, 10_000, 100_000] {
            for rhythm in [1, 2, 7, 10, 64] {
                let (mut kept, mut calls) = (0_u64, 0_u64);
                for stream in 0..200_u64 {
                    let mut id = [0; 16];
                    id[..8].copy_from_slice(&stream.wrapping_mul(0xd6e8_feb8_6659_fd93).to_le_bytes());
                    for n in (0..2_000 * rhythm).step_by(usize::try_from(rhythm).unwrap()) {
                        calls += 1;
                        kept += u64::from(keeps(id, n, weight));
                    }
                }
                let (calls, p) = (calls as f64, ONE as f64 / weight as f64);
                let estimate = kept as f64 * weight as f64 / ONE as f64;
                let error = (calls * (1.0 - p) / p).sqrt();
                assert!((estimate - calls).abs() <= 4.0 * error, "{weight} {rhythm}: {estimate} of {calls}");
            }
        }
        assert!((0..1_000).all(|n| keeps([7; 16], n, ONE)), "without sampling every call is recorded");
    }
}
