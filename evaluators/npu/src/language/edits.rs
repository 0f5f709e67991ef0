//! Changes of assembly: constants and immediates, registers, order, loops.

use std::ops::Range;

use rand::Rng;
use rand_pcg::Pcg64Mcg;

use super::lines::{Line, independent};
use crate::asm::is_register;

/// A change of a text: pieces that are replaced, in the order of the text.
pub(super) struct Edit {
    pub site: String,
    pub summary: String,
    pub pieces: Vec<(Range<usize>, String)>,
}

/// What an edit is made from.
pub(super) struct Draft<'a> {
    pub text: &'a str,
    pub lines: &'a [Line],
    pub rng: &'a mut Pcg64Mcg,
    pub promise: &'a dyn Fn(&str, &str) -> f64,
}

/// Makes an edit of its kind, if the draw found a place.
type Make = fn(&mut Draft<'_>) -> Option<Edit>;

/// The kinds, their weight before anything is known, and how they are made.
pub(super) const KINDS: [(&str, f64, Make); 9] = [
    ("constant", 1.5, constant),
    ("immediate", 1.0, immediate),
    ("name", 0.7, name),
    ("register", 0.7, register),
    ("rename", 0.5, rename),
    ("move", 2.0, shift),
    ("delete", 0.7, delete),
    ("repeat", 0.3, repeat),
    ("unroll", 0.7, unroll),
];

impl<'a> Draft<'a> {
    fn source(&self, range: &Range<usize>) -> &'a str {
        &self.text[range.clone()]
    }

    /// A line that may change and fits, by what earlier changes of this kind won there.
    fn line(&mut self, kind: &str, fits: impl Fn(&Line) -> bool) -> Option<&'a Line> {
        let lines = self.lines;
        let found: Vec<&Line> = lines.iter().filter(|line| line.is_free && fits(line)).collect();
        let weights: Vec<f64> = found.iter().map(|line| (self.promise)(kind, &line.site)).collect();
        let sum: f64 = weights.iter().sum();
        if sum <= 0.0 || !sum.is_finite() {
            return None;
        }
        let mut left = self.rng.random_range(0.0..sum);
        for (line, weight) in found.iter().zip(&weights) {
            if left < *weight {
                return Some(line);
            }
            left -= weight;
        }
        found.last().copied()
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        (!of.is_empty()).then(|| of[self.rng.random_range(0..of.len())])
    }

    /// Another integer in the place of one: sizes double and halve more often than not.
    fn integer(&mut self, written: &str) -> Option<String> {
        let value: i64 = written.replace('_', "").parse().ok()?;
        let new = match self.rng.random_range(0..10) {
            0..=2 => value.checked_mul(2)?,
            3 | 4 => value / 2,
            5 => value.checked_mul(4)?,
            6 => value.checked_add(1)?,
            7 => value - 1,
            8 => 1 << self.rng.random_range(0..9),
            _ => 0,
        };
        (new != value && new >= 0).then(|| new.to_string())
    }

    fn number(&mut self, kind: &str, fits: impl Fn(&Line) -> bool) -> Option<Edit> {
        let line = self.line(kind, |line| fits(line) && line.words.iter().any(|w| w.is_integer))?;
        let numbers: Vec<&Range<usize>> =
            line.words.iter().filter(|word| word.is_integer).map(|word| &word.range).collect();
        let range = self.pick(&numbers)?;
        let old = self.source(range);
        let new = self.integer(old)?;
        Some(Edit {
            site: line.site.clone(),
            summary: format!("{old} became {new} ({})", line.site),
            pieces: vec![(range.clone(), new)],
        })
    }

    /// The line's text with its end.
    fn whole(&self, line: &Line) -> Range<usize> {
        let end = self.text[line.range.end..]
            .find('\n')
            .map_or(self.text.len(), |at| line.range.end + at + 1);
        line.range.start..end
    }

    /// The line's text, ending in a line break.
    fn written(&self, line: &Line) -> String {
        format!("{}\n", self.source(&line.range).trim_end())
    }
}

/// A number in a constant's definition: tile sizes, unroll factors, places of buffers.
fn constant(draft: &mut Draft<'_>) -> Option<Edit> {
    draft.number("constant", |line| line.op == ".equ")
}

