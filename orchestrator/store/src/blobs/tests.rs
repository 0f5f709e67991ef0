use super::*;
use proptest::prelude::*;

fn open(dir: &Path) -> Blobs {
    Blobs::open_writer_with(dir, Redactor::default(), 4 << 10).unwrap()
}

fn read_only(dir: &Path) -> Blobs {
    let blobs = Blobs::new(dir, Redactor::default(), Places::new(), (0, 0), None);
    blobs.follow().unwrap();
    blobs
}

fn noise(seed: u32, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761).max(1);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    (0..len).map(|_| next()).collect()
}

#[test]
fn blobs_come_back_after_any_number_of_segments_and_reopenings() {
    let dir = tempfile::tempdir().unwrap();
    let texts: Vec<Vec<u8>> = (0..40).map(|n| noise(n, 37 * n as usize)).collect();
    let mut hashes = Vec::new();
    for chunk in texts.chunks(7) {
        let blobs = open(dir.path());
        hashes.extend(chunk.iter().map(|text| blobs.store(text).unwrap()));
    }
    assert!(segments(dir.path()).unwrap().len() > 3);
    for blobs in [open(dir.path()), read_only(dir.path())] {
        assert_eq!(blobs.len(), texts.len());
        for (hash, text) in hashes.iter().zip(&texts) {
            assert_eq!(&blobs.load(*hash).unwrap(), text);
        }
    }
}

#[test]
fn a_blob_is_stored_once_and_compressed_when_that_is_shorter() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = open(dir.path());
    let length = || fs::metadata(segment_path(dir.path(), 1)).unwrap().len();
    let text = "the same words again and again. ".repeat(50);
    let hash = blobs.store(text.as_bytes()).unwrap();
    let once = length();
    assert!(once < 300, "{once}");
    assert_eq!(blobs.store(text.as_bytes()).unwrap(), hash);
    assert_eq!(length(), once);
    blobs.store(b"short").unwrap();
    assert_eq!(length(), once + RECORD as u64 + 5);
}

const RECORD: usize = segment::RECORD_LEN;

#[test]
fn secrets_are_taken_out_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let redactor = Redactor::new(["sk-very-secret".to_owned()]);
    let blobs = Blobs::open_writer_with(dir.path(), redactor, SEGMENT_LEN).unwrap();
    let hash = blobs.store(b"key=sk-very-secret!").unwrap();
    assert_eq!(blobs.load(hash).unwrap(), b"key=[redacted]!");
    let file = fs::read(segment_path(dir.path(), 1)).unwrap();
    assert!(!file.windows(9).any(|window| window == b"very-secr"));
}

#[test]
fn a_reader_follows_a_writer_and_never_writes() {
    let dir = tempfile::tempdir().unwrap();
    let writer = open(dir.path());
    let reader = read_only(dir.path());
    assert!(reader.store(b"x").unwrap_err().to_string().contains("reading only"));
    for n in 0..60 {
        let hash = writer.store(&noise(n, 300)).unwrap();
        assert_eq!(reader.load(hash).unwrap(), noise(n, 300), "blob {n}");
    }
    assert!(reader.load(BlobHash::of(b"never stored")).is_err());
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_kept_aside_and_written_anew() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = open(dir.path());
    let first = blobs.store(&noise(1, 90)).unwrap();
    let whole = fs::metadata(segment_path(dir.path(), 1)).unwrap().len();
    let second = blobs.store(&noise(2, 80)).unwrap();
    drop(blobs);
    let bytes = fs::read(segment_path(dir.path(), 1)).unwrap();
    for length in 0..bytes.len() {
        let other = tempfile::tempdir().unwrap();
        let path = segment_path(other.path(), 1);
        fs::write(&path, &bytes[..length]).unwrap();
        let reader = read_only(other.path());
        let blobs = open(other.path());
        let kept = length as u64 >= whole;
        assert_eq!(blobs.load(first).is_ok(), kept, "cut at {length}");
        assert_eq!(reader.load(first).is_ok(), kept, "cut at {length}");
        assert!(blobs.load(second).is_err(), "cut at {length}");
        for n in [1, 2] {
            blobs.store(&noise(n, if n == 1 { 90 } else { 80 })).unwrap();
        }
        assert_eq!(blobs.load(second).unwrap(), noise(2, 80), "cut at {length}");
        let blobs = open(other.path());
        assert_eq!(blobs.load(first).unwrap(), noise(1, 90), "cut at {length}");
    }
}

