//! The machine's description: a TOML file, itself a program that can be evolved.

use serde::{Deserialize, Serialize};

use crate::dtype::Dtype;

/// A core with its memories. Times are in cycles of one clock, sizes in bytes unless a field
/// says otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// What reports call it.
    pub name: String,
    /// Clock in GHz.
    pub clock_ghz: f64,
    /// Instructions that may be issued in one cycle, in order.
    pub issue_width: u32,
    /// The systolic array.
    pub matrix: Matrix,
    /// The vector unit.
    pub vector: Vector,
    /// The software-managed memory on chip.
    pub scratchpad: Scratchpad,
    /// What moves data between DRAM and scratchpad.
    pub dma: Dma,
    /// The memory off chip.
    pub dram: Dram,
}

/// A systolic array with its accumulator tiles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matrix {
    /// Rows of the array: the longest inner dimension of one product.
    pub rows: u32,
    /// Columns of the array: the most output columns of one product.
    pub cols: u32,
    /// Which operand stays in the array.
    pub dataflow: Dataflow,
    /// Accumulator tiles (`a0` …).
    pub tiles: u32,
    /// Rows of an accumulator tile, of `cols` 32-bit sums each.
    pub tile_rows: u32,
    /// Matrix instructions that may wait for the array while later ones are issued.
    pub queue: u32,
    /// Types it multiplies.
    pub types: Vec<Dtype>,
}

/// Which operand stays in the array while the others stream through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dataflow {
    /// Weights stay; activations stream, one row a cycle.
    WeightStationary,
    /// Sums stay; both operands stream, one inner index a cycle.
    OutputStationary,
    /// Activations stay; weights stream, one output column a cycle.
    InputStationary,
}

/// A vector unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    /// Elements worked on in one cycle.
    pub lanes: u32,
    /// Elements of a vector register; a multiple of `lanes`.
    pub length: u32,
    /// Latencies of its operations.
    #[serde(default)]
    pub latency: Latency,
}

/// Cycles from the last elements' start to their result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Latency {
    /// Sums, differences, comparisons, minimum, maximum, moves.
    pub add: u32,
    /// Products and multiply-accumulates.
    pub mul: u32,
    /// Quotients, reciprocals, square roots: worked on by a quarter of the lanes.
    pub div: u32,
    /// Exponential, logarithm, hyperbolic tangent: worked on by a quarter of the lanes.
    pub exp: u32,
    /// Each level of a reduction's tree.
    pub reduce: u32,
}

impl Default for Latency {
    fn default() -> Self {
        Self { add: 3, mul: 4, div: 12, exp: 10, reduce: 2 }
    }
}

/// The memory on chip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scratchpad {
    /// Its size in KiB.
    pub kib: u32,
    /// Banks; consecutive words lie in consecutive banks. A power of two.
    pub banks: u32,
    /// Bytes of a bank's word. A power of two.
    pub bank_bytes: u32,
    /// Words that a bank can read or write in one cycle.
    pub ports: u32,
    /// Cycles from an access to its data.
    pub latency: u32,
}

/// Engines that move rows of bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dma {
    /// Engines; a transfer is worked on by one.
    pub engines: u32,
    /// Bytes an engine moves in one cycle.
    pub bytes_per_cycle: u32,
    /// Cycles from a transfer's start to its first byte.
    pub latency: u32,
    /// Transfers that may be under way or waiting.
    pub queue: u32,
}

/// The memory off chip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dram {
    /// Bytes it delivers in one cycle, for all engines together.
    pub bytes_per_cycle: u32,
    /// Bytes of the smallest access: each row of a transfer costs a multiple of it.
    pub burst_bytes: u32,
}

/// A description that cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MachineError {
    /// It is no such TOML.
    #[error("the machine description is not valid: {0}")]
    Toml(#[from] toml::de::Error),
    /// A value is out of its range.
    #[error("the machine description has {field} = {value}; {wanted}")]
    Value {
        /// Path of the key.
        field: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        wanted: String,
    },
    /// No preset has this name.
    #[error(
        "there is no machine `{0}`; presets: edge16, server128, or give the path of a .toml file"
    )]
    Unknown(String),
}

/// Names and sources of the machines that ship.
pub const PRESETS: [(&str, &str); 2] = [
    ("edge16", include_str!("../machines/edge16.toml")),
    ("server128", include_str!("../machines/server128.toml")),
];

impl Machine {
    /// Reads and checks a description.
    pub fn parse(text: &str) -> Result<Self, MachineError> {
        let machine: Self = toml::from_str(text)?;
        machine.check()?;
        Ok(machine)
    }

    /// A machine that ships.
    pub fn preset(name: &str) -> Result<Self, MachineError> {
        let known = PRESETS.iter().find(|(known, _)| *known == name);
        let (_, text) = known.ok_or_else(|| MachineError::Unknown(name.to_owned()))?;
        Self::parse(text)
    }

    /// Size of the scratchpad in bytes.
    pub fn spad_bytes(&self) -> u64 {
        u64::from(self.scratchpad.kib) * 1024
    }

