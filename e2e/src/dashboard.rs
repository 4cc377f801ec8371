//! The dashboard's door, as a program that has a code comes in by it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::home::Home;

const PATIENCE: Duration = Duration::from_secs(30);

/// Where it is.
#[derive(Clone, Copy, Debug)]
pub struct Dashboard {
    /// The port.
    pub port: u16,
}

impl Dashboard {
    /// As the daemon tells.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn of(home: &Home) -> Self {
        let status = home.status();
        let url = status["dashboard"].as_str().expect("there is a dashboard");
        let port = url.trim_end_matches('/').rsplit(':').next();
        let port = port.and_then(|port| port.parse().ok());
        Self {
            port: port.expect("its address has a port"),
        }
    }

    /// A code, as the person's terminal gets one.
    ///
    /// # Panics
    /// When there is none to be had.
    #[must_use]
    pub fn code(&self, home: &Home) -> String {
        let printed = home.ctl(&["dashboard", "--print"]);
        let address = String::from_utf8_lossy(&printed.stdout).into_owned();
        let (_, code) = address.trim().split_once("#code=").unwrap_or_else(|| {
            let said = String::from_utf8_lossy(&printed.stderr);
            panic!("no code: {said}")
        });
        code.to_owned()
    }

    /// A token for everything, traded by this program.
    ///
    /// # Panics
    /// When the code gets none.
    #[must_use]
    pub fn token(&self, home: &Home) -> String {
        let body = json!({"code": self.code(home)});
        let traded = request(self.port, "POST", "/api/v1/token", "", Some(&body));
        assert_eq!(traded.status, 200, "{traded:?}");
        traded.json()["token"].as_str().expect("a token").to_owned()
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Answered {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }
}

/// Asks the door for something.
///
/// # Panics
/// When it can't be reached, or does not answer.
#[must_use]
pub fn request(port: u16, method: &str, path: &str, token: &str, body: Option<&Value>) -> Answered {
    let mut stream = connect(port);
    write!(stream, "{}", written(port, method, path, token, body)).expect("it is sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it is answered");
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    let status = head.split(' ').nth(1).and_then(|it| it.parse().ok());
    Answered {
        status: status.expect("an answer has a status"),
        body: body.to_owned(),
    }
}

/// A request's text.
#[must_use]
pub fn written(port: u16, method: &str, path: &str, token: &str, body: Option<&Value>) -> String {
    let body = body.map(Value::to_string).unwrap_or_default();
    let bearer = match token {
        "" => String::new(),
        token => format!("authorization: Bearer {token}\r\n"),
    };
    format!(
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n{bearer}\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A connection.
///
/// # Panics
/// When there is none to be had.
#[must_use]
pub fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("the dashboard listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    stream
        .set_write_timeout(Some(PATIENCE))
        .expect("a time-out");
    stream
}

/// Lines of `/api/v1/events` as they come, after this record.
///
/// # Panics
/// When they are not to be had.
pub fn events(port: u16, token: &str, after: Option<u64>) -> impl Iterator<Item = String> + use<> {
    let mut stream = connect(port);
    let path = after.map_or("/api/v1/events".to_owned(), |after| {
        format!("/api/v1/events?after={after}")
    });
    write!(stream, "{}", written(port, "GET", &path, token, None)).expect("it is sent");
    BufReader::new(stream).lines().map_while(Result::ok)
}
