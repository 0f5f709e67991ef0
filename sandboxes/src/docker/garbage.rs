//! What was left behind: containers of runs that are no more, and old helpers.

use std::collections::HashMap;

use bollard::models::ContainerSummaryStateEnum;
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListVolumesOptionsBuilder, RemoveVolumeOptionsBuilder,
};
use evolve_core::ports::HostFault;

use super::container::remove;
use super::daemon::Daemon;
use super::labels;

/// What a collection removed, or would.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Garbage {
    /// Containers: the run each served.
    pub containers: Vec<String>,
    /// Volumes with a helper that no container uses.
    pub volumes: usize,
}

/// The containers of a run, and whether each runs.
pub(super) async fn of_run(daemon: &Daemon, run: &str) -> Result<Vec<(String, bool)>, HostFault> {
    let found = labelled(daemon, &format!("{}={run}", labels::RUN)).await?;
    Ok(found.into_iter().map(|found| (found.id, found.runs)).collect())
}

struct Found {
    id: String,
    runs: bool,
    labels: HashMap<String, String>,
}

async fn labelled(daemon: &Daemon, label: &str) -> Result<Vec<Found>, HostFault> {
    let filters = HashMap::from([("label", vec![label])]);
    let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    let listed = daemon
        .ask("list containers", |docker| {
            let options = options.clone();
            async move { docker.list_containers(Some(options)).await }
        })
        .await?;
    let found = listed.into_iter().filter_map(|container| {
        Some(Found {
            id: container.id?,
            runs: container.state == Some(ContainerSummaryStateEnum::RUNNING),
            labels: container.labels.unwrap_or_default(),
        })
    });
    Ok(found.collect())
}

/// Removes the containers that this machine's runs left at the daemon, where `lives` says that
/// nobody is in charge any more, and helpers that nobody uses. With `dry_run`, only counts.
///
/// # Errors
/// When no daemon answers.
pub async fn collect_garbage(
    lives: impl Fn(&str) -> bool,
    dry_run: bool,
) -> Result<Garbage, HostFault> {
    let daemon = Daemon::connect().await?;
    let mut garbage = Garbage::default();
    let own = labelled(&daemon, &format!("{}={}", labels::HOST, labels::host())).await?;
    let carriers = labelled(&daemon, labels::CARRIER).await?;
    for found in own.into_iter().chain(carriers.into_iter().filter(|found| !found.runs)) {
        let run = found.labels.get(labels::RUN).cloned().unwrap_or_default();
        if is_process_alive(&run) || lives(&run) {
            continue;
        }
        if !dry_run {
            remove(&daemon, &found.id).await;
        }
        garbage.containers.push(run);
    }
    garbage.volumes = volumes(&daemon, dry_run).await?;
    Ok(garbage)
}

/// What was not made for a run was made for a process.
fn is_process_alive(run: &str) -> bool {
    let number = run.strip_prefix("process-").and_then(|number| number.parse().ok());
    let pid = number.and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok())
}

async fn volumes(daemon: &Daemon, dry_run: bool) -> Result<usize, HostFault> {
    let filters = HashMap::from([("label", vec![labels::HELPER]), ("dangling", vec!["true"])]);
    let options = ListVolumesOptionsBuilder::default().filters(&filters).build();
    let listed = daemon
        .ask("list volumes", |docker| {
            let options = options.clone();
            async move { docker.list_volumes(Some(options)).await }
        })
        .await?;
    let unused = listed.volumes.unwrap_or_default();
    for volume in unused.iter().filter(|_| !dry_run) {
        let options = RemoveVolumeOptionsBuilder::default().build();
        let _ = daemon.docker().remove_volume(&volume.name, Some(options)).await;
    }
    Ok(unused.len())
}
