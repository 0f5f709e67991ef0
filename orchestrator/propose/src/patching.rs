//! Answers become programs, or mistakes that are worth sending back.

use std::sync::Arc;

use evolve_core::event::{Change, Operator};
use evolve_core::ids::BlobHash;
use evolve_core::outcome::RejectReason;
use evolve_core::ports::Language;
use evolve_core::program::Program;
use evolve_mutate::{Editable, apply_diff, apply_rewrite, draft, normal_hash};
use evolve_prompts::Format;

use crate::deny::Denied;

/// Longest one-line summary, in bytes.
const SUMMARY: usize = 200;

/// What an answer is applied to, and what its result must keep.
pub(crate) struct Target {
    /// How changes are given.
    pub format: Format,
    /// The first parent; none for a draft.
    pub base: Option<(Program, Editable)>,
    pub editable_globs: Vec<String>,
    pub language: Option<Arc<dyn Language>>,
    pub denied: Arc<Denied>,
    /// Largest program, in bytes.
    pub max_size: u64,
    /// Name of a drafted file that has no name in the answer.
    pub draft_path: String,
}

/// A program that passed the static checks.
#[derive(Debug)]
pub(crate) struct Checked {
    pub program: Program,
    pub normal: Option<BlobHash>,
    pub change: Change,
}

/// Why an answer gave no program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub reason: RejectReason,
    pub problem: String,
}

impl Mistake {
    pub(crate) fn new(reason: RejectReason, problem: impl Into<String>) -> Self {
        Self { reason, problem: problem.into() }
    }
}

/// The shape of the answer that an operator asks a model for.
pub(crate) fn format_of(operator: Operator) -> Format {
    match operator {
        Operator::Diff | Operator::Fix => Format::Diff,
        _ => Format::Files,
    }
}

impl Target {
    /// Applies an answer and checks the result.
    pub(crate) fn read(&self, answer: &str) -> Result<Checked, Mistake> {
        let (program, mut change) = self.apply(answer)?;
        change.prediction = prediction(answer).unwrap_or_default();
        self.checked(program, change)
    }

    /// The static checks of a program that is well changed.
    pub(crate) fn checked(&self, program: Program, change: Change) -> Result<Checked, Mistake> {
        self.check_size(&program)?;
        let before = self.base.as_ref().map(|(before, _)| before);
        if let Some(problem) = self.denied.brought_in(before, &program) {
            return Err(Mistake::new(RejectReason::Denied, problem));
        }
        let normal = self.check_syntax(&program)?;
        Ok(Checked { program, normal, change })
    }

    fn apply(&self, answer: &str) -> Result<(Program, Change), Mistake> {
        let Some((base, editable)) = &self.base else {
            let program = draft(answer, &self.draft_path)
                .map_err(|error| Mistake::new(error.reason(), error.to_string()))?;
            Editable::new(&program, &self.editable_globs)
                .map_err(|error| Mistake::new(RejectReason::PatchFailed, error.to_string()))?;
            let summary = idea(answer).unwrap_or_else(|| "a first program".to_owned());
            let change = Change { summary, ..Change::default() };
            return Ok((program, change));
        };
        let patched = match self.format {
            Format::Diff => apply_diff(base, answer, editable),
            Format::Files | Format::Edit => apply_rewrite(base, answer, editable),
        };
        let patched = patched.map_err(|error| Mistake::new(error.reason(), error.to_string()))?;
        check_edits(base, editable, &patched.program)?;
        Ok((patched.program, patched.change))
    }

    fn check_size(&self, program: &Program) -> Result<(), Mistake> {
        let size = program.size() as u64;
        if size <= self.max_size {
            return Ok(());
        }
        let problem =
            format!("the program has {size} bytes; at most {} are allowed", self.max_size);
        Err(Mistake::new(RejectReason::TooLarge, problem))
    }

