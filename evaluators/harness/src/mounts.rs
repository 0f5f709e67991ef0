//! Files and folders of the host that sandboxes show, as `[[sandbox.mount]]` names them.

use std::path::{Path, PathBuf};

use evolve_core::sandbox::Mount;
use evolve_core::task::{MountMode, MountSection, MountSide, TaskConfig};

use crate::failure::Side;
use crate::setup::SetupError;

/// A mount whose source was found.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    section: MountSection,
    path: PathBuf,
}

/// Finds every source; a cache's folder is made.
pub(crate) fn find(task: &TaskConfig, task_root: &Path) -> Result<Vec<Source>, SetupError> {
    let sections = task.sandbox.mount.iter().enumerate();
    sections
        .map(|(i, section)| {
            let key = format!("sandbox.mount.{i}.source");
            let error = |why: String| SetupError::Mount { key: key.clone(), why };
            let path = PathBuf::from(
                expand(&section.source, |name| std::env::var(name).ok()).map_err(error)?,
            );
            if section.mode == MountMode::Cache {
                std::fs::create_dir_all(&path)
                    .map_err(|why| error(format!("{} cannot be made: {why}", path.display())))?;
            }
            let path =
                path.canonicalize().map_err(|why| error(format!("{}: {why}", path.display())))?;
            let covers = task_root.canonicalize().is_ok_and(|root| root.starts_with(&path));
            if covers && section.side != MountSide::Judge {
                return Err(error(format!(
                    "{} holds the task's folder, and with it the judge's files; a program could \
                     read them. Mount a narrower folder, or add side = \"judge\"",
                    path.display()
                )));
            }
            Ok(Source { section: section.clone(), path })
        })
        .collect()
}

/// Whether everything that a task mounts is there and may be shown, the task's folder being
/// this one.
///
/// # Errors
/// What is wrong, with its place in `task.toml`.
pub fn check_mounts(task: &TaskConfig, task_root: &Path) -> Result<(), SetupError> {
    find(task, task_root).map(drop)
}

impl Source {
    pub(crate) fn mode(&self) -> MountMode {
        self.section.mode
    }

    /// The mount of a side in a slot, if the side sees it. Whoever may write a cache can leave
    /// something there for whoever reads it next, so each side of each slot has its own unless
    /// the task says otherwise.
    pub(crate) fn mount(&self, side: Side, slot: u32) -> Option<Mount> {
        let seen = match self.section.side {
            MountSide::Both => true,
            MountSide::Run => side == Side::Run,
            MountSide::Judge => side == Side::Judge,
        };
        let writable = self.section.mode == MountMode::Cache;
        let source = if writable && !self.section.shared {
            self.path.join(format!("slot-{slot}")).join(side.word())
        } else {
            self.path.clone()
        };
        seen.then(|| Mount { source, target: PathBuf::from(&self.section.target), writable })
    }
}

/// Puts the values of variables where `${NAME}` is.
fn expand(text: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, tail) =
            after.split_once('}').ok_or_else(|| format!("`{text}`: a `${{` without its `}}`"))?;
        expanded.push_str(before);
        expanded.push_str(&value(name).ok_or_else(|| format!("the variable {name} is not set"))?);
        rest = tail;
    }
    expanded.push_str(rest);
    if Path::new(&expanded).is_absolute() {
        return Ok(expanded);
    }
    Err(format!("`{expanded}` is not an absolute path"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_put_in() {
        let value = |name: &str| (name == "DATA").then(|| "/data".to_owned());
        assert_eq!(expand("${DATA}/x/${DATA}", value).unwrap(), "/data/x//data");
        assert_eq!(expand("/plain", value).unwrap(), "/plain");
        for (text, why) in [
            ("${NONE}/x", "the variable NONE is not set"),
            ("${DATA", "without its"),
            ("x", "not an absolute path"),
        ] {
            assert!(expand(text, value).unwrap_err().contains(why), "{text}");
        }
    }

    fn source(text: &str) -> Source {
        let section: MountSection = serde_json::from_str(text).unwrap();
        Source { path: PathBuf::from(&section.source), section }
    }

    #[test]
    fn caches_are_apart_unless_shared_and_sides_see_their_own() {
        let cache = source(r#"{"source": "/c", "target": "/cache", "mode": "cache"}"#);
        let mount = |source: &Source, side, slot| {
            source.mount(side, slot).map(|mount| mount.source.display().to_string())
        };
        assert_eq!(mount(&cache, Side::Run, 3).as_deref(), Some("/c/slot-3/run"));
        assert_eq!(mount(&cache, Side::Judge, 3).as_deref(), Some("/c/slot-3/judge"));
        let shared =
            source(r#"{"source": "/c", "target": "/cache", "mode": "cache", "shared": true}"#);
        assert_eq!(mount(&shared, Side::Run, 3).as_deref(), Some("/c"));
        let judge = source(r#"{"source": "/d", "target": "/data", "side": "judge"}"#);
        assert_eq!(mount(&judge, Side::Run, 0), None);
        assert_eq!(mount(&judge, Side::Judge, 0).as_deref(), Some("/d"));
    }
}
