//! An index of texts that people search by words: programs, logs, insights. It lies in a folder
//! of its own that goes with it.

use std::ops::Bound;

use evolve_core::ports::{Document, HostFault, NewIndex, SearchIndex};
use tantivy::collector::{Count, TopDocs};
use tantivy::query::{BooleanQuery, Occur, Query, RangeQuery, TermQuery};
use tantivy::schema::{
    Field, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions, Value,
};
use tantivy::snippet::SnippetGenerator;
use tantivy::tokenizer::{LowerCaser, RemoveLongFilter, SimpleTokenizer, TextAnalyzer};
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, TantivyDocument, TantivyError, Term};
use tempfile::TempDir;

/// Memory of the writer, in bytes.
const WRITER_MEMORY: usize = 30_000_000;
/// Letters of an excerpt.
const EXCERPT: usize = 240;
/// Name of the tokenizer: parts of letters and digits, in small letters; an underscore joins.
const WORDS: &str = "evolve_texts";
/// Letters of the longest word that is found.
const LONGEST: usize = 100;

/// See the module.
struct Texts {
    index: Index,
    writer: IndexWriter,
    reader: IndexReader,
    fields: Fields,
    _folder: TempDir,
}

#[derive(Clone, Copy)]
struct Fields {
    id: Field,
    kind: Field,
    key: Field,
    title: Field,
    text: Field,
}

/// Makes indexes of texts in folders for temporary files.
pub fn new_text_index() -> NewIndex {
    std::sync::Arc::new(|| Ok(Box::new(Texts::new()?) as Box<dyn SearchIndex>))
}

#[allow(clippy::needless_pass_by_value)] // the shape map_err asks for
fn fault(error: TantivyError) -> HostFault {
    HostFault::new(format!("the texts cannot be searched: {error}"))
}

impl Texts {
    fn new() -> Result<Self, HostFault> {
        let folder =
            tempfile::Builder::new().prefix("evolve-texts-").tempdir().map_err(|error| {
                HostFault::new(format!("there is no folder for the search index: {error}"))
            })?;
        let words = TextFieldIndexing::default()
            .set_tokenizer(WORDS)
            .set_index_option(IndexRecordOption::WithFreqs);
        let mut schema = Schema::builder();
        let fields = Fields {
            id: schema.add_text_field("id", STRING),
            kind: schema.add_text_field("kind", STRING | STORED),
            key: schema.add_text_field("key", STRING | STORED),
            title: schema.add_text_field("title", STORED),
            text: schema.add_text_field(
                "text",
                TextOptions::default().set_indexing_options(words).set_stored(),
            ),
        };
        let index = Index::create_in_dir(folder.path(), schema.build()).map_err(fault)?;
        let tokenizer = TextAnalyzer::builder(SimpleTokenizer::default())
            .filter(RemoveLongFilter::limit(LONGEST))
            .filter(LowerCaser)
            .build();
        index.tokenizers().register(WORDS, tokenizer);
        let writer = index.writer_with_num_threads(1, WRITER_MEMORY).map_err(fault)?;
        let reader =
            index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into().map_err(fault)?;
        Ok(Self { index, writer, reader, fields, _folder: folder })
    }

    /// The words as the index has them; the last one may be the beginning of a longer one.
    fn query(&self, words: &str, kind: Option<&str>) -> Option<BooleanQuery> {
        let mut tokenizer = self.index.tokenizers().get(WORDS)?;
        let mut tokens = Vec::new();
        tokenizer.token_stream(words).process(&mut |token| tokens.push(token.text.clone()));
        let last = tokens.pop()?;
        let exact = |word: &str| -> Box<dyn Query> {
            let term = Term::from_field_text(self.fields.text, word);
            Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs))
        };
        let begins = RangeQuery::new(
            Bound::Included(Term::from_field_text(self.fields.text, &last)),
            Bound::Excluded(Term::from_field_text(self.fields.text, &format!("{last}\u{10ffff}"))),
        );
        // Whole words count more than beginnings, which all count the same.
        let last: Vec<(Occur, Box<dyn Query>)> =
            vec![(Occur::Should, exact(&last)), (Occur::Should, Box::new(begins))];
        let mut parts: Vec<(Occur, Box<dyn Query>)> =
            tokens.iter().map(|word| (Occur::Must, exact(word))).collect();
        parts.push((Occur::Must, Box::new(BooleanQuery::new(last))));
        if let Some(kind) = kind {
            let term = Term::from_field_text(self.fields.kind, kind);
            parts.push((Occur::Must, Box::new(TermQuery::new(term, IndexRecordOption::Basic))));
        }
        Some(BooleanQuery::new(parts))
    }
}

