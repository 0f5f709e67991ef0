//! The list of strategies. A new one is a file of its own and an entry here.

use evolve_core::task::SearchSection;

use crate::adaptive::Adaptive;
use crate::baselines::{BestOfN, Greedy, Random};
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StrategyInfo {
    /// Its name in `task.toml`.
    pub name: &'static str,
    /// Where the rule comes from.
    pub from: &'static str,
    /// The rule in one line.
    pub rule: &'static str,
    /// The settings it obeys.
    pub parameters: &'static [Parameter],
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
    meaning: "islands at the start; stagnation adds more, up to twice as many",
};
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
const MODEL_CHOICE: Parameter = Parameter {
    key: "model_choice",
    meaning: "`bandit` on gain per dollar around the models' weights, or `weights`",
};
const INSPIRATIONS: Parameter =
    Parameter { key: "inspirations", meaning: "programs shown, or mixed in, beside the parent" };

const STRATEGIES: &[StrategyInfo] = &[
    StrategyInfo {
        name: "adaptive",
        from: "AdaEvolve's improvement signal, repaired; ShinkaEvolve's bandits; ours",
        rule: "islands by discounted UCB on gains; exploration rises as gains become rare; \
               bandits over operators and models; new islands when stalled",
        parameters: &[ISLANDS, ARCHIVE, ADAPTED, OPERATOR_CHOICE, MODEL_CHOICE, INSPIRATIONS],
    },
    StrategyInfo {
        name: "greedy",
        from: "baseline: hill climbing",
        rule: "the best candidate is always the parent",
        parameters: &[OPERATORS, INSPIRATIONS],
    },
    StrategyInfo {
        name: "random",
        from: "baseline: no selection pressure but the archive's bound",
        rule: "the parent is drawn evenly from the archive",
        parameters: &[ARCHIVE, OPERATORS, INSPIRATIONS],
    },
    StrategyInfo {
        name: "best-of-n",
        from: "baseline: independent samples",
        rule: "the start is always the parent; drafts when the task is seedless",
        parameters: &[OPERATORS],
    },
];

/// All strategies, the default first.
pub fn strategies() -> &'static [StrategyInfo] {
    STRATEGIES
}

/// Makes the strategy that a task names.
pub fn build(config: &SearchSection, menu: Menu) -> Result<Box<dyn Strategy>, UnknownStrategy> {
    match config.strategy.as_str() {
        "adaptive" => Ok(Box::new(Adaptive::new(config, menu))),
        "greedy" => Ok(Box::new(Greedy::new(config, menu))),
        "random" => Ok(Box::new(Random::new(config, menu))),
        "best-of-n" => Ok(Box::new(BestOfN::new(menu))),
        other => Err(UnknownStrategy { name: other.to_owned(), suggestion: nearest(other) }),
    }
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
        let error = |name| build(&section(name), Menu::default()).err().unwrap();
        assert_eq!(error("adaptve").suggestion, Some("adaptive"));
        assert_eq!(error("best_of_n").suggestion, Some("best-of-n"));
        assert_eq!(error("zzz").suggestion, None);
        assert_eq!(
            error("greedi").to_string(),
            "unknown strategy `greedi` in search.strategy, did you mean `greedy`?; there are \
             `adaptive`, `greedy`, `random`, `best-of-n`"
        );
    }
}
