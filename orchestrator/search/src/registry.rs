//! The list of strategies. A new one is a file of its own and an entry here.

use evolve_core::task::SearchSection;

use crate::adaptive::Adaptive;
use crate::baselines::{BestOfN, Greedy, Random};
use crate::epoch::Epoch;
use crate::map_elites::MapElites;
use crate::parameters::{BadParameter, Kind, OwnParameter, Parameters};
use crate::pareto::Pareto;
use crate::polish::{self, Polished};
use crate::tactics::Directed;
use crate::two_level::TwoLevel;
use crate::ucb::Ucb;
use crate::{Menu, Strategy};

/// A setting of `[search]` that a strategy obeys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its key in `[search]`.
    pub key: &'static str,
    /// What it does in this strategy.
    pub meaning: &'static str,
}

/// A strategy as `evolve strategies` lists it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StrategyInfo {
    /// Its name in `task.toml`.
    pub name: &'static str,
    /// Where the rule comes from.
    pub from: &'static str,
    /// The rule in one line.
    pub rule: &'static str,
    /// The settings it obeys.
    pub parameters: &'static [Parameter],
    /// Parameters of its own, in `[search.parameters]`.
    pub own: &'static [OwnParameter],
}

/// Why there is no such strategy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadStrategy {
    /// None has the name.
    #[error(transparent)]
    Unknown(#[from] UnknownStrategy),
    /// It cannot take a parameter's value.
    #[error(transparent)]
    Parameter(#[from] BadParameter),
}

/// A strategy that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown strategy `{name}` in search.strategy{}; there are {}", hint(self.suggestion), known())]
pub struct UnknownStrategy {
    /// What the task asked for.
    pub name: String,
    /// The strategy that was probably meant.
    pub suggestion: Option<&'static str>,
}

fn hint(suggestion: Option<&str>) -> String {
    suggestion.map(|name| format!(", did you mean `{name}`?")).unwrap_or_default()
}

fn known() -> String {
    STRATEGIES.iter().map(|info| format!("`{}`", info.name)).collect::<Vec<_>>().join(", ")
}

const ISLANDS: Parameter = Parameter {
    key: "islands",
    meaning: "most islands; there is one at first, and stagnation founds the others",
};
const ISLANDS_FIXED: Parameter = Parameter { key: "islands", meaning: "islands" };
const ARCHIVE: Parameter =
    Parameter { key: "archive", meaning: "candidates kept as possible parents" };
const OPERATORS: Parameter = Parameter { key: "operators", meaning: "weights of the operators" };
const ADAPTED: Parameter = Parameter {
    key: "operators",
    meaning: "weights around which a bandit adapts the operators' shares",
};
const OPERATOR_CHOICE: Parameter = Parameter {
    key: "operator_choice",
    meaning: "`bandit`, or `weights` to keep the operators' weights as they are",
};
const POLISHING: Parameter = Parameter {
    key: "operator_choice",
    meaning: "`bandit` adapts the share of `mutate` among the operators, `weights` keeps it",
};
const MODEL_CHOICE: Parameter = Parameter {
    key: "model_choice",
    meaning: "`bandit` on gain per dollar around the models' weights, or `weights`",
};
const INSPIRATIONS: Parameter =
    Parameter { key: "inspirations", meaning: "programs shown, or mixed in, beside the parent" };

const DESCRIPTORS: &str = "axes of the grid: `size`, `complexity`, `distance` (from the start), \
                           `cluster` (of embeddings), `generation`, `score`, or any metric";
const BINS: &str = "cells along each axis; they are keyed anew when a range moves";

const ADAPTIVE: &[OwnParameter] = &[
    OwnParameter {
        key: "descriptors",
        meaning: DESCRIPTORS,
        kind: Kind::Names { default: &["size", "complexity"], most: 4 },
    },
    OwnParameter { key: "bins", meaning: BINS, kind: Kind::Count { default: 8, bounds: (1, 100) } },
];

/// As OpenEvolve has them; its `diversity` is the distance here.
const MAP_ELITES: &[OwnParameter] = &[
    OwnParameter {
        key: "descriptors",
        meaning: DESCRIPTORS,
        kind: Kind::Names { default: &["complexity", "distance"], most: 4 },
    },
    OwnParameter {
        key: "bins",
        meaning: BINS,
        kind: Kind::Count { default: 10, bounds: (1, 100) },
    },
    OwnParameter {
        key: "exploration",
        meaning: "share of parents from any cell",
        kind: Kind::Number { default: 0.2, bounds: (0.0, 1.0) },
    },
    OwnParameter {
        key: "exploitation",
        meaning: "share of parents from the best cells; the rest are drawn by rank",
        kind: Kind::Number { default: 0.7, bounds: (0.0, 1.0) },
    },
    OwnParameter {
        key: "elites",
        meaning: "share of cells that are the best ones",
        kind: Kind::Number { default: 0.1, bounds: (0.0, 1.0) },
    },
    OwnParameter {
        key: "migration_interval",
        meaning: "an island's evaluations between its migrations",
        kind: Kind::Count { default: 50, bounds: (1, 1_000_000) },
    },
    OwnParameter {
        key: "migration_rate",
        meaning: "share of an island's cells that migrate",
        kind: Kind::Number { default: 0.1, bounds: (0.0, 1.0) },
    },
];

const STRATEGIES: &[StrategyInfo] = &[
    StrategyInfo {
        name: "adaptive",
        from: "AdaEvolve's improvement signal, repaired; ShinkaEvolve's bandits; ours",
        rule: "the best while gains are frequent, any cell of a grid over descriptors as they \
               become rare; new islands when stalled, chosen by discounted UCB on gains; bandits \
               over operators and models",
        parameters: &[ISLANDS, ARCHIVE, ADAPTED, OPERATOR_CHOICE, MODEL_CHOICE, INSPIRATIONS],
        own: ADAPTIVE,
    },
    StrategyInfo {
        name: "map-elites",
        from: "OpenEvolve; Mouret and Clune 2015",
        rule: "islands in turn, each a grid over descriptors whose cells keep their best; any \
               cell, a top one, or one by rank; copies of the best migrate along a ring",
        parameters: &[ISLANDS_FIXED, OPERATORS, POLISHING, INSPIRATIONS],
        own: MAP_ELITES,
    },
    StrategyInfo {
        name: "ucb",
        from: "ASI-Evolve",
        rule: "the parent has the highest minmax(score) + c·√(ln N / n), n counting what was made \
               of it and what is under way",
        parameters: &[ARCHIVE, OPERATORS, POLISHING, INSPIRATIONS],
        own: &[OwnParameter {
            key: "c",
            meaning: "weight of what is little tried",
            kind: Kind::Number { default: 1.414, bounds: (0.0, 100.0) },
        }],
    },
    StrategyInfo {
        name: "pareto",
        from: "GEPA",
        rule: "who leads on a case (a per-instance score; else an objective) may be a parent, the \
               more cases the more often; crossover takes whom it complements best",
        parameters: &[ARCHIVE, OPERATORS, POLISHING, INSPIRATIONS],
        own: &[],
    },
    StrategyInfo {
        name: "epoch",
        from: "Execution-grounded automated AI research",
        rule: "batches with a barrier; min(0.5 + 0.1·⌊e/2⌋, 0.8) of epoch e starts from the best \
               of earlier ones, the rest anew; ideas of the epoch are shown as taken",
        parameters: &[ARCHIVE, OPERATORS, POLISHING, INSPIRATIONS],
        own: &[
            OwnParameter {
                key: "batch",
                meaning: "proposals of an epoch",
                kind: Kind::Count { default: 20, bounds: (1, 10_000) },
            },
            OwnParameter {
                key: "parents",
                meaning: "the best of earlier epochs that may be parents",
                kind: Kind::Count { default: 10, bounds: (1, 1_000) },
            },
        ],
    },
    StrategyInfo {
        name: "two-level",
        from: "ASI-Arch",
        rule: "a pool of the best: the parent from its first ranks, references from those below",
        parameters: &[ARCHIVE, OPERATORS, POLISHING],
        own: &[
            OwnParameter {
                key: "pool",
                meaning: "candidates in the pool",
                kind: Kind::Count { default: 50, bounds: (2, 100_000) },
            },
            OwnParameter {
                key: "parents",
                meaning: "ranks that the parent is drawn from",
                kind: Kind::Count { default: 10, bounds: (1, 100_000) },
            },
            OwnParameter {
                key: "references",
                meaning: "programs of the lower ranks that are shown",
                kind: Kind::Count { default: 4, bounds: (0, 16) },
            },
        ],
    },
    StrategyInfo {
        name: "greedy",
        from: "baseline: hill climbing",
        rule: "the best candidate is always the parent",
        parameters: &[OPERATORS, POLISHING, INSPIRATIONS],
        own: &[],
    },
    StrategyInfo {
        name: "random",
        from: "baseline: no selection pressure but the archive's bound",
        rule: "the parent is drawn evenly from the archive",
        parameters: &[ARCHIVE, OPERATORS, POLISHING, INSPIRATIONS],
        own: &[],
    },
    StrategyInfo {
        name: "best-of-n",
        from: "baseline: independent samples",
        rule: "the start is always the parent; drafts when the task is seedless",
        parameters: &[OPERATORS],
        own: &[],
    },
];

/// All strategies, the default first.
pub fn strategies() -> &'static [StrategyInfo] {
    STRATEGIES
}

