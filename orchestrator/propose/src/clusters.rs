//! Clusters of programs by meaning, for strategies that keep a grid over them.
//!
//! A program belongs with the first of an earlier cluster whose embedding is near enough, or
//! begins a cluster of its own (leader clustering: Hartigan, "Clustering algorithms", 1975,
//! chapter 3). What is embedded are the lines that the start does not have: programs of one run
//! are alike in the others.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evolve_core::event::{Envelope, Event, Reservation};
use evolve_core::ids::BlobHash;
use evolve_core::ports::{Embedder, HostFault, ProposalRequest};
use evolve_core::program::Program;

use crate::by_model::load_blob;
use crate::repeats::cosine;

/// Most clusters; later programs belong with the nearest.
const MOST: usize = 32;
/// Leaders whose vectors are asked for in one call: after a resume none is known.
const NEW_VECTORS: usize = 4;

/// The first program of a cluster.
#[derive(Debug, Clone)]
struct Leader {
    program: BlobHash,
    vector: Option<Arc<[f32]>>,
}

/// Clusters of a run's programs, numbered in the order of their leaders. Leaders are a fold over
/// the journal; their vectors are asked for anew in every process.
pub(crate) struct Clusters {
    embedder: Arc<dyn Embedder>,
    /// Cosine from which on two programs are of one cluster.
    same: f64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    start: Option<BlobHash>,
    /// None for numbers that no program of the journal has.
    leaders: Vec<Option<Leader>>,
}

impl Clusters {
    pub(crate) fn new(embedder: Arc<dyn Embedder>, same: f64) -> Self {
        Self { embedder, same, state: Mutex::default() }
    }

    /// The most that finding one program's cluster can cost.
    pub(crate) fn reservation(&self) -> Reservation {
        let one = self.embedder.reservation();
        let texts = 1 + NEW_VECTORS as u64;
        Reservation { usd: one.usd.times(texts), tokens: one.tokens.saturating_mul(texts) }
    }

    pub(crate) fn observe(&self, event: &Envelope) {
        match &event.event {
            Event::RunStarted(started) => self.lock().start = started.program,
            Event::Proposed(proposed) => {
                let number = proposed.shape.and_then(|shape| shape.cluster);
                let Some(number) = number.map(|number| number as usize) else { return };
                let mut state = self.lock();
                if number < MOST && state.leaders.len() <= number {
                    state.leaders.resize(number + 1, None);
                }
                let leader = Leader { program: proposed.program, vector: None };
                if let Some(place) = state.leaders.get_mut(number) {
                    place.get_or_insert(leader);
                }
            }
            _ => {}
        }
    }

    /// The number of a program's cluster. None if it has no line of its own, if the server fails,
    /// and for a few proposals after a resume: until the leaders' vectors are known again, a
    /// program is placed only where it is near a known one.
    pub(crate) async fn of(&self, program: &Program, request: &ProposalRequest) -> Option<u32> {
        let found = self.place(program, request).await;
        found.inspect_err(|fault| tracing::debug!("{fault}")).ok()?
    }

    async fn place(
        &self,
        program: &Program,
        request: &ProposalRequest,
    ) -> Result<Option<u32>, HostFault> {
        let blobs = request.blobs.as_ref();
        let start = self.lock().start.map(|start| load_blob(start, blobs)).transpose()?;
        let text = own_lines(program, start.as_ref());
        if text.is_empty() {
            return Ok(None);
        }
        let unknown = self.unknown();
        let mut texts = vec![text];
        for leader in &unknown {
            texts.push(own_lines(&load_blob(*leader, blobs)?, start.as_ref()));
        }
        let vectors = self.embedder.embed(texts, Some(request.meter())).await?;
        let Some((own, others)) = vectors.split_first() else { return Ok(None) };
        let mut state = self.lock();
        for (program, vector) in unknown.iter().zip(others) {
            let mut leaders = state.leaders.iter_mut().flatten();
            if let Some(leader) = leaders.find(|leader| leader.program == *program) {
                leader.vector = Some(vector.as_slice().into());
            }
        }
        let program = BlobHash::of(&program.to_bytes());
        Ok(state.join(program, own, self.same))
    }

