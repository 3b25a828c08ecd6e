package live

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Tool runs a command that changes nothing, and gives what it prints to standard
// output and to standard error. Its error says what went wrong in the command's
// own words; it is exec.ErrNotFound where there is no such command.
type Tool func(ctx context.Context, name string, args ...string) (out, said []byte, err error)

// maxListing bounds what a tool may print.
const maxListing = 1 << 30

// System runs the commands of this machine, in the network namespace of the
// caller.
func System(ctx context.Context, name string, args ...string) (out, said []byte, err error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	var stdout, stderr limited
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return nil, nil, fmt.Errorf("%s: %w", name, exec.ErrNotFound)
	case stdout.over:
		return nil, nil, fmt.Errorf("%s: more than %d bytes", name, maxListing)
	case err != nil:
		return nil, nil, fmt.Errorf("%s: %w: %s", strings.Join(append([]string{name}, args...), " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return stdout.Bytes(), stderr.Bytes(), nil
}

// limited keeps what is written, up to a bound.
type limited struct {
	bytes.Buffer
	over bool
}

func (b *limited) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxListing {
		b.over = true
		return len(p), nil
	}
	return b.Buffer.Write(p)
}