/// Makes the strategy that a task names.
pub fn build(config: &SearchSection, menu: Menu) -> Result<Box<dyn Strategy>, BadStrategy> {
    let name = config.strategy.as_str();
    let Some(info) = STRATEGIES.iter().find(|info| info.name == name) else {
        let suggestion = nearest(name);
        return Err(UnknownStrategy { name: name.to_owned(), suggestion }.into());
    };
    let parameters = Parameters::of(config, info.own)?;
    let mut menu = menu;
    let obeys = info.parameters.contains(&POLISHING);
    let polishing = if obeys { polish::split(config, &mut menu) } else { None };
    let strategy: Box<dyn Strategy> = match name {
        "map-elites" => Box::new(MapElites::new(config, menu, &parameters)),
        "ucb" => Box::new(Ucb::new(config, menu, &parameters)),
        "pareto" => Box::new(Pareto::new(config, menu)),
        "epoch" => Box::new(Epoch::new(config, menu, &parameters)),
        "two-level" => Box::new(TwoLevel::new(config, menu, &parameters)),
        "greedy" => Box::new(Greedy::new(config, menu)),
        "random" => Box::new(Random::new(config, menu)),
        "best-of-n" => Box::new(BestOfN::new(menu)),
        _ => Box::new(Adaptive::new(config, menu, &parameters)),
    };
    let strategy = match polishing {
        Some(weights) => Box::new(Polished::new(strategy, weights)),
        None => strategy,
    };
    // Independent samples learn nothing, or they would not be independent.
    Ok(if name == "best-of-n" { strategy } else { Box::new(Directed::new(strategy)) })
}

