// Package excerpt finds the few lines of a log that explain why a step failed.
//
// Rules in order of weight name the line that says it; where no rule speaks
// clearly, the first lines that no green run of the same step ever printed are
// taken. Generic last words ("Process completed with exit code 1") never win
// over a cause. It reads lines and returns passages; it keeps no log and redacts
// nothing. The guard room calls it.
package excerpt

// Passage is a piece of a log that explains a failure.
type Passage struct {
	// From is the number of its first line, Key the line that says it, both from 1.
	From  int      `json:"from"`
	Key   int      `json:"key"`
	Lines []string `json:"lines"`
	// Why it was chosen: the rule's name, or "new since the last green run".
	Why string `json:"why"`
}
