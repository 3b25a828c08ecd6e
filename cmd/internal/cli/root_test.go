package cli

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// A fault of loward's own ends as one, wherever it happens.
func TestFaultIsReported(t *testing.T) {
	var out, msg bytes.Buffer
	tree := func(env Env) *cobra.Command {
		root := Root(env)
		root.AddCommand(&cobra.Command{Use: "stumble", Run: func(_ *cobra.Command, args []string) {
			_ = args[len(args)] // what Go itself panics with
		}})
		return root
	}
	code := execute(Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &msg}, tree, []string{"stumble"})
	if code != exitRefused {
		t.Errorf("exit code %d, want %d", code, exitRefused)
	}
	for _, want := range []string{"internal error", "index out of range", "report it", "root_test.go"} {
		if !strings.Contains(msg.String(), want) {
			t.Errorf("the message has no %q:\n%s", want, msg.String())
		}
	}
	if out.Len() > 0 {
		t.Errorf("%q on standard output", out.String())
	}
}

// Every code of the table is documented where people look.
func TestExitCodesAreInHelp(t *testing.T) {
	help := Root(Env{Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: io.Discard}).Long
	for i, e := range exitTable() {
		if e.Code != i || !strings.Contains(help, e.Meaning) {
			t.Errorf("exit code %d is not in the help of loward", e.Code)
		}
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("input/output error") }

// A standard input that fails is input that can't be read.
func TestBrokenStandardInput(t *testing.T) {
	for _, args := range [][]string{{"compile", "-"}, {"fmt", "-"}} {
		var out, msg bytes.Buffer
		code := Main(Env{Stdin: brokenReader{}, Stdout: &out, Stderr: &msg}, args)
		if code != exitInput || !strings.Contains(msg.String(), "input/output error") || out.Len() > 0 {
			t.Errorf("%v: exit code %d\n%s%s", args, code, out.String(), msg.String())
		}
	}
}
