//! The known word that a misspelt one is nearest to.

/// The nearest of `known` to `word`, if it is near enough to be what was meant: at most a third of
/// its letters differ, swapped neighbours counting once.
pub(crate) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    // A key of the configuration is short; what is longer is not a misspelt one.
    if word.len() > 40 {
        return None;
    }
    let word = word.to_ascii_lowercase().replace('-', "_");
    known
        .iter()
        .map(|candidate| (distance(word.as_bytes(), candidate.as_bytes()), *candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(3))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Optimal string alignment distance.
fn distance(left: &[u8], right: &[u8]) -> usize {
    let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX / 2);
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    let mut previous_left = None;
    for (i, l) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        let mut previous_right = None;
        for (j, r) in right.iter().enumerate() {
            let substituted = at(&last, j) + usize::from(l != r);
            let mut best = substituted.min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            if j > 0 && Some(r) == previous_left && Some(l) == previous_right {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
            previous_right = Some(r);
        }
        previous_left = Some(l);
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn near_words_are_offered_and_far_ones_are_not() {
        let known = ["collector", "records", "apis", "access", "mode", "on_unknown"];
        for (word, expected) in [
            ("colector", Some("collector")),
            ("accses", Some("access")),
            ("Mode", Some("mode")),
            ("on-unknown", Some("on_unknown")),
            ("api", Some("apis")),
            ("zzz", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, &known), expected, "{word}");
        }
        assert_eq!(distance(b"ab", b"ba"), 1);
        assert_eq!(distance(b"kitten", b"sitting"), 3);
    }
}
