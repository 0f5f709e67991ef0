//! The manual's examples assemble, run, and do what they say; its tables are the table.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

use std::path::Path;

use evolve_npu::asm::assemble;
use evolve_npu::dtype::Dtype;
use evolve_npu::machine::{Machine, PRESETS};
use evolve_npu::run::{Dram, Limits, run, run_slowly};
use evolve_npu::suite::TASKS;

fn docs() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/npu")
}

/// The `npu` blocks of a chapter.
fn examples(chapter: &str) -> Vec<String> {
    let text = std::fs::read_to_string(docs().join(chapter)).unwrap();
    let blocks = text.split("```npu\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

fn dram() -> Dram {
    let mut dram = Dram::default();
    for (name, output) in [("X", false), ("W", false), ("Y", true)] {
        let mut bytes = vec![0; 4096];
        for (at, element) in bytes.chunks_exact_mut(2).enumerate() {
            Dtype::F16.write((at % 13) as f32 / 8.0 - 0.5, element);
        }
        dram.add(name, bytes, output);
    }
    dram
}

/// Runs an example by both interpreters; Y afterwards.
fn y_after(source: &str, ty: Dtype) -> Vec<f32> {
    let machine = Machine::preset("edge16").unwrap();
    let (mut fast, mut slow) = (dram(), dram());
    let program = assemble(source, &machine, &fast.constants()).unwrap_or_else(|errors| {
        panic!("{source}\n{errors}");
    });
    run(&program, &machine, &mut fast, &Limits::default(), &mut ()).unwrap();
    run_slowly(&program, &machine, &mut slow, &Limits::default()).unwrap();
    assert_eq!(fast, slow);
    let bytes = fast.get("Y").unwrap();
    bytes.chunks_exact(ty.size() as usize).map(|element| ty.read(element)).collect()
}

fn x() -> Vec<f32> {
    (0..2048).map(|at| (at % 13) as f32 / 8.0 - 0.5).collect()
}

#[test]
fn every_example_runs_to_its_end() {
    let chapters = ["assembly.md", "transfers.md", "matrix.md", "vector.md"];
    let found: Vec<String> = chapters.iter().flat_map(|chapter| examples(chapter)).collect();
    assert_eq!(found.len(), 6);
    for example in found {
        y_after(&example, Dtype::F32);
    }
}

#[test]
fn the_examples_do_what_the_manual_says() {
    let near = |a: f32, b: f32| (a - b).abs() < 2e-3 * b.abs().max(1.0);
    // 0 + 1.5 + 3 + 4.5 in each element.
    assert!(y_after(&examples("assembly.md")[1], Dtype::F32)[..64].iter().all(|y| near(*y, 9.0)));
    assert_eq!(y_after(&examples("transfers.md")[0], Dtype::F16)[..256], x()[..256]);
    let sums = y_after(&examples("transfers.md")[1], Dtype::F32);
    for (i, found) in sums.iter().take(64).enumerate() {
        assert!(near(*found, (0..8).map(|block| x()[block * 64 + i]).sum()), "{i}");
    }
    let product = y_after(&examples("matrix.md")[0], Dtype::F16);
    for (i, j) in (0..16).flat_map(|i| (0..16).map(move |j| (i, j))) {
        let sum = (0..16).map(|p| x()[i * 16 + p] * x()[p * 16 + j]).sum();
        assert!(near(product[i * 16 + j], sum), "{i} {j}");
    }
    let soft = y_after(&examples("vector.md")[0], Dtype::F16);
    assert!(near(soft[..64].iter().sum(), 1.0));
    let powers: f32 = x()[..64].iter().map(|x| x.exp()).sum();
    assert!(near(soft[7], x()[7].exp() / powers));
}

#[test]
fn the_page_of_instructions_is_the_table() {
    let page = std::fs::read_to_string(docs().join("instructions.md")).unwrap();
    let table = evolve_npu::instructions();
    assert!(page.ends_with(&table), "docs/npu/instructions.md must end with:\n{table}");
}

#[test]
fn the_manual_is_knowledge_with_ids_of_its_own() {
    let items = evolve_npu::manual();
    let mut ids: Vec<_> = items.iter().map(|item| item.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 7);
    for item in &items {
        assert!(!item.title.is_empty() && !item.title.starts_with('#'), "{}", item.id);
        assert!(item.body.len() > 500 && item.body.len() < 12_000, "{}", item.id);
    }
}

#[test]
fn the_chapter_on_the_suite_lists_every_task() {
    let page = std::fs::read_to_string(docs().join("suite.md")).unwrap();
    for task in &TASKS {
        assert!(
            page.contains(&format!("| `{}` | {} |", task.name, task.tier.name())),
            "{}",
            task.name
        );
    }
}

#[test]
fn shipped_tasks_begin_with_the_naive_programs() {
    let tasks = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tasks");
    for name in ["gemm", "softmax", "attention"] {
        let start = std::fs::read_to_string(tasks.join(format!("npu_{name}_edge16/program.s")));
        let task = evolve_npu::suite::Spec::find(name).unwrap();
        assert_eq!(start.unwrap(), task.baseline);
    }
    let start = std::fs::read_to_string(tasks.join("npu_design_space/program.toml")).unwrap();
    assert_eq!(start, PRESETS[0].1);
}
