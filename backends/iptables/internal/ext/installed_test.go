package ext

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/loward/loward/compiler/ruleset"
)

// Every extension that the machine's iptables has is known here.
func TestInstalled(t *testing.T) {
	files, _ := filepath.Glob("/usr/lib/*/xtables/lib*.so")
	if len(files) == 0 {
		t.Skip("SKIPPED: no extensions of iptables are installed")
	}
	for _, f := range files {
		lib, name, _ := strings.Cut(strings.TrimSuffix(filepath.Base(f), ".so"), "_")
		families := map[string][]ruleset.Family{"libxt": {ruleset.IP, ruleset.IP6}, "libipt": {ruleset.IP}, "libip6t": {ruleset.IP6}}[lib]
		if name == "standard" || name == "NAT" { // verdicts; several targets in one file
			continue
		}
		for _, family := range families {
			if Find(name, false, family) == nil && Find(name, true, family) == nil && !(name == "osf" && family == ruleset.IP6) {
				t.Errorf("%s has no extension %s", family, name)
			}
		}
	}
}
