package convert_test

import (
	"strings"
	"testing"

	"github.com/loward/loward/backends/iptables"
	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/compiler/convert"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

func read(t *testing.T, f ruleset.Family, text string) *ruleset.Ruleset {
	t.Helper()
	var l diag.List
	rs := iptables.Read(diag.NewFile("in", []byte(text)), f, &l)
	for _, d := range l.All {
		if d.Severity == diag.Error {
			t.Fatalf("%s: %s\n%s", d.Span, d.Message, text)
		}
	}
	return rs
}

// What nft has no words for is refused at its rule, with the reason, and
// everything else of the same ruleset is looked at too.
func TestRefusedByNft(t *testing.T) {
	for rule, why := range map[string]string{
		"-m recent --name x --set -j ACCEPT":                                      "-m recent",
		"-m recent --name x --rcheck --seconds 60 -j DROP":                        "-m recent",
		"-m string --algo bm --string x -j DROP":                                  "-m string",
		"-p tcp -m hashlimit --hashlimit-upto 5/sec --hashlimit-name h -j ACCEPT": "-m hashlimit",
		"-m set --match-set nowhere src -j ACCEPT":                                "the set nowhere",
		"-j LED --led-trigger-id x":                                               "-j LED",
		"-m frobnicate --level 3 -j ACCEPT":                                       "not known here",
		"-m physdev --physdev-in eth0 -j ACCEPT":                                  "-m physdev",
		"-m statistic --mode random --probability 0.5 -j DROP":                    "-m statistic",
		"-m owner ! --uid-owner 5 -j ACCEPT":                                      "-m owner",
		"-m conntrack --ctstate INVALID --ctproto tcp -j ACCEPT":                  "-m conntrack",
		"-j CONNMARK --save-mark --mask 0xff":                                     "two marks",
		"mangle -j TOS --set-tos 0x10/0x3f":                                       "those beside them stay",
		"mangle -j TOS --xor-tos 1":                                               "those beside them stay",
		"mangle -p tcp -j ECN --ecn-tcp-remove":                                   "those beside them stay",
		"raw -j CT --zone mark":                                                   "a zone",
		"-m u32 --u32 \"0>>22&0x3C@12>>26&0x3C@0>>24&0x1F=1\" -j DROP":            "-m u32",
	} {
		table, rest, other := strings.Cut(rule, " ")
		if other = other && table[0] != '-'; !other {
			table, rest = "filter", rule
		}
		text := "*" + table + "\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT " + rest + "\nCOMMIT\n"
		if !other {
			text = strings.Replace(text, "PREROUTING", "INPUT", 1)
		}
		var l diag.List
		out, mistakes := convert.ToNft(iptables.Read(diag.NewFile("in", []byte(text)), ruleset.IP, &l), nft.ValidName)
		switch {
		case out != nil:
			t.Errorf("%s: translated", rule)
		case len(mistakes) != 1 || mistakes[0].Code != convert.CodeUnsupported || mistakes[0].Span.Position().Line != 4 || !strings.Contains(mistakes[0].Message, why):
			t.Errorf("%s: %v, want one about %q", rule, say(mistakes), why)
		}
	}
}

func say(all []*diag.Diagnostic) string {
	var out []string
	for _, d := range all {
		out = append(out, d.Span.String()+" "+d.Message)
	}
	return strings.Join(out, "\n")
}

// What nft does say of a header: a segment size, and whole fields of the TOS byte.
func TestHeadersThatChange(t *testing.T) {
	for _, f := range []ruleset.Family{ruleset.IP, ruleset.IP6} {
		for rule, want := range map[string]string{
			"-p tcp -j TCPMSS --clamp-mss-to-pmtu": "tcp option maxseg size set rt mtu",
			"-p tcp -j TCPMSS --set-mss 1400":      "tcp option maxseg size set 1400",
			"-j DSCP --set-dscp 5":                 " dscp set 0x5",
		} {
			text := "*mangle\n:FORWARD ACCEPT [0:0]\n-A FORWARD " + rule + "\nCOMMIT\n"
			rs, mistakes := convert.ToNft(read(t, f, text), nft.ValidName)
			if len(mistakes) > 0 {
				t.Errorf("%s: %s", rule, say(mistakes))
				continue
			}
			if out, _ := (nft.Text{Plain: true}).Write(rs); !strings.Contains(string(out), want) {
				t.Errorf("%s:\n%s", rule, out)
			}
		}
	}
}

// A security context is an object in nft, one for all rules that set it.
func TestSecurityContexts(t *testing.T) {
	text := "*mangle\n:INPUT ACCEPT [0:0]\n-A INPUT -j SECMARK --selctx a:b:c\n-A INPUT -p tcp -j SECMARK --selctx a:b:c\n-A INPUT -p udp -j SECMARK --selctx d:e:f\nCOMMIT\n"
	rs, mistakes := convert.ToNft(read(t, ruleset.IP, text), nft.ValidName)
	if len(mistakes) > 0 {
		t.Fatal(say(mistakes))
	}
	out, _ := nft.Text{Plain: true}.Write(rs)
	for s, n := range map[string]int{`"a:b:c"`: 1, `"d:e:f"`: 1, `meta secmark set "context"`: 2, `meta secmark set "context-2"`: 1} {
		if strings.Count(string(out), s) != n {
			t.Errorf("%s is there %d times, not %d:\n%s", s, strings.Count(string(out), s), n, out)
		}
	}
}

// The structure: tables, base chains, names that nft does not take.
func TestTablesAndNames(t *testing.T) {
	text := `*nat
:PREROUTING ACCEPT [0:0]
COMMIT
*filter
:INPUT DROP [0:0]
:drop - [0:0]
:a+b - [0:0]
:a_b - [0:0]
-A INPUT -j drop
-A INPUT -g a+b
-A a+b -j a_b
COMMIT
`
	out, mistakes := convert.ToNft(read(t, ruleset.IP, text), nft.ValidName)
	if out == nil {
		t.Fatal(say(mistakes))
	}
	if len(out.Tables) != 2 || out.Tables[0].Name != "nat" || out.Tables[0].Dialect != ruleset.Nft {
		t.Fatalf("%+v", out.Tables)
	}
	filter := out.Tables[1]
	in := filter.Chain("INPUT")
	if in.Base == nil || in.Base.Hook != ruleset.Input || in.Base.Priority != 0 || in.Base.Policy != ruleset.VerdictDrop || in.Foreign {
		t.Errorf("%+v", in)
	}
	if filter.Chain("drop_") == nil || filter.Chain("a_b") == nil || filter.Chain("a_b-2") == nil {
		t.Errorf("%v", filter.Chains)
	}
	if v := in.Rules[0].Body[1].(*ruleset.Verdict); v.Kind != ruleset.VerdictJump || v.Chain != "drop_" {
		t.Errorf("%+v", v)
	}
	if v := in.Rules[1].Body[1].(*ruleset.Verdict); v.Kind != ruleset.VerdictGoto || v.Chain != "a_b-2" {
		t.Errorf("%+v", v)
	}
	for _, r := range in.Rules {
		if _, ok := r.Body[0].(*ruleset.Counter); !ok || r.Counted || r.Origin.IsZero() {
			t.Errorf("%+v", r)
		}
	}
}

// nft follows jumps 16 deep.
func TestDepth(t *testing.T) {
	var b strings.Builder
	b.WriteString("*filter\n:INPUT ACCEPT [0:0]\n")
	names := "ABCDEFGHIJKLMNOPQRS"
	for _, n := range names {
		b.WriteString(":c" + string(n) + " - [0:0]\n")
	}
	at := "INPUT"
	for _, n := range names {
		b.WriteString("-A " + at + " -j c" + string(n) + "\n")
		at = "c" + string(n)
	}
	b.WriteString("COMMIT\n")
	_, mistakes := convert.ToNft(read(t, ruleset.IP, b.String()), nft.ValidName)
	if len(mistakes) != 1 || !strings.Contains(mistakes[0].Message, "deeper than 16") {
		t.Errorf("%s", say(mistakes))
	}
}

// Sets of ipset go with the tables that look into them.
func TestSets(t *testing.T) {
	rs := read(t, ruleset.IP, "*filter\n-A INPUT -m set --match-set friends src -j ACCEPT\n-A INPUT -m set ! --match-set friends dst -j DROP\nCOMMIT\n")
	kind := &ruleset.IPSetType{Type: "hash:net", Family: ruleset.IP}
	rs.IPSets = []*ruleset.Set{{Name: "friends", Key: []ruleset.Expr{ruleset.IPSaddr}, Interval: true, IPSet: kind, Elems: []ruleset.Elem{{Key: []ruleset.Term{ruleset.Num(1)}}}}}
	out, mistakes := convert.ToNft(rs, nft.ValidName)
	if out == nil {
		t.Fatal(say(mistakes))
	}
	table := out.Tables[0]
	if len(table.Sets) != 1 || table.Sets[0].Name != "friends" || table.Sets[0].IPSet != nil || !table.Sets[0].Interval {
		t.Errorf("%+v", table.Sets)
	}
	for i, r := range table.Chain("INPUT").Rules {
		if l := r.Body[0].(*ruleset.Lookup); l.IPSet || l.Set != "friends" || l.Neg != (i == 1) {
			t.Errorf("%+v", l)
		}
	}
	rs.IPSets[0].Elems[0].Except = true
	if out, mistakes := convert.ToNft(rs, nft.ValidName); out != nil || !strings.Contains(say(mistakes), "nomatch") {
		t.Errorf("%s", say(mistakes))
	}
	rs.IPSets, rs.IPSetsComplete = nil, true
	if out, mistakes := convert.ToNft(rs, nft.ValidName); out != nil || !strings.Contains(say(mistakes), "none of that name") {
		t.Errorf("%s", say(mistakes))
	}
}

// TPROXY drops what no socket takes.
func TestTproxy(t *testing.T) {
	out, mistakes := convert.ToNft(read(t, ruleset.IP, "*mangle\n-A PREROUTING -p tcp -m tcp --dport 80 -j TPROXY --on-port 3129 --tproxy-mark 0x1/0x1\nCOMMIT\n"), nft.ValidName)
	if out == nil {
		t.Fatal(say(mistakes))
	}
	rules := out.Tables[0].Chain("PREROUTING").Rules
	if len(rules) != 2 {
		t.Fatalf("%d rules", len(rules))
	}
	first, second := rules[0].Body, rules[1].Body
	if first[len(first)-1] != ruleset.Stmt(ruleset.Accept) || second[len(second)-1] != ruleset.Stmt(ruleset.Drop) {
		t.Errorf("%v %v", first, second)
	}
}

// Tables that are nft's already stay.
func TestNftStays(t *testing.T) {
	table := &ruleset.Table{Name: "filter", Family: ruleset.IP}
	rs := read(t, ruleset.IP, "*filter\n-A INPUT -j ACCEPT\nCOMMIT\n")
	rs.Tables = append(rs.Tables, table)
	out, mistakes := convert.ToNft(rs, nft.ValidName)
	if out == nil {
		t.Fatal(say(mistakes))
	}
	if len(out.Tables) != 2 || out.Tables[1] != table || out.Tables[0].Name != "filter-2" {
		t.Errorf("%v", out.Tables)
	}
}