#[test]
fn a_flipped_byte_loses_one_blob_at_most_and_gives_no_wrong_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = open(dir.path());
    let hashes: Vec<_> = (0..4).map(|n| blobs.store(&noise(n, 60)).unwrap()).collect();
    drop(blobs);
    let bytes = fs::read(segment_path(dir.path(), 1)).unwrap();
    for at in segment::HEADER_LEN as usize..bytes.len() {
        let other = tempfile::tempdir().unwrap();
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x20;
        fs::write(segment_path(other.path(), 1), damaged).unwrap();
        for blobs in [read_only(other.path()), open(other.path())] {
            let lost = (0..4).filter(|n| match blobs.load(hashes[*n]) {
                Ok(bytes) => {
                    assert_eq!(bytes, noise(*n as u32, 60));
                    false
                }
                Err(_) => true,
            });
            assert_eq!(lost.count(), 1, "flipped byte {at}");
        }
        let blobs = open(other.path());
        for n in 0..4 {
            blobs.store(&noise(n, 60)).unwrap();
            assert_eq!(blobs.load(hashes[n as usize]).unwrap(), noise(n, 60));
        }
    }
}

#[test]
fn a_damaged_or_missing_sidecar_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = open(dir.path());
    let hashes: Vec<_> = (0..60).map(|n| blobs.store(&noise(n, 200)).unwrap()).collect();
    drop(blobs);
    let beside = sidecar_path(dir.path(), 1);
    let good = fs::read(&beside).unwrap();
    for damage in [None, Some(vec![]), Some(good[..good.len() - 9].to_vec())] {
        match damage {
            None => fs::remove_file(&beside).unwrap(),
            Some(bytes) => fs::write(&beside, bytes).unwrap(),
        }
        let reader = read_only(dir.path());
        assert!(hashes.iter().all(|hash| reader.load(*hash).is_ok()));
        open(dir.path());
        assert_eq!(fs::read(&beside).unwrap(), good, "a writer mends it");
    }
}

#[test]
fn a_segment_of_a_newer_version_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let path = segment_path(dir.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    bytes[8] = 9;
    fs::write(&path, &bytes).unwrap();
    let error = Blobs::open_writer_with(dir.path(), Redactor::default(), 1).err().unwrap();
    assert!(error.to_string().contains("newer evolve"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn on_a_full_disk_nothing_is_written_any_more_and_what_is_durable_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = open(dir.path());
    let kept = blobs.store(b"kept").unwrap();
    blobs.sync().unwrap();
    blobs.write_to_a_full_disk();
    for _ in 0..2 {
        let error = blobs.store(b"more").unwrap_err().to_string();
        assert!(error.contains("No space left"), "{error}");
        assert!(blobs.sync().unwrap_err().to_string().contains("No space left"));
    }
    assert_eq!(blobs.load(kept).unwrap(), b"kept");
}

#[test]
fn a_failed_sync_takes_back_what_is_perhaps_not_durable() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = open(dir.path());
    let kept = blobs.store(b"kept").unwrap();
    blobs.sync().unwrap();
    let lost = blobs.store(b"perhaps lost").unwrap();
    let writer = blobs.writer.as_ref().unwrap();
    lock(&writer.appender).synced(1, 0, Err(std::io::Error::other("EIO"))).unwrap_err();
    assert!(blobs.sync().unwrap_err().to_string().contains("EIO"));
    let blobs = open(dir.path());
    assert!(blobs.load(kept).is_ok());
    assert!(blobs.load(lost).is_err());
}

#[test]
fn blobs_put_by_many_threads_all_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = open(dir.path());
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let blobs = &blobs;
            scope.spawn(move || {
                for n in 0..50 {
                    let text = noise(thread % 2 * 50 + n, 200);
                    let hash = blobs.store(&text).unwrap();
                    blobs.sync().unwrap();
                    assert_eq!(blobs.load(hash).unwrap(), text);
                }
            });
        }
    });
    assert_eq!(blobs.len(), 100);
    assert_eq!(open(dir.path()).len(), 100);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_bytes_come_back(texts in proptest::collection::vec(
        proptest::collection::vec(any::<u8>(), 0..2_000), 1..20)) {
        let dir = tempfile::tempdir().unwrap();
        let blobs = open(dir.path());
        let hashes: Vec<_> = texts.iter().map(|text| blobs.store(text).unwrap()).collect();
        let again = open(dir.path());
        for (hash, text) in hashes.iter().zip(&texts) {
            prop_assert_eq!(*hash, BlobHash::of(text));
            prop_assert_eq!(&blobs.load(*hash).unwrap(), text);
            prop_assert_eq!(&again.load(*hash).unwrap(), text);
        }
    }
}
