//! A statement to an instruction.

use super::cursor::{Cursor, Mistake};
use super::expr::{self, Names, Num};
use super::lexer::Token;
use crate::dtype::Dtype;
use crate::isa::{Arg, Default, Inst, Kind, SCALARS, SPECS, Spec, TAGS, VECTORS, WEIGHTS};
use crate::machine::Machine;

/// A statement as far as it can be read before all labels are known.
pub(super) struct Statement {
    pub inst: Inst,
    /// The label its last operand names, with the operand's place.
    pub goal: Option<(String, usize, usize)>,
}

/// Reads an instruction with its operands.
pub(super) fn statement(
    cursor: &mut Cursor<'_>,
    names: &Names,
    machine: &Machine,
    line: u32,
) -> Result<Statement, Mistake> {
    let (spec, ty) = mnemonic(cursor, machine)?;
    let mut args = Vec::with_capacity(spec.operands.len());
    let mut goal = None;
    for (at, operand) in spec.operands.iter().enumerate() {
        let left_out = cursor.is_done() && operand.default != Default::None;
        let arg = if left_out {
            Ok(Arg::Int(default(operand.default, ty, machine)))
        } else {
            let comma = if at == 0 { Ok(()) } else { cursor.need(",") };
            let start = cursor.mark();
            comma.and_then(|()| {
                if operand.kind == Kind::Label {
                    let name = label(cursor, names)?;
                    let place = cursor.since(start, String::new());
                    goal = Some((name, place.at, place.len));
                    return Ok(Arg::To(0));
                }
                arg(cursor, names, machine, operand.kind)
            })
        };
        args.push(arg.map_err(|mistake| with_usage(mistake, spec))?);
    }
    cursor.need_end().map_err(|mistake| with_usage(mistake, spec))?;
    Ok(Statement { inst: Inst { op: spec.op, ty, args, line }, goal })
}

fn with_usage(mut mistake: Mistake, spec: &Spec) -> Mistake {
    mistake.help.get_or_insert_with(|| format!("usage: {}", spec.usage()));
    mistake
}

fn mnemonic(
    cursor: &mut Cursor<'_>,
    machine: &Machine,
) -> Result<(&'static Spec, Option<Dtype>), Mistake> {
    let start = cursor.mark();
    let Some(Token::Word(word)) = cursor.peek() else {
        return Err(cursor.here(format!("expected an instruction, found {}", cursor.found())));
    };
    cursor.skip();
    let (name, suffix) = word.split_once('.').map_or((word.as_str(), None), |(n, s)| (n, Some(s)));
    let Some(spec) = Spec::find(name) else {
        let mut mistake = cursor.since(start, format!("there is no instruction `{name}`"));
        mistake.help = super::nearest(name, SPECS.iter().map(|spec| spec.name))
            .map(|near| format!("did you mean `{near}`?"));
        return Err(mistake);
    };
    let multiplies = spec.unit == crate::isa::Unit::Matrix && spec.name != "mdrain";
    let allowed = if multiplies { machine.matrix.types.as_slice() } else { &Dtype::ALL };
    let wanted = || {
        let names: Vec<_> = allowed.iter().map(|ty| format!("{name}.{}", ty.name())).collect();
        names.join(", ")
    };
    match (spec.typed, suffix) {
        (false, None) => Ok((spec, None)),
        (false, Some(suffix)) => {
            Err(cursor.since(start, format!("`{name}` takes no type, found `.{suffix}`")))
        }
        (true, None) => Err(cursor.since(start, format!("`{name}` needs a type: {}", wanted()))),
        (true, Some(suffix)) => match Dtype::from_name(suffix).filter(|ty| allowed.contains(ty)) {
            Some(ty) => Ok((spec, Some(ty))),
            None => Err(cursor.since(
                start,
                format!("`{name}` of {} has no type `{suffix}`: {}", machine.name, wanted()),
            )),
        },
    }
}

fn default(default: Default, ty: Option<Dtype>, machine: &Machine) -> i64 {
    match default {
        Default::None => 0,
        Default::Int(value) => value,
        Default::ElementSize => ty.map_or(1, |ty| ty.size().cast_signed()),
        Default::Rows => machine.matrix.rows.into(),
        Default::Cols => machine.matrix.cols.into(),
    }
}

/// A label's name: a word, or a word with a number: `row(i)`.
pub(super) fn label(cursor: &mut Cursor<'_>, names: &Names) -> Result<String, Mistake> {
    let Some(Token::Word(word)) = cursor.peek() else {
        return Err(cursor.here(format!("expected a label, found {}", cursor.found())));
    };
    cursor.skip();
    if !cursor.take("(") {
        return Ok(word.clone());
    }
    let number = expr::integer(cursor, names)?;
    cursor.need(")")?;
    Ok(format!("{word}({number})"))
}