    /// Constants that every program may use.
    pub fn constants(&self) -> [(&'static str, i64); 7] {
        [
            ("ROWS", self.matrix.rows.into()),
            ("COLS", self.matrix.cols.into()),
            ("TILES", self.matrix.tiles.into()),
            ("TILE_ROWS", self.matrix.tile_rows.into()),
            ("VLEN", self.vector.length.into()),
            ("LANES", self.vector.lanes.into()),
            ("SPAD", i64::from(self.scratchpad.kib) * 1024),
        ]
    }

    /// Whether every value is in its range.
    fn check(&self) -> Result<(), MachineError> {
        let clock = self.clock_ghz;
        if !(0.05..=5.0).contains(&clock) {
            return Err(MachineError::Value {
                field: "clock_ghz",
                value: clock.to_string(),
                wanted: "it must be between 0.05 and 5".to_owned(),
            });
        }
        if self.name.is_empty() || self.name.len() > 64 || self.name.chars().any(char::is_control) {
            return Err(MachineError::Value {
                field: "name",
                value: format!("{:?}", self.name),
                wanted: "it must have 1 to 64 printable characters".to_owned(),
            });
        }
        let (matrix, vector) = (&self.matrix, &self.vector);
        let (spad, dma, dram) = (&self.scratchpad, &self.dma, &self.dram);
        let latency = &vector.latency;
        within("issue_width", self.issue_width, 1, 16)?;
        within("matrix.rows", matrix.rows, 1, 1024)?;
        within("matrix.cols", matrix.cols, 1, 1024)?;
        within("matrix.tiles", matrix.tiles, 1, 64)?;
        within("matrix.tile_rows", matrix.tile_rows, 1, 4096)?;
        within("matrix.queue", matrix.queue, 1, 64)?;
        within("vector.lanes", vector.lanes, 1, 1024)?;
        within("vector.length", vector.length, 1, 4096)?;
        within("vector.latency.add", latency.add, 1, 100)?;
        within("vector.latency.mul", latency.mul, 1, 100)?;
        within("vector.latency.div", latency.div, 1, 100)?;
        within("vector.latency.exp", latency.exp, 1, 100)?;
        within("vector.latency.reduce", latency.reduce, 1, 100)?;
        within("scratchpad.kib", spad.kib, 1, 65_536)?;
        power("scratchpad.banks", spad.banks, 1, 256)?;
        power("scratchpad.bank_bytes", spad.bank_bytes, 4, 256)?;
        within("scratchpad.ports", spad.ports, 1, 8)?;
        within("scratchpad.latency", spad.latency, 1, 100)?;
        within("dma.engines", dma.engines, 1, 16)?;
        within("dma.bytes_per_cycle", dma.bytes_per_cycle, 1, 4096)?;
        within("dma.latency", dma.latency, 1, 10_000)?;
        within("dma.queue", dma.queue, 1, 256)?;
        within("dram.bytes_per_cycle", dram.bytes_per_cycle, 1, 4096)?;
        power("dram.burst_bytes", dram.burst_bytes, 1, 4096)?;
        if !vector.length.is_multiple_of(vector.lanes) {
            return value("vector.length", vector.length, "it must be a multiple of vector.lanes");
        }
        if matrix.types.is_empty() || matrix.types.contains(&Dtype::I32) {
            return Err(MachineError::Value {
                field: "matrix.types",
                value: format!("{:?}", matrix.types.iter().map(|ty| ty.name()).collect::<Vec<_>>()),
                wanted: "it must name some of i8, f16, bf16, f32".to_owned(),
            });
        }
        Ok(())
    }
}

fn value<T>(field: &'static str, value: u32, wanted: &str) -> Result<T, MachineError> {
    Err(MachineError::Value { field, value: value.to_string(), wanted: wanted.to_owned() })
}

fn within(field: &'static str, is: u32, least: u32, most: u32) -> Result<(), MachineError> {
    if (least..=most).contains(&is) {
        return Ok(());
    }
    value(field, is, &format!("it must be between {least} and {most}"))
}

fn power(field: &'static str, is: u32, least: u32, most: u32) -> Result<(), MachineError> {
    within(field, is, least, most)?;
    if is.is_power_of_two() { Ok(()) } else { value(field, is, "it must be a power of two") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_presets_are_sound_and_named_as_they_are_listed() {
        for (name, _) in PRESETS {
            assert_eq!(Machine::preset(name).unwrap().name, name);
        }
        assert!(Machine::preset("edge17").unwrap_err().to_string().contains("presets: edge16"));
    }

    #[test]
    fn a_mistake_in_a_description_is_named_with_its_place() {
        let wrong = |from: &str, to: &str| {
            let text = PRESETS[0].1.replace(from, to);
            assert_ne!(text, PRESETS[0].1, "{from}");
            Machine::parse(&text).unwrap_err().to_string()
        };
        assert!(wrong("tiles = 8", "tiles = 0").contains("matrix.tiles = 0; it must be between 1"));
        assert!(
            wrong("banks = 16", "banks = 12").contains("scratchpad.banks = 12; it must be a power")
        );
        assert!(wrong("lanes = 16", "lanes = 24").contains("a multiple of vector.lanes"));
        assert!(wrong("tiles = 8", "tile = 8").contains("unknown field `tile`"));
        assert!(wrong("\"f16\", ", "\"f17\", ").contains("f17"));
        assert!(wrong("clock_ghz = 1.0", "clock_ghz = nan").contains("clock_ghz = NaN"));
        assert!(wrong("queue = 4\n", "").contains("missing field `queue`"));
    }
}
