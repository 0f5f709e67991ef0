//! What a run's first prompt is, and what its calls would cost: nothing is asked.

use evolve_core::event::Reservation;
use evolve_core::ids::ModelName;
use evolve_core::money::{TokenUsage, Usd};
use evolve_core::ports::{NoProgram, ProposalRequest};

use crate::allowance::answer_tokens;
use crate::by_model;
use crate::client::{Message, prompt_tokens};
use crate::proposers::{Proposers, Shared};

/// A prompt that was not sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// The system message.
    pub system: String,
    /// The user message.
    pub user: String,
    /// Tokens of both, at most; see [`evolve_prompts::Counting`].
    pub prompt_tokens: u64,
    /// What each model would take for it.
    pub models: Vec<ModelPreview>,
    /// What the task's own command, if it proposes, may spend on one proposal.
    pub command: Option<Reservation>,
}

/// What one call of a model would take.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelPreview {
    /// Which one.
    pub name: ModelName,
    /// Its share of the first tries, of 1.
    pub share: f64,
    /// Tokens of an answer that writes the whole program anew: what a call takes at most in
    /// the ordinary case, thinking aside.
    pub usual_answer: u64,
    /// Tokens of the longest answer that is let through.
    pub longest_answer: u64,
    /// What a call with the usual answer costs; none without a price.
    pub usual: Option<Usd>,
    /// What a call with the longest answer costs; none without a price.
    pub most: Option<Usd>,
}

/// Tokens of an answer's words around the program.
const AROUND: u64 = 200;

impl Proposers {
    /// The prompt for a request, and what it would cost.
    ///
    /// # Errors
    /// Why there can be no prompt.
    pub fn preview(&self, request: &ProposalRequest) -> Result<Preview, NoProgram> {
        let shared = self.shared();
        let (system, user, program) = by_model::prompt(shared, request)?;
        let messages = [Message::new("system", &*system), Message::new("user", &*user)];
        let counting = shared.counting();
        let prompt_tokens = prompt_tokens(&messages, counting);
        let usual_answer = counting.count(&program) + AROUND;
        let models = models(shared, prompt_tokens, usual_answer);
        let command = shared.command.as_ref().map(crate::command::Command::reservation);
        Ok(Preview { system, user, prompt_tokens, models, command })
    }
}

fn models(shared: &Shared, input: u64, usual_answer: u64) -> Vec<ModelPreview> {
    let all: f64 = shared.models.iter().map(|model| model.section.weight).sum();
    let preview = |section: &evolve_core::task::ModelSection| {
        let longest_answer = u64::from(answer_tokens(section));
        let usual_answer = usual_answer.min(longest_answer);
        let cost =
            |output| section.price.map(|price| price.cost(TokenUsage { input, cached: 0, output }));
        ModelPreview {
            name: section.name.clone(),
            share: if all > 0.0 { section.weight / all } else { 0.0 },
            usual_answer,
            longest_answer,
            usual: cost(usual_answer),
            most: cost(longest_answer),
        }
    };
    shared.models.iter().map(|model| preview(&model.section)).collect()
}
