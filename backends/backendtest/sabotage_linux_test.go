package backendtest

import (
	"context"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/loward/loward/backends/lab"
)

// TestSabotage: rules that mean something else are noticed, by probes and by the
// checks of what belongs to others. A judge who never finds anybody guilty is
// none.
func TestSabotage(t *testing.T) {
	if err := lab.Available(); err != nil {
		t.Skipf("SKIPPED, NOTHING WAS ASKED OF THE KERNEL: %v", err)
	}
	e := readExample(t, buildTool(t), filepath.Join(examplesDir, "router.low"))
	shared, _ := divide(e.script.Probes)
	for _, s := range []struct {
		name   string
		loader int
		harm   func(c compiled) compiled
	}{
		{"nothing is refused", 0, func(c compiled) compiled {
			c.nft = strings.NewReplacer(" drop", " accept", " reject with tcp reset", " accept", " reject with icmpx admin-prohibited", " accept").Replace(c.nft)
			return c
		}},
		{"nothing is loaded", 1, func(c compiled) compiled { c.four, c.six = "", ""; return c }},
		{"one family is left out", 2, func(c compiled) compiled { c.six = ""; return c }},
		{"dropped instead of rejected", 2, func(c compiled) compiled {
			c.four = regexp.MustCompile(`-j REJECT --reject-with \S+`).ReplaceAllString(c.four, "-j DROP")
			return c
		}},
		{"local delivery is closed", 0, func(c compiled) compiled {
			c.nft += "\ntable inet loward { chain sabotage { type filter hook input priority 10; iif lo drop; }; }\n"
			return c
		}},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			bad := *e
			bad.hosts = []compiled{s.harm(e.hosts[0])}
			l, _ := loaded(ctx, t, &bad, loaders()[s.loader])
			wrong, _ := bad.compare(l.Probes(ctx, append(shared, selfProbes(t, l, &bad)...)))
			if len(wrong) == 0 {
				t.Error("not noticed")
			}
			t.Logf("%d probes disagree", len(wrong))
		})
	}
}