impl SearchIndex for Texts {
    fn add(&mut self, documents: &[Document]) -> Result<(), HostFault> {
        if documents.is_empty() {
            return Ok(());
        }
        for document in documents {
            let id = format!("{} {}", document.kind, document.key);
            self.writer.delete_term(Term::from_field_text(self.fields.id, &id));
            let mut stored = TantivyDocument::default();
            stored.add_text(self.fields.id, &id);
            stored.add_text(self.fields.kind, &document.kind);
            stored.add_text(self.fields.key, &document.key);
            stored.add_text(self.fields.title, &document.title);
            stored.add_text(self.fields.text, &document.text);
            self.writer.add_document(stored).map_err(fault)?;
        }
        self.writer.commit().map_err(fault)?;
        self.reader.reload().map_err(fault)
    }

    fn find(
        &self,
        words: &str,
        kind: Option<&str>,
        most: usize,
    ) -> Result<(Vec<evolve_core::ports::Hit>, usize), HostFault> {
        let Some(query) = self.query(words, kind) else { return Ok((Vec::new(), 0)) };
        let searcher = self.reader.searcher();
        let best = TopDocs::with_limit(most.max(1)).order_by_score();
        let (top, total) = searcher.search(&query, &(best, Count)).map_err(fault)?;
        let mut snippets =
            SnippetGenerator::create(&searcher, &query, self.fields.text).map_err(fault)?;
        snippets.set_max_num_chars(EXCERPT);
        let mut hits = Vec::with_capacity(top.len());
        for (_, address) in top {
            let document: TantivyDocument = searcher.doc(address).map_err(fault)?;
            let text = |field| {
                let value = document.get_first(field).and_then(|value| value.as_str());
                value.unwrap_or_default().to_owned()
            };
            let whole = text(self.fields.text);
            let snippet = snippets.snippet(&whole);
            let (excerpt, marks) = match snippet.fragment() {
                // A beginning of a word is found, and not marked.
                "" => (whole.chars().take(EXCERPT).collect(), Vec::new()),
                fragment => (fragment.to_owned(), snippet.highlighted().to_vec()),
            };
            hits.push(evolve_core::ports::Hit {
                kind: text(self.fields.kind),
                key: text(self.fields.key),
                title: text(self.fields.title),
                excerpt,
                marks,
            });
        }
        Ok((hits, total))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(kind: &str, key: &str, text: &str) -> Document {
        Document { kind: kind.into(), key: key.into(), title: key.into(), text: text.into() }
    }

    fn keys(index: &dyn SearchIndex, words: &str, kind: Option<&str>) -> Vec<String> {
        let (hits, total) = index.find(words, kind, 10).unwrap();
        assert_eq!(total, hits.len());
        hits.into_iter().map(|hit| hit.key).collect()
    }

    #[test]
    fn all_words_must_occur_and_the_last_may_be_a_beginning() {
        let mut index = Texts::new().unwrap();
        index
            .add(&[
                document("program", "c000001", "def pack(circles):\n    return anneal(circles)"),
                document("log", "c000002", "Traceback: ZeroDivisionError in pack"),
                document("insight", "k", "annealing works"),
            ])
            .unwrap();
        assert_eq!(keys(&index, "pack circles", None), ["c000001"]);
        assert_eq!(keys(&index, "zerodiv", None), ["c000002"]);
        assert_eq!(keys(&index, "anneal", None), ["c000001", "k"]);
        assert_eq!(keys(&index, "anneal", Some("insight")), ["k"]);
        for nothing in ["", "  …", "absent", "\"pack AND (", "pack absent"] {
            assert_eq!(keys(&index, nothing, None), [] as [&str; 0], "{nothing}");
        }
    }

    #[test]
    fn excerpts_mark_the_words_and_a_changed_document_replaces_the_old() {
        let mut index = Texts::new().unwrap();
        let text = format!("{} needle {}", "hay ".repeat(500), "hay ".repeat(500));
        index.add(&[document("log", "c1", &text)]).unwrap();
        let (hits, _) = index.find("needle", None, 10).unwrap();
        let marked: Vec<_> = hits[0].marks.iter().map(|m| &hits[0].excerpt[m.clone()]).collect();
        assert_eq!(marked, ["needle"]);
        assert!(hits[0].excerpt.len() <= EXCERPT);
        index.add(&[document("log", "c1", "another text")]).unwrap();
        assert_eq!(keys(&index, "needle", None), [] as [&str; 0]);
        assert_eq!(keys(&index, "another", None), ["c1"]);
    }
}
