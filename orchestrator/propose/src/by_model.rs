//! Proposals by a model: a prompt, calls in the strategy's order of models, and an answer
//! that is applied, or sent back a bounded number of times.

use std::sync::Arc;
use std::time::Duration;

use evolve_core::event::{Change, Operator, Repeated, Selection};
use evolve_core::facts::CandidateFacts;
use evolve_core::ids::{BlobHash, CandidateId, ModelName};
use evolve_core::knowledge::Credits;
use evolve_core::outcome::{CallStatus, RejectReason};
use evolve_core::ports::{
    BlobStore, HostFault, NewProgram, NoProgram, ProposalOutcome, ProposalRequest,
};
use evolve_core::program::Program;
use evolve_mutate::Editable;
use evolve_prompts::{Context, Format, Prompt, PromptError, Repair};
use futures::FutureExt;
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;

use crate::allowance::{Allowance, MAX_REPAIRS};
use crate::client::{AskError, Caller, Message, Model, prompt_tokens};
use crate::material::{context, load_program, retrieve};
use crate::patching::{Checked, Mistake, Target, format_of};
use crate::proposers::Shared;
use crate::repeats::{had_before, same_words};

/// Largest program where the task sets no size, as for a draft.
const DRAFT_SIZE: u64 = 256 << 10;
/// Most bytes of a problem that is sent back.
const PROBLEM: usize = 4_000;
/// Fewest tokens of an answer that are worth sending back.
const WORTH_SHOWING: u64 = 50;

pub(crate) async fn propose(
    shared: &Shared,
    credits: &Arc<Credits>,
    request: &ProposalRequest,
) -> ProposalOutcome {
    let mut shown = Vec::new();
    let result = attempt(shared, credits, request, &mut shown).await;
    ProposalOutcome { shown, result }
}

async fn attempt(
    shared: &Shared,
    credits: &Arc<Credits>,
    request: &ProposalRequest,
    shown: &mut Vec<String>,
) -> Result<NewProgram, NoProgram> {
    let target = target(shared, request)?;
    let meter = request.meter();
    let found = retrieve(shared, request, credits, Some(meter.clone())).await;
    let full = context(shared, request, &target, found).map_err(host_fault)?;
    let prompt = fit(shared, &full)?;
    *shown = shown_in(&prompt.context);
    let system = shared.redactor.redact(&prompt.system);
    let user = shared.redactor.redact(&prompt.user);
    let text = format!("[system]\n{system}\n[user]\n{user}");
    let hash = request.blobs.put(text.as_bytes()).map_err(host_fault)?;
    let caller = Caller {
        meter: &meter,
        allowance: Allowance::new(
            shared.reservation_for_calls(&request.selection),
            shared.task.prompts.max_tokens,
        ),
        rng: Pcg64Mcg::seed_from_u64(request.seed),
        patience: shared.patience,
        clock: shared.clock.as_ref(),
        redactor: &shared.redactor,
    };
    let conversation = Conversation {
        first: vec![Message::new("system", system), Message::new("user", user)],
        context: full,
        shared,
        target: &target,
        caller,
        repairs: 0,
        mistake: None,
        troubles: Vec::new(),
        request,
        repeated: None,
        kept: None,
    };
    conversation.run(&request.selection, hash).await.map_err(|mut none| {
        none.prompt = Some(hash);
        none.detail = shared.redactor.redact(&none.detail);
        none
    })
}

/// The two messages of a request's first call, and the text of the program to change.
pub(crate) fn prompt(
    shared: &Shared,
    request: &ProposalRequest,
) -> Result<(String, String, String), NoProgram> {
    let target = target(shared, request)?;
    // Without calls there is nothing to wait for.
    let found = retrieve(shared, request, &Arc::default(), None).now_or_never();
    let full = context(shared, request, &target, found.unwrap_or_default()).map_err(host_fault)?;
    let prompt = fit(shared, &full)?;
    let program = target.base.iter().flat_map(|(program, _)| program.files.values());
    let program = program.map(String::as_str).collect::<Vec<_>>().join("\n");
    Ok((shared.redactor.redact(&prompt.system), shared.redactor.redact(&prompt.user), program))
}

pub(crate) fn host_fault(fault: HostFault) -> NoProgram {
    NoProgram::new(RejectReason::HostFault, fault.what)
}

pub(crate) fn target(shared: &Shared, request: &ProposalRequest) -> Result<Target, NoProgram> {
    let load = |parent: &Arc<CandidateFacts>| load_program(parent, request.blobs.as_ref());
    let base = request.parents.first().map(load).transpose().map_err(host_fault)?;
    target_for(shared, request.selection.operator, base)
}

/// The program with this hash.
pub(crate) fn load_blob(hash: BlobHash, blobs: &dyn BlobStore) -> Result<Program, HostFault> {
    Program::from_bytes(&blobs.get(hash)?)
        .map_err(|error| HostFault::new(format!("{} is no program: {error}", hash.short())))
}

