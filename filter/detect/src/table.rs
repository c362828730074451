//! Tables that say of each byte what it may be.

/// A table of the classes of all bytes, made by the compiler from the arms of a match of a byte.
macro_rules! byte_classes {
    ($($pattern:pat $(if $guard:expr)? => $classes:expr,)*) => {{
        #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index out of bounds")]
        #[expect(clippy::cast_possible_truncation, reason = "an index below 256")]
        const fn classes() -> [u8; 256] {
            let mut table = [0; 256];
            let mut at = 0;
            while at < 256 {
                table[at] = match at as u8 {
                    $($pattern $(if $guard)? => $classes,)*
                };
                at += 1;
            }
            table
        }
        classes()
    }};
}

pub(crate) use byte_classes;
