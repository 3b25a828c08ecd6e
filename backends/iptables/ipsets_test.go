package iptables

import (
	"testing"

	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// Sets that are known behind the rules complete them.
func TestCompleteSets(t *testing.T) {
	const text = `*filter
:INPUT ACCEPT [0:0]
-A INPUT -m set --match-set pairs src,dst -j DROP
-A INPUT -m set ! --match-set nets src -j SET --add-set macs src --timeout 5
-A INPUT -m set --match-set six src
-A INPUT -m set --match-set missing src
-A INPUT -m set --match-set pairs src
COMMIT
`
	var l diag.List
	rs := Read(diag.NewFile("x", []byte(text)), ruleset.IP, &l)
	set := func(name, typ string, f ruleset.Family) *ruleset.Set {
		return &ruleset.Set{Name: name, IPSet: &ruleset.IPSetType{Type: typ, Family: f}}
	}
	rs.IPSets = []*ruleset.Set{
		set("pairs", "hash:ip,port", ruleset.IP), set("nets", "hash:net", ruleset.IP), set("macs", "hash:mac", ruleset.Inet), set("six", "hash:net", ruleset.IP6),
	}
	rs.IPSetsComplete = true
	CompleteSets(rs, &l)
	if len(l.All) != 2 || l.All[0].Message != "the set six is of the family ip6" || l.All[1].Message != "there is no set missing" || l.All[1].Code != ruleset.CodeRefused {
		t.Errorf("%d mistakes", len(l.All))
		for _, d := range l.All {
			t.Error(d.Span, d.Message)
		}
	}
	var keys [][]ruleset.Expr
	for _, r := range rs.Tables[0].Chain("INPUT").Rules {
		for s := range r.Plain {
			switch s := s.(type) {
			case *ruleset.Lookup:
				keys = append(keys, s.Key)
			case *ruleset.SetUpdate:
				keys = append(keys, s.Key)
			}
		}
	}
	want := [][]ruleset.Expr{
		ruleset.Keys(ruleset.IPSaddr, ruleset.L4Proto, ruleset.Dport), ruleset.Keys(ruleset.IPSaddr), ruleset.Keys(ruleset.EtherSaddr), nil, nil, nil,
	}
	if len(keys) != len(want) {
		t.Fatalf("%v", keys)
	}
	for i := range want {
		if len(keys[i]) != len(want[i]) {
			t.Errorf("%d: %v, want %v", i, keys[i], want[i])
			continue
		}
		for j := range want[i] {
			if keys[i][j] != want[i][j] {
				t.Errorf("%d: %v, want %v", i, keys[i], want[i])
			}
		}
	}
}
