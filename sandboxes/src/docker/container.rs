//! One container with its helper: made, reached, and removed.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use bollard::container::LogOutput;
use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models::{
    ContainerCreateBody, DeviceRequest, ExecConfig, HostConfig, HostConfigCgroupnsModeEnum,
    HostConfigLogConfig, Mount, MountBindOptions, MountType, ResourcesUlimits,
};
use bollard::query_parameters::RemoveContainerOptionsBuilder;
use evolve_core::device::Gpu;
use evolve_core::ports::HostFault;
use evolve_core::sandbox::SandboxSpec;
use futures::stream::{BoxStream, StreamExt};
use tokio::io::AsyncWrite;
use tokio_util::bytes::Bytes;
use tokio_util::io::StreamReader;

use super::Workshop;
use super::daemon::{Daemon, fault, is_missing};
use super::{helper, labels};
use crate::caches;
use crate::session::{DOOR, DOOR_THREADS, Lost, OPEN_FILES, Talk, prepare_of};

/// The user that commands are: one that owns nothing.
const USER: &str = "1000:1000";

/// Where the helper's folders are.
const BASE: &str = "/evolve";

/// Files and folders that a file system in memory may hold.
const INODES: u64 = 65_536;

/// Processes besides the command's: the helper and its relays.
const OWN_PROCESSES: u32 = 8;

type Answers = StreamReader<BoxStream<'static, io::Result<Bytes>>, Bytes>;

/// The way to a helper in a container.
pub(crate) type ContainerTalk = Talk<Answers, Pin<Box<dyn AsyncWrite + Send>>>;

/// A container that runs. It is removed when this is dropped.
pub(crate) struct Container {
    pub id: String,
    pub talk: ContainerTalk,
    workshop: Arc<Workshop>,
}

/// What has become of a container that does not answer.
pub(crate) enum Fate {
    /// It runs.
    Runs,
    /// It ended because the kernel had to kill for memory.
    OutOfMemory,
    /// It ended or is gone.
    Ended,
}

impl Container {
    /// Makes one, starts it and has its helper get ready.
    pub(crate) async fn make(
        workshop: &Arc<Workshop>,
        spec: &Arc<SandboxSpec>,
    ) -> Result<Self, HostFault> {
        let daemon = &workshop.daemon;
        if spec.outside.mounts.iter().any(|mount| mount.writable) && !daemon.is_local {
            return Err(HostFault::new(
                "a cache needs a Docker daemon on this machine; remove the mounts with mode = \
                 \"cache\", or DOCKER_HOST",
            ));
        }
        if spec.outside.door.is_some() && !daemon.is_local {
            return Err(HostFault::new(
                "a command that asks models needs a Docker daemon on this machine; remove \
                 DOCKER_HOST, or run evolve there",
            ));
        }
        if !spec.outside.gpus.is_empty() && !daemon.is_local {
            return Err(HostFault::new(
                "GPUs are given out by this machine, and the Docker daemon is another's; remove \
                 DOCKER_HOST, or run evolve there",
            ));
        }
        for mount in spec.outside.mounts.iter().filter(|mount| mount.writable) {
            caches::make(&mount.source, true)?;
        }
        let body = body(workshop, spec);
        let made = daemon
            .ask("make a container", |docker| {
                let body = body.clone();
                async move { docker.create_container(None, body).await }
            })
            .await?;
        let started = async {
            daemon
                .ask("start a container", |docker| {
                    let id = made.id.clone();
                    async move { docker.start_container(&id, None).await }
                })
                .await?;
            reach(daemon, &made.id).await
        };
        let talk = match started.await {
            Ok((talk, _)) => talk,
            Err(fault) => {
                workshop.remove(made.id);
                return Err(fault);
            }
        };
        let mut container = Self { id: made.id, talk, workshop: Arc::clone(workshop) };
        let mut prepare = prepare_of(spec, BASE.to_owned(), true);
        // Their number is counted for all containers of the daemon together; the container's
        // own limit is the one that counts.
        prepare.rlimits.iter_mut().for_each(|limits| limits.processes = None);
        prepare.env = workshop.image.env.clone();
        prepare.env.extend(spec.env.clone());
        match container.talk.prepare(prepare, &spec.files).await {
            Ok(()) => Ok(container),
            Err(Lost::Fault(fault)) => Err(fault),
            Err(Lost::Gone) => Err(HostFault::new(
                "Docker: a container ended before it was ready; is there enough memory?",
            )),
        }
    }

