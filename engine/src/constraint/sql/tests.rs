use std::borrow::Cow;

use super::*;

fn check(dialect: Dialect, text: &str) -> Result<(), Why> {
    let rule = ReadOnly {
        dialect,
        functions: vec!["my_sum".to_owned(), "app.score".to_owned()],
    };
    rule.check(&Node::String(Cow::Borrowed(text)))
}

fn passes(dialect: Dialect, text: &str) {
    assert_eq!(check(dialect, text), Ok(()), "{dialect:?}: {text}");
}

fn refused(dialect: Dialect, text: &str) {
    assert!(check(dialect, text).is_err(), "{dialect:?}: {text}");
}

/// What an honest person asks of a database, in words that every one of them reads.
const HONEST: [&str; 50] = [
    "SELECT 1",
    "select 1;",
    "  SELECT *\nFROM users  ",
    "SELECT id, name FROM users WHERE id = 1",
    "SELECT id FROM users WHERE name = 'O''Brien'",
    "SELECT count(*) FROM orders",
    "SELECT COUNT(DISTINCT customer_id) AS customers FROM orders",
    "SELECT * FROM orders ORDER BY created_at DESC LIMIT 10",
    "SELECT * FROM orders ORDER BY created_at DESC LIMIT 10 OFFSET 20",
    "SELECT status, count(*) FROM orders GROUP BY status HAVING count(*) > 5",
    "SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer_id",
    "SELECT o.id FROM orders o LEFT JOIN items i ON i.order_id = o.id WHERE i.id IS NULL",
    "SELECT a.x FROM a INNER JOIN b USING (x) CROSS JOIN c",
    "SELECT * FROM a WHERE x IN (1, 2, 3)",
    "SELECT * FROM a WHERE x NOT IN (SELECT y FROM b)",
    "SELECT * FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.id = a.id)",
    "SELECT * FROM a WHERE x BETWEEN 1 AND 10",
    "SELECT * FROM a WHERE name LIKE '%drop table%'",
    "SELECT * FROM a WHERE note = 'delete; update'",
    "SELECT * FROM a WHERE note = '-- not a comment'",
    "SELECT * FROM a WHERE tag = '#urgent'",
    "SELECT CASE WHEN x > 0 THEN 'up' WHEN x < 0 THEN 'down' ELSE 'flat' END FROM a",
    "SELECT coalesce(a, b, 0) FROM t",
    "SELECT upper(name), length(name) FROM users",
    "SELECT substr(name, 1, 3) FROM users",
    "SELECT round(avg(price), 2) FROM products",
    "SELECT max(price) - min(price) AS spread FROM products",
    "SELECT cast(price AS integer) FROM products",
    "SELECT * FROM (SELECT id FROM users) AS u",
    "WITH recent AS (SELECT * FROM orders WHERE id > 100) SELECT count(*) FROM recent",
    "WITH a AS (SELECT 1 AS x), b AS (SELECT x FROM a) SELECT * FROM b",
    "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT i FROM n",
    "SELECT id FROM a UNION SELECT id FROM b",
    "SELECT id FROM a UNION ALL SELECT id FROM b ORDER BY id",
    "SELECT id FROM a EXCEPT SELECT id FROM b",
    "SELECT id FROM a INTERSECT SELECT id FROM b",
    "SELECT row_number() OVER (PARTITION BY team ORDER BY score DESC) FROM players",
    "SELECT sum(x) OVER (ORDER BY d ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) FROM t",
    "SELECT lag(x, 1) OVER (ORDER BY d) FROM t",
    "SELECT * FROM information_schema.tables WHERE table_schema = 'public'",
    "SELECT table_name, column_name FROM information_schema.columns",
    "SELECT name FROM sqlite_master WHERE type = 'table'",
    "EXPLAIN SELECT * FROM users",
    "SELECT * FROM a /* by hand */ WHERE x = 1",
    "SELECT * FROM a -- the whole table\nWHERE x = 1",
    "VALUES (1, 'a'), (2, 'b')",
    "SELECT (x + 1) * 2 / 3 % 4 FROM t WHERE NOT (a = 1 OR b <> 2) AND c IS NOT NULL",
    "SELECT nullif(a, 0), abs(b), floor(c), my_sum(d), app.score(e) FROM t",
    "SELECT created_at, updated_at, deleted_at FROM t WHERE deleted_at IS NULL",
    "SELECT DISTINCT city FROM addresses WHERE country IN ('DE', 'AT')",
];

