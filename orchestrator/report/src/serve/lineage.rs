//! The lineage as a graph: who came from whom, laid out as a tidy tree.

use std::collections::{BTreeSet, HashMap};

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Html;
use evolve_core::facts::{CandidateFacts, CandidateState};
use evolve_core::{CandidateId, Facts};
use serde::Serialize;

use super::Site;
use super::answer::{Failure, aside, run_page};
use super::overview::links;
use crate::format::{ScoreFormat, count, one_line};
use crate::html::page::{PATH, path};

/// Nodes that are drawn: as many as a browser moves at 60 pictures a second.
const NODES: usize = 4_000;

/// The graph, a list for each property of the nodes; nodes go by rising candidate number.
#[derive(Debug, Serialize, Default)]
pub(super) struct Graph {
    /// Candidate numbers.
    id: Vec<u64>,
    /// Place of the first parent in these lists; -1 for roots.
    parent: Vec<i64>,
    /// Further parents: places of child and parent.
    more: Vec<(usize, usize)>,
    /// Generation.
    x: Vec<u32>,
    /// Place across, in units of a node.
    y: Vec<f32>,
    /// Score; null for failures.
    score: Vec<Option<f64>>,
    /// Score between the worst drawn (0) and the best (1), by rank.
    rank: Vec<Option<f32>>,
    /// Place of its operator in `operators`.
    operator: Vec<usize>,
    /// Place of its model in `models`.
    model: Vec<usize>,
    /// Island.
    island: Vec<u32>,
    /// Status in a word, as a place in `statuses`.
    status: Vec<usize>,
    /// Places of the nodes on the path to the best.
    path: Vec<usize>,
    operators: Vec<String>,
    models: Vec<String>,
    statuses: Vec<String>,
    /// All candidates with a program.
    total: usize,
}

impl Graph {
    fn of(facts: &Facts) -> Self {
        let (ids, total) = chosen(facts);
        let place: HashMap<CandidateId, usize> = ids.iter().copied().zip(0..).collect();
        let nodes: Vec<&CandidateFacts> =
            ids.iter().filter_map(|id| facts.candidate(*id)).map(AsRef::as_ref).collect();
        let parents: Vec<Option<usize>> = nodes
            .iter()
            .map(|c| c.parents().first().and_then(|parent| place.get(parent).copied()))
            .collect();
        let mut graph = Self { total, y: across(&parents), ..Self::default() };
        let (mut operators, mut models, mut statuses) =
            (Names::default(), Names::default(), Names::default());
        for (at, node) in nodes.iter().enumerate() {
            graph.id.push(node.id.0);
            graph
                .parent
                .push(parents[at].and_then(|parent| i64::try_from(parent).ok()).unwrap_or(-1));
            let others = node.parents().iter().skip(1).filter_map(|parent| place.get(parent));
            graph.more.extend(others.map(|parent| (at, *parent)));
            let behind = parents[at].map_or(0, |parent| graph.x[parent] + 1);
            graph.x.push(behind);
            graph.score.push(node.score().filter(|score| score.is_finite()).map(short));
            graph.operator.push(operators.place(node.selection.operator.word()));
            graph.model.push(models.place(node.model.as_ref().map_or("none", |m| m.as_str())));
            graph.island.push(node.selection.island);
            graph.status.push(statuses.place(node.word()));
        }
        graph.rank = ranks(facts, &graph.score);
        graph.operators = operators.0;
        graph.models = models.0;
        graph.statuses = statuses.0;
        if let Some(best) = facts.best {
            let line = facts.lineage(best).map(|c| c.id).chain([best]);
            graph.path = line.filter_map(|id| place.get(&id).copied()).collect();
            graph.path.sort_unstable();
        }
        graph
    }
}

/// Six significant digits: what a picture can show.
fn short(score: f64) -> f64 {
    format!("{score:.5e}").parse().unwrap_or(score)
}

#[derive(Default)]
struct Names(Vec<String>);

impl Names {
    fn place(&mut self, name: &str) -> usize {
        let name = one_line(name, 60);
        self.0.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.0.push(name);
            self.0.len() - 1
        })
    }
}

/// The candidates that are drawn, by rising number, and how many there are: the path to the
/// best, former bests, then the best and the newest by turns, each with all its ancestors.
fn chosen(facts: &Facts) -> (Vec<CandidateId>, usize) {
    let has_program = |c: &&CandidateFacts| {
        c.state != CandidateState::Absent && (c.program.is_some() || c.score().is_some())
    };
    let all: Vec<&CandidateFacts> =
        facts.candidates.iter().map(AsRef::as_ref).filter(has_program).collect();
    let mut kept: BTreeSet<CandidateId> = BTreeSet::new();
    if all.len() <= NODES {
        return (all.iter().map(|c| c.id).collect(), all.len());
    }
    let goal = facts.objective().goal;
    let mut ranked: Vec<&CandidateFacts> = all.clone();
    ranked.sort_by(|a, b| {
        let score = |c: &CandidateFacts| c.score().unwrap_or(f64::NAN);
        goal.order(score(b), score(a)).then(a.id.cmp(&b.id))
    });
    let first = facts.best.into_iter().chain(facts.promotions.iter().rev().map(|(_, id)| *id));
    let turns = ranked.iter().zip(all.iter().rev()).flat_map(|(one, other)| [one.id, other.id]);
    for id in first.chain(turns) {
        if kept.contains(&id) {
            continue;
        }
        let line: Vec<CandidateId> = facts
            .lineage(id)
            .map(|c| c.id)
            .take_while(|ancestor| !kept.contains(ancestor))
            .chain([id])
            .collect();
        if kept.len() + line.len() > NODES {
            // A deep line that has no room: shorter ones may still have.
            if kept.len() + 1 > NODES {
                break;
            }
            continue;
        }
        kept.extend(line);
    }
    (kept.into_iter().collect(), all.len())
}

