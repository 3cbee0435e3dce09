package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// World is a JavaScript world of a frame.
type World string

// The worlds: the page's own, and ours, which shares the DOM but whose
// variables and patches the page neither sees nor disturbs.
const (
	Main     World = "main"
	Isolated World = "isolated"
)

const worldName = "postflight"

// ScriptError is an exception thrown by what was evaluated.
type ScriptError struct {
	Text   string // "TypeError: x is not a function"
	URL    string
	Line   int // 1-based, 0 when unknown
	Column int // 1-based, 0 when unknown
	Stack  string
}

// Error returns the text.
func (e *ScriptError) Error() string { return e.Text }

// Object is a value kept alive in a page; release it, or it lives until the
// frame navigates.
type Object struct {
	ID          string
	Subtype     string // "node", "array", …
	Description string

	frame *Frame
	sess  *session
}

type remoteObject struct {
	Type           string          `json:"type"`
	Subtype        string          `json:"subtype"`
	ClassName      string          `json:"className"`
	Value          json.RawMessage `json:"value"`
	Unserializable string          `json:"unserializableValue"`
	Description    string          `json:"description"`
	ObjectID       string          `json:"objectId"`
	Preview        *objectPreview  `json:"preview"`
}

type evaluation struct {
	Result  remoteObject      `json:"result"`
	Details *exceptionDetails `json:"exceptionDetails"`
}

// ContextID is the numeric id of the frame's execution context in that world,
// for commands that want one.
func (f *Frame) ContextID(ctx context.Context, w World) (int, error) {
	ref, err := f.world(ctx, w)
	return ref.id, err
}

// Evaluate runs an expression, awaits it if it is a promise, and decodes its
// JSON value into result, which may be nil. undefined leaves result as it is.
func (f *Frame) Evaluate(ctx context.Context, w World, expression string, result any) error {
	ref, err := f.world(ctx, w)
	if err != nil {
		return err
	}
	var got evaluation
	err = ref.sess.call(ctx, "Runtime.evaluate", map[string]any{
		"expression": expression, "uniqueContextId": ref.unique,
		"returnByValue": true, "awaitPromise": true,
	}, &got)
	return got.decode(err, result)
}

// Apply calls a function (its source) with args: JSON values, or *Object of the
// same frame and world. The value is awaited and decoded as by Evaluate.
func (f *Frame) Apply(ctx context.Context, w World, function string, result any, args ...any) error {
	ref, err := f.world(ctx, w)
	if err != nil {
		return err
	}
	got, err := callFunction(ctx, ref.sess, map[string]any{"uniqueContextId": ref.unique, "returnByValue": true}, function, args)
	return got.decode(err, result)
}

// Handle is Apply for a result that stays in the page, such as an element. It
// returns nil when the result is null or undefined.
func (f *Frame) Handle(ctx context.Context, w World, function string, args ...any) (*Object, error) {
	ref, err := f.world(ctx, w)
	if err != nil {
		return nil, err
	}
	got, err := callFunction(ctx, ref.sess, map[string]any{"uniqueContextId": ref.unique}, function, args)
	if err := got.decode(err, nil); err != nil {
		return nil, err
	}
	return f.object(ref.sess, got.Result), nil
}

func (f *Frame) object(s *session, r remoteObject) *Object {
	if r.ObjectID == "" {
		return nil
	}
	return &Object{ID: r.ObjectID, Subtype: r.Subtype, Description: r.Description, frame: f, sess: s}
}

// Resolve turns a backend node id, as the DOM and Accessibility domains give
// it, into an Object in the world.
func (f *Frame) Resolve(ctx context.Context, w World, backendNodeID int) (*Object, error) {
	ref, err := f.world(ctx, w)
	if err != nil {
		return nil, err
	}
	var got struct {
		Object remoteObject `json:"object"`
	}
	params := map[string]any{"backendNodeId": backendNodeID, "executionContextId": ref.id}
	if err := ref.sess.call(ctx, "DOM.resolveNode", params, &got); err != nil {
		return nil, lost(err)
	}
	return f.object(ref.sess, got.Object), nil
}

// Frame the object was made in.
func (o *Object) Frame() *Frame { return o.frame }

// Apply calls a function with the object as this.
func (o *Object) Apply(ctx context.Context, function string, result any, args ...any) error {
	got, err := callFunction(ctx, o.sess, map[string]any{"objectId": o.ID, "returnByValue": true}, function, args)
	return got.decode(err, result)
}

