//! `map-elites`: islands, each with a grid over descriptors whose cells keep their best
//! (OpenEvolve's database; the grid is that of Mouret and Clune, "Illuminating search spaces by
//! mapping elites", 2015). Here cells do drive selection, and nobody migrates twice to the same
//! island.

use std::collections::{BTreeMap, BTreeSet};

use evolve_core::event::{Envelope, Event, Selection};
use evolve_core::outcome::{EvalPurpose, EvalStatus};
use evolve_core::task::SearchSection;
use evolve_core::{CandidateId, Facts};
use rand::Rng;
use rand_pcg::Pcg64Mcg;

use crate::axes::{Axes, Place};
use crate::choice::{self, drawable, model_order};
use crate::flights::Flights;
use crate::parameters::Parameters;
use crate::{Menu, Strategy};

/// The best of a cell.
#[derive(Debug, Clone, PartialEq)]
struct Elite {
    id: CandidateId,
    /// Turned so that more is better.
    score: f64,
    /// Descriptors as they are.
    at: Vec<f64>,
}

/// One island.
#[derive(Debug, Clone, Default, PartialEq)]
struct Grid {
    cells: BTreeMap<Place, Elite>,
    visited: BTreeSet<CandidateId>,
    since_migration: u32,
}

/// See the module's page.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MapElites {
    menu: Menu,
    inspirations: usize,
    axes: Axes,
    exploration: f64,
    exploitation: f64,
    elite_share: f64,
    interval: u32,
    rate: f64,
    islands: Vec<Grid>,
    flights: Flights,
    next: u32,
}

impl MapElites {
    pub fn new(config: &SearchSection, menu: Menu, parameters: &Parameters) -> Self {
        let mut operators = drawable(&menu);
        // Failed candidates have no cell.
        operators.retain(|(operator, _)| *operator != evolve_core::event::Operator::Fix);
        Self {
            menu: Menu { operators, models: menu.models },
            inspirations: config.inspirations as usize,
            axes: Axes::new(parameters.names("descriptors"), parameters.count("bins") as u16),
            exploration: parameters.number("exploration"),
            exploitation: parameters.number("exploitation"),
            elite_share: parameters.number("elites"),
            interval: parameters.count("migration_interval") as u32,
            rate: parameters.number("migration_rate"),
            islands: vec![Grid::default(); config.islands.max(1) as usize],
            flights: Flights::default(),
            next: 0,
        }
    }

    /// Widens the ranges; when one moves, every grid is keyed anew, and who shares a cell then
    /// competes for it.
    fn widen(&mut self, at: &[f64]) {
        if !self.axes.widen(at) {
            return;
        }
        for island in 0..self.islands.len() {
            for elite in std::mem::take(&mut self.islands[island].cells).into_values() {
                self.settle(island, elite);
            }
        }
    }

    /// The better one keeps the cell; among equals the younger.
    fn settle(&mut self, island: usize, elite: Elite) {
        let place = self.axes.place(&elite.at);
        let holder = self.islands[island].cells.get(&place);
        let wins = holder.is_none_or(|holder| {
            elite.score.total_cmp(&holder.score).then(elite.id.cmp(&holder.id)).is_gt()
        });
        self.islands[island].visited.insert(elite.id);
        if wins {
            self.islands[island].cells.insert(place, elite);
        }
    }

    fn remove(&mut self, id: CandidateId) {
        for island in &mut self.islands {
            island.cells.retain(|_, elite| elite.id != id);
        }
    }

    fn evaluated(&mut self, facts: &Facts, id: CandidateId) {
        let island = match self.flights.land(id) {
            Some(flight) => Some(flight.selection.island as usize % self.islands.len()),
            None => None, // the start, or more repeats
        };
        let was_on: Vec<usize> = (0..self.islands.len())
            .filter(|i| self.islands[*i].cells.values().any(|elite| elite.id == id))
            .collect();
        self.remove(id);
        let Some(candidate) = facts.candidate(id) else { return };
        if let Some(score) = candidate.score().filter(|score| score.is_finite()) {
            let at = self.axes.of(facts, candidate);
            self.widen(&at);
            let score = facts.objective().goal.turned(score) + 0.0;
            let targets = match island {
                Some(island) => vec![island],
                None if id == CandidateId::START => (0..self.islands.len()).collect(),
                None => was_on,
            };
            for target in targets {
                self.settle(target, Elite { id, score, at: at.clone() });
            }
        }
        if let Some(island) = island {
            self.islands[island].since_migration += 1;
            self.migrate(island);
        }
    }

