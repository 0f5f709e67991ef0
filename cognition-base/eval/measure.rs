//! The labelled situations, and how well a base answers them.

#![allow(dead_code)] // the example and the test each use a part

use std::collections::BTreeSet;
use std::sync::Arc;

use evolve_cognition::Base;
use evolve_core::knowledge::{Credits, Situation};
use evolve_core::ports::{HostFault, KnowledgeBase, Query};
use serde::Deserialize;

/// Items that an answer holds.
pub const TOP: usize = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// Chose the weights.
    Tune,
    /// Judges them.
    HeldOut,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Labelled {
    pub group: Group,
    pub now: String,
    pub task: String,
    /// Ids of the items that a person would want to see.
    pub relevant: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    situation: Vec<Labelled>,
}

pub fn situations() -> Result<Vec<Labelled>, toml::de::Error> {
    toml::from_str::<File>(include_str!("situations.toml")).map(|file| file.situation)
}

/// Means over situations, each between 0 and 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Quality {
    /// The part of the relevant items that is among the first five.
    pub recall: f64,
    /// Discounted gain of the first five, as part of the best possible one (K. Järvelin and J.
    /// Kekäläinen, ACM TOIS 20, 2002), with gains of 0 and 1.
    pub ndcg: f64,
    /// The part of the situations of which a relevant item is among the first five.
    pub hit: f64,
    pub situations: usize,
}

pub async fn answer(base: &Base, labelled: &Labelled) -> Result<Vec<String>, HostFault> {
    let query = Query {
        situation: Situation { now: labelled.now.clone(), task: labelled.task.clone() },
        top_k: TOP,
        insights: Vec::new(),
        top_insights: 0,
        credits: Arc::new(Credits::default()),
        seed: 1,
        meter: None,
    };
    Ok(base.retrieve(query).await?.items.into_iter().map(|item| item.id).collect())
}

pub async fn quality(base: &Base, all: &[Labelled], group: Group) -> Result<Quality, HostFault> {
    let mut sum = Quality::default();
    for labelled in all.iter().filter(|labelled| labelled.group == group) {
        let answer = answer(base, labelled).await?;
        let gain = |rank: usize| 1.0 / (rank as f64 + 2.0).log2();
        let hits: Vec<usize> =
            (0..answer.len()).filter(|rank| labelled.relevant.contains(&answer[*rank])).collect();
        let best: f64 = (0..labelled.relevant.len().min(TOP)).map(gain).sum();
        sum.recall += hits.len() as f64 / labelled.relevant.len() as f64;
        sum.ndcg += hits.iter().copied().map(gain).sum::<f64>() / best;
        sum.hit += f64::from(u8::from(!hits.is_empty()));
        sum.situations += 1;
    }
    let count = sum.situations.max(1) as f64;
    Ok(Quality { recall: sum.recall / count, ndcg: sum.ndcg / count, hit: sum.hit / count, ..sum })
}
