//! Sections of a document as items: without a model nobody says what calls for them, so that the
//! heading and the first sentence stand for it.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use super::NewItem;
use crate::item::{Source, one_line};

/// A shorter text is a heading's remark, a page number or a table's rest.
const SHORTEST: usize = 80;
/// A longer one is cut between paragraphs: an item holds one idea.
const LONGEST: usize = 4_000;
/// Bytes of the first sentence that a trigger takes.
const SENTENCE: usize = 240;

struct Section {
    heading: String,
    text: String,
}

/// A section for each heading; what stands in code blocks is no heading.
pub(super) fn of_markdown(text: &str, file: &str) -> Vec<NewItem> {
    let mut sections = vec![Section { heading: String::new(), text: String::new() }];
    let (mut heading, mut title, mut from) = (None::<String>, None::<String>, 0);
    for (event, range) in Parser::new(text).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { .. }) => {
                if let Some(last) = sections.last_mut() {
                    last.text.push_str(text.get(from..range.start).unwrap_or_default());
                }
                heading = Some(String::new());
            }
            Event::End(TagEnd::Heading(_)) => {
                let heading = one_line(&heading.take().unwrap_or_default());
                if !heading.is_empty() {
                    title.get_or_insert_with(|| heading.clone());
                }
                sections.push(Section { heading, text: String::new() });
                from = range.end;
            }
            Event::Text(part) | Event::Code(part) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&part);
                }
            }
            _ => {}
        }
    }
    if let Some(last) = sections.last_mut() {
        last.text.push_str(text.get(from..).unwrap_or_default());
    }
    items(sections, title.as_deref().unwrap_or(file), file)
}

/// Parts between paragraphs.
pub(super) fn of_text(text: &str, file: &str) -> Vec<NewItem> {
    let first = one_line(text.lines().find(|line| !line.trim().is_empty()).unwrap_or(file));
    let title = start_of(&first, 80).to_owned();
    items(vec![Section { heading: String::new(), text: text.to_owned() }], &title, file)
}

/// A section for each page.
pub(super) fn of_pages(pages: &[String], file: &str) -> Vec<NewItem> {
    let lines = pages.iter().flat_map(|page| page.lines());
    let title = lines.map(one_line).find(|line| line.len() >= 8).unwrap_or_else(|| file.to_owned());
    let section = |(number, text): (usize, &String)| Section {
        heading: format!("page {}", number + 1),
        text: text.clone(),
    };
    items(pages.iter().enumerate().map(section).collect(), start_of(&title, 80), file)
}

fn items(sections: Vec<Section>, title: &str, file: &str) -> Vec<NewItem> {
    let mut items = Vec::new();
    for section in sections {
        let parts = parts(&section.text);
        for (number, part) in parts.iter().enumerate() {
            let place = section.heading.trim();
            let mut name = match (title, place) {
                (title, "") => title.to_owned(),
                (title, place) if title == place => title.to_owned(),
                (title, place) => format!("{title}: {place}"),
            };
            if parts.len() > 1 {
                name += &format!(" ({})", number + 1);
            }
            let trigger = format!("{name}: {}", first_sentence(part));
            let source = Source {
                title: Some(title.to_owned()),
                file: Some(file.to_owned()),
                place: (!place.is_empty()).then(|| place.to_owned()),
                ..Source::default()
            };
            items.push(NewItem::new(&name, &trigger, part, source));
        }
    }
    items
}

/// Paragraphs together as far as they fit, endless ones cut.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for paragraph in text.split("\n\n") {
        let mut rest = paragraph.trim_end();
        while !rest.trim().is_empty() {
            let piece = start_of(rest, LONGEST);
            rest = &rest[piece.len()..];
            match parts.last_mut() {
                Some(last) if last.len() + piece.len() <= LONGEST => {
                    last.push_str(piece);
                    last.push_str("\n\n");
                }
                _ => parts.push(format!("{piece}\n\n")),
            }
        }
    }
    parts.retain(|part| part.trim().len() >= SHORTEST);
    parts.iter().map(|part| part.trim().to_owned()).collect()
}

fn first_sentence(text: &str) -> String {
    let line = one_line(start_of(text, 4 * SENTENCE));
    let end = line.find(". ").map_or(line.len(), |at| at + 1);
    start_of(&line[..end], SENTENCE).to_owned()
}

/// At most this many bytes, not inside a letter.
fn start_of(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LONG: &str = "A sentence that says what is the case. Another one that says what to do \
                        about it, and why it works.";

    #[test]
    fn markdown_is_split_at_its_headings_and_not_in_code() {
        let text = format!(
            "# Book\n\n## Banks `a`\n{LONG}\n```\n# no heading\n```\n\nTwo\n===\n{LONG}\n\n## Short\nx\n"
        );
        let items = of_markdown(&text, "book.md");
        let titles: Vec<&str> = items.iter().map(|item| item.title.as_str()).collect();
        assert_eq!(titles, ["Book: Banks a", "Book: Two"]);
        assert!(items[0].body.contains("# no heading"));
        assert_eq!(items[0].trigger, "Book: Banks a: A sentence that says what is the case.");
        assert_eq!(items[0].source.file.as_deref(), Some("book.md"));
        assert_eq!(items[1].source.place.as_deref(), Some("Two"));
    }

    #[test]
    fn pages_are_named_and_long_texts_cut_between_paragraphs() {
        let pages =
            [format!("The Title of It\n\n{LONG}"), String::new(), format!("{LONG}\n\n").repeat(60)];
        let items = of_pages(&pages, "paper.pdf");
        assert_eq!(items[0].title, "The Title of It: page 1");
        assert_eq!(items[1].title, "The Title of It: page 3 (1)");
        assert!(items.len() >= 3 && items.iter().all(|item| item.body.len() <= LONGEST));
    }

    proptest! {
        #[test]
        fn any_text_gives_items_of_bounded_length(text in "(?s).{0,400}", times in 1_usize..30) {
            let text = text.repeat(times);
            let pages = std::slice::from_ref(&text);
            for items in [of_text(&text, "f"), of_markdown(&text, "f"), of_pages(pages, "f")] {
                prop_assert!(items.iter().all(|i| i.body.len() <= LONGEST && !i.title.is_empty()));
            }
        }
    }
}
