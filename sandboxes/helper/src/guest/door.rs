//! A TCP port of the sandbox's own loopback that leads to a Unix socket of the host: the one way
//! out of a sandbox without a network.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;

/// Connections at once; what comes beyond them waits.
const MOST: usize = 32;

/// Opens a port that leads to the socket, for as long as this process lives.
pub(super) fn open(socket: &str) -> io::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    let socket = socket.to_owned();
    thread::Builder::new().name("door".to_owned()).spawn(move || serve(&listener, &socket))?;
    Ok(port)
}

/// The handle is the count: each connection holds one, this thread another.
fn serve(listener: &TcpListener, socket: &str) {
    let open = Arc::new(());
    for inside in listener.incoming() {
        let Ok(inside) = inside else { continue };
        if Arc::strong_count(&open) > MOST {
            continue; // closed unheard; clients try again
        }
        let Ok(outside) = UnixStream::connect(socket) else { continue };
        let held = Arc::clone(&open);
        let pass = move || {
            let _ = pass(&inside, &outside);
            drop(held);
        };
        // Without a thread for it the connection is closed.
        let _ = thread::Builder::new().name("door".to_owned()).spawn(pass);
    }
}

/// Passes bytes on in both directions until both have ended.
fn pass(inside: &TcpStream, outside: &UnixStream) -> io::Result<()> {
    inside.set_nodelay(true)?;
    thread::scope(|scope| {
        let (mut from, mut to) = (inside, outside);
        thread::Builder::new().spawn_scoped(scope, move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = outside.shutdown(Shutdown::Write);
        })?;
        let (mut from, mut to) = (outside, inside);
        let _ = io::copy(&mut from, &mut to);
        let _ = inside.shutdown(Shutdown::Write);
        // A client that is silent must not hold the connection when the other end is gone.
        let _ = inside.shutdown(Shutdown::Read);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixListener;

    #[test]
    fn bytes_pass_both_ways_and_ends_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let host = UnixListener::bind(&path).unwrap();
        let echo = thread::spawn(move || {
            for _ in 0..2 {
                let (mut stream, _) = host.accept().unwrap();
                let mut said = Vec::new();
                stream.read_to_end(&mut said).unwrap();
                stream.write_all(&said).unwrap();
            }
        });
        let port = open(path.to_str().unwrap()).unwrap();
        for text in ["first", &"much ".repeat(1 << 18)] {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let (mut back, sent) = (String::new(), text.to_owned());
            let mut writing = stream.try_clone().unwrap();
            let writer = thread::spawn(move || {
                writing.write_all(sent.as_bytes()).unwrap();
                writing.shutdown(Shutdown::Write).unwrap();
            });
            stream.read_to_string(&mut back).unwrap();
            writer.join().unwrap();
            assert_eq!(back.len(), text.len());
        }
        echo.join().unwrap();
        // Nobody is at the other end any more.
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0);
    }
}
