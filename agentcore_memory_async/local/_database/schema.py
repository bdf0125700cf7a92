"""The tables, and the migrations that bring an older file up to date."""

from __future__ import annotations

import sqlite3

_MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE memories (
        memory_id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        document TEXT NOT NULL,      -- what GetMemory shows and the strategies, as JSON
        deleted INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;

    CREATE TABLE sequence (id INTEGER PRIMARY KEY, value INTEGER NOT NULL);

    CREATE TABLE sessions (
        memory_id TEXT NOT NULL,
        actor_id TEXT NOT NULL,
        session_id TEXT NOT NULL,
        seq INTEGER NOT NULL,        -- order of creation
        created_ms INTEGER NOT NULL,
        events INTEGER NOT NULL DEFAULT 0,
        emptied_ms INTEGER,          -- when the last event went
        PRIMARY KEY (memory_id, actor_id, session_id)
    ) WITHOUT ROWID;

    CREATE TABLE actors (
        memory_id TEXT NOT NULL,
        actor_id TEXT NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (memory_id, actor_id)
    ) WITHOUT ROWID;

    CREATE TABLE events (
        memory_id TEXT NOT NULL,
        actor_id TEXT NOT NULL,
        session_id TEXT NOT NULL,
        event_id TEXT NOT NULL,
        event_ms INTEGER NOT NULL,
        branch TEXT,                 -- NULL is the main branch
        payload TEXT NOT NULL,
        metadata TEXT,
        variables TEXT,              -- namespace variables
        hidden INTEGER NOT NULL DEFAULT 0, -- ingested: extracted, never shown
        written_ms INTEGER NOT NULL,
        expires_ms INTEGER NOT NULL,
        PRIMARY KEY (memory_id, actor_id, session_id, event_id)
    );
    CREATE INDEX events_by_id ON events (memory_id, event_id);

    CREATE TABLE branches (
        memory_id TEXT NOT NULL,
        actor_id TEXT NOT NULL,
        session_id TEXT NOT NULL,
        name TEXT NOT NULL,
        root_event_id TEXT NOT NULL,
        root_branch TEXT,            -- the branch its root is on
        PRIMARY KEY (memory_id, actor_id, session_id, name)
    ) WITHOUT ROWID;

    CREATE TABLE tokens (
        memory_id TEXT NOT NULL,
        operation TEXT NOT NULL,
        token TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        answer TEXT NOT NULL,        -- what to answer again, or where it is
        PRIMARY KEY (memory_id, operation, token)
    ) WITHOUT ROWID;

    CREATE TABLE records (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        memory_id TEXT NOT NULL,
        record_id TEXT NOT NULL,
        strategy_id TEXT,
        namespace TEXT,              -- NULL: in no namespace
        namespace_key TEXT NOT NULL, -- without its last slashes
        content TEXT NOT NULL,
        fingerprint TEXT NOT NULL,   -- equal for texts that say the same
        session_id TEXT,             -- of a summary
        record_type TEXT,
        created_ms INTEGER NOT NULL,
        updated_ms INTEGER NOT NULL,
        time_ms INTEGER,             -- of the source content
        metadata TEXT,
        expires_ms INTEGER,
        expiry_days INTEGER,
        UNIQUE (memory_id, record_id)
    );
    CREATE INDEX records_by_namespace ON records (memory_id, namespace_key);
    CREATE INDEX records_by_creation ON records (memory_id, created_ms, seq);
    CREATE INDEX records_by_text ON records (memory_id, fingerprint);

    CREATE TABLE pending (           -- events that wait for extraction
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        memory_id TEXT NOT NULL,
        actor_id TEXT NOT NULL,
        session_id TEXT NOT NULL,
        event_id TEXT NOT NULL,
        strategies TEXT NOT NULL,    -- ids of those that were active then, as JSON
        due_ms INTEGER NOT NULL
    );
    CREATE INDEX pending_by_session ON pending (memory_id, actor_id, session_id);

    CREATE TABLE failed_jobs (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        job_id TEXT NOT NULL UNIQUE,
        memory_id TEXT NOT NULL,
        actor_id TEXT NOT NULL,
        session_id TEXT NOT NULL,
        strategy_id TEXT NOT NULL,
        event_ids TEXT NOT NULL,
        messages TEXT NOT NULL,
        reason TEXT NOT NULL
    );
    CREATE INDEX failed_by_memory ON failed_jobs (memory_id, seq);
    """,
    """
    ALTER TABLE memories ADD COLUMN seq INTEGER NOT NULL DEFAULT 0; -- order of creation
    ALTER TABLE memories ADD COLUMN tags TEXT NOT NULL DEFAULT '{}';
    -- Until now a memory was made by being used, and only so.
    UPDATE memories SET document = json_set(document, '$._firstUse', json('true')), seq =
        (SELECT count(*) FROM memories other WHERE other.memory_id <= memories.memory_id);
    CREATE UNIQUE INDEX memories_by_creation ON memories (seq);
    CREATE INDEX memories_by_name ON memories (name);
    CREATE INDEX events_by_expiry ON events (expires_ms);
    CREATE INDEX records_by_expiry ON records (expires_ms) WHERE expires_ms IS NOT NULL;
    CREATE INDEX sessions_by_emptying ON sessions (emptied_ms) WHERE emptied_ms IS NOT NULL;
    """,
    """
    CREATE TABLE vectors (
        seq INTEGER PRIMARY KEY REFERENCES records (seq) ON DELETE CASCADE,
        memory_id TEXT NOT NULL,
        model TEXT NOT NULL,         -- the embedder's name
        vector BLOB NOT NULL,        -- 32-bit floats, of length 1
        bits BLOB NOT NULL           -- a bit for each: set where positive
    );
    CREATE INDEX vectors_by_memory ON vectors (memory_id, model);
    """,
    """
    -- Ids of the strategies that may read the event, as JSON; NULL, from before: all.
    ALTER TABLE events ADD COLUMN strategies TEXT;
    """,
    """
    -- All answers of client tokens are JSON.
    UPDATE tokens SET answer = json_quote(answer)
        WHERE operation IN ('CreateMemory', 'UpdateMemory');
    UPDATE tokens SET answer = 'null' WHERE operation = 'StartMemoryExtractionJob';
    """,
    """
    -- Lists are read in order from an index, however many rows there are.
    DROP INDEX records_by_namespace;
    CREATE INDEX records_by_namespace ON records (memory_id, namespace, created_ms, seq);
    DROP INDEX records_by_text;
    CREATE INDEX records_by_text ON records (memory_id, fingerprint, namespace);
    CREATE TABLE record_paths (      -- each record under its namespace and all above it
        memory_id TEXT NOT NULL,
        path TEXT NOT NULL,          -- without its last slashes
        created_ms INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (memory_id, path, created_ms, seq)
    ) WITHOUT ROWID;
    WITH RECURSIVE places (memory_id, path, created_ms, seq) AS (
        SELECT memory_id, namespace_key, created_ms, seq FROM records
        UNION ALL
        -- The text without its last segment: rtrim() takes all that is no slash off its end.
        SELECT memory_id, rtrim(rtrim(path, replace(path, '/', '')), '/'), created_ms, seq
        FROM places WHERE instr(path, '/') > 0
    )
    INSERT INTO record_paths SELECT * FROM places WHERE path <> '';
    ALTER TABLE records ADD COLUMN terms TEXT; -- what a search finds it by; NULL: not yet known
    CREATE INDEX actors_by_creation ON actors (memory_id, seq);
    CREATE INDEX sessions_by_creation ON sessions (memory_id, actor_id, seq);
    CREATE INDEX events_by_branch
        ON events (memory_id, actor_id, session_id, branch, event_id) WHERE hidden = 0;
    CREATE INDEX events_by_id_shown
        ON events (memory_id, actor_id, session_id, event_id) WHERE hidden = 0;
    CREATE INDEX failed_by_strategy ON failed_jobs (memory_id, strategy_id, seq);
    CREATE INDEX failed_by_session ON failed_jobs (memory_id, session_id, seq);
    CREATE INDEX failed_by_actor ON failed_jobs (memory_id, actor_id, seq);
    """,
    """
    CREATE TABLE open_parts (        -- where the extraction of a session goes on
        memory_id TEXT NOT NULL,
        actor_id TEXT NOT NULL,
        session_id TEXT NOT NULL,
        strategy_id TEXT NOT NULL,
        messages TEXT NOT NULL,      -- first open message of each open event by its id, as JSON
        records TEXT NOT NULL,       -- ids of the records that describe them, as JSON
        PRIMARY KEY (memory_id, actor_id, session_id, strategy_id)
    ) WITHOUT ROWID;
    DROP INDEX pending_by_session;
    CREATE INDEX pending_by_session
        ON pending (memory_id, actor_id, session_id, due_ms, event_id);
    CREATE INDEX records_without_terms ON records (seq) WHERE terms IS NULL;
    """,
    """
    -- Ingested content is dropped once it was extracted.
    DELETE FROM events WHERE hidden = 1
        AND NOT EXISTS (SELECT 1 FROM pending WHERE pending.memory_id = events.memory_id
            AND pending.event_id = events.event_id)
        AND NOT EXISTS (SELECT 1 FROM failed_jobs, json_each(failed_jobs.event_ids) failed
            WHERE failed_jobs.memory_id = events.memory_id AND failed.value = events.event_id);
    """,
    """
    -- The token of an event names it by its id alone.
    UPDATE tokens SET answer = json_quote(json_extract(answer, '$[2]'))
        WHERE operation = 'CreateEvent';
    """,
)
"""Each entry brings a file from the version before it to its own. Never change one: append."""
VERSION = len(_MIGRATIONS)
"""The version of the schema that this package writes."""
_FIRST_TABLES = {"memories", "sessions", "events", "records", "pending"}
"""Tables that every version has, by which a file of this package is known."""


def check(db: sqlite3.Connection) -> None:
    """
    Check that this package wrote the database, or that it is empty; nothing is changed.

    Raises:
        sqlite3.DatabaseError: It is of a newer version, or of another program.
    """
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        message = (
            f"its schema is version {version} and this package knows up to {VERSION}: "
            "use the newer package that wrote it, or another file"
        )
        raise sqlite3.DatabaseError(message)
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_schema")}
    if (tables or version) and not (version and tables >= _FIRST_TABLES):
        message = "it is the database of another program; use another file"
        raise sqlite3.DatabaseError(message)


def prepare(db: sqlite3.Connection) -> None:
    """Bring the database, once checked, to this version's schema, in one transaction per step."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    for number in range(version, VERSION):
        try:
            db.executescript(
                f"BEGIN IMMEDIATE;\n{_MIGRATIONS[number]}\n"
                f"PRAGMA user_version = {number + 1};\nCOMMIT;"
            )
        except sqlite3.Error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise


def clear(db: sqlite3.Connection) -> None:
    """Delete all rows but the number of the last event, so that no id is ever used again."""
    tables = db.execute(
        "SELECT name FROM sqlite_schema "
        "WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'sequence'"
    ).fetchall()
    for (table,) in tables:
        db.execute(f"DELETE FROM {table}")  # noqa: S608 - names of the schema
