//! `[evaluator]`: stages, gates, resources.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::defaults;
use super::units::{Bytes, Span};
use crate::device::DeviceNeed;
use crate::ids::StageName;

/// `[evaluator]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvaluatorSection {
    /// Which protocol the evaluator speaks.
    #[serde(default)]
    pub kind: EvaluatorKind,
    /// Who writes the result.
    #[serde(default)]
    pub trust: Trust,
    /// Globs of this folder that the candidate side sees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidate_files: Vec<String>,
    /// Globs of this folder that the judge side sees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub judge_files: Vec<String>,
    /// Globs of files that both sides may see.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared_files: Vec<String>,
    /// Python packages the host must have; checked, never installed silently.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requirements: Vec<String>,
    /// Modules that a Python which stays warm imports once, for stages whose commands are
    /// `python3 [options] script.py`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warm_imports: Vec<String>,
    /// The cascade, in order; a built-in evaluator has its own.
    #[serde(default)]
    pub stage: Vec<Stage>,
    /// What `builtin:npu` grades.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub npu: Option<NpuSection>,
    /// A last stage for would-be winners only, on held-out cases; never shown to a prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holdout: Option<Stage>,
}

/// Which protocol an evaluator speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EvaluatorKind {
    /// The native protocol: commands with environment variables and a result file.
    #[default]
    Command,
    /// The same, but the result is what SkyDiscover's `evaluate.sh` prints.
    #[serde(rename = "skydiscover-container")]
    SkydiscoverContainer,
    /// The same, but the result is a Harbor task's reward: a number, or a JSON object.
    Harbor,
    /// The simulated accelerator, in evolve's own process: a candidate is plain text that it
    /// assembles and simulates, never a program of the host.
    #[serde(rename = "builtin:npu")]
    BuiltinNpu,
}

impl EvaluatorKind {
    /// Whether its commands are those of an image, which only containers have.
    pub fn needs_image(self) -> bool {
        matches!(self, Self::SkydiscoverContainer | Self::Harbor)
    }
}

/// `[evaluator.npu]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NpuSection {
    /// The suite's task whose kernel is evolved. Without it, the machine is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    /// The machine that kernels run on: a preset, or a file of this folder. Of a machine that
    /// is evolved: the one whose clock, DRAM and DMA latency it must keep.
    #[serde(default = "defaults::npu_machine")]
    pub machine: String,
    /// Random inputs of each shape, besides the difficult ones.
    #[serde(default = "defaults::npu_inputs")]
    #[schemars(range(min = 1, max = 100))]
    pub inputs: u32,
    /// Weights of the suite's tasks in the workload of a machine that is evolved.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub workload: BTreeMap<String, f64>,
    /// Largest area of a machine that is evolved, in square millimetres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_area_mm2: Option<f64>,
    /// Largest mean power of a machine that is evolved, in watts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_power_w: Option<f64>,
}

/// Who writes the result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// Every stage has `run` and `judge`, in different sandboxes; only the judge writes it.
    #[default]
    Split,
    /// `run` writes the result itself; marked in every report.
    InProcess,
}

/// One step of the cascade.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Its name; `holdout` for the held-out one.
    #[serde(default = "unnamed")]
    #[schemars(with = "String")]
    pub name: StageName,
    /// Candidate side: sees the program, writes output. Built-in evaluators have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub run: Vec<String>,
    /// Judge side: sees the output and the reference, never runs the program.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub judge: Vec<String>,
    /// Longest time for each of the two commands.
    #[serde(default = "defaults::stage_timeout")]
    pub timeout: Span,
    /// A condition on the metrics, for example `valid == 1 && score > 0.9`; else stop here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<String>,
    /// How often it is measured.
    #[serde(default)]
    pub repeats: Repeats,
    /// What one evaluation of it needs.
    #[serde(default)]
    pub resources: Resources,
}

impl Stage {
    /// A stage of a built-in evaluator, which has no commands.
    pub(super) fn built_in(name: &str) -> Self {
        Self {
            name: name.into(),
            run: Vec::new(),
            judge: Vec::new(),
            timeout: defaults::stage_timeout(),
            gate: None,
            repeats: Repeats::default(),
            resources: Resources::default(),
        }
    }
}

fn unnamed() -> StageName {
    StageName(String::new())
}

/// How often a stage is measured; more than `min` only for would-be winners.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Repeats {
    /// For every candidate.
    #[serde(default = "defaults::one_u32")]
    #[schemars(range(min = 1, max = 1000))]
    pub min: u32,
    /// For a candidate that would become the best.
    #[serde(default = "defaults::one_u32")]
    #[schemars(range(min = 1, max = 1000))]
    pub max: u32,
}

impl Default for Repeats {
    fn default() -> Self {
        Self { min: 1, max: 1 }
    }
}

/// What one evaluation needs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// CPU cores; decides how many evaluations fit side by side.
    #[serde(default = "defaults::one_f64")]
    pub cpus: f64,
    /// Memory limit: of all processes together where the system can count that, else of each.
    #[serde(default = "defaults::stage_memory")]
    pub memory: Bytes,
    /// Largest total size of the output folder.
    #[serde(default = "defaults::stage_output")]
    pub output: Bytes,
    /// Largest total size of all files that a command writes; they are kept in memory.
    #[serde(default = "defaults::stage_disk")]
    pub disk: Bytes,
    /// Whether each evaluation has cores of its own (`cpus`, rounded up), so that timings do
    /// not disturb each other.
    #[serde(default)]
    pub pin: bool,
    /// Accelerators that one evaluation has: `"none"`, `"cuda"`, `"cuda:N"`, or a table of
    /// `kind`, `count` and `memory`.
    #[serde(default, skip_serializing_if = "is_none")]
    pub device: DeviceNeed,
}

fn is_none(need: &DeviceNeed) -> bool {
    *need == DeviceNeed::None
}

impl Default for Resources {
    fn default() -> Self {
        Self {
            cpus: defaults::one_f64(),
            memory: defaults::stage_memory(),
            output: defaults::stage_output(),
            disk: defaults::stage_disk(),
            pin: false,
            device: DeviceNeed::None,
        }
    }
}
