//! `pareto`: who is best on some case may be a parent, the more often the more cases it leads
//! (GEPA, section on Pareto-based candidate selection). Cases are the evaluator's per-instance
//! scores; without them the objectives; with one objective alone, just that.

use std::collections::{BTreeMap, BTreeSet};

use evolve_core::event::{Envelope, Event, Operator, Selection};
use evolve_core::facts::CandidateFacts;
use evolve_core::outcome::{EvalPurpose, EvalStatus};
use evolve_core::task::SearchSection;
use evolve_core::{CandidateId, Facts};
use rand_pcg::Pcg64Mcg;

use crate::choice;
use crate::pool::Pool;
use crate::{Menu, Strategy};

/// Candidates that share the lead on a case, at most; the older ones go.
const SHARED_LEAD: usize = 256;

/// Who leads on one case.
#[derive(Debug, Clone, PartialEq)]
struct Lead {
    /// Turned so that more is better.
    score: f64,
    leaders: BTreeSet<CandidateId>,
}

/// See the module's page.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pareto {
    pool: Pool,
    leads: BTreeMap<String, Lead>,
    /// Coordinates of all that were seen, so that a lead can pass to the next when a leader
    /// turns out not to be one.
    scores: BTreeMap<CandidateId, BTreeMap<String, f64>>,
    most: usize,
}

impl Pareto {
    pub fn new(config: &SearchSection, menu: Menu) -> Self {
        Self {
            pool: Pool::new(menu, config.archive as usize, config.inspirations as usize),
            leads: BTreeMap::new(),
            scores: BTreeMap::new(),
            most: config.archive.max(2) as usize,
        }
    }

    fn enter(&mut self, id: CandidateId, scores: BTreeMap<String, f64>) {
        for (case, score) in &scores {
            lead(&mut self.leads, case, *score, id);
        }
        self.scores.insert(id, scores);
        if self.scores.len() > self.most {
            self.forget_a_follower();
        }
    }

    /// The oldest that leads nowhere goes.
    fn forget_a_follower(&mut self) {
        let leads = |id: &CandidateId| self.leads.values().any(|lead| lead.leaders.contains(id));
        if let Some(id) = self.scores.keys().find(|id| !leads(id)).copied() {
            self.scores.remove(&id);
        }
    }

    fn leave(&mut self, id: CandidateId) {
        let Some(scores) = self.scores.remove(&id) else { return };
        for case in scores.keys() {
            let Some(lead) = self.leads.get_mut(case) else { continue };
            lead.leaders.remove(&id);
            if !lead.leaders.is_empty() {
                continue;
            }
            self.leads.remove(case);
            for (other, scores) in &self.scores {
                if let Some(score) = scores.get(case) {
                    self::lead(&mut self.leads, case, *score, *other);
                }
            }
        }
    }

    /// The leaders, without those whose every lead is shared with another that stays; each with
    /// the number of cases it leads. The poorest overall are the first to go.
    fn front(&self) -> Vec<(CandidateId, f64)> {
        let mut cases: BTreeMap<CandidateId, Vec<&Lead>> = BTreeMap::new();
        for lead in self.leads.values() {
            for id in &lead.leaders {
                cases.entry(*id).or_default().push(lead);
            }
        }
        let overall = |id: &CandidateId| {
            self.pool.archive.member(*id).map_or(f64::NEG_INFINITY, |member| member.score)
        };
        let mut order: Vec<CandidateId> = cases.keys().copied().collect();
        order.sort_by(|a, b| overall(a).total_cmp(&overall(b)).then(a.cmp(b)));
        let mut stays: BTreeSet<CandidateId> = order.iter().copied().collect();
        for id in order {
            let covered = |lead: &&Lead| lead.leaders.iter().any(|l| *l != id && stays.contains(l));
            if cases.get(&id).is_some_and(|leads| leads.iter().all(&covered)) {
                stays.remove(&id);
            }
        }
        let count = |id: CandidateId| cases.get(&id).map_or(0.0, |leads| leads.len() as f64);
        stays.into_iter().map(|id| (id, count(id))).collect()
    }

