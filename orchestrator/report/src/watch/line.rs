//! Where a run stands in one line, for output that is no terminal.

use crate::format::{ScoreFormat, count, duration, one_line, percent};
use crate::model::{RunState, Status};
use crate::text::{amount, dollars};

/// State, best, candidates, cost, how much of each budget is used. Ends without a line end.
pub fn line(status: &Status) -> String {
    let mut parts = vec![in_words(status)];
    match &status.best {
        Some(best) => {
            let format =
                ScoreFormat::telling_apart(best.score.into_iter().chain(status.start_score));
            let (score, gain) = (format.maybe(best.score), format.maybe_gain(best.gain));
            parts.push(format!("best {} {score} ({gain})", best.candidate));
        }
        None => parts.push("no score yet".to_owned()),
    }
    parts.push(format!("{} evaluated", count(status.candidates.evaluated)));
    if status.candidates.failed > 0 {
        parts.push(format!("{} failed", count(status.candidates.failed)));
    }
    if status.cost.tokens > 0 {
        parts.push(dollars(status.cost.usd));
    }
    parts.push(format!("up {}", duration(status.cost.wall_s)));
    for (key, used) in &status.budget {
        let share = percent(used.used.value(), used.limit.value());
        parts.push(format!("{share} % of {key} {}", amount(key, used.limit.value())));
    }
    parts.join(" · ")
}

/// Whether it is at work, and if not, why.
pub(super) fn in_words(status: &Status) -> String {
    match (&status.stopped, status.state) {
        (Some(stop), _) => format!("stopped: {}", one_line(&stop.detail, 300)),
        (None, RunState::Gone) => {
            format!("gone: its process ended; `evolve resume {}` goes on", status.run)
        }
        (None, state) => state.word().to_owned(),
    }
}
