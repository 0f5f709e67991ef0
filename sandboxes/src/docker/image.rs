//! Images: found, pulled, or built from the task's Dockerfile.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bollard::query_parameters::{BuildImageOptionsBuilder, CreateImageOptionsBuilder};
use evolve_core::ports::HostFault;
use evolve_core::task::SandboxSection;
use futures::StreamExt;

use super::context;
use super::daemon::{Daemon, fault, is_missing, said};

/// The image of tasks that name none.
pub const DEFAULT_IMAGE: &str = "evolve/python:3";

/// Tells a person what goes on: pulling and building take minutes.
pub type Say = Arc<dyn Fn(&str) + Send + Sync>;

/// Where an image comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageSource {
    /// The one that comes with evolve; it is never pulled, for nobody vouches for that name.
    Default,
    /// A name, pulled if the daemon does not have it.
    Named(String),
    /// A Dockerfile.
    Built {
        /// The Dockerfile, below the task's folder.
        dockerfile: PathBuf,
        /// The task's folder.
        task_root: PathBuf,
        /// Files of the task's folder that must not get into the image.
        without: Vec<PathBuf>,
    },
}

impl ImageSource {
    /// What a task asks for. `without` are the files that only its judge may see.
    pub fn of(section: &SandboxSection, task_root: &Path, without: Vec<PathBuf>) -> Self {
        match (&section.image, &section.build) {
            (_, Some(dockerfile)) => Self::Built {
                dockerfile: PathBuf::from(dockerfile),
                task_root: task_root.to_owned(),
                without,
            },
            (Some(name), None) => Self::Named(name.clone()),
            (None, None) => Self::Default,
        }
    }
}

/// An image that the daemon has.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    /// What people call it.
    pub name: String,
    /// Its identity, which stays when the name moves on.
    pub id: String,
    /// Its environment.
    pub env: BTreeMap<String, String>,
}

/// Finds an image, or has it pulled or built.
pub(crate) async fn obtain(
    daemon: &Daemon,
    source: &ImageSource,
    say: &Say,
) -> Result<Image, HostFault> {
    match source {
        ImageSource::Default => find(daemon, DEFAULT_IMAGE).await?.ok_or_else(|| {
            HostFault::new(format!(
                "the Docker daemon has no image {DEFAULT_IMAGE}; build it with \
                 sandboxes/images/build.sh, or name one with sandbox.image, or a Dockerfile with \
                 sandbox.build"
            ))
        }),
        ImageSource::Named(name) => {
            if let Some(image) = find(daemon, name).await? {
                return Ok(image);
            }
            pull(daemon, name, say).await?;
            find(daemon, name).await?.ok_or_else(|| {
                HostFault::new(format!("Docker: {name} was pulled and is not there"))
            })
        }
        ImageSource::Built { dockerfile, task_root, without } => {
            let context = context::pack(task_root, dockerfile, without)?;
            let name = format!("evolve/task:{}", context.hash);
            if let Some(image) = find(daemon, &name).await? {
                return Ok(image);
            }
            build(daemon, &name, context, say).await?;
            find(daemon, &name)
                .await?
                .ok_or_else(|| HostFault::new(format!("Docker: {name} was built and is not there")))
        }
    }
}

async fn find(daemon: &Daemon, name: &str) -> Result<Option<Image>, HostFault> {
    let found = daemon
        .ask("look for an image", |docker| async move {
            match docker.inspect_image(name).await {
                Err(error) if is_missing(&error) => Ok(None),
                found => found.map(Some),
            }
        })
        .await?;
    let Some(found) = found else { return Ok(None) };
    let env = found.config.and_then(|config| config.env).unwrap_or_default();
    let env = env.iter().filter_map(|entry| entry.split_once('='));
    Ok(Some(Image {
        name: name.to_owned(),
        id: found.id.unwrap_or_else(|| name.to_owned()),
        env: env.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
    }))
}

async fn pull(daemon: &Daemon, name: &str, say: &Say) -> Result<(), HostFault> {
    say(&format!("pulling the image {name}"));
    // Without a tag, all of them would be pulled.
    let last = name.rsplit('/').next().unwrap_or(name);
    let full = if last.contains([':', '@']) { name.to_owned() } else { format!("{name}:latest") };
    let options = CreateImageOptionsBuilder::default().from_image(&full).build();
    let mut steps = daemon.docker().create_image(Some(options), None, None);
    let mut last = String::new();
    while let Some(step) = steps.next().await {
        let step = step.map_err(|error| {
            HostFault::new(format!(
                "the image {name} can be neither found nor pulled: {}",
                said(&error)
            ))
        })?;
        if let Some(error) = step.error_detail.and_then(|detail| detail.message) {
            return Err(HostFault::new(format!("the image {name} cannot be pulled: {error}")));
        }
        let status = step.status.unwrap_or_default();
        if status != last && step.progress_detail.is_none() && !status.is_empty() {
            say(&format!("  {status}"));
            last = status;
        }
    }
    Ok(())
}

async fn build(
    daemon: &Daemon,
    name: &str,
    context: context::Context,
    say: &Say,
) -> Result<(), HostFault> {
    say(&format!("building the image {name} from {}", context.dockerfile));
    let options = BuildImageOptionsBuilder::default()
        .dockerfile(&context.dockerfile)
        .t(name)
        .rm(true)
        .forcerm(true)
        .build();
    let body = bollard::body_full(context.archive.into());
    let mut steps = daemon.docker().build_image(options, None, Some(body));
    let mut recent: Vec<String> = Vec::new();
    while let Some(step) = steps.next().await {
        let step = step.map_err(|error| {
            let before = recent.join("\n");
            let why = fault("building the image failed", &error);
            HostFault::new(format!("{}\n{before}", why.what))
        })?;
        for line in step.stream.unwrap_or_default().lines().filter(|line| !line.trim().is_empty()) {
            say(&format!("  {line}"));
            recent.push(format!("  {line}"));
            let surplus = recent.len().saturating_sub(12);
            recent.drain(..surplus);
        }
    }
    Ok(())
}
