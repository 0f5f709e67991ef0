//! `evolve start --dry-run`: the first prompt, and what the run would cost. Asks no model, runs
//! nothing, writes nothing that stays.

use std::sync::Arc;

use evolve_core::event::{
    CallSettled, Envelope, Event, JOURNAL_VERSION, Reservation, RunStarted, Selection,
};
use evolve_core::ids::ModelName;
use evolve_core::ports::{BlobStore, CallSink, ProposalRequest};
use evolve_core::sandbox::Sandbox;
use evolve_core::task::TaskConfig;
use evolve_core::{CandidateId, Facts, Program, RunId, Seq};
use evolve_propose::{ModelPreview, Preview};
use evolve_sandbox::UnconfinedSandbox;
use evolve_store::{Blobs, RunDir};
use jiff::Timestamp;
use serde_json::json;

use crate::args::VERSION;
use crate::commands::{print, print_json};
use crate::error::CliError;
use crate::knowledge;
use crate::sandboxes::helper_command;
use crate::session::{self, ProposerKind, Wiring, redactor, store_error};
use crate::slots;
use crate::task_folder::TaskFolder;

/// Tokens that a model writes in a second, for want of a measurement.
const TOKENS_PER_SECOND: f64 = 50.0;

/// Nobody is asked, so nothing is told.
struct Nobody;

impl CallSink for Nobody {
    fn settled(&self, _call: CallSettled) {}
    fn breaker(&self, _model: &ModelName, _open: bool, _why: &str) {}
}

/// Prints it.
pub fn estimate(
    folder: &TaskFolder,
    kind: ProposerKind,
    program: Option<&Program>,
    json: bool,
) -> Result<(), CliError> {
    if kind == ProposerKind::Mutate {
        if json {
            return print_json(&json!({ "version": 1, "models": [], "usd": 0.0, "tokens": 0 }));
        }
        print("no model would be asked: the mutate proposer searches, offline and free\n");
        return Ok(());
    }
    let preview = preview(folder, kind, program)?;
    let slots = slots::resolve(&folder.config, kind);
    let sums = Sums::of(&folder.config, &preview, slots.proposals);
    if let Some(most) = preview.command {
        return by_command(&folder.config, &preview, most, json);
    }
    if json {
        return print_json(&as_json(&preview, &sums));
    }
    print(&as_text(&folder.config, &preview, &sums));
    Ok(())
}

fn preview(
    folder: &TaskFolder,
    kind: ProposerKind,
    program: Option<&Program>,
) -> Result<Preview, CliError> {
    let failed = |error: std::io::Error| {
        CliError::failed(format!("cannot make a temporary folder: {error}"))
    };
    let scratch = tempfile::tempdir().map_err(failed)?;
    let task = Arc::new(folder.config.clone());
    let dir = RunDir::create(scratch.path(), &RunId("estimate".to_owned())).map_err(store_error)?;
    let blobs = Arc::new(Blobs::open_writer(&dir, redactor(&task)).map_err(store_error)?);
    let wiring = Wiring {
        task: Arc::clone(&task),
        description: folder.description()?,
        proposer: kind,
        analyzer: false,
        task_root: folder.root.clone(),
    };
    let base = knowledge::base(&wiring, &scratch.path().join("index"))?;
    // Nothing runs in it.
    let sandbox: Arc<dyn Sandbox> = Arc::new(UnconfinedSandbox::new(helper_command()?));
    let proposers = session::proposers(&wiring, Some(Arc::new(base)), None, &sandbox)?;
    let started = RunStarted {
        run: dir.id().clone(),
        task: folder.config.clone(),
        overrides: Vec::new(),
        program: program.map(|program| blobs.put(&program.to_bytes())).transpose()?,
        from: None,
        seed: task.search.seed,
        population: 0,
        slots: slots::resolve(&task, kind),
        proposer: kind.word().to_owned(),
        analyzer: false,
        sandbox: Vec::new(),
        evolve: VERSION.to_owned(),
        host: std::collections::BTreeMap::new(),
    };
    let at = Timestamp::now();
    let event = Event::RunStarted(started);
    let facts = Facts::begin(&Envelope { v: JOURNAL_VERSION, seq: Seq(0), at, event })
        .map_err(|error| CliError::failed(error.to_string()))?;
    let request = request(&facts, &task, blobs);
    proposers.preview(&request).map_err(|none| {
        CliError::usage(format!("the first prompt cannot be made: {}", none.detail))
    })
}

/// The first proposal as the most likely operator would make it.
fn request(facts: &Facts, task: &TaskConfig, blobs: Arc<dyn BlobStore>) -> ProposalRequest {
    let start = facts.candidate(CandidateId::START).filter(|start| start.program.is_some());
    let operators = evolve_propose::default_operators(task, &evolve_npu::languages());
    let asking = |operator: evolve_core::event::Operator| {
        use evolve_core::event::Operator::{Diff, Draft, Rewrite};
        if start.is_some() { matches!(operator, Diff | Rewrite) } else { operator == Draft }
    };
    let likely = operators.iter().filter(|(operator, _)| asking(*operator));
    let likely = likely.max_by(|one, other| one.1.total_cmp(&other.1)).map(|(op, _)| *op);
    let operator = likely.unwrap_or(if start.is_some() {
        evolve_core::event::Operator::Diff
    } else {
        evolve_core::event::Operator::Draft
    });
    let parents: Vec<_> = start.cloned().into_iter().collect();
    ProposalRequest {
        candidate: CandidateId(1),
        seed: task.search.seed,
        selection: Selection {
            operator,
            island: 0,
            parents: parents.iter().map(|parent| parent.id).collect(),
            inspirations: Vec::new(),
            models: task.model.iter().map(|model| model.name.clone()).collect(),
            tactic: None,
        },
        best: parents.first().cloned(),
        parents,
        inspirations: Vec::new(),
        lineage: Vec::new(),
        tried: Vec::new(),
        taken: Vec::new(),
        insights: Vec::new(),
        lost: Vec::new(),
        blobs,
        calls: Arc::new(Nobody),
    }
}

