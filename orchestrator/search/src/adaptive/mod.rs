//! The default strategy. See `docs/search.md` for what it does and when.
//!
//! State changes only in [`Strategy::observe`]: [`learn`] credits what was tried and keeps the
//! islands alive, [`select`] decides, without changing anything.

mod islands;
mod learn;
mod niches;
mod repairs;
mod select;

use evolve_core::event::{Envelope, Event, Operator, Selection};
use evolve_core::outcome::{CallStatus, EvalPurpose, EvalStatus, RejectReason};
use evolve_core::task::{Choice, SearchSection};
use evolve_core::{CandidateId, Facts, ModelName};
use rand_pcg::Pcg64Mcg;

use crate::archive::{Archive, MOST_SLOTS};
use crate::axes::Axes;
use crate::bandit::Arms;
use crate::flights::Flights;
use crate::gains::Scale;
use crate::parameters::Parameters;
use crate::{Menu, Strategy};
use islands::Island;
use niches::Niches;
use repairs::Repairs;

/// What operators' and models' bandits keep of the past after each trial: about 150 and 50.
const OPERATORS_KEEP: f64 = 0.9935;
const MODELS_KEEP: f64 = 0.98;

/// Islands with an improvement signal, niches, bandits over islands, operators and models.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Adaptive {
    menu: Menu,
    inspirations: usize,
    most_islands: usize,
    archive: Archive,
    niches: Niches,
    islands: Vec<Island>,
    next_island: u32,
    flights: Flights,
    operators: Arms<Operator>,
    models: Arms<ModelName>,
    operator_choice: Choice,
    model_choice: Choice,
    repairs: Repairs,
    scale: Scale,
    tempo: learn::Tempo,
}

impl Adaptive {
    pub fn new(config: &SearchSection, menu: Menu, parameters: &Parameters) -> Self {
        let archive = config.archive.max(2) as usize;
        // An island of fewer than two members could never change its best for another.
        let most = MOST_SLOTS.min(archive / 2);
        let most_islands = (config.islands.max(1) as usize).min(most);
        let axes = Axes::new(parameters.names("descriptors"), parameters.count("bins") as u16);
        Self {
            menu: Menu { operators: crate::choice::drawable(&menu), models: menu.models },
            inspirations: config.inspirations as usize,
            most_islands,
            archive: Archive::new(1, archive / most_islands),
            niches: Niches::new(axes),
            islands: vec![Island::new(0)],
            next_island: 1,
            flights: Flights::default(),
            operators: Arms::new(OPERATORS_KEEP),
            models: Arms::new(MODELS_KEEP),
            operator_choice: config.operator_choice,
            model_choice: config.model_choice,
            repairs: Repairs::default(),
            scale: Scale::default(),
            tempo: learn::Tempo::default(),
        }
    }

    fn is_chosen(&self, model: &ModelName) -> bool {
        self.menu.models.iter().any(|(name, _)| name == model)
    }

    fn forget(&mut self, id: CandidateId) {
        self.archive.remove(id);
        self.niches.remove(id);
    }

    /// The place of an island in the lists; islands that were given up hand their late arrivals
    /// to one of the others.
    fn slot(&self, island: u32) -> usize {
        let place = self.islands.iter().position(|other| other.id == island);
        place.unwrap_or(island as usize % self.islands.len())
    }
}

impl Strategy for Adaptive {
    fn name(&self) -> &'static str {
        "adaptive"
    }

    fn observe(&mut self, facts: &Facts, envelope: &Envelope) {
        match &envelope.event {
            Event::Selected(event) => {
                if event.selection.operator == Operator::Fix {
                    event.selection.parents.iter().for_each(|parent| self.repairs.begun(*parent));
                }
                self.flights.take_off(event);
            }
            // Embeddings are calls too, but no choice of the strategy's.
            Event::CallSettled(event) if self.is_chosen(&event.model) => {
                self.flights.answered(event.candidate, &event.model);
                self.models.spend(&event.model, event.cost.dollars());
                if is_fault_of_model(event.status) {
                    self.models.observe(&event.model, 0.0);
                }
            }
            Event::Rejected(event) => self.rejected(event.candidate, event.reason),
            Event::Evaluated(event) if event.status != EvalStatus::HostFault => match event.purpose
            {
                EvalPurpose::Search => self.evaluated(facts, event.candidate),
                EvalPurpose::Confirm => self.rescored(facts, event.candidate),
                EvalPurpose::Holdout => {}
            },
            Event::Quarantined(event) => self.forget(event.candidate),
            _ => {}
        }
    }

    fn select(&self, facts: &Facts, rng: &mut Pcg64Mcg) -> Selection {
        self.decide(facts, rng)
    }
}

/// Answers that were paid for and useless; outages are the breaker's business.
fn is_fault_of_model(status: CallStatus) -> bool {
    matches!(status, CallStatus::Truncated | CallStatus::Garbled | CallStatus::Refused)
}

/// Whether a rejected proposal says anything about what was tried.
fn counts(reason: RejectReason) -> bool {
    !matches!(reason, RejectReason::Interrupted | RejectReason::HostFault)
}
