//! From text to the words that are indexed and looked up: the same for both sides, so any text
//! is a valid query.

use std::collections::BTreeSet;

/// Longer ones are not words: encoded data, hashes, rows of dashes.
const LONGEST: usize = 40;
/// Bytes of a situation that are looked at; the rest of an endless log says nothing new.
const MOST_BYTES: usize = 64 * 1024;
/// Distinct words of a situation that are looked up.
const MOST_WORDS: usize = 192;

/// Words that are in every text and tell none apart.
const STOP: &[&str] = &[
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "can", "for", "from", "has", "have",
    "if", "in", "into", "is", "it", "its", "no", "not", "of", "on", "or", "so", "than", "that",
    "the", "their", "then", "there", "these", "they", "this", "to", "was", "when", "which", "will",
    "with",
];

/// The words of a text in their order, in lower case, plurals as singulars, without stop words.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && word.len() <= LONGEST)
        .map(str::to_lowercase)
        .filter(|word| !STOP.contains(&word.as_str()))
        .map(singular)
}

/// The distinct words of a situation, the first ones of a long one.
pub(crate) fn query_words(situation: &str) -> Vec<String> {
    let mut end = situation.len().min(MOST_BYTES);
    while !situation.is_char_boundary(end) {
        end -= 1;
    }
    let mut seen = BTreeSet::new();
    words(&situation[..end]).filter(|word| seen.insert(word.clone())).take(MOST_WORDS).collect()
}

/// English plurals as singulars: the S-stemmer (D. Harman, "How effective is suffixing?", JASIS
/// 42, 1991), which joins `expert` and `experts` and hardly ever joins what differs.
fn singular(mut word: String) -> String {
    let ends = |endings: &[&str]| endings.iter().any(|ending| word.ends_with(ending));
    let (drop, add) = if ends(&["ies"]) && !ends(&["eies", "aies"]) {
        (3, "y")
    } else if ends(&["s"]) && !ends(&["us", "ss"]) {
        (1, "")
    } else {
        (0, "")
    };
    // Short words are names and units: `gas`, `ns`.
    if word.len() > 3 && drop > 0 {
        word.truncate(word.len() - drop);
        word.push_str(add);
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plurals_cases_and_punctuation_do_not_matter() {
        let of = |text: &str| words(text).collect::<Vec<_>>();
        assert_eq!(
            of("Experts' QUERIES, caches/bank-conflicts!"),
            of("expert query cache bank conflict")
        );
        assert_eq!(of("the bus has glass and ns"), ["bus", "glass", "ns"]);
        assert_eq!(of("größe GPU0_mem"), ["größe", "gpu0", "mem"]);
    }

    proptest! {
        #[test]
        fn any_text_is_a_query_of_bounded_size(text in ".*") {
            let words = query_words(&text.repeat(50));
            prop_assert!(words.len() <= MOST_WORDS);
            prop_assert!(words.iter().all(|word| !word.is_empty()));
        }
    }

    #[test]
    fn a_situation_that_is_cut_inside_a_letter_is_no_problem() {
        assert_eq!(query_words(&"ö ".repeat(100_000)), ["ö"]);
        assert!(query_words(&"é".repeat(100_000)).is_empty());
    }
}
