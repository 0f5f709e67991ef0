//! What a run's proposer is made of, and every mistake that is found before it starts.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use evolve_core::event::Operator;
use evolve_core::ids::ModelName;
use evolve_core::ports::{Clock, Embedder, KnowledgeBase, Language};
use evolve_core::program::Program;
use evolve_core::sandbox::{Sandbox, SandboxSpec};
use evolve_core::task::{CommandSection, EmbeddingSection, ModelSection, TaskConfig};
use evolve_prompts::Prompts;

use crate::client::{Endpoint, EndpointError, Model, Patience};
use crate::key_command;
use crate::operators::needs_model;

/// Why there can be no proposer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// A key's environment variable is not set, or empty.
    #[error(
        "model `{model}` needs the key in the environment variable `{variable}`, which is not \
         set; export it, or remove `api_key_env` if the server needs no key"
    )]
    MissingKey {
        /// Which model.
        model: ModelName,
        /// Its `api_key_env`.
        variable: String,
    },
    /// A key that no HTTP header can hold.
    #[error(
        "the key in `{variable}` for model `{model}` cannot be sent: {why}; export it again, \
         without quotes or line breaks"
    )]
    BadKey {
        /// Which model.
        model: ModelName,
        /// Its `api_key_env`.
        variable: String,
        /// What is wrong with it, without its text.
        why: String,
    },
    /// A command that gave no key.
    #[error(
        "model `{model}`: `{command}` (api_key_command) gave no key: {why}; it must print the \
         key, and nothing else, on standard output"
    )]
    KeyCommand {
        /// Which model.
        model: ModelName,
        /// Its `api_key_command`.
        command: String,
        /// What happened, without its output.
        why: String,
    },
    /// A `base_url` that is none.
    #[error(
        "`base_url = \"{url}\"` of model `{model}`: {why}; for example \"http://localhost:8000/v1\""
    )]
    BadUrl {
        /// Which model.
        model: ModelName,
        /// As given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// An operator that asks a model, in a task that has none.
    #[error(
        "`search.operators` has `{}`, which needs a model, but the task has none; add a \
         `[[model]]` or a `[command]`, or use `mutate`",
        .0.word()
    )]
    NoModel(Operator),
    /// No HTTP client can be made on this machine.
    #[error("{0}")]
    Http(String),
}

/// The keys of a task's models, by the environment variable that holds each, or the command
/// that prints it. Read once, and given to the redactor before anything is written.
#[derive(Clone, Default)]
pub struct Keys(BTreeMap<String, String>);

