//! A cognition item as a file: front matter between two lines of `---`, then markdown.

use std::path::{Path, PathBuf};

use evolve_core::knowledge::CognitionItem;
use serde::Deserialize;

/// Longest id.
const LONGEST_ID: usize = 80;

/// An item that cannot be used, and where it is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}: {problem}", file.display())]
pub struct BadItem {
    /// The file, as the caller named it.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: u64,
    /// What is wrong.
    pub problem: ItemProblem,
}

/// What can be wrong with an item.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ItemProblem {
    /// It could not be read.
    #[error("cannot read it: {0}")]
    Unreadable(String),
    /// Too large for one idea.
    #[error("it is larger than {0} bytes; an item holds one idea, split it")]
    TooLarge(u64),
    /// No front matter.
    #[error(
        "it does not begin with front matter; put `id`, `title` and `trigger` between two lines of `---`"
    )]
    NoFrontMatter,
    /// Front matter without an end.
    #[error("the front matter does not end; add a line of `---` below it")]
    OpenFrontMatter,
    /// Not YAML, or not the keys of an item.
    #[error("bad front matter: {0}")]
    FrontMatter(String),
    /// A key is missing or empty.
    #[error("`{0}` is missing or empty; {1}")]
    Missing(&'static str, &'static str),
    /// An id that cannot be a name.
    #[error("`{0}` is not an id; use at most 80 letters, digits, `-`, `_` and `.`")]
    BadId(String),
    /// Two items with one id.
    #[error("id `{id}` is taken by {}; ids must be unique, rename one", other.display())]
    DuplicateId {
        /// The id.
        id: String,
        /// The file that has it too.
        other: PathBuf,
    },
    /// Nothing for the prompt.
    #[error("there is no text below the front matter; say what to do and why it works")]
    NoBody,
    /// A source that is not a folder or file of the task.
    #[error("cognition source `{0}` is not a path inside the task folder")]
    OutsideTask(String),
    /// A source that does not exist.
    #[error("cognition source `{0}` does not exist in the task folder")]
    NoSuchSource(String),
    /// A subject that the shipped library does not have.
    #[error(
        "cognition source `library:{subject}`: the shipped library has no such subject; {}",
        known_subjects(known)
    )]
    NoSubject {
        /// What was asked for.
        subject: String,
        /// The subjects that there are.
        known: Vec<String>,
    },
}

fn known_subjects(known: &[String]) -> String {
    if known.is_empty() {
        "this build has none, copy items into a folder of the task".to_owned()
    } else {
        format!("there are: {}; `library:` is all of it", known.join(", "))
    }
}

/// An item with where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemFile {
    /// The item; its body ends with a line on the source, where there is one.
    pub item: CognitionItem,
    /// Where the knowledge comes from.
    pub source: Option<Source>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct FrontMatter {
    id: Option<String>,
    title: Option<String>,
    trigger: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    source: Option<Source>,
}

/// Where the knowledge comes from; the prompt receives it below the text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Title of the paper, manual or page.
    pub title: Option<String>,
    /// Who wrote it.
    pub authors: Option<Authors>,
    /// When it appeared.
    pub year: Option<u16>,
    /// Where it can be had.
    pub url: Option<String>,
    /// The file it was taken from.
    pub file: Option<String>,
    /// Where in the file: a page or a heading.
    pub place: Option<String>,
}

/// Who wrote something.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Authors {
    /// As one text.
    One(String),
    /// As a list of names.
    Several(Vec<String>),
}

impl Authors {
    /// As one text.
    pub fn text(&self) -> String {
        match self {
            Self::One(name) => name.clone(),
            Self::Several(names) => names.join(", "),
        }
    }
}

impl Source {
    /// In one line; none if nothing is known.
    fn line(&self) -> Option<String> {
        let parts = [
            self.title.clone(),
            self.authors.as_ref().map(Authors::text),
            self.year.map(|year| year.to_string()),
            self.url.clone(),
            self.file.clone(),
            self.place.clone(),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| format!("Source: {}", parts.join(". ")))
    }
}

/// Reads an item from the text of a file; `file` is for messages only.
pub fn parse_item(text: &str, file: &Path) -> Result<CognitionItem, BadItem> {
    parse_file(text, file).map(|read| read.item)
}

