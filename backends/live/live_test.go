package live

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/loward/loward/backends/internal/kernel"
	"github.com/loward/loward/backends/iptables"
	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// replay is a Tool that prints what the same commands printed in a network
// namespace of their own, after a script.
func replay(t *testing.T, script string) Tool {
	t.Helper()
	commands := []string{
		"nft list ruleset", "iptables-nft-save", "ip6tables-nft-save",
		"iptables-legacy-save", "ip6tables-legacy-save", "ipset save",
	}
	run := "{\n" + script + "\n} >/dev/null\n"
	for i, c := range commands {
		run += fmt.Sprintf("%s >out%d 2>err%d || echo %s failed >&2\n", c, i, i, c)
	}
	for i := range commands {
		run += fmt.Sprintf("cat out%d; printf '\\0'; cat err%d; printf '\\0'\n", i, i)
	}
	out, err := kernel.Script(t, run, nil, "nft", "iptables-nft-save", "iptables-legacy-save", "ipset")
	if err != nil {
		t.Fatal(err)
	}
	texts := strings.Split(out, "\x00")
	return func(_ context.Context, name string, args ...string) ([]byte, []byte, error) {
		i := slices.Index(commands, strings.Join(append([]string{name}, args...), " "))
		if i < 0 {
			return nil, nil, fmt.Errorf("%s: %w", name, exec.ErrNotFound)
		}
		return []byte(texts[2*i]), []byte(texts[2*i+1]), nil
	}
}

const everything = `
iptables-nft -A INPUT -i lo -j ACCEPT
iptables-nft -A INPUT -p tcp -m tcp --dport 22 -m string --algo bm --string foo -j DROP
iptables-nft -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DNAT --to 10.0.0.1
ip6tables-nft -t raw -A OUTPUT -p udp -m rpfilter --invert -j DROP || ip6tables-nft -t raw -A PREROUTING -m rpfilter --invert -j DROP
nft add rule ip6 raw PREROUTING 'ip6 saddr { ::1, ::2 } drop'
ipset create s hash:ip,port
ipset add s 10.1.1.1,tcp:80
iptables-legacy -A INPUT -m set --match-set s src,dst -j DROP
ip6tables-legacy -t mangle -A INPUT -s ::1 -j DROP
nft -f - <<X
table inet mine {
	set a { type ipv4_addr; flags timeout; }
	chain c {
		type filter hook input priority 0; policy drop;
		ip saddr @a accept
		tcp dport { 22, 80 } counter accept comment "hello # x"
	}
}
X
`

func TestRead(t *testing.T) {
	var l diag.List
	rs, err := Read(context.Background(), replay(t, everything), &l)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, tab := range rs.Tables {
		s := fmt.Sprintf("%s %s %s", map[ruleset.Dialect]string{ruleset.Nft: "nft", ruleset.Iptables: "iptables"}[tab.Dialect], tab.Family, tab.Name)
		if tab.Legacy {
			s += " legacy"
		}
		got = append(got, s)
	}
	want := []string{
		"iptables ip filter", "iptables ip nat", "nft ip6 raw", "nft inet mine",
		"iptables ip filter legacy", "iptables ip6 mangle legacy",
	}
	if !slices.Equal(got, want) {
		t.Errorf("tables %q, want %q", got, want)
	}
	if len(rs.IPSets) != 1 || !rs.IPSetsComplete || len(rs.IPSets[0].Elems) != 1 {
		t.Errorf("sets %v", rs.IPSets)
	}
	// Two writers in one table, which neither tool shows in full.
	said := ""
	for _, d := range l.All {
		said += d.Message + "\n"
	}
	if !strings.Contains(said, "table ip6 raw") || l.Errors() > 0 {
		t.Errorf("said: %s", said)
	}
	// The tables of x_tables keep what they know of the sets.
	text, mistakes := iptables.Save{Family: ruleset.IP}.Write(&ruleset.Ruleset{Tables: rs.Tables[4:5], IPSets: rs.IPSets})
	if len(mistakes) > 0 || !strings.Contains(string(text), "-A INPUT -m set --match-set s src,dst -j DROP") {
		t.Errorf("%s %v", text, mistakes)
	}
	model, _ := nft.JSON{Model: true}.Write(rs)
	if !strings.Contains(string(model), `"name":"filter","legacy":true`) {
		t.Errorf("the model does not tell the stacks apart:\n%s", model)
	}
}

// A machine without some of the tools.
func TestMissing(t *testing.T) {
	missing := func(name string) error { return fmt.Errorf("%s: %w", name, exec.ErrNotFound) }
	var l diag.List
	_, err := Read(context.Background(), func(_ context.Context, name string, _ ...string) ([]byte, []byte, error) {
		return nil, nil, missing(name)
	}, &l)
	if err == nil || !strings.Contains(err.Error(), "nf_tables") {
		t.Errorf("without nft: %v", err)
	}
	rs, err := Read(context.Background(), func(_ context.Context, name string, args ...string) ([]byte, []byte, error) {
		switch strings.Join(append([]string{name}, args...), " ") {
		case "nft list ruleset":
			return nil, nil, nil
		case "iptables-save -V":
			return []byte("iptables-save v1.8.4 (legacy)\n"), nil, nil
		case "iptables-save":
			return []byte("*filter\n:INPUT DROP [0:0]\n-A INPUT -m set --match-set x src -j ACCEPT\nCOMMIT\n"), nil, nil
		}
		return nil, nil, missing(name)
	}, &l)
	if err != nil || len(rs.Tables) != 1 || !rs.Tables[0].Legacy || rs.IPSetsComplete {
		t.Errorf("%+v %v %v", rs, err, l.All)
	}
}

// System runs commands, and says what they said.
func TestSystem(t *testing.T) {
	ctx := context.Background()
	if _, _, err := System(ctx, "no-such-command-of-any-machine"); err == nil || !strings.Contains(err.Error(), "not found") {
		t.Error(err)
	}
	out, said, err := System(ctx, "sh", "-c", "echo a; echo b >&2")
	if err != nil || string(out) != "a\n" || string(said) != "b\n" {
		t.Errorf("%q %q %v", out, said, err)
	}
	if _, _, err := System(ctx, "sh", "-c", "echo why >&2; exit 4"); err == nil || !strings.Contains(err.Error(), "why") {
		t.Error(err)
	}
}
