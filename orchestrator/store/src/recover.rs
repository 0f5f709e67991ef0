//! The facts of a run: the newest usable snapshot, and the journal's events after it.

use evolve_core::event::Envelope;
use evolve_core::facts::Facts;
use evolve_core::ids::Seq;

use crate::error::StoreError;
use crate::journal::JournalMap;
use crate::run_dir::RunDir;
use crate::snapshot;

/// What a run's folder says.
pub(crate) struct State {
    /// Where the journal's lines are.
    pub(crate) map: JournalMap,
    /// The facts; none if there is no event.
    pub(crate) facts: Option<Facts>,
    /// The snapshot they were folded from.
    pub(crate) snapshot: Option<Seq>,
}

/// Reads the state of a run: the newest snapshot while the journal is walked over, for of a long
/// run both take about as long. Writes nothing.
pub(crate) fn recover(run: &RunDir) -> Result<State, StoreError> {
    let (map, newest) = std::thread::scope(|scope| {
        let reading = scope.spawn(|| usable(run, Seq(u64::MAX)));
        (JournalMap::read(&run.journal()), reading.join())
    });
    let map = map?;
    let newest = newest.unwrap_or_else(|_| usable(run, Seq(map.events)))?;
    let facts = match newest {
        Some(facts) if facts.next_seq.0 > map.events => {
            tracing::warn!("the newest snapshot is skipped: the journal has fewer events");
            usable(run, Seq(map.events))?
        }
        found => found,
    };
    let snapshot = facts.as_ref().map(|facts| facts.next_seq);
    let facts = fold(&map, facts)?;
    Ok(State { map, facts, snapshot })
}

/// The newest snapshot that can be used, of those with so many events at most.
fn usable(run: &RunDir, most: Seq) -> Result<Option<Facts>, StoreError> {
    for (seq, path) in snapshot::list(run)? {
        if seq > most {
            continue;
        }
        match snapshot::read(&path) {
            Ok(found) if found.next_seq == seq => return Ok(Some(found)),
            Ok(_) => tracing::warn!("`{}` is skipped: it is another one", path.display()),
            Err(error) => tracing::warn!("a snapshot is skipped: {error}"),
        }
    }
    Ok(None)
}

/// Folds the events that the facts do not have yet; without facts, all.
pub(crate) fn fold(map: &JournalMap, facts: Option<Facts>) -> Result<Option<Facts>, StoreError> {
    let mut events = map.lines(facts.as_ref().map_or(Seq(0), |facts| facts.next_seq))?;
    let mut facts = match facts {
        Some(facts) => facts,
        None => match events.next() {
            None => return Ok(None),
            Some(first) => begin(map, &first?)?,
        },
    };
    for event in events {
        facts.apply(&event?);
    }
    Ok(Some(facts))
}

/// The facts after a journal's first event.
pub(crate) fn begin(map: &JournalMap, first: &Envelope) -> Result<Facts, StoreError> {
    Facts::begin(first).map_err(|error| map.no_beginning(&error))
}
