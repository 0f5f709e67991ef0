//! What stands out in the counts, in plain words.

use evolve_core::CandidateId;
use evolve_core::knowledge::{Insight, InsightKind};

use crate::failures::Failures;
use crate::tally::{Count, Tally, strict_z, wilson};

/// Tries below which nothing is said of a name.
const FEWEST_TRIES: u32 = 8;
/// Names that one insight lists.
const MOST_NAMES: usize = 3;
/// Candidates that one insight cites.
const MOST_EVIDENCE: usize = 8;
/// Growth of the tries behind an insight after which it is said again with new numbers.
const NEWS: f64 = 1.5;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    Operator,
    Edit,
    Site,
    Model,
}

impl Subject {
    pub const ALL: [Self; 4] = [Self::Operator, Self::Edit, Self::Site, Self::Model];

    fn word(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Edit => "edit",
            Self::Site => "site",
            Self::Model => "model",
        }
    }

    fn phrase(self, name: &str) -> String {
        match self {
            Self::Operator => format!("operator `{name}`"),
            Self::Edit => format!("edits of kind `{name}`"),
            Self::Site => format!("edits at `{name}`"),
            Self::Model => format!("model `{name}`"),
        }
    }
}

/// What an insight was about when it was said.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Said {
    names: Vec<String>,
    tries: u32,
}

impl Said {
    pub fn new(names: Vec<String>, tries: u32) -> Self {
        Self { names, tries }
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether it is worth saying after what was said before: other names, or much more
    /// evidence. That nothing stands out is news only where something did.
    pub fn is_news(&self, before: Option<&Self>) -> bool {
        match before {
            None => !self.names.is_empty(),
            Some(before) if self.names == before.names => {
                !self.names.is_empty() && f64::from(self.tries) >= NEWS * f64::from(before.tries)
            }
            Some(_) => true,
        }
    }
}

/// A name that gains more, or less, often than the others together.
struct Standout<'a> {
    name: &'a str,
    count: &'a Count,
    others: f64,
    confidence: f64,
}

/// The names whose interval lies wholly above the others' rate.
pub(crate) fn works(subject: Subject, tally: &Tally) -> (Insight, Said) {
    let mut found = standouts(tally, |(low, _), others| low > others);
    found.sort_by(|a, b| rate(b.count).total_cmp(&rate(a.count)).then(a.name.cmp(b.name)));
    insight(subject, InsightKind::Works, found)
}

/// The names whose interval lies wholly below the others' rate.
pub(crate) fn fails(subject: Subject, tally: &Tally) -> (Insight, Said) {
    let mut found = standouts(tally, |(_, high), others| high < others);
    found.sort_by(|a, b| b.count.tries.cmp(&a.count.tries).then(a.name.cmp(b.name)));
    insight(subject, InsightKind::Fails, found)
}

fn standouts(tally: &Tally, stands_out: impl Fn((f64, f64), f64) -> bool) -> Vec<Standout<'_>> {
    let z = strict_z(tally.len());
    let known = tally.counts().filter(|(_, count)| count.tries >= FEWEST_TRIES);
    known
        .filter_map(|(name, count)| {
            let others = tally.rate_of_others(count)?;
            let confidence = confidence(count, others);
            stands_out(wilson(count.gains, count.tries, z), others).then_some(Standout {
                name,
                count,
                others,
                confidence,
            })
        })
        .collect()
}

fn rate(count: &Count) -> f64 {
    f64::from(count.gains) / f64::from(count.tries.max(1))
}

/// Probability that the name's rate really differs from the others' in the seen direction: the
/// normal distribution at `(p - q) / √(q(1-q)/n)`, by its logistic approximation.
fn confidence(count: &Count, others: f64) -> f64 {
    let q = others.clamp(0.01, 0.99);
    let z = (rate(count) - others).abs() / (q * (1.0 - q) / f64::from(count.tries)).sqrt();
    rounded(1.0 / (1.0 + (-1.702 * z).exp()))
}

/// Two decimals, and never certainty.
fn rounded(confidence: f64) -> f64 {
    (confidence.clamp(0.0, 0.99) * 100.0).round() / 100.0
}

