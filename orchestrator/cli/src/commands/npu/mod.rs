//! `evolve npu`: the simulated accelerator by itself.

mod args;
mod suite;

use std::fs;
use std::path::Path;

use evolve_npu::asm::assemble;
use evolve_npu::cost::area;
use evolve_npu::dtype::Dtype;
use evolve_npu::isa::{Program, SPECS};
use evolve_npu::machine::{Machine, PRESETS};
use evolve_npu::object;
use evolve_npu::profile::Profile;
use evolve_npu::run::{Dram, Limits, run, run_slowly};
use evolve_npu::suite::{InputKind, Inputs, Spec as Task, TASKS};
use evolve_npu::timeline::{chrome_trace, svg};
use evolve_npu::timing::{Cause, Clock};
use serde_json::json;

pub use args::Npu;
use args::{Asm, NpuCommand, Source};

use crate::commands::{print, print_json};
use crate::error::CliError;

/// Runs one of the subcommands.
pub fn npu(args: &Npu) -> Result<(), CliError> {
    match &args.what {
        NpuCommand::Asm(args) => asm(args),
        NpuCommand::Run(args) => run_program(args),
        NpuCommand::Profile(args) => profile(args),
        NpuCommand::Bench(args) => suite::bench(args),
        NpuCommand::Spec(args) => spec(args),
        NpuCommand::Report(args) => suite::report(args),
    }
}

fn usage(error: &dyn std::fmt::Display) -> CliError {
    CliError::usage(error.to_string())
}

fn machine(name: &str) -> Result<Machine, CliError> {
    if PRESETS.iter().any(|(preset, _)| *preset == name) || !Path::new(name).exists() {
        return Machine::preset(name).map_err(|error| usage(&error));
    }
    Machine::parse(&read(Path::new(name))?).map_err(|error| usage(&error))
}

fn read(path: &Path) -> Result<String, CliError> {
    fs::read_to_string(path)
        .map_err(|error| CliError::usage(format!("cannot read {}: {error}", path.display())))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    fs::write(path, bytes)
        .map_err(|error| CliError::failed(format!("cannot write {}: {error}", path.display())))
}

fn task(name: &str) -> Result<&'static Task, CliError> {
    Task::find(name).ok_or_else(|| {
        let known: Vec<_> = TASKS.iter().map(|task| task.name).collect();
        CliError::usage(format!("the suite has no task `{name}`; there are {}", known.join(", ")))
    })
}

/// A program with its machine and tensors.
struct Loaded {
    machine: Machine,
    program: Program,
    dram: Dram,
    /// The tensors that it writes, with their types.
    outputs: Vec<(String, Dtype)>,
}

fn load(source: &Source) -> Result<Loaded, CliError> {
    let machine = machine(&source.on.machine)?;
    let (dram, mut constants, outputs) = tensors(source)?;
    constants.extend(dram.constants());
    for define in &source.define {
        let parsed = define.split_once('=').and_then(|(name, value)| {
            Some((name.trim().to_owned(), value.trim().parse::<i64>().ok()?))
        });
        constants.push(parsed.ok_or_else(|| {
            CliError::usage(format!("`{define}` is not NAME=INTEGER, for example N=1024"))
        })?);
    }
    let path = &source.file;
    let bytes = fs::read(path)
        .map_err(|error| CliError::usage(format!("cannot read {}: {error}", path.display())))?;
    let program = if bytes.starts_with(b"NPU1") {
        object::decode(&bytes).map_err(|error| usage(&error))?
    } else {
        let text = String::from_utf8(bytes)
            .map_err(|_| CliError::usage(format!("{} is not UTF-8 text", path.display())))?;
        assemble(&text, &machine, &constants)
            .map_err(|errors| CliError::usage(format!("{}: {errors}", path.display())))?
    };
    Ok(Loaded { machine, program, dram, outputs })
}

type Tensors = (Dram, Vec<(String, i64)>, Vec<(String, Dtype)>);

/// The tensors of a task's shape, or those of the command line.
fn tensors(source: &Source) -> Result<Tensors, CliError> {
    if let Some(name) = &source.task {
        let task = task(name)?;
        let dims = &task.shapes[source.shape as usize - 1];
        let inputs = Inputs::draw(task, dims, InputKind::Seed(source.seed));
        let size = |size: usize| i64::try_from(size).unwrap_or(i64::MAX);
        let constants = dims.0.iter().map(|(name, n)| ((*name).to_owned(), size(*n)));
        let outputs = task.tensors.iter().filter(|tensor| tensor.output);
        let outputs = outputs.map(|tensor| (tensor.name.to_owned(), tensor.ty)).collect();
        return Ok((inputs.dram(), constants.collect(), outputs));
    }
    let mut dram = Dram::default();
    let mut outputs = Vec::new();
    for (at, text) in source.tensor.iter().enumerate() {
        let parts: Vec<&str> = text.split(':').collect();
        let (name, ty, count, output) = match parts[..] {
            [name, ty, count] => (name, ty, count, false),
            [name, ty, count, "out"] => (name, ty, count, true),
            _ => return Err(bad_tensor(text)),
        };
        let ty = Dtype::from_name(ty).ok_or_else(|| bad_tensor(text))?;
        let count: usize = count.parse().map_err(|_| bad_tensor(text))?;
        if name.is_empty() || count == 0 || count > 1 << 28 {
            return Err(bad_tensor(text));
        }
        let seed = source.seed.wrapping_add(at as u64);
        dram.add(name, InputKind::Seed(seed).fill(ty, count), output);
        if output {
            outputs.push((name.to_owned(), ty));
        }
    }
    Ok((dram, Vec::new(), outputs))
}

