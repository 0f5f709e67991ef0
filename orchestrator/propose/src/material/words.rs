//! Results in one line, and long texts in few.

use std::cmp::Ordering;

use evolve_core::Objective;
use evolve_core::facts::CandidateFacts;
use evolve_core::outcome::EvalStatus;
use evolve_prompts::number;

/// How a candidate fared, in one line.
pub(super) fn outcome(facts: &CandidateFacts, objective: &Objective) -> String {
    if let Some(why) = &facts.quarantined {
        return format!("not believed: {why}");
    }
    if let Some(score) = facts.score() {
        return format!("ok, `{}` = {}", objective.metric, number(score));
    }
    if let Some(rejection) = &facts.rejected {
        return format!("never evaluated ({}): {}", rejection.reason.word(), rejection.detail);
    }
    let Some(evaluation) = &facts.evaluation else {
        return "not evaluated yet".to_owned();
    };
    let mut line = vec![evaluation.status.word().to_owned()];
    if let Some(stage) = &evaluation.stage {
        line.push(format!(" in stage `{stage}`"));
    }
    // A gated candidate has the numbers of the stages before.
    if let (EvalStatus::Gated, Some(value)) =
        (evaluation.status, objective.score(&evaluation.metrics))
    {
        line.push(format!(", `{}` = {}", objective.metric, number(value)));
    }
    if !evaluation.detail.is_empty() {
        line.push(format!(": {}", evaluation.detail));
    }
    line.concat()
}

/// How a candidate fared against its parent, in one line.
pub(crate) fn step_outcome(
    facts: &CandidateFacts,
    parent: Option<&CandidateFacts>,
    objective: &Objective,
) -> String {
    let line = outcome(facts, objective);
    let (Some(score), Some(before)) = (facts.score(), parent.and_then(CandidateFacts::score))
    else {
        return line;
    };
    let by = significant((score - before).abs());
    match objective.goal.order(score, before) {
        Ordering::Greater => format!("{line}, {by} better than its parent"),
        Ordering::Less => format!("{line}, {by} worse than its parent"),
        Ordering::Equal => format!("{line}, no better than its parent"),
    }
}

/// A difference with six significant digits: more would be rounding noise.
fn significant(value: f64) -> String {
    let text = format!("{value:.5e}");
    number(text.parse().unwrap_or(value))
}

/// Whether an artifact's name promises an explanation of a failure.
pub(super) fn looks_like_failure(name: &str) -> bool {
    let name = name.to_lowercase();
    ["error", "fail", "trace", "stderr", "violation", "diff", "mismatch", "exception"]
        .iter()
        .any(|word| name.contains(word))
}

/// A text of at most about `bytes` bytes, whole lines from its head and its tail. The tail
/// gets more: that is where errors stand.
pub(super) fn excerpt_lines(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let lines: Vec<&str> = text.lines().map(|line| clip(line, bytes / 4)).collect();
    let (mut head, mut tail) = (0, lines.len());
    let mut size = 0;
    while tail > head && size + lines[tail - 1].len() < bytes * 2 / 3 {
        tail -= 1;
        size += lines[tail].len() + 1;
    }
    while head < tail && size + lines[head].len() < bytes {
        size += lines[head].len() + 1;
        head += 1;
    }
    let left_out = tail - head;
    let mut shown = lines[..head].to_vec();
    let mark = format!("[… {left_out} lines left out …]");
    if left_out > 0 {
        shown.push(&mark);
    }
    shown.extend(&lines[tail..]);
    shown.join("\n")
}

fn clip(line: &str, bytes: usize) -> &str {
    &line[..line.floor_char_boundary(bytes)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_has_whole_lines_from_both_ends() {
        let lines: Vec<String> = (0..1_000).map(|i| format!("line {i}")).collect();
        let text = lines.join("\n");
        let short = excerpt_lines(&text, 600);
        assert!(short.len() < 700);
        assert!(short.starts_with("line 0\n") && short.ends_with("line 999"));
        assert!(short.contains("lines left out"));
        let counted = short.lines().filter(|l| l.starts_with("line ")).count();
        assert!(short.contains(&format!("[… {} lines", 1_000 - counted)), "{short}");
        let one = excerpt_lines(&"ä".repeat(10_000), 400);
        assert!(one.len() <= 400, "{}", one.len());
        assert_eq!(excerpt_lines("a\nb", 10), "a\nb");
    }

    #[test]
    fn differences_show_no_rounding_noise() {
        assert_eq!(significant(0.1 + 0.2 - 0.25), "0.05");
        assert_eq!(significant(1.234_567_89e-7), "1.23457e-7");
        assert_eq!(significant(0.0), "0");
    }
}
