package redact

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/postflight/postflight/internal/har"
)

// events are n requests as a browser tells of them, with usual headers.
func events(n int) []har.Event {
	var out []har.Event
	headers := `{"Accept":"*/*","Accept-Encoding":"gzip, deflate, br, zstd","Connection":"keep-alive","Cookie":"sid=3f2a9c1be77d4c50a1; theme=dark","Host":"shop.test","Referer":"https://shop.test/book","User-Agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.8078.79 Safari/537.36 Postflight/1.2.3 (+synthetic)","sec-ch-ua":"\"Chromium\";v=\"156\"","sec-ch-ua-platform":"\"Linux\""}`
	add := func(method, format string, args ...any) {
		out = append(out, har.Event{Page: "T", Session: "S", Method: "Network." + method, Params: fmt.Appendf(nil, format, args...)})
	}
	for i := range n {
		add("requestWillBeSent", `{"requestId":"%d","loaderId":"L","frameId":"T","type":"Fetch","timestamp":%d,"wallTime":1764000000,"request":{"url":"https://shop.test/api/slots/%d?day=2026-11-21&token=abcdef","method":"GET","headers":%s},"initiator":{"type":"script","stack":{"callFrames":[{"functionName":"load","url":"https://shop.test/app.js","lineNumber":1,"columnNumber":20}]}}}`, i, 100+i, i, headers)
		add("requestWillBeSentExtraInfo", `{"requestId":"%d","headers":%s}`, i, headers)
		add("responseReceived", `{"requestId":"%d","timestamp":%d,"type":"Fetch","hasExtraInfo":true,"response":{"status":200,"statusText":"OK","headers":{"Content-Type":"application/json","Date":"Sat, 21 Nov 2026 05:43:13 GMT","Cache-Control":"no-store"},"mimeType":"application/json","protocol":"http/1.1","remoteIPAddress":"127.0.0.1","connectionId":7,"timing":{"requestTime":%d,"dnsStart":-1,"dnsEnd":-1,"connectStart":-1,"connectEnd":-1,"sslStart":-1,"sslEnd":-1,"sendStart":0.2,"sendEnd":0.3,"receiveHeadersEnd":12}}}`, i, 100+i, 100+i)
		add("responseReceivedExtraInfo", `{"requestId":"%d","statusCode":200,"headers":{"Content-Type":"application/json","Set-Cookie":"sid=3f2a9c1be77d4c50a1; Path=/","Cache-Control":"no-store"}}`, i)
		add("loadingFinished", `{"requestId":"%d","timestamp":%d,"encodedDataLength":400}`, i, 101+i)
	}
	return out
}

// BenchmarkArchive is what the archive of a run costs at its end: 30 requests
// are a usual page, 3000 the bound.
func BenchmarkArchive(b *testing.B) {
	for _, n := range []int{30, 3000} {
		list := events(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				r := New().Clone()
				r.Secret("v1.1764000000.run.0123456789abcdef")
				r.Secret("3f2a9c1be77d4c50a1")
				l := har.Build(list, har.Options{Creator: har.Tool{Name: "Postflight", Version: "1"}})
				r.HAR(&l)
				text, err := json.Marshal(har.HAR{Log: l})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(text)), "B/archive")
			}
		})
	}
}
