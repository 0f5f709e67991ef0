//! The files that go with an imported task: drivers, and light packages for what evaluators
//! import of their own systems.

use super::{Content, ImportFile};

/// The folder that they are in.
pub(super) const FOLDER: &str = "evolve_adapter";

macro_rules! files {
    ($($path:literal => $file:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("python/", $file)))),*]
    };
}

/// Packages of these three names and no others, so that nothing else is hidden by them.
const SHIMS: &[(&str, &str)] = files! {
    "shims/openevolve/__init__.py" => "openevolve/__init__.py",
    "shims/openevolve/evaluation_result.py" => "openevolve/evaluation_result.py",
    "shims/shinka/__init__.py" => "shinka/__init__.py",
    "shims/shinka/core/__init__.py" => "shinka/core/__init__.py",
    "shims/shinka/core/wrap_eval.py" => "shinka/core/wrap_eval.py",
    "shims/shinka/utils/__init__.py" => "shinka/utils/__init__.py",
    "shims/shinka/utils/eval_stop.py" => "shinka/utils/eval_stop.py",
    "shims/skydiscover/__init__.py" => "skydiscover/__init__.py",
    "shims/skydiscover/evaluation/__init__.py" => "skydiscover/evaluation/__init__.py",
    "shims/skydiscover/evaluation/evaluation_result.py" =>
        "skydiscover/evaluation/evaluation_result.py",
};

const DRIVERS: &[(&str, &str)] = files! {
    "run_openevolve.py" => "run_openevolve.py",
    "run_shinka.py" => "run_shinka.py",
    "run_container.sh" => "run_container.sh",
    "run_harbor.sh" => "run_harbor.sh",
};

/// Where a driver is, from the working folder.
pub(super) fn path(name: &str) -> String {
    format!("{FOLDER}/{name}")
}

/// A driver alone.
pub(super) fn alone(name: &str) -> Vec<ImportFile> {
    DRIVERS.iter().filter(|(path, _)| *path == name).map(file).collect()
}

/// A driver with the packages beside it.
pub(super) fn with_shims(name: &str) -> Vec<ImportFile> {
    alone(name).into_iter().chain(SHIMS.iter().map(file)).collect()
}

fn file((path, text): &(&str, &str)) -> ImportFile {
    ImportFile { path: self::path(path), content: Content::Text((*text).to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packages_hide_no_other_names() {
        let tops: std::collections::BTreeSet<_> =
            SHIMS.iter().filter_map(|(path, _)| path.split('/').nth(1)).collect();
        assert_eq!(tops.into_iter().collect::<Vec<_>>(), ["openevolve", "shinka", "skydiscover"]);
    }
}
