//! The helper in containers: a static program that is carried along and put into a volume of
//! the daemon, which may be on another machine.

use std::collections::HashMap;

use bollard::models::VolumeCreateRequest;
use bollard::models::{ContainerCreateBody, HostConfig, Mount, MountType, MountVolumeOptions};
use bollard::query_parameters::{
    ContainerArchiveInfoOptionsBuilder, RemoveContainerOptionsBuilder,
    UploadToContainerOptionsBuilder,
};
use evolve_core::ports::HostFault;

use super::daemon::{Daemon, is_missing};
use super::labels;

/// The program.
static PROGRAM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/evolve-sandbox-helper"));

/// Where the volume is in containers.
const FOLDER: &str = "/evolve-helper";

/// Its name there.
const NAME: &str = "helper";

/// Begins the names of volumes.
const VOLUME: &str = "evolve-helper-";

/// The helper, ready for containers of a daemon.
#[derive(Debug, Clone)]
pub(crate) struct Helper {
    volume: String,
}

impl Helper {
    /// Sees to it that the daemon has the program. The image serves to make a container that
    /// is never started.
    pub(crate) async fn deliver(daemon: &Daemon, image: &str) -> Result<Self, HostFault> {
        check_arch(&daemon.arch)?;
        let hash = blake3::hash(PROGRAM).to_hex();
        let helper = Self { volume: format!("{VOLUME}{}", &hash[..16]) };
        let request = VolumeCreateRequest {
            name: Some(helper.volume.clone()),
            labels: Some(HashMap::from([(labels::HELPER.to_owned(), String::new())])),
            ..VolumeCreateRequest::default()
        };
        daemon
            .ask("make a volume", |docker| {
                let request = request.clone();
                async move { docker.create_volume(request).await }
            })
            .await?;
        let carrier = ContainerCreateBody {
            image: Some(image.to_owned()),
            entrypoint: Some(vec![path()]),
            labels: Some(HashMap::from([(labels::CARRIER.to_owned(), String::new())])),
            host_config: Some(HostConfig {
                mounts: Some(vec![helper.mount(false)]),
                network_mode: Some("none".to_owned()),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        };
        let carrier = daemon
            .ask("make a container", |docker| {
                let carrier = carrier.clone();
                async move { docker.create_container(None, carrier).await }
            })
            .await?;
        let filled = helper.fill(daemon, &carrier.id).await;
        let remove = RemoveContainerOptionsBuilder::default().force(true).build();
        let _ = daemon.docker().remove_container(&carrier.id, Some(remove)).await;
        filled.map(|()| helper)
    }

    /// Puts the program there unless it is there.
    async fn fill(&self, daemon: &Daemon, carrier: &str) -> Result<(), HostFault> {
        let look = ContainerArchiveInfoOptionsBuilder::default().path(&path()).build();
        match daemon.docker().get_container_archive_info(carrier, Some(look)).await {
            Ok(found) if usize::try_from(found.size) == Ok(PROGRAM.len()) => return Ok(()),
            Err(error) if !is_missing(&error) => {
                return Err(super::daemon::fault("look for the helper", &error));
            }
            _ => {}
        }
        let archive = archive().map_err(|error| HostFault::new(error.to_string()))?;
        daemon
            .ask("deliver the helper", |docker| {
                let archive = archive.clone();
                async move {
                    let options = UploadToContainerOptionsBuilder::default().path(FOLDER).build();
                    let body = bollard::body_full(archive.into());
                    docker.upload_to_container(carrier, Some(options), body).await
                }
            })
            .await
    }

    /// Where containers find it.
    pub(crate) fn mount(&self, read_only: bool) -> Mount {
        Mount {
            target: Some(FOLDER.to_owned()),
            source: Some(self.volume.clone()),
            typ: Some(MountType::VOLUME),
            read_only: Some(read_only),
            volume_options: Some(MountVolumeOptions {
                no_copy: Some(true),
                ..MountVolumeOptions::default()
            }),
            ..Mount::default()
        }
    }
}

/// Where the program is in containers.
pub(crate) fn path() -> String {
    format!("{FOLDER}/{NAME}")
}

fn archive() -> std::io::Result<Vec<u8>> {
    let mut header = tar::Header::new_gnu();
    header.set_size(PROGRAM.len() as u64);
    header.set_mode(0o755);
    let mut builder = tar::Builder::new(Vec::new());
    builder.append_data(&mut header, NAME, PROGRAM)?;
    builder.into_inner()
}

/// The program is for one kind of processor.
fn check_arch(daemon: &str) -> Result<(), HostFault> {
    let own = std::env::consts::ARCH;
    // The kernel's word, which daemons report, is the same as Rust's.
    if PROGRAM.is_empty() {
        return Err(HostFault::new(
            "this build of evolve has no helper for containers: it was not made on Linux",
        ));
    }
    if daemon == own || daemon.is_empty() {
        return Ok(());
    }
    Err(HostFault::new(format!(
        "the Docker daemon's processor is {daemon}, and this evolve is for {own}; use one that is \
         built for {daemon}"
    )))
}
