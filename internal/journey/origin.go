package journey

// Origin is where the journey was recorded: the origin of its first navigate
// step; empty when it only knows paths.
func (j *Journey) Origin() string { return j.origin }