fn arg(
    cursor: &mut Cursor<'_>,
    names: &Names,
    machine: &Machine,
    kind: Kind,
) -> Result<Arg, Mistake> {
    let start = cursor.mark();
    let register = register(cursor, names, machine)?;
    let fits = match (kind, register) {
        (Kind::Spad | Kind::Dram, None) => return address(cursor, names, machine, kind),
        (Kind::Value | Kind::Int, None) => {
            if !begins_number(cursor) {
                return Err(wrong(cursor, start, kind));
            }
            return expr::integer(cursor, names).map(Arg::Int);
        }
        (Kind::Float | Kind::VectorOrFloat, None) => {
            if !begins_number(cursor) {
                return Err(wrong(cursor, start, kind));
            }
            return expr::number(cursor, names).map(|value| {
                Arg::Float(match value {
                    Num::Int(value) => value as f32,
                    Num::Float(value) => value as f32,
                })
            });
        }
        (Kind::ScalarOut | Kind::Scalar | Kind::Value, Some(Arg::S(_)))
        | (
            Kind::VectorOut | Kind::Vector | Kind::VectorBoth | Kind::VectorOrFloat,
            Some(Arg::V(_)),
        )
        | (Kind::TileOut | Kind::Tile | Kind::TileBoth, Some(Arg::A(_)))
        | (Kind::WeightOut | Kind::Weight, Some(Arg::W(_)))
        | (Kind::Tag, Some(Arg::T(_))) => register,
        _ => None,
    };
    fits.ok_or_else(|| wrong(cursor, start, kind))
}

/// The operand from `start` is not what it should be.
fn wrong(cursor: &mut Cursor<'_>, start: usize, kind: Kind) -> Mistake {
    let end = cursor.mark();
    cursor.rewind(start);
    let what = format!("expected {}, found {}", kind.expected(), cursor.found());
    if end > start {
        cursor.rewind(end);
        return cursor.since(start, what);
    }
    cursor.here(what)
}

fn begins_number(cursor: &Cursor<'_>) -> bool {
    match cursor.peek() {
        Some(Token::Sign(sign)) => matches!(*sign, "-" | "("),
        Some(_) => true,
        None => false,
    }
}

/// A register: `v3`, or computed, as `v(i + 1)`.
fn register(
    cursor: &mut Cursor<'_>,
    names: &Names,
    machine: &Machine,
) -> Result<Option<Arg>, Mistake> {
    let start = cursor.mark();
    let Some(Token::Word(word)) = cursor.peek() else { return Ok(None) };
    let Some(file) = file_of(word) else { return Ok(None) };
    let computed = word.len() == 1;
    if computed && !matches!(cursor.peek_second(), Some(Token::Sign("("))) {
        return Ok(None);
    }
    cursor.skip();
    let number = if computed {
        cursor.need("(")?;
        let number = expr::integer(cursor, names)?;
        cursor.need(")")?;
        number
    } else {
        word[1..].parse().unwrap_or(i64::MAX)
    };
    let count = match file {
        's' => SCALARS,
        'v' => VECTORS,
        'a' => machine.matrix.tiles.min(64) as u8,
        'w' => WEIGHTS,
        _ => TAGS,
    };
    match u8::try_from(number).ok().filter(|number| *number < count) {
        Some(number) => Ok(Some(match file {
            's' => Arg::S(number),
            'v' => Arg::V(number),
            'a' => Arg::A(number),
            'w' => Arg::W(number),
            _ => Arg::T(number),
        })),
        None => Err(cursor.since(
            start,
            format!(
                "there is no {file}{number}: {} has {file}0 to {file}{}",
                machine.name,
                count - 1
            ),
        )),
    }
}

/// The register file that a word names: `v`, or `v` with digits.
pub(super) fn file_of(word: &str) -> Option<char> {
    let first = word.chars().next()?;
    let named = matches!(first, 's' | 'v' | 'a' | 'w' | 't');
    (named && word[1..].chars().all(|c| c.is_ascii_digit())).then_some(first)
}

/// `[s1]`, `[s1 + 64]`, `[s1 - 64]`, `[64]`.
fn address(
    cursor: &mut Cursor<'_>,
    names: &Names,
    machine: &Machine,
    kind: Kind,
) -> Result<Arg, Mistake> {
    let start = cursor.mark();
    if !cursor.take("[") {
        return Err(wrong(cursor, start, kind));
    }
    let base = match register(cursor, names, machine)? {
        None => None,
        Some(Arg::S(base)) => Some(base),
        Some(_) => {
            return Err(cursor.since(start + 1, "an address begins with a scalar register".into()));
        }
    };
    // A minus sign is the expression's own: [s1 - 8 + 4].
    let offset = if base.is_none() || cursor.take("+") || cursor.is("-") {
        expr::integer(cursor, names)?
    } else {
        0
    };
    cursor.need("]")?;
    Ok(Arg::Mem { base, offset })
}
