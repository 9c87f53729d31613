//! The key of a search index. Words stand in an index as what only this key makes of them, so that an index can be searched
//! and cannot be read.

use crate::id::WorkspaceId;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// What stands for a word is so many characters of five bits each: two words of a vocabulary of a million share one with a
/// probability of one in two million.
const CHARACTERS: usize = 12;

/// Lower-case letters and digits, because the simplest tokenizers fold the case of what they are given.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The key of one edition of one workspace's search index.
#[derive(Clone)]
pub struct IndexKey(Hmac<Sha256>);

impl std::fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IndexKey")
    }
}

impl IndexKey {
    /// The key for an edition of the index of `workspace`, whose key is `workspace_key`. Indexes of other workspaces, and
    /// other editions of the same one, have nothing in common.
    pub fn of(workspace: WorkspaceId, workspace_key: &[u8; 32], edition: u64) -> Self {
        let secret =
            super::key::hmac(workspace_key, b"kernelos/1/search index\0", &[&workspace.0, &edition.to_le_bytes()]);
        let block: [u8; 64] = std::array::from_fn(|i| secret.get(i).copied().unwrap_or_default());
        Self(Hmac::<Sha256>::new(&block.into()))
    }

    /// What stands for `word` among those of its class: whole words, beginnings of words.
    pub fn token(&self, class: u8, word: &str) -> String {
        let mut mac = self.0.clone();
        mac.update(&[class]);
        mac.update(word.as_bytes());
        let full = mac.finalize().into_bytes();
        let number = full.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let digit = |nth: usize| ALPHABET.get((number >> (5 * nth) & 31) as usize).copied().map_or('a', char::from);
        (0..CHARACTERS).map(digit).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKSPACE: WorkspaceId = WorkspaceId([3; 16]);

    #[test]
    fn a_word_stands_for_itself_under_one_key_in_one_class_and_one_edition() {
        let key = IndexKey::of(WORKSPACE, &[7; 32], 1);
        let token = key.token(0, "invoice");
        assert_eq!(token, IndexKey::of(WORKSPACE, &[7; 32], 1).token(0, "invoice"));
        assert_eq!(token.len(), CHARACTERS);
        let others = [
            key.token(1, "invoice"),
            key.token(0, "invoices"),
            IndexKey::of(WORKSPACE, &[7; 32], 2).token(0, "invoice"),
            IndexKey::of(WORKSPACE, &[8; 32], 1).token(0, "invoice"),
            IndexKey::of(WorkspaceId([4; 16]), &[7; 32], 1).token(0, "invoice"),
        ];
        assert!(others.iter().all(|other| *other != token));
    }

    #[test]
    fn what_stands_for_words_is_what_a_simple_tokenizer_leaves_alone() {
        let key = IndexKey::of(WORKSPACE, &[7; 32], 1);
        for word in ["a", "ß", "漢", "über", "2027"] {
            assert!(key.token(0, word).bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
        }
    }
}
