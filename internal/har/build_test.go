package har

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// check holds a log against the schema and against Validate.
func check(t *testing.T, l Log) {
	t.Helper()
	if err := Validate(HAR{l}); err != nil {
		t.Error(err)
	}
	text, err := json.Marshal(HAR{l})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema(t).Validate(doc); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
}

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile("testdata/har-1.2.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func event(method, params string) Event {
	return Event{Page: "T", Session: "S", Method: method, Params: []byte(params)}
}

// A redirect, whose raw headers come early for the first hop and late for the
// second, then a load.
func redirect() []Event {
	return []Event{
		event("Network.requestWillBeSentExtraInfo", `{"requestId":"L","headers":{"Cookie":"sid=one; theme=dark","Host":"a"}}`),
		event("Network.requestWillBeSent", `{"requestId":"L","loaderId":"L","frameId":"T","type":"Document","timestamp":100,"wallTime":1764000000,
			"request":{"url":"http://a.test/old?q=a%20b&empty","urlFragment":"#top","method":"GET","headers":{"X":"1"},"initialPriority":"VeryHigh"},"initiator":{"type":"other"}}`),
		event("Network.responseReceivedExtraInfo", `{"requestId":"L","statusCode":302,"headers":{"Location":"/new","Set-Cookie":"sid=two; Path=/; HttpOnly; Expires=Wed, 21 Oct 2026 07:28:00 GMT\nb=2"},"headersText":"HTTP/1.1 302 Found\r\n\r\n"}`),
		event("Network.requestWillBeSent", `{"requestId":"L","loaderId":"L","frameId":"T","type":"Document","timestamp":100.1,"wallTime":1764000000.1,"redirectHasExtraInfo":true,
			"request":{"url":"http://a.test/new","method":"GET","headers":{}},"initiator":{"type":"other"},
			"redirectResponse":{"status":302,"statusText":"Found","headers":{"Location":"/new"},"protocol":"http/1.1","encodedDataLength":120,
				"remoteIPAddress":"127.0.0.1","connectionId":7,
				"timing":{"requestTime":100.01,"dnsStart":1,"dnsEnd":3,"connectStart":3,"connectEnd":9,"sslStart":5,"sslEnd":9,"sendStart":10,"sendEnd":11,"receiveHeadersEnd":80}}}`),
		event("Network.responseReceived", `{"requestId":"L","timestamp":100.2,"type":"Document","hasExtraInfo":true,"response":{"url":"http://a.test/new","status":200,"headers":{"A":"shown"},"mimeType":"text/html","protocol":"h2",
			"timing":{"requestTime":100.1,"dnsStart":-1,"dnsEnd":-1,"connectStart":-1,"connectEnd":-1,"sslStart":-1,"sslEnd":-1,"sendStart":1,"sendEnd":2,"receiveHeadersEnd":90}}}`),
		event("Network.requestWillBeSentExtraInfo", `{"requestId":"L","headers":{"Cookie":"sid=two"}}`),
		event("Network.responseReceivedExtraInfo", `{"requestId":"L","statusCode":200,"headers":{"Content-Type":"text/html"}}`),
		event("Network.loadingFinished", `{"requestId":"L","timestamp":100.25,"encodedDataLength":500}`),
		event("Page.lifecycleEvent", `{"frameId":"T","loaderId":"L","name":"DOMContentLoaded","timestamp":100.3}`),
		event("Page.lifecycleEvent", `{"frameId":"T","loaderId":"L","name":"load","timestamp":100.5}`),
	}
}