/// A number in an instruction, or the count of a repetition.
fn immediate(draft: &mut Draft<'_>) -> Option<Edit> {
    draft.number("immediate", |line| line.op != ".equ")
}

/// A constant's name becomes another constant's.
fn name(draft: &mut Draft<'_>) -> Option<Edit> {
    let is_name = |text: &str| {
        text.len() > 1 && !is_register(text) && text.chars().all(|c| !c.is_ascii_lowercase())
            || matches!(text, "M" | "N" | "K" | "R" | "C" | "S" | "T" | "D" | "H")
    };
    let text = draft.text;
    let named = |line: &Line| {
        line.words.iter().skip(1).any(|word| !word.is_integer && is_name(&text[word.range.clone()]))
    };
    let line = draft.line("name", named)?;
    let here: Vec<&Range<usize>> = line
        .words
        .iter()
        .skip(if line.op == ".equ" { 2 } else { 1 })
        .filter(|word| !word.is_integer && is_name(draft.source(&word.range)))
        .map(|word| &word.range)
        .collect();
    let range = draft.pick(&here)?;
    let mut known: Vec<&str> = draft
        .lines
        .iter()
        .flat_map(|line| line.words.iter().skip(1))
        .filter(|word| !word.is_integer)
        .map(|word| draft.source(&word.range))
        .filter(|word| is_name(word))
        .chain(["ROWS", "COLS", "VLEN", "LANES", "TILE_ROWS"])
        .collect();
    known.sort_unstable();
    known.dedup();
    let old = draft.source(range);
    known.retain(|word| *word != old);
    let new = draft.pick(&known)?;
    Some(Edit {
        site: line.site.clone(),
        summary: format!("{old} became {new} ({})", line.site),
        pieces: vec![(range.clone(), new.to_owned())],
    })
}

/// Another register of the same kind as one.
fn other(draft: &mut Draft<'_>, old: &str) -> Option<String> {
    let count = match old.chars().next()? {
        's' | 'v' => 32,
        't' => 16,
        'a' => 8,
        _ => 2,
    };
    // One that the program uses, or a free one.
    let mut known: Vec<&str> = draft
        .lines
        .iter()
        .flat_map(|line| &line.words)
        .map(|word| draft.source(&word.range))
        .filter(|word| is_register(word) && word[..1] == old[..1] && *word != old)
        .collect();
    known.sort_unstable();
    known.dedup();
    if !known.is_empty() && draft.rng.random_bool(0.6) {
        return draft.pick(&known).map(str::to_owned);
    }
    let new = format!("{}{}", &old[..1], draft.rng.random_range(0..count));
    (new != old).then_some(new)
}

/// One operand becomes another register.
fn register(draft: &mut Draft<'_>) -> Option<Edit> {
    let text = draft.text;
    let has = |line: &Line| line.words.iter().any(|word| is_register(&text[word.range.clone()]));
    let line = draft.line("register", has)?;
    let here: Vec<&Range<usize>> = line
        .words
        .iter()
        .filter(|word| is_register(draft.source(&word.range)))
        .map(|word| &word.range)
        .collect();
    let range = draft.pick(&here)?;
    let old = draft.source(range);
    let new = other(draft, old)?;
    Some(Edit {
        site: line.site.clone(),
        summary: format!("{old} became {new} ({})", line.site),
        pieces: vec![(range.clone(), new)],
    })
}

/// A register becomes another one in some lines that follow each other.
fn rename(draft: &mut Draft<'_>) -> Option<Edit> {
    let line = draft.line("rename", |line| !line.writes.is_empty() || line.op == "dload")?;
    let registers: Vec<&Range<usize>> = line
        .words
        .iter()
        .filter(|word| is_register(draft.source(&word.range)))
        .map(|word| &word.range)
        .collect();
    let old = draft.source(registers.first()?);
    let new = other(draft, old)?;
    let span = draft.rng.random_range(2..12);
    let from = draft.lines.iter().position(|other| other.at == line.at)?;
    let pieces: Vec<_> = draft.lines[from..]
        .iter()
        .take(span)
        .take_while(|line| line.is_free)
        .flat_map(|line| &line.words)
        .filter(|word| draft.source(&word.range) == old)
        .map(|word| (word.range.clone(), new.clone()))
        .collect();
    Some(Edit {
        site: line.site.clone(),
        summary: format!("{old} became {new} in {span} lines ({})", line.site),
        pieces,
    })
}

