//! The working copy: a program as files, and files as a program again.

use std::path::Path;
use std::sync::Arc;

use evolve_core::outcome::RejectReason;
use evolve_core::program::Program;
use evolve_core::sandbox::{Folder, SandboxFile};
use evolve_mutate::Editable;

use crate::patching::Mistake;

/// The files of a program, where the command finds them.
pub(super) fn files(program: &Program) -> Vec<SandboxFile> {
    let file = |(path, text): (&String, &String)| SandboxFile {
        folder: Folder::Work,
        path: path.clone(),
        bytes: Arc::from(text.as_bytes()),
        executable: false,
    };
    program.files.iter().map(file).collect()
}

/// The program that the command left. What it was given beside the program (`given`), hidden
/// files, and new ones that are no programs, are not part of it.
pub(super) fn program(
    left: &[SandboxFile],
    base: Option<&(Program, Editable)>,
    given: &[SandboxFile],
    draft_path: &str,
) -> Result<Program, Mistake> {
    let mut program = Program { files: std::collections::BTreeMap::new() };
    for file in left {
        let known = base.is_some_and(|(base, _)| base.files.contains_key(&file.path));
        let is_given = given.iter().any(|other| other.path == file.path);
        if !known && (is_given || !is_new_part(&file.path, base, draft_path)) {
            continue;
        }
        let text = std::str::from_utf8(&file.bytes).map_err(|_| {
            let problem = format!("{} is not text (UTF-8)", file.path);
            Mistake::new(RejectReason::PatchFailed, problem)
        })?;
        program.files.insert(file.path.clone(), text.to_owned());
    }
    if program.files.is_empty() && base.is_none() {
        let problem = format!("there is no program; write it to {draft_path}");
        return Err(Mistake::new(RejectReason::Unusable, problem));
    }
    Ok(program)
}

/// Whether a new file belongs to the program: its kind is that of the others, it may be added,
/// and it does not hide.
fn is_new_part(path: &str, base: Option<&(Program, Editable)>, draft_path: &str) -> bool {
    let hidden =
        |part: &str| part.starts_with('.') || part == "__pycache__" || part == "node_modules";
    if path.split('/').any(hidden) || Program::check_path(path).is_err() {
        return false;
    }
    let kind = |path: &str| Path::new(path).extension().map(std::ffi::OsStr::to_owned);
    match base {
        Some((base, editable)) => {
            editable.allows(path) && base.files.keys().any(|other| kind(other) == kind(path))
        }
        None => kind(path) == kind(draft_path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(path: &str, text: &str) -> SandboxFile {
        SandboxFile {
            folder: Folder::Work,
            path: path.to_owned(),
            bytes: Arc::from(text.as_bytes()),
            executable: false,
        }
    }

    #[test]
    fn what_is_no_part_of_the_program_is_left_behind() {
        let base = Program::single("p.py", "x = 1\n");
        let editable = Editable::new(&base, &[]).unwrap();
        let given = [left("agent.py", "")];
        let all = [
            left("p.py", "x = 2\n"),
            left("q.py", "y = 1\n"),
            left("agent.py", "changed"),
            left("notes.txt", "n"),
            left(".cache/z.py", "z"),
            left("__pycache__/p.pyc", "\u{0}"),
        ];
        let changed = program(&all, Some(&(base, editable)), &given, "program.py").unwrap();
        let names: Vec<_> = changed.files.keys().map(String::as_str).collect();
        assert_eq!(names, ["p.py", "q.py"]);
        assert_eq!(changed.files["p.py"], "x = 2\n");
    }

    #[test]
    fn a_draft_is_what_has_the_programs_kind() {
        let all = [left("program.py", "x = 1\n"), left("README.md", "r")];
        let drafted = program(&all, None, &[], "program.py").unwrap();
        assert_eq!(drafted, Program::single("program.py", "x = 1\n"));
        let none = program(&all[1..], None, &[], "program.py").unwrap_err();
        assert_eq!(none.reason, RejectReason::Unusable);
        let binary = SandboxFile { bytes: Arc::from(&b"\xff"[..]), ..left("program.py", "") };
        let odd = program(&[binary], None, &[], "program.py").unwrap_err();
        assert!(odd.problem.contains("not text"), "{odd:?}");
    }
}
