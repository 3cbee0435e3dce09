package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
)

// Frame is one document slot of a page. It stays valid across navigations until
// it is detached. Its session may change when it moves to another process.
type Frame struct {
	ID string

	page *Page

	// Guarded by page.window.mu.
	sess     *session
	parent   *Frame
	children []*Frame
	url      string
	detached bool
	worlds   map[World]worldRef
	doc      document
}

// document is the load state of what a frame shows.
type document struct {
	loader      string // of the committed document
	loaded      string // loader whose load event has fired
	unreachable string // the URL that failed, when an error page is shown
	started     int    // navigations begun
	commits     int    // documents committed
	moves       int    // same-document navigations
	mime        string
}

type worldRef struct {
	id     int
	unique string
	sess   *session
}

type frameInfo struct {
	ID          string `json:"id"`
	ParentID    string `json:"parentId"`
	LoaderID    string `json:"loaderId"`
	URL         string `json:"url"`
	URLFragment string `json:"urlFragment"`
	MIME        string `json:"mimeType"`
	Unreachable string `json:"unreachableUrl"`
}

type frameTree struct {
	Frame    frameInfo   `json:"frame"`
	Children []frameTree `json:"childFrames"`
}

type frameEvent struct {
	FrameID  string `json:"frameId"`
	ParentID string `json:"parentFrameId"`
	Reason   string `json:"reason"`
	LoaderID string `json:"loaderId"`
	Name     string `json:"name"`
	URL      string `json:"url"`
}

// MainFrame returns the top frame.
func (p *Page) MainFrame() *Frame { return p.main }

// Frames lists the attached frames of the page, parents before children.
func (p *Page) Frames() []*Frame {
	p.window.mu.Lock()
	defer p.window.mu.Unlock()
	var all []*Frame
	var walk func(f *Frame)
	walk = func(f *Frame) {
		all = append(all, f)
		for _, c := range f.children {
			walk(c)
		}
	}
	walk(p.main)
	return all
}

// URL of the document, with its fragment.
func (f *Frame) URL() string {
	f.page.window.mu.Lock()
	defer f.page.window.mu.Unlock()
	return f.url
}

// Parent frame, nil for the main frame.
func (f *Frame) Parent() *Frame {
	f.page.window.mu.Lock()
	defer f.page.window.mu.Unlock()
	return f.parent
}

// Children in the order they were attached.
func (f *Frame) Children() []*Frame {
	f.page.window.mu.Lock()
	defer f.page.window.mu.Unlock()
	return slices.Clone(f.children)
}

// Page the frame belongs to.
func (f *Frame) Page() *Page { return f.page }

// Detached reports whether the frame was removed.
func (f *Frame) Detached() bool {
	f.page.window.mu.Lock()
	defer f.page.window.mu.Unlock()
	return f.detached
}

// Loaded reports whether the document's load event has fired.
func (f *Frame) Loaded() bool {
	f.page.window.mu.Lock()
	defer f.page.window.mu.Unlock()
	return f.doc.loader != "" && f.doc.loaded == f.doc.loader
}

func (f *Frame) session() *session {
	f.page.window.mu.Lock()
	defer f.page.window.mu.Unlock()
	return f.sess
}

// Call sends a command on the session that hosts the frame.
func (f *Frame) Call(ctx context.Context, method string, params, result any) error {
	return f.session().call(ctx, method, params, result)
}

// Offset is where the frame's viewport begins in the viewport of the page, in
// CSS pixels: add it to what is measured inside before giving it to the mouse.
func (f *Frame) Offset(ctx context.Context) (x, y float64, err error) {
	for f != nil && f.Parent() != nil {
		parent := f.Parent()
		var owner struct {
			ID int `json:"backendNodeId"`
		}
		if err := parent.Call(ctx, "DOM.getFrameOwner", map[string]any{"frameId": f.ID}, &owner); err != nil {
			return 0, 0, fmt.Errorf("locate frame %s: %w", f.ID, err)
		}
		var box struct {
			Model struct {
				Content []float64 `json:"content"`
			} `json:"model"`
		}
		if err := parent.Call(ctx, "DOM.getBoxModel", map[string]any{"backendNodeId": owner.ID}, &box); err != nil {
			return 0, 0, fmt.Errorf("locate frame %s: %w", f.ID, err)
		}
		if len(box.Model.Content) < 2 {
			return 0, 0, fmt.Errorf("locate frame %s: it has no box", f.ID)
		}
		x, y = x+box.Model.Content[0], y+box.Model.Content[1]
		f = localRoot(parent)
	}
	return x, y, nil
}

// LocalRoot is the topmost frame around this one that is in the same process:
// boxes inside are measured from its viewport.
func (f *Frame) LocalRoot() *Frame { return localRoot(f) }

// localRoot is the topmost frame in the same session: box models are relative to it.
func localRoot(f *Frame) *Frame {
	for {
		parent := f.Parent()
		if parent == nil || parent.session() != f.session() {
			return f
		}
		f = parent
	}
}

