//go:build linux && !amd64

package process

// oldCallNames: this architecture has none, or none that is named here.
var oldCallNames = map[int]string{}
