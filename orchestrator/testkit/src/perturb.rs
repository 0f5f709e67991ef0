//! A "model" that needs no weights: it reads the program out of the prompt, changes one
//! number in it, and answers in the shape that the prompt asks for.

use crate::model_server::Request;

/// A numbered line as prompts show them.
struct Line<'a> {
    text: &'a str,
    editable: bool,
}

/// The answer to a prompt.
pub fn answer(request: &Request) -> String {
    let messages = request.messages();
    let prompt = messages.iter().find(|(role, _)| *role == "user").map_or("", |(_, text)| text);
    let lines = parent(prompt);
    // Another number each time the same prompt comes back.
    let mut dice = Dice(messages.len() as u64 ^ (request.number as u64) << 20);
    let sites: Vec<(usize, Number)> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.editable)
        .flat_map(|(i, line)| numbers(line.text).into_iter().map(move |number| (i, number)))
        .collect();
    if sites.is_empty() {
        return "I see no number to change.".to_owned();
    }
    let (row, number) = &sites[dice.below(sites.len())];
    let old = lines[*row].text;
    let new = format!("{}{}{}", &old[..number.start], number.nudged(&mut dice), &old[number.end..]);
    let idea = format!("Idea: `{}` in the place of `{}`.", new.trim(), old.trim());
    if prompt.contains("<<<<<<< SEARCH") {
        let (above, below) = unique(&lines, *row);
        let context = |rows: std::ops::Range<usize>| {
            lines[rows].iter().flat_map(|line| [line.text, "\n"]).collect::<String>()
        };
        let (head, tail) = (context(above..*row), context(*row + 1..below));
        return format!(
            "{idea}\n\n<<<<<<< SEARCH\n{head}{old}\n{tail}=======\n{head}{new}\n{tail}>>>>>>> REPLACE\n"
        );
    }
    let mut program = String::new();
    for (i, line) in lines.iter().enumerate() {
        program.push_str(if i == *row { &new } else { line.text });
        program.push('\n');
    }
    format!("{idea}\n\n```\n{program}```\n")
}

/// The first run of numbered lines after the parent's heading.
fn parent(prompt: &str) -> Vec<Line<'_>> {
    let from = prompt.find("parent: c").unwrap_or(0);
    let mut lines = Vec::new();
    let mut inside = !prompt[from..].contains("EVOLVE-BLOCK-START");
    for shown in prompt[from..].lines() {
        let number = shown.split_once(" |").and_then(|(n, _)| n.trim().parse::<usize>().ok());
        if number != Some(lines.len() + 1) {
            if lines.is_empty() {
                continue;
            }
            break;
        }
        let text =
            shown.split_once(" |").map_or("", |(_, text)| text.strip_prefix(' ').unwrap_or(text));
        let marker = text.contains("EVOLVE-BLOCK-");
        if text.contains("EVOLVE-BLOCK-END") {
            inside = false;
        }
        lines.push(Line { text, editable: inside && !marker });
        if text.contains("EVOLVE-BLOCK-START") {
            inside = true;
        }
    }
    lines
}

/// The smallest range of rows around a row whose text occurs once.
fn unique(lines: &[Line<'_>], row: usize) -> (usize, usize) {
    let (mut above, mut below) = (row, row + 1);
    loop {
        let same = |at: usize| {
            lines[at..].iter().zip(&lines[above..below]).all(|(a, b)| a.text == b.text)
                && at + (below - above) <= lines.len()
        };
        let count = (0..lines.len()).filter(|at| same(*at)).count();
        if count <= 1 || (above == 0 && below == lines.len()) {
            return (above, below);
        }
        above = above.saturating_sub(1);
        below = (below + 1).min(lines.len());
    }
}

#[derive(Debug, PartialEq)]
struct Number {
    start: usize,
    end: usize,
    value: f64,
    whole: bool,
}

impl Number {
    fn nudged(&self, dice: &mut Dice) -> String {
        if self.whole {
            let step = if dice.below(2) == 0 { 1 } else { 2 };
            let sign = if dice.below(2) == 0 { 1 } else { -1 };
            return format!("{}", (self.value as i64 + sign * step).max(0));
        }
        let factor = 0.8 + 0.4 * dice.below(1_000_000) as f64 / 1e6;
        format!("{:?}", if self.value == 0.0 { factor - 1.0 } else { self.value * factor })
    }
}

/// The number literals of a line, comments and strings included where they look like ones.
fn numbers(line: &str) -> Vec<Number> {
    let code = line.split('#').next().unwrap_or(line);
    let bytes = code.as_bytes();
    let part_of_name = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'.';
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !part_of_name(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && part_of_name(bytes[at]) {
            at += 1;
        }
        let word = &code[start..at];
        let first_is_digit = word.starts_with(|c: char| c.is_ascii_digit());
        if let (true, Ok(value)) = (first_is_digit, word.parse::<f64>()) {
            let whole = word.bytes().all(|b| b.is_ascii_digit());
            found.push(Number { start, end: at, value, whole });
        }
    }
    found
}

/// A tiny generator (`SplitMix64`): the test kit needs variety, not quality.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n.max(1) as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderMap;
    use serde_json::json;

    fn ask(number: usize, prompt: &str) -> String {
        let body = json!({ "messages": [{ "role": "user", "content": prompt }] }).to_string();
        answer(&Request::new(number, "/v1/chat/completions", &HeaderMap::new(), body.as_bytes()))
    }

    const SHOWN: &str = "# The parent: c000001\n\n```python\n1 | a = 7\n2 | # EVOLVE-BLOCK-START\n\
                         3 | x = 1.5\n4 |\n5 | y = f(x2, 1.5)\n6 | # EVOLVE-BLOCK-END\n```\n9 | no\n";

    #[test]
    fn a_diff_prompt_gets_a_block_that_changes_one_editable_number() {
        for number in 0..20 {
            let text = ask(number, &format!("{SHOWN}<<<<<<< SEARCH"));
            let block = text.split("<<<<<<< SEARCH\n").nth(1).unwrap();
            let (old, new) = block.split_once("=======\n").unwrap();
            let new = new.split(">>>>>>> REPLACE").next().unwrap();
            assert!(["x = 1.5\n", "y = f(x2, 1.5)\n"].contains(&old), "{old}");
            assert_ne!(old, new);
            assert!(!new.contains(" | "));
        }
    }

    #[test]
    fn another_prompt_gets_the_whole_program() {
        let text = ask(1, SHOWN);
        let program = text.split("```\n").nth(1).unwrap();
        assert!(program.starts_with("a = 7\n# EVOLVE-BLOCK-START\n"), "{program}");
        assert_eq!(program.lines().count(), 6);
    }

    #[test]
    fn names_with_digits_are_no_numbers() {
        let found = numbers("x2 = v.3a + 12 * 0.5e3 # 99");
        let values: Vec<f64> = found.iter().map(|n| n.value).collect();
        assert_eq!(values, [12.0, 500.0]);
    }
}
