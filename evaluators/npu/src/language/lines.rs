//! An assembly text as lines that may change.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::asm::{Word, is_register, words};
use crate::isa::{Kind, Spec};

/// A line that is an instruction or a constant's definition.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// Index among all lines.
    pub at: usize,
    /// Bytes of the text, without the line's end.
    pub range: Range<usize>,
    /// Words and integers; ranges are within the text.
    pub words: Vec<Word>,
    /// The mnemonic without its type, or `.equ`.
    pub op: String,
    /// Stable name: the label above, the mnemonic, and which of them it is.
    pub site: String,
    /// Registers that are read and written; without those of transfers, whose order is told
    /// by tags.
    pub reads: BTreeSet<String>,
    pub writes: BTreeSet<String>,
    /// Whether control may leave or enter here.
    pub is_border: bool,
    /// Whether it may change.
    pub is_free: bool,
}

/// The lines of a text that hold something. Labels and directives of blocks are borders.
pub(super) fn lines(text: &str, free: &[Range<usize>]) -> Vec<Line> {
    let mut found: Vec<Line> = Vec::new();
    let (mut start, mut label) = (0, String::from("start"));
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for (at, raw) in text.split_inclusive('\n').enumerate() {
        let content = raw.trim_end_matches(['\n', '\r']);
        let range = start..start + content.len();
        start += raw.len();
        let Some((mut words, _)) = words(content) else { continue };
        let Some(first) = words.first() else { continue };
        let mut op = content[first.range.clone()].to_owned();
        let is_label = content[first.range.end..].trim_start().starts_with([':', '(']);
        if is_label {
            label.clone_from(&op);
        }
        let op_name = op.split('.').next().unwrap_or_default().to_owned();
        if !op.starts_with('.') {
            op = op_name;
        }
        for word in &mut words {
            word.range = word.range.start + range.start..word.range.end + range.start;
        }
        let spec = Spec::find(&op);
        let jumps = spec.is_some_and(|spec| spec.operands.iter().any(|o| o.kind == Kind::Label));
        let key = format!("{label}.{op}");
        let count = counts.entry(key.clone()).or_insert(0);
        *count += 1;
        let (reads, writes) = uses(text, &words, spec);
        found.push(Line {
            at,
            is_border: is_label || jumps || spec.is_none() || op == "halt" || op == "barrier",
            is_free: free.iter().any(|free| free.start <= range.start && range.end <= free.end),
            site: format!("{key}.{count}"),
            range,
            words,
            op,
            reads,
            writes,
        });
    }
    found
}

fn uses(text: &str, words: &[Word], spec: Option<&Spec>) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut reads, mut writes) = (BTreeSet::new(), BTreeSet::new());
    let Some(spec) = spec else { return (reads, writes) };
    let first = spec.operands.first().map(|operand| operand.kind);
    let registers = words.iter().skip(1).map(|word| &text[word.range.clone()]);
    for (at, register) in registers.filter(|word| is_register(word)).enumerate() {
        let out = at == 0
            && matches!(
                first,
                Some(Kind::ScalarOut | Kind::VectorOut | Kind::TileOut | Kind::WeightOut)
            );
        let both = at == 0 && matches!(first, Some(Kind::VectorBoth | Kind::TileBoth));
        if out || both {
            writes.insert(register.to_owned());
        }
        if !out {
            reads.insert(register.to_owned());
        }
    }
    if spec.name == "vset" {
        writes.insert("length".to_owned());
    } else if spec.name.starts_with('v') {
        reads.insert("length".to_owned());
    }
    (reads, writes)
}

/// Whether two instructions may change places as far as registers tell.
pub(super) fn independent(a: &Line, b: &Line) -> bool {
    let apart = |x: &BTreeSet<String>, y: &BTreeSet<String>| x.is_disjoint(y);
    // Tags are read by what starts a transfer and by what waits for it; their order matters
    // only to each other, and a wrong one is a trap.
    apart(&a.writes, &b.reads) && apart(&a.writes, &b.writes) && apart(&a.reads, &b.writes)
}
