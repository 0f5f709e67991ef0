//! Vectors of the items: computed once, kept in a file beside the index, compared one by one.

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use evolve_core::BlobHash;
use evolve_core::knowledge::{CognitionItem, Situation};
use evolve_core::ports::{Embedder, HostFault, Meter};

use crate::rank::Scored;

/// The file, below the run's folder for indexes.
const FILE: &str = "items.vectors";
/// The beginning of the file, with the version of its format.
const MAGIC: &[u8] = b"evolve vectors 1\n";
/// Texts in one call.
const BATCH: usize = 64;
/// Batches between two writes, so that little is paid for twice after an interruption.
const BATCHES_KEPT: usize = 16;
/// Bytes of a text that are embedded; models read no more than a few hundred words.
const MOST_BYTES: usize = 2_000;

/// An embedder with the vectors of all items, of length one, in the items' order.
pub(crate) struct Vectors {
    pub embedder: Arc<dyn Embedder>,
    length: usize,
    numbers: Vec<f32>,
}

impl Vectors {
    /// Takes the vectors that the file holds and has the others computed.
    pub async fn of(
        items: &[CognitionItem],
        embedder: Arc<dyn Embedder>,
        index_dir: &Path,
        meter: Option<Meter>,
    ) -> Result<Self, HostFault> {
        let (file, name) = (index_dir.join(FILE), embedder.name());
        let texts: Vec<String> = items.iter().map(text_of).collect();
        let hashes: Vec<BlobHash> = texts.iter().map(|t| BlobHash::of(t.as_bytes())).collect();
        let mut known = read(&file, &name).unwrap_or_default();
        let wanted: HashSet<&BlobHash> = hashes.iter().collect();
        known.retain(|hash, _| wanted.contains(hash));
        let mut missing: Vec<(BlobHash, &String)> = hashes.iter().copied().zip(&texts).collect();
        missing.retain(|(hash, _)| !known.contains_key(hash));
        missing.sort_by_key(|(hash, _)| *hash);
        missing.dedup_by_key(|(hash, _)| *hash);
        for (number, batch) in missing.chunks(BATCH).enumerate() {
            let texts = batch.iter().map(|(_, text)| (*text).clone()).collect();
            let vectors = embedder.embed(texts, meter.clone()).await;
            let vectors = vectors.and_then(|vectors| sound(vectors, batch.len(), &known));
            let vectors = match vectors {
                Ok(vectors) => vectors,
                Err(fault) => {
                    write(&file, &name, &known);
                    return Err(fault);
                }
            };
            known.extend(batch.iter().map(|(hash, _)| *hash).zip(vectors));
            if (number + 1) % BATCHES_KEPT == 0 {
                write(&file, &name, &known);
            }
        }
        if !missing.is_empty() {
            write(&file, &name, &known);
        }
        let length = known.values().next().map_or(0, Vec::len);
        let numbers = hashes.iter().filter_map(|hash| known.get(hash)).flatten().copied().collect();
        Ok(Self { embedder, length, numbers })
    }

    /// The `most` items nearest to the situation by cosine, best first.
    pub async fn nearest(
        &self,
        situation: &Situation,
        most: usize,
        meter: Option<Meter>,
    ) -> Result<Vec<Scored>, HostFault> {
        let now = situation.now.trim();
        let asked = if now.is_empty() { &situation.task } else { now };
        let vectors = self.embedder.embed(vec![start_of(asked).to_owned()], meter).await?;
        let vector = sound(vectors, 1, &HashMap::new())?.pop().unwrap_or_default();
        if vector.len() != self.length {
            return Err(HostFault::new(format!(
                "`{}` gave a vector of {} numbers beside items of {}; one name must stand for one \
                 model",
                self.embedder.name(),
                vector.len(),
                self.length
            )));
        }
        let rows = self.numbers.chunks_exact(self.length.max(1));
        let mut found: Vec<Scored> =
            rows.map(|row| f64::from(product(row, &vector))).enumerate().collect();
        let most = most.min(found.len());
        let order = |(a, x): &Scored, (b, y): &Scored| y.total_cmp(x).then(a.cmp(b));
        if most > 0 && most < found.len() {
            found.select_nth_unstable_by(most - 1, order);
            found.truncate(most);
        }
        found.sort_by(order);
        Ok(found)
    }
}

