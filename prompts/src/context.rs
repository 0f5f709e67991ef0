//! What a prompt may say, as types. Field names are those that templates use.

use evolve_core::event::Operator;
use evolve_core::knowledge::{CognitionItem, Insight};
use evolve_core::outcome::RejectReason;
use evolve_core::task::TaskKind;
use evolve_core::{Goal, Objective};
use serde::Serialize;

/// A number with as many digits as it takes to tell it from every other one (the shortest
/// text that reads back as the same value).
pub fn number(value: f64) -> String {
    let text = format!("{value:?}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// What shape the answer should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// SEARCH/REPLACE blocks.
    Diff,
    /// Whole files in code blocks.
    Files,
    /// No answer: files are edited where they are.
    Edit,
}

/// Everything the templates `system.md` and `user.md` may use.
#[derive(Debug, Clone, Serialize)]
pub struct Context {
    /// The kind of change asked for: `diff`, `rewrite`, `crossover`, `fix`, `draft`.
    pub operator: Operator,
    /// What kind of program it is.
    pub kind: TaskKind,
    /// The task's name.
    pub task: String,
    /// The task's description.
    pub description: String,
    /// The program's language, if known.
    pub language: Option<String>,
    /// The objectives, primary first.
    pub objectives: Vec<ObjectiveView>,
    /// What a program may not contain, a line each.
    pub rules: Vec<String>,
    /// The shape of the answer.
    pub format: Format,
    /// Whether the program has several files.
    pub several_files: bool,
    /// Whether only regions of some file may be changed.
    pub has_regions: bool,
    /// Whether the prompt shows a parent, with line numbers.
    pub parents_shown: bool,
    /// The programs to change; empty for a draft.
    pub parents: Vec<ProgramView>,
    /// The best program so far.
    pub best: Option<Best>,
    /// Programs shown for ideas.
    pub inspirations: Vec<ProgramView>,
    /// The first parent's own making and its ancestors', newest first.
    pub lineage: Vec<Step>,
    /// Recent proposals that failed or lost against their parent, newest first.
    pub tried: Vec<Step>,
    /// Ideas that others of the same round have taken; nothing is known of them yet.
    pub taken: Vec<Step>,
    /// Recent proposals that repeated an earlier program.
    pub clash: Vec<ClashStep>,
    /// Prior knowledge.
    pub cognition: Vec<KnowledgeView>,
    /// What this run's experiments showed.
    pub insights: Vec<InsightView>,
    /// The direction for this proposal, where the search stalls.
    pub tactic: Option<InsightView>,
}

/// An objective in words.
#[derive(Debug, Clone, Serialize)]
pub struct ObjectiveView {
    /// The metric's name.
    pub metric: String,
    /// `maximize` or `minimize`.
    pub goal: &'static str,
    /// The score at which the run ends.
    pub target: Option<String>,
    /// The best score that is plausible.
    pub plausible_max: Option<String>,
}

impl From<&Objective> for ObjectiveView {
    fn from(objective: &Objective) -> Self {
        let goal = match objective.goal {
            Goal::Maximize => "maximize",
            Goal::Minimize => "minimize",
        };
        Self {
            metric: objective.metric.clone(),
            goal,
            target: objective.target.map(number),
            plausible_max: objective.plausible_max.map(number),
        }
    }
}

/// A program with what is known of it.
#[derive(Debug, Clone, Serialize)]
pub struct ProgramView {
    /// The candidate.
    pub id: String,
    /// How its evaluation ended, in one line, with its score.
    pub outcome: String,
    /// What made it from its parent, in one line; may be empty.
    pub change: String,
    /// Its files, in order of their paths.
    pub files: Vec<File>,
    /// Its metrics, primary first.
    pub metrics: Vec<Metric>,
    /// The evaluator's paragraph; may be empty.
    pub feedback: String,
    /// What its evaluation left, failures first.
    pub artifacts: Vec<Artifact>,
}

/// A file of a program.
#[derive(Debug, Clone, Serialize)]
pub struct File {
    /// Its path.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Info string of its code fence: the language.
    pub info: String,
    /// Whether any of it may be changed.
    pub editable: bool,
    /// The lines that may be changed; empty means all, if it is editable.
    pub regions: Vec<Region>,
}

/// Lines of a file, from 1, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Region {
    /// The first line.
    pub first: usize,
    /// The last line.
    pub last: usize,
}