// watchFrames keeps the frame tree and its load states by the events of s.
func (p *Page) watchFrames(s *session) {
	onFrame := func(method string, fn func(frameEvent)) {
		handleEvent(s, method, func(e frameEvent) { p.window.update(func() { fn(e) }) })
	}
	onFrame("Page.frameAttached", func(e frameEvent) { p.attachFrame(s, e.FrameID, e.ParentID) })
	onFrame("Page.frameDetached", func(e frameEvent) {
		if f := p.frames[e.FrameID]; f != nil && e.Reason != "swap" {
			p.detachFrame(f)
		}
	})
	onFrame("Page.frameStartedNavigating", func(e frameEvent) {
		if f := p.frames[e.FrameID]; f != nil {
			f.doc.started++
		}
	})
	onFrame("Page.navigatedWithinDocument", func(e frameEvent) {
		if f := p.frames[e.FrameID]; f != nil {
			f.url = e.URL
			f.doc.moves++
		}
	})
	onFrame("Page.lifecycleEvent", func(e frameEvent) {
		if f := p.frames[e.FrameID]; f != nil && e.Name == "load" {
			f.doc.loaded = e.LoaderID
		}
	})
	handleEvent(s, "Page.frameNavigated", func(e struct {
		Frame frameInfo `json:"frame"`
	},
	) {
		p.window.update(func() { p.commit(s, e.Frame) })
		p.window.record.superseded(s, e.Frame.ID, e.Frame.LoaderID)
	})
	p.watchContexts(s)
}

// commit notes a new document in a frame. Caller holds the lock, as for all below.
func (p *Page) commit(s *session, i frameInfo) {
	f := p.attachFrame(s, i.ID, i.ParentID)
	for _, c := range slices.Clone(f.children) {
		p.detachFrame(c)
	}
	f.sess = s
	f.url = i.URL + i.URLFragment
	f.doc.loader, f.doc.mime, f.doc.unreachable = i.LoaderID, i.MIME, i.Unreachable
	f.doc.commits++
}

func (p *Page) attachFrame(s *session, id, parentID string) *Frame {
	if f := p.frames[id]; f != nil {
		return f
	}
	parent := p.frames[parentID]
	if parent == nil {
		parent = p.main
	}
	f := &Frame{ID: id, page: p, sess: s, parent: parent}
	p.frames[id] = f
	parent.children = append(parent.children, f)
	return f
}

func (p *Page) detachFrame(f *Frame) {
	if f.parent == nil {
		return
	}
	f.detached = true
	delete(p.frames, f.ID)
	f.parent.children = slices.DeleteFunc(f.parent.children, func(o *Frame) bool { return o == f })
	for _, c := range slices.Clone(f.children) {
		p.detachFrame(c)
	}
}

// adopt moves a frame to the session of its new process.
func (p *Page) adopt(s *session) {
	p.window.update(func() {
		f := p.attachFrame(s, s.target.TargetID, "")
		f.sess, f.worlds = s, nil
	})
}

func (p *Page) seedFrames(ctx context.Context) error { return p.seed(ctx, p.sess) }

// seed adds the frames that were there before the events were on.
func (p *Page) seed(ctx context.Context, s *session) error {
	var got struct {
		Tree frameTree `json:"frameTree"`
	}
	if err := s.call(ctx, "Page.getFrameTree", nil, &got); err != nil {
		return err
	}
	p.window.update(func() {
		var walk func(t frameTree)
		walk = func(t frameTree) {
			f := p.attachFrame(s, t.Frame.ID, t.Frame.ParentID)
			if f.doc.commits == 0 {
				f.url, f.doc.loader, f.doc.mime = t.Frame.URL+t.Frame.URLFragment, t.Frame.LoaderID, t.Frame.MIME
			}
			for _, c := range t.Children {
				walk(c)
			}
		}
		walk(got.Tree)
	})
	return nil
}

// watchContexts keeps which execution context is which frame's world.
func (p *Page) watchContexts(s *session) {
	handleEvent(s, "Runtime.executionContextCreated", func(e struct {
		Context struct {
			ID     int    `json:"id"`
			Unique string `json:"uniqueId"`
			Name   string `json:"name"`
			Aux    struct {
				Default bool   `json:"isDefault"`
				FrameID string `json:"frameId"`
			} `json:"auxData"`
		} `json:"context"`
	},
	) {
		world := Main
		if !e.Context.Aux.Default {
			if e.Context.Name != worldName {
				return
			}
			world = Isolated
		}
		p.window.update(func() {
			f := p.frames[e.Context.Aux.FrameID]
			if f == nil {
				return
			}
			if f.worlds == nil {
				f.worlds = map[World]worldRef{}
			}
			f.worlds[world] = worldRef{id: e.Context.ID, unique: e.Context.Unique, sess: s}
		})
	})
	handleEvent(s, "Runtime.executionContextDestroyed", func(e struct {
		Unique string `json:"executionContextUniqueId"`
	},
	) {
		p.dropWorlds(func(r worldRef) bool { return r.unique == e.Unique })
	})
	s.on("Runtime.executionContextsCleared", func(json.RawMessage) {
		p.dropWorlds(func(r worldRef) bool { return r.sess == s })
	})
}

func (p *Page) dropWorlds(gone func(worldRef) bool) {
	p.window.update(func() {
		for _, f := range p.frames {
			for w, r := range f.worlds {
				if gone(r) {
					delete(f.worlds, w)
				}
			}
		}
	})
}
