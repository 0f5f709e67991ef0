//! The sandbox's supervisor, for this crate's tests and benches.

fn main() {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    std::process::exit(evolve_sandbox::helper_main(&args).unwrap_or(2));
}
