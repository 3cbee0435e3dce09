-- What CI says a change ships, each release held against it, what builds
-- produced, and where their bytes say otherwise.

-- +goose Up
CREATE TABLE scopes (
    commit_id TEXT PRIMARY KEY,
    version   TEXT NOT NULL,
    at        BIGINT NOT NULL,
    body      TEXT NOT NULL
);
CREATE INDEX scopes_at ON scopes (at);
CREATE INDEX scopes_version ON scopes (version, at) WHERE version <> '';

CREATE TABLE scope_bindings (
    release_id TEXT PRIMARY KEY,
    commit_id  TEXT NOT NULL,
    product    TEXT NOT NULL,
    at         BIGINT NOT NULL,
    body       TEXT NOT NULL
);
CREATE INDEX scope_bindings_commit ON scope_bindings (commit_id);

CREATE TABLE artifacts (
    product   TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    at        BIGINT NOT NULL,
    body      TEXT NOT NULL,
    PRIMARY KEY (product, commit_id)
);
CREATE INDEX artifacts_at ON artifacts (product, at);

CREATE TABLE scope_findings (
    product   TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    at        BIGINT NOT NULL,
    body      TEXT NOT NULL,
    PRIMARY KEY (product, commit_id)
);
CREATE INDEX scope_findings_commit ON scope_findings (commit_id);

-- +goose Down
DROP TABLE scope_findings;
DROP TABLE artifacts;
DROP TABLE scope_bindings;
DROP TABLE scopes;
