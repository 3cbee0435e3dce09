-- The pictures that releases are compared with: candidates are what was seen of
-- each release, and become the baseline when their release is found healthy.

-- +goose Up
CREATE TABLE baselines (
    id         TEXT PRIMARY KEY,
    product    TEXT NOT NULL,
    journey    TEXT NOT NULL,
    step       TEXT NOT NULL,
    release_id TEXT NOT NULL,
    at         BIGINT NOT NULL,
    body       TEXT NOT NULL
);
CREATE INDEX baselines_step ON baselines (product, journey, step, at);

CREATE TABLE baseline_candidates (
    id         TEXT PRIMARY KEY,
    product    TEXT NOT NULL,
    release_id TEXT NOT NULL,
    at         BIGINT NOT NULL,
    body       TEXT NOT NULL
);
CREATE INDEX baseline_candidates_release ON baseline_candidates (product, release_id);
CREATE INDEX baseline_candidates_at ON baseline_candidates (at);

-- +goose Down
DROP TABLE baseline_candidates;
DROP TABLE baselines;
