package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

var imageTriggers = []string{
	"ERROR: failed to solve: ", "ERROR: failed to build: ", "failed to solve: ", "The command '/bin/sh -c ", "│ Error: ", "Apply complete! Resources: ",
	"Error: UPGRADE FAILED: ", "Error: INSTALLATION FAILED: ", "error: deployment \"", "error: timed out waiting for the condition", "rsync error: ",
	"❌  ", "ERROR 1",
}

// image reads Docker, Terraform, Helm, kubectl, the AWS CDK, rsync and mysql.
func image(t string, l logline.Line, o *out) {
	if l.Indent > 0 && !strings.HasPrefix(t, "❌  ") {
		return
	}
	switch {
	case strings.HasPrefix(t, "│ Error: "):
		o.add(bad("Terraform", Task, 1, l))
	case strings.HasPrefix(t, "Apply complete! "):
		o.add(of("Terraform", Task, l))
	case strings.HasPrefix(t, "Error: "):
		o.add(bad("Helm", Task, 1, l))
	case strings.HasPrefix(t, "error: "):
		if strings.HasPrefix(t, "error: timed out ") || strings.HasSuffix(t, " exceeded its progress deadline") {
			o.add(bad("kubectl", Task, 1, l))
		}
	case strings.HasPrefix(t, "rsync error: "):
		if strings.Contains(t, " (code ") && !strings.Contains(t, "(code 24)") { // files that vanished meanwhile
			o.add(bad("rsync", Task, 1, l))
		}
	case strings.HasPrefix(t, "❌  "):
		if strings.Contains(t, " failed: ") {
			o.add(bad("AWS CDK", Task, 1, l))
		}
	case strings.HasPrefix(t, "ERROR 1"):
		if like1(t, "ERROR {n} ({*}) at line {n}: {*}") {
			o.add(bad("mysql", Task, 1, l))
		}
	case strings.HasPrefix(t, "The command '"):
		if n, ok := like(t, "The command '{*}' returned a non-zero code: {n}"); ok && n[0] != 0 {
			o.add(bad("docker build", Build, 1, l))
		}
	default:
		o.add(bad("docker build", Build, 1, l))
	}
}

// psql reads PostgreSQL's client, which goes on after an error and exits with 0
// unless ON_ERROR_STOP is set.
//
//	psql:migrate.sql:12: ERROR:  column "x" does not exist
type psql struct{ run Run }

func (g *psql) triggers() []string { return []string{"psql:"} }

func (g *psql) line(l logline.Line, _ *out) {
	t := string(l.Text)
	place, message, ok := strings.Cut(t, ": ERROR:  ")
	if !ok || l.Indent > 0 || !like1(place, "psql:{*}:{n}") || strings.HasSuffix(message, " already exists") {
		return
	}
	more(&g.run, bad("psql", Task, 1, l), Failure{Name: cut(strings.TrimPrefix(place, "psql:")), Message: cut(message), Line: l.Number})
}

func (g *psql) end(o *out) {
	if g.run.First > 0 {
		o.add(g.run)
	}
}