// Handle calls a function with the object as this and keeps the result in the page.
func (o *Object) Handle(ctx context.Context, function string, args ...any) (*Object, error) {
	got, err := callFunction(ctx, o.sess, map[string]any{"objectId": o.ID}, function, args)
	if err := got.decode(err, nil); err != nil {
		return nil, err
	}
	return o.frame.object(o.sess, got.Result), nil
}

// Release lets the page collect the object, without waiting for it.
func (o *Object) Release() { o.sess.post("Runtime.releaseObject", map[string]any{"objectId": o.ID}) }

func callFunction(ctx context.Context, s *session, params map[string]any, function string, args []any) (evaluation, error) {
	list := make([]map[string]any, 0, len(args))
	for _, a := range args {
		if o, ok := a.(*Object); ok && o != nil {
			list = append(list, map[string]any{"objectId": o.ID})
		} else {
			list = append(list, map[string]any{"value": a})
		}
	}
	params["functionDeclaration"] = function
	params["arguments"] = list
	params["awaitPromise"] = true
	var got evaluation
	err := s.call(ctx, "Runtime.callFunctionOn", params, &got)
	return got, err
}

// decode turns the answer into result or the typed error it holds.
func (e evaluation) decode(err error, result any) error {
	switch {
	case err != nil:
		return lost(err)
	case e.Details != nil:
		x := e.Details.exception()
		return &ScriptError{Text: x.Text, URL: x.Source.URL, Line: x.Source.Line, Column: x.Source.Column, Stack: e.Details.stackText()}
	case result == nil || e.Result.Type == "undefined":
		return nil
	case e.Result.Value == nil:
		return fmt.Errorf("decode value: %s is not JSON", e.Result.Description)
	}
	if err := json.Unmarshal(e.Result.Value, result); err != nil {
		return fmt.Errorf("decode value: %w", err)
	}
	return nil
}

// lost recognises the ways Chromium says that the context is gone.
func lost(err error) error {
	var refused *ProtocolError
	if !errors.As(err, &refused) {
		return err
	}
	for _, part := range []string{
		"Cannot find context", "uniqueContextId not found", "context was destroyed", "navigated or closed",
		"Promise was collected", "Could not find object", "Cannot find default execution context",
		"does not belong to the document", "Node with given id does not belong",
	} {
		if strings.Contains(refused.Message, part) {
			return fmt.Errorf("%w: %w", ErrContextLost, err)
		}
	}
	return err
}

// world finds the execution context, making ours when it is not there yet and
// waiting for the page's own while a navigation is between documents.
func (f *Frame) world(ctx context.Context, w World) (worldRef, error) {
	for range 5 {
		ref, ok := f.knownWorld(w)
		if ok {
			return ref, nil
		}
		s := f.session()
		if w == Isolated {
			err := s.call(ctx, "Page.createIsolatedWorld", map[string]any{"frameId": f.ID, "worldName": worldName}, nil)
			var refused *ProtocolError
			if err != nil && !errors.As(err, &refused) {
				return worldRef{}, err
			}
			if err := s.sync(ctx); err != nil {
				return worldRef{}, fmt.Errorf("make world: %w", err)
			}
			if ref, ok := f.knownWorld(w); ok {
				return ref, nil
			}
		}
		if f.Detached() {
			return worldRef{}, fmt.Errorf("%w: frame detached", ErrContextLost)
		}
		if err := f.awaitMain(ctx, s); err != nil {
			return worldRef{}, err
		}
	}
	return worldRef{}, fmt.Errorf("%w: frame %s keeps navigating", ErrContextLost, f.ID)
}

func (f *Frame) knownWorld(w World) (worldRef, bool) {
	f.page.window.mu.Lock()
	defer f.page.window.mu.Unlock()
	ref, ok := f.worlds[w]
	return ref, ok
}

// awaitMain waits until the frame has its main context again.
func (f *Frame) awaitMain(ctx context.Context, s *session) error {
	err := f.page.window.await(ctx, s, func() bool {
		_, ok := f.worlds[Main]
		return ok || f.detached
	})
	if errors.Is(err, ErrClosed) && f.session() != s {
		return nil // it moved to another process: look again there
	}
	return err
}
