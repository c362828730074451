//! The way on: a request that was let through is looked at as it flows by, and ends where a rule says so.

use super::{Flow, Known, Phase, Stream};
use crate::host::Host;
use crate::metrics::Counter;
use ostiary_engine::refusal::Refusal;

impl<H: Host> Stream<H> {
    /// Holds the head of a request that a rule may refuse for its body, where Envoy shows bodies of which it
    /// holds the head.
    pub(super) fn hold(&mut self) -> Flow {
        match &self.phase {
            Phase::Permitted(known, _) if known.policy.holds_headers() && self.request.hold() => Flow::Stop,
            _ => Flow::Continue,
        }
    }

    /// Lets a part of the body go on, `len` bytes of it, or the trailers; `read` are the bytes where they were read
    /// already. While the rate limit service is asked Envoy holds it all, and shows none of it again.
    pub(super) fn pass_on(&mut self, read: Option<Vec<u8>>, len: Option<usize>, end: bool) -> Flow {
        let (known, waits) = match &self.phase {
            Phase::Permitted(known, _) => (known, false),
            Phase::Asking(known, _) => (known, true),
            Phase::New | Phase::Reading(..) | Phase::Refused(_) | Phase::Ended => return Flow::Continue,
        };
        let (masking, host) = (known.policy.masking(), &self.vm.host);
        let looked = match len {
            Some(len) => self.request.body(host, masking, read, (len, end, waits)),
            None => self.request.finish(masking).map(|()| false),
        };
        match looked {
            // Once the service has answered, what was found is acted on.
            _ if waits => Flow::Stop,
            Ok(true) => Flow::Stop,
            Ok(false) => Flow::Continue,
            Err(_) => self.turn_back(),
        }
    }

    /// Refuses a request that was let through: its body holds what a rule blocks.
    fn turn_back(&mut self) -> Flow {
        let Phase::Permitted(known, _) = std::mem::replace(&mut self.phase, Phase::Ended) else { return Flow::Stop };
        self.act(known)
    }

    /// The stream has ended: what came of a body is all that there is.
    pub(super) fn look_at_the_end(&mut self, known: &mut Known) {
        // It is too late to refuse anything.
        let _ = self.request.finish(known.policy.masking());
        if self.request.would_be_refused() && known.judged.verdicts.would_be.permits() {
            known.judged.count_in(None, Some(Refusal::RequestBlocked));
            self.vm.count(Counter::WouldRefuse(Refusal::RequestBlocked));
        }
    }
}