/// What is asked of a change of this program, or of a first one.
pub(crate) fn target_for(
    shared: &Shared,
    operator: Operator,
    base: Option<Program>,
) -> Result<Target, NoProgram> {
    let with_regions = |program: Program| {
        let editable = Editable::new(&program, shared.editable_globs());
        editable.map(|editable| (program, editable))
    };
    let base = base
        .map(with_regions)
        .transpose()
        .map_err(|error| NoProgram::new(RejectReason::PatchFailed, error.to_string()))?;
    let section = shared.task.program.as_ref();
    Ok(Target {
        format: if shared.command.is_some() { Format::Edit } else { format_of(operator) },
        base,
        editable_globs: shared.editable_globs().to_vec(),
        language: shared.language.clone(),
        denied: Arc::clone(&shared.denied),
        max_size: section.map_or(DRAFT_SIZE, |program| program.max_size.0),
        draft_path: section.map_or_else(|| "program.py".to_owned(), |program| program.path.clone()),
    })
}

/// Renders the prompt. A quarter of the tokens stays free for answers that are sent back,
/// unless the program needs the room.
pub(crate) fn fit(shared: &Shared, full: &Context) -> Result<Prompt, NoProgram> {
    // What the format puts around two messages.
    let empty = [Message::new("system", ""), Message::new("user", "")];
    let most = u64::from(shared.task.prompts.max_tokens);
    let counting = shared.counting();
    let most = most.saturating_sub(prompt_tokens(&empty, counting));
    match shared.prompts.render(full, most * 3 / 4, counting) {
        Err(PromptError::TooLong { .. }) => shared.prompts.render(full, most, counting),
        other => other,
    }
    .map_err(|error| {
        let reason = match error {
            PromptError::TooLong { .. } => RejectReason::TooLarge,
            _ => RejectReason::HostFault,
        };
        NoProgram::new(reason, error.to_string())
    })
}

pub(crate) fn shown_in(context: &Context) -> Vec<String> {
    let items = context.cognition.iter().map(|item| item.id.clone());
    let insights = context.insights.iter().chain(&context.tactic);
    items.chain(insights.map(|insight| insight.key.clone())).collect()
}

/// One proposal's talk with its models.
struct Conversation<'a> {
    /// System and user message.
    first: Vec<Message>,
    context: Context,
    shared: &'a Shared,
    target: &'a Target,
    caller: Caller<'a>,
    /// Answers sent back so far, to whichever model.
    repairs: u32,
    /// What was wrong with the last answer, if there was one.
    mistake: Option<Mistake>,
    /// Why models gave no answer.
    troubles: Vec<(CallStatus, String)>,
    request: &'a ProposalRequest,
    /// Who had the idea that was sent back, if one was.
    repeated: Option<CandidateId>,
    /// A program whose idea was sent back, with its model: taken all the same if nothing better
    /// comes.
    kept: Option<(Checked, ModelName)>,
}

/// How the talk with one model ended without a program.
enum Ended {
    /// Another one may do better.
    Next,
    /// It is not to be asked for so long.
    Closed(Duration),
    /// The proposal has spent what it may, or used up its repairs.
    Over,
    Host(HostFault),
}

