package corpus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/loward/loward/backends/kind"
)

// patience with one command: nft 1.0.6 hangs on some input.
const patience = 30 * time.Second

// script runs a shell script of ours in a network namespace of its own, with
// files beside it, and returns what it printed.
func script(ctx context.Context, text string, files map[string][]byte) (stdout, stderr string, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	dir, err := os.MkdirTemp("", "loward-corpus-")
	if err != nil {
		return "", "", err
	}
	defer os.RemoveAll(dir)
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return "", "", err
		}
	}
	flags := "-n"
	if os.Geteuid() != 0 {
		flags = "-Urn"
	}
	cmd := exec.CommandContext(ctx, "unshare", flags, "--", "sh", "-ec", text)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "XTABLES_LOCKFILE="+filepath.Join(dir, "lock"))
	cmd.WaitDelay = time.Second
	var out, msg bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &msg
	err = cmd.Run()
	return out.String(), msg.String(), err
}

// Able says why nothing can be judged by the kernel here, or nil.
func Able(ctx context.Context) error {
	for _, tool := range []string{"unshare", "nft", "iptables-nft-restore", "iptables-legacy-restore", "ip6tables-nft-restore"} {
		if _, err := exec.LookPath(tool); err != nil {
			return err
		}
	}
	if _, msg, err := script(ctx, "true", nil); err != nil {
		return fmt.Errorf("no network namespace can be made: %w: %s", err, strings.TrimSpace(msg))
	}
	return nil
}

// check asks the tool about a file and returns what it says on standard error.
func (c *Corpus) check(ctx context.Context, f File) string {
	data, err := c.text(f)
	if err != nil {
		return ""
	}
	command := ""
	switch f.Kind {
	case kind.Iptables:
		command = "iptables-nft-restore --test <f"
	case kind.Ip6tables:
		command = "ip6tables-nft-restore --test <f"
	case kind.Nft:
		command = "nft -c -f f"
	default:
		return ""
	}
	_, msg, err := script(ctx, command, map[string][]byte{"f": data})
	var exit *exec.ExitError
	if err == nil || !errors.As(err, &exit) {
		return ""
	}
	return msg
}
