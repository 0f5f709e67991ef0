//! `task.toml` as types. Parsing with spans is in `parse`, the rules that types cannot
//! say are in `validate`, command-line overrides in `overrides`.

mod budget;
mod command;
mod defaults;
mod evaluator;
mod knowledge;
mod model;
mod notify;
mod overrides;
mod parse;
mod prices;
mod schema;
mod units;
mod validate;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use budget::Budget;
pub use command::CommandSection;
pub use evaluator::{
    EvaluatorKind, EvaluatorSection, NpuSection, Repeats, Resources, Stage, Trust,
};
pub use knowledge::{AnalyzerSection, CognitionSection, EmbeddingSection};
pub use model::{ModelApi, ModelSection};
pub use notify::{NotifySection, Occasion};
pub use overrides::{BadOverride, apply_override};
pub use parse::{Problem, parse_task};
pub use prices::{PRICES_AS_OF, shipped_price};
pub use schema::task_schema;
pub use units::{Bytes, Span};
pub use validate::is_web_address;

use crate::event::Operator;
use crate::objective::Objective;
use std::collections::BTreeMap;

/// A task: what to evolve. The content of `task.toml`, with defaults filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "evolve task.toml")]
pub struct TaskConfig {
    /// Name and purpose.
    pub task: TaskSection,
    /// The program to improve; without it the first proposals are drafts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<ProgramSection>,
    /// Metrics with directions; the first is the primary one.
    pub objective: Vec<Objective>,
    /// How a candidate is judged.
    pub evaluator: EvaluatorSection,
    /// Where untrusted code runs.
    #[serde(default)]
    pub sandbox: SandboxSection,
    /// Worker counts.
    #[serde(default)]
    pub run: RunSection,
    /// How the next change is chosen.
    #[serde(default)]
    pub search: SearchSection,
    /// When to stop: the first one reached stops the run.
    #[serde(default)]
    pub budget: Budget,
    /// Models that propose changes; without one the `mutate` proposer does the search.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub model: Vec<ModelSection>,
    /// A program of one's own that proposes changes; the models are then its to ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandSection>,
    /// How prompts are made.
    #[serde(default)]
    pub prompts: PromptsSection,
    /// Prior knowledge shown to models.
    #[serde(default)]
    pub cognition: CognitionSection,
    /// Who turns texts into vectors; without it texts are compared by their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding: Option<EmbeddingSection>,
    /// Who is asked what experiments show.
    #[serde(default)]
    pub analyzer: AnalyzerSection,
    /// Who is told of what happens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<NotifySection>,
}

impl TaskConfig {
    /// The primary objective. Validation guarantees that there is one.
    pub fn primary(&self) -> &Objective {
        &self.objective[0]
    }

    /// How far results can be trusted by the way they come about, for people and JSON: who
    /// writes them, and whether candidates share a cache that one could poison for the next.
    pub fn trust(&self) -> &'static str {
        match (self.evaluator.trust, self.shares_cache()) {
            (Trust::Split, false) => "split",
            (Trust::Split, true) => "split, shared-cache",
            (Trust::InProcess, false) => "in-process",
            (Trust::InProcess, true) => "in-process, shared-cache",
        }
    }

    /// Whether candidates share a cache.
    pub fn shares_cache(&self) -> bool {
        self.sandbox.mount.iter().any(|mount| mount.shared)
    }

    /// The language of the program, from the task or the file's extension.
    pub fn language(&self) -> Option<String> {
        let program = self.program.as_ref()?;
        program.language.clone().or_else(|| {
            let extension = program.path.rsplit_once('.')?.1;
            let language = match extension {
                "py" => "python",
                "rs" => "rust",
                "c" | "h" => "c",
                "cc" | "cpp" | "cxx" | "hpp" | "hh" => "cpp",
                other => other,
            };
            Some(language.to_owned())
        })
    }
}

/// `[task]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskSection {
    /// Short name: letters, digits, `-`, `_`, `.`.
    pub name: String,
    /// What to achieve, in the words a model will read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A file of the task folder that holds the description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description_file: Option<String>,
    /// What kind of program it is; picks the words of the default prompts.
    #[serde(default)]
    pub kind: TaskKind,
}

/// What kind of program a task evolves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TaskKind {
    /// A neural architecture.
    Architecture,
    /// A scheduling or placement policy.
    Scheduler,
    /// A kernel for an accelerator or a CPU.
    Kernel,
    /// A mathematical construction.
    Math,
    /// Anything else.
    #[default]
    Other,
}

/// `[program]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgramSection {
    /// A file, or a folder, inside the task folder.
    pub path: String,
    /// Language of the program; from the extension if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Globs of the files that may change. Default: the files with
    /// `EVOLVE-BLOCK-START`/`EVOLVE-BLOCK-END` lines, else all files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub editable: Vec<String>,
    /// Largest program that is evaluated.
    #[serde(default = "defaults::program_max_size")]
    pub max_size: Bytes,
    /// What a change may not bring into the program.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deny: Vec<Deny>,
    /// A folder of other start programs, a file each: they are the first candidates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<String>,
}

/// Something that a change may not bring into the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deny {
    /// A regular expression (of Rust's `regex` crate).
    pub pattern: String,
    /// Why; told to who proposed it.
    pub reason: String,
}

/// `[sandbox]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SandboxSection {
    /// Which sandbox.
    #[serde(default)]
    pub kind: SandboxKind,
    /// The image of the docker sandbox, by name; default: `evolve/python:3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// A Dockerfile of this folder to build the image from. Its context is the folder that
    /// holds it, without the judge's files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
    /// Whether commands may reach the network. Results may then depend on it, and a program
    /// can send away what it sees.
    #[serde(default)]
    pub network: bool,
    /// Size of `/dev/shm`; counts as memory.
    #[serde(default = "defaults::shm")]
    pub shm: Bytes,
    /// Environment for both sides, as `NAME=value`. Nothing is inherited but a `PATH`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// Data and caches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mount: Vec<MountSection>,
}

