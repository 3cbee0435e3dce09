-- How often a journey fails for no reason: one document a journey.

-- +goose Up
CREATE TABLE flakes (
    product TEXT NOT NULL,
    journey TEXT NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (product, journey)
);

-- +goose Down
DROP TABLE flakes;
