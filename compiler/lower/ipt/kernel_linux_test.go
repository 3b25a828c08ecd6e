package ipt

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loward/loward/compiler/policy"
)

// loadTwice loads the text on standard input, and again without the jumps, and
// prints our chains after each.
const loadTwice = `
tool=$1; jumps=$2; reload=$3
export XTABLES_LOCKFILE=$4
show() { $tool-save 2>/dev/null | grep -E '^(\*|:LOWARD|-A )' | sed 's/\[[0-9:]*\]//'; }
$tool-restore --noflush < "$jumps" || exit 1
show
echo ====
$tool-restore --noflush < "$reload" || exit 1
show
`

// TestLoads loads what the policies in testdata become into a kernel, in a
// network namespace of its own, with both kinds of iptables.
func TestLoads(t *testing.T) {
	if out, err := exec.Command("unshare", "-n", "true").CombinedOutput(); err != nil {
		t.Skipf("SKIPPED, NOTHING WAS LOADED: no network namespace here: %v %s", err, out)
	}
	files, err := filepath.Glob("testdata/*.low")
	if err != nil || len(files) == 0 {
		t.Fatal("no policies in testdata", err)
	}
	loaded := 0
	for _, variant := range []string{"legacy", "nft"} {
		if _, err := exec.LookPath("iptables-" + variant + "-restore"); err != nil {
			t.Logf("SKIPPED: no iptables-%s-restore here", variant)
			continue
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range load(t, filepath.Base(file), string(text)).Views {
				for f, tool := range map[policy.Family]string{policy.V4: "iptables-", policy.V6: "ip6tables-"} {
					rs := lower(t, v, f)
					dir := t.TempDir()
					jumps, reload := filepath.Join(dir, "jumps"), filepath.Join(dir, "reload")
					for name, text := range map[string]string{jumps: loadable(rs, true), reload: loadable(rs, false)} {
						if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
							t.Fatal(err)
						}
					}
					var stdout, stderr bytes.Buffer
					cmd := exec.Command("unshare", "-n", "sh", "-c", loadTwice, "sh", tool+variant, jumps, reload, filepath.Join(dir, "lock"))
					cmd.Stdout, cmd.Stderr = &stdout, &stderr
					if err := cmd.Run(); err != nil {
						t.Errorf("%s, host %q, %s: %v\n%s", file, v.Host.Name, tool+variant, err, &stderr)
						continue
					}
					loaded++
					once, again, _ := strings.Cut(stdout.String(), "====\n")
					if once != again || !strings.Contains(once, "-A INPUT -j LOWARD-INPUT") {
						t.Errorf("%s, host %q, %s: loaded again without jumps, the chains differ:\n%s", file, v.Host.Name, tool+variant, firstDifference(again, once))
					}
				}
			}
		}
	}
	t.Logf("%d rulesets loaded", loaded)
}
