//! The end of a stream, however it came: what it holds is given back, what only the end tells is counted, and the call has
//! its record.

use super::{Known, Phase, Stream};
use crate::facts::{self, Facts};
use crate::host::Host;
use crate::identity::direction_of;
use crate::metrics::Counter;
use crate::quota;
use crate::record::{self, Messages, Recorded};
use crate::sampling::{self, Ended};
use crate::state::State;
use ostiary_body::seen::Seen;
use ostiary_engine::judge::Permit;

impl<H: Host> Stream<H> {
    /// Lets go what a request holds, and looks at what came of its body.
    fn close(&mut self, phase: &mut Phase) {
        if let Phase::Asking(known, _) | Phase::Reading(known, _) | Phase::Permitted(known, _) | Phase::Refused(known) =
            phase
        {
            self.root.borrow().counter.release(&self.vm, &mut known.quotas);
        }
        if let Phase::Reading(known, _) = phase {
            // The upstream never got the body of a request that ended in it, so there is nothing to count by it.
            let Known { policy, judged, .. } = &mut **known;
            judged.due.retain(|due| !quota::reads_body(policy, std::slice::from_ref(due)));
        }
        if let Phase::Asking(known, _) | Phase::Reading(known, _) | Phase::Permitted(known, _) = phase {
            self.look_at_the_end(known);
        }
    }

    /// The stream has ended, however it ended: what it holds is given back, and it has its record.
    pub(super) fn end(&mut self) {
        let mut phase = std::mem::replace(&mut self.phase, Phase::Ended);
        self.close(&mut phase);
        let (known, refused) = match &phase {
            Phase::Ended => return,
            Phase::New => (None, false),
            Phase::Permitted(known, Permit { .. }) | Phase::Asking(known, _) | Phase::Reading(known, _) => {
                (Some(&**known), false)
            }
            Phase::Refused(known) => (Some(&**known), true),
        };
        let seen = [self.request.seen().unwrap_or_default(), self.response.seen().unwrap_or_default()];
        if self.response.masked() {
            self.vm.count(Counter::ResponseMasked);
        }
        let messages = Messages { request: &self.request, head_left: self.head_left, response: &self.response };
        let call = Ended { known, refused, messages, number: self.told.number };
        let state = &mut *self.root.borrow_mut();
        state.learn_direction(&self.vm.host);
        match known {
            Some(_) => state.open = state.open.saturating_sub(1),
            None => self.vm.count(Counter::Unseen),
        }
        self.conclude(state, call, &seen);
    }

    /// Reads what Envoy knows of a call that has ended, counts what only that tells, and has it recorded.
    fn conclude(&self, state: &mut State, call: Ended<'_>, [asked, seen]: &[Seen; 2]) {
        let Ended { known, refused, messages, number } = call;
        let State { facts: reader, reporter, counter, ids, listed, surroundings, .. } = state;
        let due = known.map(|known| &known.judged.due[..]).unwrap_or_default();
        let owing = known.filter(|known| quota::is_owed(&known.policy, due));
        let is_shown = known.is_some_and(|known| known.policy.reporting().filter_state);
        if reporter.is_none() && owing.is_none() && !is_shown {
            return;
        }
        // Where chance has a say, most calls end here: what it asks costs little beside a record.
        let is_free = owing.is_none() && !is_shown;
        let mut weight = None;
        if let Some(reporter) = reporter.as_mut().filter(|_| is_free)
            && known.is_some_and(|known| sampling::samples(&known.policy))
        {
            weight = sampling::choose(reporter, call, facts::outcome(&self.vm.host));
            if weight.is_none() {
                return;
            }
        }
        let list = reader.read(&self.vm.host, known.is_some_and(|known| known.kept.grpc));
        let mut facts = Facts::new(&list);
        if facts.time_ns.is_none() {
            // A record without a time is of no use to anyone: dated by its end, it is about right.
            facts.time_ns = self.vm.host.now_ns().ok();
        }
        let direction = facts.direction.map_or(surroundings.direction, |number| direction_of(Some(number)));
        let id = known.and_then(|known| {
            let operation = known.judged.operation.as_ref()?;
            Some(ids.of(known.policy.revision(), operation, known.policy.catalog(), (surroundings, direction)))
        });
        if let Some(known) = known.filter(|_| is_shown) {
            self.show(known, id);
        }
        if let Some(known) = owing
            && let Some(work) = counter.work(&self.vm, &known.policy)
        {
            let measures = known.judged.said.as_ref().and_then(|said| said.measures).unwrap_or_default();
            work.settle(due, &facts, measures.complexity, refused);
        }
        let Some(reporter) = reporter else { return };
        let Some(weight) = weight.or_else(|| sampling::choose(reporter, call, facts.outcome())) else { return };
        let seen = [asked, seen];
        let call = Recorded { facts: &facts, known, id, refused, messages, seen, weight, number, direction };
        record::request(reporter, &call, surroundings.direction, listed);
    }
}
