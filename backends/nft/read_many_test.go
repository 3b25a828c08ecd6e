package nft

import (
	"fmt"
	"strings"
	"testing"

	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// TestManyMissing: to look for the name that could be meant takes a look at all of
// them, so it is done for the first mistakes only.
func TestManyMissing(t *testing.T) {
	var b strings.Builder
	b.WriteString("table ip t {\n")
	for i := range 1000 {
		fmt.Fprintf(&b, "\tchain chain%d {\n\t\tjump chian%d\n\t}\n", i, i)
	}
	b.WriteString("}\n")
	var l diag.List
	Read(diag.NewFile("x", []byte(b.String())), Options{}, &l)
	helped := 0
	for _, d := range l.All {
		if d.Help != "" {
			helped++
		}
	}
	if len(l.All) != 1000 || helped != maxGuesses {
		t.Errorf("%d mistakes, %d with help; want 1000 and %d", len(l.All), helped, maxGuesses)
	}
}

// TestTablesByName: tables that are deleted, or flushed by their family, are gone
// by name too, and can be made anew.
func TestTablesByName(t *testing.T) {
	var l diag.List
	rs := Read(diag.NewFile("x", []byte(`add table ip a
add table ip6 a
add table inet b
delete table ip a
add chain ip6 a c
flush ruleset ip6
create table ip a
create table ip6 a
add rule inet b c accept
flush ruleset
create table inet b
`)), Options{}, &l)
	if len(rs.Tables) != 1 || rs.Tables[0].Name != "b" || rs.Tables[0].Family != ruleset.Inet || len(l.All) != 1 || !strings.Contains(l.All[0].Message, "no chain c") {
		t.Error(len(rs.Tables), l.All)
	}
}

// TestSharedMatch: equal matches of different rules are one node, and that of one
// family is not that of another.
func TestSharedMatch(t *testing.T) {
	var l diag.List
	rs := Read(diag.NewFile("x", []byte("table inet t {\n\tchain c {\n\t\ttcp dport 22 drop\n\t\ttcp dport 22 accept\n\t\ttcp dport != 22 accept\n\t\ttcp dport \"22\" accept\n\t}\n}\n")), Options{}, &l)
	rules := rs.Tables[0].Chains[0].Rules
	at := func(i int) ruleset.Stmt { return rules[i].Body[1] }
	if at(0) != at(1) || at(0) == at(2) || at(0) == at(3) {
		t.Error("what is shared is wrong")
	}
}
