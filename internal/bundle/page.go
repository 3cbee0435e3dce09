package bundle

// page is the report: one file, no script, nothing from elsewhere.
const page = `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{{.Title}}: {{.S.Outcome}}</title>
<style>
:root { color-scheme: light dark; --line: #8884; --bad: #c62828; --ok: #2e7d32 }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; padding: 0 1rem; max-width: 76rem }
h1 { font-size: 1.4rem; margin-bottom: .2rem } h2 { font-size: 1.1rem; margin-top: 2rem }
.outcome { font-weight: 600 } .pass { color: var(--ok) } .fail, .broken, .failed { color: var(--bad) }
dl { display: flex; flex-wrap: wrap; gap: .3rem 1.6rem } dt { opacity: .7; font-size: .85rem } dd { margin: 0 }
.film { display: flex; gap: 1rem; overflow-x: auto; padding-bottom: .6rem }
figure { margin: 0; flex: 0 0 20rem; border: 1px solid var(--line); border-radius: 6px; padding: .5rem }
figure.fail { border-color: var(--bad) } figure img { width: 100%; display: block } figcaption { font-size: .85rem; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100%; table-layout: fixed; font-size: .8rem }
td, th { text-align: left; border-bottom: 1px solid var(--line); padding: .15rem .3rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.track { position: relative; height: .8rem } .track i { position: absolute; top: 0; bottom: 0; min-width: 1px }
.blocked { background: #9e9e9e } .dns { background: #26a69a } .connect { background: #ef6c00 } .send { background: #8e24aa } .wait { background: #43a047 } .receive { background: #1e88e5 }
pre { overflow: auto; max-height: 32rem; border: 1px solid var(--line); padding: .6rem; font-size: .8rem }
</style></head><body>
<h1>{{.Title}}</h1>
<p><span class="outcome {{.S.Outcome}}">{{.S.Outcome}}</span> {{.S.Summary}}</p>
{{with .S.Failure}}<p class="failed">{{.Message}}{{with .Position}} <code>{{.}}</code>{{end}}</p>{{end}}
<dl>
<div><dt>ended</dt><dd>{{.S.At.UTC.Format "2006-01-02 15:04:05 UTC"}}</dd></div>
<div><dt>took</dt><dd>{{seconds .S.Took}}</dd></div>
{{with .S.Release}}<div><dt>release</dt><dd>{{.}}</dd></div>{{end}}
{{with .S.Served}}<div><dt>version served</dt><dd>{{.}}</dd></div>{{end}}
{{with .S.Browser}}<div><dt>browser</dt><dd>{{.}}</dd></div>{{end}}
{{with .S.Worker}}<div><dt>from</dt><dd>{{.}}</dd></div>{{end}}
{{range .Vitals}}<div><dt>{{.Name}}</dt><dd>{{.Value}}</dd></div>{{end}}
</dl>
{{with .S.Dropped}}<p>{{.}} things were over their bounds and are not shown.</p>{{end}}
{{with .Missing}}<p class="failed">No longer stored: {{range $i, $m := .}}{{if $i}}, {{end}}{{$m}}{{end}}.</p>{{end}}
<h2>Steps</h2>
<div class="film">{{range .Frames}}
<figure class="{{.Outcome}}">{{if .Picture}}<img src="{{.Picture}}" alt="the page after step {{.Index}}">{{else}}<p>no picture</p>{{end}}
<figcaption><b>{{.Index}}. {{.Title}}</b> <span class="{{.Outcome}}">{{if .Outcome}}{{.Outcome}}{{else}}not reached{{end}}</span> {{.Time}}{{with .Message}}<br><span class="failed">{{.}}</span>{{end}}</figcaption></figure>{{end}}
</div>
{{with .Rows}}<h2>Network</h2>
<table><colgroup><col style="width:32%"><col style="width:6%"><col style="width:9%"><col style="width:9%"><col style="width:8%"><col style="width:8%"><col></colgroup>
<tr><th>request</th><th></th><th>status</th><th>type</th><th>time</th><th>size</th><th>blocked · dns · connect · send · wait · receive</th></tr>
{{range .}}<tr{{if .Failed}} class="failed"{{end}}><td title="{{.URL}}">{{.Name}}</td><td>{{.Method}}</td><td>{{.Status}}</td><td>{{.Type}}</td><td>{{.Took}}</td><td>{{.Size}}</td>
<td><div class="track">{{range .Bars}}<i class="{{.Kind}}" style="left:{{.Left}}%;width:{{.Width}}%" title="{{.Kind}} {{.Took}}"></i>{{end}}</div></td></tr>
{{end}}</table>{{end}}
{{with .More}}<p>{{.}} more requests are in har.har.</p>{{end}}
{{with .S.Traffic}}<h2>Hosts</h2>
<table><tr><th>host</th><th>requests</th><th>failed</th><th>time in all</th><th>slowest</th></tr>
{{range .}}<tr><td>{{.Host}}{{if not .FirstParty}} (third party){{end}}</td><td>{{.Requests}}</td><td>{{.Failed}}</td><td>{{seconds .Took}}</td><td>{{seconds .Slowest}}</td></tr>
{{end}}</table>{{end}}
{{with .Console}}<h2>Console</h2><pre>{{.}}</pre>{{end}}
{{with .Files}}<h2>Beside this report</h2><ul>{{range .}}<li><code>{{.Name}}</code>: {{.Value}}</li>{{end}}</ul>{{end}}
</body></html>
`
