package ext

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/loward/loward/backends/internal/kernel"
	"github.com/loward/loward/compiler/ruleset"
)

// changes are targets that compute a mark or the byte of the type of service.
var changes = []string{
	"MARK --set-mark 0x1", "MARK --set-mark 0xff/0xf0", "MARK --set-mark 0xf0/0xff", "MARK --set-xmark 0xff/0xf0", "MARK --set-xmark 0x5/0x0", "MARK --set-xmark 0xa/0xf",
	"MARK --and-mark 0xff00", "MARK --or-mark 0xff00", "MARK --xor-mark 0xff00", "MARK --set-mark 0/0xffff", "MARK --set-xmark 0",
	"CONNMARK --set-mark 0x1", "CONNMARK --set-mark 0xff/0xf0", "CONNMARK --set-xmark 0xff/0xf0", "CONNMARK --and-mark 0xff00", "CONNMARK --or-mark 0xff00", "CONNMARK --xor-mark 0xff00",
	"CONNMARK --save-mark", "CONNMARK --save-mark --mask 0xff", "CONNMARK --save-mark --nfmask 0xffff --ctmask 0xff", "CONNMARK --save-mark --nfmask 0xff --ctmask 0",
	"CONNMARK --restore-mark", "CONNMARK --restore-mark --mask 0xff", "CONNMARK --restore-mark --nfmask 0xff --ctmask 0xffff", "CONNMARK --restore-mark --nfmask 0xf0f0 --ctmask 0xff",
	"TOS --set-tos 0x10", "TOS --set-tos 0x10/0x3f", "TOS --set-tos 0xff/0xf0", "TOS --and-tos 0x1c", "TOS --or-tos 0x41", "TOS --xor-tos 0x41", "TOS --set-tos Minimize-Cost",
	"DSCP --set-dscp 10", "DSCP --set-dscp-class EF", "ECN --ecn-ip-ect 2",
}

// packetState is what the targets change, by fields; the byte of the type of
// service is NoField.
type packetState map[ruleset.Field]uint64

// compute an expression.
func (s packetState) compute(t *testing.T, e ruleset.Expr) uint64 {
	switch e := e.(type) {
	case ruleset.Field:
		return s[e]
	case ruleset.Term:
		return e.Lo.Lo
	case *ruleset.Selector:
		return s[ruleset.NoField]
	case *ruleset.Binary:
		a, b := s.compute(t, e.Left), s.compute(t, e.Right)
		switch e.Op {
		case ruleset.And:
			return a & b
		case ruleset.Or:
			return a | b
		case ruleset.Xor:
			return a ^ b
		}
	}
	t.Fatalf("the test can't compute %s", showExpr(e))
	return 0
}

// The kernel makes of marks what the statements say.
func TestChanges(t *testing.T) {
	if os.Getenv(senderVariable) != "" {
		return
	}
	if kernel.Unprivileged() {
		t.Skip("raw sockets need root")
	}
	const base, mark, ctmark, tos = 20000, 0x12345678, 0x0f0f3c3c, 0x29
	var mangle, filter strings.Builder
	for i, target := range changes {
		d := drive(&Ctx{Family: ruleset.IP, Table: "mangle", Chain: "OUTPUT", Builtin: true}, "-j "+target)
		if !d.ok() {
			t.Fatalf("%s: %s", target, d.list.All[0].Message)
		}
		s := packetState{ruleset.MetaMark: mark, ruleset.CTMark: ctmark, ruleset.NoField: tos}
		for _, stmt := range d.means {
			set := stmt.(*ruleset.SetField)
			v := set.Value.Lo.Lo
			if set.From != nil {
				v = s.compute(t, set.From)
			}
			switch set.Field {
			case ruleset.IPDSCP:
				s[ruleset.NoField] = s[ruleset.NoField]&3 | v<<2
			case ruleset.IPECN:
				s[ruleset.NoField] = s[ruleset.NoField]&^3 | v
			default:
				s[set.Field] = v
			}
		}
		rule := fmt.Sprintf("-A OUTPUT -p udp --dport %d ", base+i)
		fmt.Fprintf(&mangle, "%[1]s-j MARK --set-xmark %#[2]x\n%[1]s-j CONNMARK --set-xmark %#[3]x\n%[1]s-j TOS --set-tos %#[4]x\n%[1]s-j %[5]s\n", rule, mark, ctmark, tos, target)
		fmt.Fprintf(&filter, "%s-m mark --mark %#x -m connmark --mark %#x -m tos --tos %#x\n", rule, s[ruleset.MetaMark], s[ruleset.CTMark], s[ruleset.NoField])
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf(`ip link set lo up
iptables-legacy-restore <rules
%s="ports %d %d" %s -test.run '^TestMeaning$'
iptables-legacy-save -c -t filter
`, senderVariable, base, len(changes), self)
	text := "*mangle\n" + mangle.String() + "COMMIT\n*filter\n" + filter.String() + "COMMIT\n"
	out, err := kernel.Script(t, script, map[string][]byte{"rules": []byte(text)}, "iptables-legacy", "ip")
	if err != nil {
		t.Fatal(err)
	}
	got := counts(out, "[")
	if len(got) != len(changes) {
		t.Fatalf("%d counters of %d\n%s", len(got), len(changes), out)
	}
	for i, n := range got {
		if n != 1 {
			t.Errorf("%s: the kernel makes something else of it", changes[i])
		}
	}
}