/// What of an item is embedded: what it is about first, since models read only a beginning.
fn text_of(item: &CognitionItem) -> String {
    let text = format!("{}. {}\n{}\n{}", item.title, item.trigger, item.tags.join(", "), item.body);
    start_of(&text).to_owned()
}

fn start_of(text: &str) -> &str {
    let mut end = text.len().min(MOST_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Eight sums side by side, so that one addition need not wait for the last.
fn product(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    let (a_parts, b_parts) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a_parts.remainder().iter().zip(b_parts.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a_parts.zip(b_parts) {
        for lane in 0..8 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// The vectors at length one, if they are as many as asked for, of one length and finite.
fn sound(
    mut vectors: Vec<Vec<f32>>,
    count: usize,
    known: &HashMap<BlobHash, Vec<f32>>,
) -> Result<Vec<Vec<f32>>, HostFault> {
    let bad = |what: String| HostFault::new(format!("the embedder gave {what}"));
    if vectors.len() != count {
        return Err(bad(format!("{} vectors for {count} texts", vectors.len())));
    }
    let length = known.values().chain(&vectors).next().map_or(0, Vec::len);
    for vector in &mut vectors {
        if vector.len() != length || length == 0 {
            return Err(bad(format!("vectors of {length} and of {} numbers", vector.len())));
        }
        let norm = vector.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
        if !norm.is_finite() {
            return Err(bad("a vector that is not finite".to_owned()));
        }
        if norm > 0.0 {
            for x in vector.iter_mut() {
                *x = (f64::from(*x) / norm) as f32;
            }
        }
    }
    Ok(vectors)
}

/// The vectors of a file of this embedder; none if it is another's, damaged or not there.
fn read(file: &Path, name: &str) -> Option<HashMap<BlobHash, Vec<f32>>> {
    let bytes = std::fs::read(file).ok()?;
    let (content, sum) = bytes.split_last_chunk::<4>()?;
    if crc32c::crc32c(content) != u32::from_le_bytes(*sum) {
        return None;
    }
    let rest = content.strip_prefix(MAGIC)?;
    let (length, rest) = number(rest)?;
    let (own, rest) = rest.split_at_checked(length)?;
    if own != name.as_bytes() {
        return None;
    }
    let (length, rest) = number(rest)?;
    let mut known = HashMap::new();
    for record in rest.chunks_exact(32 + 4 * length) {
        let (hash, numbers) = record.split_first_chunk::<32>()?;
        let numbers = numbers.as_chunks::<4>().0.iter().map(|x| f32::from_le_bytes(*x));
        known.insert(BlobHash(*hash), numbers.collect());
    }
    Some(known)
}

fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_le_bytes(*number) as usize, rest))
}

/// Keeps the vectors for the next process. Without the file they are computed again, so that it
/// cannot be written is no failure.
fn write(file: &Path, name: &str, known: &HashMap<BlobHash, Vec<f32>>) {
    let length = known.values().next().map_or(0, Vec::len);
    let mut bytes = MAGIC.to_vec();
    bytes.extend((name.len() as u32).to_le_bytes());
    bytes.extend(name.as_bytes());
    bytes.extend((length as u32).to_le_bytes());
    let mut hashes: Vec<&BlobHash> = known.keys().collect();
    hashes.sort();
    for hash in hashes {
        bytes.extend(hash.0);
        known[hash].iter().for_each(|x| bytes.extend(x.to_le_bytes()));
    }
    bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
    if let Err(error) = publish(file, &bytes) {
        tracing::warn!(file = %file.display(), "cannot keep the items' vectors: {error}");
    }
}

fn publish(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = file.parent().map_or_else(PathBuf::new, Path::to_owned);
    std::fs::create_dir_all(&folder)?;
    let mut new = tempfile::NamedTempFile::new_in(&folder)?;
    new.write_all(bytes)?;
    new.as_file().sync_all()?;
    new.persist(file)?;
    Ok(())
}