/// The listed name that a misspelt one most likely means.
fn nearest(name: &str) -> Option<&'static str> {
    let scored = STRATEGIES.iter().map(|info| (strsim::jaro_winkler(name, info.name), info.name));
    scored.filter(|(alike, _)| *alike > 0.75).max_by(|a, b| a.0.total_cmp(&b.0)).map(|best| best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(strategy: &str) -> SearchSection {
        SearchSection { strategy: strategy.to_owned(), ..SearchSection::default() }
    }

    #[test]
    fn every_listed_strategy_is_built_under_its_name() {
        for info in strategies() {
            let built = build(&section(info.name), Menu::default()).unwrap();
            assert_eq!(built.name(), info.name);
        }
    }

    #[test]
    fn the_default_of_the_task_format_is_listed_first() {
        assert_eq!(strategies()[0].name, SearchSection::default().strategy);
    }

    #[test]
    fn a_misspelt_strategy_gets_a_suggestion_and_nonsense_gets_none() {
        let error = |name| match build(&section(name), Menu::default()).err().unwrap() {
            BadStrategy::Unknown(error) => error,
            BadStrategy::Parameter(error) => panic!("{error}"),
        };
        assert_eq!(error("adaptve").suggestion, Some("adaptive"));
        assert_eq!(error("best_of_n").suggestion, Some("best-of-n"));
        assert_eq!(error("zzz").suggestion, None);
        assert_eq!(
            error("greedi").to_string(),
            "unknown strategy `greedi` in search.strategy, did you mean `greedy`?; there are \
             `adaptive`, `map-elites`, `ucb`, `pareto`, `epoch`, `two-level`, `greedy`, `random`, \
             `best-of-n`"
        );
    }
}
