//! The port to the host, answered from memory.

use ostiary_engine::pairs::{self, Pairs};
use ostiary_filter::facts::{Facts, expression};
use ostiary_filter::host::{Buffer, GrpcCall, HeaderMap, Host, LocalResponse, MetricKind, Status};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// A kind of host call, to be counted or made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // Each is the method of `Host` with its name.
pub enum Call {
    Now,
    Random,
    Headers,
    RemoveHeader,
    SetHeader,
    AddResponseHeader,
    Buffer,
    SetBody,
    Property,
    ActFor,
    SetProperty,
    Foreign,
    Respond,
    Shared,
    SetShared,
    DefineMetric,
    IncrementMetric,
    RecordMetric,
    SetTick,
    CallGrpc,
    ResumeRequest,
    Done,
}

impl Call {
    /// Every kind of call.
    pub const ALL: [Self; 22] = [
        Self::Now,
        Self::Random,
        Self::Headers,
        Self::RemoveHeader,
        Self::SetHeader,
        Self::AddResponseHeader,
        Self::Buffer,
        Self::SetBody,
        Self::Property,
        Self::ActFor,
        Self::SetProperty,
        Self::Foreign,
        Self::Respond,
        Self::Shared,
        Self::SetShared,
        Self::DefineMetric,
        Self::IncrementMetric,
        Self::RecordMetric,
        Self::SetTick,
        Self::CallGrpc,
        Self::ResumeRequest,
        Self::Done,
    ];
}

/// A gRPC call that the filter began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrpcRequest {
    /// Its token.
    pub token: u32,
    /// Whom it calls.
    pub target: String,
    /// The service and method.
    pub method: String,
    /// The message.
    pub message: Vec<u8>,
    /// The timeout in milliseconds.
    pub timeout_ms: u64,
}

/// A local response as the filter gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The response code details.
    pub details: String,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The gRPC status, if one was given.
    pub grpc_status: Option<u8>,
}

/// What all VMs of one process share.
#[derive(Debug, Default)]
pub struct Process {
    shared: RefCell<HashMap<String, (Vec<u8>, u32)>>,
    next_cas: Cell<u32>,
}

/// What one VM sees of the world; the tests set it.
#[derive(Debug, Default)]
pub struct World {
    /// Nanoseconds since the Unix epoch.
    pub now_ns: Cell<u64>,
    /// The header map that can be read now, serialised.
    pub headers: RefCell<Option<Vec<u8>>>,
    /// The configuration, while configuring.
    pub configuration: RefCell<Option<Vec<u8>>>,
    /// The response's header map, while it can be read.
    pub answer_headers: RefCell<Option<Vec<u8>>>,
    /// The response's trailers, while they can be read.
    pub answer_trailers: RefCell<Option<Vec<u8>>>,
    /// What Envoy has of the response's body, while it can be read.
    pub answer_body: RefCell<Option<Vec<u8>>>,
    /// The answer to a gRPC call, in its callback.
    pub answer: RefCell<Option<Vec<u8>>>,
    /// What the host holds of the request's body, in its callback.
    pub body: RefCell<Option<Vec<u8>>>,
    /// The facts of the current stream.
    pub facts: RefCell<Facts<'static>>,
    /// Properties besides the facts, joined by dots.
    pub properties: RefCell<BTreeMap<String, Vec<u8>>>,
    /// The local response of the current stream.
    pub reply: RefCell<Option<Reply>>,
    /// Whether the filter let the current request go on after it had held it.
    pub resumed: Cell<bool>,
    /// Calls that were begun and not yet taken by the test.
    pub grpc: RefCell<Vec<GrpcRequest>>,
    /// The tick's period.
    pub tick_ms: Cell<u32>,
    /// Whether the filter said that it is done.
    pub done: Cell<bool>,
    metrics: RefCell<Vec<(String, u64)>>,
    failing: RefCell<HashMap<Call, Status>>,
    calls: RefCell<BTreeMap<Call, u64>>,
    next_token: Cell<u32>,
    seed: Cell<u64>,
}

/// A host for one VM.
#[derive(Debug, Clone, Default)]
pub struct FakeHost {
    /// What the VM sees.
    pub world: Rc<World>,
    process: Rc<Process>,
}

// === impl FakeHost ===

impl FakeHost {
    /// The host of another VM of the same process.
    pub fn another_vm(&self) -> Self {
        let host = Self { world: Rc::default(), process: Rc::clone(&self.process) };
        host.world.now_ns.set(self.world.now_ns.get());
        host.world.seed.set(self.world.seed.get() + 1_000_003);
        host
    }

    /// Makes every call of a kind fail from now on.
    pub fn fail(&self, call: Call, status: Status) {
        self.world.failing.borrow_mut().insert(call, status);
    }

    /// Lets all calls succeed again.
    pub fn heal(&self) {
        self.world.failing.borrow_mut().clear();
    }