fn bad_tensor(text: &str) -> CliError {
    CliError::usage(format!(
        "`{text}` is not a tensor; write NAME:TYPE:COUNT, for example X:f16:1024 or Y:f32:64:out"
    ))
}

fn asm(args: &Asm) -> Result<(), CliError> {
    let loaded = load(&args.source)?;
    let count = loaded.program.insts.len();
    if let Some(out) = &args.out {
        write(out, &object::encode(&loaded.program))?;
    }
    if args.source.on.json {
        return print_json(&json!({
            "version": 1,
            "instructions": count,
            "listing": loaded.program.disassemble(),
        }));
    }
    if args.out.is_none() {
        print(&loaded.program.disassemble());
    }
    Ok(())
}

fn run_program(args: &args::Run) -> Result<(), CliError> {
    let Loaded { machine, program, mut dram, outputs } = load(&args.source)?;
    let limits = Limits { work: args.source.limit, cancel: None };
    let mut slow = dram.clone();
    let mut clock = Clock::new(&machine, &program, false);
    let outcome = run(&program, &machine, &mut dram, &limits, &mut clock)
        .map_err(|trap| CliError::failed(trap.to_string()))?;
    if args.check {
        run_slowly(&program, &machine, &mut slow, &limits)
            .map_err(|trap| CliError::failed(format!("the slow interpreter: {trap}")))?;
        if slow != dram {
            let what = "the slow interpreter left other bytes in DRAM; please report it";
            return Err(CliError::failed(what));
        }
    }
    let cycles = clock.finish().0.cycles;
    let values = |name: &str, ty: Dtype| -> Vec<f32> {
        let bytes = dram.get(name).unwrap_or_default();
        bytes.chunks_exact(ty.size() as usize).map(|element| ty.read(element)).collect()
    };
    if args.source.on.json {
        let tensors: serde_json::Map<String, serde_json::Value> =
            outputs.iter().map(|(name, ty)| (name.clone(), json!(values(name, *ty)))).collect();
        return print_json(&json!({
            "version": 1,
            "steps": outcome.steps,
            "cycles": cycles,
            "checked": args.check,
            "outputs": tensors,
        }));
    }
    let checked = if args.check { ", the same under the slow interpreter" } else { "" };
    print(&format!("{} instructions in {cycles} cycles{checked}\n", outcome.steps));
    for (name, ty) in &outputs {
        let values = values(name, *ty);
        let shown: Vec<_> = values.iter().take(8).map(|value| format!("{value:.5}")).collect();
        let more = if values.len() > 8 { ", .." } else { "" };
        print(&format!("{name} = {}{more}\n", shown.join(", ")));
    }
    Ok(())
}

fn profile(args: &args::Profile) -> Result<(), CliError> {
    let Loaded { machine, program, mut dram, .. } = load(&args.source)?;
    let limits = Limits { work: args.source.limit, cancel: None };
    let profile = Profile::of(program, &machine, &mut dram, &limits)
        .map_err(|trap| CliError::failed(trap.to_string()))?;
    if let Some(path) = &args.trace {
        write(path, chrome_trace(&profile.program, &profile.spans).to_string().as_bytes())?;
    }
    if let Some(path) = &args.svg {
        write(path, svg(&profile.spans, profile.counters.cycles).as_bytes())?;
    }
    if !args.source.on.json {
        print(&profile.table(&machine));
        return Ok(());
    }
    let counters = &profile.counters;
    let stalls: serde_json::Map<String, serde_json::Value> = Cause::ALL
        .iter()
        .map(|cause| (cause.name().to_owned(), json!(counters.stall(*cause))))
        .collect();
    print_json(&json!({
        "version": 1,
        "counters": counters,
        "stalls": stalls,
        "energy_nj": profile.energy(&machine),
        "roofline": profile.roofline(&machine),
    }))
}

fn spec(args: &args::Spec) -> Result<(), CliError> {
    let machine = machine(&args.on.machine)?;
    let area = area(&machine);
    if args.on.json {
        let instructions: Vec<_> = SPECS
            .iter()
            .map(|spec| json!({ "name": spec.name, "unit": spec.unit.name(), "usage": spec.usage(), "meaning": spec.doc }))
            .collect();
        return print_json(&json!({
            "version": 1, "machine": machine, "area_mm2": area, "instructions": instructions,
        }));
    }
    let matrix = &machine.matrix;
    let types: Vec<_> = matrix.types.iter().map(|ty| ty.name()).collect();
    print(&format!(
        "{}: {:.2} mm2 in 45 nm, {} GHz\n\
         array        {} x {} of {}, {} tiles of {} rows\n\
         vector unit  {} lanes, registers of {} elements\n\
         scratchpad   {} KiB in {} banks of {} bytes, {} ports each\n\
         dma          {} engines of {} bytes a cycle, {} cycles of latency\n\
         dram         {} bytes a cycle in bursts of {}\n\n",
        machine.name,
        area.total_mm2(),
        machine.clock_ghz,
        matrix.rows,
        matrix.cols,
        types.join(", "),
        matrix.tiles,
        matrix.tile_rows,
        machine.vector.lanes,
        machine.vector.length,
        machine.scratchpad.kib,
        machine.scratchpad.banks,
        machine.scratchpad.bank_bytes,
        machine.scratchpad.ports,
        machine.dma.engines,
        machine.dma.bytes_per_cycle,
        machine.dma.latency,
        machine.dram.bytes_per_cycle,
        machine.dram.burst_bytes,
    ));
    for (name, value) in machine.constants() {
        print(&format!("{name} = {value}\n"));
    }
    print("\n");
    for spec in SPECS {
        print(&format!("{}\n    {}\n", spec.usage(), spec.doc));
    }
    Ok(())
}