impl Conversation<'_> {
    async fn run(
        mut self,
        selection: &Selection,
        prompt: BlobHash,
    ) -> Result<NewProgram, NoProgram> {
        let models: Vec<Arc<Model>> =
            self.shared.models_for(selection).into_iter().cloned().collect();
        for last_pass in [false, true] {
            let mut shortest: Option<Duration> = None;
            for model in &models {
                match self.with(model).await {
                    Ok(done) => {
                        let model = model.section.name.clone();
                        return Ok(self.made(done, model, prompt));
                    }
                    Err(_) if self.kept.is_some() => break,
                    Err(Ended::Next) => {}
                    Err(Ended::Closed(wait)) => {
                        shortest = Some(shortest.map_or(wait, |least| least.min(wait)));
                    }
                    Err(Ended::Over) => return Err(self.verdict()),
                    Err(Ended::Host(fault)) => return Err(host_fault(fault)),
                }
            }
            if let Some((kept, model)) = self.kept.take() {
                return Ok(self.made(kept, model, prompt));
            }
            // With every breaker open, wait for the first probe rather than fail at once: a
            // run must not burn through candidates while its provider is down.
            match shortest {
                Some(wait) if !last_pass && self.troubles.is_empty() => {
                    tokio::time::sleep(wait.min(self.shared.patience.cool_down)).await;
                }
                _ => break,
            }
        }
        Err(self.verdict())
    }

    fn made(&self, done: Checked, model: ModelName, prompt: BlobHash) -> NewProgram {
        let first = self.kept.as_ref().map(|(first, _)| first.change.summary.as_str());
        let kept = first.is_none_or(|first| same_words(first, &done.change.summary));
        let repeated = self.repeated.map(|of| Repeated { of, kept });
        NewProgram {
            model: Some(model),
            prompt: Some(prompt),
            repairs: self.repairs,
            ..NewProgram::of(done.program, done.normal, Change { repeated, ..done.change })
        }
    }

    /// What to say of an idea that was had before; once a proposal.
    async fn had_before(&self, done: &Checked) -> Option<(CandidateId, Mistake)> {
        if self.repeated.is_some() {
            return None;
        }
        had_before(self.shared, self.request, &done.change.summary).await
    }

    async fn with(&mut self, model: &Model) -> Result<Checked, Ended> {
        let mut messages = self.first.clone();
        loop {
            let answer = match self.caller.ask(model, &messages).await {
                Ok(answer) => answer,
                Err(AskError::Failed(status, detail)) => {
                    let trouble = format!("{}: {}: {detail}", model.section.name, status.word());
                    self.troubles.push((status, trouble));
                    return Err(Ended::Next);
                }
                Err(AskError::BreakerOpen(wait)) => return Err(Ended::Closed(wait)),
                Err(AskError::SpentUp) => return Err(Ended::Over),
                Err(AskError::Host(fault)) => return Err(Ended::Host(fault)),
            };
            let mistake = match self.target.read(&answer) {
                Ok(done) => match self.had_before(&done).await {
                    None => return Ok(done),
                    Some((of, mistake)) => {
                        self.repeated = Some(of);
                        self.kept = Some((done, model.section.name.clone()));
                        mistake
                    }
                },
                Err(mistake) => mistake,
            };
            let next = self.send_back(&answer, &mistake);
            self.mistake = Some(mistake);
            // The same answer to the same question: it would come a third time.
            let next = next.filter(|next| *next != messages);
            messages = next.ok_or(Ended::Over)?;
            self.repairs += 1;
        }
    }

    /// The conversation with an answer and what was wrong with it: the first two messages
    /// and the last answer, so that it never grows beyond the prompt's limit. None when
    /// repairs are used up or nothing of the answer would fit.
    fn send_back(&self, answer: &str, mistake: &Mistake) -> Option<Vec<Message>> {
        if self.repairs >= MAX_REPAIRS {
            return None;
        }
        let repair = self.shared.prompts.repair(&Repair {
            reason: mistake.reason,
            problem: excerpt(&mistake.problem, PROBLEM),
            format: self.target.format,
            several_files: self.context.several_files,
            has_regions: self.context.has_regions,
            parents_shown: self.context.parents_shown,
        });
        let mut messages = self.first.clone();
        messages.push(Message::new("assistant", ""));
        messages.push(Message::new("user", repair.ok()?));
        let most = u64::from(self.shared.task.prompts.max_tokens);
        let counting = self.shared.counting();
        let room = most.checked_sub(prompt_tokens(&messages, counting))?;
        if room < WORTH_SHOWING {
            return None;
        }
        let mut shown = answer.to_owned();
        while counting.count(&shown) > room {
            shown = excerpt(answer, shown.len() / 4 * 3);
        }
        messages[2].content = shown;
        Some(messages)
    }

    fn verdict(self) -> NoProgram {
        if let Some(mistake) = self.mistake {
            let line = mistake.problem.split_whitespace().collect::<Vec<_>>().join(" ");
            return NoProgram::new(mistake.reason, excerpt(&line, 500));
        }
        if self.troubles.is_empty() {
            let detail = if self.shared.models.is_empty() {
                "the task has no model; add a `[[model]]`, or use the `mutate` operator"
            } else {
                "no model may be asked now: every breaker is open"
            };
            return NoProgram::new(RejectReason::ModelFailed, detail);
        }
        let refused = self.troubles.iter().all(|(status, _)| *status == CallStatus::Refused);
        let reason = if refused { RejectReason::Refused } else { RejectReason::ModelFailed };
        let lines: Vec<String> = self.troubles.into_iter().map(|(_, line)| line).collect();
        NoProgram::new(reason, lines.join("; "))
    }
}

/// A text of at most so many bytes: head and tail, and in between a word on what is left out.
pub(crate) fn excerpt(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let mark = "\n[… left out …]\n";
    let half = bytes.saturating_sub(mark.len()) / 2;
    let head = &text[..text.floor_char_boundary(half)];
    let tail = &text[text.ceil_char_boundary(text.len() - half)..];
    format!("{head}{mark}{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_keeps_head_and_tail_within_its_size() {
        assert_eq!(excerpt("short", 10), "short");
        let text = format!("head{}tail", "ä".repeat(1_000));
        for size in [60, 101, 500] {
            let short = excerpt(&text, size);
            assert!(short.len() <= size, "{}", short.len());
            assert!(short.starts_with("head") && short.ends_with("tail"));
        }
    }
}
