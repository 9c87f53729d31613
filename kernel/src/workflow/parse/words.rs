//! Which word was meant.

/// Words longer than this are not compared.
const WORD_MAX: usize = 64;

/// The word of `known` that `word` is a likely slip of: at most a third of its letters differ.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.into_iter().filter_map(|candidate| Some((distance(word, candidate)?, candidate)));
    let (distance, candidate) = scored.min_by_key(|(distance, _)| *distance)?;
    let allowed = (candidate.chars().count().max(word.chars().count()) / 3).clamp(1, 4);
    (distance <= allowed).then_some(candidate)
}

/// How many letters have to be added, left out, changed or swapped with their neighbour; the case of letters is free.
fn distance(a: &str, b: &str) -> Option<usize> {
    let a: Vec<char> = a.chars().flat_map(char::to_lowercase).take(WORD_MAX + 1).collect();
    let b: Vec<char> = b.chars().flat_map(char::to_lowercase).take(WORD_MAX + 1).collect();
    if a.len() > WORD_MAX || b.len() > WORD_MAX {
        return None;
    }
    let mut two_back: Vec<usize> = Vec::new();
    let mut back: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX / 2);
            let mut best = at(&back, j) + usize::from(x != y);
            best = best.min(at(&back, j + 1) + 1).min(at(&row, j) + 1);
            let before = |word: &[char], at: usize| at.checked_sub(1).and_then(|at| word.get(at).copied());
            let swapped = before(&a, i) == Some(*y) && before(&b, j) == Some(*x);
            if let Some(two) = j.checked_sub(1).filter(|_| swapped) {
                best = best.min(at(&two_back, two) + 1);
            }
            row.push(best);
        }
        two_back = std::mem::replace(&mut back, row);
    }
    back.last().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_counted_by_letter() {
        assert_eq!(distance("when", "when"), Some(0));
        assert_eq!(distance("When", "when"), Some(0));
        assert_eq!(distance("wehn", "when"), Some(1));
        assert_eq!(distance("whe", "when"), Some(1));
        assert_eq!(distance("whenn", "when"), Some(1));
        assert_eq!(distance("", "when"), Some(4));
        assert_eq!(distance("kitten", "sitting"), Some(3));
        assert_eq!(distance(&"x".repeat(100), "when"), None);
    }

    #[test]
    fn the_word_that_was_meant_is_found_and_no_other() {
        let known = ["when", "then", "with"];
        assert_eq!(nearest("wehn", known), Some("when"));
        assert_eq!(nearest("thn", known), Some("then"));
        assert_eq!(nearest("endpoint", known), None);
        assert_eq!(nearest("x", []), None);
    }
}
