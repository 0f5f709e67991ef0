//! Secrets stay out of everything that is written.

/// Replaces known secrets in texts; applied at every write boundary.
#[derive(Clone, Default)]
pub struct Redactor {
    secrets: Vec<String>,
}

/// What stands in a secret's place.
pub const REDACTED: &str = "[redacted]";

impl Redactor {
    /// A redactor for these secrets. Very short ones are ignored: replacing them would
    /// garble ordinary text.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut secrets: Vec<String> = secrets.into_iter().filter(|s| s.len() >= 6).collect();
        // Longest first, so that a secret that contains another is replaced whole.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self { secrets }
    }

    /// The text without secrets.
    pub fn redact(&self, text: &str) -> String {
        let mut clean = text.to_owned();
        for secret in &self.secrets {
            if clean.contains(secret.as_str()) {
                clean = clean.replace(secret.as_str(), REDACTED);
            }
        }
        clean
    }

    /// The bytes without secrets.
    pub fn redact_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut clean = bytes.to_vec();
        for secret in &self.secrets {
            let needle = secret.as_bytes();
            let mut from = 0;
            while let Some(at) =
                clean[from..].windows(needle.len()).position(|window| window == needle)
            {
                let at = from + at;
                clean.splice(at..at + needle.len(), REDACTED.bytes());
                // What was put in its place is not looked at again.
                from = at + REDACTED.len();
            }
        }
        clean
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} secrets)", self.secrets.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_is_part_of_its_own_replacement_ends() {
        let redactor = Redactor::new(["redact".into()]);
        assert_eq!(redactor.redact_bytes(b"a redact b"), b"a [redacted] b");
        assert_eq!(redactor.redact("a redact b"), "a [redacted] b");
    }

    #[test]
    fn secrets_vanish_from_text_and_bytes() {
        let redactor = Redactor::new(["sk-secret-1".into(), "sk-secret-12".into(), "a".into()]);
        assert_eq!(redactor.redact("key sk-secret-12 a"), "key [redacted] a");
        assert_eq!(redactor.redact_bytes(b"\xff sk-secret-1"), b"\xff [redacted]");
        assert!(!format!("{redactor:?}").contains("secret-1"));
    }
}
