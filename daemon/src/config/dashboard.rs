//! `dashboard`: `off`, or where it is.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use super::Dashboard;

/// As written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written(pub(super) Dashboard);

/// Below are those that only the system's own services may have.
const LOWEST_PORT: u16 = 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    port: u16,
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Form).map(Self)
    }
}

struct Form;

impl<'de> Visitor<'de> for Form {
    type Value = Dashboard;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("for `dashboard`: `off`, or `{port: N}` with a port from 1024 to 65535")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Dashboard, E> {
        match word {
            "off" => Ok(Dashboard::Off),
            _ => Err(E::invalid_value(Unexpected::Str(word), &self)),
        }
    }

    /// What `off` is to a reader of YAML 1.1.
    fn visit_bool<E: Error>(self, on: bool) -> Result<Dashboard, E> {
        if on {
            return Err(E::invalid_value(Unexpected::Bool(on), &self));
        }
        Ok(Dashboard::Off)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Dashboard, A::Error> {
        let Place { port } = Place::deserialize(MapAccessDeserializer::new(map))?;
        if port < LOWEST_PORT {
            let written = Unexpected::Unsigned(port.into());
            return Err(A::Error::invalid_value(written, &self));
        }
        Ok(Dashboard::At(port))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Dashboard};

    #[test]
    fn it_is_on_unless_it_is_said_to_be_off() {
        let of = |text: &str| Config::parse(text).map(|it| it.dashboard);
        assert_eq!(of("\n"), Ok(Dashboard::Kept));
        assert_eq!(of("dashboard: off\n"), Ok(Dashboard::Off));
        assert_eq!(of("dashboard: 'off'\n"), Ok(Dashboard::Off));
        assert_eq!(of("dashboard:\n  port: 8123\n"), Ok(Dashboard::At(8123)));
    }

    #[test]
    fn what_it_can_not_be_is_refused_with_what_it_can() {
        for text in [
            "dashboard: on\n",
            "dashboard: yes\n",
            "dashboard: true\n",
            "dashboard: 8123\n",
            "dashboard: {port: 80}\n",
            "dashboard: {port: 0}\n",
        ] {
            let error = Config::parse(text).unwrap_err();
            assert!(error.contains("`{port: N}`"), "{text}: {error}");
        }
        for (text, told) in [
            ("dashboard: {port: 70000}\n", "70000"),
            ("dashboard: {prot: 8123}\n", "prot"),
            ("dashboard: {}\n", "port"),
            ("dashboard: {port: 8123, host: 0.0.0.0}\n", "host"),
        ] {
            let error = Config::parse(text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
