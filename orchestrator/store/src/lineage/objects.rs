//! Git objects as bytes. Made here and not through a repository, so that the same events
//! give the same ids wherever they are computed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use evolve_core::program::Program;

use super::fold::CommitSpec;
use super::git::hash_object;
use crate::error::StoreError;

/// An object's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ObjectId(pub(crate) [u8; 20]);

impl std::fmt::Display for ObjectId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::str::FromStr for ObjectId {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut id = [0; 20];
        if text.len() != 40 || !text.is_ascii() {
            return Err(());
        }
        for (i, byte) in id.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(|_| ())?;
        }
        Ok(Self(id))
    }
}

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Blob,
    Tree,
    Commit,
}

/// An object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) id: ObjectId,
    pub(crate) kind: Kind,
    pub(crate) bytes: Vec<u8>,
    /// The file's name; helps to pack versions of one file together.
    pub(crate) name: Option<String>,
}

impl Object {
    fn new(kind: Kind, bytes: Vec<u8>) -> Result<Self, StoreError> {
        Ok(Self { id: hash_object(kind, &bytes)?, kind, bytes, name: None })
    }
}

/// A folder's entries by name.
#[derive(Default)]
struct Folder(BTreeMap<String, Entry>);

enum Entry {
    File(String),
    Folder(Folder),
}

impl Folder {
    /// Where several entries want one name, the later one gets a longer name.
    fn insert(&mut self, path: &str, text: &str) {
        let (first, rest) = match path.split_once('/') {
            Some((first, rest)) => (first, Some(rest)),
            None => (path, None),
        };
        let mut name = safe_name(first);
        loop {
            match (self.0.get_mut(&name), rest) {
                (None, None) => {
                    self.0.insert(name, Entry::File(text.to_owned()));
                    return;
                }
                (None, Some(rest)) => {
                    let mut folder = Self::default();
                    folder.insert(rest, text);
                    self.0.insert(name, Entry::Folder(folder));
                    return;
                }
                (Some(Entry::Folder(folder)), Some(rest)) => {
                    folder.insert(rest, text);
                    return;
                }
                (Some(_), _) => name.push('_'),
            }
        }
    }

    fn objects(&self, into: &mut Vec<Object>) -> Result<ObjectId, StoreError> {
        let mut entries: Vec<(String, &str, ObjectId, &str)> = Vec::new();
        for (name, entry) in &self.0 {
            match entry {
                Entry::File(text) => {
                    let mut blob = Object::new(Kind::Blob, text.clone().into_bytes())?;
                    blob.name = Some(name.clone());
                    entries.push((name.clone(), "100644", blob.id, name));
                    into.push(blob);
                }
                Entry::Folder(folder) => {
                    // Git sorts a folder as if its name ended in a slash.
                    entries.push((format!("{name}/"), "40000", folder.objects(into)?, name));
                }
            }
        }
        entries.sort();
        let mut bytes = Vec::new();
        for (_, mode, id, name) in entries {
            bytes.extend_from_slice(format!("{mode} {name}\0").as_bytes());
            bytes.extend_from_slice(&id.0);
        }
        let tree = Object::new(Kind::Tree, bytes)?;
        let id = tree.id;
        into.push(tree);
        Ok(id)
    }
}

/// Git refuses names that could be taken for its own files on some system.
fn safe_name(name: &str) -> String {
    let plain: String = name.chars().filter(|c| !is_ignorable(*c)).collect();
    let lower = plain.to_lowercase();
    let special = lower.is_empty() || lower == "." || lower == "..";
    if special || lower.starts_with(".git") || lower.starts_with("git~") {
        return format!("_{}", plain.replace('\0', ""));
    }
    name.replace('\0', "_")
}

/// Characters that some file systems leave out when they compare names.
fn is_ignorable(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

/// The commit's id and all objects it needs, itself last.
pub(crate) fn commit_objects(
    spec: &CommitSpec,
    parents: &[ObjectId],
    program: &Program,
) -> Result<(ObjectId, Vec<Object>), StoreError> {
    let mut folder = Folder::default();
    for (path, text) in &program.files {
        folder.insert(path, text);
    }
    let mut objects = Vec::new();
    let tree = folder.objects(&mut objects)?;
    let mut text = format!("tree {tree}\n");
    for parent in parents {
        let _ = writeln!(text, "parent {parent}");
    }
    let author = safe_author(&spec.author);
    for role in ["author", "committer"] {
        let _ = writeln!(text, "{role} {author} <{author}@evolve.invalid> {} +0000", spec.seconds);
    }
    let _ = write!(text, "\n{}", spec.message);
    let commit = Object::new(Kind::Commit, text.into_bytes())?;
    let id = commit.id;
    objects.push(commit);
    Ok((id, objects))
}

fn safe_author(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:".contains(c);
    let clean: String = name.chars().map(|c| if plain(c) { c } else { '-' }).take(100).collect();
    let clean = clean.trim_matches(|c| "-_./:".contains(c)).to_owned();
    if clean.is_empty() { "unknown".to_owned() } else { clean }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_that_git_computes() {
        // `git hash-object` of "hello\n", and the tree and commit git makes of it.
        let blob = Object::new(Kind::Blob, b"hello\n".to_vec()).unwrap();
        assert_eq!(blob.id.to_string(), "ce013625030ba8dba906f756967f9e9ca394464a");
        assert_eq!("ce013625030ba8dba906f756967f9e9ca394464a".parse(), Ok(blob.id));
        let empty = Object::new(Kind::Tree, Vec::new()).unwrap();
        assert_eq!(empty.id.to_string(), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
        assert!("ce01".parse::<ObjectId>().is_err());
        assert!("ü".repeat(20).parse::<ObjectId>().is_err());
    }

    #[test]
    fn files_and_folders_of_one_name_both_stay() {
        let mut folder = Folder::default();
        for path in ["a", "a/b", "a/c", "a_", ".git/config", "x/.GIT\u{200c}ignore", "GIT~1"] {
            folder.insert(path, path);
        }
        let names: Vec<_> = folder.0.keys().map(String::as_str).collect();
        assert_eq!(names, ["_.git", "_GIT~1", "a", "a_", "a__", "x"]);
        let Some(Entry::Folder(inner)) = folder.0.get("a_") else { panic!("a_ is the folder") };
        assert_eq!(inner.0.len(), 2);
    }

    #[test]
    fn an_authors_name_cannot_break_a_commit() {
        assert_eq!(safe_author("org/model-4.1:free"), "org/model-4.1:free");
        assert_eq!(safe_author("<a>\nb"), "a--b");
        assert_eq!(safe_author("\u{0}<>"), "unknown");
    }
}
