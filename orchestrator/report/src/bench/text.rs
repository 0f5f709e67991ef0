//! A bench for the terminal: 80 columns, a block per task.

use super::page::superiority;
use super::{Bench, TaskBench};
use crate::bench::digits::Digits;
use crate::format::one_line;

/// What `evolve bench` prints.
pub fn text(bench: &Bench) -> String {
    let mut out = String::new();
    for task in &bench.tasks {
        out.push_str(&block(task, &bench.settings.baseline));
        out.push('\n');
    }
    if bench.tasks.len() > 1 {
        out.push_str("mean rank over the tasks\n");
        for line in &bench.overall {
            let name = one_line(&line.strategy, 20);
            out.push_str(&format!("  {name:<20}  {:.2}\n", line.mean_rank));
        }
        out.push('\n');
    }
    out.push_str(
        "Intervals are at 95 %: bootstrap over seeds for scores and areas, Newcombe's for\n\
         probabilities. P counts ties half.\n",
    );
    out
}

fn block(task: &TaskBench, baseline: &str) -> String {
    let digits = Digits::between(task.worst, task.best);
    let goal = match task.goal {
        evolve_core::Goal::Maximize => "more is better",
        evolve_core::Goal::Minimize => "less is better",
    };
    let name = one_line(&task.task, 40);
    let against = task.strategies.iter().any(|s| s.strategy == baseline).then_some(baseline);
    let mut out = format!("{name}: best score after {} candidates, {goal}\n", task.horizon);
    let title = against.map_or_else(String::new, |name| format!("P(beats {})", one_line(name, 12)));
    out.push_str(&format!(
        "  {:<14} {:>5} {:>12} {:>6} {:>5}  {title}\n",
        "strategy", "seeds", "median", "area", "rank"
    ));
    for s in &task.strategies {
        let area = s.auc.value.map_or_else(|| "–".to_owned(), |area| format!("{area:.3}"));
        let pair = against.and_then(|b| task.pairs.iter().find(|p| p.a == s.strategy && p.b == b));
        let beats = pair.map(|pair| superiority(&pair.best)).unwrap_or_default();
        let line = format!(
            "  {:<14} {:>5} {:>12} {area:>6} {:>5.1}  {beats}",
            one_line(&s.strategy, 14),
            s.seeds,
            digits.score(s.median.value),
            s.rank,
        );
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