fn insight(subject: Subject, kind: InsightKind, mut found: Vec<Standout<'_>>) -> (Insight, Said) {
    let works = kind == InsightKind::Works;
    let key = format!("{}-{}", subject.word(), if works { "works" } else { "fails" });
    found.truncate(MOST_NAMES);
    let Some(first) = found.first() else { return nothing(kind, key) };
    let names = found.iter().map(|one| one.name.to_owned()).collect();
    let said = Said { names, tries: found.iter().map(|one| one.count.tries).sum() };
    let claims: Vec<String> = found.iter().map(|one| claim(subject, one)).collect();
    let listed = found.iter().map(|one| subject.phrase(one.name)).collect::<Vec<_>>().join(", ");
    let recommendation = if works {
        format!("do more of: {listed}")
    } else {
        format!("leave alone, or change the approach to: {listed}")
    };
    let confidence = first.confidence;
    let evidence = evidence_of(found.iter().map(|one| {
        let recent = if works { &one.count.gained } else { &one.count.lost };
        recent.iter().copied()
    }));
    let claim = claims.join("; ");
    let against = evidence_of(found.iter().map(|one| {
        let recent = if works { &one.count.lost } else { &one.count.gained };
        recent.iter().copied()
    }));
    let (mechanism, scope) = (String::new(), String::new());
    let insight = Insight {
        key,
        claim,
        mechanism,
        scope,
        evidence,
        against,
        recommendation,
        confidence,
        kind,
    };
    (insight, said)
}

fn claim(subject: Subject, one: &Standout<'_>) -> String {
    let (low, high) = wilson(one.count.gains, one.count.tries, 1.96);
    format!(
        "{} gained on the parent in {} of {} proposals ({:.0} to {:.0} % at 95 % confidence), \
         the others in {:.0} %",
        subject.phrase(one.name),
        one.count.gains,
        one.count.tries,
        100.0 * low,
        100.0 * high,
        100.0 * one.others
    )
}

/// Nothing stands out: what was said before is to be taken back.
fn nothing(kind: InsightKind, key: String) -> (Insight, Said) {
    let insight = Insight {
        key,
        claim: String::new(),
        mechanism: String::new(),
        scope: String::new(),
        evidence: Vec::new(),
        against: Vec::new(),
        recommendation: String::new(),
        confidence: 0.0,
        kind,
    };
    (insight, Said { names: Vec::new(), tries: 0 })
}

fn evidence_of(lists: impl Iterator<Item = impl Iterator<Item = CandidateId>>) -> Vec<CandidateId> {
    let mut all: Vec<CandidateId> = lists.flatten().collect();
    all.sort_unstable();
    all.dedup();
    let recent = all.len().saturating_sub(MOST_EVIDENCE);
    all.split_off(recent)
}

/// A recurring failure. Its confidence is the chance that it recurs once more, by the rule of
/// succession: `(n + 1) / (n + 2)`.
pub(crate) fn failure(slot: usize, failures: &Failures, evaluated: u64) -> Option<(Insight, Said)> {
    let (alike, cluster) = failures.in_slot(slot)?;
    let count = f64::from(cluster.count);
    let why = if cluster.example.is_empty() {
        "without a word on the cause".to_owned()
    } else {
        format!("with: {}", cluster.example)
    };
    let insight = Insight {
        key: format!("failure-{}", slot + 1),
        mechanism: String::new(),
        scope: String::new(),
        against: Vec::new(),
        claim: format!(
            "{} proposals so far ({evaluated} were evaluated) ended `{}` {why}",
            cluster.count, alike.status
        ),
        evidence: evidence_of(std::iter::once(cluster.evidence.iter().copied())),
        recommendation: format!(
            "check a change for `{}` of this kind before it is made",
            alike.status
        ),
        confidence: rounded((count + 1.0) / (count + 2.0)),
        kind: InsightKind::Bug,
    };
    let names = vec![alike.status.clone(), alike.line.clone()];
    Some((insight, Said { names, tries: cluster.count }))
}
