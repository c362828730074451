//! The way back: what becomes of a response to a request that was let through.

use super::{Flow, Input, Known, Phase, Stream};
use crate::host::Host;
use crate::metrics::Counter;
use crate::response::Next;
use crate::summary;
use ostiary_engine::refusal::Refusal;

impl<H: Host> Stream<H> {
    /// Lets a response go back: its head, a part of its body, its trailers.
    pub(super) fn pass_back(&mut self, input: Input) -> Flow {
        let (Phase::Permitted(known, _) | Phase::Reading(known, _)) = &self.phase else { return Flow::Continue };
        let (masking, due, host) = (known.policy.masking(), &known.judged.masks, &self.vm.host);
        let next = match input {
            Input::ResponseHeaders { end } => {
                // An answer of our own says already where the client stands.
                if self.response.ended().is_none() {
                    self.state_quotas(known);
                }
                let asker = Some(&known.noted.asker).filter(|_| masking.notes_answers());
                // What a browser may read of it stands in the head, also where no body follows.
                if !masking.looks(due, !end) && !asker.is_some_and(|asker| asker.has_origin) {
                    return Flow::Continue;
                }
                let held = (known.kept.head, end, known.policy.holds_headers());
                let read = self.response.head(host, masking, due, held, asker);
                read.unwrap_or_else(|_| {
                    self.vm.count(Counter::HostFailure);
                    // What could not be read may hold what a rule masks.
                    masking.guard(&due.rules).map_or(Next::Continue, |rule| self.response.end(rule, "host"))
                })
            }
            Input::ResponseBody { len, end } => self.response.body(host, masking, len, end),
            _ => self.response.trailers(host, masking),
        };
        match next {
            Next::Continue => {
                // Of what was ended only our own answer goes on.
                if self.response.ended().is_none() {
                    self.response.head_has_left();
                }
                return Flow::Continue;
            }
            Next::Hold => {}
            Next::End => {
                self.vm.count(Counter::ResponseBlocked);
                if self.refuse(Refusal::ResponseBlocked, known) {
                    self.response.was_ended();
                }
            }
        }
        Flow::Stop
    }

    /// Leaves what is known of a call for Envoy's access log.
    pub(super) fn show(&self, known: &Known, id: Option<&str>) {
        let line = summary::line(known, id, &self.response);
        if self.vm.host.set_property(summary::NAME, line.as_bytes()).is_err() {
            self.vm.count(Counter::HostFailure);
        }
    }

    /// Tells a client where it stands.
    pub(super) fn state_quotas(&self, known: &Known) {
        for (name, value) in known.quotas.fields(&known.policy) {
            if self.vm.host.add_response_header(&name, &value).is_err() {
                self.vm.count(Counter::HostFailure);
            }
        }
    }
}
