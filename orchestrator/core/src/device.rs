//! Accelerators: what a host has, what a stage needs, and which slot gets which.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::task::Bytes;

/// An accelerator of the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gpu {
    /// Its number in the driver.
    pub index: u32,
    /// The number of its device file.
    pub minor: u32,
    /// The name that no other one has.
    pub uuid: String,
    /// What it is.
    pub name: String,
    /// Memory in bytes.
    pub memory: u64,
}

/// What a stage needs, as `resources.device` says: `"none"`, `"cuda"`, `"cuda:N"`, or
/// `{ kind = "cuda", count = 2, memory = "40GiB" }`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DeviceNeed {
    /// None.
    #[default]
    None,
    /// GPUs of NVIDIA.
    Cuda {
        /// How many.
        count: u32,
        /// Which one; any if not given.
        index: Option<u32>,
        /// Memory in bytes that is used of each; if given, evaluations share a GPU as far as
        /// that goes, else each has its own.
        memory: Option<Bytes>,
    },
}

impl DeviceNeed {
    fn parse(text: &str) -> Result<Self, String> {
        let cuda = |index| Self::Cuda { count: 1, index, memory: None };
        match text.split_once(':') {
            None if text == "none" => Ok(Self::None),
            None if text == "cuda" => Ok(cuda(None)),
            Some(("cuda", number)) if number.parse::<u32>().is_ok() => {
                Ok(cuda(number.parse().ok()))
            }
            _ => Err(format!(
                "`{text}` is not a device (\"none\", \"cuda\", \"cuda:0\", or {{ kind = \"cuda\", \
                 count = 2, memory = \"40GiB\" }})"
            )),
        }
    }

    /// The leases that can be held side by side on these GPUs: lease `n` is slot `n`'s.
    pub fn leases(self, gpus: &[Gpu]) -> Vec<Vec<Gpu>> {
        let Self::Cuda { count, index, memory } = self else { return Vec::new() };
        let fits = |gpu: &&Gpu| {
            index.is_none_or(|index| gpu.index == index)
                && memory.is_none_or(|memory| gpu.memory >= memory.0)
        };
        let fitting: Vec<&Gpu> = gpus.iter().filter(fits).collect();
        let shares = |gpu: &Gpu| memory.map_or(1, |memory| gpu.memory / memory.0.max(1));
        let most = fitting.iter().map(|gpu| shares(gpu)).max().unwrap_or(0);
        // Every GPU once before any twice, so that few evaluations share none.
        let places: Vec<&Gpu> = (0..most)
            .flat_map(|round| fitting.iter().copied().filter(move |gpu| shares(gpu) > round))
            .collect();
        let leases = places.chunks_exact(count.max(1) as usize);
        let apart = |lease: &&[&Gpu]| {
            let uuids: std::collections::BTreeSet<_> = lease.iter().map(|gpu| &gpu.uuid).collect();
            uuids.len() == lease.len()
        };
        leases.filter(apart).map(|lease| lease.iter().map(|gpu| (*gpu).clone()).collect()).collect()
    }
}

impl fmt::Display for DeviceNeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Cuda { index: Some(index), .. } => write!(f, "cuda:{index}"),
            Self::Cuda { count: 1, memory: None, .. } => f.write_str("cuda"),
            Self::Cuda { count, memory: None, .. } => write!(f, "{count} × cuda"),
            Self::Cuda { count, memory: Some(memory), .. } => {
                write!(f, "{count} × cuda with {memory}")
            }
        }
    }
}

/// The table form.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Table {
    /// What kind of device.
    kind: Kind,
    /// How many.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 64))]
    count: u32,
    /// Memory that is used of each; evaluations then share a GPU as far as that goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    memory: Option<Bytes>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// GPUs of NVIDIA.
    Cuda,
}

fn one() -> u32 {
    1
}

impl Serialize for DeviceNeed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Cuda { count, index: None, memory } if count != 1 || memory.is_some() => {
                Table { kind: Kind::Cuda, count, memory }.serialize(serializer)
            }
            _ => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for DeviceNeed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = DeviceNeed;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"none\", \"cuda\", \"cuda:0\", or a table")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<DeviceNeed, E> {
                DeviceNeed::parse(text).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<DeviceNeed, A::Error> {
                let Table { count, memory, .. } =
                    Table::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                if count == 0 || memory.is_some_and(|memory| memory.0 == 0) {
                    return Err(A::Error::custom("count and memory must be more than nothing"));
                }
                Ok(DeviceNeed::Cuda { count, index: None, memory })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for DeviceNeed {
    fn schema_name() -> Cow<'static, str> {
        "Device".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "string", "pattern": "^(none|cuda(:[0-9]+)?)$" },
                generator.subschema_for::<Table>(),
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(text: &str) -> Result<DeviceNeed, String> {
        #[derive(Deserialize)]
        struct Holder {
            device: DeviceNeed,
        }
        toml::from_str::<Holder>(&format!("device = {text}"))
            .map(|holder| holder.device)
            .map_err(|error| error.to_string())
    }

    fn gpus(memories: &[u64]) -> Vec<Gpu> {
        let gpu = |(index, memory): (u32, &u64)| Gpu {
            index,
            minor: index,
            uuid: format!("GPU-{index}"),
            name: "x".to_owned(),
            memory: memory << 30,
        };
        (0..).zip(memories).map(gpu).collect()
    }

    fn indices(text: &str, memories: &[u64]) -> Vec<Vec<u32>> {
        let leases = need(text).unwrap().leases(&gpus(memories));
        leases.iter().map(|lease| lease.iter().map(|gpu| gpu.index).collect()).collect()
    }

    #[test]
    fn all_forms_are_read_and_written() {
        for text in [
            "\"none\"",
            "\"cuda\"",
            "\"cuda:3\"",
            "{ kind = \"cuda\", count = 2, memory = \"40GiB\" }",
        ] {
            let read = need(text).unwrap();
            let json = serde_json::to_string(&read).unwrap();
            assert_eq!(serde_json::from_str::<DeviceNeed>(&json).unwrap(), read, "{json}");
        }
        for text in [
            "\"gpu\"",
            "\"cuda:x\"",
            "3",
            "{ kind = \"cuda\", cout = 2 }",
            "{ kind = \"cuda\", count = 0 }",
        ] {
            assert!(need(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_gpu_has_one_holder_unless_its_memory_is_told() {
        assert_eq!(indices("\"cuda\"", &[80, 80]), [[0], [1]]);
        assert_eq!(indices("\"cuda:1\"", &[80, 80]), [[1]]);
        assert_eq!(indices("\"cuda:7\"", &[80, 80]), [[0; 0]; 0]);
        let half = "{ kind = \"cuda\", memory = \"40GiB\" }";
        assert_eq!(indices(half, &[80, 24, 40]), [[0], [2], [0]]);
        let two = "{ kind = \"cuda\", count = 2 }";
        assert_eq!(indices(two, &[80, 80, 80]), [[0, 1]]);
        let shared = "{ kind = \"cuda\", count = 2, memory = \"40GiB\" }";
        assert_eq!(indices(shared, &[80, 80]), [[0, 1], [0, 1]]);
        // Both on the same one would be one.
        assert_eq!(indices(shared, &[80]), [[0; 0]; 0]);
    }
}
