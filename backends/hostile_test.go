package backends_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/loward/loward/backends/emit"
	"github.com/loward/loward/backends/internal/kernel"
	"github.com/loward/loward/backends/iptables"
	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// hostile texts try to end what they stand in.
func hostile() *rapid.Generator[string] {
	fragments := rapid.SampledFrom([]string{
		`"`, `'`, "\n", "\r\n", "\x00", "\x1b[2J", "\t", " ", `\`, "\\\n", ";", "{", "}", "}}", "#", "$", "$x", "@", "@s", "*", "+", "!", "-", "--", "-t nat", "`id`",
		"%s", "%n", "/", "..", ":", ",", "\u2028", "é", "日本", "\xff", "\u202e", "0", "0x1", "10.0.0.1", "::1", "a", "b1", "_", strings.Repeat("x", 300),
		"drop", "ip", "accept", "elements", "comment", "table", "chain", "COMMIT", "*filter", "-A INPUT -j ACCEPT", "ACCEPT", "LOG", "standard",
		`" : drop }; flush ruleset; #`, "\"\nCOMMIT\n*filter\n-F\n", "[0:0]", "]", "(", ")", "<", "=",
	})
	plain := rapid.StringMatching(`[a-z][a-z0-9_.-]{0,14}`)
	return rapid.OneOf(plain, rapid.Map(rapid.SliceOfN(fragments, 1, 4), func(s []string) string { return strings.Join(s, "") }), rapid.String())
}

// or draws a hostile text now and then, so that most rulesets have few of them
// in the places where they are refused.
func or(t *rapid.T, tame, label string) string {
	if rapid.IntRange(0, 3).Draw(t, label+"?") > 0 {
		return tame
	}
	return hostile().Draw(t, label)
}

func rules(t *rapid.T) []*ruleset.Rule {
	iface := or(t, "eth0", "interface")
	return []*ruleset.Rule{
		{Body: []ruleset.Stmt{ruleset.In(ruleset.IIFName, ruleset.Text(iface)), ruleset.Drop}, Comment: hostile().Draw(t, "rule comment"), Counted: true},
		{Body: []ruleset.Stmt{&ruleset.Log{Prefix: or(t, "refused: ", "prefix")}}, Comment: hostile().Draw(t, "log comment")},
		{Body: []ruleset.Stmt{ruleset.Return}, Comment: strings.Repeat(hostile().Draw(t, "long comment"), 9)},
	}
}

// refused: no text, and every mistake says so at a position of its node.
func refused(t *rapid.T, text []byte, mistakes []*diag.Diagnostic) bool {
	if len(mistakes) == 0 {
		return false
	}
	if text != nil {
		t.Fatalf("a text beside mistakes:\n%s", text)
	}
	for _, m := range mistakes {
		if m.Code != emit.CodeUnsupported || m.Severity != diag.Error {
			t.Fatalf("mistake %+v", m)
		}
	}
	return true
}

// enough: a test in which everything is refused would show nothing.
func enough(t *testing.T, loaded int) {
	least := 10
	if testing.Short() {
		least = 2
	}
	if !t.Skipped() && !t.Failed() && loaded < least {
		t.Errorf("only %d texts were loaded", loaded)
	}
}

