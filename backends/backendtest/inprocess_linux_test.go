package backendtest

import (
	"testing"

	"github.com/loward/loward/backends/backendtest/probes"
	"github.com/loward/loward/backends/iptables"
	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/compiler"
	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// inProcess compiles for every target without the command. It is not ok where
// a target can't say something; another mistake fails the test.
func inProcess(t *testing.T, v *policy.View) (c compiled, ok bool) {
	t.Helper()
	l := &diag.List{}
	lower := func(target compiler.Target, write func(*ruleset.Ruleset) ([]byte, []*diag.Diagnostic)) string {
		rs := compiler.Compile(v, target, l)
		if rs == nil {
			return ""
		}
		out, mistakes := write(rs)
		l.All = append(l.All, mistakes...)
		return string(out)
	}
	c = compiled{
		host: probes.Host{Name: v.Host.Name, Node: v.Host.Name},
		nft:  lower(compiler.Nft, nft.Text{}.Write),
		four: lower(compiler.IPTables, iptables.Restore{Family: ruleset.IP}.Write),
		six:  lower(compiler.IP6Tables, iptables.Restore{Family: ruleset.IP6}.Write),
	}
	for _, d := range l.All {
		if d.Severity != diag.Error {
			continue
		}
		if d.Code != "LW091" {
			t.Fatalf("%s: %s", d.Span, d.Message)
		}
		return c, false
	}
	return c, true
}
