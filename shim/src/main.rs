//! `aip`: runs an MCP server as the client would and lets the daemon judge every frame.

fn main() -> std::process::ExitCode {
    shim::run(std::env::args_os()).mirror()
}
