//! One to three items of a document, by a model of a task, shown before they are kept.

use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use evolve_cognition::{NewItem, PdfReader, Source, document_text};
use evolve_core::event::CallSettled;
use evolve_core::ports::{
    BlobStore, CallSink, HostFault, LanguageModel, Meter, Question, SystemClock,
};
use evolve_core::{BlobHash, CandidateId, ModelName, Usd};
use evolve_prompts::{Document, Prompts};
use evolve_propose::{Keys, Patience, ProposerSetup, Proposers};
use serde::Deserialize;

use super::args::Add;
use crate::error::{CliError, Exit};
use crate::session::runtime;
use crate::task_folder::TaskFolder;

/// Most items of a document.
const MOST: usize = 3;
/// Tries to fit a document into the room for it, each with three quarters of the last.
const CUTS: usize = 24;

/// A model that distils.
pub struct Distiller {
    model: Arc<dyn LanguageModel>,
    prompts: Prompts,
    calls: Arc<Calls>,
    yes: bool,
}

impl Distiller {
    /// The model that the arguments name; none where they name no task.
    pub fn of(args: &Add) -> Result<Option<Self>, CliError> {
        let Some(task) = &args.task else { return Ok(None) };
        if !args.yes && !std::io::stdin().is_terminal() {
            return Err(CliError::usage(
                "distilled items are shown for approval, and nobody is there",
            )
            .help("run it in a terminal, or keep all with --yes"));
        }
        let usage = |error: &dyn std::fmt::Display| CliError::usage(error.to_string());
        let folder = TaskFolder::open(task)?;
        let named = args.model.as_deref().map(ModelName::from);
        let name = named.or_else(|| folder.config.model.first().map(|model| model.name.clone()));
        let name = name.ok_or_else(|| {
            CliError::usage(format!("the task {} has no [[model]]", task.display()))
                .help("add one, or leave --task out: documents are then split by heading")
        })?;
        let prompts = folder.config.prompts.folder.as_ref().map(|own| folder.root.join(own));
        let prompts = Prompts::load(prompts.as_deref()).map_err(|error| usage(&error))?;
        let keys = Keys::from_env(&folder.config).map_err(|error| usage(&error))?;
        let proposers = Proposers::new(ProposerSetup {
            task: Arc::new(folder.config.clone()),
            description: String::new(),
            prompts: prompts.clone(),
            knowledge: None,
            embedder: None,
            keys,
            clock: Arc::new(SystemClock),
            patience: Patience::default(),
            command: None,
            population: Vec::new(),
            languages: Vec::new(),
        })
        .map_err(|error| usage(&error))?;
        let model = proposers.language_model(&name).ok_or_else(|| {
            CliError::usage(format!("the task {} has no model `{name}`", task.display()))
        })?;
        Ok(Some(Self { model, prompts, calls: Arc::default(), yes: args.yes }))
    }

    /// The items of one document that were approved.
    pub fn items(&self, file: &Path, pdf: &PdfReader) -> Result<Vec<NewItem>, CliError> {
        let text = document_text(file, pdf).map_err(|error| CliError::usage(error.to_string()))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (system, user) = self.prompt(&name, &text)?;
        let meter = Meter {
            candidate: CandidateId::START,
            analysis: None,
            blobs: Arc::new(Nowhere),
            calls: Arc::clone(&self.calls) as Arc<dyn CallSink>,
        };
        let question = Question { system, user, seed: 0 };
        let answer = runtime()?.block_on(self.model.ask(question, meter));
        let answer = answer.map_err(|why| CliError::new(Exit::Failed, format!("{name}: {why}")))?;
        let items = read(&answer, &name).map_err(|why| {
            CliError::failed(format!("{name}: {why}"))
                .help("ask again, or leave --task out: documents are then split by heading")
        })?;
        let mut kept = Vec::new();
        for item in items {
            if self.approved(&item)? {
                kept.push(item);
            }
        }
        Ok(kept)
    }

