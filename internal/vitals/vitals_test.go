package vitals

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
)

// told are reports of one navigation: kind, at, value, interaction.
func told(c *Collector, origin float64, reports ...string) {
	for _, r := range reports {
		c.Take(fmt.Sprintf("[%v,%s]", origin, r))
	}
}

func ms(n float64) *time.Duration {
	d := time.Duration(n * float64(time.Millisecond))
	return &d
}

func TestSummary(t *testing.T) {
	t.Parallel()
	cls := func(v float64) *float64 { return &v }
	var many []string // 60 interactions: the longest one does not count
	for i := range 60 {
		many = append(many, fmt.Sprintf(`"inp",%d,%d,%d`, i, 100+i, i+1))
	}
	for name, c := range map[string]struct {
		reports []string
		want    *signal.Vitals
	}{
		"nothing": {nil, nil},
		"painted": {
			[]string{`"ttfb",0,12.5,0`, `"fcp",30,30,0`, `"lcp",31,31,0`, `"lcp",95.25,95.25,0`},
			&signal.Vitals{TTFB: ms(12.5), FCP: ms(30), LCP: ms(95.3), CLS: cls(0)},
		},
		"hidden": {
			[]string{`"hidden",20,0,0`, `"fcp",30,30,0`, `"lcp",31,31,0`, `"ttfb",0,5,0`},
			&signal.Vitals{TTFB: ms(5)},
		},
		"hidden later": {
			[]string{`"fcp",30,30,0`, `"lcp",31,31,0`, `"hidden",40,0,0`, `"lcp",50,50,0`},
			&signal.Vitals{FCP: ms(30), LCP: ms(31), CLS: cls(0)},
		},
		// 0.1+0.2 in one window; a second later another one; out of order.
		"windows": {
			[]string{`"cls",1700,0.25,0`, `"cls",500,0.2,0`, `"cls",100,0.1,0`},
			&signal.Vitals{CLS: cls(0.30000000000000004)},
		},
		// Every 0.9 s, but a window is five seconds at most: six shifts.
		"long window": {
			[]string{`"cls",0,1,0`, `"cls",900,1,0`, `"cls",1800,1,0`, `"cls",2700,1,0`, `"cls",3600,1,0`, `"cls",4500,1,0`, `"cls",5400,1,0`, `"cls",6300,1,0`},
			&signal.Vitals{CLS: cls(6)},
		},
		"interactions": {
			[]string{`"inp",10,48,7`, `"inp",11,200,7`, `"inp",90,64,8`},
			&signal.Vitals{INP: ms(200)},
		},
		"many interactions": {many, &signal.Vitals{INP: ms(158)}},
		"noise":             {[]string{`"lcp","x",1,0`, `{}`, `"lcp"`, `1,2,3,4`}, nil},
	} {
		var got Collector
		told(&got, 1e12, c.reports...)
		got.Take("no JSON")
		if diff := cmp.Diff(got.Summary(), c.want); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestPages holds that loading is told of the first page, the rest of the worst.
func TestPages(t *testing.T) {
	t.Parallel()
	var c Collector
	told(&c, 2000, `"ttfb",0,90,0`, `"fcp",99,99,0`, `"cls",100,0.4,0`, `"inp",5,60,1`)
	told(&c, 1000, `"ttfb",0,10,0`, `"fcp",20,20,0`, `"cls",100,0.1,0`, `"inp",5,300,1`)
	worst := 0.4
	want := &signal.Vitals{TTFB: ms(10), FCP: ms(20), INP: ms(300), CLS: &worst}
	if diff := cmp.Diff(c.Summary(), want); diff != "" {
		t.Error(diff)
	}
}

func TestOver(t *testing.T) {
	t.Parallel()
	v := &signal.Vitals{LCP: ms(2600), TTFB: ms(100)}
	all := product.Budgets{LCP: 2500 * time.Millisecond, FCP: time.Millisecond, TTFB: time.Second, INP: time.Millisecond, CLS: 0.1}
	if got := strings.Join(Over(v, all), " "); got != "LCP" {
		t.Errorf("got %q", got)
	}
	if Over(nil, all) != nil || Over(v, product.Budgets{}) != nil {
		t.Error("nothing can be over there")
	}
}

func FuzzTake(f *testing.F) {
	f.Add(`[1,"cls",2,3,4]`)
	f.Add(`[1,"inp",1e300,-5,1e300]`)
	f.Fuzz(func(t *testing.T, text string) {
		var c Collector
		c.Take(text)
		if v := c.Summary(); v != nil && v.INP != nil && *v.INP < 0 {
			t.Errorf("got %v", v)
		}
	})
}
