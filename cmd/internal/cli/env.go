package cli

import (
	"io"
	"os"
)

// Env is the world outside of a command.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Color: diagnostics on Stderr may be coloured.
	Color bool
}

// System is the process's own environment. Diagnostics are coloured where
// standard error is a terminal that can do it, unless NO_COLOR is set
// (https://no-color.org: present and not empty).
func System() Env {
	return Env{
		Stdin:  os.Stdin,
		Stdout: os.Stdout,
		Stderr: os.Stderr,
		Color:  isTerminal(os.Stderr) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
	}
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	// A character device that is not the null device: a terminal for all that
	// matters here, without a system call of its own for each platform.
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && !os.SameFile(info, nullDevice())
}

func nullDevice() os.FileInfo {
	info, err := os.Stat(os.DevNull)
	if err != nil {
		return nil
	}
	return info
}