impl Default for SandboxSection {
    fn default() -> Self {
        Self {
            kind: SandboxKind::default(),
            image: None,
            build: None,
            network: false,
            shm: defaults::shm(),
            env: Vec::new(),
            mount: Vec::new(),
        }
    }
}

/// `[[sandbox.mount]]`: a file or folder of the host that sandboxes show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MountSection {
    /// Where it is on the host: an absolute path; `${NAME}` is a variable of the environment.
    pub source: String,
    /// Where commands find it: an absolute path.
    pub target: String,
    /// Whether it is data or a cache.
    #[serde(default)]
    pub mode: MountMode,
    /// Who sees it. What only the judge should know is for `judge`.
    #[serde(default)]
    pub side: MountSide,
    /// For a cache: whether all evaluations share one, instead of one for each slot and side.
    /// Then one program can change what the next one finds, and the report says so.
    #[serde(default)]
    pub shared: bool,
}

/// How a mount may be used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MountMode {
    /// Read-only.
    #[default]
    Ro,
    /// A folder that commands may write and that persists between evaluations.
    Cache,
}

/// Who sees a mount.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MountSide {
    /// Both sides.
    #[default]
    Both,
    /// The candidate side alone.
    Run,
    /// The judge side alone.
    Judge,
}

/// Which sandbox runs untrusted code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SandboxKind {
    /// `docker` if its daemon answers and the image can be had, else `process`.
    #[default]
    Auto,
    /// Containers of a Docker daemon.
    Docker,
    /// Processes with limits on this machine (Linux).
    Process,
    /// Plain processes: no memory or process limits; for systems without the above.
    Unconfined,
}

/// `[run]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunSection {
    /// Evaluations side by side; `auto`: from the cores and memory and what a stage needs.
    #[serde(default)]
    pub evaluation_slots: SlotCount,
    /// Proposals side by side; `auto`: two for `mutate`, else enough to keep evaluations busy.
    #[serde(default)]
    pub proposal_slots: SlotCount,
}

/// A number of slots, or `"auto"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum SlotCount {
    /// Just so many.
    Count(#[schemars(range(min = 1, max = 4096))] u32),
    /// As many as fit.
    Auto(Auto),
}

impl Default for SlotCount {
    fn default() -> Self {
        Self::Auto(Auto::Auto)
    }
}

/// The word `auto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Auto {
    /// Decide from the machine.
    Auto,
}

/// `[search]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchSection {
    /// The strategy's name.
    #[serde(default = "defaults::strategy")]
    pub strategy: String,
    /// Seed of every random draw of the run.
    #[serde(default = "defaults::seed")]
    pub seed: u64,
    /// Islands, for strategies with islands; `adaptive` begins with one.
    #[serde(default = "defaults::islands")]
    #[schemars(range(min = 1, max = 64))]
    pub islands: u32,
    /// Candidates a strategy keeps for selection; the journal keeps everybody.
    #[serde(default = "defaults::archive")]
    #[schemars(range(min = 2, max = 100_000))]
    pub archive: u32,
    /// Weights of the operators; absent ones have weight 0. Default: `mutate` alone without
    /// a model; with models mostly `diff`, some `rewrite` and `crossover`, `fix` for failures.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("propertyNames" = schema::operator_names()))]
    pub operators: BTreeMap<Operator, f64>,
    /// Whether the strategy shifts the operators' weights by what they gain (strategies with
    /// bandits).
    #[serde(default)]
    pub operator_choice: Choice,
    /// The same for the models' weights, by what they gain per dollar.
    #[serde(default)]
    pub model_choice: Choice,
    /// Parameters of the strategy alone; `evolve strategies` lists them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, ParameterValue>,
    /// Programs shown beside the parent.
    #[serde(default = "defaults::inspirations")]
    #[schemars(range(max = 16))]
    pub inspirations: u32,
}

impl SearchSection {
    /// Whether the strategy orders programs by clusters of their embeddings.
    pub fn asks_for_clusters(&self) -> bool {
        let descriptors = self.parameters.get("descriptors");
        matches!(descriptors, Some(ParameterValue::Names(names)) if names.iter().any(|n| n == "cluster"))
    }
}

/// A value of a strategy's own parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ParameterValue {
    /// A number.
    Number(f64),
    /// A list of names.
    Names(Vec<String>),
}

/// How one of several is chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// By weights that follow what each of them gained.
    #[default]
    Bandit,
    /// By the given weights alone.
    Weights,
}

impl Default for SearchSection {
    fn default() -> Self {
        Self {
            strategy: defaults::strategy(),
            seed: defaults::seed(),
            islands: defaults::islands(),
            archive: defaults::archive(),
            operators: BTreeMap::new(),
            operator_choice: Choice::Bandit,
            model_choice: Choice::Bandit,
            parameters: BTreeMap::new(),
            inspirations: defaults::inspirations(),
        }
    }
}

/// `[prompts]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PromptsSection {
    /// A folder of the task with templates that replace shipped ones of the same name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// Most tokens of one prompt; sections are dropped by priority to fit.
    #[serde(default = "defaults::prompt_tokens")]
    #[schemars(range(min = 1_000))]
    pub max_tokens: u32,
}

impl Default for PromptsSection {
    fn default() -> Self {
        Self { folder: None, max_tokens: defaults::prompt_tokens() }
    }
}
