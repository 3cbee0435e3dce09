package tally

// scriptGrammars are the test runners of JavaScript and TAP.
func scriptGrammars() []grammar { return nil }
