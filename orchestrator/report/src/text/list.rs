//! All runs, a line each.

use crate::format::{ScoreFormat, ago, count, one_line};
use crate::model::{Moment, RunList};

use super::status::dollars;
use super::table::{Column, Table};

/// What `evolve list` prints.
pub fn list(list: &RunList, now: &Moment) -> String {
    if list.runs.is_empty() && list.broken.is_empty() {
        return "no runs yet; `evolve start TASK` makes one\n".to_owned();
    }
    let mut out = String::new();
    if !list.runs.is_empty() {
        let mut table = Table::new(&[
            ("run", Column::Name),
            ("state", Column::Left),
            ("score", Column::Right),
            ("gain", Column::Right),
            ("evaluated", Column::Right),
            ("cost", Column::Right),
            ("started", Column::Right),
        ]);
        for line in &list.runs {
            let reason = line.stopped.as_ref().map(|stop| stop.reason);
            // Runs of different tasks have nothing to be told apart by: each has its own digits.
            let format = ScoreFormat::telling_apart(line.score);
            table.row([
                line.run.to_string(),
                reason.unwrap_or(line.state.word()).to_owned(),
                format.maybe(line.score),
                format.maybe_gain(line.gain),
                count(line.evaluated),
                dollars(line.cost.usd),
                ago(line.started_at, now.now),
            ]);
        }
        out.push_str(&table.render(0));
    }
    for broken in &list.broken {
        let (run, why) = (one_line(&broken.run, 200), one_line(&broken.why, 600));
        out.push_str(&format!("{run}: cannot be read: {why}\n"));
    }
    out
}
