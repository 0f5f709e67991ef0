//! Lines to tokens.

/// A token of a line.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name, a mnemonic, a directive: letters, digits, `_`, and `.` as in `vld.f16`.
    Word(String),
    Int(i64),
    Float(f64),
    /// An operator or a separator.
    Sign(&'static str),
}

/// A token with its place in the line, in characters from 0.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lexeme {
    pub token: Token,
    pub at: usize,
    pub len: usize,
}

/// Longer ones first, so that `<=` is not read as `<`.
const SIGNS: [&str; 24] = [
    "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", ",", ":", "[", "]", "(", ")", "+", "-", "*",
    "/", "%", "&", "|", "^", "<", ">",
];

/// The tokens of a line without its comment, or where and why there are none.
pub(super) fn lex(line: &str) -> Result<Vec<Lexeme>, (usize, usize, String)> {
    let chars: Vec<char> = line.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&first) = chars.get(at) {
        if first == ';' || first == '#' {
            break;
        }
        if first.is_whitespace() {
            at += 1;
            continue;
        }
        let (token, len) = if first.is_ascii_digit() {
            number(&chars[at..]).map_err(|(len, why)| (at, len, why))?
        } else if first.is_ascii_alphabetic() || first == '_' || first == '.' {
            let in_word = |c: &char| c.is_ascii_alphanumeric() || *c == '_' || *c == '.';
            let word: String = chars[at..].iter().copied().take_while(in_word).collect();
            let len = word.len();
            (Token::Word(word), len)
        } else {
            let fits =
                |sign: &&str| sign.chars().enumerate().all(|(i, c)| chars.get(at + i) == Some(&c));
            let Some(sign) = SIGNS.into_iter().find(|sign| fits(sign)) else {
                return Err((at, 1, format!("`{}` has no meaning here", first.escape_default())));
            };
            (Token::Sign(sign), sign.len())
        };
        found.push(Lexeme { token, at, len });
        at += len;
    }
    Ok(found)
}

/// A number at the start of the text: `42`, `0x2a`, `0b101`, `1_000`, `1.5`, `1e-3`.
fn number(chars: &[char]) -> Result<(Token, usize), (usize, String)> {
    let mut len = 0;
    let mut text = String::new();
    let based = chars.first() == Some(&'0') && matches!(chars.get(1), Some('x' | 'b'));
    while let Some(&c) = chars.get(len) {
        let exponent = !based && matches!(text.chars().last(), Some('e' | 'E'));
        let sign = exponent && matches!(c, '+' | '-');
        if !(c.is_ascii_alphanumeric() || c == '_' || c == '.' || sign) {
            break;
        }
        if c != '_' {
            text.push(c);
        }
        len += 1;
    }
    let radix = |digits: &str, radix| i64::from_str_radix(digits, radix).ok().map(Token::Int);
    let token = if let Some(digits) = text.strip_prefix("0x") {
        radix(digits, 16)
    } else if let Some(digits) = text.strip_prefix("0b") {
        radix(digits, 2)
    } else if text.contains(['.', 'e', 'E']) {
        text.parse().ok().map(Token::Float)
    } else {
        radix(&text, 10)
    };
    match token {
        Some(token) => Ok((token, len)),
        None => Err((len, format!("`{text}` is not a number, or too large for 64 bits"))),
    }
}
