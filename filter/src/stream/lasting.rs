//! A call that stays open: what is told of it before it ends.

use super::{Phase, Stream};
use crate::facts::{self, Facts};
use crate::host::Host;
use crate::identity::direction_of;
use crate::metrics::Counter;
use crate::record::{self, Messages, Recorded};
use crate::sampling::ONE;
use crate::state::State;
use ostiary_body::seen::Seen;
use ostiary_engine::Protocol;

impl<H: Host> Stream<H> {
    /// Tells of the call, if it is open and due; whether it did.
    pub(crate) fn tell(&mut self, now_ns: u64) -> bool {
        let Phase::Permitted(known, _) = &self.phase else { return false };
        let operation = known.judged.operation.as_ref();
        let is_websocket = operation.is_some_and(|operation| operation.protocol == Protocol::Websocket);
        let interval_ns = known.policy.reporting().open_ms * 1_000_000;
        if !self.told.is_due(is_websocket || self.response.is_events(), interval_ns, now_ns) {
            return false;
        }
        let State { reporter, ids, surroundings, told, context, .. } = &mut *self.root.borrow_mut();
        let Some(reporter) = reporter else { return false };
        let host = &self.vm.host;
        let Ok(()) = host.act_for(self.context) else {
            self.vm.count(Counter::HostFailure);
            return false;
        };
        let list = facts::read_each(host);
        if host.act_for(*context).is_err() {
            self.vm.count(Counter::HostFailure);
        }
        let mut facts = Facts::new(&list);
        // Envoy knows the duration of what is complete alone.
        let begun_ns = facts.time_ns.unwrap_or(self.told.begun_ns).min(now_ns);
        (facts.time_ns, facts.duration_ns) = (Some(begun_ns), Some(now_ns - begun_ns));
        let direction = facts.direction.map_or(surroundings.direction, |number| direction_of(Some(number)));
        let is_new = self.told.number == 0;
        if is_new {
            *told += 1;
            self.told.number = *told;
        }
        self.told.last_ns = now_ns;
        let id = operation.map(|operation| {
            ids.of(known.policy.revision(), operation, known.policy.catalog(), (surroundings, direction))
        });
        let number = self.told.number;
        let messages = Messages { request: &self.request, head_left: self.head_left, response: &self.response };
        // What bodies show is told once, at the end.
        let none = Seen::default();
        let call = Recorded {
            facts: &facts,
            known: Some(known),
            id,
            refused: false,
            messages,
            seen: [&none, &none],
            weight: ONE,
            number,
            direction,
        };
        record::open(reporter, &call, surroundings.direction, is_new);
        true
    }
}
