//! One worker of Envoy with our filter in its chain, and nothing else.

use super::answer::{self, Answer, Left};
use super::host::{FakeHost, Reply};
use crate::record::plain;
use ostiary_engine::pairs::{self, Pairs};
use ostiary_filter::facts::Facts;
use ostiary_filter::open::Handle;
use ostiary_filter::root::Root;
use ostiary_filter::stream::{Flow, Input};
use ostiary_filter::vm::Vm;
use ostiary_wire::decode::{self, KeyValue, Limits, Visitor};

/// A request on its way in, as Envoy's codec and connection manager leave it.
#[derive(Debug, Clone, Default)]
pub struct Inbound {
    /// All headers, pseudo-headers first.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The client's address with its port, as Envoy writes it.
    pub client: String,
    /// `HTTP/1.1` or `HTTP/2`.
    pub protocol: &'static str,
    /// The body's chunks.
    pub body: Vec<Vec<u8>>,
    /// Whether trailers end the request.
    pub trailers: bool,
    /// The answer that Envoy or a filter before ours gives, so that ours sees nothing of the request but its end.
    pub answered_before: Option<(u16, &'static str)>,
}

/// What became of a request at the filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchanged {
    /// The filter's own answer, if it gave one.
    pub reply: Option<Reply>,
    /// Whether the request went on to the upstream.
    pub passed: bool,
    /// The request's headers as the filter left them.
    pub headers: Vec<(String, Vec<u8>)>,
    /// What left of the upstream's answer.
    pub answer: Left,
}

/// A worker: one VM with one root context.
#[derive(Debug)]
pub struct Envoy {
    /// The host that the filter sees.
    pub host: FakeHost,
    vm: Vm<FakeHost>,
    root: Root<FakeHost>,
}

/// Cuts a body by a seed, empty pieces included: how it was cut must never change what comes out.
pub fn split(body: &[u8], seed: u64) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    let (mut rest, mut state) = (body, seed);
    while !rest.is_empty() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let len = ((state >> 33) as usize % 9).min(rest.len());
        let (piece, tail) = rest.split_at(len);
        pieces.push(piece.to_vec());
        rest = tail;
    }
    pieces
}

// === impl Envoy ===

impl Envoy {
    /// A worker whose filter has been given a configuration, and whether it took it.
    pub fn start(host: FakeHost, configuration: &[u8]) -> (Self, bool) {
        let vm = Vm::new(host.clone());
        let envoy = Self { root: Root::new(vm.clone(), 1), vm, host };
        let taken = envoy.configure(configuration);
        (envoy, taken)
    }

    /// Another root context on the same VM, as a changed listener makes one.
    pub fn another_root(&self, configuration: &[u8]) -> (Self, bool) {
        let envoy = Self { root: Root::new(self.vm.clone(), 1), vm: self.vm.clone(), host: self.host.clone() };
        let taken = envoy.configure(configuration);
        (envoy, taken)
    }

    fn configure(&self, configuration: &[u8]) -> bool {
        *self.host.world.configuration.borrow_mut() = Some(configuration.to_vec());
        let taken = self.root.on_configure(configuration.len());
        *self.host.world.configuration.borrow_mut() = None;
        taken
    }

    /// The root context.
    pub fn root(&self) -> &Root<FakeHost> {
        &self.root
    }

    /// Lets time pass, with the ticks that fall into it.
    pub fn pass(&self, ms: u64) {
        let world = &self.host.world;
        let period = u64::from(world.tick_ms.get()).max(1);
        for step in 1..=ms {
            world.now_ns.set(world.now_ns.get() + 1_000_000);
            if step % period == 0 {
                self.root.on_tick();
            }
        }
    }

