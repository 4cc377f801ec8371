//! Every revision of the protocol, spoken by real clients with real servers: through aip nothing
//! differs from without, whatever a revision has; and what no SDK speaks, line by line with a
//! scripted server. What works is listed in `docs/mcp.md`.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what fails ends the test; a JSON member not there reads as null"
)]

#[path = "counterparts/clients.rs"]
#[expect(dead_code, reason = "only the official SDKs' are used here")]
mod clients;
#[path = "counterparts/page.rs"]
mod page;
#[path = "counterparts/pair.rs"]
mod pair;
#[path = "revisions/policies.rs"]
mod policies;
#[path = "revisions/probe.rs"]
mod probe;
#[path = "counterparts/run.rs"]
mod run;
#[path = "revisions/scripted.rs"]
mod scripted;
#[path = "counterparts/servers.rs"]
#[expect(dead_code, reason = "its servers speak what the revisions share")]
mod servers;
#[path = "revisions/spoken.rs"]
mod spoken;
#[path = "counterparts/world.rs"]
mod world;

use clients::{
    python_sdk_1, python_sdk_2, python_sdk_2_auto, typescript_sdk_1, typescript_sdk_2,
    typescript_sdk_2_auto,
};
use spoken::{Has, asking, handshake, stateless};

/// The tests of one revision, a test for each client that speaks it: how it is started, and the
/// server with the steps this client takes.
macro_rules! spoken {
    ($($revision:ident { $($client:ident: $driver:expr, $make:expr;)+ })+) => {
        $(
            mod $revision {
                use super::*;

                $(
                    #[test]
                    fn $client() {
                        let name = concat!(stringify!($revision), "::", stringify!($client));
                        pair::check(name, $make, &$driver);
                    }
                )+
            }
        )+
    };
}

spoken! {
    revision_2024_11_05 {
        by_python_sdk_1: asking(python_sdk_1(), "2024-11-05"),
            |_| handshake("2024-11-05", &[Has::RootsChanged]);
        by_typescript_sdk_1: asking(typescript_sdk_1(), "2024-11-05"),
            |_| handshake("2024-11-05", &[]);
    }
    revision_2025_03_26 {
        by_python_sdk_1: asking(python_sdk_1(), "2025-03-26"),
            |_| handshake("2025-03-26", &[Has::RootsChanged]);
        by_typescript_sdk_1: asking(typescript_sdk_1(), "2025-03-26"),
            |_| handshake("2025-03-26", &[]);
    }
    revision_2025_06_18 {
        by_python_sdk_1: asking(python_sdk_1(), "2025-06-18"),
            |_| handshake("2025-06-18", &[Has::RootsChanged, Has::Elicitation]);
        by_typescript_sdk_1: asking(typescript_sdk_1(), "2025-06-18"),
            |_| handshake("2025-06-18", &[Has::Elicitation]);
    }
    revision_2025_11_25 {
        by_python_sdk_1: python_sdk_1(), |_| {
            let has = [Has::RootsChanged, Has::Elicitation, Has::Visit, Has::Tasks];
            handshake("2025-11-25", &has)
        };
        by_python_sdk_2: python_sdk_2(),
            |_| handshake("2025-11-25", &[Has::RootsChanged, Has::Elicitation, Has::Visit]);
        by_typescript_sdk_1: typescript_sdk_1(),
            |_| handshake("2025-11-25", &[Has::Elicitation, Has::Visit]);
        by_typescript_sdk_2: typescript_sdk_2(),
            |_| handshake("2025-11-25", &[Has::Elicitation, Has::Visit]);
    }
    revision_2026_07_28 {
        by_python_sdk_2: python_sdk_2_auto(), |_| stateless();
        by_typescript_sdk_2: typescript_sdk_2_auto(), |_| stateless();
    }
}
