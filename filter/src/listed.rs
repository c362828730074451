//! Which lists were told of an operation: parameters and fields are alike in most of its calls, so a list is told at
//! its first time and then at the second, fourth, eighth, and so on. What is lost with a record is told again, and
//! what is rare is told at once.

/// Lists that are remembered; of two that share a place the later one is told anew.
const PLACES: usize = 1024;

/// What was told, by hash, and how often it came.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    places: Vec<(u64, u32)>,
}

impl Listed {
    /// Counts a list of the operation with this id, and says whether it is to be told.
    pub(crate) fn is_due(&mut self, operation: &str, kind: &str, list: &[&str]) -> bool {
        if list.is_empty() {
            return false;
        }
        if self.places.is_empty() {
            self.places.resize(PLACES, (0, 0));
        }
        let parts = [operation, kind].into_iter().chain(list.iter().copied());
        let hash = parts.fold(0xcbf2_9ce4_8422_2325, |hash, part| {
            let bytes = part.bytes().chain([0]);
            bytes.fold(hash, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
        });
        let at = usize::try_from(hash >> 32).unwrap_or_default() % PLACES;
        let Some(place) = self.places.get_mut(at) else { return true };
        if place.0 != hash {
            *place = (hash, 0);
        }
        place.1 = place.1.saturating_add(1);
        place.1.is_power_of_two()
    }
}

#[cfg(test)]
mod tests {
    use super::{Listed, PLACES};

    /// A list is told at once and ever more seldom, each by itself, in bounded room.
    #[test]
    fn a_list_is_told_at_powers_of_two() {
        let mut listed = Listed::default();
        let list = ["query q string"];
        let due: Vec<usize> = (1..=20).filter(|_| listed.is_due("a", "p", &list)).collect();
        assert_eq!(due, [1, 2, 4, 8, 16]);
        assert!(listed.is_due("b", "p", &list) && listed.is_due("a", "f", &list));
        let others = (0..10_000).filter(|n| listed.is_due("a", "p", &[&*n.to_string()])).count();
        assert_eq!((others, listed.places.len()), (10_000, PLACES));
    }
}