    /// Sends a request through; `answer` says what the upstream answers: status and details.
    pub fn exchange(
        &self,
        inbound: &Inbound,
        (status, details): (u16, &str),
        facts: impl FnOnce(&mut Facts<'static>),
    ) -> Exchanged {
        let headers = vec![(":status".to_owned(), status.to_string().into_bytes())];
        self.exchange_whole(inbound, (&Answer { headers, ..Answer::default() }, details), facts)
    }

    /// Sends a request through, and what the upstream answers back.
    pub fn exchange_whole(
        &self,
        inbound: &Inbound,
        (answer, answer_details): (&Answer, &str),
        facts: impl FnOnce(&mut Facts<'static>),
    ) -> Exchanged {
        let world = &self.host.world;
        world.reply.borrow_mut().take();
        let mut known = Facts {
            time_ns: Some(world.now_ns.get()),
            duration_ns: Some(1_500_000),
            protocol: inbound.protocol.as_bytes().into(),
            scheme: b"http".into(),
            client: inbound.client.clone().into_bytes().into(),
            route: b"main".into(),
            request_body_size: Some(inbound.body.iter().map(|chunk| chunk.len() as u64).sum()),
            ..Facts::default()
        };
        world.facts.replace(known.clone());
        let mut stream = self.root.stream(2);
        let (mut passed, mut left) = (false, Left::default());
        let mut headers = pairs::serialized(&inbound.headers);
        let (status, details) = if let Some(before) = inbound.answered_before {
            (before.0, before.1.to_owned())
        } else {
            *world.headers.borrow_mut() = Some(headers.clone());
            let flow = stream.step(Input::RequestHeaders { end: inbound.body.is_empty() });
            // Once the filter has let the headers go, Envoy takes the map away.
            headers = world.headers.borrow_mut().take().unwrap_or_default();
            let holds = flow == Flow::Stop && world.reply.borrow().is_none() && world.grpc.borrow().is_empty();
            passed = flow == Flow::Continue && world.reply.borrow().is_none();
            if passed || holds {
                passed = self.body(&mut stream, inbound, passed);
            }
            // Every answer, also the filter's own, comes back through the filter.
            let refusal = Answer { body: vec![b"refused".to_vec()], ..Answer::default() };
            left = answer::pass_back(&self.host, &mut stream, if passed { answer } else { &refusal });
            let head_left = passed && left.headers.is_some();
            match &*world.reply.borrow() {
                Some(reply) if !head_left => (reply.status, reply.details.clone()),
                _ if passed => (answer::status(&answer.headers), answer_details.to_owned()),
                Some(reply) => (reply.status, reply.details.clone()),
                None => (0, String::new()),
            }
        };
        known.status = Some(u64::from(status));
        known.details = details.into_bytes().into();
        facts(&mut known);
        if let Some(grpc_status) = world.reply.borrow().as_ref().and_then(|reply| reply.grpc_status) {
            known.grpc_status = Some(u64::from(grpc_status));
        }
        world.facts.replace(known);
        *world.headers.borrow_mut() = Some(headers.clone());
        stream.step(Input::End);
        *world.headers.borrow_mut() = None;
        let line = |(name, value): (&[u8], &[u8])| (String::from_utf8_lossy(name).into_owned(), value.to_vec());
        let headers = Pairs::new(&headers).map(line).collect();
        // An answer of the filter's own that comes after a head has left only breaks the stream.
        let reply = world.reply.borrow_mut().take().filter(|_| !passed || left.headers.is_none());
        Exchanged { reply, passed, headers, answer: left }
    }

    /// Sends a body through as Envoy does: what the filter stopped comes again with what follows. Whether the request goes on.
    fn body(&self, stream: &mut Handle<FakeHost>, inbound: &Inbound, mut passed: bool) -> bool {
        let world = &self.host.world;
        let mut held = Vec::new();
        for (index, chunk) in inbound.body.iter().enumerate() {
            held.extend_from_slice(chunk);
            let end = index + 1 == inbound.body.len() && !inbound.trailers;
            *world.body.borrow_mut() = Some(held.clone());
            passed = stream.step(Input::RequestBody { len: held.len(), end }) == Flow::Continue;
            *world.body.borrow_mut() = None;
            if passed {
                held.clear();
            }
            if world.reply.borrow().is_some() {
                return false;
            }
        }
        if inbound.trailers {
            // What was let go is not there any more.
            *world.body.borrow_mut() = (!held.is_empty()).then_some(held);
            passed = stream.step(Input::RequestTrailers) == Flow::Continue;
            *world.body.borrow_mut() = None;
        }
        passed && world.reply.borrow().is_none()
    }

    /// Answers every call under way by a gRPC status and a message; returns what they carried.
    pub fn answer_calls(&self, status: u32, message: &[u8]) -> Vec<Vec<u8>> {
        let calls = std::mem::take(&mut *self.host.world.grpc.borrow_mut());
        let mut messages = Vec::new();
        for call in calls {
            *self.host.world.answer.borrow_mut() = Some(message.to_vec());
            self.root.on_grpc_answer(call.token, status, message.len());
            *self.host.world.answer.borrow_mut() = None;
            messages.push(call.message);
        }
        messages
    }

    /// Lets time pass until nothing is sent any more, with a collector that takes everything.
    pub fn drain(&self) -> Vec<crate::record::Record> {
        let mut records = Vec::new();
        for _ in 0..8 {
            self.pass(2_000);
            for message in self.answer_calls(0, &[]) {
                records.extend(decoded(&message));
            }
        }
        records
    }
}

/// The records of an `ExportLogsServiceRequest`.
pub fn decoded(message: &[u8]) -> Vec<crate::record::Record> {
    let mut reader = Reader::default();
    decode::request(message, &Limits::default(), &mut reader).unwrap_or_else(|error| panic!("our own batch: {error}"));
    reader.records
}

#[derive(Default)]
struct Reader {
    current: crate::record::Record,
    records: Vec<crate::record::Record>,
}

impl Visitor for Reader {
    fn resource(&mut self, attributes: &[KeyValue<'_>]) {
        self.current.resource = plain(attributes);
    }
    fn scope(&mut self, _: &str, attributes: &[KeyValue<'_>]) {
        self.current.scope = plain(attributes);
    }
    fn record(&mut self, record: &decode::Record<'_, '_>) {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        self.records.push(crate::record::Record {
            event: record.event_name.to_owned(),
            attributes: plain(record.attributes),
            trace_id: hex(record.trace_id),
            span_id: hex(record.span_id),
            ..self.current.clone()
        });
    }
}