    fn unknown(&self) -> Vec<BlobHash> {
        let state = self.lock();
        let unknown = state.leaders.iter().flatten().filter(|leader| leader.vector.is_none());
        unknown.map(|leader| leader.program).take(NEW_VECTORS).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The nearest cluster if it is near enough, or there can be no more; else a new one.
    fn join(&mut self, program: BlobHash, vector: &[f32], same: f64) -> Option<u32> {
        let likeness = |leader: &Option<Leader>| {
            let known = leader.as_ref()?.vector.as_ref()?;
            Some(cosine(known, vector))
        };
        let unknown = self.leaders.iter().flatten().any(|leader| leader.vector.is_none());
        let known = self.leaders.iter().enumerate();
        let known = known.filter_map(|(number, leader)| Some((likeness(leader)?, number)));
        let nearest = known.max_by(|a, b| a.0.total_cmp(&b.0));
        let full = self.leaders.len() >= MOST;
        let number = match nearest {
            Some((likeness, number)) if likeness >= same || full && !unknown => number,
            // It may belong to a leader whose vector was not asked for yet.
            _ if full || unknown => return None,
            _ => {
                let vector = Some(vector.into());
                self.leaders.push(Some(Leader { program, vector }));
                self.leaders.len() - 1
            }
        };
        u32::try_from(number).ok()
    }
}

/// The lines that the start does not have, in their order.
fn own_lines(program: &Program, start: Option<&Program>) -> String {
    let lines = |program: &'_ Program| -> Vec<String> {
        let lines = program.files.values().flat_map(|text| text.lines()).map(str::trim);
        lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
    };
    let known: HashSet<String> = start.map(lines).unwrap_or_default().into_iter().collect();
    let own = lines(program).into_iter().filter(|line| !known.contains(line));
    own.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: usize) -> BlobHash {
        BlobHash::of(&number.to_le_bytes())
    }

    #[test]
    fn programs_join_the_nearest_leader_or_lead_themselves_and_clusters_are_bounded() {
        let mut state = State::default();
        let mut join = |number, vector: &[f32]| state.join(hash(number), vector, 0.9);
        assert_eq!(join(1, &[1.0, 0.0]), Some(0));
        assert_eq!(join(2, &[0.0, 1.0]), Some(1));
        assert_eq!(join(3, &[0.9, 0.1]), Some(0));
        assert_eq!(join(4, &[1.0, 1.0]), Some(2));
        let angle = |i: usize| std::f32::consts::PI * (1.0 + i as f32 / 400.0);
        let wide = |i: usize| [angle(i).cos(), angle(i).sin(), i as f32];
        let numbers: Vec<_> = (5..80).map(|i| join(i, &wide(i))).collect();
        assert!(numbers.iter().flatten().all(|number| (*number as usize) < MOST), "{numbers:?}");
    }

    #[test]
    fn no_cluster_begins_while_the_vector_of_a_leader_is_unknown() {
        let leader = |number, vector: Option<&[f32]>| {
            Some(Leader { program: hash(number), vector: vector.map(Into::into) })
        };
        let leaders = vec![leader(1, Some(&[1.0, 0.0])), leader(2, None)];
        let mut state = State { leaders, ..State::default() };
        assert_eq!(state.join(hash(3), &[1.0, 0.1], 0.9), Some(0));
        assert_eq!(state.join(hash(4), &[0.0, 1.0], 0.9), None, "it may be of the second");
        state.leaders[1] = leader(2, Some(&[0.0, 1.0]));
        assert_eq!(state.join(hash(4), &[0.1, 1.0], 0.9), Some(1));
        let mut gone = State { leaders: vec![None; MOST], ..State::default() };
        assert_eq!(gone.join(hash(1), &[1.0], 0.9), None, "none of them can be joined");
    }

    #[test]
    fn only_lines_that_the_start_does_not_have_count() {
        let start = Program::single("p.py", "import x\n\ny = 1\n");
        let program = Program::single("p.py", "import x\n  y = 1\nz = 2\n# more\n");
        assert_eq!(own_lines(&program, Some(&start)), "z = 2\n# more");
        assert_eq!(own_lines(&start, Some(&start)), "");
        assert_eq!(own_lines(&start, None), "import x\ny = 1");
    }
}
