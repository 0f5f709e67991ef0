//! Ideas that were had before and did not help: by their words, and by their meaning where the
//! task has an embedder.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use evolve_core::event::Reservation;
use evolve_core::facts::CandidateFacts;
use evolve_core::ids::CandidateId;
use evolve_core::outcome::RejectReason;
use evolve_core::ports::{Embedder, Meter, ProposalRequest};
use evolve_core::words::{ShortTexts, words};

use crate::material::step_outcome;
use crate::patching::Mistake;
use crate::proposers::Shared;

/// Likeness of two ideas' words from which on they count as one. Reworded lines lie above it,
/// lines that differ in a name or a number that matters below.
const SAME: f64 = 0.8;
/// Words below which a line says too little to be compared.
const FEWEST_WORDS: usize = 3;
/// Lost ideas whose vectors are asked for in one call; those that are older stay unknown until
/// later calls.
const NEW_VECTORS: usize = 16;

/// An embedder, and the vectors of lost ideas that it gave.
pub(crate) struct IdeaVectors {
    embedder: Arc<dyn Embedder>,
    /// Cosine from which on two ideas count as one.
    same: f64,
    known: Mutex<HashMap<CandidateId, Arc<[f32]>>>,
}

impl IdeaVectors {
    pub(crate) fn new(embedder: Arc<dyn Embedder>, same: f64) -> Self {
        Self { embedder, same, known: Mutex::default() }
    }

    /// The most that one comparison can cost: lines are short, so that all of one call have fewer
    /// bytes than two texts of full length.
    pub(crate) fn reservation(&self) -> Reservation {
        let one = self.embedder.reservation();
        Reservation { usd: one.usd.times(2), tokens: one.tokens.saturating_mul(2) }
    }

    /// The lost idea nearest to this one, if it is near enough. A server that fails finds none.
    async fn nearest<'a>(
        &self,
        idea: &str,
        lost: &'a [Arc<CandidateFacts>],
        meter: Meter,
    ) -> Option<&'a Arc<CandidateFacts>> {
        let lock = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let unknown: Vec<&Arc<CandidateFacts>> = {
            let known = lock();
            lost.iter().filter(|c| !known.contains_key(&c.id)).take(NEW_VECTORS).collect()
        };
        let texts = unknown.iter().map(|lost| lost.change.summary.clone());
        let texts: Vec<String> = std::iter::once(idea.to_owned()).chain(texts).collect();
        let vectors = self.embedder.embed(texts, Some(meter)).await;
        let vectors = vectors.inspect_err(|fault| tracing::debug!("{fault}")).ok()?;
        let (own, others) = vectors.split_first()?;
        let mut known = lock();
        for (lost, vector) in unknown.iter().zip(others) {
            known.insert(lost.id, vector.as_slice().into());
        }
        let likeness = |lost: &&Arc<CandidateFacts>| known.get(&lost.id).map(|v| cosine(own, v));
        let scored = lost.iter().filter_map(|lost| Some((likeness(&lost)?, lost)));
        let (best, nearest) = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
        (best >= self.same).then_some(nearest)
    }
}

pub(crate) fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let sum = |x: &[f32], y: &[f32]| {
        x.iter().zip(y).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>()
    };
    let norms = (sum(a, a) * sum(b, b)).sqrt();
    if a.len() == b.len() && norms > 0.0 { sum(a, b) / norms } else { 0.0 }
}

/// Who had this idea before and lost, and what to say of it.
pub(crate) async fn had_before(
    shared: &Shared,
    request: &ProposalRequest,
    idea: &str,
) -> Option<(CandidateId, Mistake)> {
    if words(idea).count() < FEWEST_WORDS || request.lost.is_empty() {
        return None;
    }
    let lost = if let Some(lost) = by_words(request, idea) {
        lost
    } else {
        let vectors = shared.idea_vectors.as_ref()?;
        vectors.nearest(idea, &request.lost, request.meter()).await?
    };
    let parent = lost.parents().first().and_then(|id| {
        let mut known = request.parents.iter().chain(&request.lineage).chain(&request.lost);
        known.find(|facts| facts.id == *id)
    });
    let outcome = step_outcome(lost, parent.map(AsRef::as_ref), shared.task.primary());
    let problem = format!("{}: {} → {outcome}", lost.id, lost.change.summary);
    Some((lost.id, Mistake::new(RejectReason::Duplicate, problem)))
}

/// Whether two ideas are one by their words.
pub(crate) fn same_words(a: &str, b: &str) -> bool {
    let mut texts = ShortTexts::default();
    texts.add(a);
    texts.like(b).first().is_some_and(|(_, likeness)| *likeness >= SAME)
}

fn by_words<'a>(request: &'a ProposalRequest, idea: &str) -> Option<&'a Arc<CandidateFacts>> {
    let mut texts = ShortTexts::default();
    for lost in &request.lost {
        texts.add(&lost.change.summary);
    }
    let (place, likeness) = texts.like(idea).into_iter().next()?;
    request.lost.get(place).filter(|_| likeness >= SAME)
}
