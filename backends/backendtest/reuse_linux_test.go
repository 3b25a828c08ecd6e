package backendtest

import (
	"context"
	"syscall"
)

// reuse lets a port be used again at once.
func reuse(_ context.Context, _, _ string, c syscall.RawConn) error {
	var err error
	if e := c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1) }); e != nil {
		return e
	}
	return err
}
