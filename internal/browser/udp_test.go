package browser

import (
	"net"
	"sync/atomic"
	"testing"
)

// WebRTC speaks UDP, which no proxy carries: the fence must stop it all the same.
func TestFenceDatagrams(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	var packets atomic.Int64
	go func() {
		for {
			if _, _, err := conn.ReadFrom(make([]byte, 2048)); err != nil {
				return
			}
			packets.Add(1)
		}
	}()
	srv := serve(t, site{"/": "<title>x</title>"})
	gather := `new Promise(done => {
		const c = new RTCPeerConnection({iceServers: [{urls: "stun:` + conn.LocalAddr().String() + `"}, {urls: "turn:` + conn.LocalAddr().String() + `?transport=udp", username: "x", credential: "y"}]});
		c.createDataChannel("x");
		c.onicegatheringstatechange = () => { if (c.iceGatheringState === "complete") done(1) };
		c.createOffer().then(o => c.setLocalDescription(o));
		setTimeout(done, 2000, 1);
	})`
	onBinaries(t, func(t *testing.T, bin string) {
		b := launchBin(t, bin, Options{NoDatagrams: true})
		p := openIn(t, b, PageOptions{Fence: Fence{Hosts: []string{"127.0.0.1:" + srv.URL[len("http://127.0.0.1:"):]}}})
		visit(t, p, srv.URL)
		packets.Store(0)
		eval[any](t, p, gather)
		if n := packets.Load(); n > 0 {
			t.Errorf("%d packets got out", n)
		}
		free := openIn(t, launchBin(t, bin, Options{}), PageOptions{})
		visit(t, free, srv.URL)
		eval[any](t, free, gather)
		if packets.Load() == 0 {
			t.Error("nothing got out of an open browser either: this test proves nothing")
		}
	})
}
