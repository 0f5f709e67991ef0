//! Proposals and evaluations under way: what was decided for them, until they are resolved.

use std::collections::BTreeMap;

use evolve_core::event::{Selected, Selection};
use evolve_core::{CandidateId, ModelName};

/// One proposal under way.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Flight {
    pub selection: Selection,
    /// The model that answered last; the proposal's, if it comes to nothing.
    pub model: Option<ModelName>,
}

/// All proposals and evaluations under way.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Flights {
    under_way: BTreeMap<CandidateId, Flight>,
    /// How often a candidate is a first parent among them.
    parents: BTreeMap<CandidateId, u32>,
    /// How many are for an island.
    islands: BTreeMap<u32, u32>,
}

impl Flights {
    pub fn take_off(&mut self, event: &Selected) {
        if is_reserved(&event.selection) {
            if let Some(parent) = event.selection.parents.first() {
                *self.parents.entry(*parent).or_default() += 1;
            }
            *self.islands.entry(event.selection.island).or_default() += 1;
        }
        let flight = Flight { selection: event.selection.clone(), model: None };
        self.under_way.insert(event.candidate, flight);
    }

    pub fn answered(&mut self, candidate: CandidateId, model: &ModelName) {
        if let Some(flight) = self.under_way.get_mut(&candidate) {
            flight.model = Some(model.clone());
        }
    }

    pub fn land(&mut self, candidate: CandidateId) -> Option<Flight> {
        let flight = self.under_way.remove(&candidate)?;
        if is_reserved(&flight.selection) {
            if let Some(parent) = flight.selection.parents.first() {
                release(&mut self.parents, *parent);
            }
            release(&mut self.islands, flight.selection.island);
        }
        Some(flight)
    }

    pub fn of_parent(&self, parent: CandidateId) -> u32 {
        self.parents.get(&parent).copied().unwrap_or(0)
    }

    pub fn of_island(&self, island: u32) -> u32 {
        self.islands.get(&island).copied().unwrap_or(0)
    }
}

/// What a strategy did not choose is no virtual loss of its parent and island.
fn is_reserved(selection: &Selection) -> bool {
    selection.operator.is_chosen()
}

fn release<K: Ord>(counts: &mut BTreeMap<K, u32>, key: K) {
    if let std::collections::btree_map::Entry::Occupied(mut entry) = counts.entry(key) {
        *entry.get_mut() -= 1;
        if *entry.get() == 0 {
            entry.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evolve_core::event::{Operator, Reservation};

    fn selected_by(operator: Operator, candidate: u64) -> Selected {
        Selected {
            candidate: CandidateId(candidate),
            selection: Selection {
                operator,
                island: 3,
                parents: vec![CandidateId(1)],
                inspirations: Vec::new(),
                models: Vec::new(),
                tactic: None,
            },
            reserved: Reservation::default(),
        }
    }

    #[test]
    fn a_persons_program_takes_nobodys_place() {
        let mut flights = Flights::default();
        flights.take_off(&selected_by(Operator::Inject, 5));
        assert_eq!((flights.of_parent(CandidateId(1)), flights.of_island(3)), (0, 0));
        assert!(flights.land(CandidateId(5)).is_some());
        assert_eq!(flights, Flights::default());
    }

    #[test]
    fn what_took_off_is_reserved_until_it_lands_and_leaves_nothing_behind() {
        let mut flights = Flights::default();
        let selected = |candidate| selected_by(Operator::Mutate, candidate);
        flights.take_off(&selected(5));
        flights.take_off(&selected(6));
        assert_eq!((flights.of_parent(CandidateId(1)), flights.of_island(3)), (2, 2));
        assert!(flights.land(CandidateId(5)).is_some());
        assert!(flights.land(CandidateId(5)).is_none());
        assert_eq!((flights.of_parent(CandidateId(1)), flights.of_island(3)), (1, 1));
        assert!(flights.land(CandidateId(6)).is_some());
        assert_eq!(flights, Flights::default());
    }
}
