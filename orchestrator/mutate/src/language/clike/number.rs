//! Numbers as C, C++ and Rust write them.

use super::Dialect;

/// What a literal says.
#[derive(Debug, PartialEq)]
pub(super) struct Number {
    pub value: f64,
    pub integer: bool,
    /// Whether its type has no negative values.
    pub unsigned: bool,
    /// Length of the suffix, which stays.
    pub suffix: usize,
}

/// Reads a literal without sign; none if it is of a kind that is left alone.
pub(super) fn read(dialect: &Dialect, text: &str) -> Option<Number> {
    let lower = text.to_ascii_lowercase();
    let (radix, start) = match lower.get(..2) {
        Some("0x") => (16, 2),
        Some("0b") => (2, 2),
        Some("0o") if !dialect.preprocessed => (8, 2),
        _ => (10, 0),
    };
    let separator = if dialect.preprocessed { b'\'' } else { b'_' };
    let body = &lower[start..];
    let length =
        if radix == 10 { decimal(body, separator) } else { digits(body, radix, separator) };
    let plain: String = body[..length].chars().filter(|c| *c != char::from(separator)).collect();
    let suffix = &body[length..];
    let real = radix == 10 && (plain.contains(['.', 'e']) || suffix.starts_with('f'));
    if length == 0 || !is_suffix(dialect, suffix, real) {
        return None;
    }
    let octal = dialect.preprocessed && radix == 10 && !real && plain.starts_with('0');
    let radix = if octal { 8 } else { radix };
    let value: f64 = if radix == 10 {
        plain.parse().ok()?
    } else {
        u64::from_str_radix(&plain, radix).ok()? as f64
    };
    // Beyond 2^53 an integer is a constant of some algorithm, and no float can carry it.
    let carried = value.is_finite() && (real || value <= 9e15);
    let unsigned =
        !real && if dialect.preprocessed { suffix.contains('u') } else { suffix.starts_with('u') };
    carried.then_some(Number { value, integer: !real, unsigned, suffix: suffix.len() })
}

fn digits(text: &str, radix: u32, separator: u8) -> usize {
    text.bytes().take_while(|b| char::from(*b).is_digit(radix) || *b == separator).count()
}

/// Length of digits, fraction and exponent.
fn decimal(text: &str, separator: u8) -> usize {
    let mut length = digits(text, 10, separator);
    if text[length..].starts_with('.') {
        length += 1;
        length += digits(&text[length..], 10, separator);
    }
    let exponent = text[length..].strip_prefix('e').map(|rest| {
        let sign = usize::from(rest.starts_with(['+', '-']));
        (sign, digits(&rest[sign..], 10, separator))
    });
    match exponent {
        Some((sign, digits)) if digits > 0 => length + 1 + sign + digits,
        _ => length,
    }
}

fn is_suffix(dialect: &Dialect, suffix: &str, real: bool) -> bool {
    if suffix.is_empty() {
        return true;
    }
    match (dialect.preprocessed, real) {
        (true, true) => matches!(suffix, "f" | "l" | "f16" | "f32" | "f64" | "f128"),
        (true, false) => {
            matches!(suffix, "u" | "l" | "ul" | "lu" | "ll" | "ull" | "llu" | "z" | "uz" | "zu")
        }
        (false, true) => matches!(suffix, "f32" | "f64"),
        (false, false) => matches!(
            suffix,
            "i8" | "i16"
                | "i32"
                | "i64"
                | "i128"
                | "isize"
                | "u8"
                | "u16"
                | "u32"
                | "u64"
                | "u128"
                | "usize"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{C, CPP, RUST};
    use super::*;

    #[test]
    fn numbers_are_read_with_their_suffixes() {
        let read = |dialect: &Dialect, text: &str| {
            read(dialect, text).map(|n| (n.value.to_string(), n.integer, n.unsigned, n.suffix))
        };
        let is = |value: &str, integer, unsigned, suffix| {
            Some((value.to_owned(), integer, unsigned, suffix))
        };
        assert_eq!(read(&C, "10"), is("10", true, false, 0));
        assert_eq!(read(&C, "10u"), is("10", true, true, 1));
        assert_eq!(read(&C, "0x1F"), is("31", true, false, 0));
        assert_eq!(read(&C, "0x1fULL"), is("31", true, true, 3));
        assert_eq!(read(&C, "017"), is("15", true, false, 0));
        assert_eq!(read(&C, "1.5f"), is("1.5", false, false, 1));
        assert_eq!(read(&C, "1e-3"), is("0.001", false, false, 0));
        assert_eq!(read(&C, ".5"), is("0.5", false, false, 0));
        assert_eq!(read(&C, "1."), is("1", false, false, 0));
        assert_eq!(read(&C, "0x1p3"), None);
        assert_eq!(read(&C, "1.0abc"), None);
        assert_eq!(read(&C, "089"), None);
        assert_eq!(read(&CPP, "1'000"), is("1000", true, false, 0));
        assert_eq!(read(&RUST, "1_000"), is("1000", true, false, 0));
        assert_eq!(read(&RUST, "1_000_u8"), is("1000", true, true, 2));
        assert_eq!(read(&RUST, "2f64"), is("2", false, false, 3));
        assert_eq!(read(&RUST, "1_0.5_f32"), is("10.5", false, false, 3));
        assert_eq!(read(&RUST, "017"), is("17", true, false, 0));
        assert_eq!(read(&RUST, "0o17"), is("15", true, false, 0));
        assert_eq!(read(&RUST, "0xffff_ffff_ffff_ffff"), None);
        assert_eq!(read(&RUST, "1é"), None);
    }
}
