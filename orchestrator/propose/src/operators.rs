//! Which operators a run uses.

use std::sync::Arc;

use evolve_core::event::Operator;
use evolve_core::ports::Language;
use evolve_core::task::TaskConfig;

/// The operators of a run with their weights: the task's own, else `mutate` alone without a
/// model, else mostly `diff`. `fix` and `draft` are not among the defaults: the strategy
/// chooses them where a parent failed or there is none. `languages` are known besides those
/// with a grammar.
pub fn default_operators(
    task: &TaskConfig,
    languages: &[Arc<dyn Language>],
) -> Vec<(Operator, f64)> {
    if !task.search.operators.is_empty() {
        return task
            .search
            .operators
            .iter()
            .map(|(operator, weight)| (*operator, *weight))
            .collect();
    }
    if task.command.is_some() {
        return by_command(task, languages);
    }
    if task.model.is_empty() {
        return vec![(Operator::Mutate, 1.0)];
    }
    let mut operators =
        vec![(Operator::Diff, 0.6), (Operator::Rewrite, 0.15), (Operator::Crossover, 0.15)];
    operators.extend(mutations(task, languages));
    operators
}

/// A command edits as it sees fit: there is no use in asking it to write everything anew.
fn by_command(task: &TaskConfig, languages: &[Arc<dyn Language>]) -> Vec<(Operator, f64)> {
    let mut operators = vec![(Operator::Diff, 0.75), (Operator::Crossover, 0.15)];
    operators.extend(mutations(task, languages));
    operators
}

fn mutations(task: &TaskConfig, languages: &[Arc<dyn Language>]) -> Option<(Operator, f64)> {
    let known = task.language().is_some_and(|name| language(&name, languages).is_some());
    known.then_some((Operator::Mutate, 0.1))
}

/// The language with this name, among those with a grammar and then among `others`.
pub(crate) fn language(name: &str, others: &[Arc<dyn Language>]) -> Option<Arc<dyn Language>> {
    let other = || others.iter().find(|language| language.name() == name).cloned();
    evolve_mutate::language(name).or_else(other)
}

/// Whether the operator needs a model, or the task's command.
pub(crate) fn needs_model(operator: Operator) -> bool {
    operator.is_chosen() && operator != Operator::Mutate
}
