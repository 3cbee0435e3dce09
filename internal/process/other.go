//go:build !linux

package process

func descendants(int) ([]Process, error) { return nil, ErrUnsupported }
func sweep(int) ([]Process, error)       { return nil, ErrUnsupported }
func look(int) (Process, error)          { return Process{}, ErrUnsupported }
func listener(int) (Process, error)      { return Process{}, ErrUnsupported }
func waits([]Process) Waiting            { return Waiting{} }
func moved([]Process) int64              { return 0 }