/// A metric's value.
#[derive(Debug, Clone, Serialize)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// Its value; see [`number`].
    pub value: String,
}

/// A text that an evaluation left.
#[derive(Debug, Clone, Serialize)]
pub struct Artifact {
    /// What it is.
    pub name: String,
    /// The text, already of a size worth reading.
    pub text: String,
}

/// The best program so far.
#[derive(Debug, Clone, Serialize)]
pub struct Best {
    /// The candidate.
    pub id: String,
    /// Its score, in one line.
    pub outcome: String,
    /// Whether it is among the parents, and so shown already.
    pub is_parent: bool,
}

/// A change and what it did.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// The candidate.
    pub id: String,
    /// What was changed, in one line.
    pub change: String,
    /// What came of it, in one line.
    pub outcome: String,
}

/// A proposal that repeated an earlier program.
#[derive(Debug, Clone, Serialize)]
pub struct ClashStep {
    /// The proposal.
    pub id: String,
    /// The candidate whose program it repeated.
    pub same_as: String,
    /// What was changed, in one line.
    pub change: String,
}

/// A piece of prior knowledge.
#[derive(Debug, Clone, Serialize)]
pub struct KnowledgeView {
    /// Its name.
    pub id: String,
    /// One line.
    pub title: String,
    /// The text.
    pub body: String,
}

impl From<CognitionItem> for KnowledgeView {
    fn from(item: CognitionItem) -> Self {
        Self { id: item.id, title: item.title, body: item.body }
    }
}

/// What an experiment showed.
#[derive(Debug, Clone, Serialize)]
pub struct InsightView {
    /// Its name.
    pub key: String,
    /// `works`, `fails`, `bug`, `limit`.
    pub kind: String,
    /// Between 0 and 1.
    pub confidence: String,
    /// What is the case.
    pub claim: String,
    /// Why; may be empty.
    pub mechanism: String,
    /// When it holds; may be empty.
    pub scope: String,
    /// What to do with it; may be empty.
    pub recommendation: String,
}

impl From<&Insight> for InsightView {
    fn from(insight: &Insight) -> Self {
        Self {
            key: insight.key.clone(),
            kind: insight.kind.word().to_owned(),
            confidence: format!("{:.2}", insight.confidence),
            claim: insight.claim.clone(),
            mechanism: insight.mechanism.clone(),
            scope: insight.scope.clone(),
            recommendation: insight.recommendation.clone(),
        }
    }
}

/// Everything the template `repair.md` may use.
#[derive(Debug, Clone, Serialize)]
pub struct Repair {
    /// What kind of mistake it was.
    pub reason: RejectReason,
    /// What was wrong, and where.
    pub problem: String,
    /// The shape the answer should have.
    pub format: Format,
    /// Whether the program has several files.
    pub several_files: bool,
    /// Whether only regions of some file may be changed.
    pub has_regions: bool,
    /// Whether the prompt shows a parent, with line numbers.
    pub parents_shown: bool,
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_keep_the_digits_that_tell_them_apart() {
        assert_eq!(number(2.635_985_1), "2.6359851");
        assert_ne!(number(0.1 + 0.2), number(0.3));
        assert_eq!(number(1.0), "1");
        assert_eq!(number(-0.0), "-0");
        assert_eq!(number(1e300), "1e300");
        for value in [1.0 / 3.0, 6.02e23, f64::MIN_POSITIVE, -2.5e-7] {
            assert_eq!(number(value).parse(), Ok(value));
        }
    }
}
