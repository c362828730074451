//! Requests as JSON: one object, or a list of them, and in each the keys that servers read.

use super::{BATCH_MAX, Unreadable};
use crate::config::json;
use crate::config::read::{Broken, Entries, Ignored, Item, Sink};
use crate::quota::body::is_named;

/// Takes one request; what is wrong with it is given back.
pub(super) type Take<'t> = dyn FnMut(&mut dyn Entries) -> Result<Option<Unreadable>, Broken> + 't;

/// Gives each request of a body; whether they came as a list.
///
/// # Errors
/// Why the body cannot be read.
pub(super) fn walk(body: &[u8], take: &mut Take<'_>) -> Result<bool, Unreadable> {
    if body.is_empty() {
        return Err(Unreadable::Missing);
    }
    let mut requests = Requests { take, count: 0, is_batch: false, is_within: false, trouble: None };
    let walked = json::walk(body, &mut requests);
    match requests.trouble {
        Some(trouble) => Err(trouble),
        None if walked.is_err() => Err(Unreadable::Syntax),
        None if requests.count == 0 => Err(Unreadable::Missing),
        None => Ok(requests.is_batch),
    }
}

/// Takes the values of some keys by their number; gives whether one stood twice, or held one that did. A key
/// in another case is the same key: which of the two counts is the server's own affair.
pub(super) fn keys(
    object: &mut dyn Entries,
    names: &[&str],
    take: &mut dyn FnMut(usize, &mut dyn Entries) -> Result<bool, Broken>,
) -> Result<bool, Broken> {
    let (mut seen, mut is_twice) = (0_u32, false);
    while let Some(key) = object.next_key()? {
        match names.iter().position(|name| is_named(&key, name)) {
            Some(at) => {
                is_twice |= seen & (1 << at) != 0;
                seen |= 1 << at;
                is_twice |= take(at, object)?;
            }
            None => object.value(&mut Ignored)?,
        }
    }
    Ok(is_twice)
}

struct Requests<'r, 't> {
    take: &'r mut Take<'t>,
    count: usize,
    is_batch: bool,
    is_within: bool,
    trouble: Option<Unreadable>,
}

impl Sink for Requests<'_, '_> {
    fn take(&mut self, item: Item<'_>) -> Result<(), Broken> {
        match item {
            Item::Object(_) if self.count == BATCH_MAX => {
                self.trouble = Some(Unreadable::TooMany);
                Ignored.take(item)
            }
            Item::Object(object) => {
                self.count += 1;
                let trouble = (self.take)(object)?;
                self.trouble = self.trouble.or(trouble);
                Ok(())
            }
            Item::List(list) if !self.is_within => {
                (self.is_batch, self.is_within) = (true, true);
                while list.next(self)? {}
                self.is_within = false;
                Ok(())
            }
            item => {
                self.trouble = Some(Unreadable::Syntax);
                Ignored.take(item)
            }
        }
    }
}
