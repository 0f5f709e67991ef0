//! The colours of the pages, light and dark, by the rules of WCAG 2.2.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

use std::collections::BTreeMap;

const STYLE: &str = include_str!("../templates/style.css");

/// Text on what it stands on, and the least ratio: 4.5 for text, 3 for lines and marks that mean
/// something (success criteria 1.4.3 and 1.4.11).
const PAIRS: [(&str, &str, f64); 20] = [
    ("ink", "paper", 4.5),
    ("ink", "back", 4.5),
    ("ink", "stripe", 4.5),
    ("ink", "shade", 4.5),
    ("ink", "top", 4.5),
    ("ink", "add", 4.5),
    ("ink", "del", 4.5),
    ("ink", "add-mark", 4.5),
    ("ink", "del-mark", 4.5),
    ("soft", "paper", 4.5),
    ("soft", "back", 4.5),
    ("soft", "stripe", 4.5),
    ("soft", "shade", 4.5),
    ("accent", "paper", 4.5),
    ("accent", "back", 4.5),
    ("good", "shade", 4.5),
    ("bad", "shade", 4.5),
    ("start", "paper", 4.5),
    ("base", "paper", 4.5),
    ("target", "paper", 3.0),
];

/// The variables of the first or the second `:root`.
fn colours(block: usize) -> BTreeMap<String, [f64; 3]> {
    let body = STYLE.split(":root {").nth(block).unwrap();
    let body = &body[..body.find('}').unwrap()];
    let colour = |text: &str| {
        let channel = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        [1, 3, 5].map(|at| f64::from(channel(at)) / 255.0)
    };
    body.split(';')
        .filter_map(|pair| pair.trim().strip_prefix("--")?.split_once(": "))
        .map(|(name, value)| (name.to_owned(), colour(value)))
        .collect()
}

/// Relative luminance.
fn luminance(colour: [f64; 3]) -> f64 {
    let linear = |c: f64| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
    let [r, g, b] = colour.map(linear);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

#[test]
fn text_can_be_read_in_both_schemes() {
    for (scheme, block) in [("light", 1), ("dark", 2)] {
        let colours = colours(block);
        for (text, back, least) in PAIRS {
            let (one, other) = (luminance(colours[text]), luminance(colours[back]));
            let ratio = (one.max(other) + 0.05) / (one.min(other) + 0.05);
            assert!(ratio >= least, "{scheme}: {text} on {back} has {ratio:.2}, not {least}");
        }
    }
}
