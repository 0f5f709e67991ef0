//! The only file that knows tantivy. The index holds numbers of items, not the items, so a
//! damaged one can find the wrong item but never show a wrong text.

use std::path::Path;

use evolve_core::knowledge::CognitionItem;
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, BoostQuery, Occur, Query, TermQuery};
use tantivy::schema::{FAST, Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{TextAnalyzer, WhitespaceTokenizer};
use tantivy::{
    Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, TantivyDocument, TantivyError,
    Term, merge_policy::NoMergePolicy,
};

use crate::words::{query_words, words};

/// Memory of the writer while an index is built, in bytes: the least tantivy accepts.
const WRITER_MEMORY: usize = 15_000_000;
/// Name of the tokenizer for text that is already words with blanks between them.
const WORDS: &str = "evolve_words";
const PLACE: &str = "place";

/// What a match in each field counts for. The trigger is the situation as the item's author
/// foresaw it; the body also holds what the item is not about.
const BOOSTS: [(&str, f32); 4] = [("trigger", 3.0), ("title", 2.0), ("tags", 2.0), ("body", 1.0)];

/// What can go wrong with an index.
pub(crate) type IndexError = TantivyError;

/// Version of the engine; indexes of another are rebuilt.
pub(crate) fn engine() -> String {
    tantivy::version_string().to_owned()
}

/// An index of items, open for reading.
pub(crate) struct ItemIndex {
    reader: IndexReader,
    fields: [Field; BOOSTS.len()],
}

impl ItemIndex {
    /// Writes an index of these items into an empty folder.
    pub fn build(folder: &Path, items: &[CognitionItem]) -> Result<(), TantivyError> {
        let index = Index::builder()
            .schema(schema())
            .settings(IndexSettings::default())
            .create_in_dir(folder)?;
        prepare(&index);
        let (place, fields) = fields(&index)?;
        let mut writer: IndexWriter = index.writer_with_num_threads(1, WRITER_MEMORY)?;
        writer.set_merge_policy(Box::new(NoMergePolicy));
        for (number, item) in items.iter().enumerate() {
            let mut document = TantivyDocument::default();
            document.add_u64(place, number as u64);
            let texts = [&item.trigger, &item.title, &item.tags.join(" "), &item.body];
            for (field, text) in fields.iter().zip(texts) {
                document.add_text(*field, words(text).collect::<Vec<_>>().join(" "));
            }
            writer.add_document(document)?;
        }
        writer.commit()?;
        let segments = index.searchable_segment_ids()?;
        if segments.len() > 1 {
            // One segment: ties are broken by the items' order alone.
            writer.merge(&segments).wait()?;
        }
        writer.wait_merging_threads()
    }

    /// Opens the index in this folder, if it is whole and holds `count` items.
    pub fn open(folder: &Path, count: usize) -> Result<Self, TantivyError> {
        let index = Index::open_in_dir(folder)?;
        prepare(&index);
        let (_, fields) = fields(&index)?;
        let damaged = index.validate_checksum()?;
        let reader: IndexReader =
            index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let found = reader.searcher().num_docs() as usize;
        if found != count || !damaged.is_empty() {
            let what = format!("{found} of {count} items, {} damaged files", damaged.len());
            return Err(TantivyError::InternalError(what));
        }
        Ok(Self { reader, fields })
    }

    /// Numbers of the items that fit the situation best, best first, by BM25 (S. Robertson and
    /// H. Zaragoza, "The probabilistic relevance framework", 2009) summed over the fields.
    pub fn search(&self, situation: &str, top_k: usize) -> Result<Vec<usize>, TantivyError> {
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        for word in query_words(situation) {
            for (field, (_, boost)) in self.fields.iter().zip(BOOSTS) {
                let term = Term::from_field_text(*field, &word);
                let query = TermQuery::new(term, IndexRecordOption::WithFreqs);
                clauses.push((Occur::Should, Box::new(BoostQuery::new(Box::new(query), boost))));
            }
        }
        if clauses.is_empty() || top_k == 0 {
            return Ok(Vec::new());
        }
        let searcher = self.reader.searcher();
        let best = TopDocs::with_limit(top_k).order_by_score();
        let found = searcher.search(&BooleanQuery::new(clauses), &best)?;
        let mut places = Vec::with_capacity(found.len());
        for (_, address) in found {
            let segment = searcher.segment_reader(address.segment_ord);
            let column = segment.fast_fields().u64(PLACE)?;
            places.extend(column.first(address.doc_id).map(|place| place as usize));
        }
        Ok(places)
    }
}

fn schema() -> Schema {
    let mut schema = Schema::builder();
    schema.add_u64_field(PLACE, FAST);
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(WORDS)
        .set_index_option(IndexRecordOption::WithFreqs);
    for (name, _) in BOOSTS {
        schema.add_text_field(name, TextOptions::default().set_indexing_options(indexing.clone()));
    }
    schema.build()
}

fn prepare(index: &Index) {
    index.tokenizers().register(WORDS, TextAnalyzer::from(WhitespaceTokenizer::default()));
}

fn fields(index: &Index) -> Result<(Field, [Field; BOOSTS.len()]), TantivyError> {
    let schema = index.schema();
    let [a, b, c, d] = BOOSTS.map(|(name, _)| schema.get_field(name));
    Ok((schema.get_field(PLACE)?, [a?, b?, c?, d?]))
}
