//! The tables, and the statements that are more than a line.
//!
//! `read_words` holds what stands for words, never words. It deletes at once (`secure-delete`), because what a destroyed key
//! takes with it must not wait in the index until some later merge.

/// What a change that begins elsewhere is refused with.
pub(crate) const MOVED: &str = "kernelos: the read models are elsewhere";

/// All that makes a database one of ours; each may be performed again. The last is what changes go through.
pub(crate) const TABLES: [&str; 12] = [
    // Numbers are never given twice: what stands for words is made of them.
    "CREATE TABLE IF NOT EXISTS read_editions(number INTEGER PRIMARY KEY AUTOINCREMENT, workspace TEXT NOT NULL, \
     answers INTEGER NOT NULL, version INTEGER NOT NULL, incarnation INTEGER NOT NULL, pos INTEGER NOT NULL, \
     hash TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS read_entries(edition INTEGER NOT NULL, model TEXT NOT NULL, key TEXT NOT NULL, kin TEXT, \
     pos INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY(edition, model, key)) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS read_entries_by_pos ON read_entries(edition, model, pos)",
    "CREATE INDEX IF NOT EXISTS read_entries_of ON read_entries(edition, model, kin, pos) WHERE kin IS NOT NULL",
    "CREATE TABLE IF NOT EXISTS read_items(id INTEGER PRIMARY KEY, edition INTEGER NOT NULL, kind TEXT NOT NULL, \
     key TEXT NOT NULL, subject TEXT NOT NULL, task TEXT, pos INTEGER NOT NULL, at INTEGER NOT NULL, \
     UNIQUE(edition, kind, key))",
    "CREATE INDEX IF NOT EXISTS read_items_of ON read_items(edition, subject)",
    "CREATE VIRTUAL TABLE IF NOT EXISTS read_words USING fts5(words, starts, tokenize='ascii')",
    "INSERT INTO read_words(read_words, rank) VALUES('secure-delete', 1)",
    // Parts of the index are merged when there are so many: seldom enough for a rebuild, and few enough for a search.
    "INSERT INTO read_words(read_words, rank) VALUES('automerge', 8)",
    // A word that begins like the one looked for counts less than the word.
    "INSERT INTO read_words(read_words, rank) VALUES('rank', 'bm25(1.0, 0.5)')",
    "CREATE VIEW IF NOT EXISTS read_changes(edition, since, pos, hash, forgotten, items, texts, entries, removed) AS \
     SELECT 0, 0, 0, '', '', '', '', '', '' WHERE 0",
    CHANGE,
];

/// Everything away. A trigger goes with its view, an index with its table.
pub(crate) const DROPS: [&str; 5] = [
    "DROP VIEW IF EXISTS read_changes",
    "DROP TABLE IF EXISTS read_words",
    "DROP TABLE IF EXISTS read_items",
    "DROP TABLE IF EXISTS read_entries",
    "DROP TABLE IF EXISTS read_editions",
];

