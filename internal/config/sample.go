package config

import _ "embed"

//go:embed sample.yaml
var sample string

// Sample returns a commented configuration to start from, for
// `postflight config init`.
func Sample() string { return sample }
