//! The docker sandbox: containers of a daemon, on this machine or another.
//!
//! In every container our static helper is process 1. It is reached by a relay that the daemon
//! starts in the container, over whose standard streams the same messages go as to a helper in
//! a process sandbox. Nothing of this machine is mounted but what the task names, and nothing
//! of an evaluation is on a disk. Containers are made ahead; one that served a command is
//! removed, unless a warm Python is kept in it.

mod container;
mod context;
mod daemon;
mod garbage;
mod helper;
mod image;
mod labels;
mod session;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use evolve_core::ports::{BoxFuture, HostFault};
use evolve_core::sandbox::{Sandbox, SandboxSpec, Session};
use futures::StreamExt;
use tokio::sync::watch;

use container::Container;
use daemon::Daemon;
use helper::Helper;
use image::Image;
use session::DockerSession;

pub use garbage::{Garbage, collect_garbage};
pub use image::{DEFAULT_IMAGE, ImageSource, Say};

/// Containers of a Docker daemon.
pub struct DockerSandbox {
    workshop: Arc<Workshop>,
}

/// Where containers are made and kept.
struct Workshop {
    daemon: Daemon,
    image: Image,
    helper: Helper,
    run: Mutex<String>,
    /// Containers that wait for a command, by the address of their spec.
    shelves: Mutex<HashMap<usize, Shelf>>,
    /// Containers with a command of an earlier controller, by its key.
    left: Mutex<HashMap<String, Container>>,
    /// How many containers are being made ahead or removed.
    busy: watch::Sender<usize>,
    /// Whether nothing is to be kept any more.
    closed: AtomicBool,
}

#[derive(Default)]
struct Shelf {
    /// With the spec, so that its address is not used twice.
    ready: Vec<(Arc<SandboxSpec>, Container)>,
    in_making: usize,
}

impl DockerSandbox {
    /// Connects to the daemon and sees to it that it has image and helper.
    ///
    /// # Errors
    /// When no daemon answers, or the image cannot be had; the message says what to do.
    pub async fn connect(source: &ImageSource, say: &Say) -> Result<Self, HostFault> {
        Self::at(Daemon::connect().await?, source, say).await
    }

    /// The same with the daemon at this address, in the form of `DOCKER_HOST`.
    ///
    /// # Errors
    /// As for `connect`.
    pub async fn connect_to(
        host: &str,
        source: &ImageSource,
        say: &Say,
    ) -> Result<Self, HostFault> {
        Self::at(Daemon::connect_to(host).await?, source, say).await
    }

    async fn at(daemon: Daemon, source: &ImageSource, say: &Say) -> Result<Self, HostFault> {
        let image = image::obtain(&daemon, source, say).await?;
        let helper = Helper::deliver(&daemon, &image.id).await?;
        // Until it serves a run, what it makes is this process's.
        let run = format!("process-{}", std::process::id());
        let workshop = Arc::new(Workshop {
            daemon,
            image,
            helper,
            run: Mutex::new(run),
            shelves: Mutex::default(),
            left: Mutex::default(),
            busy: watch::Sender::new(0),
            closed: AtomicBool::new(false),
        });
        Ok(Self { workshop })
    }
}

