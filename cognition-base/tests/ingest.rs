//! Documents of every kind, the bad ones too, and lint of what comes of them.

#![allow(clippy::unwrap_used)] // helpers of tests, outside test functions

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use evolve_cognition::{
    IngestError, NewItem, PdfReader, Source, add_items, documents, lint, load_bases, read_document,
};
use tempfile::TempDir;

#[test]
#[ignore = "the reader of PDFs, which the tests below start"]
fn reads_a_pdf_as_a_child() {
    let mut words = std::env::args_os().rev();
    let (Some(output), Some(input)) = (words.next(), words.next()) else { return };
    if Path::new(&input).is_file() {
        PdfReader::read_here(Path::new(&input), Path::new(&output)).unwrap();
    }
}

#[test]
#[ignore = "a reader that never ends, which a test below starts"]
fn never_ends_as_a_child() {
    while std::env::args()
        .any(|word| Path::new(&word).is_file() && word.to_lowercase().ends_with(".pdf"))
    {
        std::thread::park();
    }
}

fn reader(child: &str, patience: Duration) -> PdfReader {
    let words = ["--ignored", "--exact", child].map(Into::into).to_vec();
    PdfReader::new(std::env::current_exe().unwrap()).with(words, patience)
}

fn pdf_reader() -> PdfReader {
    reader("reads_a_pdf_as_a_child", Duration::from_mins(2))
}

/// A PDF of these pages, a line of text each.
fn pdf(pages: &[&str], trailer: &str) -> Vec<u8> {
    let first = 4;
    let kids: Vec<String> =
        (0..pages.len()).map(|page| format!("{} 0 R", first + 2 * page)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Count {} /Kids [{}] >>", pages.len(), kids.join(" ")),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
            .to_owned(),
    ];
    for (page, text) in pages.iter().enumerate() {
        let content = format!("BT /F1 12 Tf 50 700 Td ({text}) Tj ET");
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {} 0 R /Resources << \
             /Font << /F1 3 0 R >> >> >>",
            first + 2 * page + 1
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    }
    let (mut bytes, mut places) = (b"%PDF-1.4\n".to_vec(), Vec::new());
    for (number, object) in objects.iter().enumerate() {
        places.push(bytes.len());
        bytes.extend(format!("{} 0 obj\n{object}\nendobj\n", number + 1).bytes());
    }
    let xref = bytes.len();
    bytes.extend(format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1).bytes());
    for place in &places {
        bytes.extend(format!("{place:010} 00000 n \n").bytes());
    }
    let size = places.len() + 1;
    let end =
        format!("trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{xref}\n%%EOF\n");
    bytes.extend(end.bytes());
    bytes
}

const SENTENCE: &str = "Rows of equal length meet the same bank again and again. A pad of one \
                        word moves each row to the next bank.";

fn file(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let file = folder.path().join(name);
    fs::write(&file, bytes).unwrap();
    file
}

#[test]
fn a_pdf_becomes_items_of_its_pages_with_their_provenance() {
    let folder = TempDir::new().unwrap();
    let paper = file(&folder, "paper.pdf", &pdf(&[SENTENCE, SENTENCE], ""));
    let items = read_document(&paper, &pdf_reader()).unwrap();
    assert_eq!(items.len(), 2, "{items:?}");
    assert!(items[0].body.contains("moves each row"), "{}", items[0].body);
    assert_eq!(items[1].source.file.as_deref(), Some("paper.pdf"));
    assert_eq!(items[1].source.place.as_deref(), Some("page 2"));
}

#[test]
fn a_pdf_that_cannot_be_read_is_a_clear_error_and_nothing_worse() {
    let folder = TempDir::new().unwrap();
    let whole = pdf(&[SENTENCE], "");
    let nested = format!("%PDF-1.4\n1 0 obj\n{}", "[".repeat(3_000_000));
    let encrypted = pdf(&[SENTENCE], "/Encrypt << /Filter /Standard /V 9 /R 9 >>");
    for (name, bytes, said) in [
        ("random.pdf", b"\x00\xff\x13 no pdf at all".to_vec(), "no PDF"),
        ("empty.pdf", Vec::new(), "no PDF"),
        ("cut.pdf", whole[..whole.len() / 3].to_vec(), "no PDF"),
        ("scanned.pdf", pdf(&[" "], ""), "OCR"),
        ("encrypted.pdf", encrypted, "encrypted"),
        ("nested.pdf", nested.into_bytes(), ""),
    ] {
        let error = read_document(&file(&folder, name, &bytes), &pdf_reader()).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, IngestError::Pdf { .. }), "{text}");
        assert!(text.contains(name) && text.contains(said), "{text}");
    }
    let slow = file(&folder, "slow.pdf", &whole);
    let hangs = reader("never_ends_as_a_child", Duration::from_millis(300));
    let text = read_document(&slow, &hangs).unwrap_err().to_string();
    assert!(text.contains("not read within"), "{text}");
}

