//! Words in programs, logs, insights and changes of a run.

use std::time::{Duration, Instant};

use axum::extract::{Path, Query, State};
use axum::response::Html;
use evolve_core::facts::{CandidateFacts, CandidateState};
use evolve_core::ports::{Document, Hit, NewIndex, SearchIndex};
use evolve_core::{CandidateId, Program};
use serde::{Deserialize, Serialize};

use super::Site;
use super::answer::{Failure, base, run_page};
use super::runs::Live;
use crate::format::{count, one_line, printable};
use crate::model::BlobText;

/// Hits of one page.
const HITS: usize = 40;
/// How long a page may wait for the index; the rest is read beside it.
const PATIENCE: Duration = Duration::from_millis(700);
/// How long the run is kept from others while the rest is read, and how long it is not.
const SLICE: Duration = Duration::from_millis(100);
const PAUSE: Duration = Duration::from_millis(10);
/// Candidates that become searchable at once.
const BATCH: usize = 200;
/// Bytes of a log that are searched, from its end, and of a program.
const LOG: usize = 8 * 1024;
const PROGRAM: usize = 64 * 1024;

/// What can be searched so far.
pub(super) struct Searched {
    index: Box<dyn SearchIndex>,
    /// Candidates below this number are in it, but for the late ones.
    next: usize,
    /// Candidates that had no end when they were passed.
    late: Vec<CandidateId>,
    /// Insights that are in it, by key and claim.
    insights: std::collections::BTreeSet<(String, String)>,
    /// Whether somebody reads the rest.
    reading: bool,
}

impl Searched {
    fn new(index: &NewIndex) -> Result<Self, Failure> {
        let index = index()?;
        Ok(Self {
            index,
            next: 0,
            late: Vec::new(),
            insights: std::collections::BTreeSet::new(),
            reading: false,
        })
    }

    /// Takes in what is new, for about so long; says how many candidates still wait.
    fn follow(&mut self, live: &Live, within: Duration) -> Result<usize, Failure> {
        let begun = Instant::now();
        let facts = live.facts();
        let fresh = facts
            .insights
            .values()
            .filter(|insight| self.insights.insert((insight.key.clone(), insight.claim.clone())));
        let fresh: Vec<Document> = fresh
            .map(|insight| Document {
                kind: "insight".to_owned(),
                key: insight.key.clone(),
                title: one_line(&insight.claim, 200),
                text: [
                    &*insight.claim,
                    &insight.mechanism,
                    &insight.scope,
                    &insight.recommendation,
                ]
                .join("\n"),
            })
            .collect();
        self.index.add(&fresh)?;
        let mut late = std::mem::take(&mut self.late);
        late.retain(|id| match facts.candidate(*id) {
            Some(candidate) if has_ended(candidate) => {
                self.late.push(*id);
                false
            }
            Some(_) => true,
            None => false,
        });
        let due = std::mem::replace(&mut self.late, late);
        let mut documents: Vec<Document> = Vec::new();
        for id in due {
            documents.extend(facts.candidate(id).into_iter().flat_map(|c| documents_of(live, c)));
        }
        self.index.add(&documents)?;
        while self.next < facts.candidates.len() && begun.elapsed() < within {
            let upto = (self.next + BATCH).min(facts.candidates.len());
            let mut documents = Vec::new();
            for candidate in &facts.candidates[self.next..upto] {
                if has_ended(candidate) {
                    documents.extend(documents_of(live, candidate));
                } else if candidate.state != CandidateState::Absent {
                    self.late.push(candidate.id);
                }
            }
            self.index.add(&documents)?;
            self.next = upto;
        }
        Ok(facts.candidates.len() - self.next)
    }
}

/// Reads what is not in the index yet, in slices, so that pages need not wait. Ends with the
/// server, with the run's being closed, and with a fault, which the next search tells.
fn read_rest(site: &Site, run: &str) {
    loop {
        let left = site.runs.with(run, |live| {
            let Some(mut searched) = live.searched.take() else { return Ok(0) };
            let left = searched.follow(live, SLICE);
            searched.reading = left.as_ref().is_ok_and(|left| *left > 0);
            live.searched = Some(searched);
            left
        });
        if !left.is_ok_and(|left| left > 0) || *site.ending.borrow() {
            return;
        }
        std::thread::sleep(PAUSE);
    }
}

