//! The run's proposer: sends each selection to the part that knows its operator.

use std::sync::Arc;

use evolve_core::event::{Change, Envelope, Event, Operator, Reservation, Selection};
use evolve_core::facts::Facts;
use evolve_core::knowledge::Credits;
use evolve_core::ports::{
    BoxFuture, Clock, GivenProgram, KnowledgeBase, Language, NewProgram, NoProgram,
    ProposalOutcome, ProposalRequest, Proposer,
};
use evolve_core::program::Program;
use evolve_core::redact::Redactor;
use evolve_core::task::TaskConfig;
use evolve_mutate::Memory;
use evolve_prompts::{Counting, Prompts};

use crate::allowance::reservation;
use crate::client::{Model, Patience, counting};
use crate::clusters::Clusters;
use crate::command::Command;
use crate::deny::Denied;
use crate::operators::{language, needs_model};
use crate::repeats::IdeaVectors;
use crate::setup::{ProposerSetup, SetupError, models};
use crate::{by_model, by_person, without_model};

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
    /// Where ideas are compared by meaning.
    pub idea_vectors: Option<IdeaVectors>,
    /// Where the strategy orders programs by meaning.
    pub clusters: Option<Clusters>,
    /// The first candidates.
    pub population: Vec<Program>,
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

    /// The worst case of a proposal: its calls, and the retrieval of what is shown.
    pub(crate) fn reservation(&self, selection: &Selection) -> Reservation {
        let mut all = self.reservation_for_calls(selection);
        if let Some(knowledge) = self.knowledge.as_ref().filter(|_| needs_model(selection.operator))
        {
            let retrieval = knowledge.reservation();
            all.usd += retrieval.usd;
            all.tokens = all.tokens.saturating_add(retrieval.tokens);
        }
        if let Some(vectors) =
            self.idea_vectors.as_ref().filter(|_| needs_model(selection.operator))
        {
            let comparison = vectors.reservation();
            all.usd += comparison.usd;
            all.tokens = all.tokens.saturating_add(comparison.tokens);
        }
        if let Some(clusters) = &self.clusters {
            let placing = clusters.reservation();
            all.usd += placing.usd;
            all.tokens = all.tokens.saturating_add(placing.tokens);
        }
        all
    }

    pub(crate) fn reservation_for_calls(&self, selection: &Selection) -> Reservation {
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
    /// What knowledge was worth so far; a fold, too.
    credits: Arc<Credits>,
    /// Programs that persons gave so far; a fold, too. They take numbers between those of the
    /// task's own population.
    injected: u64,
}

impl Proposers {
    /// Makes the proposer; every mistake in models, keys and operators is found here.
    pub fn new(setup: ProposerSetup) -> Result<Self, SetupError> {
        let models = models(&setup)?;
        let language_name = setup.task.language();
        if !models.is_empty() {
            evolve_prompts::prepare_tokenizer();
        }
        let same = setup.task.embedding.as_ref().map_or(1.0, |section| section.same_idea);
        let clusters = setup.embedder.clone().filter(|_| setup.task.search.asks_for_clusters());
        let shared = Shared {
            clusters: clusters.map(|embedder| Clusters::new(embedder, same)),
            idea_vectors: setup.embedder.map(|embedder| IdeaVectors::new(embedder, same)),
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
            population: setup.population,
        };
        Ok(Self {
            shared: Arc::new(shared),
            memory: Memory::default(),
            credits: Arc::default(),
            injected: 0,
        })
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn shared_ref(&self) -> &Arc<Shared> {
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

/// What comes of a selection that is a program of the task's own population.
fn given(shared: &Shared, request: &ProposalRequest, injected: u64) -> Option<ProposalOutcome> {
    let selection = &request.selection;
    if selection.operator != Operator::Draft || !selection.parents.is_empty() {
        return None;
    }
    let place = request.candidate.0.checked_sub(1 + injected)?;
    let program = shared.population.get(usize::try_from(place).ok()?)?.clone();
    let language = shared.language.as_deref();
    let normal = language.and_then(|language| evolve_mutate::normal_hash(language, &program));
    let change = Change { summary: "given with the task".to_owned(), ..Change::default() };
    let new = NewProgram::of(program, normal, change);
    Some(ProposalOutcome { shown: Vec::new(), result: Ok(new) })
}

impl Proposer for Proposers {
    fn reservation(&self, selection: &Selection) -> Reservation {
        self.shared.reservation(selection)
    }

    fn propose(&self, request: ProposalRequest) -> BoxFuture<ProposalOutcome> {
        let shared = self.shared.clone();
        let given = given(&shared, &request, self.injected);
        let edits = request.selection.operator == Operator::Mutate;
        let memory = edits.then(|| self.memory.clone());
        let credits = Arc::clone(&self.credits);
        Box::pin(async move {
            let mut outcome = match (given, memory, &shared.command) {
                (Some(outcome), ..) => outcome,
                (_, Some(memory), _) => without_model::propose(&shared, &memory, &request),
                (_, _, Some(command)) => command.propose(&shared, &credits, &request).await,
                _ => by_model::propose(&shared, &credits, &request).await,
            };
            if let (Some(clusters), Ok(new)) = (&shared.clusters, &mut outcome.result) {
                new.cluster = clusters.of(&new.program, &request).await;
            }
            outcome
        })
    }

    fn admit(&self, given: GivenProgram) -> BoxFuture<Result<NewProgram, NoProgram>> {
        let shared = self.shared.clone();
        Box::pin(async move { by_person::admit(&shared, given) })
    }

    fn observe(&mut self, facts: &Facts, event: &Envelope) {
        if let Event::Selected(selected) = &event.event {
            self.injected += u64::from(selected.selection.operator == Operator::Inject);
        }
        if let Some(clusters) = &self.shared.clusters {
            clusters.observe(event);
        }
        self.memory.observe(facts, event);
        if self.shared.command.is_some() || !self.shared.models.is_empty() {
            Arc::make_mut(&mut self.credits).observe(facts, event);
        }
    }
}
