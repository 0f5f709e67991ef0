//! Items in tantivy. The index holds numbers of items, not the items, so a
//! damaged one can find the wrong item but never show a wrong text.

use std::collections::BTreeSet;
use std::path::Path;

use evolve_core::knowledge::{CognitionItem, Situation};
use evolve_core::words::{query_words, words};
use rust_stemmers::{Algorithm, Stemmer};
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, BoostQuery, Occur, Query, TermQuery};
use tantivy::schema::{FAST, Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{TextAnalyzer, WhitespaceTokenizer};
use tantivy::{
    Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, Searcher, TantivyDocument,
    TantivyError, Term, merge_policy::NoMergePolicy,
};

/// Memory of the writer while an index is built, in bytes: the least tantivy accepts.
const WRITER_MEMORY: usize = 15_000_000;
/// Name of the tokenizer for text that is already words with blanks between them.
const WORDS: &str = "evolve_words";
const PLACE: &str = "place";

/// The fields that are searched, in the order of [`crate::Weights::fields`].
const FIELDS: [&str; 4] = ["trigger", "title", "tags", "body"];

/// Words of a situation that are looked for.
const MOST_WORDS: usize = 32;

/// What can go wrong with an index.
pub(crate) type IndexError = TantivyError;

/// Version of the engine; indexes of another are rebuilt.
pub(crate) fn engine() -> String {
    tantivy::version_string().to_owned()
}

/// An index of items, open for reading.
pub(crate) struct ItemIndex {
    reader: IndexReader,
    fields: [Field; FIELDS.len()],
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
                document.add_text(*field, stems(text).collect::<Vec<_>>().join(" "));
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

    /// Numbers of the items that fit these weighted words best with their scores, best first, by
    /// BM25 (S. Robertson and H. Zaragoza, "The probabilistic relevance framework", 2009) summed
    /// over the fields.
    pub fn search(
        &self,
        query: &[(String, f32)],
        boosts: &[f32; FIELDS.len()],
        most: usize,
    ) -> Result<Vec<(usize, f64)>, TantivyError> {
        let searcher = self.reader.searcher();
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        for (terms, weight) in self.telling(&searcher, query)? {
            for (term, boost) in terms.into_iter().zip(boosts) {
                let Some(term) = term else { continue };
                let query = TermQuery::new(term, IndexRecordOption::WithFreqs);
                let query = BoostQuery::new(Box::new(query), boost * weight);
                clauses.push((Occur::Should, Box::new(query)));
            }
        }
        if clauses.is_empty() || most == 0 {
            return Ok(Vec::new());
        }
        let best = TopDocs::with_limit(most).order_by_score();
        let found = searcher.search(&BooleanQuery::new(clauses), &best)?;
        let mut places = Vec::with_capacity(found.len());
        for (score, address) in found {
            let segment = searcher.segment_reader(address.segment_ord);
            let column = segment.fast_fields().u64(PLACE)?;
            let place = column.first(address.doc_id);
            places.extend(place.map(|place| (place as usize, f64::from(score))));
        }
        Ok(places)
    }

    /// The words that tell most: those that count much and are in few items. For each, its term in
    /// every field that has it. Words that are everywhere cost most of the time and decide nothing.
    fn telling(
        &self,
        searcher: &Searcher,
        query: &[(String, f32)],
    ) -> Result<Vec<Telling>, TantivyError> {
        let items = searcher.num_docs() as f32;
        let mut words: Vec<(f32, Telling)> = Vec::new();
        for (word, weight) in query {
            let (mut terms, mut most) = ([const { None }; FIELDS.len()], 0);
            for (term, field) in terms.iter_mut().zip(self.fields) {
                let found = Term::from_field_text(field, word);
                let frequency = searcher.doc_freq(&found)?;
                most = most.max(frequency);
                *term = (frequency > 0).then_some(found);
            }
            if most > 0 {
                words.push((weight * (1.0 + items / most as f32).ln(), (terms, *weight)));
            }
        }
        words.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        words.truncate(MOST_WORDS);
        Ok(words.into_iter().map(|(_, word)| word).collect())
    }
}

/// A word's terms by field, and what it counts for.
type Telling = ([Option<Term>; FIELDS.len()], f32);

/// The words of a text as the index knows them: stems, so that `evicted` meets `eviction` (M.
/// Porter's Snowball stemmer for English).
pub(crate) fn stems(text: &str) -> impl Iterator<Item = String> + '_ {
    let stemmer = Stemmer::create(Algorithm::English);
    words(text).map(move |word| stemmer.stem(&word).into_owned())
}

/// The distinct words of a situation with what each counts for: those of `now` one, the others of
/// the task `task`. Numbers and single letters are left out: measurements are full of them, and
/// they say nothing of what is measured.
pub(crate) fn situation_words(situation: &Situation, task: f32) -> Vec<(String, f32)> {
    let stemmer = Stemmer::create(Algorithm::English);
    let mut seen = BTreeSet::new();
    let mut weighted = Vec::new();
    for (text, weight) in [(&situation.now, 1.0), (&situation.task, task)] {
        let says = |word: &String| word.len() > 1 && word.chars().any(char::is_alphabetic);
        for word in query_words(text).into_iter().filter(says) {
            let word = stemmer.stem(&word).into_owned();
            if weight > 0.0 && seen.insert(word.clone()) {
                weighted.push((word, weight));
            }
        }
    }
    weighted
}

fn schema() -> Schema {
    let mut schema = Schema::builder();
    schema.add_u64_field(PLACE, FAST);
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(WORDS)
        .set_index_option(IndexRecordOption::WithFreqs);
    for name in FIELDS {
        schema.add_text_field(name, TextOptions::default().set_indexing_options(indexing.clone()));
    }
    schema.build()
}

fn prepare(index: &Index) {
    index.tokenizers().register(WORDS, TextAnalyzer::from(WhitespaceTokenizer::default()));
}

fn fields(index: &Index) -> Result<(Field, [Field; FIELDS.len()]), TantivyError> {
    let schema = index.schema();
    let [a, b, c, d] = FIELDS.map(|name| schema.get_field(name));
    Ok((schema.get_field(PLACE)?, [a?, b?, c?, d?]))
}