impl Keys {
    /// Reads every `api_key_env` of the task through `lookup`, that of the embedding included.
    pub fn read(
        task: &TaskConfig,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, SetupError> {
        let mut keys = BTreeMap::new();
        for model in &task.model {
            let Some(source) = source_of(model) else { continue };
            if !model.api_key_command.is_empty() {
                let asked = key_command::ask(&model.api_key_command);
                let key = asked.map_err(|why| SetupError::KeyCommand {
                    model: model.name.clone(),
                    command: source.clone(),
                    why,
                })?;
                keys.insert(source, key);
                continue;
            }
            let variable = &source;
            let key = lookup(variable).filter(|key| !key.trim().is_empty());
            let key = key.ok_or_else(|| SetupError::MissingKey {
                model: model.name.clone(),
                variable: variable.clone(),
            })?;
            keys.insert(source, key);
        }
        if let Some(embedding) = &task.embedding
            && let Some(variable) = &embedding.api_key_env
        {
            let key = lookup(variable).filter(|key| !key.trim().is_empty());
            let key = key.ok_or_else(|| SetupError::MissingKey {
                model: embedding.name.clone(),
                variable: variable.clone(),
            })?;
            keys.insert(variable.clone(), key);
        }
        Ok(Self(keys))
    }

    /// Reads them from the process's environment.
    pub fn from_env(task: &TaskConfig) -> Result<Self, SetupError> {
        Self::read(task, |variable| std::env::var(variable).ok())
    }

    /// The keys that can be had, for who must not write them but needs none of them.
    pub fn known(task: &TaskConfig) -> Vec<String> {
        let known = |model: &ModelSection| match &model.api_key_env {
            Some(variable) => std::env::var(variable).ok(),
            None if model.api_key_command.is_empty() => None,
            None => key_command::ask(&model.api_key_command).ok(),
        };
        let embedding = task.embedding.as_ref().and_then(|section| section.api_key_env.as_ref());
        let embedding = embedding.and_then(|variable| std::env::var(variable).ok());
        task.model.iter().filter_map(known).chain(embedding).collect()
    }

    pub(crate) fn of_embedding(&self, section: &EmbeddingSection) -> Option<&str> {
        self.0.get(section.api_key_env.as_ref()?).map(String::as_str)
    }

    /// The keys themselves, for the redactor.
    pub fn secrets(&self) -> Vec<String> {
        self.0.values().cloned().collect()
    }

    fn of(&self, model: &ModelSection) -> Option<&str> {
        self.0.get(&source_of(model)?).map(String::as_str)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({:?})", self.0.keys().collect::<Vec<_>>())
    }
}

/// What a model's key is known by.
fn source_of(model: &ModelSection) -> Option<String> {
    let command = || (!model.api_key_command.is_empty()).then(|| model.api_key_command.join(" "));
    model.api_key_env.clone().or_else(command)
}

/// Everything that [`crate::Proposers`] needs.
#[derive(Clone)]
pub struct ProposerSetup {
    /// The task, resolved.
    pub task: Arc<TaskConfig>,
    /// Its description, also where `task.toml` names a file for it.
    pub description: String,
    /// The templates.
    pub prompts: Prompts,
    /// Prior knowledge, if the task has any.
    pub knowledge: Option<Arc<dyn KnowledgeBase>>,
    /// Who turns texts into vectors, where the task names somebody.
    pub embedder: Option<Arc<dyn Embedder>>,
    /// The models' keys.
    pub keys: Keys,
    /// For breakers and for dates in `Retry-After`.
    pub clock: Arc<dyn Clock>,
    /// How patient calls are.
    pub patience: Patience,
    /// The task's own program that proposes, where it does.
    pub command: Option<CommandSetup>,
    /// Programs that are the first candidates, in this order.
    pub population: Vec<Program>,
    /// Languages besides those with a grammar.
    pub languages: Vec<Arc<dyn Language>>,
}

/// What a [`evolve_core::task::CommandSection`] works with.
#[derive(Clone)]
pub struct CommandSetup {
    /// The section.
    pub section: CommandSection,
    /// Where it runs.
    pub sandbox: Arc<dyn Sandbox>,
    /// Its sandbox, without the door.
    pub spec: SandboxSpec,
}

/// The address of a model, with the key for it.
pub(crate) fn endpoint(
    name: &ModelName,
    url: &str,
    variable: &str,
    key: Option<&str>,
) -> Result<Endpoint, SetupError> {
    let model = name.clone();
    Endpoint::new(url, key).map_err(|error| match error {
        EndpointError::BadUrl(why) => SetupError::BadUrl { model, url: url.to_owned(), why },
        EndpointError::BadKey => {
            let variable = variable.to_owned();
            SetupError::BadKey { model, variable, why: error.to_string() }
        }
        EndpointError::Http(_) => SetupError::Http(error.to_string()),
    })
}

/// The task's models, ready to be called.
pub(crate) fn models(setup: &ProposerSetup) -> Result<Vec<Arc<Model>>, SetupError> {
    let task = &setup.task;
    if task.model.is_empty() && setup.command.is_none() {
        let impossible =
            task.search.operators.iter().find(|(op, weight)| needs_model(**op) && **weight > 0.0);
        if let Some((operator, _)) = impossible {
            return Err(SetupError::NoModel(*operator));
        }
    }
    task.model.iter().map(|section| model(section, setup)).collect()
}

fn model(section: &ModelSection, setup: &ProposerSetup) -> Result<Arc<Model>, SetupError> {
    let variable = source_of(section).unwrap_or_default();
    let key = setup.keys.of(section);
    let endpoint = endpoint(&section.name, &section.base_url, &variable, key)?;
    Ok(Arc::new(Model::new(section.clone(), endpoint, &setup.patience)))
}
