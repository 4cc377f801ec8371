//! What is demanded of an argument: the first of what all its values meet, the tightest first.

use super::Argument;
use crate::constraint::sql;
use crate::suggest::text::{counted, list};

/// A value is named only where each was seen so often, taken all together.
const REPEATS: u64 = 2;

/// What it has to be, as YAML, and the comment on it.
pub(in crate::suggest) struct Demand {
    pub(in crate::suggest) yaml: String,
    pub(in crate::suggest) note: String,
}

impl Argument {
    /// What is demanded of it.
    pub(in crate::suggest) fn demand(&self) -> Demand {
        if let Some(why) = self.anything() {
            return Demand {
                yaml: "'.*'".to_owned(),
                note: format!("any text: {why}"),
            };
        }
        self.by_meaning()
            .or_else(|| self.by_value())
            .unwrap_or_else(|| self.by_form())
    }

    /// Why nothing can be demanded.
    fn anything(&self) -> Option<String> {
        if self.redacted > 0 {
            let of = counted(self.seen, "value");
            return Some(format!("{} of {of} redacted in the record", self.redacted));
        }
        if self.secret > 0 {
            let of = counted(self.seen, "value");
            return Some(format!("{} of {of} had the look of a secret", self.secret));
        }
        let why = "what could be said of it refused a call that passed";
        self.refused_once.then(|| why.to_owned())
    }

    fn by_meaning(&self) -> Option<Demand> {
        if let Some(dialect) = self.dialects.first() {
            let word = dialect.word();
            let dialect = match dialect {
                sql::Dialect::Any => String::new(),
                sql::Dialect::Postgres
                | sql::Dialect::MySql
                | sql::Dialect::Sqlite
                | sql::Dialect::MsSql => format!(", dialect: {word}"),
            };
            return Some(Demand {
                yaml: format!("{{sql: read_only{dialect}}}"),
                note: "statements that only read".to_owned(),
            });
        }
        if let Some(urls) = &self.urls {
            let (yaml, note) = urls.written();
            return Some(Demand { yaml, note });
        }
        let folders = self.folders.as_ref()?.folders()?;
        let texts: Vec<&str> = folders.iter().filter_map(|it| it.to_str()).collect();
        Some(Demand {
            yaml: format!("{{path: {{under: {}}}}}", list(texts.iter().copied())),
            note: format!("paths below {}", counted(texts.len() as u64, "place")),
        })
    }

    fn by_value(&self) -> Option<Demand> {
        let values = self.values.as_ref().filter(|it| !it.is_empty())?;
        let count = values.len() as u64;
        let repeats = values.values().sum::<u64>() >= REPEATS * count;
        (repeats || self.flags).then(|| Demand {
            yaml: format!("{{one_of: {}}}", list(values.keys().map(String::as_str))),
            note: counted(count, "value"),
        })
    }

    fn by_form(&self) -> Demand {
        let pattern = match &self.numbers {
            Some(numbers) => Some((numbers.pattern(), "numbers of so many digits")),
            None if self.nested => None,
            None => self.shape.pattern(),
        };
        if let Some((pattern, note)) = pattern {
            return Demand {
                yaml: format!("'{}'", pattern.replace('\'', "''")),
                note: note.to_owned(),
            };
        }
        let what = if self.nested {
            "lists or objects"
        } else {
            "text"
        };
        Demand {
            yaml: format!("{{max_length: {}}}", self.shape.length()),
            note: format!("any {what} of this length"),
        }
    }
}
