//! Whose a connection is, as the kernel tells: the user who made the other end's socket, and the
//! processes that hold it.

use std::net::SocketAddr;

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Socket {
    /// The user who made it.
    pub(super) uid: u32,
    /// Its number among the kernel's files.
    pub(super) inode: u64,
}

/// The other end's socket; `None` where the system does not show it.
#[cfg(target_os = "linux")]
#[must_use]
pub(super) fn socket(theirs: SocketAddr, ours: SocketAddr) -> Option<Socket> {
    ["/proc/self/net/tcp", "/proc/self/net/tcp6"]
        .into_iter()
        .find_map(|table| {
            let table = std::fs::read_to_string(table).ok()?;
            find(&table, theirs, ours)
        })
}

/// The processes that hold a socket, as far as they can be seen.
#[cfg(target_os = "linux")]
#[must_use]
pub(super) fn holders(inode: u64) -> Vec<u32> {
    let wanted = format!("socket:[{inode}]");
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pids = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| holds(*pid, &wanted)).collect()
}

#[cfg(target_os = "linux")]
fn holds(pid: u32, wanted: &str) -> bool {
    // Another user's can't be read, and has no business here.
    let Ok(files) = std::fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    files
        .flatten()
        .any(|file| std::fs::read_link(file.path()).is_ok_and(|it| it.as_os_str() == wanted))
}

/// The line of `/proc/net/tcp` or `/proc/net/tcp6` (proc(5)) of the socket at `theirs` that is
/// connected with `ours`. One that nobody holds any more has no inode, and is not found.
#[cfg(any(test, target_os = "linux"))]
fn find(table: &str, theirs: SocketAddr, ours: SocketAddr) -> Option<Socket> {
    let (theirs, ours) = (written(theirs), written(ours));
    table.lines().find_map(|line| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let ends = |at: Option<&str>, wanted: &[String; 2]| {
            at.is_some_and(|at| wanted.iter().any(|wanted| wanted == at))
        };
        if !ends(fields.next(), &theirs) || !ends(fields.next(), &ours) {
            return None;
        }
        let uid = fields.nth(4)?.parse().ok()?;
        let inode = fields.nth(1)?.parse().ok().filter(|inode| *inode > 0)?;
        Some(Socket { uid, inode })
    })
}

/// An address as the tables have it: each 32 bits in the machine's own order, and the same
/// as an IPv6 socket has it.
#[cfg(any(test, target_os = "linux"))]
fn written(address: SocketAddr) -> [String; 2] {
    let SocketAddr::V4(address) = address else {
        return [String::new(), String::new()];
    };
    let word = u32::from_ne_bytes(address.ip().octets());
    let port = address.port();
    let mapped = u32::from_ne_bytes([0, 0, 0xff, 0xff]);
    [
        format!("{word:08X}:{port:04X}"),
        format!("{0:08X}{0:08X}{mapped:08X}{word:08X}:{port:04X}", 0),
    ]
}

/// Here the system does not show it to those without privileges.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub(super) fn socket(_: SocketAddr, _: SocketAddr) -> Option<Socket> {
    None
}

/// Here the system does not show it to those without privileges.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub(super) fn holders(_: u64) -> Vec<u32> {
    Vec::new()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn a_line_is_found_by_both_its_ends() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 11 1 0 100 0 0 10 0\n   1: 0100007F:C350 0100007F:1F91 01 00000000:00000000 00:00000000 00000000  1001        0 22 1 0 20 4 30 10 -1\n   2: 0100007F:C350 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1002        0 33 1 0 20 4 30 10 -1\n   3: 0100007F:C351 0100007F:1F90 06 00000000:00000000 03:00001766 00000000     0        0 0 3 0\n";
        let ours = SocketAddr::from(([127, 0, 0, 1], 8080));
        let at = |port| find(table, SocketAddr::from(([127, 0, 0, 1], port)), ours);
        let socket = Socket {
            uid: 1002,
            inode: 33,
        };
        assert_eq!(at(50000), Some(socket));
        assert_eq!(at(50001), None, "nobody holds it");
        assert_eq!(at(50002), None);
    }

    #[test]
    fn our_own_connection_is_ours() {
        for address in ["127.0.0.1", "[::ffff:127.0.0.1]"] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let ours = listener.local_addr().unwrap();
            let there = format!("{address}:{}", ours.port());
            let stream = TcpStream::connect(there).unwrap();
            let (_accepted, theirs) = listener.accept().unwrap();
            let socket = socket(theirs, ours).unwrap();
            assert_eq!(socket.uid, rustix::process::geteuid().as_raw());
            assert_eq!(holders(socket.inode), [std::process::id()]);
            drop(stream);
            assert!(holders(socket.inode).is_empty());
        }
    }
}