#[test]
fn fifty_honest_reads_pass() {
    for text in HONEST {
        passes(Dialect::Any, text);
    }
}

#[test]
fn each_databases_own_reads_pass_where_it_is_named() {
    let postgres = [
        "SELECT data->>'name', data->'a'->>'b' FROM t WHERE data @> '{\"x\": 1}'",
        "SELECT x::text FROM t WHERE name ~* '^a\\d+$' AND tags && ARRAY['a', 'b']",
        "SELECT date_trunc('day', created_at) AS day, count(*) FILTER (WHERE ok) FROM t GROUP BY 1",
        "SELECT * FROM generate_series(1, 10) AS g(i)",
        "SELECT \"Name\" FROM \"Users\" WHERE tags[1] = 'a' LIMIT 5",
        "SELECT now() - interval '1 day'",
        "SELECT * FROM t, LATERAL unnest(t.items) AS item",
        "SELECT $$it's$$",
        "EXPLAIN ANALYZE SELECT * FROM t",
    ];
    postgres
        .iter()
        .for_each(|text| passes(Dialect::Postgres, text));
    let mysql = [
        "SELECT `id` FROM `users` WHERE name = \"Ann\" # the first",
        "SELECT date_format(d, '%Y') FROM t LIMIT 5, 10",
        "SHOW TABLES",
        "DESCRIBE users",
        "SELECT group_concat(name SEPARATOR ', ') FROM t",
    ];
    mysql.iter().for_each(|text| passes(Dialect::MySql, text));
    let sqlite = [
        "SELECT strftime('%Y', d) FROM t WHERE name GLOB 'a*'",
        "SELECT value FROM json_each('[1,2]')",
        "EXPLAIN QUERY PLAN SELECT * FROM t",
    ];
    sqlite.iter().for_each(|text| passes(Dialect::Sqlite, text));
    let mssql = [
        "SELECT TOP 5 [id], [first name] FROM [dbo].[users] ORDER BY [id]",
        "SELECT dateadd(day, 1, getdate())",
    ];
    mssql.iter().for_each(|text| passes(Dialect::MsSql, text));
}

