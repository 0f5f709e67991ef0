//! The run's proposer: sends each selection to the part that knows its operator.

use std::sync::Arc;

use evolve_core::event::{Envelope, Operator, Reservation, Selection};
use evolve_core::facts::Facts;
use evolve_core::ports::{
    BoxFuture, Clock, KnowledgeBase, Language, ProposalOutcome, ProposalRequest, Proposer,
};
use evolve_core::redact::Redactor;
use evolve_core::task::TaskConfig;
use evolve_mutate::Memory;
use evolve_prompts::{Counting, Prompts};

use crate::allowance::reservation;
use crate::client::{Model, Patience, counting};
use crate::command::Command;
use crate::deny::Denied;
use crate::operators::{language, needs_model};
use crate::setup::{ProposerSetup, SetupError, models};
use crate::{by_model, without_model};

/// What all proposals of a run share; never changes.
pub(crate) struct Shared {
    pub task: Arc<TaskConfig>,
    pub description: String,
    pub prompts: Prompts,
    pub knowledge: Option<Arc<dyn KnowledgeBase>>,
    pub clock: Arc<dyn Clock>,
    pub patience: Patience,
    pub redactor: Redactor,
    pub models: Vec<Arc<Model>>,
    /// The task's own program that proposes, where it does.
    pub command: Option<Command>,
    pub language_name: Option<String>,
    pub language: Option<Arc<dyn Language>>,
    pub denied: Arc<Denied>,
}

impl Shared {
    /// The models to try, in order. A selection that names none may use all; names that the
    /// task no longer has are passed over.
    pub(crate) fn models_for(&self, selection: &Selection) -> Vec<&Arc<Model>> {
        if selection.models.is_empty() {
            return self.models.iter().collect();
        }
        selection
            .models
            .iter()
            .filter_map(|name| self.models.iter().find(|model| model.section.name == *name))
            .collect()
    }

    /// How prompts are counted: one that another model may get must fit there too.
    pub(crate) fn counting(&self) -> Counting {
        let openai = |model: &Arc<Model>| counting(&model.section) == Counting::OpenAi;
        if self.models.iter().all(openai) { Counting::OpenAi } else { Counting::Cautious }
    }

    pub(crate) fn reservation(&self, selection: &Selection) -> Reservation {
        if !needs_model(selection.operator) {
            return Reservation::default();
        }
        if let Some(command) = &self.command {
            return command.reservation();
        }
        let models = self.models_for(selection);
        reservation(models.iter().map(|model| &model.section), self.task.prompts.max_tokens)
    }

    pub(crate) fn editable_globs(&self) -> &[String] {
        self.task.program.as_ref().map(|program| program.editable.as_slice()).unwrap_or_default()
    }
}

/// The run's proposer. See the crate's page.
pub struct Proposers {
    shared: Arc<Shared>,
    /// What `mutate` learned; a fold over the journal.
    memory: Memory,
}

impl Proposers {
    /// Makes the proposer; every mistake in models, keys and operators is found here.
    pub fn new(setup: ProposerSetup) -> Result<Self, SetupError> {
        let models = models(&setup)?;
        let language_name = setup.task.language();
        if !models.is_empty() {
            evolve_prompts::prepare_tokenizer();
        }
        let shared = Shared {
            denied: Arc::new(Denied::of(&setup.task)),
            redactor: Redactor::new(setup.keys.secrets()),
            language: language_name.as_deref().and_then(|name| language(name, &setup.languages)),
            language_name,
            command: setup.command.map(|setup| Command::new(setup, &models)),
            task: setup.task,
            description: setup.description,
            prompts: setup.prompts,
            knowledge: setup.knowledge,
            clock: setup.clock,
            patience: setup.patience,
            models,
        };
        Ok(Self { shared: Arc::new(shared), memory: Memory::default() })
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The word for the journal's first event: `command`, `model`, or `mutate` when there is
    /// neither.
    pub fn name(&self) -> &'static str {
        if self.shared.command.is_some() {
            "command"
        } else if self.shared.models.is_empty() {
            "mutate"
        } else {
            "model"
        }
    }
}

impl Proposer for Proposers {
    fn reservation(&self, selection: &Selection) -> Reservation {
        self.shared.reservation(selection)
    }

    fn propose(&self, request: ProposalRequest) -> BoxFuture<ProposalOutcome> {
        let shared = self.shared.clone();
        if request.selection.operator == Operator::Mutate {
            let memory = self.memory.clone();
            return Box::pin(async move { without_model::propose(&shared, &memory, &request) });
        }
        Box::pin(async move {
            match &shared.command {
                Some(command) => command.propose(&shared, &request).await,
                None => by_model::propose(&shared, &request).await,
            }
        })
    }

    fn observe(&mut self, facts: &Facts, event: &Envelope) {
        self.memory.observe(facts, event);
    }
}