/// Compare, forget, replace, move. Texts travel apart from what else is said of an item, because each look into a list of
/// JSON reads all of the member.
const CHANGE: &str = "CREATE TRIGGER IF NOT EXISTS read_change INSTEAD OF INSERT ON read_changes BEGIN \
    SELECT RAISE(ABORT, 'kernelos: the read models are elsewhere') \
      WHERE NOT EXISTS (SELECT 1 FROM read_editions WHERE number=NEW.edition AND pos=NEW.since AND version>0); \
    DELETE FROM read_words WHERE rowid IN (SELECT i.id FROM json_each(NEW.forgotten) AS j CROSS JOIN read_items AS i \
      ON i.edition=NEW.edition AND i.subject=j.value); \
    DELETE FROM read_items WHERE id IN (SELECT i.id FROM json_each(NEW.forgotten) AS j CROSS JOIN read_items AS i \
      ON i.edition=NEW.edition AND i.subject=j.value); \
    DELETE FROM read_words WHERE rowid IN (SELECT i.id FROM json_each(NEW.items) AS j CROSS JOIN read_items AS i \
      ON i.edition=NEW.edition AND i.kind=j.value->>0 AND i.key=j.value->>1); \
    DELETE FROM read_items WHERE id IN (SELECT i.id FROM json_each(NEW.items) AS j CROSS JOIN read_items AS i \
      ON i.edition=NEW.edition AND i.kind=j.value->>0 AND i.key=j.value->>1); \
    INSERT INTO read_items(edition, kind, key, subject, task, pos, at) \
      SELECT NEW.edition, value->>0, value->>1, value->>2, value->>3, value->>4, value->>5 FROM json_each(NEW.items) \
      WHERE json_array_length(value)=6; \
    INSERT INTO read_words(rowid, words, starts) SELECT i.id, j.value->>2, j.value->>3 \
      FROM json_each(NEW.texts) AS j CROSS JOIN read_items AS i \
      ON i.edition=NEW.edition AND i.kind=j.value->>0 AND i.key=j.value->>1; \
    DELETE FROM read_entries WHERE (edition, model, key) IN \
      (SELECT NEW.edition, value->>0, value->>1 FROM json_each(NEW.removed)); \
    INSERT INTO read_entries(edition, model, key, kin, pos, value) \
      SELECT NEW.edition, value->>0, value->>1, value->>2, value->>3, value->4 FROM json_each(NEW.entries) WHERE 1 \
      ON CONFLICT DO UPDATE SET kin=excluded.kin, pos=excluded.pos, value=excluded.value; \
    UPDATE read_editions SET pos=NEW.pos, hash=NEW.hash WHERE number=NEW.edition; \
  END";

/// A change.
pub(crate) const APPLY: &str = "INSERT INTO \
    read_changes(edition, since, pos, hash, forgotten, items, texts, entries, removed) \
    VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

/// Let an edition answer that is where it is said to be, and no other.
pub(crate) const PUBLISH: &str = "UPDATE read_editions SET answers=(number=?2) WHERE workspace=?1 AND version>0 AND \
    EXISTS (SELECT 1 FROM read_editions WHERE number=?2 AND pos=?3 AND version>0) RETURNING number";

/// What fits best. What is said of it is looked for after it was chosen.
pub(crate) const FIND: &str = "SELECT CAST(i.kind AS BLOB), CAST(i.key AS BLOB), CAST(i.task AS BLOB), i.pos, i.at, \
    f.score FROM (SELECT rowid AS id, CAST(round(-1000.0*rank) AS INTEGER) AS score FROM read_words \
      WHERE read_words MATCH ?1 ORDER BY rank LIMIT ?3 OFFSET ?4) AS f \
    CROSS JOIN read_items AS i ON i.id=f.id WHERE i.edition=?2 ORDER BY f.score DESC, f.id";

/// The same among some kinds.
pub(crate) const FIND_OF_KINDS: &str = "SELECT CAST(i.kind AS BLOB), CAST(i.key AS BLOB), CAST(i.task AS BLOB), i.pos, \
    i.at, CAST(round(-1000.0*f.rank) AS INTEGER) AS score \
    FROM read_words AS f CROSS JOIN read_items AS i ON i.id=f.rowid \
    WHERE f.read_words MATCH ?1 AND i.edition=?2 AND i.kind IN (SELECT value FROM json_each(?5)) \
    ORDER BY f.rank LIMIT ?3 OFFSET ?4";

/// Some of the words of an edition away.
pub(crate) const SWEEP_WORDS: &str =
    "DELETE FROM read_words WHERE rowid IN (SELECT id FROM read_items WHERE edition=?1 ORDER BY id LIMIT ?2)";
/// The items that they were of.
pub(crate) const SWEEP_ITEMS: &str = "DELETE FROM read_items WHERE id IN \
    (SELECT id FROM read_items WHERE edition=?1 ORDER BY id LIMIT ?2) RETURNING id";
/// Some of the entries of an edition away.
pub(crate) const SWEEP_ENTRIES: &str = "DELETE FROM read_entries WHERE (edition, model, key) IN \
    (SELECT edition, model, key FROM read_entries WHERE edition=?1 LIMIT ?2) RETURNING 1";
