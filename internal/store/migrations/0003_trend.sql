-- What is remembered of each run of a journey for months: one small document a
-- run.

-- +goose Up
CREATE TABLE trends (
    id      TEXT PRIMARY KEY,
    product TEXT NOT NULL,
    journey TEXT NOT NULL,
    version TEXT NOT NULL,
    outcome TEXT NOT NULL,
    at      BIGINT NOT NULL,
    body    TEXT NOT NULL
);
CREATE INDEX trends_journey ON trends (product, journey, at);
CREATE INDEX trends_at ON trends (at);

-- +goose Down
DROP TABLE trends;