fn has_ended(candidate: &CandidateFacts) -> bool {
    matches!(candidate.state, CandidateState::Evaluated | CandidateState::Rejected)
}

/// A candidate's program, log and change.
fn documents_of(live: &Live, candidate: &CandidateFacts) -> Vec<Document> {
    let blobs = live.blobs();
    let key = candidate.id.to_string();
    let title = one_line(&candidate.change.summary, 200);
    let document = |kind: &str, text: String| Document {
        kind: kind.to_owned(),
        key: key.clone(),
        title: title.clone(),
        text,
    };
    let mut documents = Vec::new();
    let program = candidate.program.and_then(|hash| blobs.get(hash).ok());
    if let Some(program) = program.and_then(|bytes| Program::from_bytes(&bytes).ok()) {
        let texts = program.files.values().map(|text| beginning(text, PROGRAM));
        documents.push(document("program", texts.collect::<Vec<_>>().join("\n")));
    }
    let log = candidate.evaluation.as_ref().and_then(|evaluation| evaluation.log);
    if let Some(text) = log.and_then(|hash| BlobText::tail(&*blobs, hash, LOG).text) {
        documents.push(document("log", text));
    }
    let evaluation = candidate.evaluation.as_ref();
    let words = [
        candidate.change.summary.as_str(),
        candidate.change.prediction.as_str(),
        candidate.rejected.as_ref().map_or("", |rejection| rejection.detail.as_str()),
        evaluation.map_or("", |evaluation| evaluation.detail.as_str()),
        evaluation.map_or("", |evaluation| evaluation.feedback.as_str()),
    ];
    let words: Vec<_> = words.into_iter().filter(|text| !text.is_empty()).collect();
    if !words.is_empty() {
        documents.push(document("change", words.join("\n")));
    }
    documents
}

fn beginning(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// What is asked for.
#[derive(Deserialize, Serialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    q: String,
    kind: String,
}

/// A hit, with its excerpt in pieces that are marked by turns: plain, marked, plain, …
#[derive(Serialize)]
struct Found {
    kind: String,
    href: String,
    key: String,
    title: String,
    pieces: Vec<String>,
}

fn found(hit: &Hit, base: &str) -> Found {
    let mut pieces = Vec::new();
    let mut at = 0;
    for mark in &hit.marks {
        let (plain, marked) = (hit.excerpt.get(at..mark.start), hit.excerpt.get(mark.clone()));
        if let Some((plain, marked)) = plain.zip(marked) {
            pieces.extend([plain, marked].map(|text| printable(text).into_owned()));
            at = mark.end;
        }
    }
    pieces.push(printable(hit.excerpt.get(at..).unwrap_or_default()).into_owned());
    let href = match hit.kind.as_str() {
        "insight" => format!("{base}/insights"),
        "log" => format!("{base}/candidates/{}#log", hit.key),
        _ => format!("{base}/candidates/{}", hit.key),
    };
    let (key, title) = (one_line(&hit.key, 80), one_line(&hit.title, 200));
    Found { kind: hit.kind.clone(), href, key, title, pieces }
}

/// `/runs/RUN/search?q=…`
pub(super) async fn page(
    State(site): State<Site>,
    Path(run): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, Failure> {
    let (index, beside, name) = (site.index.clone(), site.clone(), run.clone());
    run_page(site, run, "search-page.html", "Search", move |live, _, context| {
        let words = asked.q.trim();
        if !words.is_empty() {
            let mut searched = match live.searched.take() {
                Some(searched) => searched,
                None => Searched::new(&index)?,
            };
            let waiting = searched.follow(live, PATIENCE)?;
            let kind = Some(asked.kind.as_str()).filter(|kind| !kind.is_empty());
            let answer = searched.index.find(words, kind, HITS);
            if waiting > 0 && !std::mem::replace(&mut searched.reading, true) {
                std::thread::spawn(move || read_rest(&beside, &name));
            }
            live.searched = Some(searched);
            let (hits, total) = answer?;
            let base = base(live.facts().run.run.as_str());
            let hits: Vec<Found> = hits.iter().map(|hit| found(hit, &base)).collect();
            context.insert("hits", &hits);
            context.insert("total", &count(total as u64));
            context.insert("waiting", &(waiting > 0).then(|| count(waiting as u64)));
        }
        context.insert("asked", &asked);
        Ok(())
    })
    .await
}
