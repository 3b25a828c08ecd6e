package backendtest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/dsl/diag"
)

// rulesets that the referee makes, unless LOWARD_REFEREE says how many.
const rulesets = 60

// The kernel and the model, on rulesets made at random: sets, maps, user chains,
// marks, translation, several tables. LOWARD_REFEREE is how many rulesets there
// are, LOWARD_SEED where they begin.
func TestReferee(t *testing.T) {
	if !alone(t) {
		return
	}
	n, first := number("LOWARD_REFEREE", rulesets), number("LOWARD_SEED", 1)
	probes, skipped := 0, 0
	for i := range n {
		g := &generator{r: rand.New(rand.NewPCG(uint64(first+i), 4))}
		text := g.ruleset()
		var l diag.List
		rs := nft.Read(diag.NewFile("in", []byte(text)), nft.Options{}, &l)
		if l.Errors() > 0 {
			t.Errorf("seed %d: %s\n%s", first+i, messages(l.All), text)
			continue
		}
		if !taken(t, text) {
			skipped++
			continue // the kernel does not take what was made
		}
		want := answers(t)
		odd := disagreements(rs, want)
		if len(odd) > 0 {
			// Once more: on a busy machine a packet may come late.
			want = answers(t)
			odd = disagreements(rs, want)
		}
		tool(t, "flush ruleset\n", "nft", "-f", "-")
		probes += len(want)
		for _, o := range odd {
			t.Errorf("seed %d: %s\n%s", first+i, o, text)
		}
	}
	t.Logf("referee: %d probes, %d rulesets not taken", probes, skipped)
	if skipped > n/4 {
		t.Errorf("%d of %d rulesets are not taken", skipped, n)
	}
}

func number(name string, fallback int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
		return n
	}
	return fallback
}

// generator of rulesets for packets over lo.
type generator struct{ r *rand.Rand }

func (g *generator) one(of ...string) string { return of[g.r.IntN(len(of))] }

// some of a list, at least one, in braces.
func (g *generator) some(of ...string) string {
	var out []string
	for _, i := range g.r.Perm(len(of))[:1+g.r.IntN(min(3, len(of)))] {
		out = append(out, of[i])
	}
	return "{ " + strings.Join(out, ", ") + " }"
}

func (g *generator) not() string { return g.one("", "", "!= ") }

func (g *generator) source() string {
	return g.one("127.0.0.1", "127.0.0.5", "127.1.0.9", "127.0.0.4/30", "127.1.0.0/16", "127.0.0.3-127.0.0.7")
}

func (g *generator) port() string { return g.one("1000", "1001", "2000", "1000-1001", "1001-65535") }

// match is one condition.
func (g *generator) match(hook string) string {
	switch g.r.IntN(16) {
	case 0:
		return "ip saddr " + g.not() + g.source()
	case 1:
		return "ip daddr " + g.not() + g.one("127.0.0.1", "127.0.0.2", "127.0.0.0/30")
	case 2:
		return g.one("udp", "tcp") + " dport " + g.not() + g.port()
	case 3:
		return "udp sport " + g.one("3000", "3001", "3000-3001")
	case 4:
		return "meta l4proto " + g.not() + g.one("udp", "tcp", "icmp", g.some("udp", "tcp", "icmp"))
	case 5:
		return "ct state " + g.one("new", "established", "{ new, established }", "! new")
	case 6:
		return "meta mark " + g.one("", "!= ") + g.one("0", "1", "2", "3")
	case 7:
		return "meta mark & " + g.one("1", "2") + g.one(" == ", " != ") + "0"
	case 8:
		return "ip saddr @" + g.one("a", "b")
	case 9:
		return "ip saddr . udp dport " + g.some("127.0.0.1 . 1000", "127.0.0.5 . 2000", "127.1.0.9 . 1001")
	case 10:
		return "th dport " + g.some("1000", "1001", "2000")
	case 11:
		return g.one("icmp type echo-request", "icmp type != echo-request", "icmp type { echo-request, echo-reply }")
	case 12:
		return "tcp flags " + g.one("syn", "& (syn|ack) == syn", "& (syn|ack) == (syn|ack)", "! ack")
	case 13:
		return "ct original ip daddr " + g.one("127.0.0.1", "127.0.0.2")
	case 14:
		return "fib daddr type local"
	}
	if hook == "output" {
		return g.one(`oifname "lo"`, `oifname != "lo"`, "meta skuid 0", "meta skuid != 0")
	}
	return g.one(`iifname "lo"`, `iifname != "lo"`, `iifname "l*"`)
}

