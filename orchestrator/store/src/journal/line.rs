//! One line of the journal: the envelope's JSON object with a last member `"crc"`, the
//! CRC-32C of the bytes before `,"crc"` in eight hexadecimal digits.

use evolve_core::event::{Envelope, JOURNAL_VERSION};
use evolve_core::redact::Redactor;
use serde::Deserialize;
use serde_json::Value;

use super::migrate::{self, MIGRATIONS};

/// `,"crc":"xxxxxxxx"}`
const SUFFIX_LEN: usize = 18;
const SUFFIX_START: &[u8] = b",\"crc\":\"";

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LineFault {
    /// It is not what was written: torn or damaged.
    Checksum,
    /// A newer program wrote it.
    Newer(u32),
    /// It is what was written, and yet not an event.
    Content(String),
}

/// The line for an event, with its line feed.
pub(crate) fn encode(envelope: &Envelope, redactor: &Redactor) -> Result<Vec<u8>, String> {
    let json = serde_json::to_string(envelope).map_err(|error| error.to_string())?;
    let json = without_secrets(json, redactor)?;
    // JSON has no NaN: serde_json writes null, and that would not be read back.
    if json.contains("null") && serde_json::from_str::<Envelope>(&json).is_err() {
        return Err("it holds a number that is not finite".to_owned());
    }
    let mut line = json.into_bytes();
    line.pop(); // the closing brace
    let crc = crc32c::crc32c(&line);
    line.extend_from_slice(SUFFIX_START);
    line.extend_from_slice(format!("{crc:08x}\"}}\n").as_bytes());
    Ok(line)
}

fn without_secrets(json: String, redactor: &Redactor) -> Result<String, String> {
    if redactor.redact(&json) == json {
        return Ok(json);
    }
    // Texts only: a secret of digits must not break a number.
    let mut value: Value = serde_json::from_str(&json).map_err(|error| error.to_string())?;
    redact_texts(&mut value, redactor);
    let clean = value.to_string();
    match serde_json::from_str::<Envelope>(&clean) {
        Ok(event) => serde_json::to_string(&event).map_err(|error| error.to_string()),
        Err(_) => {
            Err("a secret's text is part of a time or a hash in it; use a longer secret".into())
        }
    }
}

/// Takes secrets out of every text of a JSON value.
pub(crate) fn redact_texts(value: &mut Value, redactor: &Redactor) {
    match value {
        Value::String(text) => *text = redactor.redact(text),
        Value::Array(items) => items.iter_mut().for_each(|item| redact_texts(item, redactor)),
        Value::Object(map) => map.values_mut().for_each(|item| redact_texts(item, redactor)),
        _ => {}
    }
}

/// The part of a line (without line feed) that the checksum covers, if it fits.
pub(crate) fn checked(line: &[u8]) -> Result<&[u8], LineFault> {
    let body = line.len().checked_sub(SUFFIX_LEN).ok_or(LineFault::Checksum)?;
    let (body, suffix) = line.split_at(body);
    let digits = suffix.strip_prefix(SUFFIX_START).and_then(|rest| rest.strip_suffix(b"\"}"));
    let expected = format!("{:08x}", crc32c::crc32c(body));
    if digits == Some(expected.as_bytes()) { Ok(body) } else { Err(LineFault::Checksum) }
}

#[derive(Deserialize)]
struct Place {
    v: u32,
    seq: u64,
}

/// Version and position of a line whose checksum fits.
pub(crate) fn place(body: &[u8]) -> Result<(u32, u64), LineFault> {
    if let Some(place) = quick_place(body) {
        return known(place);
    }
    let place: Place = serde_json::from_slice(&closed(body))
        .map_err(|error| LineFault::Content(error.to_string()))?;
    known((place.v, place.seq))
}

fn known((version, seq): (u32, u64)) -> Result<(u32, u64), LineFault> {
    if version > JOURNAL_VERSION { Err(LineFault::Newer(version)) } else { Ok((version, seq)) }
}

/// The usual beginning `{"v":1,"seq":12,`, without parsing the rest.
fn quick_place(body: &[u8]) -> Option<(u32, u64)> {
    let (version, rest) = digits(body.strip_prefix(b"{\"v\":")?)?;
    let (seq, rest) = digits(rest.strip_prefix(b",\"seq\":")?)?;
    (rest.first() == Some(&b',')).then_some((u32::try_from(version).ok()?, seq))
}