/// An instruction moves up or down over others that do not need its registers, out of a loop
/// too: what cannot be known from registers, a trap or a wrong result will tell.
fn shift(draft: &mut Draft<'_>) -> Option<Edit> {
    let line = draft.line("move", |line| !line.is_border)?;
    let from = draft.lines.iter().position(|other| other.at == line.at)?;
    let up = draft.rng.random_bool(0.5);
    let mut reach = Vec::new();
    let mut at = from;
    while reach.len() < 24 {
        at = if up { at.checked_sub(1)? } else { at + 1 };
        let Some(next) = draft.lines.get(at).filter(|next| next.is_free && next.op != ".equ")
        else {
            break;
        };
        if !independent(line, next) {
            break;
        }
        reach.push(at);
    }
    // Nearer places more often.
    let near = if draft.rng.random_bool(0.5) { reach.len().min(3) } else { reach.len() };
    let to = &draft.lines[draft.pick(&reach[..near])?];
    let place = if up { draft.whole(to).start } else { draft.whole(to).end };
    let moved = draft.written(line);
    let mut pieces = vec![(draft.whole(line), String::new()), (place..place, moved)];
    pieces.sort_by_key(|(range, _)| range.start);
    let way = if up { "up" } else { "down" };
    let summary = format!("moved {} {way} by {} ({})", line.op, line.at.abs_diff(to.at), line.site);
    Some(Edit { site: line.site.clone(), summary, pieces })
}

fn delete(draft: &mut Draft<'_>) -> Option<Edit> {
    let line = draft.line("delete", |line| !line.is_border)?;
    Some(Edit {
        site: line.site.clone(),
        summary: format!("deleted {} ({})", line.op, line.site),
        pieces: vec![(draft.whole(line), String::new())],
    })
}

fn repeat(draft: &mut Draft<'_>) -> Option<Edit> {
    let line = draft.line("repeat", |line| !line.is_border)?;
    let end = draft.whole(line).end;
    Some(Edit {
        site: line.site.clone(),
        summary: format!("repeated {} ({})", line.op, line.site),
        pieces: vec![(end..end, draft.written(line))],
    })
}

/// The body of a loop is written twice, with the test for its end between: the same loop, but
/// with room to reorder across two rounds.
fn unroll(draft: &mut Draft<'_>) -> Option<Edit> {
    let branch = draft.line("unroll", |line| matches!(line.op.as_str(), "blt" | "bne" | "bge"))?;
    let end = draft.lines.iter().position(|other| other.at == branch.at)?;
    let goal = draft.source(&branch.words.last()?.range);
    let body: Vec<&Line> =
        draft.lines[..end].iter().rev().take_while(|line| !line.is_border).collect();
    let first = end.checked_sub(body.len() + 1).map(|at| &draft.lines[at])?;
    let begins = first.words.first().is_some_and(|word| draft.source(&word.range) == goal);
    // The label must stand alone above a body of plain instructions.
    if !begins || first.words.len() != 1 || body.is_empty() || body.iter().any(|l| !l.is_free) {
        return None;
    }
    let mut out = 0;
    while draft.text.contains(&format!("{goal}_end{out}")) {
        out += 1;
    }
    let inverse = match branch.op.as_str() {
        "blt" => "bge",
        "bge" => "blt",
        _ => "beq",
    };
    let written = draft.source(&branch.range);
    let leave = written.replacen(&branch.op, inverse, 1);
    let at = leave.rfind(goal)?;
    let leave = format!("{}{goal}_end{out}{}", &leave[..at], &leave[at + goal.len()..]);
    let body: String = body.iter().rev().map(|line| draft.written(line)).collect();
    let place = draft.whole(branch);
    let new = format!("{leave}\n{body}{written}\n{goal}_end{out}:\n");
    Some(Edit {
        site: branch.site.clone(),
        summary: format!("unrolled the loop {goal} once"),
        pieces: vec![(place, new)],
    })
}
