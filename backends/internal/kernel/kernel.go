package kernel

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// limit of one command.
const limit = 2 * time.Minute

// Run a command with standard input in a new network namespace. The error
// holds what the command wrote to standard error, and tells a signal from an
// exit code; both mean that the input was not taken.
func Run(t testing.TB, stdin []byte, command ...string) (stdout string, err error) {
	t.Helper()
	need(t, command[0])
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	args := append(namespace(), command...)
	cmd := exec.CommandContext(ctx, "unshare", args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &out, &errs
	// iptables-legacy locks a file that only root can open, and all tests would
	// queue at it.
	cmd.Env = append(os.Environ(), "LC_ALL=C", "XTABLES_LOCKFILE="+filepath.Join(t.TempDir(), "xtables.lock"))
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%v: %w\n%s", command, err, errs.String())
	}
	return out.String(), nil
}

// Script runs a shell script in a new network namespace; every command of it
// has to succeed. Files are put into the directory in which it runs.
func Script(t testing.TB, script string, files map[string][]byte, needs ...string) (string, error) {
	t.Helper()
	for _, n := range needs {
		need(t, n)
	}
	dir := t.TempDir()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Run(t, nil, "sh", "-ec", "cd '"+dir+"'\n"+script)
}

// Unprivileged: namespaces come with a user namespace, which maps one user.
func Unprivileged() bool { return os.Geteuid() != 0 }

func namespace() []string {
	if Unprivileged() {
		return []string{"-Urn", "--"}
	}
	return []string{"-n", "--"}
}

func need(t testing.TB, tool string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		t.Skipf("not installed: %s", tool)
	}
	if out, err := exec.Command("unshare", append(namespace(), "true")...).CombinedOutput(); err != nil {
		t.Skipf("no network namespace can be made here: %v: %s", err, out)
	}
}
