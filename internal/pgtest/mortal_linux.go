package pgtest

import "syscall"

// mortal ends the server when the test run dies without stopping it.
func mortal(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGQUIT }
