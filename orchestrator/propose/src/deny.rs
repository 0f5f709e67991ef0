//! What the task forbids a program to say: patterns that a change may not bring in.

use evolve_core::program::Program;
use evolve_core::task::TaskConfig;
use regex::Regex;

/// The patterns of a task, each with the reason that is told.
#[derive(Debug, Default)]
pub(crate) struct Denied(Vec<(Regex, String)>);

impl Denied {
    /// Those of a task; validation has refused what is no pattern.
    pub(crate) fn of(task: &TaskConfig) -> Self {
        let rules = task.program.iter().flat_map(|program| &program.deny);
        Self(
            rules
                .filter_map(|rule| Some((Regex::new(&rule.pattern).ok()?, rule.reason.clone())))
                .collect(),
        )
    }

    /// The rules in words, a line each.
    pub(crate) fn rules(&self) -> Vec<String> {
        let line = |(pattern, reason): &(Regex, String)| format!("`{pattern}`: {reason}");
        self.0.iter().map(line).collect()
    }

    /// The first thing that the change brought in and may not: with its place, and why. What
    /// stood in the program before, as often, is not the change's fault.
    pub(crate) fn brought_in(&self, before: Option<&Program>, after: &Program) -> Option<String> {
        self.0.iter().find_map(|(pattern, reason)| {
            let count = |program: &Program| -> usize {
                program.files.values().map(|text| pattern.find_iter(text).count()).sum()
            };
            if count(after) <= before.map_or(0, count) {
                return None;
            }
            let old = |path: &str| {
                before.and_then(|before| before.files.get(path)).map_or("", String::as_str)
            };
            let (path, text, found) = after.files.iter().find_map(|(path, text)| {
                let known = pattern.find_iter(old(path)).count();
                let found = pattern.find_iter(text).nth(known).or_else(|| pattern.find(text))?;
                (pattern.find_iter(text).count() > known).then_some((path, text, found))
            })?;
            let line = text[..found.start()].matches('\n').count();
            let quoted = text.lines().nth(line).unwrap_or_default();
            Some(format!("{path}:{}: `{}`: {reason}\n{quoted}", line + 1, found.as_str()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Denied {
        let reason = "programs may not start others".to_owned();
        Denied(vec![(Regex::new(r"\bos\.system\b").unwrap(), reason)])
    }

    #[test]
    fn what_a_change_brings_in_is_found_with_its_place() {
        let before = Program::single("p.py", "import os\nx = 1\n");
        let after = Program::single("p.py", "import os\nx = os.system('ls')\n");
        let problem = rules().brought_in(Some(&before), &after).unwrap();
        assert_eq!(
            problem,
            "p.py:2: `os.system`: programs may not start others\nx = os.system('ls')"
        );
        assert!(rules().brought_in(None, &after).is_some());
    }

    #[test]
    fn what_stood_there_before_is_nobodys_fault() {
        let before = Program::single("p.py", "os.system('a')\nx = 1\n");
        let moved = Program::single("p.py", "x = 2\nos.system('a')\n");
        assert_eq!(rules().brought_in(Some(&before), &moved), None);
        let twice = Program::single("p.py", "os.system('a')\nos.system('b')\n");
        assert!(rules().brought_in(Some(&before), &twice).unwrap().starts_with("p.py:2:"));
    }
}