    /// The normal hash, or the first place that does not parse.
    fn check_syntax(&self, program: &Program) -> Result<Option<BlobHash>, Mistake> {
        let Some(language) = &self.language else { return Ok(None) };
        if let Some(normal) = normal_hash(language.as_ref(), program) {
            return Ok(Some(normal));
        }
        if !language.is_certain() {
            return Ok(None); // it may be right all the same: the evaluator's compiler will judge
        }
        let before = |path: &String| self.base.as_ref().and_then(|(base, _)| base.files.get(path));
        let changed = program.files.iter().filter(|(path, text)| before(path) != Some(*text));
        for (path, text) in changed {
            if let Some((line, why)) = language.syntax_error(text)
                && is_of(language.as_ref(), path, text, program)
            {
                let quoted = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
                let problem = format!("{path}:{line}: {why}\n{quoted}");
                return Err(Mistake::new(RejectReason::Syntax, problem));
            }
        }
        // Only files that nobody touched do not parse: the evaluator will judge.
        Ok(None)
    }
}

/// Whether a program was changed, and only where it may be.
pub(crate) fn check_edits(
    base: &Program,
    editable: &Editable,
    changed: &Program,
) -> Result<(), Mistake> {
    editable
        .check(base, changed)
        .map_err(|edit| Mistake::new(RejectReason::OutsideRegion, edit.to_string()))?;
    if changed == base {
        let problem = "the program after the change is the same as before";
        return Err(Mistake::new(RejectReason::NoChange, problem));
    }
    Ok(())
}

/// Whether a file that does not parse is one of the language: alone among others it takes
/// the whole program's normal hash away.
fn is_of(language: &dyn Language, path: &str, text: &str, program: &Program) -> bool {
    let mut probe = Program::single(path, text);
    if program.files.len() > 1 {
        probe.files.insert("-".to_owned(), String::new());
    }
    normal_hash(language, &probe).is_none()
}

/// The line that the model says before its first program.
pub(crate) fn idea(answer: &str) -> Option<String> {
    let line = answer.lines().map(str::trim).find(|line| !line.is_empty())?;
    let begins_a_change = ["<<<<", "```", "~~~", "###"].iter().any(|mark| line.starts_with(mark));
    if begins_a_change || !line.chars().any(char::is_alphabetic) {
        return None;
    }
    let line: String = line.chars().filter(|c| !c.is_control()).collect();
    let line = line.trim_start_matches(['#', '*', '-', ' ']);
    let line = line.strip_prefix("Idea:").map_or(line, |idea| idea.trim_matches(['*', ' ']));
    let end = line.floor_char_boundary(SUMMARY);
    Some(if end < line.len() { format!("{}…", &line[..end]) } else { line.to_owned() })
}

/// The line before the first change that says what the evaluator is expected to measure.
pub(crate) fn prediction(answer: &str) -> Option<String> {
    let marks = ["<<<<", "```", "~~~"];
    let before = answer
        .lines()
        .map(str::trim)
        .take_while(|line| marks.iter().all(|mark| !line.starts_with(mark)));
    let plain = |line: &str| -> String {
        line.chars().filter(|c| !c.is_control() && *c != '*').collect::<String>().trim().to_owned()
    };
    let said = before.map(plain).find_map(|line| {
        line.trim_start_matches(['#', '-', ' ']).strip_prefix("Expect:").map(str::to_owned)
    });
    let said = said.map(|said| said.trim().to_owned()).filter(|said| !said.is_empty())?;
    let end = said.floor_char_boundary(SUMMARY);
    Some(if end < said.len() { format!("{}…", &said[..end]) } else { said })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prediction_stands_before_the_change() {
        let said = |answer| prediction(answer);
        let answer = "Idea: grow.\n**Expect:** `score` up by 0.1\n<<<<<<< SEARCH\nx";
        assert_eq!(said(answer).as_deref(), Some("`score` up by 0.1"));
        assert_eq!(said("Idea: grow.\n```\nExpect: nothing\n```"), None);
        assert_eq!(said("Expect:\n"), None);
        assert!(said(&format!("Expect: {}", "ä".repeat(500))).unwrap().len() <= SUMMARY + 3);
    }

    #[test]
    fn the_idea_is_the_first_sentence_unless_the_change_comes_first() {
        assert_eq!(
            idea("\n**Grow** the corners.\n\n<<<<<<< SEARCH").as_deref(),
            Some("Grow** the corners.")
        );
        assert_eq!(idea("**Idea:** rows").as_deref(), Some("rows"));
        assert_eq!(idea("<<<<<<< SEARCH\nx"), None);
        assert_eq!(idea("```python\nx\n```"), None);
        assert_eq!(idea("\n \n"), None);
        assert!(idea(&"long ".repeat(100)).unwrap().len() <= SUMMARY + "…".len());
    }
}
