//! The manual as prior knowledge: the chapters of `docs/npu/`, each the moment that calls for
//! it. The chapters themselves are the only copy of their text.

use evolve_core::knowledge::CognitionItem;

use crate::isa::SPECS;

/// Id, trigger, and text of each chapter.
const CHAPTERS: [(&str, &str, &str); 6] = [
    (
        "npu-machine",
        "what the accelerator has: memories, registers, units, sizes, element types",
        include_str!("../../../docs/npu/machine.md"),
    ),
    (
        "npu-assembly",
        "writing assembly: constants, labels, repetition, loops, addresses, errors of the assembler",
        include_str!("../../../docs/npu/assembly.md"),
    ),
    (
        "npu-transfers",
        "transfers, tags and waits; traps: race, deadlock, undrained tile, out of bounds",
        include_str!("../../../docs/npu/transfers.md"),
    ),
    (
        "npu-matrix",
        "products on the systolic array: mload, mmul, mmac, mdrain, tiles, weights",
        include_str!("../../../docs/npu/matrix.md"),
    ),
    (
        "npu-vector",
        "vector arithmetic, reductions, softmax, normalisation, strides, active length",
        include_str!("../../../docs/npu/vector.md"),
    ),
    (
        "npu-speed",
        "making a kernel faster: stalls, double buffering, overlap, bank conflicts, tile sizes",
        include_str!("../../../docs/npu/speed.md"),
    ),
];

/// The chapters as cognition items, and one with every instruction from the table.
pub fn manual() -> Vec<CognitionItem> {
    let tags = || vec!["npu".to_owned(), "manual".to_owned()];
    let mut items: Vec<CognitionItem> = CHAPTERS
        .iter()
        .map(|(id, trigger, text)| {
            let (first, body) = text.split_once('\n').unwrap_or((text, ""));
            CognitionItem {
                id: (*id).to_owned(),
                title: first.trim_start_matches(['#', ' ']).to_owned(),
                trigger: (*trigger).to_owned(),
                tags: tags(),
                body: body.trim().to_owned(),
            }
        })
        .collect();
    items.push(CognitionItem {
        id: "npu-instructions".to_owned(),
        title: "Every instruction".to_owned(),
        trigger: "which instructions there are, their operands and what they do".to_owned(),
        tags: tags(),
        body: instructions(),
    });
    items
}

/// The reference of all instructions, as markdown: `docs/npu/instructions.md` holds it.
pub fn instructions() -> String {
    let mut out = String::from("| instruction | unit | what it does |\n| --- | --- | --- |\n");
    for spec in SPECS {
        let usage = spec.usage().replace('|', "\\|");
        out.push_str(&format!("| `{usage}` | {} | {} |\n", spec.unit.name(), spec.doc));
    }
    out
}