/// Reads an item and its source from the text of a file; `file` is for messages only.
pub fn parse_file(text: &str, file: &Path) -> Result<ItemFile, BadItem> {
    let bad = |line, problem| BadItem { file: file.to_owned(), line, problem };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (front, body) = split(text).map_err(|(line, problem)| bad(line, problem))?;
    let matter: FrontMatter = if front.trim().is_empty() {
        FrontMatter::default()
    } else {
        serde_saphyr::from_str(front).map_err(|error| {
            let line = error.location().map_or(1, |at| at.line());
            // The line of `---` is above the front matter.
            let message = error.without_snippet().to_string();
            bad(line + 1, ItemProblem::FrontMatter(one_line(&message)))
        })?
    };
    let need = |value: Option<String>, key: &'static str, hint: &'static str| {
        let value = value.map(|value| one_line(&value)).filter(|value| !value.is_empty());
        value.ok_or_else(|| bad(line_of(front, key), ItemProblem::Missing(key, hint)))
    };
    let id = need(matter.id, "id", "give the item a short unique name")?;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if id.len() > LONGEST_ID || !id.chars().all(fits) {
        return Err(bad(line_of(front, "id"), ItemProblem::BadId(id)));
    }
    let title = need(matter.title, "title", "say in one line what it is about")?;
    let trigger = need(
        matter.trigger,
        "trigger",
        "describe the situation that calls for it, it is what retrieval matches",
    )?;
    let body = body.trim();
    if body.is_empty() {
        return Err(bad(text.lines().count().max(1) as u64, ItemProblem::NoBody));
    }
    let mut body = body.to_owned();
    if let Some(line) = matter.source.as_ref().and_then(Source::line) {
        body.push_str("\n\n");
        body.push_str(&line);
    }
    let item = CognitionItem { id, title, trigger, tags: matter.tags, body };
    Ok(ItemFile { item, source: matter.source })
}

/// Front matter and body.
fn split(text: &str) -> Result<(&str, &str), (u64, ItemProblem)> {
    let is_fence = |line: &str| line.trim_end() == "---";
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().filter(|line| is_fence(line));
    let Some(first) = first else { return Err((1, ItemProblem::NoFrontMatter)) };
    let mut end = first.len();
    for line in lines {
        if is_fence(line) {
            return Ok((&text[first.len()..end], &text[end + line.len()..]));
        }
        end += line.len();
    }
    Err((1, ItemProblem::OpenFrontMatter))
}

/// The file's line that sets this key; the first, if none does.
pub(crate) fn line_of(front: &str, key: &str) -> u64 {
    let sets = |line: &str| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'));
    front.lines().position(sets).map_or(1, |place| place as u64 + 2)
}

pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "---\nid: hot-experts\ntitle: Replicate hot experts: first\n";

    fn parse(text: &str) -> Result<CognitionItem, BadItem> {
        parse_item(text, Path::new("cognition/x.md"))
    }

    fn message(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn an_item_as_a_person_writes_it_is_read() {
        let text = "---\r\nid: hot-experts\r\ntitle: \"Replicate hot experts: first\"\r\n\
                    source: { title: A paper, authors: [A, B], year: 2025, url: \"https://x.org\" }\r\n\
                    tags: [moe, load-balancing]\r\ntrigger: >\r\n  GPU load is skewed;\r\n  max/mean above 1.2\r\n\
                    ---\r\n\r\nInsight.\r\n\r\n---\r\nLimits.\r\n";
        let item = parse(text).unwrap();
        assert_eq!(item.id, "hot-experts");
        assert_eq!(item.title, "Replicate hot experts: first");
        assert_eq!(item.trigger, "GPU load is skewed; max/mean above 1.2");
        assert_eq!(item.tags, ["moe", "load-balancing"]);
        assert!(item.body.starts_with("Insight.") && item.body.contains("---\r\nLimits."));
        assert!(item.body.ends_with("Source: A paper. A, B. 2025. https://x.org"));
    }

    #[test]
    fn every_mistake_names_file_and_line_and_says_what_to_do() {
        assert_eq!(
            message("---\nid: a\ntitle: t\n---\nbody\n"),
            "cognition/x.md:1: `trigger` is missing or empty; describe the situation that calls \
             for it, it is what retrieval matches"
        );
        assert!(
            message("---\nid: a\ntitle: t\ntrigger: \"  \"\n---\nbody\n").contains(":4: `trigger`")
        );
        assert!(
            message("---\nid: a b\ntitle: t\ntrigger: x\n---\nbody\n")
                .contains(":2: `a b` is not an id")
        );
        assert!(message("no front matter\n").contains(":1: it does not begin with front matter"));
        assert!(message("").contains(":1: it does not begin"));
        assert!(message("---\nid: a\n").contains(":1: the front matter does not end"));
        assert!(message("---\n---\nbody\n").contains("`id` is missing"));
        assert!(message("---\nid: a\ntitle: t\ntrigger: x\n---\n\n").contains("no text below"));
    }

    #[test]
    fn unknown_keys_and_broken_yaml_are_located() {
        let unknown = message("---\nid: a\ntitle: t\ntriger: x\n---\nbody\n");
        assert!(unknown.contains("x.md:4:") && unknown.contains("triger"), "{unknown}");
        let broken = message(&format!("{GOOD}trigger: x\n---\nbody\n"));
        assert!(broken.contains("x.md:3:") && broken.contains("bad front matter"), "{broken}");
        assert!(!broken.contains('\n'));
        let list = message("---\n- a\n- b\n---\nbody\n");
        assert!(list.contains("bad front matter"), "{list}");
    }

    #[test]
    fn a_value_that_asks_for_exponential_work_is_refused_not_expanded() {
        use std::fmt::Write;
        let mut text = "---\nid: a\ntitle: t\ntrigger: x\ntags: &a0 [x, x]\n".to_owned();
        for level in 1..40 {
            let below = level - 1;
            writeln!(text, "k{level}: &a{level} [*a{below}, *a{below}]").unwrap();
        }
        text.push_str("---\nbody\n");
        assert!(message(&text).contains("bad front matter"));
    }
}
