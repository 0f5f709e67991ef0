//! Reading lines that an older version wrote.
//!
//! When a change of the events bumps `JOURNAL_VERSION`, a step from the old version is
//! added to [`MIGRATIONS`]: it turns an old line's JSON into the next version's. Lines are
//! never rewritten; a journal may hold lines of several versions.

use evolve_core::event::{Envelope, JOURNAL_VERSION};
use serde_json::{Value, json};

/// One step: turns a line of version `from` into one of version `from + 1`.
pub(super) struct Migration {
    pub(super) from: u32,
    pub(super) step: fn(Value) -> Result<Value, String>,
}

/// Every step there ever was, oldest first. Version 1 is the first version.
pub(super) const MIGRATIONS: &[Migration] = &[];

/// Reads a line of an older version.
pub(super) fn read(json: &[u8], version: u32, steps: &[Migration]) -> Result<Envelope, String> {
    let value = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let value = upgrade(value, version, JOURNAL_VERSION, steps)?;
    serde_json::from_value(value).map_err(|error| error.to_string())
}

fn upgrade(mut value: Value, from: u32, to: u32, steps: &[Migration]) -> Result<Value, String> {
    for version in from..to {
        let step = steps.iter().find(|step| step.from == version);
        let step = step.ok_or_else(|| format!("there was never a journal version {version}"))?;
        value = (step.step)(value)?;
        value["v"] = json!(version + 1);
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Version 0, which never was, called a resumption's note `text`.
    const FAKE: &[Migration] = &[Migration {
        from: 0,
        step: |mut value| {
            value["note"] = value["text"].take();
            Ok(value)
        },
    }];

    #[test]
    fn an_old_line_is_read_through_its_steps() {
        let old = br#"{"v":0,"seq":3,"at":"2026-01-01T00:00:00Z","event":"resumed","text":"hi"}"#;
        let event = read(old, 0, FAKE).unwrap();
        assert_eq!(event.v, 1);
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json["note"], "hi");
        assert!(read(old, 0, MIGRATIONS).unwrap_err().contains("version 0"));
    }
}