    /// The calls made since the last time this was asked, by kind.
    pub fn take_calls(&self) -> BTreeMap<Call, u64> {
        std::mem::take(&mut *self.world.calls.borrow_mut())
    }

    /// The value of a metric, however often it was defined.
    pub fn metric(&self, name: &str) -> u64 {
        self.world.metrics.borrow().iter().filter(|(known, _)| known == name).map(|(_, value)| value).sum()
    }

    /// A shared value by its key.
    pub fn shared_value(&self, key: &str) -> Option<Vec<u8>> {
        self.process.shared.borrow().get(key).map(|(value, _)| value.clone())
    }

    /// The keys in shared data, in order.
    pub fn shared_keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = self.process.shared.borrow().keys().cloned().collect();
        keys.sort();
        keys
    }

    /// Changes a header map while it can be read.
    fn change(&self, map: HeaderMap, change: impl FnOnce(&mut Vec<(Vec<u8>, Vec<u8>)>)) -> Result<(), Status> {
        let mut map = match map {
            HeaderMap::Request => self.world.headers.borrow_mut(),
            HeaderMap::Response => self.world.answer_headers.borrow_mut(),
            HeaderMap::ResponseTrailers => self.world.answer_trailers.borrow_mut(),
        };
        let map = map.as_mut().ok_or(Status::BadArgument)?;
        let mut lines = Pairs::new(map).map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
        change(&mut lines);
        *map = pairs::serialized(&lines);
        Ok(())
    }

    fn enter(&self, call: Call) -> Result<(), Status> {
        *self.world.calls.borrow_mut().entry(call).or_default() += 1;
        self.world.failing.borrow().get(&call).map_or(Ok(()), |status| Err(*status))
    }
}

impl Host for FakeHost {
    fn now_ns(&self) -> Result<u64, Status> {
        self.enter(Call::Now)?;
        Ok(self.world.now_ns.get())
    }

    /// A counted sequence: different each time and the same in each run.
    fn random(&self, out: &mut [u8]) -> Result<(), Status> {
        self.enter(Call::Random)?;
        let seed = self.world.seed.get() + 1;
        self.world.seed.set(seed);
        for (index, byte) in out.iter_mut().enumerate() {
            *byte = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(index as u32 * 7).to_le_bytes()[index % 8];
        }
        Ok(())
    }

    fn headers(&self, map: HeaderMap) -> Result<Vec<u8>, Status> {
        self.enter(Call::Headers)?;
        match map {
            HeaderMap::Request => self.world.headers.borrow().clone().ok_or(Status::BadArgument),
            HeaderMap::Response => self.world.answer_headers.borrow().clone().ok_or(Status::BadArgument),
            HeaderMap::ResponseTrailers => self.world.answer_trailers.borrow().clone().ok_or(Status::BadArgument),
        }
    }

    fn remove_header(&self, map: HeaderMap, name: &str) -> Result<(), Status> {
        self.enter(Call::RemoveHeader)?;
        self.change(map, |lines| lines.retain(|(have, _)| have != name.as_bytes()))
    }

    /// As Envoy has it: the first line is given the value, others stay.
    fn set_header(&self, map: HeaderMap, name: &str, value: &[u8]) -> Result<(), Status> {
        self.enter(Call::SetHeader)?;
        self.change(map, |lines| match lines.iter_mut().find(|(have, _)| have == name.as_bytes()) {
            Some((_, have)) => *have = value.to_vec(),
            None => lines.push((name.as_bytes().to_vec(), value.to_vec())),
        })
    }

    fn add_response_header(&self, name: &str, value: &[u8]) -> Result<(), Status> {
        self.enter(Call::AddResponseHeader)?;
        self.change(HeaderMap::Response, |lines| lines.push((name.as_bytes().to_vec(), value.to_vec())))
    }

    fn buffer(&self, buffer: Buffer, len: usize) -> Result<Vec<u8>, Status> {
        self.enter(Call::Buffer)?;
        let bytes = match buffer {
            Buffer::PluginConfiguration => self.world.configuration.borrow().clone(),
            Buffer::ResponseBody => self.world.answer_body.borrow().clone(),
            Buffer::GrpcAnswer => self.world.answer.borrow().clone(),
            Buffer::RequestBody => self.world.body.borrow().clone(),
        };
        bytes.map(|bytes| bytes[..len.min(bytes.len())].to_vec()).ok_or(Status::NotFound)
    }

    /// As Envoy has it: from the start so many bytes go, and the new ones stand in their place.
    fn set_body(&self, bytes: &[u8], len: usize) -> Result<(), Status> {
        self.enter(Call::SetBody)?;
        let mut body = self.world.answer_body.borrow_mut();
        let body = body.as_mut().ok_or(Status::BadArgument)?;
        body.splice(..len.min(body.len()), bytes.iter().copied());
        Ok(())
    }

