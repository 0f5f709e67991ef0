//! Tokens of a text, by the tokenizer of OpenAI's models since 2024 (`o200k_base`). Those of other
//! models differ by some tenths.

use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroUsize;
use std::sync::{LazyLock, Mutex, PoisonError};

use lru::LruCache;

/// Most bytes that are tokenized at once: the tokenizer's time, and its pattern's patience, do
/// not grow evenly with the length of a word.
const PIECE: usize = 2_000;

/// Lines whose count is remembered. A prompt is measured again and again while it is fitted, and
/// the next one is mostly made of the same lines.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(1 << 16).unwrap();

struct Memory {
    counts: Mutex<LruCache<u64, u32>>,
    hasher: RandomState,
}

static MEMORY: LazyLock<Memory> = LazyLock::new(|| Memory {
    counts: Mutex::new(LruCache::new(REMEMBERED)),
    hasher: RandomState::new(),
});

/// Whose tokens are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// Those of OpenAI's models, exactly.
    OpenAi,
    /// Those of any other model, and rather too many than too few: smaller vocabularies split
    /// words more often (a quarter more is added), and many models split each number into its
    /// digits.
    Cautious,
}

impl Counting {
    /// How many tokens a text has at most.
    pub fn count(self, text: &str) -> u64 {
        let tokens = count_tokens(text);
        match self {
            Self::OpenAi => tokens,
            Self::Cautious => (tokens + surplus_digits(text)).saturating_mul(5).div_ceil(4),
        }
    }
}

/// Tokens that numbers have more where each digit is one, rather than each three.
fn surplus_digits(text: &str) -> u64 {
    let numbers = text.split(|c: char| !c.is_ascii_digit()).map(str::len);
    numbers.map(|digits| (digits - digits.div_ceil(3)) as u64).sum()
}

/// How many tokens a text has for OpenAI's models. Long words are counted in pieces, which may give one more for
/// each 2,000 bytes.
pub fn count_tokens(text: &str) -> u64 {
    let mut counts = MEMORY.counts.lock().unwrap_or_else(PoisonError::into_inner);
    let mut sum = 0;
    for lines in paragraphs(text) {
        let key = MEMORY.hasher.hash_one(lines);
        sum += u64::from(*counts.get_or_insert(key, || count(lines)));
    }
    sum
}

/// Reads the tokenizer's vocabulary, which takes a moment, ahead of the first count.
pub fn prepare_tokenizer() {
    std::thread::spawn(|| count_tokens("a"));
}

fn count(text: &str) -> u32 {
    let tokenizer = tiktoken_rs::o200k_base_singleton();
    let count = |piece: &str| tokenizer.encode_ordinary(piece).len() as u32;
    pieces(text).map(count).sum()
}

/// Lines, each with the blank ones that follow it: the tokenizer never looks across their end.
fn paragraphs(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = rest.find('\n')? + 1;
        let blank = rest[end..].find(|c: char| !c.is_whitespace()).unwrap_or(rest.len() - end);
        // Blanks before the next word belong to it.
        let blank = rest[end..end + blank].rfind('\n').map_or(0, |at| at + 1);
        let (paragraph, after) = rest.split_at(end + blank);
        rest = after;
        Some(paragraph)
    })
    .chain(std::iter::once_with(move || text.rsplit('\n').next().unwrap_or_default()))
}

fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = rest.floor_char_boundary(PIECE);
        let (piece, after) = rest.split_at(end);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "def pack(n):\n    # a grid, then (\n    radii = [0.1 * i for i in range(n)]\n\n\n    \n    return sum(radii)  \n\n\nif x:\r\n\tpass\n";

    #[test]
    fn lines_have_as_many_tokens_as_their_text() {
        let whole = |text: &str| tiktoken_rs::o200k_base_singleton().encode_ordinary(text).len();
        for text in
            [CODE, "", "a", "\n", "\n\n  x", "ä ö\n ü", include_str!("../templates/user.md")]
        {
            assert_eq!(paragraphs(text).collect::<String>(), text);
            assert_eq!(count_tokens(text), whole(text) as u64, "{text:?}");
        }
        assert!(count_tokens(CODE) > 30);
    }

    #[test]
    fn a_cautious_count_knows_that_others_split_numbers() {
        let numbers = "0.123456789, ".repeat(100);
        let digits = numbers.chars().filter(char::is_ascii_digit).count() as u64;
        assert!(count_tokens(&numbers) < digits);
        assert!(Counting::Cautious.count(&numbers) > digits + 200);
        assert_eq!(Counting::Cautious.count("one two three four"), 5);
        assert_eq!(Counting::OpenAi.count("one two three four"), 4);
    }

    #[test]
    fn texts_without_words_or_lines_are_counted_in_time() {
        for text in ["a", " ", "=", "0", "ä", "\u{1F600}", "a=", "\r"] {
            let many = text.repeat(500_000 / text.len());
            let tokens = count_tokens(&many);
            assert!(tokens > 500 && tokens <= many.len() as u64, "{text:?}: {tokens}");
        }
    }
}
