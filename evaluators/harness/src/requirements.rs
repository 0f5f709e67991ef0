//! Checks that the Python packages a task needs are there. Never installs any.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use evolve_core::ports::HostFault;
use evolve_core::sandbox::{Exit, Limits, Outside, Sandbox, SandboxCommand, SandboxSpec};
use evolve_core::task::TaskConfig;

use crate::text;

/// A package that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingPackage {
    /// As `task.toml` names it.
    pub name: String,
    /// What Python says.
    pub why: String,
}

/// Imports each requirement; where package and module have different names, asks for the
/// package alone. Versions (`numpy>=2`) are compared if Python has `packaging` or `pip`.
const PROGRAM: &str = r#"
import importlib, importlib.metadata as metadata, importlib.util, re, sys

def requirement_type():
    for module in ("packaging.requirements", "pip._vendor.packaging.requirements"):
        try:
            return importlib.import_module(module).Requirement
        except ImportError:
            pass

def check(text):
    name = re.match(r"[A-Za-z0-9._-]*", text.strip()).group()
    if not name:
        return "this is not the name of a package"
    module = name.replace("-", "_")
    try:
        found = importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        found = False
    if found:
        importlib.import_module(module)
    if text.strip() == name:
        if not found:
            metadata.version(name)
        return None
    version = metadata.version(name)
    Requirement = requirement_type()
    if Requirement is None:
        return f"its version ({version}) cannot be compared: install the package `packaging`"
    if version not in Requirement(text).specifier:
        return f"version {version} is installed"

for text in sys.argv[1:]:
    try:
        why = check(text)
    except metadata.PackageNotFoundError:
        why = "it is not installed"
    except BaseException as error:
        why = f"{type(error).__name__}: {error}"
    if why:
        print("\nevolve-missing\t" + text + "\t" + " ".join(why.split()), flush=True)
print("\nevolve-checked", flush=True)
"#;

/// The task's Python requirements that this sandbox's `python3` does not have.
///
/// # Errors
/// When Python cannot be asked at all.
pub async fn check_requirements(
    task: &TaskConfig,
    sandbox: &dyn Sandbox,
) -> Result<Vec<MissingPackage>, HostFault> {
    let requirements = &task.evaluator.requirements;
    if requirements.is_empty() {
        return Ok(Vec::new());
    }
    let mut argv = vec!["python3".to_owned(), "-c".to_owned(), PROGRAM.to_owned()];
    argv.extend(requirements.iter().cloned());
    let spec = SandboxSpec {
        slot: 0,
        side: "requirements",
        env: BTreeMap::new(),
        files: Vec::new(),
        limits: Limits {
            memory: 8 << 30,
            disk: 1 << 30,
            shm: 1 << 30,
            file_size: 1 << 30,
            processes: 1024,
            cpus: 64.0,
        },
        warm: None,
        outside: Outside::default(),
    };
    let command = SandboxCommand {
        argv,
        env: BTreeMap::new(),
        files: Vec::new(),
        output_is_given: false,
        wall: Duration::from_mins(5),
        log: 1 << 16,
    };
    let mut session = sandbox.open(Arc::new(spec)).await?;
    let outcome = session.run(command).await?;
    let said = String::from_utf8_lossy(&outcome.log);
    if outcome.exit != Exit::Code(0) || !said.lines().any(|line| line == "evolve-checked") {
        return Err(HostFault::new(format!(
            "python3 could not be asked for the task's requirements: {}",
            text::telling_line(&outcome.log)
        )));
    }
    let missing = said.lines().filter_map(|line| {
        let (name, why) = line.strip_prefix("evolve-missing\t")?.split_once('\t')?;
        Some(MissingPackage { name: name.to_owned(), why: text::line(why) })
    });
    Ok(missing.collect())
}
