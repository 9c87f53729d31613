//! The tables, and the triggers that are a commit and a removal.
//!
//! Whoever makes them may die between any two, and others come meanwhile. Nothing is done without a head, so the table of
//! heads is made last: whoever finds it finds everything.

/// What a commit that finds no workspace is refused with.
pub(crate) const NO_WORKSPACE: &str = "kernelos: no workspace";
/// What a commit under another token is refused with.
pub(crate) const FENCED: &str = "kernelos: another token";
/// What a commit on another head is refused with.
pub(crate) const MOVED: &str = "kernelos: another head";
/// What the database says when an address that has to be free is taken.
pub(crate) const TAKEN: &str = "UNIQUE constraint failed: rows.";

/// How the tables are made, where the database can: a tree for each, not a tree and an index into it.
pub(crate) const ONE_TREE: &str = " STRICT, WITHOUT ROWID";
/// How they are made where it cannot.
pub(crate) const WITH_INDEX: &str = " STRICT";

/// What makes an empty database one of ours, without how tables end. Each may be performed again.
pub(crate) const TABLES: [&str; 3] = [
    "CREATE TABLE IF NOT EXISTS events(workspace TEXT NOT NULL, pos INTEGER NOT NULL, stream TEXT NOT NULL, \
     seq INTEGER NOT NULL, body BLOB NOT NULL, hash BLOB NOT NULL, sealed BLOB NOT NULL, \
     PRIMARY KEY(workspace, pos))",
    "CREATE TABLE IF NOT EXISTS rows(workspace TEXT NOT NULL, space TEXT NOT NULL, key TEXT NOT NULL, \
     value BLOB NOT NULL, hash BLOB NOT NULL, since INTEGER NOT NULL, PRIMARY KEY(workspace, space, key))",
    "CREATE TABLE IF NOT EXISTS shifts(workspace TEXT NOT NULL, process TEXT NOT NULL, until_ms INTEGER NOT NULL, \
     rung INTEGER NOT NULL, PRIMARY KEY(workspace))",
];

/// The tables that commits and removals go through. They are empty whenever anybody can look.
pub(crate) const THROUGH: [&str; 8] = [
    // Letters of writers to one another, in the order they came. An answered one keeps nothing but its answer.
    "CREATE TABLE IF NOT EXISTS inbox(nth INTEGER PRIMARY KEY, workspace TEXT NOT NULL, \
     ticket TEXT NOT NULL UNIQUE, at_ms INTEGER NOT NULL, body BLOB NOT NULL, answer BLOB) STRICT",
    "CREATE INDEX IF NOT EXISTS waiting ON inbox(workspace, nth)",
    "CREATE TABLE IF NOT EXISTS commits(workspace TEXT NOT NULL, expected_pos INTEGER NOT NULL, \
     epoch INTEGER NOT NULL, pos INTEGER NOT NULL, head BLOB NOT NULL, events TEXT NOT NULL, writes TEXT NOT NULL, \
     answers TEXT NOT NULL, wake INTEGER) STRICT",
    COMMIT,
    "CREATE TABLE IF NOT EXISTS trims(workspace TEXT NOT NULL, expected_pos INTEGER NOT NULL, \
     epoch INTEGER NOT NULL, pos INTEGER NOT NULL, head BLOB NOT NULL, events TEXT NOT NULL, writes TEXT NOT NULL, \
     answers TEXT NOT NULL, wake INTEGER, trim INTEGER NOT NULL) STRICT",
    TRIM,
    "CREATE TABLE IF NOT EXISTS removals(workspace TEXT NOT NULL, pos INTEGER, epoch INTEGER) STRICT",
    REMOVAL,
];

/// The heads. What is due is found by the constraint, which holds anyway: an index would be made in a step of its own.
pub(crate) const HEADS: &str = "CREATE TABLE IF NOT EXISTS heads(workspace TEXT NOT NULL, pos INTEGER NOT NULL, \
    epoch INTEGER NOT NULL, value BLOB NOT NULL, wake INTEGER, PRIMARY KEY(workspace), UNIQUE(wake, workspace))";