impl Sandbox for DockerSandbox {
    fn name(&self) -> &'static str {
        "docker"
    }

    fn guarantees(&self) -> Vec<String> {
        let image = &self.workshop.image;
        let id = image.id.trim_start_matches("sha256:").get(..12).unwrap_or(&image.id);
        vec![
            format!("image {} ({id})", image.name),
            "enforced: wall time, by the container's own first process, also when evolve or the \
             daemon's connection is gone; everything a command started is killed at its end"
                .to_owned(),
            "enforced by control groups: memory (no swap) and processes of a command together, \
             share of the processors"
                .to_owned(),
            "enforced: a container of its own for each command (for each slot and side where \
             Python is kept warm): read-only root, no capabilities, no gain of privileges, an \
             ordinary user, Docker's own system call filter and a stricter one"
                .to_owned(),
            "enforced: bytes and number of files written (kept in memory), largest file, open \
             files, no core dumps, output capped"
                .to_owned(),
            "enforced: no network but a loopback of its own, unless the task asks for it"
                .to_owned(),
            "not enforced: the kernel of the daemon's machine is shared; a flaw in it is a way \
             out. Use a virtual machine against determined attackers"
                .to_owned(),
        ]
    }

    fn open(&self, spec: Arc<SandboxSpec>) -> BoxFuture<Result<Box<dyn Session>, HostFault>> {
        let workshop = Arc::clone(&self.workshop);
        Box::pin(async move {
            let container = match workshop.take(&spec) {
                Some(container) => container,
                None => Container::make(&workshop, &spec).await?,
            };
            workshop.prepare_ahead(&spec);
            Ok(Box::new(DockerSession::new(workshop, spec, container)) as Box<dyn Session>)
        })
    }

    fn take_over(&self, run: &str) -> BoxFuture<Result<(), HostFault>> {
        let (workshop, run) = (Arc::clone(&self.workshop), run.to_owned());
        Box::pin(async move {
            run.clone_into(&mut lock(&workshop.run));
            // What was made before is not this run's in name.
            lock(&workshop.shelves).clear();
            let ids = garbage::of_run(&workshop.daemon, &run).await?;
            let reached = futures::stream::iter(ids)
                .map(|(id, runs)| {
                    let workshop = Arc::clone(&workshop);
                    async move {
                        if !runs {
                            container::remove(&workshop.daemon, &id).await;
                            return None;
                        }
                        match Container::reach(&workshop, id.clone()).await {
                            Ok((container, Some(key))) => Some((key, container)),
                            Ok((_, None)) => None,
                            Err(_) => {
                                container::remove(&workshop.daemon, &id).await;
                                None
                            }
                        }
                    }
                })
                .buffer_unordered(8);
            let left: Vec<_> = reached.filter_map(std::future::ready).collect().await;
            if !left.is_empty() {
                tracing::info!("{} commands of the run went on without it", left.len());
            }
            lock(&workshop.left).extend(left);
            Ok(())
        })
    }

    fn close(&self) -> BoxFuture<()> {
        let workshop = Arc::clone(&self.workshop);
        Box::pin(async move {
            workshop.closed.store(true, Ordering::Relaxed);
            let kept = std::mem::take(&mut *lock(&workshop.shelves));
            let left = std::mem::take(&mut *lock(&workshop.left));
            drop((kept, left));
            let mut busy = workshop.busy.subscribe();
            let _ = busy.wait_for(|n| *n == 0).await;
            // What is left was lost on the way: made, but the answer did not come.
            let run = workshop.run();
            if let Ok(ids) = garbage::of_run(&workshop.daemon, &run).await {
                for (id, _) in ids {
                    container::remove(&workshop.daemon, &id).await;
                }
            }
        })
    }
}

impl Workshop {
    fn run(&self) -> String {
        lock(&self.run).clone()
    }

    /// A container that waits for a command of this spec.
    fn take(&self, spec: &Arc<SandboxSpec>) -> Option<Container> {
        let (_, container) = lock(&self.shelves).get_mut(&key(spec))?.ready.pop()?;
        Some(container)
    }

    /// Keeps a container for the next command of its spec.
    fn keep(&self, spec: &Arc<SandboxSpec>, container: Container) {
        if self.closed.load(Ordering::Relaxed) {
            return;
        }
        lock(&self.shelves).entry(key(spec)).or_default().ready.push((Arc::clone(spec), container));
    }

    /// Throws away all that wait: the daemon that made them is another one now.
    fn forget(&self) {
        let waiting: Vec<_> =
            lock(&self.shelves).values_mut().flat_map(|shelf| shelf.ready.drain(..)).collect();
        drop(waiting);
    }

    /// Makes the next container of a spec while the last one is at work, unless one waits. One
    /// with a warm Python comes back after its command; until then there may be none.
    fn prepare_ahead(self: &Arc<Self>, spec: &Arc<SandboxSpec>) {
        if spec.warm.is_some() {
            return;
        }
        self.make_ahead(spec);
    }

    fn make_ahead(self: &Arc<Self>, spec: &Arc<SandboxSpec>) {
        if self.closed.load(Ordering::Relaxed) {
            return;
        }
        {
            let mut all = lock(&self.shelves);
            let own = all.entry(key(spec)).or_default();
            if !own.ready.is_empty() || own.in_making > 0 {
                return;
            }
            own.in_making += 1;
        }
        let (workshop, spec) = (Arc::clone(self), Arc::clone(spec));
        self.in_background(async move {
            let made = Container::make(&workshop, &spec).await;
            if let Some(shelf) = lock(&workshop.shelves).get_mut(&key(&spec)) {
                shelf.in_making = shelf.in_making.saturating_sub(1);
            }
            match made {
                Ok(container) => workshop.keep(&spec, container),
                // Whoever needs it makes it again, and hears why that fails.
                Err(fault) => tracing::debug!("no container was made ahead: {fault}"),
            }
        });
    }

    /// Removes a container in the background.
    fn remove(self: &Arc<Self>, id: String) {
        let workshop = Arc::clone(self);
        self.in_background(async move { container::remove(&workshop.daemon, &id).await });
    }

    fn in_background(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) {
        // Without a runtime the process is about to end; its containers end by themselves.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        self.busy.send_modify(|n| *n += 1);
        let workshop = Arc::clone(self);
        runtime.spawn(async move {
            work.await;
            workshop.busy.send_modify(|n| *n -= 1);
        });
    }
}

fn key(spec: &Arc<SandboxSpec>) -> usize {
    Arc::as_ptr(spec) as usize
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