/// Places across: leaves side by side, in the order of a walk that finishes one line before the
/// next, and each parent in the middle of its children.
fn across(parents: &[Option<usize>]) -> Vec<f32> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); parents.len()];
    let mut roots = Vec::new();
    for (node, parent) in parents.iter().enumerate() {
        match parent {
            // A parent is older than its child; anything else would never end.
            Some(parent) if *parent < node => children[*parent].push(node),
            _ => roots.push(node),
        }
    }
    let mut y = vec![0.0f32; parents.len()];
    let mut leaf = 0.0f32;
    let mut stack: Vec<usize> = roots.into_iter().rev().collect();
    while let Some(node) = stack.pop() {
        if children[node].is_empty() {
            y[node] = leaf;
            leaf += 1.0;
        }
        stack.extend(children[node].iter().rev());
    }
    for node in (0..parents.len()).rev() {
        if let (Some(first), Some(last)) = (children[node].first(), children[node].last()) {
            y[node] = f32::midpoint(y[*first], y[*last]);
        }
    }
    y
}

fn ranks(facts: &Facts, scores: &[Option<f64>]) -> Vec<Option<f32>> {
    let goal = facts.objective().goal;
    let mut sorted: Vec<f64> = scores.iter().copied().flatten().collect();
    sorted.sort_by(|a, b| goal.order(*a, *b));
    sorted.dedup();
    let top = sorted.len().saturating_sub(1).max(1) as f32;
    let rank = |score: f64| {
        let place = sorted.partition_point(|other| goal.is_better(score, *other));
        (place as f32 / top * 1000.0).round() / 1000.0
    };
    scores.iter().map(|score| score.map(rank)).collect()
}

/// `/runs/RUN/lineage.json`
pub(super) async fn graph(
    State(site): State<Site>,
    Path(run): Path<String>,
) -> Result<Json<Graph>, Failure> {
    aside(move || site.runs.with(&run, |live| Ok(Json(Graph::of(live.facts()))))).await
}

/// `/runs/RUN/lineage`
pub(super) async fn page(
    State(site): State<Site>,
    Path(run): Path<String>,
) -> Result<Html<String>, Failure> {
    #[derive(Serialize)]
    struct Lineage {
        path: Vec<crate::html::page::PathStep>,
        path_left_out: usize,
        bests: Vec<(crate::html::rows::Link, String, String)>,
    }
    run_page(site, run, "lineage-page.html", "Lineage", move |live, _, context| {
        let facts = live.facts();
        let links = links(facts);
        let (path, path_left_out) =
            facts.best.map_or_else(Default::default, |best| path(facts, best, &links, PATH));
        let bests: Vec<_> = facts.promotions.iter().rev().take(200).collect();
        let scores = bests.iter().filter_map(|(_, id)| facts.candidate(*id)?.score());
        let format = ScoreFormat::telling_apart(scores);
        let bests = bests.iter().map(|(seq, id)| {
            let score = facts.candidate(*id).and_then(|c| c.score());
            (links.link(*id), format.maybe(score), count(seq.0))
        });
        context.insert("page", &Lineage { path, path_left_out, bests: bests.collect() });
        context.insert("most", &count(NODES as u64));
        Ok(())
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_lie_apart_and_parents_in_the_middle() {
        // 0 ─ 1 ─ 3, 4; 0 ─ 2
        let y = across(&[None, Some(0), Some(0), Some(1), Some(1)]);
        assert_eq!(y, [1.25, 0.5, 2.0, 0.0, 1.0]);
    }

    #[test]
    fn a_large_run_is_drawn_in_part_with_every_ancestor() {
        let facts = Facts::fold(&evolve_testkit::generated::events(7, 9_000)).unwrap();
        let graph = Graph::of(&facts);
        assert!(graph.id.len() <= NODES && graph.id.len() > NODES / 2, "{}", graph.id.len());
        assert!(graph.total > NODES);
        for (at, id) in graph.id.iter().enumerate() {
            let candidate = facts.candidate(CandidateId(*id)).unwrap();
            let parent = candidate.parents().first();
            match graph.parent[at] {
                -1 => assert_eq!(parent, None),
                place => assert_eq!(parent.unwrap().0, graph.id[place as usize]),
            }
        }
        let best = graph.path.last().map(|at| CandidateId(graph.id[*at]));
        assert_eq!(best, facts.best);
        assert!(serde_json::to_vec(&graph).unwrap().len() < 300_000);
    }
}