/// Compare, where there is something to compare with, and take everything away.
const REMOVAL: &str = "CREATE TRIGGER IF NOT EXISTS remove_workspace AFTER INSERT ON removals BEGIN \
    SELECT RAISE(ABORT, 'kernelos: no workspace') \
      WHERE NOT EXISTS (SELECT 1 FROM heads WHERE workspace=NEW.workspace); \
    SELECT RAISE(ABORT, 'kernelos: another token') FROM heads WHERE workspace=NEW.workspace AND epoch<>NEW.epoch; \
    SELECT RAISE(ABORT, 'kernelos: another head') FROM heads WHERE workspace=NEW.workspace AND pos<>NEW.pos; \
    DELETE FROM events WHERE workspace=NEW.workspace; \
    DELETE FROM rows WHERE workspace=NEW.workspace; \
    DELETE FROM inbox WHERE workspace=NEW.workspace; \
    DELETE FROM shifts WHERE workspace=NEW.workspace; \
    DELETE FROM heads WHERE workspace=NEW.workspace; \
    DELETE FROM removals; \
  END";

/// A commit, and events that are removed with it.
const TRIM: &str = "CREATE TRIGGER IF NOT EXISTS commit_and_trim AFTER INSERT ON trims BEGIN \
    INSERT INTO commits(workspace, expected_pos, epoch, pos, head, events, writes, answers, wake) \
      VALUES(NEW.workspace, NEW.expected_pos, NEW.epoch, NEW.pos, NEW.head, NEW.events, NEW.writes, NEW.answers, \
        NEW.wake); \
    DELETE FROM events WHERE workspace=NEW.workspace AND pos<=NEW.trim; \
    DELETE FROM trims; \
  END";

/// Compare, fan out, move the head. A value is a text, or hexadecimal digits in a list of one.
const COMMIT: &str = "CREATE TRIGGER IF NOT EXISTS commit_batch AFTER INSERT ON commits BEGIN \
    SELECT RAISE(ABORT, 'kernelos: no workspace') \
      WHERE NOT EXISTS (SELECT 1 FROM heads WHERE workspace=NEW.workspace); \
    SELECT RAISE(ABORT, 'kernelos: another token') FROM heads WHERE workspace=NEW.workspace AND epoch<>NEW.epoch; \
    SELECT RAISE(ABORT, 'kernelos: another head') FROM heads WHERE workspace=NEW.workspace AND pos<>NEW.expected_pos; \
    INSERT INTO events(workspace, pos, stream, seq, body, hash, sealed) \
      SELECT NEW.workspace, value->>0, value->>1, value->>2, \
        CASE json_type(value, '$[3]') WHEN 'text' THEN CAST(value->>3 AS BLOB) ELSE unhex(value->>'$[3][0]') END, \
        unhex(value->>4), unhex(value->>5) \
      FROM json_each(NEW.events); \
    DELETE FROM rows WHERE workspace=NEW.workspace AND (space, key) IN \
      (SELECT value->>1, value->>2 FROM json_each(NEW.writes) WHERE value->>0='delete'); \
    INSERT INTO rows(workspace, space, key, value, hash, since) \
      SELECT NEW.workspace, value->>1, value->>2, \
        CASE json_type(value, '$[3]') WHEN 'text' THEN CAST(value->>3 AS BLOB) ELSE unhex(value->>'$[3][0]') END, \
        unhex(value->>4), value->>5 \
      FROM json_each(NEW.writes) WHERE value->>0='insert'; \
    INSERT INTO rows(workspace, space, key, value, hash, since) \
      SELECT NEW.workspace, value->>1, value->>2, \
        CASE json_type(value, '$[3]') WHEN 'text' THEN CAST(value->>3 AS BLOB) ELSE unhex(value->>'$[3][0]') END, \
        unhex(value->>4), value->>5 \
      FROM json_each(NEW.writes) WHERE value->>0='put' \
      ON CONFLICT DO UPDATE SET value=excluded.value, hash=excluded.hash, since=excluded.since; \
    UPDATE inbox SET body=x'', answer=coalesce(answer, \
        (SELECT unhex(value->>1) FROM json_each(NEW.answers) WHERE value->>0=ticket)) \
      WHERE ticket IN (SELECT value->>0 FROM json_each(NEW.answers)); \
    UPDATE heads SET pos=NEW.pos, value=NEW.head, wake=NEW.wake WHERE workspace=NEW.workspace; \
    DELETE FROM commits; \
  END";
