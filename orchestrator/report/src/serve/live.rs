//! What changes, as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use evolve_core::Seq;
use evolve_core::facts::CandidateState;
use futures::Stream;
use futures::stream::unfold;
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;

use super::Site;
use super::answer::{Failure, aside, followed};
use super::candidates::Line;
use super::overview::{Slot, slots};
use super::runs::Live;
use crate::html::run::{Card, cards};
use crate::model::Status;

/// Streams that are open at once.
pub(super) const MOST_STREAMS: usize = 128;
/// How often a run is looked at for a stream.
const EVERY: Duration = Duration::from_millis(300);
/// How often the list of runs is.
const LIST_EVERY: Duration = Duration::from_secs(1);
/// The newest candidates that are told.
pub(super) const LATEST: usize = 12;

/// A run as it is now.
#[derive(Serialize)]
struct Update {
    seq: u64,
    state: &'static str,
    tone: &'static str,
    note: String,
    live: bool,
    cards: Vec<Card>,
    slots: Vec<Slot>,
    latest: Vec<Line>,
    /// Changes when the curve does.
    curve: String,
}

impl Update {
    fn of(live: &Live) -> Self {
        let facts = live.facts();
        let status = Status::of(facts, &live.moment(), None);
        let (tone, note) = followed(&status);
        Self {
            seq: facts.next_seq.0,
            state: status.state.word(),
            tone,
            note,
            live: status.state.is_live(),
            cards: cards(&status, facts),
            slots: slots(facts, live.moment().now),
            latest: latest(live),
            // Not more often than each hundredth of the run, but at each change of the best.
            curve: format!(
                "{} {}",
                facts.promotions.len(),
                facts.candidates.len() * 100 / facts.candidates.len().next_power_of_two()
            ),
        }
    }
}

/// The newest candidates whose fate is known, newest first.
pub(super) fn latest(live: &Live) -> Vec<Line> {
    let facts = live.facts();
    let ended = |state| matches!(state, CandidateState::Evaluated | CandidateState::Rejected);
    let newest = facts.candidates.iter().rev().filter(|c| ended(c.state)).take(LATEST);
    Line::all(facts, newest)
}

struct Following<T> {
    site: Site,
    run: String,
    told: Option<T>,
    _place: OwnedSemaphorePermit,
}

fn place(site: &Site) -> Result<OwnedSemaphorePermit, Failure> {
    let place = std::sync::Arc::clone(&site.streams).try_acquire_owned();
    place.map_err(|_| Failure::busy("too many pages follow runs at once; close some"))
}

/// `/runs/RUN/events`: a run's state, at once and then whenever it changed.
pub(super) async fn run_events(
    State(site): State<Site>,
    Path(run): Path<String>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Failure> {
    let place = place(&site)?;
    look(&site, &run, None).await?; // a run that is not there is told at once
    let following = Following { site, run, told: None, _place: place };
    let stream = unfold(following, |mut following| async move {
        loop {
            if following.told.is_some() {
                wait(&following.site, EVERY).await?;
            }
            // A run that cannot be read any more ends the stream; the browser asks again.
            let update = look(&following.site, &following.run, following.told).await.ok()?;
            if let Some((seq, update)) = update {
                following.told = Some(seq);
                return Some((Ok(Event::default().data(update)), following));
            }
        }
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}

/// What is told of a run when it was told last: up to where, and in which state.
type Told = (Seq, &'static str);

async fn look(
    site: &Site,
    run: &str,
    told: Option<Told>,
) -> Result<Option<(Told, String)>, Failure> {
    let (site, run) = (site.clone(), run.to_owned());
    aside(move || {
        site.runs.with(&run, |live| {
            let state = crate::model::RunState::of(live.facts(), live.moment().process);
            let now = (live.facts().next_seq, state.word());
            if told == Some(now) {
                return Ok(None);
            }
            Ok(Some((now, serde_json::to_string(&Update::of(live)).unwrap_or_default())))
        })
    })
    .await
}

/// Waits so long; none if the server ends meanwhile.
async fn wait(site: &Site, span: Duration) -> Option<()> {
    let mut ending = site.ending.clone();
    tokio::select! {
        () = tokio::time::sleep(span) => Some(()),
        _ = ending.wait_for(|ending| *ending) => None,
    }
}

/// `/events`: the list of runs, at once and then whenever it changed.
pub(super) async fn list_events(
    State(site): State<Site>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Failure> {
    let place = place(&site)?;
    let following: Following<String> =
        Following { site, run: String::new(), told: None, _place: place };
    let stream = unfold(following, |mut following| async move {
        loop {
            if following.told.is_some() {
                wait(&following.site, LIST_EVERY).await?;
            }
            let site = following.site.clone();
            let rows = aside(move || super::list::rows(&site)).await.ok()?;
            let text = serde_json::to_string(&rows).unwrap_or_default();
            if following.told.as_ref() != Some(&text) {
                following.told = Some(text.clone());
                return Some((Ok(Event::default().data(text)), following));
            }
        }
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}
