-- One text for SQLite and PostgreSQL: times are int64 microseconds since 1970
-- (0 is "not set"), documents are JSON as TEXT with the queried fields lifted
-- into columns, and nothing here or in a query asks the database for the time.

-- +goose Up
CREATE TABLE counters (
    name  TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('event', 0);
INSERT INTO counters (name, value) VALUES ('incident', 0);

CREATE TABLE events (
    seq        BIGINT PRIMARY KEY,
    at         BIGINT NOT NULL,
    kind       TEXT NOT NULL,
    product    TEXT NOT NULL,
    release_id TEXT NOT NULL,
    watch      TEXT NOT NULL,
    incident   TEXT NOT NULL,
    data       TEXT NOT NULL
);
CREATE INDEX events_at ON events (at);
CREATE INDEX events_product ON events (product, seq) WHERE product <> '';
CREATE INDEX events_release ON events (release_id, seq) WHERE release_id <> '';
CREATE INDEX events_watch ON events (watch, seq) WHERE watch <> '';
CREATE INDEX events_incident ON events (incident, seq) WHERE incident <> '';

CREATE TABLE cursors (
    name TEXT PRIMARY KEY,
    seq  BIGINT NOT NULL
);

CREATE TABLE due_events (
    key  TEXT PRIMARY KEY,
    at   BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX due_events_at ON due_events (at);

CREATE TABLE actions (
    key         TEXT PRIMARY KEY,
    pos         BIGINT NOT NULL,
    kind        TEXT NOT NULL,
    lane        TEXT NOT NULL,
    grp         TEXT NOT NULL,
    product     TEXT NOT NULL,
    release_id  TEXT NOT NULL,
    watch       TEXT NOT NULL,
    incident    TEXT NOT NULL,
    state       TEXT NOT NULL,
    pending     BOOLEAN NOT NULL,
    due         BIGINT NOT NULL,
    expires     BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    finished    BIGINT NOT NULL,
    attempt     BIGINT NOT NULL,
    node        TEXT NOT NULL,
    body        TEXT NOT NULL
);
CREATE UNIQUE INDEX actions_pos ON actions (pos);
CREATE INDEX actions_lane ON actions (lane, due, pos) WHERE pending;
CREATE INDEX actions_group ON actions (grp, pos) WHERE pending;
CREATE INDEX actions_watch ON actions (watch, pos) WHERE watch <> '';
CREATE INDEX actions_incident ON actions (incident, pos) WHERE incident <> '';
CREATE INDEX actions_release ON actions (release_id, pos) WHERE release_id <> '';
CREATE INDEX actions_finished ON actions (finished) WHERE finished > 0;

CREATE TABLE releases (
    id      TEXT PRIMARY KEY,
    pos     BIGINT NOT NULL,
    product TEXT NOT NULL,
    version TEXT NOT NULL,
    at      BIGINT NOT NULL,
    body    TEXT NOT NULL
);
CREATE UNIQUE INDEX releases_pos ON releases (pos);
CREATE INDEX releases_product ON releases (product, at, pos);
CREATE INDEX releases_version ON releases (product, version, at, pos);

CREATE TABLE ledger (
    product   TEXT PRIMARY KEY,
    live      TEXT NOT NULL,
    last_good TEXT NOT NULL,
    body      TEXT NOT NULL
);

CREATE TABLE watches (
    id         TEXT PRIMARY KEY,
    pos        BIGINT NOT NULL,
    kind       TEXT NOT NULL,
    product    TEXT NOT NULL,
    release_id TEXT NOT NULL,
    state      TEXT NOT NULL,
    ended      BIGINT NOT NULL,
    body       TEXT NOT NULL
);
CREATE UNIQUE INDEX watches_pos ON watches (pos);
CREATE INDEX watches_product ON watches (product, state, pos);
CREATE INDEX watches_release ON watches (release_id, pos);

CREATE TABLE signals (
    id         TEXT PRIMARY KEY,
    watch      TEXT NOT NULL,
    product    TEXT NOT NULL,
    release_id TEXT NOT NULL,
    kind       TEXT NOT NULL,
    outcome    TEXT NOT NULL,
    at         BIGINT NOT NULL,
    brief      TEXT NOT NULL,
    body       TEXT NOT NULL
);
CREATE INDEX signals_at ON signals (at);
CREATE INDEX signals_watch ON signals (watch, at, id);
CREATE INDEX signals_release ON signals (release_id, at, id);
CREATE INDEX signals_product ON signals (product, at, id);

CREATE TABLE verdicts (
    pos        BIGINT PRIMARY KEY,
    watch      TEXT NOT NULL,
    release_id TEXT NOT NULL,
    at         BIGINT NOT NULL,
    body       TEXT NOT NULL
);
CREATE INDEX verdicts_watch ON verdicts (watch, pos);
CREATE INDEX verdicts_release ON verdicts (release_id, pos);

CREATE TABLE incidents (
    id         TEXT PRIMARY KEY,
    pos        BIGINT NOT NULL,
    key        TEXT NOT NULL,
    product    TEXT NOT NULL,
    release_id TEXT NOT NULL,
    watch      TEXT NOT NULL,
    closed     BOOLEAN NOT NULL,
    ended      BIGINT NOT NULL,
    body       TEXT NOT NULL
);
CREATE UNIQUE INDEX incidents_pos ON incidents (pos);
CREATE INDEX incidents_key ON incidents (key, closed, pos);
CREATE INDEX incidents_product ON incidents (product, closed, pos);

CREATE TABLE entries (
    incident TEXT NOT NULL,
    seq      BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    body     TEXT NOT NULL,
    PRIMARY KEY (incident, seq)
);
CREATE INDEX entries_seq ON entries (seq);

CREATE TABLE postmortems (
    incident TEXT PRIMARY KEY,
    body     TEXT NOT NULL
);

CREATE TABLE drills (
    id    TEXT PRIMARY KEY,
    pos   BIGINT NOT NULL,
    state TEXT NOT NULL,
    body  TEXT NOT NULL
);
CREATE UNIQUE INDEX drills_pos ON drills (pos);

CREATE TABLE grants (
    id      TEXT PRIMARY KEY,
    hash    TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    used    BIGINT NOT NULL,
    body    TEXT NOT NULL
);
CREATE UNIQUE INDEX grants_hash ON grants (hash);

CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- Which document keeps which artifact alive.
CREATE TABLE blob_refs (
    owner TEXT NOT NULL,
    blob  TEXT NOT NULL,
    PRIMARY KEY (owner, blob)
);
CREATE INDEX blob_refs_blob ON blob_refs (blob);

-- +goose Down
DROP TABLE blob_refs;
DROP TABLE settings;
DROP TABLE grants;
DROP TABLE drills;
DROP TABLE postmortems;
DROP TABLE entries;
DROP TABLE incidents;
DROP TABLE verdicts;
DROP TABLE signals;
DROP TABLE watches;
DROP TABLE ledger;
DROP TABLE releases;
DROP TABLE actions;
DROP TABLE due_events;
DROP TABLE cursors;
DROP TABLE events;
DROP TABLE counters;
