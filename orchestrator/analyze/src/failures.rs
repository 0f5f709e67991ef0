//! Failures that are alike: same status, same line but for numbers and addresses.

use std::collections::{BTreeMap, VecDeque};

use evolve_core::CandidateId;

/// Clusters that can be told of at once.
pub(crate) const SLOTS: usize = 4;
/// Failures that make a cluster worth telling.
pub(crate) const RECURRING: u32 = 3;
/// Clusters that are counted at once.
const MOST_CLUSTERS: usize = 64;
/// Characters kept of a line.
const LINE: usize = 160;
/// Candidates remembered for each cluster.
const EVIDENCE: usize = 6;

/// Failures that are alike.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Cluster {
    pub count: u32,
    /// The line of the last one, as it was.
    pub example: String,
    pub evidence: VecDeque<CandidateId>,
}

/// What tells clusters apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Likeness {
    pub status: String,
    /// With numbers and addresses left out.
    pub line: String,
}

/// All clusters, the largest in slots that they keep until a larger one needs the place.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Failures {
    clusters: BTreeMap<Likeness, Cluster>,
    slots: [Option<Likeness>; SLOTS],
}

impl Failures {
    /// Counts a failure. When that makes its cluster worth telling for the first time, the slot
    /// it got.
    pub fn count(&mut self, id: CandidateId, status: &str, text: &str) -> Option<usize> {
        let example = first_line(text);
        let alike = Likeness { status: status.to_owned(), line: normal(&example) };
        if !self.clusters.contains_key(&alike) && self.clusters.len() >= MOST_CLUSTERS {
            self.drop_smallest();
        }
        let cluster = self.clusters.entry(alike.clone()).or_default();
        cluster.count += 1;
        cluster.example = example;
        cluster.evidence.push_back(id);
        if cluster.evidence.len() > EVIDENCE {
            cluster.evidence.pop_front();
        }
        let count = cluster.count;
        if count < RECURRING || self.slots.iter().flatten().any(|told| *told == alike) {
            return None;
        }
        let slot = self.place_for(count)?;
        self.slots[slot] = Some(alike);
        Some(slot)
    }

    /// A free slot, or the smallest cluster's if it is half as large.
    fn place_for(&self, count: u32) -> Option<usize> {
        let size = |slot: &usize| self.in_slot(*slot).map_or(0, |(_, cluster)| cluster.count);
        let smallest = (0..SLOTS).min_by_key(size)?;
        (2 * size(&smallest) <= count).then_some(smallest)
    }

    pub fn in_slot(&self, slot: usize) -> Option<(&Likeness, &Cluster)> {
        self.clusters.get_key_value(self.slots.get(slot)?.as_ref()?)
    }

    fn drop_smallest(&mut self) {
        let open = self
            .clusters
            .iter()
            .filter(|(alike, _)| !self.slots.iter().flatten().any(|told| told == *alike));
        let smallest =
            open.min_by_key(|(_, cluster)| cluster.count).map(|(alike, _)| alike.clone());
        if let Some(smallest) = smallest {
            self.clusters.remove(&smallest);
        }
    }
}

/// The first line that says anything, without control characters, capped.
fn first_line(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("");
    line.chars().filter(|c| !c.is_control()).take(LINE).collect()
}

/// A line with every run of digits (and hexadecimal addresses) as `#` and single spaces.
fn normal(line: &str) -> String {
    let mut words = Vec::new();
    for word in line.split_whitespace() {
        let mut plain = String::with_capacity(word.len());
        let mut left = word;
        while let Some(c) = left.chars().next() {
            let hex = left
                .strip_prefix("0x")
                .filter(|rest| rest.starts_with(|c: char| c.is_ascii_hexdigit()));
            if let Some(rest) = hex {
                plain.push('#');
                left = rest.trim_start_matches(|c: char| c.is_ascii_hexdigit());
            } else if c.is_ascii_digit() {
                plain.push('#');
                left = left.trim_start_matches(|c: char| c.is_ascii_digit());
            } else {
                plain.push(c);
                left = &left[c.len_utf8()..];
            }
        }
        words.push(plain);
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_differ_in_numbers_and_addresses_are_alike() {
        assert_eq!(
            normal("circle 3  overlaps 17 by 1e-4 <obj at 0x7f3aB>"),
            "circle # overlaps # by #e-# <obj at #>"
        );
        assert_eq!(normal("größe 12 · 0x"), "größe # · #x");
        assert_eq!(first_line("\n  \u{1b}[31mfirst\r\nsecond"), "[31mfirst");
        assert_eq!(first_line(""), "");
        assert_eq!(first_line(&"é".repeat(1000)).chars().count(), LINE);
    }

    #[test]
    fn a_cluster_is_told_when_it_recurs_and_keeps_its_slot() {
        let mut failures = Failures::default();
        let mut count = |n: u64, text: &str| failures.count(CandidateId(n), "crashed", text);
        assert_eq!(count(1, "index 5 out of range"), None);
        assert_eq!(count(2, "index 9 out of range"), None);
        assert_eq!(count(3, "index 1 out of range"), Some(0));
        assert_eq!(count(4, "index 2 out of range"), None);
        let (alike, cluster) = failures.in_slot(0).unwrap();
        assert_eq!(alike.line, "index # out of range");
        assert_eq!((cluster.count, cluster.example.as_str()), (4, "index 2 out of range"));
    }

    #[test]
    fn endless_new_failures_stay_bounded_and_do_not_push_the_large_out() {
        let mut failures = Failures::default();
        for n in 0..40 {
            failures.count(CandidateId(n), "crashed", "the same");
        }
        for n in 0..2000u64 {
            let name: String =
                format!("{n:b}").chars().map(|c| if c == '0' { 'a' } else { 'b' }).collect();
            for _ in 0..RECURRING {
                failures.count(CandidateId(n), "crashed", &name);
            }
        }
        assert!(failures.clusters.len() <= MOST_CLUSTERS);
        assert_eq!(failures.in_slot(0).unwrap().1.count, 40);
    }
}
