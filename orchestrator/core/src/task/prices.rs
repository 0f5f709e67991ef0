//! List prices of well-known models, for tasks that give none.

use std::sync::LazyLock;

use serde::Deserialize;

use super::ModelSection;
use crate::money::Price;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    as_of: String,
    host: Vec<Host>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Host {
    name: String,
    price: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    model: String,
    #[serde(flatten)]
    price: Price,
}

/// The shipped table; a test reads it. One that does not parse has no prices.
static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("prices.toml"))
        .unwrap_or(Table { as_of: String::new(), host: Vec::new() })
});

/// The month of the shipped prices, as `2026-03`.
pub static PRICES_AS_OF: LazyLock<&'static str> = LazyLock::new(|| &TABLE.as_of);

/// The list price of a model at its maker's own endpoint, if the shipped table has it.
pub fn shipped_price(model: &ModelSection) -> Option<Price> {
    let (_, rest) = model.base_url.split_once("://")?;
    let host = rest.split(['/', ':']).next()?;
    let host = TABLE.host.iter().find(|known| known.name == host)?;
    let name = without_date(model.name.as_str());
    host.price.iter().find(|entry| entry.model == name).map(|entry| entry.price)
}

/// A name without the date that providers add for one version: `-2025-08-07`, `-20251001`.
fn without_date(name: &str) -> &str {
    let is_date = |tail: &str| {
        let digits = tail.chars().filter(char::is_ascii_digit).count();
        digits == 8 && tail.chars().all(|c| c.is_ascii_digit() || c == '-')
    };
    for (at, _) in name.match_indices('-') {
        if is_date(&name[at + 1..]) {
            return &name[..at];
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::parse_task;

    fn price(name: &str, base_url: &str) -> Option<Price> {
        let text = format!(
            "[task]\nname = \"t\"\n[program]\npath = \"p.py\"\n[[objective]]\nmetric = \"s\"\n\
             goal = \"maximize\"\n[[evaluator.stage]]\nrun = [\"x\"]\njudge = [\"y\"]\n\
             [[model]]\nname = \"{name}\"\n{base_url}\n"
        );
        parse_task(&text).unwrap().model.remove(0).price
    }

    #[test]
    fn the_shipped_table_is_sound() {
        let table: Table = toml::from_str(include_str!("prices.toml")).unwrap();
        assert_eq!(table.as_of.len(), "2026-03".len());
        for entry in table.host.iter().flat_map(|host| &host.price) {
            let price = entry.price;
            assert!(price.input > 0.0 && price.output >= price.input, "{entry:?}");
            assert!(price.cached.is_none_or(|cached| cached < price.input), "{entry:?}");
        }
    }

    #[test]
    fn a_known_model_has_a_price_at_its_makers_endpoint_alone() {
        let mini = price("gpt-5-mini", "").unwrap();
        assert_eq!(mini, Price { input: 0.25, cached: Some(0.025), output: 2.0 });
        assert_eq!(price("gpt-5-mini-2025-08-07", ""), Some(mini));
        assert!(
            price("claude-haiku-4-5-20251001", "base_url = \"https://api.anthropic.com/v1\"")
                .is_some()
        );
        assert_eq!(price("gpt-5-mini", "base_url = \"http://localhost:8000/v1\""), None);
        assert_eq!(price("gpt-5-minimal", ""), None);
        let own = price("gpt-5-mini", "price = { input = 1, output = 2 }").unwrap();
        assert_eq!(own, Price { input: 1.0, cached: None, output: 2.0 });
    }
}
