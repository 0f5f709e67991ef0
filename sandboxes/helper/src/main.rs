//! The first process of a container, and the relay that leads to it. Started by `evolve`, not
//! by hand.

fn main() {
    let word = std::env::args().nth(1).unwrap_or_default();
    let result = match word.as_str() {
        #[cfg(target_os = "linux")]
        "first" => evolve_sandbox_helper::relay::first_process(),
        #[cfg(target_os = "linux")]
        "relay" => evolve_sandbox_helper::relay::relay(),
        _ => Err(std::io::Error::other("this program is started by a sandbox, not by hand")),
    };
    if let Err(error) = result {
        eprintln!("evolve's helper: {error}");
        std::process::exit(2);
    }
}
