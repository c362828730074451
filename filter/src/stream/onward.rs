//! The way on: what becomes of the body of a request that was let through.

use super::{Flow, Phase, Stream};
use crate::host::Host;

impl<H: Host> Stream<H> {
    /// Lets a part of a request's body go on, looked at as it flows by.
    pub(super) fn pass_on(&mut self, len: usize, end: bool) -> Flow {
        let Phase::Permitted(known, _) = &self.phase else { return Flow::Continue };
        self.request.body(&self.vm.host, known.policy.masking(), len, end);
        Flow::Continue
    }
}
