-- What CI told of its steps and runs, what that is worth for each release, and
-- what the last green log of a step looked like.

-- +goose Up
CREATE TABLE pipeline_steps (
    product    TEXT NOT NULL,
    id         TEXT NOT NULL,
    name       TEXT NOT NULL,
    branch     TEXT NOT NULL,
    version    TEXT NOT NULL,
    commit_id  TEXT NOT NULL,
    state      TEXT NOT NULL,
    release_id TEXT NOT NULL,
    at         BIGINT NOT NULL,
    body       TEXT NOT NULL,
    PRIMARY KEY (product, id)
);
CREATE INDEX pipeline_steps_name ON pipeline_steps (product, name, at);
CREATE INDEX pipeline_steps_version ON pipeline_steps (product, version);
CREATE INDEX pipeline_steps_commit ON pipeline_steps (product, commit_id);

CREATE TABLE pipeline_closings (
    product    TEXT NOT NULL,
    run        TEXT NOT NULL,
    version    TEXT NOT NULL,
    commit_id  TEXT NOT NULL,
    release_id TEXT NOT NULL,
    at         BIGINT NOT NULL,
    body       TEXT NOT NULL,
    PRIMARY KEY (product, run)
);
CREATE INDEX pipeline_closings_version ON pipeline_closings (product, version);
CREATE INDEX pipeline_closings_commit ON pipeline_closings (product, commit_id);

CREATE TABLE pipeline_standings (
    release_id TEXT PRIMARY KEY,
    product    TEXT NOT NULL,
    at         BIGINT NOT NULL,
    body       TEXT NOT NULL
);

CREATE TABLE pipeline_signatures (
    product TEXT NOT NULL,
    name    TEXT NOT NULL,
    branch  TEXT NOT NULL,
    at      BIGINT NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (product, name, branch)
);

-- +goose Down
DROP TABLE pipeline_signatures;
DROP TABLE pipeline_standings;
DROP TABLE pipeline_closings;
DROP TABLE pipeline_steps;
