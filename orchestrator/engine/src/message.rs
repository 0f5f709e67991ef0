//! What reaches the dispatcher from outside.

use std::sync::mpsc::Sender;

use evolve_core::event::{
    CallSettled, Evaluated, Event, KnowledgeShown, Proposed, Rejected, StageDone,
};
use evolve_core::ids::CandidateId;
use evolve_core::ports::Finding;

use crate::control::{Command, Reply};
use crate::inject::Given;

/// Where the answer to a command goes.
pub(crate) type Answer = Box<dyn FnOnce(Reply) + Send>;

/// One message.
#[allow(clippy::large_enum_variant)] // moved twice, never kept in numbers
pub(crate) enum Message {
    /// Something to record as it is: a settled call, a breaker, a finished stage.
    Record(Event),
    /// A proposal ended.
    Proposal(CandidateId, Vec<KnowledgeShown>, Result<Proposed, Rejected>),
    /// An analysis ended: what was found, or in one line why nothing was.
    Analysis(u64, Result<Vec<Finding>, String>),
    /// An evaluation ended. The text is the host's fault, if it was one.
    Evaluation(Evaluated),
    /// A person's command, with the place for the answer.
    Control(Command, Option<Answer>),
    /// A person's program was checked; in one line why it will not do, if so.
    Given(Given, Result<Proposed, String>),
}

impl Message {
    pub(crate) fn stage(stage: StageDone) -> Self {
        Self::Record(Event::StageDone(stage))
    }

    pub(crate) fn call(call: CallSettled) -> Self {
        Self::Record(Event::CallSettled(call))
    }
}

/// Steers a live run from the same process (signals).
#[derive(Clone)]
pub struct Handle {
    pub(crate) sender: Sender<Message>,
}

impl Handle {
    /// Gives a command; it is forgotten if the run has already ended.
    pub fn command(&self, command: Command) {
        let _ = self.sender.send(Message::Control(command, None));
    }
}
