//! The supervisor by itself, for tests, benches and programs that embed the sandbox.
//! `evolve` has it built in.

fn main() {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    let code = evolve_sandbox::helper_main(&args).unwrap_or_else(|| {
        eprintln!("this program is started by a sandbox, not by hand");
        2
    });
    std::process::exit(code);
}
