//! What a model's answer is made of: fenced blocks, SEARCH/REPLACE blocks, prose.

use super::error::{Failure, Reason};

/// A SEARCH/REPLACE block as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// Counts from 1.
    pub number: usize,
    /// Line of the answer on which it begins, from 1.
    pub line: usize,
    /// A file named just before it.
    pub path: Option<String>,
    /// The lines between the outer markers.
    pub body: Vec<String>,
    /// Which of them are `=======`.
    pub dividers: Vec<usize>,
}

/// A fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fence {
    /// Line of the answer on which it begins, from 1.
    pub line: usize,
    /// A file named in its info string or just before it.
    pub path: Option<String>,
    /// The language in its info string, in lower case; may be empty.
    pub language: String,
    /// Its lines.
    pub body: Vec<String>,
    /// Whether its end is there.
    pub closed: bool,
}

fn lines(answer: &str) -> Vec<&str> {
    answer.lines().map(|line| line.strip_suffix('\r').unwrap_or(line)).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Search,
    Divider,
    Replace,
    /// Like one of these, but none.
    Odd,
}

/// The marker on a line: at least five of its signs and, for the outer ones, its word.
fn sign(line: &str) -> Option<Sign> {
    let line = line.trim();
    let signed = |sign: char| {
        let rest = line.trim_start_matches(sign);
        (line.len() - rest.len() >= 5).then(|| rest.trim())
    };
    if let Some(word) = signed('<') {
        let search = word.trim_end_matches(':').eq_ignore_ascii_case("search");
        return Some(if search { Sign::Search } else { Sign::Odd });
    }
    if let Some(word) = signed('>') {
        let replace = word.trim_end_matches(':').eq_ignore_ascii_case("replace");
        return Some(if replace { Sign::Replace } else { Sign::Odd });
    }
    signed('=').filter(|rest| rest.is_empty()).map(|_| Sign::Divider)
}

/// The SEARCH/REPLACE blocks, or every reason why they cannot be told.
pub(super) fn blocks(answer: &str) -> Result<Vec<Block>, Vec<Failure>> {
    let lines = lines(answer);
    let mut blocks: Vec<Block> = Vec::new();
    let mut failures = Vec::new();
    let mut open: Option<Block> = None;
    let mut number = 0;
    for (index, line) in lines.iter().enumerate() {
        let at = index + 1;
        match (sign(line), &mut open) {
            (Some(Sign::Search), before) => {
                if let Some(block) = before.take() {
                    failures.push(Failure::of(&block, Reason::Unterminated));
                }
                number += 1;
                let path = path_before(&lines[..index]);
                open =
                    Some(Block { number, line: at, path, body: Vec::new(), dividers: Vec::new() });
            }
            (Some(Sign::Replace), Some(block)) if block.dividers.is_empty() => {
                failures.push(Failure::of(block, Reason::NoDivider));
                open = None;
            }
            (Some(Sign::Replace), Some(_)) => blocks.extend(open.take()),
            (Some(Sign::Replace | Sign::Odd), None) => {
                let reason = Reason::Stray { found: line.trim().chars().take(40).collect() };
                failures.push(Failure { block: None, line: at, reason });
            }
            (divider, Some(block)) => {
                if divider == Some(Sign::Divider) {
                    block.dividers.push(block.body.len());
                }
                block.body.push((*line).to_owned());
            }
            (_, None) => {}
        }
    }
    if let Some(block) = open {
        failures.push(Failure::of(&block, Reason::Unterminated));
    }
    if failures.is_empty() { Ok(blocks) } else { Err(failures) }
}

/// The fenced blocks. A fence ends with a line of at least as many of its signs.
pub(super) fn fences(answer: &str) -> Vec<Fence> {
    let lines = lines(answer);
    let mut fences = Vec::new();
    let mut open: Option<(usize, char, Fence)> = None;
    for (index, line) in lines.iter().enumerate() {
        let ticks = fence_sign(line);
        if let Some((length, sign, fence)) = &mut open {
            match ticks {
                Some((more, same, "")) if same == *sign && more >= *length => {
                    fence.closed = true;
                    fences.extend(open.take().map(|(_, _, fence)| fence));
                }
                _ => fence.body.push((*line).to_owned()),
            }
        } else if let Some((length, sign, info)) = ticks {
            let path = path_in_info(info).or_else(|| path_before(&lines[..index]));
            let language =
                info.split([' ', ':', '{']).next().filter(|word| as_path(word).is_none());
            let language = language.unwrap_or_default().to_lowercase();
            let fence = Fence { line: index + 1, path, language, body: Vec::new(), closed: false };
            open = Some((length, sign, fence));
        }
    }
    fences.extend(open.map(|(_, _, fence)| fence));
    fences
}

