//! Programs that runs of other systems kept. Their scores are hearsay: they only say which
//! programs are worth measuring again.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::PeerError;

/// A program that another run found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Its text.
    pub code: String,
    /// The score that was recorded, if it is a finite number.
    pub score: Option<f64>,
}

/// At most so many programs, each text once, the best recorded score first.
pub fn best_first(mut found: Vec<Found>, most: usize) -> Vec<Found> {
    let rank = |found: &Found| found.score.unwrap_or(f64::NEG_INFINITY);
    found.sort_by(|a, b| rank(b).total_cmp(&rank(a)).then_with(|| a.code.cmp(&b.code)));
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|program| seen.insert(program.code.clone()));
    found.truncate(most);
    found
}

/// The programs of a checkpoint: a folder with one JSON file for each in `programs`. The text is
/// under this key; another key is another system's.
pub(super) fn from_checkpoint(
    place: &Path,
    key: &'static str,
) -> Option<Result<Vec<Found>, PeerError>> {
    let folder = place.join("programs");
    if !folder.is_dir() {
        return None;
    }
    let read = || {
        let mut found = Vec::new();
        let mut of_another = 0;
        for entry in fs::read_dir(&folder).map_err(|why| PeerError::read(&folder, why))? {
            let path = entry.map_err(|why| PeerError::read(&folder, why))?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let bytes = fs::read(&path).map_err(|why| PeerError::read(&path, why))?;
            // NaN stands there as a bare word, which is no JSON.
            let text = crate::result::nan_to_null(&String::from_utf8_lossy(&bytes));
            let program: Value =
                serde_json::from_str(&text).map_err(|why| PeerError::population(&path, &why))?;
            match program[key].as_str() {
                Some(code) => {
                    found
                        .push(Found { code: code.to_owned(), score: fitness(&program["metrics"]) });
                }
                None => of_another += 1,
            }
        }
        Ok((found, of_another))
    };
    match read() {
        Ok((found, of_another)) if found.is_empty() && of_another > 0 => None,
        Ok((found, _)) if found.is_empty() => {
            Some(Err(PeerError::population(place, &"it holds no program")))
        }
        Ok((found, _)) => Some(Ok(found)),
        Err(error) => Some(Err(error)),
    }
}

/// The recorded score: `combined_score`, else the mean of all numbers.
fn fitness(metrics: &Value) -> Option<f64> {
    let metrics = metrics.as_object()?;
    let score = metrics.get("combined_score").and_then(Value::as_f64);
    score.or_else(|| {
        let numbers: Vec<f64> = metrics.values().filter_map(Value::as_f64).collect();
        (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / numbers.len() as f64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(code: &str, score: Option<f64>) -> Found {
        Found { code: code.to_owned(), score }
    }

    #[test]
    fn the_best_come_first_and_none_twice() {
        let found = vec![
            program("a", None),
            program("b", Some(1.0)),
            program("c", Some(3.0)),
            program("b", Some(2.0)),
        ];
        let codes: Vec<_> = best_first(found, 2).into_iter().map(|found| found.code).collect();
        assert_eq!(codes, ["c", "b"]);
    }

    #[test]
    fn checkpoints_are_read_by_the_key_of_their_system() {
        let folder = tempfile::tempdir().unwrap();
        assert!(from_checkpoint(folder.path(), "code").is_none());
        let programs = folder.path().join("programs");
        fs::create_dir(&programs).unwrap();
        let empty = from_checkpoint(folder.path(), "code").unwrap().unwrap_err().to_string();
        assert!(empty.contains("it holds no program"), "{empty}");
        let text = r#"{"id": "1", "code": "x = 1", "metrics": {"a": 1, "b": 2, "c": NaN}}"#;
        fs::write(programs.join("1.json"), text).unwrap();
        let found = from_checkpoint(folder.path(), "code").unwrap().unwrap();
        assert_eq!(found, [program("x = 1", Some(1.5))]);
        assert!(from_checkpoint(folder.path(), "solution").is_none());
        fs::write(programs.join("2.json"), "{").unwrap();
        let broken = from_checkpoint(folder.path(), "code").unwrap().unwrap_err().to_string();
        assert!(broken.contains("2.json"), "{broken}");
    }
}
