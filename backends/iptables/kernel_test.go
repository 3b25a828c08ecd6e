package iptables

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/loward/loward/backends/internal/kernel"
	"github.com/loward/loward/compiler/ruleset"
)

var families = []ruleset.Family{ruleset.IP, ruleset.IP6}

// load has both variants of iptables load a text twice.
func load(t *testing.T, f ruleset.Family, text []byte) {
	t.Helper()
	for _, variant := range []string{"legacy", "nft"} {
		tool := Restore{Family: f}.Name() + "-" + variant + "-restore"
		script := tool + " --noflush <x\n" + tool + " --noflush <x"
		if _, err := kernel.Script(t, script, map[string][]byte{"x": text}, tool); err != nil {
			t.Errorf("%s does not load it: %v\n%s", tool, err, text)
		}
	}
}

func tableOf(f ruleset.Family, name string, rules ...*ruleset.Rule) *ruleset.Ruleset {
	return &ruleset.Ruleset{Tables: []*ruleset.Table{{Dialect: ruleset.Iptables, Family: f, Name: name,
		Chains: []*ruleset.Chain{{Name: "LOWARD-X", Rules: rules}}}}}
}

// sample values of a field.
func sample(f ruleset.Field) (a, b, r ruleset.Term) {
	switch f.Info().Domain {
	case ruleset.Name:
		return ruleset.Text("eth0"), ruleset.Text(`q"u'o! te`[:6]), ruleset.Text("ppp*")
	case ruleset.String:
		return ruleset.Text("ftp"), ruleset.Text("tftp"), ruleset.Text("ftp")
	case ruleset.User, ruleset.Group:
		return ruleset.Text("daemon"), ruleset.Num(65534), ruleset.Range(1000, 2000)
	case ruleset.Addr4:
		return ruleset.Addr(netip.MustParseAddr("10.53.53.53")), ruleset.Prefix(netip.MustParsePrefix("10.0.0.0/8")),
			ruleset.AddrRange(netip.MustParseAddr("10.0.0.7"), netip.MustParseAddr("10.0.0.9"))
	case ruleset.Addr6:
		return ruleset.Addr(netip.MustParseAddr("fd53::53")), ruleset.Prefix(netip.MustParsePrefix("::/0")),
			ruleset.AddrRange(netip.MustParseAddr("fd53::7"), netip.MustParseAddr("fd53::9"))
	case ruleset.Enum:
		return ruleset.Num(2), ruleset.Num(1), ruleset.Num(0)
	case ruleset.Bits:
		return ruleset.Num(2), ruleset.Num(4), ruleset.Num(8)
	}
	return ruleset.Num(6), ruleset.Num(17), ruleset.Range(6, 12)
}

// refused fields: iptables has no match for them at all, or (those behind the
// fields that loward compiles to) only in an extension that readers make a Module.
func refused(f ruleset.Field) bool {
	switch f {
	case ruleset.IIF, ruleset.OIF, ruleset.IIFType, ruleset.OIFType, ruleset.EtherType, ruleset.FibSaddrOIF, ruleset.FibSaddrIIFOIF:
		return true
	}
	return f >= ruleset.MetaPriority
}

// Every field of the model, in every way of matching, is either refused or
// taken by both variants; and only those that are listed are always refused.
func TestEveryField(t *testing.T) {
	for _, family := range families {
		for _, f := range ruleset.Fields() {
			t.Run(family.String()+"/"+strings.ReplaceAll(f.String(), " ", "-"), func(t *testing.T) {
				t.Parallel()
				everyField(t, family, f)
			})
		}
	}
}

func everyField(t *testing.T, family ruleset.Family, f ruleset.Field) {
	if kernel.Unprivileged() && (f == ruleset.SKUID || f == ruleset.SKGID) {
		t.Skip("xt_owner takes only users that a user namespace maps: run as root")
	}
	a, b, r := sample(f)
	var matches []*ruleset.Match
	for _, neg := range []bool{false, true} {
		matches = append(matches,
			&ruleset.Match{Field: f, Terms: []ruleset.Term{a}, Neg: neg},
			&ruleset.Match{Field: f, Terms: []ruleset.Term{b}, Neg: neg},
			&ruleset.Match{Field: f, Terms: []ruleset.Term{r}, Neg: neg},
			&ruleset.Match{Field: f, Terms: []ruleset.Term{a, b}, Neg: neg},
			&ruleset.Match{Field: f, Terms: []ruleset.Term{r, b, a}, Neg: neg},
			&ruleset.Match{Field: f, Op: ruleset.OpMask, Mask: ruleset.U128{Lo: 0x1fff}, Terms: []ruleset.Term{ruleset.Num(0)}, Neg: neg},
			&ruleset.Match{Field: f, Op: ruleset.OpMask, Mask: ruleset.U128{Lo: 0x17}, Terms: []ruleset.Term{ruleset.Num(2)}, Neg: neg},
			&ruleset.Match{Field: f, Op: ruleset.OpAny, Terms: []ruleset.Term{ruleset.Num(2)}, Neg: neg},
			&ruleset.Match{Field: f, Op: ruleset.OpAny, Terms: []ruleset.Term{ruleset.Num(6)}, Neg: neg},
			&ruleset.Match{Field: f, Op: ruleset.OpAny, Terms: []ruleset.Term{ruleset.Num(32)}, Neg: neg},
			&ruleset.Match{Field: f, Op: ruleset.OpAny, Terms: []ruleset.Term{ruleset.Num(0x1fff)}, Neg: neg})
	}
	var taken []*ruleset.Rule
	for _, m := range matches {
		for _, proto := range []uint64{0, 6, 17, 132, 136} {
			body := []ruleset.Stmt{m, ruleset.Return}
			if proto != 0 {
				body = append([]ruleset.Stmt{ruleset.In(ruleset.L4Proto, ruleset.Num(proto))}, body...)
			}
			rule := &ruleset.Rule{Body: body, Comment: "a rule"}
			if text, mistakes := (Restore{Family: family}).Write(tableOf(family, "filter", rule)); len(mistakes) == 0 {
				taken = append(taken, rule)
			} else if text != nil {
				t.Errorf("a text beside mistakes: %s", text)
			} else if m := mistakes[0]; refused(f) && !strings.Contains(m.Message, f.String()) {
				t.Errorf("%s is refused with %q", f, m.Message)
			}
		}
	}
	own := f.Info().Family == ruleset.Inet || f.Info().Family == family
	switch never := !own || refused(f); {
	case never && len(taken) > 0:
		t.Errorf("%s is taken in family %s", f, family)
	case !never && len(taken) == 0 && f != ruleset.ICMPCode && f != ruleset.ICMPv6Code: // see TestEveryStatement
		t.Errorf("%s is refused in every form", f)
	case len(taken) > 0:
		text, _ := Restore{Family: family}.Write(tableOf(family, "filter", taken...))
		load(t, family, text)
	}
}
