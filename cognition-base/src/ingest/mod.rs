//! From documents to items: markdown, plain text, PDF.

mod pdf;
mod sections;

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

pub use pdf::{PdfReader, helper_main};

use crate::item::{BadItem, ItemProblem, Source, one_line, parse_file};

/// Largest text of a document, in bytes; a PDF may be [`pdf::LARGEST`].
const LARGEST_TEXT: u64 = 16 * 1024 * 1024;
/// Longest id that is made of a title.
const LONGEST_ID: usize = 60;

/// Why a document gave no items.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// It cannot be read.
    #[error("cannot read {}: {error}", file.display())]
    Read {
        /// Which.
        file: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// It is of no kind that is known.
    #[error("{} is neither markdown (.md), plain text (.txt) nor PDF (.pdf); convert it to one of them", .0.display())]
    Kind(PathBuf),
    /// It is too large.
    #[error("{} is larger than {most} MiB; split it", file.display())]
    TooLarge {
        /// Which.
        file: PathBuf,
        /// The most.
        most: u64,
    },
    /// It is not UTF-8.
    #[error("{} is not UTF-8 text; convert it, for example with iconv", .0.display())]
    NotText(PathBuf),
    /// It has front matter, which is wrong.
    #[error(transparent)]
    Item(#[from] BadItem),
    /// A PDF that gives no text.
    #[error("{}: {why}", file.display())]
    Pdf {
        /// Which.
        file: PathBuf,
        /// Why not, and what to do.
        why: String,
    },
    /// There is nothing in it.
    #[error("{} has no text of which an item could be made", .0.display())]
    Empty(PathBuf),
    /// An item cannot be written.
    #[error("cannot write {}: {error}", file.display())]
    Write {
        /// Which.
        file: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// An item with this id is there already.
    #[error("{} is there already and is not overwritten; remove it, or give the item another id", .0.display())]
    Exists(PathBuf),
}

/// An item that is to be written into a base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewItem {
    /// Its id, as long as no other item has it.
    pub id: String,
    /// One line.
    pub title: String,
    /// The situation that calls for it.
    pub trigger: String,
    /// Tags.
    pub tags: Vec<String>,
    /// The text.
    pub body: String,
    /// Where it comes from.
    pub source: Source,
    /// The text of a file with front matter, which is copied as it is.
    verbatim: Option<String>,
}

impl NewItem {
    /// An item with an id made of its title.
    pub fn new(title: &str, trigger: &str, body: &str, source: Source) -> Self {
        let title = one_line(title);
        Self {
            id: slug(&title),
            trigger: one_line(trigger),
            tags: Vec::new(),
            body: body.trim().to_owned(),
            source,
            verbatim: None,
            title,
        }
    }

    /// The item as the text of a file.
    pub fn text(&self) -> String {
        if let Some(text) = &self.verbatim {
            return text.clone();
        }
        // JSON's strings and lists are YAML's too.
        let quoted = |value: &str| serde_json::Value::from(value).to_string();
        let mut text = format!("---\nid: {}\ntitle: {}\n", self.id, quoted(&self.title));
        text += &format!("trigger: {}\n", quoted(&self.trigger));
        if !self.tags.is_empty() {
            let tags: Vec<String> = self.tags.iter().map(|tag| quoted(tag)).collect();
            text += &format!("tags: [{}]\n", tags.join(", "));
        }
        let source = &self.source;
        let mut parts = Vec::new();
        for (key, value) in [
            ("title", source.title.clone()),
            ("authors", source.authors.as_ref().map(crate::item::Authors::text)),
            ("url", source.url.clone()),
            ("file", source.file.clone()),
            ("place", source.place.clone()),
        ] {
            parts.extend(value.map(|value| format!("{key}: {}", quoted(&value))));
        }
        parts.extend(source.year.map(|year| format!("year: {year}")));
        if !parts.is_empty() {
            text += &format!("source: {{ {} }}\n", parts.join(", "));
        }
        text + "---\n" + &self.body + "\n"
    }
}

/// The documents below a path, or the file itself, in the order of their names. Hidden ones and
/// `README.md` are left out, as are other kinds of files in a folder.
pub fn documents(path: &Path) -> Result<Vec<PathBuf>, IngestError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let hidden = |entry: &walkdir::DirEntry| {
        entry.depth() > 0 && entry.file_name().to_string_lossy().starts_with('.')
    };
    let mut found = Vec::new();
    for entry in WalkDir::new(path).sort_by_file_name().into_iter().filter_entry(|e| !hidden(e)) {
        let entry = entry
            .map_err(|error| IngestError::Read { file: path.to_owned(), error: error.into() })?;
        let readme = entry.path().file_stem().is_some_and(|s| s.eq_ignore_ascii_case("readme"));
        if entry.file_type().is_file() && !readme && kind(entry.path()).is_some() {
            found.push(entry.into_path());
        }
    }
    Ok(found)
}

#[derive(Clone, Copy)]
enum Kind {
    Markdown,
    Text,
    Pdf,
}

fn kind(file: &Path) -> Option<Kind> {
    match file.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "md" | "markdown" => Some(Kind::Markdown),
        "txt" | "text" => Some(Kind::Text),
        "pdf" => Some(Kind::Pdf),
        _ => None,
    }
}