/// Length, sign and info of a fence line.
fn fence_sign(line: &str) -> Option<(usize, char, &str)> {
    let text = line.trim();
    let sign = text.chars().next().filter(|c| "`~".contains(*c))?;
    let info = text.trim_start_matches(sign);
    let length = text.len() - info.len();
    (length >= 3 && !info.contains('`')).then(|| (length, sign, info.trim()))
}

/// `python program.py`, `python:src/a.py`, `src/a.py`.
fn path_in_info(info: &str) -> Option<String> {
    info.split([' ', ':']).find_map(as_path)
}

/// The file named on the nearest line before, blank lines and an opening fence left out.
fn path_before(lines: &[&str]) -> Option<String> {
    let mut near = lines.iter().rev().filter(|line| !line.trim().is_empty());
    let first = near.next()?;
    match fence_sign(first) {
        Some((_, _, info)) => path_in_info(info).or_else(|| named(near.next()?)),
        None => named(first),
    }
}

/// A line that is nothing but a file's name, in the dress that models give it.
fn named(line: &str) -> Option<String> {
    let dress = |c: char| c.is_whitespace() || "#*`:".contains(c);
    let line = line.trim_matches(dress);
    let line = ["File", "file", "FILE", "Path", "path"]
        .iter()
        .find_map(|word| line.strip_prefix(word)?.strip_prefix(':'))
        .map_or(line, |rest| rest.trim_matches(dress));
    as_path(line)
}

fn as_path(word: &str) -> Option<String> {
    let word = word.strip_prefix("./").unwrap_or(word);
    let (stem, extension) = word.rsplit_once('.')?;
    let named = !stem.is_empty() && !extension.is_empty() && extension.len() <= 5;
    let plain = |c: char| c.is_alphanumeric() || "_-./+".contains(c);
    let lettered = extension.chars().all(char::is_alphanumeric)
        && !extension.starts_with(|c: char| c.is_ascii_digit());
    (named && lettered && word.chars().all(plain)).then(|| word.to_owned())
}

/// The model's one-line idea, from a line `Idea: …` outside of blocks.
pub(super) fn idea(answer: &str) -> Option<String> {
    const LONGEST: usize = 200;
    let mut inside = false;
    for line in lines(answer) {
        match sign(line) {
            Some(Sign::Search) => inside = true,
            Some(Sign::Replace) => inside = false,
            _ => {}
        }
        if inside {
            continue;
        }
        let bare = line.trim_start_matches(|c: char| c.is_whitespace() || "#*->_".contains(c));
        let (Some(word), Some(rest)) = (bare.get(..4), bare.get(4..)) else { continue };
        let rest = rest.trim_start_matches(['*', '_']);
        if let Some(idea) = rest.strip_prefix(':').filter(|_| word.eq_ignore_ascii_case("idea")) {
            let idea = idea.trim_matches(|c: char| c.is_whitespace() || "*_".contains(c));
            if !idea.is_empty() {
                return Some(idea.chars().filter(|c| !c.is_control()).take(LONGEST).collect());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_in_their_usual_dresses() {
        for line in [
            "src/a.py",
            "`src/a.py`",
            "### src/a.py",
            "**src/a.py**:",
            "File: `./src/a.py`",
            "# file: src/a.py",
        ] {
            assert_eq!(named(line).as_deref(), Some("src/a.py"), "{line}");
        }
        for line in ["See a.py here", "version 1.2", "1.25", "done.", "Here is it:", "e.g."] {
            assert_eq!(named(line), None, "{line}");
        }
        assert_eq!(path_in_info("python:src/a.py").as_deref(), Some("src/a.py"));
        assert_eq!(path_in_info("python"), None);
    }

    #[test]
    fn a_fence_holds_shorter_fences() {
        let found = fences("````md\n```py\nx\n```\n````\nprose\n```\ny\n```\n");
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].body, ["```py", "x", "```"]);
    }

    #[test]
    fn an_idea_is_one_line_of_prose() {
        assert_eq!(
            idea("Sure!\n**Idea:** grow the corners\n").as_deref(),
            Some("grow the corners")
        );
        assert_eq!(idea("- idea: x\r\n").as_deref(), Some("x"));
        assert_eq!(idea("<<<<<<< SEARCH\nIdea: no\n=======\n>>>>>>> REPLACE\n"), None);
        assert_eq!(idea("Ideas are cheap"), None);
    }
}