/// Over the run: as many calls as candidates.
struct Sums {
    candidates: Option<u64>,
    usual_tokens: f64,
    usual_usd: Option<f64>,
    most_usd: Option<f64>,
    /// Seconds that the models write, at the rate above, side by side.
    seconds: f64,
}

impl Sums {
    fn of(task: &TaskConfig, preview: &Preview, proposals: u32) -> Self {
        let mean = |of: &dyn Fn(&ModelPreview) -> Option<f64>| {
            let parts = preview.models.iter().filter(|model| model.share > 0.0);
            parts.map(|model| of(model).map(|value| value * model.share)).sum::<Option<f64>>()
        };
        let answer = mean(&|model| Some(model.usual_answer as f64)).unwrap_or(0.0);
        let n = task.budget.candidates.unwrap_or(1) as f64;
        Self {
            candidates: task.budget.candidates,
            usual_tokens: n * (preview.prompt_tokens as f64 + answer),
            usual_usd: mean(&|model| model.usual.map(evolve_core::money::Usd::dollars))
                .map(|usd| usd * n),
            most_usd: mean(&|model| model.most.map(evolve_core::money::Usd::dollars))
                .map(|usd| usd * n),
            seconds: n * answer / TOKENS_PER_SECOND / f64::from(proposals.max(1)),
        }
    }
}

/// What a command asks of models is its own affair; what it may spend is not.
fn by_command(
    task: &TaskConfig,
    preview: &Preview,
    most: Reservation,
    json: bool,
) -> Result<(), CliError> {
    let n = task.budget.candidates;
    if json {
        return print_json(&json!({
            "version": 1,
            "prompt": { "system": preview.system, "user": preview.user,
                        "tokens": preview.prompt_tokens },
            "candidates": n,
            "most_tokens_each": most.tokens,
            "most_usd_each": most.usd.dollars(),
        }));
    }
    let mut out = format!("{}\n{}\n\n", preview.system, preview.user);
    out.push_str(&format!("the first orders have {} tokens\n", preview.prompt_tokens));
    out.push_str(&if most.is_zero() {
        "the command can ask no model: it costs nothing\n".to_owned()
    } else {
        format!(
            "for each candidate the command may use up to {} tokens at the models, at most {}\n",
            most.tokens, most.usd
        )
    });
    print(&out);
    Ok(())
}

fn as_json(preview: &Preview, sums: &Sums) -> serde_json::Value {
    let models: Vec<_> = preview
        .models
        .iter()
        .map(|model| {
            json!({
                "name": model.name,
                "share": model.share,
                "usual_answer": model.usual_answer,
                "longest_answer": model.longest_answer,
                "usual_usd": model.usual.map(evolve_core::money::Usd::dollars),
                "most_usd": model.most.map(evolve_core::money::Usd::dollars),
            })
        })
        .collect();
    json!({
        "version": 1,
        "prompt": { "system": preview.system, "user": preview.user,
                    "tokens": preview.prompt_tokens },
        "models": models,
        "candidates": sums.candidates,
        "tokens": sums.usual_tokens,
        "usd": sums.usual_usd,
        "most_usd": sums.most_usd,
        "model_seconds": sums.seconds,
    })
}

fn as_text(task: &TaskConfig, preview: &Preview, sums: &Sums) -> String {
    let mut out = format!("[system]\n{}\n\n[user]\n{}\n\n", preview.system, preview.user);
    out.push_str(&format!("the first prompt has about {} tokens\n", preview.prompt_tokens));
    let price = |usd: Option<evolve_core::money::Usd>| {
        usd.map_or_else(|| "no price".to_owned(), |usd| usd.to_string())
    };
    for model in &preview.models {
        out.push_str(&format!(
            "{}: {:.0} % of the calls; an answer of {} tokens {}, of {} at most {}\n",
            model.name,
            model.share * 100.0,
            model.usual_answer,
            price(model.usual),
            model.longest_answer,
            price(model.most)
        ));
    }
    let n = sums.candidates.map_or_else(
        || "each candidate".to_owned(),
        |n| format!("{n} candidates (budget.candidates)"),
    );
    let usd =
        |usd: Option<f64>| usd.map_or_else(|| "unknown".to_owned(), |usd| format!("${usd:.4}"));
    out.push_str(&format!(
        "{n}: about {:.0} tokens, {}; with the longest answers {}; the models would write for {:.0} s \
         at {TOKENS_PER_SECOND:.0} tokens a second. Later prompts are longer; repairs and cached \
         tokens are not counted\n",
        sums.usual_tokens,
        usd(sums.usual_usd),
        usd(sums.most_usd),
        sums.seconds
    ));
    if let Some(limit) = task.budget.usd {
        out.push_str(&format!("the budget ends the run at ${limit:.2}, whatever the estimate\n"));
    }
    out
}
