package route

// code asks the readers of source.
func (s *scan) code(string) []Route { return nil }