#[test]
fn what_writes_is_refused_in_every_dialect() {
    let hostile = [
        "SELECT 1; DROP TABLE x",
        "SELECT 1;;SELECT 2",
        "DROP TABLE x",
        "DELETE FROM x",
        "UPDATE x SET a = 1",
        "INSERT INTO x VALUES (1)",
        "MERGE INTO x USING y ON x.a = y.a WHEN MATCHED THEN DELETE",
        "TRUNCATE TABLE x",
        "ALTER TABLE x ADD COLUMN a int",
        "CREATE TABLE x (a int)",
        "CREATE TABLE x AS SELECT 1",
        "SELECT * INTO y FROM x",
        "SELECT * INTO TEMP y FROM x",
        "SELECT 1 INTO OUTFILE '/tmp/x'",
        "SELECT 1 INTO @a",
        "WITH d AS (DELETE FROM x RETURNING *) SELECT * FROM d",
        "WITH d AS (INSERT INTO x VALUES (1) RETURNING *) SELECT * FROM d",
        "WITH d AS (UPDATE x SET a = 1 RETURNING *) SELECT * FROM d",
        "WITH d AS (SELECT 1) DELETE FROM x",
        "WITH a AS (WITH b AS (DELETE FROM x RETURNING *) SELECT * FROM b) SELECT * FROM a",
        "SELECT * FROM x FOR UPDATE",
        "SELECT * FROM x FOR SHARE",
        "EXPLAIN ANALYZE DELETE FROM x",
        "EXPLAIN DELETE FROM x",
        "COPY x FROM '/etc/passwd'",
        "COPY (SELECT 1) TO PROGRAM 'sh'",
        "CALL p()",
        "EXEC p",
        "DO $$ BEGIN DELETE FROM x; END $$",
        "SET a = 1",
        "PRAGMA writable_schema = 1",
        "ATTACH DATABASE 'x' AS y",
        "VACUUM INTO 'x'",
        "BEGIN",
        "COMMIT; SELECT 1",
        "LOAD DATA INFILE 'x' INTO TABLE y",
        "GRANT ALL ON x TO y",
        "LOCK TABLE x",
        "LISTEN x",
        "SELECT pg_sleep(10)",
        "SELECT pg_catalog.pg_sleep(10)",
        "SELECT \"pg_sleep\"(10)",
        "SELECT nextval('s')",
        "SELECT setval('s', 1)",
        "SELECT set_config('a', 'b', false)",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT * FROM pg_read_file('/etc/passwd')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT dblink_exec('x', 'DROP TABLE y')",
        "SELECT * FROM dblink('x', 'DROP TABLE y') AS t(a int)",
        "SELECT load_extension('x')",
        "SELECT load_file('/etc/passwd')",
        "SELECT sleep(10)",
        "SELECT benchmark(1000000, md5('a'))",
        "SELECT query_to_xml('DELETE FROM x', true, true, '')",
        "SELECT 1 WHERE (SELECT pg_terminate_backend(1))",
        "SELECT CASE WHEN 1 = 1 THEN pg_sleep(5) END",
        "SELECT * FROM t ORDER BY pg_sleep(1)",
        "SELECT * FROM t LIMIT (SELECT pg_sleep(1))",
        "SELECT count(*) FILTER (WHERE pg_sleep(1) IS NULL) FROM t",
        "SELECT sum(x) OVER (ORDER BY pg_sleep(1)) FROM t",
        "VALUES (pg_sleep(1))",
        "SELECT * FROM t JOIN u ON pg_sleep(1) IS NULL",
        "SELECT x FROM t GROUP BY pg_sleep(1)",
        "SELECT other.now()",
        "",
        ";",
        "-- nothing",
        "not sql at all",
        "SELECT '",
    ];
    for (_, dialect) in DIALECTS {
        let passed = hostile.iter().filter(|text| check(dialect, text).is_ok());
        assert_eq!(
            passed.collect::<Vec<_>>(),
            Vec::<&&str>::new(),
            "{dialect:?}"
        );
    }
}

