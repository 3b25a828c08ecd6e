package compiler_test

import (
	"testing"

	"github.com/loward/loward/compiler"
	"github.com/loward/loward/compiler/policy"
	"github.com/loward/loward/compiler/resolve"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

func view(t *testing.T, text string) *policy.View {
	t.Helper()
	p, l, err := resolve.LoadText("test.low", []byte(text))
	if err != nil || p == nil {
		t.Fatalf("%v %v", err, l.All)
	}
	return p.Views[0]
}

// Each target gets tables of its own dialect and family.
func TestTargets(t *testing.T) {
	v := view(t, "zone lan = eth0\nservice s {\n    address 10.53.53.53, fd53::53\n    allow dns on lan\n}\n")
	for target, want := range map[compiler.Target]struct {
		dialect ruleset.Dialect
		family  ruleset.Family
	}{
		compiler.Nft:       {ruleset.Nft, ruleset.Inet},
		compiler.IPTables:  {ruleset.Iptables, ruleset.IP},
		compiler.IP6Tables: {ruleset.Iptables, ruleset.IP6},
	} {
		var l diag.List
		rs := compiler.Compile(v, target, &l)
		if l.Errors() > 0 || rs == nil || len(rs.Tables) == 0 {
			t.Errorf("target %d: %v, %v", target, rs, l.All)
			continue
		}
		for _, table := range rs.Tables {
			if table.Dialect != want.dialect || table.Family != want.family {
				t.Errorf("target %d has the table %s of %s", target, table.Name, table.Family)
			}
		}
	}
}

// What a target can't say is an error at its statement, and no ruleset; what
// stood in the list before is none of its business.
func TestUnsayable(t *testing.T) {
	v := view(t, "option priority 10\nzone lan = eth0\ninbound {\n    default drop\n    allow dns on lan\n}\n")
	var l diag.List
	l.Errorf(diag.Span{}, "an error of somebody else's")
	if rs := compiler.Compile(v, compiler.Nft, &l); rs == nil || l.Errors() != 1 {
		t.Errorf("nft can say it: %v", l.All)
	}
	if rs := compiler.Compile(v, compiler.IPTables, &l); rs != nil || l.Errors() != 2 {
		t.Errorf("iptables can't set a priority, but: %v", l.All)
	}
}
