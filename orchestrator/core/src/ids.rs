//! Typed identifiers. No bare strings or integers cross a room's wall.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that is not the identifier it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {what} (expected {expected})")]
pub struct ParseIdError {
    /// What the caller wrote.
    pub text: String,
    /// Which kind of identifier was asked for.
    pub what: &'static str,
    /// The shape it should have.
    pub expected: &'static str,
}

/// A candidate's number within its run; shown as `c000042`. Zero is the start program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CandidateId(pub u64);

impl CandidateId {
    /// The start program of a run that has one.
    pub const START: Self = Self(0);
}

impl fmt::Display for CandidateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{:06}", self.0)
    }
}

impl FromStr for CandidateId {
    type Err = ParseIdError;

    /// Accepts `c000042`, `c42` and `42`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('c').unwrap_or(text);
        let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse().ok().filter(|_| all_digits).map(Self).ok_or_else(|| ParseIdError {
            text: text.to_owned(),
            what: "candidate",
            expected: "for example c000042",
        })
    }
}

impl TryFrom<String> for CandidateId {
    type Error = ParseIdError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<CandidateId> for String {
    fn from(id: CandidateId) -> Self {
        id.to_string()
    }
}

/// The BLAKE3 hash of a blob's bytes; shown as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BlobHash(pub [u8; 32]);

impl BlobHash {
    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The first twelve digits, enough for people.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

impl fmt::Display for BlobHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for BlobHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobHash({})", self.short())
    }
}

impl FromStr for BlobHash {
    type Err = ParseIdError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        blake3::Hash::from_hex(text).map(|hash| Self(*hash.as_bytes())).map_err(|_| ParseIdError {
            text: text.to_owned(),
            what: "blob hash",
            expected: "64 hexadecimal digits",
        })
    }
}

impl TryFrom<String> for BlobHash {
    type Error = ParseIdError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<BlobHash> for String {
    fn from(hash: BlobHash) -> Self {
        hash.to_string()
    }
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}

name_type! {
    /// A run's folder name under `runs/`: start time, task name and a random tail.
    RunId
}
name_type! {
    /// A model's name as the task gives it.
    ModelName
}
name_type! {
    /// The name of a stage of the evaluation cascade.
    StageName
}

/// An event's position in the journal, from 0, without gaps.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidate_ids_read_what_they_print() {
        for text in ["c000042", "c42", "42"] {
            assert_eq!(text.parse::<CandidateId>().unwrap(), CandidateId(42));
        }
        assert_eq!(CandidateId(42).to_string(), "c000042");
        for text in ["", "c", "x1", "+1", "c-1", "99999999999999999999999"] {
            assert!(text.parse::<CandidateId>().is_err(), "{text}");
        }
    }

    #[test]
    fn blob_hashes_read_what_they_print() {
        let hash = BlobHash::of(b"text");
        assert_eq!(hash.to_string().parse::<BlobHash>().unwrap(), hash);
        assert!("abc".parse::<BlobHash>().is_err());
    }
}
