//! Evaluations and verdicts.

use std::collections::BTreeMap;

use evolve_core::event::{EvalStarted, Evaluated, Event, Promoted, StageDone, Verdict};
use evolve_core::facts::{CandidateState, Running};
use evolve_core::ids::{BlobHash, CandidateId, StageName};
use evolve_core::objective::Metrics;
use evolve_core::outcome::{EvalPurpose, EvalStatus, Usage};
use evolve_core::ports::HostFault;

use super::{Story, texts};

const FAILURES: &[EvalStatus] = &[
    EvalStatus::Gated,
    EvalStatus::Invalid,
    EvalStatus::Crashed,
    EvalStatus::TimedOut,
    EvalStatus::OutOfMemory,
    EvalStatus::LimitHit,
    EvalStatus::JudgeFailed,
    EvalStatus::HostFault,
];

impl Story<'_> {
    pub(super) fn start_evaluation(&mut self) {
        if let Some(candidate) = self.facts.ready.front().copied() {
            self.begin_evaluation(candidate, EvalPurpose::Search, (0, 2));
        }
    }

    fn begin_evaluation(
        &mut self,
        candidate: CandidateId,
        purpose: EvalPurpose,
        repeats: (u32, u32),
    ) {
        let attempt = self.attempts.entry((candidate, purpose)).or_default();
        *attempt += 1;
        let attempt = *attempt;
        self.push(Event::EvalStarted(EvalStarted { candidate, attempt, purpose, repeats }));
    }

    pub(super) fn end_evaluation(&mut self) -> Result<(), HostFault> {
        let under_way: Vec<_> = self.facts.evaluating.keys().copied().collect();
        let Some(candidate) = self.pick(&under_way) else { return Ok(()) };
        let Some(running) = self.facts.evaluating.get(&candidate).copied() else { return Ok(()) };
        let start = candidate == CandidateId::START;
        let fails = !start && running.purpose == EvalPurpose::Search && self.chance(0.15);
        let status = if fails { self.pick(FAILURES) } else { None }.unwrap_or(EvalStatus::Ok);
        let samples = self.measure(candidate, running, status)?;
        self.push_evaluated(candidate, running, status, samples)?;
        if status == EvalStatus::HostFault {
            return Ok(());
        }
        if running.purpose == EvalPurpose::Search {
            let list = if status == EvalStatus::Ok { &mut self.scored } else { &mut self.failed };
            list.push(candidate);
            if self.facts.counts.evaluated % 25 == 7 {
                self.analyze();
            }
        }
        self.judge(candidate, running.purpose);
        Ok(())
    }

    /// The stages of an evaluation; the primary metric by repeat.
    fn measure(
        &mut self,
        candidate: CandidateId,
        running: Running,
        status: EvalStatus,
    ) -> Result<Vec<f64>, HostFault> {
        let worth = self.worth.get(&candidate).copied().unwrap_or(1.0);
        let mut samples = Vec::new();
        for repeat in running.repeats.0..running.repeats.1 {
            let ok = status == EvalStatus::Ok;
            let value = worth + 0.02 * (self.unit() - 0.5);
            let metrics = if ok { metrics(value, 1.0 + self.unit()) } else { Metrics::new() };
            let log = self.put(&texts::log(candidate, running.attempt, status.word()))?;
            let stage = if ok { "full" } else { "smoke" };
            let wall_s = 0.1 + self.unit();
            self.push(Event::StageDone(StageDone {
                candidate,
                attempt: running.attempt,
                purpose: running.purpose,
                stage: StageName::from(stage),
                repeat,
                status,
                metrics,
                log: Some(log),
                usage: usage(wall_s),
            }));
            if !ok {
                break;
            }
            samples.push(value);
        }
        Ok(samples)
    }

    fn push_evaluated(
        &mut self,
        candidate: CandidateId,
        running: Running,
        status: EvalStatus,
        samples: Vec<f64>,
    ) -> Result<(), HostFault> {
        let ok = status == EvalStatus::Ok;
        let mean = samples.iter().sum::<f64>() / samples.len().max(1) as f64;
        let log = self.put(&texts::log(candidate, running.attempt, status.word()))?;
        let mut artifacts: BTreeMap<String, BlobHash> = BTreeMap::new();
        if ok && self.chance(0.2) {
            artifacts.insert("plot.svg".to_owned(), self.put(&texts::plot(mean))?);
        }
        let seconds = 1.0 + self.unit();
        let cases = (0..3).map(|i| (format!("case-{i}"), mean * (0.9 + 0.1 * f64::from(i))));
        let (detail, feedback) = if ok {
            (String::new(), format!("{} circles touch", self.below(24)))
        } else {
            (format!("{}: exit code {}", status.word(), self.below(4)), String::new())
        };
        let wall_s = 0.4 + self.unit();
        self.push(Event::Evaluated(Evaluated {
            candidate,
            attempt: running.attempt,
            purpose: running.purpose,
            status,
            detail,
            stage: (!ok).then(|| StageName::from("smoke")),
            metrics: if ok { metrics(mean, seconds) } else { Metrics::new() },
            cases: if ok { cases.collect() } else { Metrics::new() },
            samples,
            feedback,
            artifacts,
            log: Some(log),
            usage: usage(wall_s),
        }));
        Ok(())
    }

    /// What follows from an evaluation that ended: more of them, or a verdict.
    fn judge(&mut self, candidate: CandidateId, purpose: EvalPurpose) {
        let Some(facts) = self.facts.candidate(candidate).cloned() else { return };
        if facts.state != CandidateState::Evaluated || !self.facts.contenders.contains(&candidate) {
            return;
        }
        let Some(score) = facts.score() else { return };
        if candidate == CandidateId::START {
            self.promote(candidate, score);
            return;
        }
        match purpose {
            EvalPurpose::Search if self.chance(0.15) => {
                let why = format!("{score:.3} is better than anything plausible");
                self.push(Event::Quarantined(Verdict { candidate, why }));
                self.scored.retain(|id| *id != candidate);
            }
            EvalPurpose::Search => {
                self.begin_evaluation(candidate, EvalPurpose::Confirm, (2, 4));
            }
            EvalPurpose::Confirm => {
                self.begin_evaluation(candidate, EvalPurpose::Holdout, (0, 1));
            }
            EvalPurpose::Holdout if self.chance(0.15) => {
                let why = "its gain is within the noise".to_owned();
                self.push(Event::Demoted(Verdict { candidate, why }));
            }
            EvalPurpose::Holdout => self.promote(candidate, score),
        }
    }

    fn promote(&mut self, candidate: CandidateId, score: f64) {
        let gain = self.facts.gain(score).unwrap_or(0.0);
        let previous = self.facts.best;
        self.push(Event::Promoted(Promoted { candidate, score, gain, previous }));
    }
}

fn metrics(score: f64, seconds: f64) -> Metrics {
    let values = [("score", score), ("seconds", seconds), ("valid", 1.0), ("touching_pairs", 3.0)];
    values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn usage(wall_s: f64) -> Usage {
    Usage { wall_s, cpu_s: 0.9 * wall_s, peak_memory: 30 << 20, ..Usage::default() }
}