func TestBuildRedirect(t *testing.T) {
	t.Parallel()
	l := Build(redirect(), Options{Creator: Tool{"Postflight", "1"}, Sizes: map[string]int64{"L": 2000}})
	check(t, l)
	if len(l.Entries) != 2 || len(l.Pages) != 1 {
		t.Fatalf("got %d entries, %d pages", len(l.Entries), len(l.Pages))
	}
	first, second := l.Entries[0], l.Entries[1]
	if diff := cmp.Diff(first.Timings, Timings{Blocked: 11, DNS: 2, Connect: 6, SSL: 4, Send: 2, Wait: 69, Receive: 10}, approx()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(second.Timings, Timings{Blocked: 1, DNS: -1, Connect: -1, SSL: -1, Send: 1, Wait: 88, Receive: 60}, approx()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(first.Request.Query, []Pair{{"q", "a b"}, {"empty", ""}}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(first.Request.Cookies, []Cookie{{Name: "sid", Value: "one"}, {Name: "theme", Value: "dark"}}); diff != "" {
		t.Error(diff)
	}
	want := []Cookie{{Name: "sid", Value: "two", Path: "/", HTTPOnly: true, Expires: "2026-10-21T07:28:00.000Z"}, {Name: "b", Value: "2"}}
	if diff := cmp.Diff(first.Response.Cookies, want); diff != "" {
		t.Error(diff)
	}
	if first.Response.RedirectURL != "http://a.test/new" || first.Final || !second.Final || first.Request.URL != "http://a.test/old?q=a%20b&empty#top" {
		t.Errorf("got %+v", first)
	}
	if second.Request.Cookies[0].Value != "two" || second.Request.HTTPVersion != "HTTP/2.0" || second.Response.Content.Size != 2000 {
		t.Errorf("got %+v", second)
	}
	if got := l.Pages[0].Timings; got != (PageTimings{Content: 300, Load: 500}) || first.Page != "page_1" || second.Page != "page_1" {
		t.Errorf("got %+v", got)
	}
}

func approx() cmp.Option {
	return cmp.Comparer(func(a, b float64) bool { return a-b < 0.02 && b-a < 0.02 })
}

func TestBuildOddities(t *testing.T) {
	t.Parallel()
	sent := func(id, url, more string) Event {
		return event("Network.requestWillBeSent", `{"requestId":"`+id+`","frameId":"T","type":"Fetch","timestamp":5,"wallTime":1764000000,"request":{"url":"`+url+`","method":"POST"`+more+`}}`)
	}
	l := Build([]Event{
		sent("refused", "http://a.test/1", `,"postData":"a=1&password=two+words","headers":{"Content-Type":"application/x-www-form-urlencoded"}`),
		event("Network.loadingFailed", `{"requestId":"refused","timestamp":6,"errorText":"net::ERR_CONNECTION_REFUSED"}`),
		sent("open", "http://a.test/2", `,"hasPostData":true`),
		sent("hidden", "http://a.test/3", ""),
		event("Network.responseReceivedExtraInfo", `{"requestId":"hidden","statusCode":500,"headers":{}}`),
		event("Network.loadingFailed", `{"requestId":"hidden","timestamp":6,"errorText":"net::ERR_FAILED","corsErrorStatus":{"corsError":"MissingAllowOriginHeader"}}`),
		sent("fresh", "http://a.test/4", ""),
		event("Network.responseReceived", `{"requestId":"fresh","timestamp":5.5,"hasExtraInfo":true,"response":{"status":200,"fromDiskCache":true,"headers":{}}}`),
		event("Network.responseReceivedExtraInfo", `{"requestId":"fresh","statusCode":304,"headers":{"ETag":"x"}}`),
		event("Network.loadingFinished", `{"requestId":"fresh","timestamp":6}`),
		event("Network.webSocketCreated", `{"requestId":"ws","url":"ws://a.test/live"}`),
		event("Network.webSocketFrameSent", `{"requestId":"ws","timestamp":7,"response":{"opcode":1,"payloadData":"hello"}}`),
		event("Network.loadingFinished", `{"requestId":"unknown"}`),
		event("Network.loadingFinished", `{"requestId":`),
		sent("data", "data:text/plain,x", ""),
	}, Options{Creator: Tool{"Postflight", "1"}, Dropped: 2})
	check(t, l)
	if len(l.Entries) != 5 || !strings.HasPrefix(l.Comment, "3 events") {
		t.Fatalf("got %d entries, %q", len(l.Entries), l.Comment)
	}
	by := map[string]Entry{}
	for _, e := range l.Entries {
		by[e.ID] = e
	}
	if e := by["refused"]; e.Response.Status != 0 || e.Response.Error != "net::ERR_CONNECTION_REFUSED" || !e.Failed() || len(e.Request.Post.Params) != 2 || e.Time != 1000 {
		t.Errorf("got %+v", e)
	}
	if e := by["open"]; e.Comment == "" || e.Request.Post.Comment == "" || e.Request.BodySize != -1 {
		t.Errorf("got %+v", e)
	}
	if e := by["hidden"]; e.Response.Status != 500 || !strings.Contains(e.Response.Error, "CORS") {
		t.Errorf("got %+v", e)
	}
	if e := by["fresh"]; e.Response.Status != 304 || e.Response.BodySize != 0 || e.Cached != "disk" {
		t.Errorf("got %+v", e)
	}
	if e := by["ws"]; len(e.Messages) != 1 || e.Messages[0].Data != "hello" || e.Type != "websocket" {
		t.Errorf("got %+v", e)
	}
}

// TestValidateRefuses holds that no check of Validate is one that cannot fail,
// and that the schema refuses the same where it can say it.
func TestValidateRefuses(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*Log){
		"version":  func(l *Log) { l.Version = "1.1" },
		"creator":  func(l *Log) { l.Creator.Name = "" },
		"entries":  func(l *Log) { l.Entries = nil },
		"date":     func(l *Log) { l.Entries[0].Started = "yesterday" },
		"page":     func(l *Log) { l.Pages[0].Started = "2026" },
		"method":   func(l *Log) { l.Entries[0].Request.Method = "" },
		"list":     func(l *Log) { l.Entries[0].Response.Headers = nil },
		"mime":     func(l *Log) { l.Entries[0].Response.Content.MIME = "" },
		"negative": func(l *Log) { l.Entries[0].Timings.Wait = -1 },
		"odd":      func(l *Log) { l.Entries[0].Timings.DNS = -2 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := Build(redirect(), Options{Creator: Tool{"Postflight", "1"}})
			spoil(&l)
			if Validate(HAR{l}) == nil {
				t.Error("Validate lets it pass")
			}
			text, _ := json.Marshal(HAR{l})
			doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
			if err != nil {
				t.Fatal(err)
			}
			if schema(t).Validate(doc) == nil {
				t.Error("the schema lets it pass")
			}
		})
	}
	for name, spoil := range map[string]func(*Log){
		"pageref": func(l *Log) { l.Entries[0].Page = "page_9" },
		"sum":     func(l *Log) { l.Entries[0].Time++ },
		"ssl":     func(l *Log) { l.Entries[1].Timings.SSL = 5 },
		"url":     func(l *Log) { l.Entries[0].Request.URL = "/x" },
	} {
		l := Build(redirect(), Options{Creator: Tool{"Postflight", "1"}})
		spoil(&l)
		if Validate(HAR{l}) == nil {
			t.Errorf("%s: Validate lets it pass", name)
		}
	}
}

func FuzzBuild(f *testing.F) {
	for _, e := range redirect() {
		f.Add(e.Method, e.Params)
	}
	f.Add("Network.webSocketCreated", []byte(`{"requestId":"L","url":"ws://a"}`))
	f.Add("Network.loadingFailed", []byte(`{"requestId":"L","timestamp":1e308}`))
	f.Fuzz(func(t *testing.T, method string, params []byte) {
		events := append(redirect(), Event{"T", "S", method, params})
		l := Build(events, Options{Creator: Tool{"Postflight", "1"}})
		if _, err := json.Marshal(HAR{l}); err != nil {
			t.Fatal(err)
		}
	})
}