    /// Reaches one that an earlier controller left; with the key of its command, if it has one.
    pub(crate) async fn reach(
        workshop: &Arc<Workshop>,
        id: String,
    ) -> Result<(Self, Option<String>), HostFault> {
        let (talk, key) = reach(&workshop.daemon, &id).await?;
        Ok((Self { id, talk, workshop: Arc::clone(workshop) }, key))
    }

    /// Reaches it anew when the way was lost.
    pub(crate) async fn reach_again(&mut self) -> Result<Option<String>, HostFault> {
        let (talk, key) = reach(&self.workshop.daemon, &self.id).await?;
        self.talk = talk;
        Ok(key)
    }

    /// What has become of it.
    pub(crate) async fn fate(&mut self) -> Result<Fate, HostFault> {
        let id = &self.id;
        let found = self
            .workshop
            .daemon
            .ask("look at a container", |docker| async move {
                match docker.inspect_container(id, None).await {
                    Err(error) if is_missing(&error) => Ok(None),
                    found => found.map(Some),
                }
            })
            .await?;
        let Some(state) = found.and_then(|found| found.state) else { return Ok(Fate::Ended) };
        Ok(if state.running == Some(true) {
            Fate::Runs
        } else if state.oom_killed == Some(true) {
            Fate::OutOfMemory
        } else {
            Fate::Ended
        })
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        self.workshop.remove(std::mem::take(&mut self.id));
    }
}

/// Starts a relay in a container and hears the helper's greeting.
async fn reach(daemon: &Daemon, id: &str) -> Result<(ContainerTalk, Option<String>), HostFault> {
    let relay = ExecConfig {
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: Some(vec![helper::path(), "relay".to_owned()]),
        // No command can be root; by that the helper knows its controller.
        user: Some("0:0".to_owned()),
        ..ExecConfig::default()
    };
    let exec = daemon
        .ask("start a relay", |docker| {
            let relay = relay.clone();
            async move { docker.create_exec(id, relay).await }
        })
        .await?;
    let options = StartExecOptions { detach: false, tty: false, output_capacity: Some(1 << 17) };
    let started = daemon.docker().start_exec(&exec.id, Some(options)).await;
    let StartExecResults::Attached { output, input } =
        started.map_err(|error| fault("start a relay", &error))?
    else {
        return Err(HostFault::new("Docker: a relay was started, but is not attached"));
    };
    let answers = output.filter_map(|piece| std::future::ready(bytes_of(piece))).boxed();
    let mut talk = Talk::new(StreamReader::new(answers), input);
    match talk.greeting().await {
        Ok(key) => Ok((talk, key)),
        Err(Lost::Fault(fault)) => Err(fault),
        Err(Lost::Gone) => {
            Err(HostFault::new("Docker: the helper in a container cannot be reached"))
        }
    }
}

/// What the relay says; what it complains about goes to the log.
fn bytes_of(piece: Result<LogOutput, bollard::errors::Error>) -> Option<io::Result<Bytes>> {
    match piece {
        Ok(LogOutput::StdOut { message }) => Some(Ok(message)),
        Ok(other) => {
            tracing::debug!("a relay says: {other}");
            None
        }
        Err(error) => Some(Err(io::Error::other(error))),
    }
}

/// What the daemon is asked to make.
fn body(workshop: &Workshop, spec: &SandboxSpec) -> ContainerCreateBody {
    let text = |text: &str| text.to_owned();
    ContainerCreateBody {
        image: Some(workshop.image.id.clone()),
        entrypoint: Some(vec![helper::path(), text("first")]),
        cmd: Some(Vec::new()),
        user: Some(text(USER)),
        working_dir: Some(text("/")),
        // The helper has nothing to save.
        stop_signal: Some(text("SIGKILL")),
        hostname: Some(text("sandbox")),
        labels: Some(HashMap::from([
            (text(labels::RUN), workshop.run()),
            (text(labels::HOST), labels::host()),
            (text(labels::SLOT), spec.slot.to_string()),
            (text(labels::SIDE), text(spec.side)),
        ])),
        host_config: Some(host_config(workshop, spec)),
        ..ContainerCreateBody::default()
    }
}

