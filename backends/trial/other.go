//go:build !linux

package trial

import (
	"context"
	"errors"
	"io"
)

var errElsewhere = errors.New("packets are tried in network namespaces, which only Linux has")

// Run says that it can't be done here.
func Run(context.Context, []Case) ([]Answer, error) { return nil, errElsewhere }

// Serve says that it can't be done here.
func Serve(context.Context, io.Reader, io.Writer) error { return errElsewhere }