// Whatever stands in names, comments and prefixes: nft takes the text, and
// holds just the chains and rules of the ruleset.
func TestHostileNft(t *testing.T) {
	loaded := 0
	defer func() { enough(t, loaded) }()
	rapid.Check(t, func(rt *rapid.T) {
		chain := or(rt, "input", "chain")
		set := or(rt, "set1", "set")
		table := &ruleset.Table{Name: or(rt, "loward", "table"), Comment: hostile().Draw(rt, "table comment"),
			Sets: []*ruleset.Set{{Name: set, Key: []ruleset.Expr{ruleset.Dport, ruleset.IIFName}, Comment: hostile().Draw(rt, "set comment"), Elems: []ruleset.Elem{
				{Key: []ruleset.Term{ruleset.Num(7), ruleset.Text(or(rt, "eth1", "element"))}, Comment: hostile().Draw(rt, "element comment")}}}},
			Chains: []*ruleset.Chain{{Name: chain, Comment: hostile().Draw(rt, "chain comment"), Rules: append(rules(rt),
				&ruleset.Rule{Body: []ruleset.Stmt{&ruleset.Lookup{Set: set, Key: []ruleset.Expr{ruleset.Dport, ruleset.IIFName}}, ruleset.Accept}})}},
		}
		rs := &ruleset.Ruleset{Header: []string{hostile().Draw(rt, "header")}, Tables: []*ruleset.Table{table}}
		for flags, w := range map[string]interface {
			Write(*ruleset.Ruleset) ([]byte, []*diag.Diagnostic)
		}{"": nft.Text{}, "-j": nft.JSON{}} {
			text, mistakes := w.Write(rs)
			if refused(rt, text, mistakes) {
				continue
			}
			loaded++
			out, err := kernel.Script(t, "nft "+flags+" -f x\nnft -j list ruleset", map[string][]byte{"x": text}, "nft")
			if err != nil {
				rt.Fatalf("%v\n%s", err, text)
			}
			var listed struct{ Nftables []map[string]json.RawMessage }
			if err := json.Unmarshal([]byte(out), &listed); err != nil {
				rt.Fatalf("%v\n%s", err, out)
			}
			count := map[string]int{}
			for _, o := range listed.Nftables {
				for kind := range o {
					count[kind]++
				}
			}
			if count["table"] != 1 || count["chain"] != 1 || count["set"] != 1 || count["rule"] != 4 || len(count) != 5 {
				rt.Fatalf("listed %v:\n%s\nof\n%s", count, out, text)
			}
		}
	})
}

func TestHostileIptables(t *testing.T) {
	loaded := 0
	defer func() { enough(t, loaded) }()
	rapid.Check(t, func(rt *rapid.T) {
		chain := or(rt, "LOWARD-x", "chain")
		family := rapid.SampledFrom([]ruleset.Family{ruleset.IP, ruleset.IP6}).Draw(rt, "family")
		table := &ruleset.Table{Dialect: ruleset.Iptables, Family: family, Name: or(rt, "filter", "table"), Chains: []*ruleset.Chain{{Name: chain, Rules: append(rules(rt),
			&ruleset.Rule{Body: []ruleset.Stmt{&ruleset.Meter{Set: or(rt, "loward-m", "meter"), Limit: ruleset.Limit{Rate: 1, Unit: "minute"}}}},
			&ruleset.Rule{Body: []ruleset.Stmt{ruleset.In(ruleset.CTHelper, ruleset.Text(or(rt, "ftp", "helper"))), ruleset.Return}})}}}
		rs := &ruleset.Ruleset{Header: []string{hostile().Draw(rt, "header")}, Tables: []*ruleset.Table{table}}
		w := iptables.Restore{Family: family}
		text, mistakes := w.Write(rs)
		if refused(rt, text, mistakes) {
			return
		}
		loaded++
		for _, variant := range []string{"-legacy", "-nft"} {
			tool := w.Name() + variant
			out, err := kernel.Script(t, tool+"-restore --noflush <x\n"+tool+"-save -t filter", map[string][]byte{"x": text}, tool+"-restore", tool+"-save")
			if err != nil {
				rt.Fatalf("%v\n%s", err, text)
			}
			lines := bytes.Split([]byte(out), []byte("\n"))
			chains, appended := 0, 0
			for _, l := range lines {
				if bytes.HasPrefix(l, []byte(":")) {
					chains++
				}
				if bytes.HasPrefix(l, []byte("-A ")) {
					appended++
				}
			}
			if table.Name == "filter" && (chains != 4 || appended != 5) {
				rt.Fatalf("%s saved %d chains and %d rules:\n%s\nof\n%s", tool, chains, appended, out, text)
			}
		}
	})
}