#[test]
fn documents_of_other_kinds_say_what_is_possible() {
    let folder = TempDir::new().unwrap();
    let said = |name: &str, bytes: &[u8]| {
        read_document(&file(&folder, name, bytes), &pdf_reader()).unwrap_err().to_string()
    };
    assert!(said("a.docx", b"x").contains("neither markdown (.md), plain text (.txt) nor PDF"));
    assert!(said("a.txt", b"\xff\xfe").contains("not UTF-8"));
    assert!(said("b.txt", b"short").contains("no text"));
    assert!(said("c.md", b"---\nid: c\ntitle: t\n---\nx\n").contains("`trigger` is missing"));
    let gone = read_document(&folder.path().join("gone.md"), &pdf_reader()).unwrap_err();
    assert!(gone.to_string().starts_with("cannot read"));
    assert_eq!(documents(folder.path()).unwrap().len(), 3, "a.docx is left out of a folder");
}

#[test]
fn what_was_added_is_loaded_again_and_nothing_is_overwritten() {
    let (folder, base) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let own = "---\nid: own\ntitle: Own\ntrigger: when the rows meet one bank\n---\nPad them.\n";
    let own = file(&folder, "own.md", own.as_bytes());
    let notes = format!("# Notes\n\n## Banks\n\n{SENTENCE}\n\n## Banks\n\n{SENTENCE}\n");
    let notes = file(&folder, "notes.md", notes.as_bytes());
    let read = |path: &PathBuf| read_document(path, &pdf_reader()).unwrap();
    let add = |items: Vec<NewItem>| add_items(base.path(), items, &BTreeSet::new());
    add(read(&own)).unwrap();
    assert_eq!(fs::read(base.path().join("own.md")).unwrap(), fs::read(&own).unwrap());
    let names = |files: Vec<PathBuf>| -> Vec<String> {
        files.iter().map(|f| f.file_name().unwrap().to_string_lossy().into_owned()).collect()
    };
    let first = names(add(read(&notes)).unwrap());
    assert_eq!(first, ["notes-banks.md", "notes-banks-2.md"]);
    let second = names(add(read(&notes)).unwrap());
    assert_eq!(second, ["notes-banks-3.md", "notes-banks-4.md"], "ids made of titles move on");
    let again = add(read(&own)).unwrap_err();
    assert!(again.to_string().contains("not overwritten"), "{again}");
    let (entries, bad) = load_bases(&[Some(base.path().to_owned())]);
    assert!(bad.is_empty() && entries.len() == 5, "{bad:?}");
    assert_eq!(entries[0].source.as_ref().unwrap().place.as_deref(), Some("Banks"));
}

fn entry(base: &TempDir, id: &str, trigger: &str, body: &str, url: Option<&str>) {
    let source = Source { url: url.map(str::to_owned), ..Source::default() };
    let mut item = NewItem::new(&format!("About {id}"), trigger, body, source);
    id.clone_into(&mut item.id);
    fs::write(base.path().join(format!("{id}.md")), item.text()).unwrap();
}

#[test]
fn lint_finds_each_kind_of_mistake_and_nothing_in_sound_items() {
    let base = TempDir::new().unwrap();
    let body = |words: &str| format!("{words} ").repeat(300 / words.len() + 1);
    let long = "a trigger that is long enough for lint";
    entry(&base, "a", &format!("{long} corner"), &body("grow the corner circles"), None);
    entry(
        &base,
        "b",
        &format!("hot experts skew {long}"),
        &body("copy hot experts"),
        Some("https://x.org/a"),
    );
    let found = || {
        let (entries, bad) = load_bases(&[Some(base.path().to_owned())]);
        lint(&entries, &bad)
    };
    assert_eq!(found(), []);
    entry(&base, "c", "short", &body("tile rows"), Some("https:// x"));
    entry(&base, "d", "shards travel between planes", "too short", Some("no-such.pdf"));
    entry(&base, "e", "an idea of endless words", &"idea ".repeat(2_000), None);
    entry(&base, "f", "something else altogether", &body("grow the corner circles"), None);
    fs::write(base.path().join("g.md"), "no front matter").unwrap();
    let found: Vec<String> = found()
        .iter()
        .map(|f| format!("{}: {}", f.file.file_stem().unwrap().display(), f.what))
        .collect();
    for said in [
        "c: `trigger` has 5 letters",
        "c: source `https:// x`",
        "d: the text has",
        "d: source `no-such.pdf`",
        "e: the text has",
        "f: its text is 100 % like",
        "g: it does not begin with front matter",
    ] {
        assert_eq!(
            found.iter().filter(|line| line.starts_with(said)).count(),
            1,
            "{said}: {found:#?}"
        );
    }
    assert_eq!(found.len(), 7, "{found:#?}");
}
