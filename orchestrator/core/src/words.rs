//! From text to words, and short texts that are alike by their words. Index and query use the
//! same words, so any text is a valid query.

use std::collections::{BTreeSet, HashMap};

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
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && word.len() <= LONGEST)
        .map(str::to_lowercase)
        .filter(|word| !STOP.contains(&word.as_str()))
        .map(singular)
}

/// The distinct words of a situation, the first ones of a long one.
pub fn query_words(situation: &str) -> Vec<String> {
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

/// Short texts, among which those like another can be found: cosine of their words' weights,
/// `1 + ln n` for a word that occurs n times, times `ln(1 + N/d)` for one that is in d of N texts
/// (G. Salton and C. Buckley, "Term-weighting approaches in automatic text retrieval", 1988).
#[derive(Debug, Clone, Default)]
pub struct ShortTexts {
    words: HashMap<String, usize>,
    /// By word: the texts that have it, with how often.
    places: Vec<Vec<(usize, u32)>>,
    /// By text: its words, with how often.
    texts: Vec<Vec<(usize, u32)>>,
}

impl ShortTexts {
    /// Adds a text; texts are numbered from 0.
    pub fn add(&mut self, text: &str) {
        let place = self.texts.len();
        let mut counts: HashMap<usize, u32> = HashMap::new();
        for word in words(text) {
            let next = self.words.len();
            let word = *self.words.entry(word).or_insert(next);
            if word == next {
                self.places.push(Vec::new());
            }
            *counts.entry(word).or_default() += 1;
        }
        let mut counts: Vec<(usize, u32)> = counts.into_iter().collect();
        counts.sort_unstable();
        for (word, count) in &counts {
            self.places[*word].push((place, *count));
        }
        self.texts.push(counts);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Those that share a word with `text`, with their likeness between 0 and 1, most alike
    /// first, the earlier first among equals.
    pub fn like(&self, text: &str) -> Vec<(usize, f64)> {
        let mut counts: HashMap<Option<usize>, (u32, u32)> = HashMap::new();
        let mut unknown: HashMap<String, u32> = HashMap::new();
        for word in words(text) {
            match self.words.get(&word) {
                Some(known) => counts.entry(Some(*known)).or_default().0 += 1,
                None => *unknown.entry(word).or_default() += 1,
            }
        }
        let mut length: f64 = unknown.values().map(|n| self.weight(*n, 0).powi(2)).sum();
        let mut known: Vec<(usize, u32)> =
            counts.into_iter().filter_map(|(word, (n, _))| Some((word?, n))).collect();
        known.sort_unstable(); // sums must not depend on a map's order
        let mut products: HashMap<usize, f64> = HashMap::new();
        for (word, n) in known {
            let texts = self.places[word].len();
            let weight = self.weight(n, texts);
            length += weight.powi(2);
            for (place, count) in &self.places[word] {
                *products.entry(*place).or_default() += weight * self.weight(*count, texts);
            }
        }
        let norm = |place: usize| {
            let weights = self.texts[place].iter();
            weights.map(|(w, n)| self.weight(*n, self.places[*w].len()).powi(2)).sum::<f64>()
        };
        let mut found: Vec<(usize, f64)> = products
            .into_iter()
            .map(|(place, product)| (place, (product / (length * norm(place)).sqrt()).min(1.0)))
            .collect();
        found.sort_by(|(a, x), (b, y)| y.total_cmp(x).then(a.cmp(b)));
        found
    }

    fn weight(&self, count: u32, texts: usize) -> f64 {
        let rarity = (1.0 + (self.texts.len() + 1) as f64 / (texts.max(1)) as f64).ln();
        (1.0 + f64::from(count).ln()) * rarity
    }
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

    fn some() -> ShortTexts {
        let mut texts = ShortTexts::default();
        for text in [
            "grow the corner circles first",
            "raise the learning rate to 0.1",
            "shuffle the order of the experts",
            "",
        ] {
            texts.add(text);
        }
        texts
    }

    #[test]
    fn a_text_is_most_like_the_one_that_says_the_same() {
        let texts = some();
        let (best, likeness) = texts.like("Corner circles grow first, the")[0];
        assert_eq!(best, 0);
        assert!(likeness > 0.999, "{likeness}");
        let (best, likeness) = texts.like("the learning rate should be lowered to 0.01")[0];
        assert_eq!(best, 1);
        assert!((0.3..0.8).contains(&likeness), "{likeness}");
        assert!(texts.like("zebra").is_empty() && texts.like("").is_empty());
        assert_eq!((texts.len(), texts.is_empty()), (4, false));
    }

    proptest! {
        #[test]
        fn likeness_is_between_nothing_and_sameness_and_a_text_is_like_itself(
            known in prop::collection::vec("[a-e ]{0,12}", 1..8), asked in "[a-f ]{0,12}",
        ) {
            let mut texts = ShortTexts::default();
            for text in &known {
                texts.add(text);
            }
            let found = texts.like(&asked);
            prop_assert!(found.iter().all(|(_, likeness)| (0.0..=1.0).contains(likeness)));
            prop_assert!(found.is_sorted_by(|a, b| a.1 >= b.1));
            for (place, text) in known.iter().enumerate().filter(|(_, t)| words(t).count() > 0) {
                let own = texts.like(text).into_iter().find(|(found, _)| *found == place);
                prop_assert!(own.is_some_and(|(_, likeness)| likeness > 1.0 - 1e-9));
            }
        }
    }

    #[test]
    fn a_situation_that_is_cut_inside_a_letter_is_no_problem() {
        assert_eq!(query_words(&"ö ".repeat(100_000)), ["ö"]);
        assert!(query_words(&"é".repeat(100_000)).is_empty());
    }
}