#[test]
fn what_two_databases_read_differently_is_refused() {
    // To one a text, a comment or a name, to another an end of it.
    let tricks = [
        r"SELECT '\'; DROP TABLE x; --'",
        r"SELECT 'a' , '\' ; DROP TABLE x -- '",
        r#"SELECT "\"; DROP TABLE x; --""#,
        "SELECT 1 --1; DROP TABLE x",
        "SELECT 'x' # '\n; DROP TABLE x; -- '",
        "SELECT 1 # ; DROP TABLE x",
        "SELECT /*! 1; DROP TABLE x */ 1",
        "SELECT 1 /*!50000 INTO OUTFILE '/tmp/x' */",
        "SELECT /*M! 1; DROP TABLE x */ 1",
        "SELECT /* /* */ 1; DROP TABLE x; -- */ */ 1",
        "SELECT $$ ; DROP TABLE x; -- $$",
        "SELECT `; DROP TABLE x; --`",
        "SELECT a[ ' ] ; DROP TABLE x; -- ' ]",
        "SELECT 1 \u{0}; DROP TABLE x",
        "SELECT \u{2bc}; DROP TABLE x --\u{2bc}",
        "SELECT 1\u{2028}; DROP TABLE x",
        "SELECT * FROM x SHUTDOWN",
        "SELECT * FROM x checkpoint",
        "SELECT 1 COMMIT",
        "SELECT @a := 1",
        "SELECT 1 -- x\r; DELETE FROM users",
        "SELECT 1 -- x\rINTO evil FROM users",
        "SELECT $x::a('),load_extension(\"/tmp/e.so\") --')",
        "SELECT q'[' INTO OUTFILE '/tmp/x' FROM (SELECT 1 q) t -- ]'",
        "SELECT nq'[', load_extension('x') FROM (SELECT 1 nq) -- ]'",
        "SELECT 1 --\u{a0}x FROM (SELECT 1 AS \u{a0}x) t INTO OUTFILE '/tmp/x'",
        "SELECT 1\u{3000}",
        "SELECT * FROM t WITH (TABLOCKX)",
        "SELECT * FROM pragma_optimize",
        "SELECT U&'\\0027'",
        "SELECT x'41'",
    ];
    tricks.iter().for_each(|text| refused(Dialect::Any, text));
    let elsewhere = "SELECT $$ ; DROP TABLE x; -- $$";
    for dialect in [Dialect::MySql, Dialect::Sqlite, Dialect::MsSql] {
        refused(dialect, elsewhere);
        refused(dialect, r"SELECT '\'; DROP TABLE x; --'");
    }
    refused(Dialect::MsSql, "SELECT * FROM x SHUTDOWN");
    refused(Dialect::MsSql, "SELECT * FROM t WITH (TABLOCKX, HOLDLOCK)");
    passes(Dialect::MsSql, "SELECT * FROM t WITH (NOLOCK)");
    for text in [
        "SELECT $x::a('),load_extension(\"/tmp/e.so\") --')",
        "SELECT $x::a('); DELETE FROM t; --')",
        "SELECT @x('); DELETE FROM t; --')",
        "SELECT :x FROM t",
        "SELECT * FROM pragma_optimize",
    ] {
        refused(Dialect::Sqlite, text);
    }
    for (_, dialect) in DIALECTS {
        refused(dialect, "SELECT 1 -- x\r; DELETE FROM users");
        refused(dialect, "SELECT 1 --\u{a0}x");
        passes(dialect, "SELECT 1 -- x\r\n, 2");
    }
    // To SQLite the bracket is a name, and the end ends a comment.
    for dialect in [Dialect::Any, Dialect::Postgres, Dialect::MySql] {
        refused(dialect, "SELECT ARRAY[pg_sleep(1)]");
        refused(dialect, "SELECT 1 /*");
    }
    passes(Dialect::Postgres, "SELECT close, open FROM prices");
}

#[test]
fn a_statement_that_is_deep_or_long_is_refused_and_ends_nothing() {
    let deep = format!("SELECT {}1{}", "(".repeat(5_000), ")".repeat(5_000));
    let chain = format!("SELECT 1{}", " + 1".repeat(15_000));
    let unions = format!("SELECT 1{}", " UNION SELECT 1".repeat(4_000));
    let minus = format!("SELECT {}1", "- ".repeat(20_000));
    let nots = format!("SELECT {}true", "NOT ".repeat(10_000));
    let dots = format!("SELECT a{}", ".a".repeat(20_000));
    let casts = format!("SELECT 1{}", "::int".repeat(10_000));
    let cases = format!(
        "SELECT {}1{}",
        "CASE WHEN ".repeat(4_000),
        " THEN 1 END".repeat(4_000)
    );
    for text in [deep, chain, unions, minus, nots, dots, casts, cases] {
        for (_, dialect) in DIALECTS {
            assert!(check(dialect, &text).is_err());
        }
    }
    let list = format!("SELECT * FROM t WHERE id IN (1{})", ", 2".repeat(3_000));
    passes(Dialect::Any, &list);
}

#[test]
fn the_refusal_says_why_and_names_no_value_to_the_client() {
    let why = check(Dialect::Any, "SELECT 1; DROP TABLE secret").unwrap_err();
    assert_eq!(why.says, ONE);
    assert_eq!(why.detail, "it is 2 statements");
    let why = check(Dialect::Any, "DROP TABLE secret").unwrap_err();
    assert_eq!(
        (why.says, why.detail.as_str()),
        (READS, "`DROP` does more than read")
    );
    let why = check(Dialect::Any, "SELECT pg_sleep(1)").unwrap_err();
    assert!(!why.says.contains("pg_sleep") && why.detail.contains("`pg_sleep`"));
    let number = ReadOnly {
        dialect: Dialect::Any,
        functions: Vec::new(),
    };
    assert!(number.check(&Node::Bool(true)).is_err());
}
