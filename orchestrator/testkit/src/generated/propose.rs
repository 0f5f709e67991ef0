//! Selections and what comes of them.

use evolve_core::event::{
    BreakerChanged, CallSettled, Change, Edit, Event, KnowledgeShown, Operator, Proposed, Rejected,
    Reservation, Selected, Selection,
};
use evolve_core::ids::{BlobHash, CandidateId, ModelName};
use evolve_core::money::{TokenUsage, Usd};
use evolve_core::outcome::{CallStatus, RejectReason};
use evolve_core::ports::HostFault;
use evolve_core::shape::Shape;

use super::{Story, texts};

const CALL_FAULTS: &[CallStatus] = &[
    CallStatus::RateLimited,
    CallStatus::ServerError,
    CallStatus::TimedOut,
    CallStatus::Truncated,
    CallStatus::Garbled,
];

const REJECTIONS: &[RejectReason] = &[
    RejectReason::Duplicate,
    RejectReason::Duplicate,
    RejectReason::PatchFailed,
    RejectReason::Syntax,
    RejectReason::OutsideRegion,
    RejectReason::Denied,
    RejectReason::Unusable,
    RejectReason::Refused,
    RejectReason::ModelFailed,
];

impl Story<'_> {
    pub(super) fn select(&mut self) {
        let candidate = self.facts.next_candidate();
        let island = self.below(3) as u32;
        let operator = self.operator();
        let parents = match operator {
            Operator::Draft | Operator::Start => Vec::new(),
            Operator::Fix => {
                let failed = self.failed.clone();
                self.pick(&failed).into_iter().collect()
            }
            Operator::Crossover => {
                let mut parents = vec![self.parent(island), self.parent(island)];
                parents.dedup();
                parents
            }
            _ => vec![self.parent(island)],
        };
        let mut models = vec![ModelName::from("small-model"), ModelName::from("large-model")];
        if self.chance(0.25) {
            models.reverse();
        }
        let without_model = operator == Operator::Mutate;
        let reserved = if without_model {
            Reservation::default()
        } else {
            Reservation { usd: Usd::from_dollars(0.4), tokens: 64_000 }
        };
        let inspirations = (1..=self.below(3)).map(|_| self.parent(island)).collect();
        let models = if without_model { Vec::new() } else { models };
        let selection = Selection { operator, island, parents, inspirations, models, tactic: None };
        self.push(Event::Selected(Selected { candidate, selection, reserved }));
    }

    fn operator(&mut self) -> Operator {
        match self.below(100) {
            0..45 => Operator::Diff,
            45..60 => Operator::Rewrite,
            60..70 => Operator::Crossover,
            70..80 if !self.failed.is_empty() => Operator::Fix,
            80..82 => Operator::Draft,
            _ => Operator::Mutate,
        }
    }

    /// The better of two recent ones of the island, the start if it has none.
    fn parent(&mut self, island: u32) -> CandidateId {
        let at_home: Vec<_> = self
            .scored
            .iter()
            .rev()
            .take(90)
            .filter(|id| self.facts.candidate(**id).is_some_and(|c| c.selection.island == island))
            .copied()
            .collect();
        let [a, b] = [self.pick(&at_home), self.pick(&at_home)];
        let worth = |id: &CandidateId| self.worth.get(id).copied().unwrap_or(0.0);
        a.into_iter()
            .chain(b)
            .max_by(|a, b| worth(a).total_cmp(&worth(b)))
            .unwrap_or(CandidateId::START)
    }

    pub(super) fn end_proposal(&mut self) -> Result<(), HostFault> {
        let under_way: Vec<_> = self.facts.proposing.keys().copied().collect();
        let Some(candidate) = self.pick(&under_way) else { return Ok(()) };
        let Some(facts) = self.facts.candidate(candidate).cloned() else { return Ok(()) };
        let base = facts.parents().first().and_then(|id| self.programs.get(id)).cloned();
        let circle = self.below(24) as usize;
        let radius = 0.01 + 0.05 * self.unit();
        if self.chance(0.3) {
            let items = vec![format!("circle-packing-{}", self.below(9)), "radius-1".to_owned()];
            self.push(Event::KnowledgeShown(KnowledgeShown { candidate, items }));
        }
        let mut prompt = None;
        let mut model = None;
        if facts.selection.operator != Operator::Mutate {
            let request = self.put(&texts::prompt(candidate, base.as_ref()))?;
            prompt = Some(request);
            model = self.call(candidate, request, &texts::answer(candidate, circle, radius))?;
        }
        if model.is_none() && prompt.is_some() {
            self.reject(candidate, RejectReason::ModelFailed, prompt);
            return Ok(());
        }
        if self.chance(0.12) {
            let reason = self.pick(REJECTIONS).unwrap_or(RejectReason::Unusable);
            self.reject(candidate, reason, prompt);
            return Ok(());
        }
        let program =
            texts::with_radius(&base.unwrap_or_else(texts::start_program), circle, radius);
        let parent_worth =
            facts.parents().first().and_then(|id| self.worth.get(id)).copied().unwrap_or(0.8);
        let step = (self.unit() + self.unit() - 1.15) * 0.2;
        self.worth.insert(candidate, parent_worth + step * (4.0 / (1.0 + parent_worth)).min(1.0));
        let hash = self.blobs.put(&program.to_bytes())?;
        let site = format!("pack.py/RADII[{circle}]");
        let repairs = u32::from(self.chance(0.1));
        let edits = vec![Edit { kind: "literal".to_owned(), site, step: Some(radius) }];
        self.push(Event::Proposed(Proposed {
            candidate,
            program: hash,
            normal: Some(BlobHash::of(format!("normal {hash}").as_bytes())),
            shape: Some(Shape::of(&program, Some(&texts::start_program()))),
            change: Change {
                summary: format!("radius of circle {circle} to {radius:.4}"),
                edits,
                ..Change::default()
            },
            model,
            prompt,
            repairs,
        }));
        self.programs.insert(candidate, program);
        Ok(())
    }

    /// A model call, now and then after one that failed; the model that answered.
    fn call(
        &mut self,
        candidate: CandidateId,
        request: BlobHash,
        answer: &str,
    ) -> Result<Option<ModelName>, HostFault> {
        let wanted = self.facts.candidate(candidate).map(|c| c.selection.models.clone());
        for model in wanted.unwrap_or_default() {
            let fault = if self.chance(0.08) { self.pick(CALL_FAULTS) } else { None };
            let usage = TokenUsage {
                input: 1_800 + self.below(900),
                cached: 1_000,
                output: if fault.is_none() { 150 + self.below(400) } else { 0 },
            };
            let price = self.facts.run.task.model.iter().find(|m| m.name == model);
            let cost = price.and_then(|m| m.price).map_or(Usd::ZERO, |price| price.cost(usage));
            let response = if fault.is_none() { Some(self.put(answer)?) } else { None };
            let latency_ms = 300 + self.below(9_000);
            self.push(Event::CallSettled(CallSettled {
                candidate,
                analysis: None,
                model: model.clone(),
                status: fault.unwrap_or(CallStatus::Ok),
                detail: fault.map_or_else(String::new, |fault| format!("{}: 1 try", fault.word())),
                usage,
                estimated: fault.is_some(),
                cost,
                request,
                response,
                latency_ms,
            }));
            if fault.is_none() {
                return Ok(Some(model));
            }
            if self.chance(0.1) {
                let why = "three calls in a row failed".to_owned();
                let open = !self.facts.open_breakers.contains_key(&model);
                self.push(Event::BreakerChanged(BreakerChanged { model, open, why }));
            }
        }
        Ok(None)
    }

    fn reject(&mut self, candidate: CandidateId, reason: RejectReason, prompt: Option<BlobHash>) {
        let repeats = reason == RejectReason::Duplicate;
        let known = self.scored.clone();
        let clash = if repeats { self.pick(&known) } else { None };
        self.push(Event::Rejected(Rejected {
            candidate,
            reason,
            detail: format!("{}: line {}", reason.word(), self.draws % 40),
            clash,
            prompt,
            forfeited: Reservation::default(),
        }));
    }
}