    fn property(&self, path: &[&str]) -> Result<Vec<u8>, Status> {
        self.enter(Call::Property)?;
        let fact = self.world.facts.borrow().property(path);
        fact.or_else(|| self.world.properties.borrow().get(&path.join(".")).cloned()).ok_or(Status::NotFound)
    }

    fn set_property(&self, name: &str, value: &[u8]) -> Result<(), Status> {
        self.enter(Call::SetProperty)?;
        self.world.properties.borrow_mut().insert(format!("filter_state.wasm.{name}"), value.to_vec());
        Ok(())
    }

    fn act_for(&self, _: u32) -> Result<(), Status> {
        self.enter(Call::ActFor)
    }

    fn foreign(&self, name: &str, argument: &[u8]) -> Result<Vec<u8>, Status> {
        self.enter(Call::Foreign)?;
        match (name, argument) {
            ("expr_create", _) => {
                let known = [false, true].map(expression);
                let number = (0_u32..).zip(known).find(|(_, known)| known.as_bytes() == argument);
                number.map(|(number, _)| number.to_le_bytes().to_vec()).ok_or(Status::NotFound)
            }
            ("expr_evaluate", [grpc @ (0 | 1), 0, 0, 0]) => {
                let facts = self.world.facts.borrow().clone();
                let grpc_status = facts.grpc_status.filter(|_| *grpc == 1);
                Ok(Facts { grpc_status, ..facts }.serialized())
            }
            _ => Err(Status::NotFound),
        }
    }

    fn respond(&self, response: &LocalResponse<'_>) -> Result<(), Status> {
        self.enter(Call::Respond)?;
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let headers = response.headers.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect();
        // A second reply of a stream is ignored by Envoy.
        self.world.reply.borrow_mut().get_or_insert(Reply {
            status: response.status,
            details: response.details.replace(' ', "_"),
            headers,
            body: response.body.to_vec(),
            grpc_status: response.grpc_status,
        });
        Ok(())
    }

    fn shared(&self, key: &str) -> Result<(Vec<u8>, u32), Status> {
        self.enter(Call::Shared)?;
        self.process.shared.borrow().get(key).cloned().ok_or(Status::NotFound)
    }

    /// As the C++ host has it: 0 sets whatever is there, a missing key takes any number, and numbers are never used twice.
    fn set_shared(&self, key: &str, value: &[u8], cas: u32) -> Result<(), Status> {
        self.enter(Call::SetShared)?;
        let mut shared = self.process.shared.borrow_mut();
        if shared.get(key).is_some_and(|(_, current)| cas != 0 && cas != *current) {
            return Err(Status::CasMismatch);
        }
        let next = self.process.next_cas.get() + 1;
        self.process.next_cas.set(next);
        shared.insert(key.to_owned(), (value.to_vec(), next));
        Ok(())
    }

    fn define_metric(&self, _: MetricKind, name: &str) -> Result<u32, Status> {
        self.enter(Call::DefineMetric)?;
        let mut metrics = self.world.metrics.borrow_mut();
        metrics.push((name.to_owned(), 0));
        Ok(metrics.len() as u32 - 1)
    }

    fn increment_metric(&self, id: u32, by: u64) -> Result<(), Status> {
        self.enter(Call::IncrementMetric)?;
        assert!(by > 0, "a counter that grows by nothing is a BadArgument in Envoy");
        let mut metrics = self.world.metrics.borrow_mut();
        metrics.get_mut(id as usize).ok_or(Status::NotFound)?.1 += by;
        Ok(())
    }

    fn record_metric(&self, id: u32, value: u64) -> Result<(), Status> {
        self.enter(Call::RecordMetric)?;
        let mut metrics = self.world.metrics.borrow_mut();
        metrics.get_mut(id as usize).ok_or(Status::NotFound)?.1 = value;
        Ok(())
    }

    fn set_tick_ms(&self, period_ms: u32) -> Result<(), Status> {
        self.enter(Call::SetTick)?;
        self.world.tick_ms.set(period_ms);
        Ok(())
    }

    fn call_grpc(&self, call: &GrpcCall<'_>) -> Result<u32, Status> {
        self.enter(Call::CallGrpc)?;
        let token = self.world.next_token.get() + 1;
        self.world.next_token.set(token);
        self.world.grpc.borrow_mut().push(GrpcRequest {
            token,
            target: call.target.to_owned(),
            method: format!("{}/{}", call.service, call.method),
            message: call.message.to_vec(),
            timeout_ms: call.timeout_ms,
        });
        Ok(token)
    }

    fn resume_request(&self) -> Result<(), Status> {
        self.enter(Call::ResumeRequest)?;
        self.world.resumed.set(true);
        Ok(())
    }

    fn done(&self) -> Result<(), Status> {
        self.enter(Call::Done)?;
        self.world.done.set(true);
        Ok(())
    }
}
