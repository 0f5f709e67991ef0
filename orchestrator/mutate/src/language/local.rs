//! Numbers in the place of local names.

use std::collections::{HashMap, HashSet};

use super::tree::NodeId;

/// New names of identifier nodes.
#[derive(Debug, Default)]
pub(super) struct Names {
    numbers: HashMap<NodeId, usize>,
}

impl Names {
    /// The new name of this node, if it has one.
    pub(super) fn get(&self, id: NodeId) -> Option<String> {
        self.numbers.get(&id).map(|number| format!("v{number}"))
    }

    /// Numbers the names of one function in the order they come, past the names that stay.
    pub(super) fn number(&mut self, chosen: &[(NodeId, &str)], kept: &HashSet<&str>) {
        let mut free = (0..).filter(|number| !kept.contains(format!("v{number}").as_str()));
        let mut known: HashMap<&str, usize> = HashMap::new();
        for (id, name) in chosen {
            let number = match known.get(name) {
                Some(number) => *number,
                None => free.next().unwrap_or_default(),
            };
            known.insert(name, number);
            self.numbers.insert(*id, number);
        }
    }
}
