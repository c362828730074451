//! Calls that stay open: WebSockets, event streams, streaming gRPC, downloads of hours.
//!
//! A call has one record, which counts, when it has ended. Of one that stays open nothing would be
//! known until then. So the root's tick looks through the open streams once a second and tells of
//! those that are open for longer than `records.open_interval`, and of handshakes of WebSockets and of
//! event streams at once; then again after each interval. What it tells is a state and no count: it
//! has no number in the stream of records, and losing it loses nothing.

use crate::host::Host;
use crate::stream::{Flow, Input, Stream};
use std::cell::RefCell;
use std::rc::{Rc, Weak};

/// Streams that are followed; a stream beyond them is recorded when it ends, and told of by no event.
const STREAMS_MAX: usize = 65_536;

/// Calls that one look tells of; the others' turn comes with the next looks.
const TOLD_MAX: usize = 64;

/// Time between two looks.
const LOOK_NS: u64 = 1_000_000_000;

/// A stream as Envoy's callbacks and the root's tick share it.
#[derive(Debug)]
pub struct Handle<H>(Rc<RefCell<Stream<H>>>);

/// What was told of a stream that is open.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Told {
    /// When it began, to a tick; 0 before the first tick.
    pub(crate) begun_ns: u64,
    /// When it was told of last.
    pub(crate) last_ns: u64,
    /// Its number among those that were told of, from 1; 0 while it was not.
    pub(crate) number: u64,
}

/// The streams that are open.
#[derive(Debug)]
pub(crate) struct Open<H> {
    places: Vec<Option<Weak<RefCell<Stream<H>>>>>,
    free: Vec<usize>,
    /// Where the next look begins.
    next: usize,
    looked_ns: u64,
}

impl Told {
    /// Whether a call is due to be told of. Where the clock stepped back, it is.
    pub(crate) const fn is_due(&mut self, is_long_lived: bool, interval_ns: u64, now_ns: u64) -> bool {
        if self.begun_ns == 0 || self.begun_ns > now_ns {
            self.begun_ns = now_ns;
        }
        if self.number == 0 {
            return is_long_lived || now_ns - self.begun_ns >= interval_ns;
        }
        now_ns < self.last_ns || now_ns - self.last_ns >= interval_ns
    }
}

impl<H> Default for Open<H> {
    fn default() -> Self {
        Self { places: Vec::new(), free: Vec::new(), next: 0, looked_ns: 0 }
    }
}

impl<H: Host> Open<H> {
    /// Follows a stream until it ends.
    pub(crate) fn follow(&mut self, mut stream: Stream<H>) -> Handle<H> {
        let place = self.free.pop().or_else(|| {
            let next = self.places.len();
            (next < STREAMS_MAX).then(|| {
                self.places.push(None);
                next
            })
        });
        stream.place = place;
        let stream = Rc::new(RefCell::new(stream));
        if let Some(at) = place.and_then(|place| self.places.get_mut(place)) {
            *at = Some(Rc::downgrade(&stream));
        }
        Handle(stream)
    }

    fn leave(&mut self, place: usize) {
        if self.places.get_mut(place).and_then(Option::take).is_some() {
            self.free.push(place);
        }
    }

    /// The streams that are there, from where the last look ended; `None` while none is due.
    pub(crate) fn look(&mut self, now_ns: u64) -> Option<Vec<Rc<RefCell<Stream<H>>>>> {
        if now_ns >= self.looked_ns && now_ns - self.looked_ns < LOOK_NS {
            return None;
        }
        self.looked_ns = now_ns;
        let (before, from) = self.places.split_at(self.next.min(self.places.len()));
        Some(from.iter().chain(before).flatten().filter_map(Weak::upgrade).collect())
    }

    /// Tells of those that are due, so many at most.
    pub(crate) fn tell(streams: &[Rc<RefCell<Stream<H>>>], now_ns: u64) -> Option<usize> {
        let mut told = 0;
        for stream in streams {
            let mut stream = stream.borrow_mut();
            if stream.tell(now_ns) {
                told += 1;
                if told >= TOLD_MAX {
                    return stream.place.map(|place| place + 1);
                }
            }
        }
        None
    }

    /// The next look begins here.
    pub(crate) const fn resume_at(&mut self, place: usize) {
        self.next = place;
    }
}

impl<H: Host> Handle<H> {
    /// Takes what happens and says how to go on.
    pub fn step(&mut self, input: Input) -> Flow {
        let flow = self.0.borrow_mut().step(input);
        if input == Input::End {
            let stream = &mut *self.0.borrow_mut();
            if let Some(place) = stream.place.take() {
                stream.open.borrow_mut().leave(place);
            }
        }
        flow
    }

    /// The rate limit service has answered, or the call to it has failed; `len` is the answer's length.
    pub fn answered(&mut self, token: u32, grpc_status: u32, len: usize) {
        self.0.borrow_mut().answered(token, grpc_status, len);
    }
}
