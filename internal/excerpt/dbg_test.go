package excerpt
import ("testing";"os";"bufio")
func TestDbg(t *testing.T) {
	if os.Getenv("DBG")=="" { t.Skip() }
	f := New(Options{})
	fh,_ := os.Open(os.Getenv("DBG"))
	sc := bufio.NewScanner(fh)
	for sc.Scan() {
		l := f.clean.Clean(sc.Bytes(), 1)
		txt, lv := bare(l.Text)
		f.hits = f.rules.finder.scan(nil, sc.Bytes())
		v := f.verdict(txt, lv, 1+uint64(len(f.judged)))
		name := ""
		if v.rule >= 0 { name = f.rules.rules[v.rule].name }
		var ws []string
		for _, h := range f.hits { ws = append(ws, f.rules.words[h]) }
		t.Logf("%q lv=%d %v %s %q", txt, lv, v, name, ws)
	}
}
