//! A webhook: a real HTTP server that keeps what it is sent.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use serde_json::Value;

/// What it answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Answer {
    /// A status.
    Status(u16),
    /// A redirect to itself.
    Elsewhere,
    /// Nothing, for ever.
    Nothing,
}

#[derive(Default)]
struct Kept {
    notices: Mutex<Vec<Value>>,
    more: Condvar,
}

/// See the module's page.
pub struct Hook {
    kept: Arc<Kept>,
    address: String,
}

impl Hook {
    pub fn start(answer: impl Fn(&Value) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let kept = Arc::new(Kept::default());
        let (store, answer) = (Arc::clone(&kept), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (store, answer) = (Arc::clone(&store), Arc::clone(&answer));
                std::thread::spawn(move || serve(&stream.unwrap(), &store, &*answer));
            }
        });
        Self { kept, address }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn notices(&self) -> Vec<Value> {
        self.kept.notices.lock().unwrap().clone()
    }

    /// What of one kind came so far.
    pub fn of(&self, event: &str) -> Vec<Value> {
        self.notices().into_iter().filter(|notice| notice["event"] == event).collect()
    }

    /// Waits for a notice.
    pub fn wait_for(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut notices = self.kept.notices.lock().unwrap();
        loop {
            if let Some(found) = notices.iter().find(|notice| wanted(notice)) {
                return found.clone();
            }
            notices = self.kept.more.wait(notices).unwrap();
        }
    }
}

fn serve(stream: &TcpStream, kept: &Kept, answer: &dyn Fn(&Value) -> Answer) {
    let mut reader = BufReader::new(stream);
    while let Some(notice) = request(&mut reader) {
        let answer = answer(&notice);
        kept.notices.lock().unwrap().push(notice);
        kept.more.notify_all();
        let status = match answer {
            Answer::Status(status) => format!("{status} X"),
            Answer::Elsewhere => "307 X\r\nlocation: /elsewhere".to_owned(),
            Answer::Nothing => loop {
                std::thread::park();
            },
        };
        let mut stream = stream;
        let answered = write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        if answered.is_err() {
            return;
        }
    }
}

/// The JSON of a POST, with its path and type beside; none at the end of the connection.
fn request(reader: &mut impl BufRead) -> Option<Value> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    assert!(line.starts_with("POST "), "{line}");
    let path = line.split(' ').nth(1).unwrap().to_owned();
    let (mut length, mut kind) = (0, String::new());
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "content-type" => value.clone_into(&mut kind),
            _ => {}
        }
    }
    assert_eq!(kind, "application/json");
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut notice: Value = serde_json::from_slice(&body).unwrap();
    notice["path"] = path.into();
    Some(notice)
}
