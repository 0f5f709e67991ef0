//! Keys that a command prints, as a password manager does. Asked once in the life of this
//! process: the person may have to confirm.

use std::collections::HashMap;
use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};

/// Longest key, in bytes.
const LONGEST: u64 = 64 << 10;

/// What the command prints, without the space around it. An error says what happened, never
/// what was printed.
pub(crate) fn ask(command: &[String]) -> Result<String, String> {
    static KNOWN: LazyLock<Mutex<HashMap<Vec<String>, String>>> = LazyLock::new(Mutex::default);
    // Held while it is asked, so that it is asked once.
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(key) = known.get(command) {
        return Ok(key.clone());
    }
    let key = run(command)?;
    known.insert(command.to_vec(), key.clone());
    Ok(key)
}

fn run(command: &[String]) -> Result<String, String> {
    let (program, arguments) = command.split_first().ok_or("it is empty")?;
    // Its questions and complaints go to the terminal, as if it had been started by hand.
    let mut child = Command::new(program)
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("it cannot be started: {error}"))?;
    let mut text = String::new();
    let read = child.stdout.take().map(|output| output.take(LONGEST).read_to_string(&mut text));
    let status = child.wait().map_err(|error| error.to_string())?;
    if !status.success() {
        return Err(format!("it ended with {status}"));
    }
    match read {
        Some(Ok(_)) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
        Some(Err(error)) => Err(format!("its output cannot be read: {error}")),
        _ => Err("it printed nothing".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Vec<String> {
        ["sh", "-c", script].map(str::to_owned).to_vec()
    }

    #[test]
    fn the_key_is_what_it_prints() {
        assert_eq!(ask(&sh("echo ' sk-1 '")).unwrap(), "sk-1");
        assert!(ask(&sh("echo sk-secret; exit 3")).unwrap_err().contains("exit status: 3"));
        assert!(!ask(&sh("echo sk-secret; exit 3")).unwrap_err().contains("secret"));
        assert_eq!(ask(&sh("true")).unwrap_err(), "it printed nothing");
        let none = ["/no/such/program".to_owned()];
        assert!(ask(&none).unwrap_err().contains("cannot be started"));
    }

    #[test]
    fn it_is_asked_once() {
        let folder = tempfile::tempdir().unwrap();
        let count = folder.path().join("count").display().to_string();
        let command = sh(&format!("echo x >> {count}; echo key"));
        for _ in 0..3 {
            assert_eq!(ask(&command).unwrap(), "key");
        }
        assert_eq!(std::fs::read_to_string(count).unwrap(), "x\n");
    }
}