fn digits(text: &[u8]) -> Option<(u64, &[u8])> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit())?;
    let number = std::str::from_utf8(&text[..end]).ok()?.parse().ok()?;
    Some((number, &text[end..]))
}

/// The event of a line whose checksum fits.
pub(crate) fn decode(body: &[u8]) -> Result<Envelope, LineFault> {
    let (version, _) = place(body)?;
    let json = closed(body);
    let event = if version == JOURNAL_VERSION {
        serde_json::from_slice(&json).map_err(|error| error.to_string())
    } else {
        migrate::read(&json, version, MIGRATIONS)
    };
    event.map_err(LineFault::Content)
}

fn closed(body: &[u8]) -> Vec<u8> {
    let mut json = Vec::with_capacity(body.len() + 1);
    json.extend_from_slice(body);
    json.push(b'}');
    json
}

#[cfg(test)]
mod tests {
    use super::*;
    use evolve_core::event::{Event, Resumed, Verdict};
    use evolve_core::ids::{CandidateId, Seq};
    use proptest::prelude::*;

    fn event(note: &str) -> Envelope {
        Envelope {
            v: JOURNAL_VERSION,
            seq: Seq(7),
            at: "2026-11-24T04:19:00Z".parse().unwrap(),
            event: Event::Resumed(Resumed { process: None, note: note.to_owned() }),
        }
    }

    fn line(note: &str) -> Vec<u8> {
        encode(&event(note), &Redactor::default()).unwrap()
    }

    #[test]
    fn a_line_is_a_json_object_that_anybody_can_read() {
        let text = String::from_utf8(line("hello")).unwrap();
        assert_eq!(
            text,
            "{\"v\":1,\"seq\":7,\"at\":\"2026-11-24T04:19:00Z\",\"event\":\"resumed\",\
             \"note\":\"hello\",\"crc\":\"59bcbf5f\"}\n"
        );
        serde_json::from_str::<Value>(&text).unwrap();
        let whole: Envelope = serde_json::from_str(&text).unwrap();
        assert_eq!(whole, event("hello"));
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let good = line("hello");
        let good = good.strip_suffix(b"\n").unwrap();
        assert_eq!(decode(checked(good).unwrap()).unwrap(), event("hello"));
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.to_vec();
                bad[at] ^= 1 << bit;
                assert_eq!(checked(&bad), Err(LineFault::Checksum), "byte {at} bit {bit}");
            }
        }
    }

    #[test]
    fn a_line_of_a_newer_version_says_so() {
        let body = br#"{"v":2,"seq":0,"what":"ever""#;
        assert_eq!(decode(body), Err(LineFault::Newer(2)));
        let spaced = br#"{ "seq":0, "v":2"#;
        assert_eq!(decode(spaced), Err(LineFault::Newer(2)));
    }

    #[test]
    fn secrets_do_not_reach_the_journal_and_never_break_a_line() {
        let redactor = Redactor::new(["sk-secret-1".to_owned(), "123456".to_owned()]);
        let mut secret = event("key sk-secret-1");
        secret.seq = Seq(123_456);
        let line = encode(&secret, &redactor).unwrap();
        let read = decode(checked(&line[..line.len() - 1]).unwrap()).unwrap();
        assert_eq!(read.seq, secret.seq);
        assert_eq!(read.event, event("key [redacted]").event);
        let clash = Redactor::new(["2026-11-24".to_owned()]);
        assert!(encode(&event(""), &clash).unwrap_err().contains("longer secret"));
    }

    #[test]
    fn a_number_that_json_cannot_hold_is_refused_instead_of_lost() {
        let mut odd = event("");
        odd.event = Event::Promoted(evolve_core::event::Promoted {
            candidate: CandidateId(1),
            score: f64::NAN,
            gain: 0.0,
            previous: None,
        });
        assert!(encode(&odd, &Redactor::default()).unwrap_err().contains("not finite"));
        let why = "null and void".to_owned();
        odd.event = Event::Demoted(Verdict { candidate: CandidateId(1), why });
        assert!(encode(&odd, &Redactor::default()).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_read_back(note in any::<String>()) {
            let line = line(&note);
            prop_assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1));
            let read = decode(checked(&line[..line.len() - 1]).unwrap()).unwrap();
            prop_assert_eq!(read, event(&note));
        }

        #[test]
        fn garbage_is_never_a_line(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(checked(&bytes).is_err());
        }
    }
}
