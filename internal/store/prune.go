package store

import (
	"context"
	"fmt"
	"time"

	"github.com/postflight/postflight/internal/watch"
)

// PruneOptions say what is old enough to go. A zero time keeps everything of
// its sort.
type PruneOptions struct {
	Events    time.Time // events that happened before
	Signals   time.Time // signals and verdicts of before, watches that ended before
	Actions   time.Time // actions that ended before
	Incidents time.Time // incidents closed before, with timeline and postmortem
	Trends    time.Time // trend rows of before
	Thin      time.Time // trend rows of runs that passed before: a few of each hour and version stay
	Steps     time.Time // what was told of pipelines and changes before, beyond what is kept by number
	// Releases is how many of each product's newest releases keep their
	// signals whatever their age; 0 means 5.
	Releases int
}

// Pruned counts the rows that went.
type Pruned struct {
	Events, Signals, Verdicts, Watches, Actions, Incidents, Grants, Pictures, Trends, Steps, Scopes int64
}

// batch bounds the rows that one transaction deletes, so that pages and
// rollbacks never wait long for the writer.
const batch = 500

// protected is what every rule keeps: open incidents with their release and
// watch, the newest releases of each product, the live one and the last good
// one, and the watches on those. $1 is how many releases.
const protected = `WITH
	open_incidents AS (SELECT id, release_id, watch FROM incidents WHERE NOT closed),
	kept_releases AS (
		SELECT id FROM (SELECT id, ROW_NUMBER() OVER (PARTITION BY product ORDER BY at DESC, pos DESC) AS nth
			FROM releases) AS numbered WHERE nth <= $1
		UNION SELECT live FROM ledger UNION SELECT last_good FROM ledger
		UNION SELECT release_id FROM open_incidents WHERE release_id <> ''),
	kept_watches AS (
		SELECT id FROM watches WHERE kind <> '` + string(watch.KindStanding) + `' AND release_id IN (SELECT id FROM kept_releases)
		UNION SELECT watch FROM open_incidents WHERE watch <> ''
		UNION SELECT id FROM watches WHERE state = '` + string(watch.Open) + `' AND kind <> '` + string(watch.KindStanding) + `'),
	kept_crawls AS (SELECT id FROM (SELECT s.id, ROW_NUMBER() OVER (PARTITION BY release_id ORDER BY s.at DESC, s.id DESC) AS nth
		FROM signals AS s WHERE s.kind = 'assets' AND s.outcome = 'pass'
			AND s.release_id IN (SELECT id FROM kept_releases)) AS crawls WHERE nth = 1)
`

// rule deletes rows of one table by its key.
type rule struct {
	table, key, cond string
	before           time.Time
	count            *int64
}

// Prune deletes what is older than the options say, in small transactions. It
// keeps whatever belongs to an open incident or to the newest releases, every
// event that a cursor has not passed, and the events and actions of incidents
// that are still there: their postmortems point at them. What a standing watch
// sees goes by age alone, since its release may stay the newest for ever.
func (s *Store) Prune(ctx context.Context, o PruneOptions) (Pruned, error) {
	if o.Releases <= 0 {
		o.Releases = 5
	}
	var n Pruned
	rules := []rule{
		{"incidents", "id", "closed AND ended < $2", o.Incidents, &n.Incidents},
		{"signals", "id", `at < $2 AND watch NOT IN (SELECT id FROM kept_watches) AND id NOT IN (SELECT id FROM kept_crawls)
			AND NOT (watch = '' AND release_id IN (SELECT id FROM kept_releases))`, o.Signals, &n.Signals},
		{"verdicts", "pos", `at < $2 AND watch NOT IN (SELECT id FROM kept_watches)
			AND pos NOT IN (SELECT MAX(pos) FROM verdicts GROUP BY watch)`, o.Signals, &n.Verdicts},
		{"watches", "id", `ended > 0 AND ended < $2 AND id NOT IN (SELECT id FROM kept_watches)
			AND release_id NOT IN (SELECT id FROM kept_releases)`, o.Signals, &n.Watches},
		{"actions", "key", `finished > 0 AND finished < $2 AND incident NOT IN (SELECT id FROM incidents)`, o.Actions, &n.Actions},
		{"events", "seq", `at < $2 AND seq <= (SELECT COALESCE(MIN(seq), 0) FROM cursors)
			AND seq NOT IN (SELECT seq FROM entries) AND incident NOT IN (SELECT id FROM incidents)
			AND watch NOT IN (SELECT watch FROM open_incidents WHERE watch <> '')
			AND (watch IN (SELECT id FROM watches WHERE kind = '` + string(watch.KindStanding) + `')
				OR release_id NOT IN (SELECT id FROM kept_releases
					UNION SELECT release_id FROM incidents WHERE release_id <> ''))`, o.Events, &n.Events},
		{"grants", "id", `expires > 0 AND expires < $2`, o.Events, &n.Grants},
		{"trends", "id", "at < $2", o.Trends, &n.Trends},
		{"trends", "id", thinned, o.Thin, &n.Trends},
		{"baseline_candidates", "id", `at < $2 AND release_id NOT IN (SELECT id FROM kept_releases)`, o.Signals, &n.Pictures},
	}
	for _, r := range rules {
		if r.before.IsZero() {
			continue
		}
		if err := s.prune(ctx, r, o.Releases); err != nil {
			return n, fmt.Errorf("prune %s: %w", r.table, err)
		}
	}
	if err := s.prunePipelines(ctx, o, &n); err != nil {
		return n, fmt.Errorf("prune pipelines: %w", err)
	}
	if err := s.pruneScopes(ctx, o, &n); err != nil {
		return n, fmt.Errorf("prune changes: %w", err)
	}
	if s.dialect.reclaim == "" {
		return n, nil
	}
	// Stepping through the rows is what frees the pages.
	rows, err := s.write.QueryContext(ctx, s.dialect.reclaim)
	if err != nil {
		return n, explain(fmt.Errorf("give freed space back: %w", err))
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
	}
	return n, explain(rows.Err())
}

