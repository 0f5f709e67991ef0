//! The languages that are known. A new one is one folder like [`python`], or one table in
//! [`clike`], and one line in [`KNOWN`].

mod clike;
mod finder;
mod local;
pub(crate) mod outline;
mod python;
pub(crate) mod tree;

use std::sync::Arc;

use evolve_core::ids::BlobHash;
use evolve_core::ports::Language;
use evolve_core::program::Program;

use outline::Outline;
use tree::Tree;

/// What the mutator and the normal hash need of a language.
pub(crate) trait Syntax: Send + Sync {
    /// Its name in `task.toml`.
    fn name(&self) -> &'static str;
    /// Of its files, without dot.
    fn extensions(&self) -> &'static [&'static str];
    /// The tree of a text, with the language's own rules checked beyond the grammar's.
    fn parse(&self, text: &str) -> Tree;
    /// See [`Language::is_certain`].
    fn is_certain(&self) -> bool;
    /// See [`Language::normalise`]; the tree has no error.
    fn normalise(&self, text: &str, tree: &Tree) -> String;
    /// What can be changed; the tree has no error.
    fn outline(&self, text: &str, tree: &Tree) -> Outline;
    /// A statement that does nothing.
    fn nothing(&self) -> &'static str;
    /// What stands between two statements on one line.
    fn between(&self) -> &'static str;
}

static KNOWN: &[&dyn Syntax] = &[&python::Python, &clike::C, &clike::CPP, &clike::RUST];

/// The syntax of the language with this name.
pub(crate) fn syntax(name: &str) -> Option<&'static dyn Syntax> {
    KNOWN.iter().copied().find(|known| known.name() == name)
}

/// The language with this name (`python`, `c`, `cpp`, `rust`), if it is known.
pub fn language(name: &str) -> Option<Arc<dyn Language>> {
    Some(Arc::new(Known(syntax(name)?)))
}

struct Known(&'static dyn Syntax);

impl Language for Known {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn syntax_error(&self, text: &str) -> Option<(usize, String)> {
        self.0.parse(text).error
    }

    fn is_certain(&self) -> bool {
        self.0.is_certain()
    }

    fn normalise(&self, text: &str) -> String {
        let tree = self.0.parse(text);
        if tree.error.is_some() { text.to_owned() } else { self.0.normalise(text, &tree) }
    }
}

/// Whether a file is of the language: by its extension where the language has some, and
/// always when it is the program's only file.
pub(crate) fn is_of(name: &str, file: &str, program: &Program) -> bool {
    let Some(known) = syntax(name) else { return true };
    let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension);
    program.files.len() == 1 || known.extensions().contains(&extension)
}

/// The hash by which two programs are duplicates: over all files, those of the language
/// normalised. None when one of these does not parse: then only equal bytes are duplicates.
pub fn normal_hash(language: &dyn Language, program: &Program) -> Option<BlobHash> {
    let mut normal = Program::default();
    for (file, text) in &program.files {
        let text = if !is_of(language.name(), file, program) {
            text.clone()
        } else if let Some(known) = syntax(language.name()) {
            let tree = known.parse(text);
            if tree.error.is_some() {
                return None;
            }
            known.normalise(text, &tree)
        } else if language.syntax_error(text).is_some() {
            return None;
        } else {
            language.normalise(text)
        };
        normal.files.insert(file.clone(), text);
    }
    Some(hash_of(&normal))
}

/// The hash of a program whose files are normalised. It never equals a program's own hash,
/// so that the two kinds can share one table.
pub(crate) fn hash_of(normal: &Program) -> BlobHash {
    let mut bytes = b"normal\n".to_vec();
    bytes.extend(normal.to_bytes());
    BlobHash::of(&bytes)
}