    /// After so many evaluations an island sends copies of its best to the next of the ring.
    fn migrate(&mut self, from: usize) {
        let count = self.islands.len();
        if count < 2 || self.islands[from].since_migration < self.interval {
            return;
        }
        self.islands[from].since_migration = 0;
        let to = (from + 1) % count;
        let ranked = self.ranked(from);
        let most = ((ranked.len() as f64 * self.rate).ceil() as usize).max(1);
        let fresh =
            ranked.into_iter().filter(|elite| !self.islands[to].visited.contains(&elite.id));
        let travellers: Vec<Elite> = fresh.take(most).cloned().collect();
        for traveller in travellers {
            self.settle(to, traveller);
        }
    }

    /// An island's elites, best first.
    fn ranked(&self, island: usize) -> Vec<&Elite> {
        let mut all: Vec<&Elite> = self.islands[island].cells.values().collect();
        all.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.id.cmp(&a.id)));
        all
    }

    /// Any cell with probability `exploration`, one of the best cells with `exploitation`, else
    /// one by rank: of `n` cells the one at rank `r` (from 0) with weight `n - r`.
    fn parent(&self, island: usize, rng: &mut Pcg64Mcg) -> Option<CandidateId> {
        let ranked = self.ranked(island);
        let count = ranked.len();
        if count == 0 {
            return None;
        }
        let draw: f64 = rng.random();
        let rank = if draw < self.exploration {
            rng.random_range(0..count)
        } else if draw < self.exploration + self.exploitation {
            let elites = ((count as f64 * self.elite_share).ceil() as usize).clamp(1, count);
            rng.random_range(0..elites)
        } else {
            let weights: Vec<(usize, f64)> = (0..count).map(|r| (r, (count - r) as f64)).collect();
            choice::weighted(&weights, rng).unwrap_or(0)
        };
        Some(ranked[rank].id)
    }

    /// The island's best and elites of other cells.
    fn others(&self, island: usize, parent: CandidateId, rng: &mut Pcg64Mcg) -> Vec<CandidateId> {
        let ranked = self.ranked(island);
        let mut others: Vec<CandidateId> = Vec::new();
        others.extend(ranked.first().map(|best| best.id).filter(|id| *id != parent));
        for _ in 0..4 * self.inspirations.max(1) {
            let drawn = (!ranked.is_empty()).then(|| ranked[rng.random_range(0..ranked.len())].id);
            if let Some(id) = drawn.filter(|id| *id != parent && !others.contains(id))
                && others.len() < self.inspirations.max(1)
            {
                others.push(id);
            }
        }
        others
    }
}

impl Strategy for MapElites {
    fn name(&self) -> &'static str {
        "map-elites"
    }

    fn observe(&mut self, facts: &Facts, envelope: &Envelope) {
        match &envelope.event {
            Event::Selected(event) => {
                self.flights.take_off(event);
                if event.selection.operator.is_chosen() {
                    self.next = self.next.wrapping_add(1);
                }
            }
            Event::Rejected(event) => {
                self.flights.land(event.candidate);
            }
            Event::Evaluated(event)
                if event.purpose != EvalPurpose::Holdout
                    && event.status != EvalStatus::HostFault =>
            {
                self.evaluated(facts, event.candidate);
            }
            Event::Quarantined(event) => self.remove(event.candidate),
            _ => {}
        }
    }

    /// Islands take turns.
    fn select(&self, facts: &Facts, rng: &mut Pcg64Mcg) -> Selection {
        let island = self.next as usize % self.islands.len();
        let Some(parent) = self.parent(island, rng) else {
            return choice::first_step(&self.menu, facts, island as u32, rng);
        };
        let others = self.others(island, parent, rng);
        let models = model_order(&self.menu.models, facts, rng);
        choice::with_parent(
            &self.menu,
            parent,
            others,
            self.inspirations,
            island as u32,
            models,
            rng,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::strategies;

    #[test]
    fn nobody_migrates_twice_to_the_same_island() {
        let config = SearchSection { islands: 2, ..SearchSection::default() };
        let own = strategies().iter().find(|info| info.name == "map-elites").unwrap().own;
        let parameters = Parameters::of(&config, own).unwrap();
        let mut grid = MapElites::new(&config, Menu::default(), &parameters);
        grid.settle(0, Elite { id: CandidateId(1), score: 1.0, at: vec![0.0, 0.0] });
        let mut arrives = || {
            grid.islands[0].since_migration = grid.interval;
            grid.migrate(0);
            std::mem::take(&mut grid.islands[1].cells).into_values().map(|elite| elite.id).next()
        };
        assert_eq!(arrives(), Some(CandidateId(1)));
        // It lost its cell there since, and stays away.
        assert_eq!(arrives(), None);
    }
}
