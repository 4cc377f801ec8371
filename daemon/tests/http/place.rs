//! Where the door is.

use std::collections::BTreeSet;
use std::net::{TcpListener, TcpStream};

use serde_json::json;

use crate::running::{CONFIG, Running};

/// Whoever sits there shares the origin of every page that is still open.
#[test]
fn where_another_program_took_the_port_all_tokens_end_and_the_person_is_told() {
    let mut daemon = Running::new();
    let (port, token) = (daemon.port(), daemon.token());
    let mut squatter = None;
    daemon.again(|| squatter = Some(TcpListener::bind(("127.0.0.1", port)).unwrap()));
    let moved = daemon.port();
    assert_ne!(moved, port);
    assert_eq!(daemon.get("/api/v1/status", &token).status, 401);
    let told = daemon.status()["attention"].to_string();
    assert!(told.contains(&format!("port {port}")), "{told}");
    let records = daemon.events("DASHBOARD_MOVED");
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["old_port"], port);
    assert_eq!(records[0]["new_port"], moved);
    assert_eq!(records[0]["revoked"], 1);
    let token = daemon.token();
    daemon.again(|| drop(squatter));
    assert_eq!(daemon.port(), moved, "it does not go back");
    assert_eq!(daemon.get("/api/v1/status", &token).status, 200);
    assert!(!daemon.status()["attention"].to_string().contains("port"));
}

#[test]
fn a_port_that_was_asked_for_and_is_taken_means_no_dashboard_and_a_daemon_that_runs() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let daemon = Running::with(&format!("{CONFIG}dashboard: {{port: {port}}}\n"));
    let status = daemon.status();
    assert!(status["dashboard"].is_null());
    let told = status["attention"].to_string();
    assert!(
        told.contains(&format!("port {port} can't be had")),
        "{told}"
    );
    for op in ["dashboard_code", "dashboard_token"] {
        let refused = daemon.ask(&json!({"op": op}));
        let message = refused["error"]["message"].as_str().unwrap();
        assert!(message.contains("config.yaml"), "{refused}");
    }
}

#[test]
fn the_port_that_was_asked_for_is_it_and_another_one_ends_the_tokens() {
    // Others may take one of the system's own choice meanwhile; then the next is tried.
    let (mut daemon, port) = (0..20)
        .find_map(|_| {
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = free.local_addr().unwrap().port();
            drop(free);
            let daemon = Running::with(&format!("{CONFIG}dashboard: {{port: {port}}}\n"));
            let there = daemon.status()["dashboard"].is_string();
            there.then_some((daemon, port))
        })
        .unwrap();
    assert_eq!(daemon.port(), port);
    let token = daemon.token();
    daemon.again(|| {});
    assert_eq!(daemon.get("/api/v1/status", &token).status, 200);
    let config = daemon.home.path().join("config.yaml");
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let other_port = other.local_addr().unwrap().port();
    drop(other);
    daemon.again(|| {
        let text = format!("{CONFIG}dashboard: {{port: {other_port}}}\n");
        std::fs::write(config, text).unwrap();
    });
    assert_eq!(daemon.port(), other_port);
    assert_eq!(daemon.get("/api/v1/status", &token).status, 401);
}

#[test]
fn off_is_off() {
    let mut daemon = Running::new();
    let port = daemon.port();
    let config = daemon.home.path().join("config.yaml");
    let off = format!("{CONFIG}dashboard: off\n");
    daemon.again(|| std::fs::write(config, off).unwrap());
    assert!(daemon.status()["dashboard"].is_null());
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    assert!(
        !daemon.status()["attention"]
            .to_string()
            .contains("dashboard")
    );
    let refused = daemon.ask(&json!({"op": "dashboard_code"}));
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("`dashboard` is off in config.yaml"),
        "{message}"
    );
}

#[test]
fn daemons_that_start_together_have_a_port_each() {
    let daemons: Vec<_> = (0..8).map(|_| Running::new()).collect();
    let ports: BTreeSet<u16> = daemons.iter().map(Running::port).collect();
    assert_eq!(ports.len(), daemons.len());
    assert!(
        ports.iter().all(|port| (20_000..32_768).contains(port)),
        "{ports:?}"
    );
}

#[test]
fn only_the_loopback_address_is_listened_at() {
    let daemon = Running::new();
    let port = daemon.port();
    for other in ["127.0.0.2", "::1"] {
        assert!(TcpStream::connect((other, port)).is_err(), "{other}");
    }
}
