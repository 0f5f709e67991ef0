//! The daemon: asking it, and waiting for it when it is away.

use std::time::{Duration, Instant};

use bollard::Docker;
use bollard::errors::Error;
use evolve_core::ports::HostFault;

/// How long a daemon that was there may be away, as in a restart or an upgrade of its machine.
const AWAY: Duration = Duration::from_mins(15);

/// How often the same is asked of a daemon that was away in between.
const TRIES: u32 = 5;

/// Pause between two knocks at a daemon that is away.
const KNOCK: Duration = Duration::from_millis(500);

/// How long a daemon may take to answer to a knock.
const ANSWER: Duration = Duration::from_secs(10);

/// A Docker daemon that answered once.
#[derive(Debug, Clone)]
pub(crate) struct Daemon {
    docker: Docker,
    /// Whether it runs on this machine, so that it sees the same files.
    pub is_local: bool,
    /// Its processor, in Go's words.
    pub arch: String,
    /// Processors it has.
    pub cores: f64,
}

impl Daemon {
    /// The one that `DOCKER_HOST` names, else the local one.
    pub(crate) async fn connect() -> Result<Self, HostFault> {
        Self::connect_to(&std::env::var("DOCKER_HOST").unwrap_or_default()).await
    }

    /// The one at this address, in the form of `DOCKER_HOST`.
    pub(crate) async fn connect_to(host: &str) -> Result<Self, HostFault> {
        let place = if host.is_empty() { "the local socket" } else { host };
        let none = |error: &Error| {
            HostFault::new(format!(
                "no Docker daemon answers at {place}: {}; start it, or set DOCKER_HOST, or choose \
                 --sandbox process",
                said(error)
            ))
        };
        let docker = if host.is_empty() {
            Docker::connect_with_local_defaults()
        } else {
            Docker::connect_with_host(host)
        };
        let docker = docker.map_err(|error| none(&error))?;
        let answer = tokio::time::timeout(ANSWER, docker.negotiate_version()).await;
        let docker =
            answer.unwrap_or(Err(Error::RequestTimeoutError)).map_err(|error| none(&error))?;
        let info = docker.info().await.map_err(|error| none(&error))?;
        let arch = info.architecture.unwrap_or_default();
        let cores = info.ncpu.map_or(1.0, |n| n as f64);
        Ok(Self { docker, is_local: host.is_empty() || host.starts_with("unix:"), arch, cores })
    }

    /// Its interface, for what is not asked twice.
    pub(crate) fn docker(&self) -> &Docker {
        &self.docker
    }

    /// Asks it; while it is away, waits and asks again.
    pub(crate) async fn ask<T, F>(
        &self,
        what: &str,
        ask: impl Fn(Docker) -> F,
    ) -> Result<T, HostFault>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut tries = 0;
        loop {
            tries += 1;
            match ask(self.docker.clone()).await {
                Ok(answer) => return Ok(answer),
                // One that answers a knock and nothing else is not worth waiting for.
                Err(error) if is_away(&error) && tries < TRIES => self.wait(&error).await?,
                Err(error) => return Err(fault(what, &error)),
            }
        }
    }

    /// Whether it answers now.
    pub(crate) async fn answers(&self) -> Result<(), Error> {
        let answer = tokio::time::timeout(ANSWER, self.docker.ping()).await;
        answer.unwrap_or(Err(Error::RequestTimeoutError)).map(drop)
    }

    /// Waits until it answers.
    async fn wait(&self, why: &Error) -> Result<(), HostFault> {
        tracing::warn!("the Docker daemon does not answer ({}); waiting for it", said(why));
        let since = Instant::now();
        while since.elapsed() < AWAY {
            tokio::time::sleep(KNOCK).await;
            if self.answers().await.is_ok() {
                let away = since.elapsed().as_secs();
                tracing::info!("the Docker daemon is back after {away} s");
                return Ok(());
            }
        }
        Err(HostFault::new(format!(
            "the Docker daemon has not answered for {} minutes: {}",
            AWAY.as_secs() / 60,
            said(why)
        )))
    }

    /// After a container ended that should not have: waits until the daemon is the same for a
    /// while, in case it is the one that is going.
    pub(crate) async fn settle(&self) -> Result<(), HostFault> {
        let mut steady = 0;
        while steady < 10 {
            match self.answers().await {
                Ok(()) => steady += 1,
                Err(error) => {
                    steady = 0;
                    self.wait(&error).await?;
                }
            }
            tokio::time::sleep(KNOCK).await;
        }
        Ok(())
    }
}

/// Whether it is the way to the daemon that failed, not the daemon that refused.
pub(crate) fn is_away(error: &Error) -> bool {
    matches!(
        error,
        Error::HyperResponseError { .. }
            | Error::HyperLegacyError { .. }
            | Error::IOError { .. }
            | Error::RequestTimeoutError
            | Error::SocketNotFoundError(_)
    )
}

/// Whether the daemon says that there is no such thing.
pub(crate) fn is_missing(error: &Error) -> bool {
    matches!(error, Error::DockerResponseServerError { status_code: 404, .. })
}

/// What went wrong, for people: with the causes, which hold the interesting part.
pub(crate) fn said(error: &Error) -> String {
    if let Error::DockerResponseServerError { message, .. } = error {
        return message.clone();
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = inner.source();
    }
    text
}

pub(crate) fn fault(what: &str, error: &Error) -> HostFault {
    HostFault::new(format!("Docker: {what}: {}", said(error)))
}