/// The items of one document. A file with front matter is one item and is checked; other markdown
/// is split by heading, text by paragraphs, a PDF by page. `pdf` reads PDFs.
pub fn read_document(file: &Path, pdf: &PdfReader) -> Result<Vec<NewItem>, IngestError> {
    let kind = kind(file).ok_or_else(|| IngestError::Kind(file.to_owned()))?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let items = match kind {
        Kind::Pdf => {
            let pages = pdf.pages(file)?;
            sections::of_pages(&pages, &name)
        }
        Kind::Text => sections::of_text(&text_of(file)?, &name),
        Kind::Markdown => {
            let text = text_of(file)?;
            let first = text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default();
            if first.trim_end() == "---" {
                vec![whole(text, file)?]
            } else {
                sections::of_markdown(&text, &name)
            }
        }
    };
    if items.is_empty() { Err(IngestError::Empty(file.to_owned())) } else { Ok(items) }
}

/// The whole text of one document, for who distils it.
pub fn document_text(file: &Path, pdf: &PdfReader) -> Result<String, IngestError> {
    match kind(file).ok_or_else(|| IngestError::Kind(file.to_owned()))? {
        Kind::Pdf => Ok(pdf.pages(file)?.join("\n\n")),
        Kind::Markdown | Kind::Text => text_of(file),
    }
}

fn text_of(file: &Path) -> Result<String, IngestError> {
    let failed = |error| IngestError::Read { file: file.to_owned(), error };
    if fs::metadata(file).map_err(failed)?.len() > LARGEST_TEXT {
        return Err(IngestError::TooLarge { file: file.to_owned(), most: LARGEST_TEXT >> 20 });
    }
    let bytes = fs::read(file).map_err(failed)?;
    String::from_utf8(bytes).map_err(|_| IngestError::NotText(file.to_owned()))
}

fn whole(text: String, file: &Path) -> Result<NewItem, IngestError> {
    if text.len() as u64 > crate::load::LARGEST {
        let problem = ItemProblem::TooLarge(crate::load::LARGEST);
        return Err(BadItem { file: file.to_owned(), line: 1, problem }.into());
    }
    let read = parse_file(&text, file)?;
    Ok(NewItem {
        id: read.item.id,
        title: read.item.title,
        trigger: read.item.trigger,
        tags: read.item.tags,
        body: read.item.body,
        source: read.source.unwrap_or_default(),
        verbatim: Some(text),
    })
}

/// Writes items into a base, each a file of its id. Ids made of titles get a number where another
/// item has them; an item that came with its id is never renamed, and nothing is overwritten.
/// Returns the files in the items' order.
pub fn add_items(
    base: &Path,
    items: Vec<NewItem>,
    taken: &BTreeSet<String>,
) -> Result<Vec<PathBuf>, IngestError> {
    let mut taken = taken.clone();
    let mut files = Vec::new();
    for mut item in items {
        if item.verbatim.is_some() {
            if taken.contains(&item.id) {
                return Err(IngestError::Exists(base.join(format!("{}.md", item.id))));
            }
        } else {
            item.id = free(&item.id, &taken, base);
        }
        let file = base.join(format!("{}.md", item.id));
        write_new(&file, &item.text())?;
        taken.insert(item.id);
        files.push(file);
    }
    Ok(files)
}

fn free(id: &str, taken: &BTreeSet<String>, base: &Path) -> String {
    let is_free = |id: &String| !taken.contains(id) && !base.join(format!("{id}.md")).exists();
    let numbered = (2_u64..).map(|number| format!("{id}-{number}"));
    std::iter::once(id.to_owned()).chain(numbered).find(is_free).unwrap_or_else(|| id.to_owned())
}

fn write_new(file: &Path, text: &str) -> Result<(), IngestError> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => IngestError::Exists(file.to_owned()),
        _ => IngestError::Write { file: file.to_owned(), error },
    };
    let folder = file.parent().unwrap_or_else(|| Path::new(""));
    fs::create_dir_all(folder).map_err(failed)?;
    // Whole or not at all: an interruption leaves no half item behind.
    let mut new = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    new.write_all(text.as_bytes()).map_err(failed)?;
    new.persist_noclobber(file).map_err(|error| failed(error.error))?;
    Ok(())
}

/// A title as an id: letters and digits, the rest as single `-`.
fn slug(title: &str) -> String {
    let mut id = String::new();
    for c in title.chars() {
        if c.is_ascii_alphanumeric() {
            id.push(c.to_ascii_lowercase());
        } else if !id.is_empty() && !id.ends_with('-') {
            id.push('-');
        }
        if id.len() >= LONGEST_ID {
            break;
        }
    }
    let id = id.trim_end_matches('-');
    if id.is_empty() { "item".to_owned() } else { id.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_a_new_item_holds_its_file_reads_back_the_same(
            title in "\\PC{1,40}", trigger in "\\PC{1,40}", body in "[a-z#\n-]{1,60}",
            tag in "\\PC{1,9}",
        ) {
            let source = Source { place: Some(trigger.clone()), ..Source::default() };
            let mut item = NewItem::new(&title, &trigger, &body, source);
            item.tags = vec![tag.clone()];
            prop_assume!(!item.title.is_empty() && !item.trigger.is_empty());
            prop_assume!(!item.body.is_empty());
            let read = parse_file(&item.text(), Path::new("x.md")).unwrap();
            prop_assert_eq!(&read.item.title, &item.title);
            prop_assert_eq!(&read.item.trigger, &item.trigger);
            prop_assert_eq!(&read.item.id, &item.id);
            prop_assert_eq!(&read.item.tags[0], &tag);
            prop_assert!(read.item.body.starts_with(&item.body));
            prop_assert_eq!(read.source.unwrap().place.unwrap(), trigger);
        }
    }

    #[test]
    fn ids_are_readable_and_never_empty() {
        assert_eq!(slug("Pad, or swizzle: the rows!"), "pad-or-swizzle-the-rows");
        assert_eq!(slug("über — 量子"), "ber");
        assert_eq!(slug("…"), "item");
    }
}