// prune applies one rule, batch by batch.
func (s *Store) prune(ctx context.Context, r rule, releases int) error {
	for {
		var gone int64
		err := s.Write(ctx, func(t *Tx) error {
			keys, err := t.names(ctx, fmt.Sprintf(`%s SELECT CAST(%s AS TEXT) FROM %s WHERE %s AND $1 > 0 LIMIT %d`,
				protected, r.key, r.table, r.cond, batch), releases, r.before)
			if err != nil {
				return err
			}
			gone = int64(len(keys))
			for _, key := range keys {
				if err := t.forget(ctx, r, key); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		*r.count += gone
		if gone < batch {
			return nil
		}
	}
}

// forget deletes one row and what hangs on it.
func (t *Tx) forget(ctx context.Context, r rule, key string) error {
	if _, err := t.exec(ctx, `DELETE FROM `+r.table+` WHERE CAST(`+r.key+` AS TEXT) = $1`, key); err != nil {
		return err
	}
	switch r.table {
	case "signals":
		return t.refer(ctx, "signal/"+key, nil)
	case "baseline_candidates":
		return t.refer(ctx, "candidate/"+key, nil)
	case "incidents":
		seqs, err := t.names(ctx, `SELECT CAST(seq AS TEXT) FROM entries WHERE incident = $1`, key)
		if err != nil {
			return err
		}
		for _, seq := range seqs {
			if err := t.refer(ctx, "entry/"+key+"/"+seq, nil); err != nil {
				return err
			}
		}
		if err := t.refer(ctx, "postmortem/"+key, nil); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `DELETE FROM entries WHERE incident = $1`, key); err != nil {
			return err
		}
		_, err = t.exec(ctx, `DELETE FROM postmortems WHERE incident = $1`, key)
		return err
	}
	return nil
}

// refer sets which artifacts a document keeps alive.
func (t *Tx) refer(ctx context.Context, owner string, blobs []string) error {
	if _, err := t.exec(ctx, `DELETE FROM blob_refs WHERE owner = $1`, owner); err != nil {
		return fmt.Errorf("refer to evidence: %w", err)
	}
	for _, blob := range blobs {
		if blob == "" {
			continue
		}
		_, err := t.exec(ctx, `INSERT INTO blob_refs (owner, blob) VALUES ($1, $2) ON CONFLICT DO NOTHING`, owner, blob)
		if err != nil {
			return fmt.Errorf("refer to evidence: %w", err)
		}
	}
	return nil
}

// BlobInUse reports whether a stored document still shows this artifact.
func (t *Tx) BlobInUse(ctx context.Context, key string) (bool, error) {
	found, err := t.names(ctx, `SELECT blob FROM blob_refs WHERE blob = $1 LIMIT 1`, key)
	if err != nil {
		return false, fmt.Errorf("read use of %s: %w", key, err)
	}
	return len(found) > 0, nil
}

// BlobsInUse returns every artifact that a stored document still shows.
func (t *Tx) BlobsInUse(ctx context.Context) (map[string]bool, error) {
	found, err := t.names(ctx, `SELECT DISTINCT blob FROM blob_refs`)
	if err != nil {
		return nil, fmt.Errorf("read evidence in use: %w", err)
	}
	used := make(map[string]bool, len(found))
	for _, key := range found {
		used[key] = true
	}
	return used, nil
}
