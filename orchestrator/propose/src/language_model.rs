//! A model of the task that answers questions other than for a program: of the analyzer, and of
//! who distils a document.

use std::sync::Arc;

use evolve_core::event::Reservation;
use evolve_core::ids::ModelName;
use evolve_core::ports::{BoxFuture, LanguageModel, Meter, Question};
use evolve_core::task::{ModelSection, TaskConfig};
use evolve_prompts::Counting;
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;

use crate::allowance::{Allowance, reservation};
use crate::client::{AskError, Caller, Message, Model, counting, prompt_tokens};
use crate::proposers::{Proposers, Shared};

impl Proposers {
    /// A model of the task, for other questions. It shares its slots, its breaker and its rates
    /// with the proposals. None if the task has no model of that name.
    pub fn language_model(&self, name: &ModelName) -> Option<Arc<dyn LanguageModel>> {
        let shared = self.shared_ref();
        let model = shared.models.iter().find(|model| model.section.name == *name)?;
        Some(Arc::new(Asked { shared: Arc::clone(shared), model: Arc::clone(model) }))
    }
}

struct Asked {
    shared: Arc<Shared>,
    model: Arc<Model>,
}

impl LanguageModel for Asked {
    fn reservation(&self) -> Reservation {
        worst_case(&self.model.section, &self.shared.task)
    }

    fn room(&self) -> u64 {
        room(&self.model.section, &self.shared.task)
    }

    fn count(&self, text: &str) -> u64 {
        counting(&self.model.section).count(text)
    }

    fn ask(&self, question: Question, meter: Meter) -> BoxFuture<Result<String, String>> {
        let (shared, model) = (Arc::clone(&self.shared), Arc::clone(&self.model));
        Box::pin(async move { ask(&shared, &model, &question, &meter).await })
    }
}

async fn ask(
    shared: &Shared,
    model: &Model,
    question: &Question,
    meter: &Meter,
) -> Result<String, String> {
    let mut caller = Caller {
        meter,
        allowance: Allowance::new(
            worst_case(&model.section, &shared.task),
            shared.task.prompts.max_tokens,
        ),
        rng: Pcg64Mcg::seed_from_u64(question.seed),
        patience: shared.patience,
        clock: shared.clock.as_ref(),
        redactor: &shared.redactor,
    };
    let messages = [
        Message::new("system", shared.redactor.redact(&question.system)),
        Message::new("user", shared.redactor.redact(&question.user)),
    ];
    let name = &model.section.name;
    caller.ask(model, &messages).await.map_err(|error| match error {
        AskError::Failed(status, detail) => format!("{name}: {}: {detail}", status.word()),
        AskError::BreakerOpen(wait) => {
            format!("{name} is not asked for {wait:?}: it failed too often")
        }
        AskError::SpentUp => format!("{name}: what was reserved is used up"),
        AskError::Host(fault) => fault.what,
    })
}

fn worst_case(section: &ModelSection, task: &TaskConfig) -> Reservation {
    reservation(std::iter::once(section), task.prompts.max_tokens)
}

/// What the texts of two messages may have.
fn room(section: &ModelSection, task: &TaskConfig) -> u64 {
    let empty = [Message::new("system", ""), Message::new("user", "")];
    u64::from(task.prompts.max_tokens).saturating_sub(prompt_tokens(&empty, counting(section)))
}

/// Stands for a model in a replay: it is never asked, but what would have been reserved for it
/// is known.
pub struct SilentModel {
    task: Arc<TaskConfig>,
    section: ModelSection,
}

impl SilentModel {
    /// The model of this name, if the task has it.
    pub fn of(task: &Arc<TaskConfig>, name: &ModelName) -> Option<Self> {
        let section = task.model.iter().find(|model| model.name == *name)?.clone();
        Some(Self { task: Arc::clone(task), section })
    }
}

impl LanguageModel for SilentModel {
    fn reservation(&self) -> Reservation {
        worst_case(&self.section, &self.task)
    }

    fn room(&self) -> u64 {
        room(&self.section, &self.task)
    }

    fn count(&self, text: &str) -> u64 {
        Counting::Cautious.count(text)
    }

    fn ask(&self, _: Question, _: Meter) -> BoxFuture<Result<String, String>> {
        Box::pin(std::future::ready(Err("a replay asks no model".to_owned())))
    }
}
