//! Programs: one or more files, content-addressed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::BlobHash;

/// A program's files, by path relative to the program's root, with `/` between the parts.
///
/// The serialised form is what is stored as a blob; its hash is the program's identity.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Path to text. Programs are text: what is not UTF-8 belongs to the evaluator.
    pub files: BTreeMap<String, String>,
}

/// A path that may not be part of a program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` is not a path inside a program: {why}")]
pub struct BadPath {
    /// The path as given.
    pub path: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Program {
    /// A program of one file.
    pub fn single(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { files: BTreeMap::from([(path.into(), text.into())]) }
    }

    /// The bytes that are stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        // A map of strings always serialises.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The program in these stored bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// The hash under which it is stored.
    pub fn hash(&self) -> BlobHash {
        BlobHash::of(&self.to_bytes())
    }

    /// Total length of the texts in bytes.
    pub fn size(&self) -> usize {
        self.files.values().map(String::len).sum()
    }

    /// The only file, when there is just one.
    pub fn sole(&self) -> Option<(&str, &str)> {
        let mut files = self.files.iter();
        match (files.next(), files.next()) {
            (Some((path, text)), None) => Some((path, text)),
            _ => None,
        }
    }

    /// Whether a path may be written below a program's root on any host: relative, no
    /// `..`, no empty part, no control characters.
    pub fn check_path(path: &str) -> Result<(), BadPath> {
        let bad = |why| Err(BadPath { path: path.to_owned(), why });
        if path.is_empty() {
            return bad("it is empty");
        }
        if path.starts_with('/') || path.contains('\\') || path.contains(':') {
            return bad("it must be relative, with `/` between its parts");
        }
        if path.chars().any(char::is_control) {
            return bad("it holds a control character");
        }
        if path.split('/').any(|part| part.is_empty() || part == "." || part == "..") {
            return bad("`.`, `..` and empty parts are not allowed");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_files_have_equal_hashes_and_round_trip() {
        let program = Program::single("a.py", "x = 1\n");
        assert_eq!(program.hash(), Program::single("a.py", "x = 1\n").hash());
        assert_ne!(program.hash(), Program::single("b.py", "x = 1\n").hash());
        assert_eq!(Program::from_bytes(&program.to_bytes()).unwrap(), program);
    }

    #[test]
    fn paths_that_leave_the_root_are_refused() {
        for path in ["", "/etc/passwd", "../x", "a/../b", "a//b", "a\n", "c:\\x", "./a"] {
            assert!(Program::check_path(path).is_err(), "{path:?}");
        }
        assert!(Program::check_path("src/main.rs").is_ok());
    }
}
