//! Operation ids of late requests, remembered.
//!
//! An id is a SHA-256, which costs more than the rest of a record. Most requests are of few
//! operations, so the last ones are kept in a table of fixed size; what falls on a taken place
//! replaces what was there.

use ostiary_engine::Direction;
use ostiary_engine::catalog::{Catalog, Known, Operation, Surroundings};
use ostiary_engine::policy::Revision;

/// Places in the table; a power of two.
const PLACES: usize = 256;

/// What an id was made from: the operation, the policy whose catalog it refers to, and which way it was called.
type Key = (Revision, Direction, Operation);

/// The table.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    places: Vec<Option<(Key, String)>>,
}

impl Ids {
    /// Forgets everything: what all operations share has changed.
    pub(crate) fn clear(&mut self) {
        self.places.clear();
    }

    /// The id of an operation: 32 hexadecimal digits.
    pub(crate) fn of(
        &mut self,
        revision: Revision,
        operation: &Operation,
        catalog: &Catalog,
        (around, direction): (&Surroundings, Direction),
    ) -> &str {
        self.places.resize_with(PLACES, || None);
        let index = place(operation) % PLACES;
        let Some(place) = self.places.get_mut(index) else { return "" };
        if place.as_ref().is_none_or(|(key, _)| key.0 != revision || key.1 != direction || key.2 != *operation) {
            let around = Surroundings { direction, environment: around.environment.clone() };
            let id = operation.id(catalog, &around).to_string();
            *place = Some(((revision, direction, operation.clone()), id));
        }
        place.as_ref().map_or("", |(_, id)| id)
    }
}

/// Where an operation belongs: FNV-1a over what tells operations apart.
pub(crate) fn place(operation: &Operation) -> usize {
    let known = match &operation.known {
        Known::Declared(entry) => &entry.to_le_bytes()[..],
        Known::Inferred(template) => template.as_bytes(),
    };
    let bytes = known.iter().chain(operation.method.as_bytes()).chain(operation.host.as_bytes());
    let bytes = bytes.chain(operation.name.as_deref().unwrap_or_default().as_bytes());
    let hash = bytes.fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    usize::try_from(hash ^ (hash >> 16)).unwrap_or(0)
}
