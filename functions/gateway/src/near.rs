//! Names that were probably meant.

/// Most mistakes between a name and what was probably meant by it.
const MISTAKES_MAX: usize = 3;
/// Names longer than this are not mistyped ones.
const NAME_MAX: usize = 64;

/// Those of `known` that are near `name`, nearest first; all of them when none is.
pub fn names<'k>(name: &str, known: &[&'k str]) -> Vec<&'k str> {
    let mut near: Vec<(usize, &str)> = known
        .iter()
        .map(|candidate| (distance(name, candidate), *candidate))
        .filter(|(mistakes, _)| *mistakes <= MISTAKES_MAX)
        .collect();
    near.sort_unstable();
    if near.is_empty() { known.to_vec() } else { near.into_iter().map(|(_, candidate)| candidate).collect() }
}

/// How many characters were added, left out or mistaken.
fn distance(a: &str, b: &str) -> usize {
    if a.len() > NAME_MAX {
        return usize::MAX;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (above, x) in a.chars().enumerate() {
        let mut diagonal = above;
        let mut left = above + 1;
        for (slot, y) in row.iter_mut().skip(1).zip(&b) {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = *slot;
            left = replaced.min(diagonal + 1).min(left + 1);
            *slot = left;
        }
        if let Some(first) = row.first_mut() {
            *first = above + 1;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}
