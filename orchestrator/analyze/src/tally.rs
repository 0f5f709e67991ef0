//! Tries and gains by name, with intervals.

use std::collections::{BTreeMap, VecDeque};

use evolve_core::CandidateId;

/// Names that are counted at once; the least tried makes room for a new one.
const MOST_NAMES: usize = 512;
/// Candidates remembered for each name as evidence.
const EVIDENCE: usize = 6;

/// Tries and gains of one name.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Count {
    pub tries: u32,
    pub gains: u32,
    /// The last candidates that gained …
    pub gained: VecDeque<CandidateId>,
    /// … and the last that did not.
    pub lost: VecDeque<CandidateId>,
}

/// Tries and gains of many names.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Tally {
    counts: BTreeMap<String, Count>,
    tries: u32,
    gains: u32,
}

impl Tally {
    pub fn count(&mut self, name: &str, id: CandidateId, gained: bool) {
        if !self.counts.contains_key(name) && self.counts.len() >= MOST_NAMES {
            self.make_room();
        }
        let count = self.counts.entry(name.to_owned()).or_default();
        count.tries += 1;
        count.gains += u32::from(gained);
        self.tries += 1;
        self.gains += u32::from(gained);
        let list = if gained { &mut count.gained } else { &mut count.lost };
        list.push_back(id);
        if list.len() > EVIDENCE {
            list.pop_front();
        }
    }

    /// Half of the names go at once, so that room need not be made for each new one.
    fn make_room(&mut self) {
        let mut tries: Vec<u32> = self.counts.values().map(|count| count.tries).collect();
        tries.sort_unstable();
        let median = tries.get(tries.len() / 2).copied().unwrap_or(0);
        let (mut gone_tries, mut gone_gains) = (0, 0);
        let mut excess = self.counts.len() / 2;
        self.counts.retain(|_, count| {
            let goes = excess > 0 && count.tries <= median;
            if goes {
                excess -= 1;
                gone_tries += count.tries;
                gone_gains += count.gains;
            }
            !goes
        });
        self.tries -= gone_tries;
        self.gains -= gone_gains;
    }

    /// Names with their counts, in the order of the names.
    pub fn counts(&self) -> impl Iterator<Item = (&str, &Count)> {
        self.counts.iter().map(|(name, count)| (name.as_str(), count))
    }

    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Share of gains among all tries but this name's; none if there are no others.
    pub fn rate_of_others(&self, count: &Count) -> Option<f64> {
        let tries = self.tries - count.tries;
        (tries > 0).then(|| f64::from(self.gains - count.gains) / f64::from(tries))
    }
}

/// Wilson's score interval for a share (E. B. Wilson, "Probable inference, the law of
/// succession, and statistical inference", JASA 22, 1927): with `p = gains/tries`,
/// `(p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)`.
pub(crate) fn wilson(gains: u32, tries: u32, z: f64) -> (f64, f64) {
    if tries == 0 {
        return (0.0, 1.0);
    }
    let n = f64::from(tries);
    let p = f64::from(gains) / n;
    let middle = p + z * z / (2.0 * n);
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    (((middle - half) / scale).max(0.0), ((middle + half) / scale).min(1.0))
}

/// Two-sided 5 % point of the normal distribution, shared among so many comparisons
/// (Bonferroni's bound), rounded up to a table's step.
pub(crate) fn strict_z(comparisons: usize) -> f64 {
    match comparisons {
        0..=1 => 1.96,
        2..=5 => 2.58,
        6..=50 => 3.29,
        _ => 3.89,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_agree_with_published_values() {
        // 1 of 10 and 8 of 20 at 95 %, as in tables of the score interval.
        let (low, high) = wilson(1, 10, 1.96);
        assert!((low - 0.0179).abs() < 5e-4 && (high - 0.4042).abs() < 5e-4, "{low} {high}");
        let (low, high) = wilson(8, 20, 1.96);
        assert!((low - 0.2188).abs() < 5e-4 && (high - 0.6134).abs() < 5e-4, "{low} {high}");
        assert_eq!(wilson(0, 0, 1.96), (0.0, 1.0));
        assert!(wilson(0, 50, 1.96).0 <= 0.0 && wilson(50, 50, 1.96).1 >= 1.0 - 1e-12);
    }

    #[test]
    fn names_stay_bounded_and_the_sums_agree_with_what_is_kept() {
        let mut tally = Tally::default();
        for i in 0..5000u64 {
            tally.count(&format!("site{i}"), CandidateId(i), i % 3 == 0);
            tally.count("often", CandidateId(i), true);
        }
        assert!(tally.len() <= MOST_NAMES);
        let tries: u32 = tally.counts().map(|(_, count)| count.tries).sum();
        assert_eq!(tries, tally.tries);
        let often = tally.counts().find(|(name, _)| *name == "often").unwrap().1;
        assert_eq!((often.tries, often.gained.len()), (5000, EVIDENCE));
    }
}
