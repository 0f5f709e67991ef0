//! Programs, prompts, answers and logs of generated runs.

use std::fmt::Write as _;

use evolve_core::ids::CandidateId;
use evolve_core::program::Program;

const LINES: usize = 24;

pub(super) fn start_program() -> Program {
    let mut text = String::from(
        "\"\"\"Circles in the unit square.\"\"\"\nimport math\n\n# EVOLVE-BLOCK-START\nRADII = [\n",
    );
    for i in 0..LINES {
        let _ = writeln!(text, "    {:.4},  # circle {i}", 0.02 + 0.001 * i as f64);
    }
    text.push_str("]\n\n\ndef place(i):\n    angle = 2 * math.pi * i / len(RADII)\n");
    text.push_str("    return 0.5 + 0.4 * math.cos(angle), 0.5 + 0.4 * math.sin(angle)\n");
    text.push_str("# EVOLVE-BLOCK-END\n");
    let files = [
        ("pack.py".to_owned(), text),
        ("lib/grid.py".to_owned(), "def step(n):\n    return 1.0 / max(1, n)\n".to_owned()),
    ];
    Program { files: files.into() }
}

/// The program with the radius of one circle replaced.
pub(super) fn with_radius(program: &Program, circle: usize, radius: f64) -> Program {
    let mut changed = program.clone();
    if let Some(text) = changed.files.get_mut("pack.py") {
        let marker = format!("# circle {}", circle % LINES);
        let lines = text.lines().map(|line| {
            if line.ends_with(&marker) {
                format!("    {radius:.9},  {marker}\n")
            } else {
                format!("{line}\n")
            }
        });
        *text = lines.collect();
    }
    changed
}

pub(super) fn prompt(candidate: CandidateId, parent: Option<&Program>) -> String {
    let text = parent.and_then(|program| program.files.get("pack.py"));
    format!(
        "You improve a program that places circles.\n\n## Proposal {candidate}\n\n```python\n{}\n```\n\n\
         Answer with SEARCH/REPLACE blocks only.\n",
        text.map_or("", String::as_str),
    )
}

pub(super) fn answer(candidate: CandidateId, circle: usize, radius: f64) -> String {
    format!(
        "The ring around circle {circle} has room ({candidate}).\n\n<<<<<<< SEARCH\n    # circle {circle}\n\
         =======\n    {radius:.9},  # circle {circle}\n>>>>>>> REPLACE\n"
    )
}

pub(super) fn log(candidate: CandidateId, attempt: u32, word: &str) -> String {
    format!("[pack] {candidate} attempt {attempt}\n[pack] 24 circles\n[judge] {word}\n")
}

pub(super) fn plot(score: f64) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 1\"><circle r=\"{score:.6}\"/></svg>"
    )
}