fn host_config(workshop: &Workshop, spec: &SandboxSpec) -> HostConfig {
    let (limits, outside) = (spec.limits, &spec.outside);
    let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let limit = |name: &str, value| ResourcesUlimits {
        name: Some(name.to_owned()),
        soft: Some(value),
        hard: Some(value),
    };
    let in_memory = format!("rw,exec,nosuid,nodev,size={},nr_inodes={INODES}", limits.disk);
    let own = OWN_PROCESSES + outside.door.as_ref().map_or(0, |_| DOOR_THREADS);
    let cores: Vec<String> = outside.cores.iter().map(u32::to_string).collect();
    HostConfig {
        memory: Some(signed(limits.memory)),
        // Memory and swap together: none of it is swap.
        memory_swap: Some(signed(limits.memory)),
        nano_cpus: Some((limits.cpus.min(workshop.daemon.cores) * 1e9) as i64),
        device_requests: device_requests(&outside.gpus),
        cpuset_cpus: (!cores.is_empty()).then(|| cores.join(",")),
        pids_limit: Some(i64::from(limits.processes.saturating_add(own))),
        ulimits: Some(vec![limit("core", 0), limit("nofile", signed(OPEN_FILES))]),
        readonly_rootfs: Some(true),
        tmpfs: Some(HashMap::from([
            (BASE.to_owned(), format!("{in_memory},mode=0755,uid=1000,gid=1000")),
            ("/tmp".to_owned(), format!("{in_memory},mode=1777")),
        ])),
        shm_size: Some(signed(limits.shm)),
        network_mode: Some(if outside.network { "bridge" } else { "none" }.to_owned()),
        ipc_mode: Some("private".to_owned()),
        cgroupns_mode: Some(HostConfigCgroupnsModeEnum::PRIVATE),
        cap_drop: Some(vec!["ALL".to_owned()]),
        security_opt: Some(vec!["no-new-privileges".to_owned()]),
        log_config: Some(HostConfigLogConfig { typ: Some("none".to_owned()), config: None }),
        mounts: Some(mounts(workshop, spec)),
        ..HostConfig::default()
    }
}

/// The form in which Docker's clients ask for GPUs.
fn device_requests(gpus: &[Gpu]) -> Option<Vec<DeviceRequest>> {
    let ids: Vec<String> = gpus.iter().map(|gpu| gpu.uuid.clone()).collect();
    (!ids.is_empty()).then(|| {
        vec![DeviceRequest {
            driver: Some("nvidia".to_owned()),
            device_ids: Some(ids),
            capabilities: Some(vec![vec!["gpu".to_owned()]]),
            ..DeviceRequest::default()
        }]
    })
}

fn mounts(workshop: &Workshop, spec: &SandboxSpec) -> Vec<Mount> {
    let bind = |mount: &evolve_core::sandbox::Mount| Mount {
        target: Some(mount.target.display().to_string()),
        source: Some(mount.source.display().to_string()),
        typ: Some(MountType::BIND),
        read_only: Some(!mount.writable),
        bind_options: Some(MountBindOptions::default()),
        ..Mount::default()
    };
    let own = std::iter::once(workshop.helper.mount(true));
    let door = spec.outside.door.as_ref().map(|socket| evolve_core::sandbox::Mount {
        source: socket.clone(),
        target: DOOR.into(),
        writable: false,
    });
    own.chain(spec.outside.mounts.iter().chain(&door).map(bind)).collect()
}

/// Removes a container, whatever it does.
pub(crate) async fn remove(daemon: &Daemon, id: &str) {
    let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
    if let Err(error) = daemon.docker().remove_container(id, Some(options)).await
        && !is_missing(&error)
    {
        tracing::debug!("a container cannot be removed: {}", super::daemon::said(&error));
    }
}