// verdict of a rule; user chains may be called.
func (g *generator) verdict(chains []string) string {
	if len(chains) > 0 && g.r.IntN(3) == 0 {
		return g.one("jump ", "goto ") + chains[g.r.IntN(len(chains))]
	}
	return g.one("accept", "accept", "drop", "return", "reject", "meta mark set 1", "meta mark set meta mark or 2", "ct mark set 5", "counter",
		"ct mark 5 accept", "reject with icmp admin-prohibited", "continue")
}

// rule for a hook.
func (g *generator) rule(hook string, chains []string) string {
	if g.r.IntN(8) == 0 {
		key := g.one("udp dport vmap { 1000 : accept, 1001 : drop }", "ip saddr vmap { 127.0.0.5 : drop, 127.1.0.0/16 : accept }",
			"meta l4proto vmap { tcp : accept, icmp : drop }", "udp dport vmap @v")
		return key
	}
	for {
		var parts []string
		for range g.r.IntN(3) {
			parts = append(parts, g.match(hook))
		}
		if r := strings.Join(append(parts, g.verdict(chains)), " "); sensible(r, chains) {
			return r
		}
	}
}

// sensible says whether the parts of a rule do not exclude each other, which nft
// refuses: tcp and udp, for one.
func sensible(rule string, chains []string) bool {
	var b strings.Builder
	for _, c := range chains {
		fmt.Fprintf(&b, " chain %s { }; ", c)
	}
	var l diag.List
	nft.Read(diag.NewFile("rule", []byte("table ip t { set a { type ipv4_addr; }; set b { type ipv4_addr; }; "+b.String()+"chain c { "+rule+"; }; }")), nft.Options{}, &l)
	return l.Errors() == 0
}

// ruleset of one or two tables.
func (g *generator) ruleset() string {
	var b strings.Builder
	for i := range 1 + g.r.IntN(2) {
		g.table(&b, g.one("ip", "ip", "inet"), fmt.Sprintf("t%d", i), i == 0)
	}
	return b.String()
}

func (g *generator) table(b *strings.Builder, family, name string, nat bool) {
	fmt.Fprintf(b, "table %s %s {\n", family, name)
	b.WriteString("\tset a { type ipv4_addr; elements = { 127.0.0.1, 127.1.0.9 }; }\n")
	b.WriteString("\tset b { type ipv4_addr; flags interval; elements = { 127.0.0.4/30 }; }\n")
	b.WriteString("\tmap v { type inet_service : verdict; elements = { 1000 : accept, 2000 : drop }; }\n")
	// A user chain calls those that are made before it.
	var chains []string
	for i := range g.r.IntN(4) {
		chain := fmt.Sprintf("u%d", i)
		fmt.Fprintf(b, "\tchain %s {\n", chain)
		for range 1 + g.r.IntN(3) {
			fmt.Fprintf(b, "\t\t%s\n", g.rule("", chains))
		}
		b.WriteString("\t}\n")
		chains = append(chains, chain)
	}
	for _, hook := range []string{"output", "prerouting", "input", "postrouting"} {
		if g.r.IntN(3) == 0 {
			continue
		}
		policy := g.one("accept", "accept", "drop")
		fmt.Fprintf(b, "\tchain %s {\n\t\ttype filter hook %s priority %s; policy %s;\n", hook, hook, g.one("0", "-5", "-150", "-300", "20"), policy)
		if policy == "drop" {
			b.WriteString("\t\tct state established accept\n")
		}
		for range 1 + g.r.IntN(4) {
			r := g.rule(hook, chains)
			if hook == "postrouting" || hook == "prerouting" {
				r = strings.Replace(strings.Replace(r, "reject with icmp admin-prohibited", "drop", 1), "reject", "drop", 1)
			}
			fmt.Fprintf(b, "\t\t%s\n", r)
		}
		b.WriteString("\t}\n")
	}
	if nat && family == "ip" && g.r.IntN(2) == 0 {
		b.WriteString("\tchain nat-out {\n\t\ttype nat hook output priority -100;\n")
		for range 1 + g.r.IntN(2) {
			fmt.Fprintf(b, "\t\t%s %s\n", g.one("udp dport 1000", "udp dport { 1000, 1001 }", "ip saddr 127.0.0.5 meta l4proto udp"),
				g.one("redirect to :2000", "dnat to 127.0.0.2", "dnat to 127.0.0.1:1001", "dnat to udp dport map { 1000 : 127.0.0.2 }"))
		}
		b.WriteString("\t}\n")
	}
	b.WriteString("}\n")
}