    /// The member of the front that leads most cases which the parent does not.
    fn complement(&self, parent: CandidateId, front: &[(CandidateId, f64)]) -> Option<CandidateId> {
        let gap = |id: CandidateId| {
            let fills =
                |lead: &&Lead| lead.leaders.contains(&id) && !lead.leaders.contains(&parent);
            self.leads.values().filter(fills).count()
        };
        let others = front.iter().map(|(id, _)| *id).filter(|id| *id != parent);
        others.max_by_key(|id| (gap(*id), std::cmp::Reverse(*id)))
    }
}

fn lead(leads: &mut BTreeMap<String, Lead>, case: &str, score: f64, id: CandidateId) {
    let found =
        leads.entry(case.to_owned()).or_insert_with(|| Lead { score, leaders: BTreeSet::new() });
    if score > found.score {
        *found = Lead { score, leaders: BTreeSet::from([id]) };
    } else if score >= found.score {
        found.leaders.insert(id);
        if found.leaders.len() > SHARED_LEAD {
            found.leaders.pop_first();
        }
    }
}

/// A candidate's coordinates, turned so that more is better.
fn coordinates(facts: &Facts, candidate: &CandidateFacts) -> BTreeMap<String, f64> {
    let Some(score) = candidate.score().filter(|score| score.is_finite()) else {
        return BTreeMap::new();
    };
    let primary = facts.objective();
    let evaluation = candidate.evaluation.as_ref();
    let cases = evaluation.into_iter().flat_map(|evaluation| &evaluation.cases);
    let cases: BTreeMap<String, f64> = cases
        .filter(|(_, value)| value.is_finite())
        .map(|(case, value)| (case.clone(), primary.goal.turned(*value) + 0.0))
        .collect();
    if !cases.is_empty() {
        return cases;
    }
    let others = facts.run.task.objective.iter().skip(1).filter_map(|objective| {
        let value = objective.score(&evaluation?.metrics)?;
        Some((objective.metric.clone(), objective.goal.turned(value) + 0.0))
    });
    let first = (primary.metric.clone(), primary.goal.turned(score) + 0.0);
    std::iter::once(first).chain(others).collect()
}

impl Strategy for Pareto {
    fn name(&self) -> &'static str {
        "pareto"
    }

    fn observe(&mut self, facts: &Facts, envelope: &Envelope) {
        self.pool.observe(facts, envelope);
        match &envelope.event {
            Event::Evaluated(event)
                if event.purpose != EvalPurpose::Holdout
                    && event.status != EvalStatus::HostFault =>
            {
                self.leave(event.candidate);
                if let Some(candidate) = facts.candidate(event.candidate) {
                    let scores = coordinates(facts, candidate);
                    if !scores.is_empty() {
                        self.enter(candidate.id, scores);
                    }
                }
            }
            Event::Quarantined(event) => self.leave(event.candidate),
            _ => {}
        }
    }

    fn select(&self, facts: &Facts, rng: &mut Pcg64Mcg) -> Selection {
        let front = self.front();
        let Some(parent) = choice::weighted(&front, rng) else {
            return choice::first_step(&self.pool.menu, facts, 0, rng);
        };
        let mate = self.complement(parent, &front);
        let mut others: Vec<_> = mate.into_iter().collect();
        let besides = self.pool.others(parent, self.pool.inspirations, rng);
        others.extend(besides.into_iter().filter(|id| Some(*id) != mate));
        let mut selection =
            self.pool.complete_with(facts, rng, parent, others, self.pool.inspirations);
        if selection.operator == Operator::Crossover && mate.is_none() {
            selection.parents.truncate(1);
            selection.operator = choice::operator(&self.pool.menu, &[], rng);
        }
        selection
    }
}
