//! Notifications: a webhook is told of new bests, faults, pauses and the end.
//!
//! The run never waits for it: [`Watch`] puts what happened into a bounded queue, and a task of
//! its own sends it. Only at the end of a run is there a wait, and a bounded one.

mod hook;
mod notice;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use evolve_core::task::{NotifySection, Occasion, TaskConfig, is_web_address};
use evolve_core::{Envelope, Facts, RunId};
use evolve_engine::Observer;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use hook::Hook;
use notice::Notice;

/// Notices that wait, besides the newest best. A run says less in a year; a program that pauses
/// and unpauses it in a loop would say more.
const MOST_WAITING: usize = 64;
/// How long the end of a run waits for what is still to be told, in two halves: for what is
/// under way, and for the last words of a run whose webhook hangs.
const LAST_WORDS: Duration = Duration::from_millis(2_400);

/// The URL of a task's webhook; none without one. The error says, without the URL, why it
/// cannot be had.
pub fn webhook(task: &TaskConfig) -> Result<Option<String>, String> {
    let Some(section) = &task.notify else { return Ok(None) };
    let Some(name) = &section.webhook_env else { return Ok(section.webhook.clone()) };
    let off = |why: &str| format!("notifications are off: the variable {name} {why}");
    match std::env::var(name) {
        Err(_) => Err(off("(notify.webhook_env) is not set")),
        Ok(url) if url.trim().is_empty() => Err(off("(notify.webhook_env) is empty")),
        Ok(url) if !is_web_address(url.trim()) => Err(off("holds no http or https URL")),
        Ok(url) => Ok(Some(url.trim().to_owned())),
    }
}

/// The URL, where it must not be written down.
pub fn secret(task: &TaskConfig) -> Option<String> {
    task.notify.as_ref()?.webhook_env.as_ref()?;
    webhook(task).ok().flatten()
}

/// A run's notifications; nothing is told where the task has none.
pub struct Notifications(Option<Told>);

struct Told {
    shared: Arc<Shared>,
    worker: JoinHandle<()>,
    hook: Arc<Hook>,
    run: RunId,
    task: String,
}

/// What waits to be told, and who wakes up for it.
struct Shared {
    on: Vec<Occasion>,
    queue: Mutex<Queue>,
    wake: tokio::sync::Notify,
}

#[derive(Default)]
struct Queue {
    /// The newest best: older ones that wait are overtaken by it.
    best: Option<Notice>,
    others: VecDeque<Notice>,
    closed: bool,
}

impl Notifications {
    /// Begins to send what a [`Watch`] sees. A webhook that cannot be used is told once, and is
    /// no reason not to run.
    pub fn start(task: &TaskConfig, run: &RunId, runtime: &Runtime) -> Self {
        if std::env::var_os(evolve_core::env::WITH_PARENT).is_some() {
            return Self(None); // one of a bench's many runs: nobody wants to hear of each
        }
        let made = webhook(task).and_then(|url| {
            let Some((url, section)) = url.zip(task.notify.as_ref()) else { return Ok(None) };
            Ok(Some((Hook::new(&url, section.timeout.0)?, section)))
        });
        match made {
            Ok(Some((hook, section))) => Self(Some(begin(hook, section, task, run, runtime))),
            Ok(None) => Self(None),
            Err(why) => {
                tracing::warn!("{why}");
                Self(None)
            }
        }
    }

    /// Who watches the run for it.
    pub fn watch(&self) -> Option<Watch> {
        self.0.as_ref().map(|told| Watch { shared: Arc::clone(&told.shared) })
    }

    /// The loop itself failed: no event says so.
    pub fn failed(&self, why: &str) {
        if let Some(told) = &self.0 {
            told.shared.put(Notice::failure(&told.run, &told.task, why));
        }
    }

    /// Waits, but not long, until everything is told.
    pub fn finish(self, runtime: &Runtime) {
        let Some(Told { shared, mut worker, hook, .. }) = self.0 else { return };
        shared.queue().closed = true;
        shared.wake.notify_one();
        runtime.block_on(async {
            if timeout(LAST_WORDS, &mut worker).await.is_ok() {
                return;
            }
            worker.abort();
            let last = shared.queue().others.pop_back();
            let said = async {
                match &last {
                    Some(last) => hook.try_once(last).await.is_ok(),
                    None => false,
                }
            };
            if !timeout(LAST_WORDS, said).await.unwrap_or(false) {
                tracing::warn!("the webhook was not told everything: it does not answer in time");
            }
        });
    }
}

fn begin(
    hook: Hook,
    section: &NotifySection,
    task: &TaskConfig,
    run: &RunId,
    runtime: &Runtime,
) -> Told {
    let shared = Arc::new(Shared {
        on: section.on.clone(),
        queue: Mutex::default(),
        wake: tokio::sync::Notify::new(),
    });
    let hook = Arc::new(hook);
    let interval = section.min_interval.0;
    let worker = runtime.spawn(work(Arc::clone(&shared), Arc::clone(&hook), interval));
    Told { shared, worker, hook, run: run.clone(), task: task.task.name.clone() }
}

/// Sends what waits, until the queue is closed and empty.
async fn work(shared: Arc<Shared>, hook: Arc<Hook>, interval: Duration) {
    let mut next_best = Instant::now();
    loop {
        let woken = shared.wake.notified();
        match shared.next(next_best) {
            Next::Send(notice) => {
                if notice.is_of(Occasion::Best) {
                    next_best = Instant::now() + interval;
                }
                hook.send(&notice).await;
            }
            Next::WaitUntil(due) => {
                tokio::select! {
                    () = woken => {}
                    () = sleep_until(due) => {}
                }
            }
            Next::Wait => woken.await,
            Next::End => return,
        }
    }
}

enum Next {
    Send(Box<Notice>),
    WaitUntil(Instant),
    Wait,
    End,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, notice: Notice) {
        if !self.on.iter().any(|occasion| notice.is_of(*occasion)) {
            return;
        }
        let mut queue = self.queue();
        if notice.is_of(Occasion::Best) {
            queue.best = Some(notice);
        } else {
            if queue.others.len() >= MOST_WAITING {
                queue.others.pop_front();
            }
            queue.others.push_back(notice);
        }
        drop(queue);
        self.wake.notify_one();
    }

    /// A best that waits is told before what came after it, and when its time has come.
    fn next(&self, next_best: Instant) -> Next {
        let mut queue = self.queue();
        let due = !queue.others.is_empty() || queue.closed || Instant::now() >= next_best;
        if due && let Some(best) = queue.best.take() {
            return Next::Send(Box::new(best));
        }
        match queue.others.pop_front() {
            Some(notice) => Next::Send(Box::new(notice)),
            None if queue.closed => Next::End,
            None if queue.best.is_some() => Next::WaitUntil(next_best),
            None => Next::Wait,
        }
    }
}

/// Watches a run for its notifications.
pub struct Watch {
    shared: Arc<Shared>,
}

impl Observer for Watch {
    fn update(&mut self, facts: &Facts, events: &[Envelope]) {
        for envelope in events {
            if let Some(notice) = Notice::of(facts, envelope) {
                self.shared.put(notice);
            }
        }
    }
}
