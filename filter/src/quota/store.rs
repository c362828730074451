//! A bucket of counts in the host's shared data: read, changed by the engine, written if nobody else has.

use crate::host::{Host, Status};
use ostiary_engine::quota::bucket::Bucket;
use ostiary_engine::quota::siphash::Secret;
use ostiary_engine::quota::table;

/// Attempts at one count. Each fails only when another worker has just written the same bucket, so with
/// `n` workers at most `n - 1` others are between reading and writing; sixteen in a row are rare.
const ATTEMPTS_MAX: u32 = 16;

/// "Only if absent": the host accepts any number on a missing key and this one never on another.
const ABSENT: u32 = u32::MAX;

/// Why a count was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Uncounted {
    /// Others wrote first, every time.
    Contended,
    /// The host failed.
    Host(Status),
}

/// What a change makes of a bucket.
pub(crate) enum Change<R> {
    /// It is to be written.
    Write(R),
    /// It stays as it is.
    Keep(R),
}

/// Changes the bucket under a key; `change` may be called several times, on what others wrote.
pub(crate) fn update<R>(
    host: &impl Host,
    key: &str,
    mut change: impl FnMut(&mut Bucket) -> Change<R>,
) -> Result<R, Uncounted> {
    let mut result = None;
    exchange(host, key, &mut |bytes| {
        let mut bucket = Bucket::new(bytes);
        match change(&mut bucket) {
            Change::Keep(kept) => {
                result = Some(kept);
                None
            }
            Change::Write(written) => {
                result = Some(written);
                Some(bucket.into_bytes())
            }
        }
    })?;
    result.ok_or(Uncounted::Contended)
}

/// Changes the value under a key, which is empty where there is none; `change` gives what is to be
/// written, if anything, and may be called several times, on what others wrote.
#[inline(never)] // One copy in the module and not one for each use.
pub(crate) fn exchange(
    host: &impl Host,
    key: &str,
    change: &mut dyn FnMut(Vec<u8>) -> Option<Vec<u8>>,
) -> Result<(), Uncounted> {
    for _ in 0..ATTEMPTS_MAX {
        let (bytes, cas) = match host.shared(key) {
            Ok(found) => found,
            Err(Status::NotFound) => (Vec::new(), ABSENT),
            Err(status) => return Err(Uncounted::Host(status)),
        };
        let Some(bytes) = change(bytes) else { return Ok(()) };
        match host.set_shared(key, &bytes, cas) {
            Ok(()) => return Ok(()),
            Err(Status::CasMismatch) => {}
            Err(status) => return Err(Uncounted::Host(status)),
        }
    }
    Err(Uncounted::Contended)
}

/// The secret of a domain: the first that asks for it makes it.
pub(crate) fn secret(host: &impl Host, domain: &str) -> Result<Secret, Status> {
    let key = table::secret_key(domain);
    let read = || {
        let (value, _) = host.shared(&key)?;
        table::secret(&value).ok_or(Status::InternalFailure)
    };
    match read() {
        Err(Status::NotFound) => {}
        found => return found,
    }
    let mut secret = Secret::default();
    host.random(&mut secret)?;
    match host.set_shared(&key, &secret, ABSENT) {
        Ok(()) => Ok(secret),
        Err(Status::CasMismatch) => read(),
        Err(status) => Err(status),
    }
}
