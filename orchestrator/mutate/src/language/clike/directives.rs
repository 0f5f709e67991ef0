//! Lines for the preprocessor.

use std::collections::HashSet;

use super::{Dialect, words};
use crate::language::tree::{NodeId, Tree};

/// Headers of the standard libraries, without `.h` and the `c` of C++.
const HEADERS: &str = " algorithm any array assert atomic barrier bit bitset cassert ccomplex cctype cerrno cfenv cfloat charconv chrono cinttypes ciso646 climits clocale cmath compare complex concepts condition_variable coroutine csetjmp csignal cstdalign cstdarg cstdbool cstddef cstdint cstdio cstdlib cstring ctgmath ctime ctype cuchar cwchar cwctype deque errno exception execution expected fenv filesystem float format forward_list fstream functional future generator initializer_list inttypes iomanip ios iosfwd iostream iso646 istream iterator latch limits list locale map math mdspan memory memory_resource mutex new numbers numeric optional ostream print pthread queue random ranges ratio regex scoped_allocator semaphore set setjmp shared_mutex signal span spanstream sstream stack stdalign stdarg stdatomic stdbool stddef stdexcept stdint stdio stdlib stdnoreturn stop_token streambuf string string_view strings syncstream system_error tgmath thread threads time tuple type_traits typeindex typeinfo uchar unistd unordered_map unordered_set utility valarray variant vector version wchar wctype ";

/// What the lines for the preprocessor say about the rest of a file.
#[derive(Debug, Default)]
pub(super) struct Directives {
    /// Words of the lines; each may be a macro.
    pub words: HashSet<String>,
    /// Whether macros may come from elsewhere, or make names out of parts.
    pub foreign: bool,
    /// Whether a macro turns code into text.
    pub quotes: bool,
    /// Whether macros may stand for statements.
    pub macros: bool,
}

impl Directives {
    /// Reads the lines of a file.
    pub(super) fn of(dialect: &Dialect, text: &str, tree: &Tree) -> Self {
        let mut found = Self::default();
        let mut end = 0;
        for id in 0..tree.nodes.len() {
            if tree.nodes[id].range.start >= end && begins(dialect, text, tree, id) {
                let (line, length) = line(&text[tree.nodes[id].range.start..]);
                found.read(&line);
                end = tree.nodes[id].range.start + length;
            }
        }
        found
    }

    fn read(&mut self, line: &str) {
        let body = line.trim_start_matches('#').trim_start();
        if let Some(file) = body.strip_prefix("include") {
            let name = file.trim().strip_prefix('<').and_then(|name| name.split_once('>'));
            let known = name.is_some_and(|(name, rest)| {
                let name = name.strip_suffix(".h").unwrap_or(name);
                rest.trim().is_empty() && HEADERS.contains(&format!(" {name} "))
            });
            self.foreign |= !known;
            self.macros |= !known;
            return;
        }
        self.foreign |= body.contains("##") || body.contains("%:");
        if body.starts_with("define") {
            self.macros = true;
            let alone = body.replace("##", "");
            self.quotes |= alone.contains('#') || alone.contains("%:");
        }
        self.words.extend(words(body).map(str::to_owned));
    }
}

/// Whether a line for the preprocessor begins at this node.
pub(super) fn begins(dialect: &Dialect, text: &str, tree: &Tree, id: NodeId) -> bool {
    dialect.preprocessed && tree.is_leaf(id) && tree.text(id, text).starts_with('#')
}

/// The line at the start of a text, without comments and needless blanks, and its length with
/// the lines it goes on in.
pub(super) fn line(text: &str) -> (String, usize) {
    let mut out = String::new();
    let bytes = text.as_bytes();
    let include = text.trim_start_matches('#').trim_start().starts_with("include");
    let mut at = 0;
    let mut quote: Option<char> = None;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        if let Some(splice) = splice(rest) {
            out.push_str("\\\n");
            at += splice;
            continue;
        }
        if c == '\n' {
            break;
        }
        if quote.is_none() && (rest.starts_with("/*") || rest.starts_with("//")) {
            at += comment(rest);
            blank(&mut out);
            continue;
        }
        match quote {
            Some(_) if c == '\\' => {
                out.push(c);
                at += 1;
                if let Some(next) = text[at..].chars().next().filter(|next| *next != '\n') {
                    out.push(next);
                    at += next.len_utf8();
                }
                continue;
            }
            Some(end) if c == end => quote = None,
            None if c == '"' => quote = Some('"'),
            None if c == '<' && include => quote = Some('>'),
            // Between digits it is no quote.
            None if c == '\'' && !(at > 0 && bytes[at - 1].is_ascii_alphanumeric()) => {
                quote = Some('\'');
            }
            _ => {}
        }
        if quote.is_none() && c.is_ascii_whitespace() {
            blank(&mut out);
        } else {
            out.push(c);
        }
        at += c.len_utf8();
    }
    // A last line that is blank does not go on, nor does the last one of a file.
    loop {
        out.truncate(out.trim_end_matches(' ').len());
        let end = if at == text.len() { out.strip_suffix('\\') } else { None };
        match out.strip_suffix("\\\n").or(end) {
            Some(rest) => out.truncate(rest.len()),
            None => return (out, at),
        }
    }
}

fn blank(out: &mut String) {
    if !out.ends_with(' ') {
        out.push(' ');
    }
}

/// Length of a line end that does not count.
fn splice(text: &str) -> Option<usize> {
    ["\\\n", "\\\r\n"].iter().find(|end| text.starts_with(**end)).map(|end| end.len())
}

fn comment(text: &str) -> usize {
    if let Some(inside) = text.strip_prefix("/*") {
        return inside.find("*/").map_or(text.len(), |end| end + 4);
    }
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        match splice(&text[at..]) {
            Some(length) => at += length,
            None if c == '\n' => break,
            None => at += c.len_utf8(),
        }
    }
    at
}
