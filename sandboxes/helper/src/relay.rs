//! Inside a container: process 1 listens on a socket, and a relay, started by the daemon for a
//! controller, carries bytes between the controller and that socket.

use std::io::{self, Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};

use crate::guest::meter::{Groups, Meter};
use crate::guest::{Guest, Link, Scope, serve};
use crate::sys;

/// Where process 1 listens: a name without a file, which nobody can take away from it as long
/// as it lives, and it lives as long as the container.
const SOCKET: &str = "evolve-helper";

/// Process 1 of a container.
///
/// # Errors
/// When the socket cannot be made.
pub fn first_process() -> io::Result<()> {
    sys::hide();
    let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(SOCKET)?)?;
    let meter = Meter::open(&Groups::of_container());
    let link = Link::Socket { listener, stream: None };
    serve(Guest { link, scope: Scope::Namespace, meter });
    Ok(())
}

/// Carries bytes until one end is gone.
///
/// # Errors
/// When process 1 does not listen.
pub fn relay() -> io::Result<()> {
    sys::hide();
    let socket = connect(&SocketAddr::from_abstract_name(SOCKET)?)?;
    let mut answers = socket.try_clone()?;
    std::thread::spawn(move || {
        let _ = copy(&mut answers, &mut io::stdout());
        // The controller hears of the end by this process's.
        std::process::exit(0);
    });
    let mut asks = &socket;
    copy(&mut io::stdin(), &mut asks)
}

/// The daemon may start a relay before process 1 listens.
fn connect(address: &SocketAddr) -> io::Result<UnixStream> {
    let mut tries = 0;
    loop {
        match UnixStream::connect_addr(address) {
            Ok(socket) => return Ok(socket),
            Err(error) if tries == 500 => return Err(error),
            Err(_) => std::thread::sleep(std::time::Duration::from_millis(10)),
        }
        tries += 1;
    }
}

/// As `io::copy`, but every chunk is passed on at once.
fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut chunk = vec![0; 256 * 1024];
    loop {
        let n = from.read(&mut chunk)?;
        if n == 0 {
            return Ok(());
        }
        to.write_all(&chunk[..n])?;
        to.flush()?;
    }
}
