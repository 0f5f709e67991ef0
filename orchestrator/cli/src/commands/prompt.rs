//! `evolve prompt`: what a candidate's proposer was told, and what it cost to ask.

use std::path::Path;

use evolve_core::Seq;
use evolve_core::event::{CallSettled, Event};
use evolve_core::ids::BlobHash;
use evolve_store::{Reader, resolve_run};
use serde_json::{Value, json};

use crate::args;
use crate::commands::read::candidate_id;
use crate::commands::{print, print_json};
use crate::error::{CliError, Exit};
use crate::session::store_error;

/// Prints it.
pub fn prompt(runs: &Path, args: &args::Prompt) -> Result<(), CliError> {
    let id = candidate_id(&args.candidate)?;
    let dir = resolve_run(runs, &args.run).map_err(store_error)?;
    let reader = Reader::open(&dir).map_err(store_error)?;
    let candidate = reader.facts().candidate(id).ok_or_else(|| {
        CliError::new(Exit::NotFound, format!("{} has no candidate {id}", dir.id()))
    })?;
    let text = |hash: BlobHash| reader.text(hash).map_err(store_error);
    let prompt = candidate.prompt.map(text).transpose()?;
    let mut calls = Vec::new();
    for envelope in reader.events(Seq(0)) {
        if let Event::CallSettled(call) = envelope.map_err(store_error)?.event
            && call.candidate == id
        {
            let answer = call.response.map(text).transpose()?.map(|body| answer_of(&body));
            calls.push((call, answer));
        }
    }
    if args.json {
        let calls: Vec<Value> =
            calls.iter().map(|(call, answer)| as_json(call, answer.as_deref())).collect();
        return print_json(&json!({
            "version": 1, "run": dir.id(), "candidate": id, "prompt": prompt, "calls": calls,
        }));
    }
    if args.calls {
        let calls: Vec<String> =
            calls.iter().map(|(call, answer)| as_text(call, answer.as_deref())).collect();
        print(&if calls.is_empty() {
            format!("no model was asked for {id}\n")
        } else {
            calls.join("\n")
        });
        return Ok(());
    }
    let missing = || {
        let why = format!("{id} has no prompt: {}", candidate.selection.operator.word());
        CliError::new(Exit::NotFound, why).help("only models and commands are told anything")
    };
    print(&prompt.ok_or_else(missing)?);
    Ok(())
}

/// The text of an answer; the body as it is where it holds none.
fn answer_of(body: &str) -> String {
    let json: Value = serde_json::from_str(body).unwrap_or_default();
    let text = json["choices"][0]["message"]["content"].as_str();
    text.filter(|text| !text.is_empty()).map_or_else(|| body.to_owned(), str::to_owned)
}

fn as_json(call: &CallSettled, answer: Option<&str>) -> Value {
    json!({
        "model": call.model,
        "status": call.status,
        "detail": call.detail,
        "input_tokens": call.usage.input,
        "cached_tokens": call.usage.cached,
        "output_tokens": call.usage.output,
        "estimated": call.estimated,
        "usd": call.cost.dollars(),
        "latency_ms": call.latency_ms,
        "answer": answer,
    })
}

fn as_text(call: &CallSettled, answer: Option<&str>) -> String {
    let detail = if call.detail.is_empty() { String::new() } else { format!(": {}", call.detail) };
    let estimated = if call.estimated { " (estimated)" } else { "" };
    let head = format!(
        "[{}, {}{detail}; {} + {} tokens{estimated}, {} of them cached, {}, {:.1} s]\n",
        call.model,
        call.status.word(),
        call.usage.input,
        call.usage.output,
        call.usage.cached,
        call.cost,
        call.latency_ms as f64 / 1000.0
    );
    answer.map_or(head.clone(), |answer| format!("{head}{}\n", answer.trim_end()))
}
