package cli

import "fmt"

// Exit codes, the same in every command.
const (
	exitDone      = 0
	exitFindings  = 1
	exitInput     = 2
	exitRefused   = 3
	exitUndecided = 4
)

// exitTable says what each code means; help and the documentation print it.
func exitTable() []struct {
	Code    int
	Meaning string
} {
	return []struct {
		Code    int
		Meaning string
	}{
		{exitDone, "done, and nothing found"},
		{exitFindings, "findings: a difference, an unformatted file, a failed expectation or proof"},
		{exitInput, "wrong usage, or input that can't be read or parsed (every mistake is listed)"},
		{exitRefused, "the kernel, the file system or a tool refused (an internal error of loward's included); everything is as before"},
		{exitUndecided, "could not be decided"},
	}
}

// status is an error that carries its exit code. An empty message means that
// everything has been said already.
type status struct {
	code    int
	message string
}

func (s *status) Error() string { return s.message }

// usage is a mistake in how the command was called.
func usage(format string, args ...any) error {
	return &status{exitInput, fmt.Sprintf(format, args...)}
}

// refused is a failure of the system's, or of loward itself.
func refused(err error) error {
	return &status{exitRefused, err.Error()}
}

// silent ends with a code and says nothing more.
func silent(code int) error { return &status{code: code} }
