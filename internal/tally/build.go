package tally

// buildGrammars are the JVM's and .NET's runners, compilers, linters, bundlers
// and task runners.
func buildGrammars() []grammar { return nil }
