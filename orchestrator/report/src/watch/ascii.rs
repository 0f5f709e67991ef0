//! A frame for terminals that show ASCII only.

use ratatui::buffer::Buffer;

/// Replaces every cell that is not ASCII by what looks most like it.
pub(super) fn flatten(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if !cell.symbol().is_ascii() {
            let stand_in = cell.symbol().chars().next().map_or(' ', plain);
            cell.set_char(stand_in);
        }
    }
}

fn plain(c: char) -> char {
    match c {
        '─' | '━' | '–' | '—' | '·' => '-',
        '│' | '┃' => '|',
        '┌' | '┐' | '└' | '┘' | '├' | '┤' | '┬' | '┴' | '┼' => '+',
        '…' => '~',
        'é' | 'è' | 'ê' => 'e',
        'µ' => 'u',
        // The pictures of controls follow the order of the controls.
        '\u{2400}'..='\u{241f}' => '^',
        '\u{2800}' => ' ',
        '\u{2801}'..='\u{28ff}' => braille(c as u32 - 0x2800),
        _ => '?',
    }
}

/// A pattern of dots, two columns of four: high ones, low ones, or both.
fn braille(dots: u32) -> char {
    const HIGH: u32 = 0b0001_1011;
    match (dots & HIGH != 0, dots & !HIGH != 0) {
        (true, false) => '\'',
        (false, _) => '.',
        (true, true) => '*',
    }
}
