//! Which blobs an event names.

use evolve_core::event::Event;
use evolve_core::ids::BlobHash;

/// Every blob that an event names, with the part it plays. `normal` hashes are no blobs.
pub(super) fn blobs_of(event: &Event) -> Vec<(BlobHash, &'static str)> {
    let named = |hash: Option<BlobHash>, role| hash.map(|hash| (hash, role));
    match event {
        Event::RunStarted(e) => named(e.program, "start program").into_iter().collect(),
        Event::CallSettled(e) => {
            let request = Some((e.request, "request"));
            request.into_iter().chain(named(e.response, "answer")).collect()
        }
        Event::Proposed(e) => {
            let program = Some((e.program, "program"));
            program.into_iter().chain(named(e.prompt, "prompt")).collect()
        }
        Event::Rejected(e) => named(e.prompt, "prompt").into_iter().collect(),
        Event::StageDone(e) => named(e.log, "stage log").into_iter().collect(),
        Event::Evaluated(e) => {
            let artifacts = e.artifacts.values().map(|hash| (*hash, "artifact"));
            artifacts.chain(named(e.log, "log")).collect()
        }
        Event::Selected(_)
        | Event::KnowledgeShown(_)
        | Event::EvalStarted(_)
        | Event::Quarantined(_)
        | Event::Promoted(_)
        | Event::Demoted(_)
        | Event::AnalysisStarted(_)
        | Event::Analyzed(_)
        | Event::BudgetChanged(_)
        | Event::BreakerChanged(_)
        | Event::Paused(_)
        | Event::Resumed(_)
        | Event::Stopped(_) => Vec::new(),
    }
}
