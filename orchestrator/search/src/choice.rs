//! Draws and small decisions that strategies share.

use evolve_core::event::{Operator, Selection};
use evolve_core::{CandidateId, Facts, ModelName};
use rand::Rng;
use rand_pcg::Pcg64Mcg;

use crate::Menu;

/// An entry drawn by weight. Weights that are not positive and finite count as zero; none when
/// all do.
pub(crate) fn weighted<T: Copy>(entries: &[(T, f64)], rng: &mut Pcg64Mcg) -> Option<T> {
    let total: f64 = entries.iter().map(|(_, weight)| usable(*weight)).sum();
    if !(total > 0.0 && total.is_finite()) {
        return None;
    }
    let mut left = rng.random::<f64>() * total;
    let mut last = None;
    for (entry, weight) in entries.iter().filter(|(_, weight)| usable(*weight) > 0.0) {
        last = Some(*entry);
        left -= weight;
        if left < 0.0 {
            break;
        }
    }
    last // rounding may leave a crumb after the last one
}

pub(crate) fn usable(weight: f64) -> f64 {
    if weight.is_finite() && weight > 0.0 { weight } else { 0.0 }
}

/// All models in a random order, drawn by weight without replacement. Models without weight
/// come after the others, and those whose breaker is open last.
pub(crate) fn model_order(
    models: &[(ModelName, f64)],
    facts: &Facts,
    rng: &mut Pcg64Mcg,
) -> Vec<ModelName> {
    let (closed, open): (Vec<_>, Vec<_>) = models
        .iter()
        .map(|(name, weight)| (name, *weight))
        .partition(|(name, _)| !facts.open_breakers.contains_key(*name));
    let mut order = Vec::with_capacity(models.len());
    for mut group in [closed, open] {
        while let Some(name) = weighted(&group, rng) {
            group.retain(|(other, _)| *other != name);
            order.push(name.clone());
        }
        order.extend(group.into_iter().map(|(name, _)| name.clone()));
    }
    order
}

/// The menu's operators that can be drawn.
pub(crate) fn drawable(menu: &Menu) -> Vec<(Operator, f64)> {
    let sound = |entry: &&(Operator, f64)| usable(entry.1) > 0.0 && entry.0.is_chosen();
    menu.operators.iter().filter(sound).copied().collect()
}

/// One of the operators that are possible now; where none is, a plain change.
pub(crate) fn operator(menu: &Menu, possible: &[(Operator, f64)], rng: &mut Pcg64Mcg) -> Operator {
    let plain = if menu.models.is_empty() { Operator::Mutate } else { Operator::Diff };
    weighted(possible, rng).unwrap_or(plain)
}

/// The first step of a run, or of one in which nothing has a score: a draft; where no model
/// could write one, an edit of the start.
pub(crate) fn first_step(menu: &Menu, facts: &Facts, island: u32, rng: &mut Pcg64Mcg) -> Selection {
    let asks_models = !menu.models.is_empty()
        || menu.operators.iter().any(|(op, weight)| *op != Operator::Mutate && *weight > 0.0);
    let start = facts.candidate(CandidateId::START).filter(|_| !asks_models);
    Selection {
        operator: if start.is_some() { Operator::Mutate } else { Operator::Draft },
        island,
        parents: start.map(|start| start.id).into_iter().collect(),
        inspirations: Vec::new(),
        models: model_order(&menu.models, facts, rng),
        tactic: None,
    }
}

/// A decision whose parent is chosen: an operator that is possible, the first of the others as
/// mate where two are merged, and at most so many inspirations.
pub(crate) fn with_parent(
    menu: &Menu,
    parent: CandidateId,
    others: Vec<CandidateId>,
    most: usize,
    island: u32,
    models: Vec<ModelName>,
    rng: &mut Pcg64Mcg,
) -> Selection {
    let possible = menu.operators.iter();
    let possible =
        possible.filter(|(operator, _)| *operator != Operator::Crossover || !others.is_empty());
    let operator = operator(menu, &possible.copied().collect::<Vec<_>>(), rng);
    let mut parents = match operator {
        Operator::Draft => Vec::new(),
        _ => vec![parent],
    };
    let mut inspirations = others;
    if operator == Operator::Crossover {
        parents.push(inspirations.remove(0));
    }
    inspirations.truncate(most);
    Selection { operator, island, parents, inspirations, models, tactic: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn draws_follow_the_weights() {
        let mut rng = Pcg64Mcg::seed_from_u64(1);
        let entries = [('a', 1.0), ('b', 3.0), ('c', 0.0), ('d', f64::NAN), ('e', -2.0)];
        let mut counts = [0u32; 5];
        for _ in 0..4000 {
            let drawn = weighted(&entries, &mut rng).unwrap();
            counts[(drawn as usize) - ('a' as usize)] += 1;
        }
        assert_eq!(counts[2..], [0, 0, 0]);
        // Binomial(4000, 1/4): mean 1000, standard deviation 27.4.
        assert!(counts[0].abs_diff(1000) < 110, "{counts:?}");
    }

    #[test]
    fn nothing_is_drawn_where_no_weight_is_usable() {
        let mut rng = Pcg64Mcg::seed_from_u64(1);
        assert_eq!(weighted::<char>(&[], &mut rng), None);
        assert_eq!(weighted(&[('a', 0.0), ('b', f64::INFINITY)], &mut rng), None);
    }
}
