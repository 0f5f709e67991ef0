//! `evolve strategies`.

use serde_json::json;

use crate::args::Json;
use crate::commands::{print, print_json};
use crate::error::CliError;

/// Lists the search strategies with their rules and parameters.
pub fn strategies(args: &Json) -> Result<(), CliError> {
    let all = evolve_search::strategies();
    if args.json {
        let list: Vec<_> = all
            .iter()
            .map(|s| {
                let parameters: Vec<_> = s
                    .parameters
                    .iter()
                    .map(|p| json!({ "key": p.key, "meaning": p.meaning }))
                    .collect();
                let own: Vec<_> = s
                    .own
                    .iter()
                    .map(|p| json!({ "key": p.key, "meaning": p.meaning, "default": p.default_text() }))
                    .collect();
                json!({ "name": s.name, "from": s.from, "rule": s.rule,
                        "settings": parameters, "parameters": own })
            })
            .collect();
        return print_json(&json!({ "version": 1, "strategies": list }));
    }
    for strategy in all {
        print(&format!("{} (from {})\n  {}\n", strategy.name, strategy.from, strategy.rule));
        for p in strategy.parameters {
            print(&format!("  search.{}: {}\n", p.key, p.meaning));
        }
        for p in strategy.own {
            let default = p.default_text();
            print(&format!("  search.parameters.{} = {default}: {}\n", p.key, p.meaning));
        }
    }
    Ok(())
}
