//! Real servers driven by real clients: what either sees through aip under allow-all equals what
//! it sees without aip. One test for each pair, named `server::client`.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what fails ends the test; a JSON member not there reads as null"
)]

#[path = "counterparts/clients.rs"]
mod clients;
#[path = "counterparts/page.rs"]
mod page;
#[path = "counterparts/pair.rs"]
mod pair;
#[path = "counterparts/pins.rs"]
mod pins;
#[path = "counterparts/run.rs"]
mod run;
#[path = "counterparts/scan.rs"]
mod scan;
#[path = "counterparts/servers.rs"]
mod servers;
#[path = "counterparts/world.rs"]
mod world;

/// The tests of one server, a test for each client.
macro_rules! driven_by {
    ($server:ident: $($client:ident),+ $(,)?) => {
        $(
            #[test]
            fn $client() {
                let name = concat!(stringify!($server), "::", stringify!($client));
                crate::pair::check(name, crate::servers::$server, &crate::clients::$client());
            }
        )+
    };
}

/// The whole table: every server, every client.
macro_rules! servers {
    ($($server:ident),+ $(,)?) => {
        $(
            mod $server {
                driven_by!(
                    $server: python_sdk_1,
                    python_sdk_2,
                    python_sdk_2_auto,
                    typescript_sdk_1,
                    typescript_sdk_2,
                    typescript_sdk_2_auto,
                    inspector_0_15,
                    inspector_2_12,
                    fastmcp_4,
                    rmcp_3,
                    rmcp_3_auto,
                );
            }
        )+
    };
}

servers!(
    everything,
    filesystem,
    memory,
    sequential_thinking,
    git,
    time,
    fetch,
    sqlite,
    notes,
);
