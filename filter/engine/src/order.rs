//! Sorting, by code that is in the module once: the standard library's sorts are compiled anew for
//! each type, 4 to 9 KB a time, and none of our lists is sorted often enough to be worth that.

/// Sorts a list; what is equal keeps its order. At most 2^32 elements are sorted.
pub(crate) fn sort<T>(list: &mut [T], less: impl Fn(&T, &T) -> bool) {
    let mut order = {
        let less = |a: usize, b: usize| list.get(a).zip(list.get(b)).is_some_and(|(a, b)| less(a, b));
        order(list.len(), &less)
    };
    follow(&mut order, &mut |a, b| list.swap(a, b));
}

/// Sorts numbers; a few, as a request has them, without a list of their places.
pub(crate) fn sort_numbers(list: &mut [u32]) {
    const FEW: usize = 32;
    if list.len() > FEW {
        return sort(list, |a, b| a < b);
    }
    for end in 1..list.len() {
        let mut at = end;
        while let Some([a, b]) = at.checked_sub(1).and_then(|before| list.get_mut(before..=at))
            && *b < *a
        {
            std::mem::swap(a, b);
            at -= 1;
        }
    }
}

/// The places that elements have to be taken from, by merging runs of twice the length each time.
#[inline(never)]
fn order(len: usize, less: &dyn Fn(usize, usize) -> bool) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    let mut merged = Vec::with_capacity(len);
    let mut run = 1;
    while run < len {
        merged.clear();
        for pair in order.chunks(run * 2) {
            let (mut left, mut right) = pair.split_at(run.min(pair.len()));
            while let (Some((a, rest_a)), Some((b, rest_b))) = (left.split_first(), right.split_first()) {
                // The left one goes first unless the right one is less.
                let taken = if less(*b, *a) {
                    right = rest_b;
                    *b
                } else {
                    left = rest_a;
                    *a
                };
                merged.push(taken);
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        std::mem::swap(&mut order, &mut merged);
        run *= 2;
    }
    order
}

/// Brings elements to their places, cycle by cycle; a place that is done holds its own number.
#[inline(never)]
fn follow(order: &mut [usize], swap: &mut dyn FnMut(usize, usize)) {
    for start in 0..order.len() {
        let mut at = start;
        while let Some(place) = order.get_mut(at) {
            let from = std::mem::replace(place, at);
            if from == start || from == at {
                break;
            }
            swap(at, from);
            at = from;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sort;
    use proptest::prelude::*;

    proptest! {
        /// It is the standard library's stable sort.
        #[test]
        fn it_sorts_and_keeps_what_is_equal_in_order(list in proptest::collection::vec((0_u8..8, any::<u8>()), 0..200)) {
            let (mut ours, mut theirs) = (list.clone(), list);
            sort(&mut ours, |a, b| a.0 < b.0);
            theirs.sort_by_key(|element| element.0);
            prop_assert_eq!(ours, theirs);
        }

        /// Few numbers and many are sorted alike.
        #[test]
        fn numbers_are_sorted(mut list in proptest::collection::vec(any::<u32>(), 0..64)) {
            let mut sorted = list.clone();
            sorted.sort_unstable();
            super::sort_numbers(&mut list);
            prop_assert_eq!(list, sorted);
        }
    }
}