    /// What was spent.
    pub fn cost(&self) -> Usd {
        *self.calls.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn prompt(&self, name: &str, text: &str) -> Result<(String, String), CliError> {
        let mut shown = text;
        for _ in 0..CUTS {
            let document = Document {
                name: name.to_owned(),
                text: shown.to_owned(),
                cut: shown.len() < text.len(),
            };
            let messages = self.prompts.distil(&document);
            let (system, user) = messages.map_err(|error| CliError::usage(error.to_string()))?;
            if self.model.count(&system) + self.model.count(&user) <= self.model.room() {
                return Ok((system, user));
            }
            shown = &shown[..shown.floor_char_boundary(shown.len() / 4 * 3)];
        }
        Err(CliError::usage(format!("{name} does not fit into a prompt"))
            .help("raise `prompts.max_tokens` in the task"))
    }

    /// Shows an item, and asks.
    fn approved(&self, item: &NewItem) -> Result<bool, CliError> {
        eprintln!("{}", evolve_report::format::printable(&item.text()));
        if self.yes {
            return Ok(true);
        }
        eprint!("keep it? [y/N] ");
        let _ = std::io::stderr().flush();
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        read.map_err(|error| CliError::failed(format!("cannot read the answer: {error}")))?;
        Ok(matches!(line.trim(), "y" | "Y" | "yes"))
    }
}

#[derive(Deserialize)]
struct Answer {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    title: String,
    trigger: String,
    #[serde(default)]
    tags: Vec<String>,
    body: String,
}

/// The items of an answer, also where words or a fence stand around the object. Each must be a
/// sound item.
fn read(answer: &str, file: &str) -> Result<Vec<NewItem>, String> {
    let found = answer.match_indices('{').find_map(|(at, _)| {
        let mut stream = serde_json::Deserializer::from_str(&answer[at..]).into_iter::<Answer>();
        stream.next()?.ok()
    });
    let found = found.ok_or("the model's answer is not the JSON that was asked for")?;
    let mut items = Vec::new();
    for item in found.items.into_iter().take(MOST) {
        let source = Source { file: Some(file.to_owned()), ..Source::default() };
        let mut new = NewItem::new(&item.title, &item.trigger, &item.body, source);
        new.tags = item.tags.into_iter().take(8).map(|tag| tag.trim().to_lowercase()).collect();
        evolve_cognition::parse_item(&new.text(), Path::new(file))
            .map_err(|bad| format!("the model's item is none: {}", bad.problem))?;
        items.push(new);
    }
    Ok(items)
}

/// Counts what calls cost.
#[derive(Default)]
struct Calls(Mutex<Usd>);

impl CallSink for Calls {
    fn settled(&self, call: CallSettled) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += call.cost;
    }

    fn breaker(&self, _: &ModelName, _: bool, _: &str) {}
}

/// Keeps nothing: there is no run to keep calls in.
struct Nowhere;

impl BlobStore for Nowhere {
    fn put(&self, bytes: &[u8]) -> Result<BlobHash, HostFault> {
        Ok(BlobHash::of(bytes))
    }

    fn get(&self, hash: BlobHash) -> Result<Vec<u8>, HostFault> {
        Err(HostFault::new(format!("{hash} was not kept")))
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn items_are_read_from_an_answer_and_unsound_ones_are_refused() {
        let body = "**Insight.** Grow the corners first.";
        let answer = format!(
            "Here:\n```json\n{{\"items\": [{{\"title\": \"Corners first\", \"trigger\": \"gaps near \
             corners\", \"tags\": [\"Packing\"], \"body\": \"{body}\"}}]}}\n```"
        );
        let items = read(&answer, "paper.pdf").unwrap();
        assert_eq!((items.len(), items[0].id.as_str()), (1, "corners-first"));
        assert!(items[0].text().contains("paper.pdf") && items[0].text().contains("packing"));
        assert!(read("no idea", "x").unwrap_err().contains("not the JSON"));
        let empty = "{\"items\": [{\"title\": \"a\", \"trigger\": \"\", \"body\": \"b\"}]}";
        assert!(read(empty, "x").unwrap_err().contains("trigger"));
        assert!(read("{\"items\": []}", "x").unwrap().is_empty());
    }
}
