package resolve

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/loward/loward/dsl/diag"
)

// stmt is a statement of a generated policy: with a body, a block.
type stmt struct {
	head string
	body []stmt
}

func (s stmt) write(b *strings.Builder, indent string) {
	b.WriteString(indent + s.head)
	if s.body != nil {
		b.WriteString(" {\n")
		for _, x := range s.body {
			x.write(b, indent+"    ")
		}
		b.WriteString(indent + "}")
	}
	b.WriteByte('\n')
}

// shuffled permutes statements at every level.
func shuffled(t *rapid.T, list []stmt) []stmt {
	out := rapid.Permutation(list).Draw(t, "order")
	for i := range out {
		if len(out[i].body) > 0 {
			out[i].body = shuffled(t, out[i].body)
		}
	}
	return out
}

func pick(t *rapid.T, from ...string) string { return rapid.SampledFrom(from).Draw(t, "word") }

// some is a list of one to three different words.
func some(t *rapid.T, from ...string) string {
	list := rapid.SliceOfNDistinct(rapid.SampledFrom(from), 1, 3, rapid.ID[string]).Draw(t, "words")
	return strings.Join(list, ", ")
}

func drawTraffic(t *rapid.T) string {
	return some(t, "tcp 22", "tcp web", "udp 53-60", "ping", "dns", "mon", "ospf", "icmp 3", "icmpv6 nd-redirect", "proto 47", "tcp { 80, 22, 443 }")
}

func drawRule(t *rapid.T, action string, clauses ...string) stmt {
	s := action + " " + drawTraffic(t)
	for _, c := range clauses {
		if !rapid.Bool().Draw(t, c) {
			continue
		}
		switch c {
		case "from", "to":
			s += " " + c + " " + some(t, "admins", "guests", "10.0.0.0/8", "2001:db8::7", "10.2.0.3-10.2.0.9")
		case "on", "out":
			s += " " + c + " " + some(t, "lan", "wan", `"eth7"`)
		case "user":
			s += " user " + some(t, "daemon", "mail", "1000")
		case "limit":
			if action == "allow" {
				s += " limit " + pick(t, "5/minute", "20/second burst 40", "1/day per source")
			}
		case "log":
			s += pick(t, " log", ` log "seen"`)
		}
	}
	return stmt{head: s}
}

func drawService(t *rapid.T, i int) stmt {
	s := stmt{head: fmt.Sprintf("service s%d", i)}
	add := func(format string, args ...any) { s.body = append(s.body, stmt{head: fmt.Sprintf(format, args...)}) }
	switch rapid.IntRange(0, 4).Draw(t, "address") {
	case 0:
		add("address host")
	case 1:
		add("address interface %s", pick(t, "eth0", "eth1"))
	case 2:
		add("address 127.0.0.1, ::1")
	default:
		add("address 10.53.0.%d, fd53::%d", i+1, i+1)
		add("address 10.53.1.%d", i+1)
		add("home %s", pick(t, "a", "b", "a, b", "b, a"))
		if rapid.Bool().Draw(t, "guarded") {
			add("guard r")
		}
		if rapid.Bool().Draw(t, "published") {
			add("publish tcp %d to 172.17.0.%d", 8000+i, i+2)
		}
		add("refuse %s", pick(t, "drop", "reject"))
		add("log refused")
	}
	for range rapid.IntRange(1, 4).Draw(t, "rules") {
		s.body = append(s.body, drawRule(t, pick(t, "allow", "deny"), "from", "on", "limit", "log"))
	}
	for range rapid.IntRange(0, 2).Draw(t, "local rules") {
		s.body = append(s.body, drawRule(t, pick(t, "allow-local", "deny-local"), "user"))
	}
	return s
}

func drawBlock(t *rapid.T, kind string) stmt {
	s := stmt{head: kind, body: []stmt{}}
	clauses := map[string][]string{
		"local":    {"to", "user"},
		"inbound":  {"from", "on", "to", "limit", "log"},
		"outbound": {"to", "on", "user", "limit", "log"},
		"forward":  {"from", "on", "to", "out", "limit", "log"},
	}[kind]
	for range rapid.IntRange(0, 3).Draw(t, "rules") {
		s.body = append(s.body, drawRule(t, pick(t, "allow", "deny"), clauses...))
	}
	return s
}

func drawPolicy(t *rapid.T) []stmt {
	host := func(name string, n int) stmt {
		h := stmt{head: "host " + name, body: []stmt{
			{head: fmt.Sprintf("interface eth0 = 10.1.%d.1/24, fd01:%d::1/64", n, n)},
			{head: fmt.Sprintf("interface eth1 = 10.2.%d.1/24", n)},
			{head: "forwards"},
		}}
		if rapid.Bool().Draw(t, "own zone") {
			h.body = append(h.body, stmt{head: "zone lan = " + some(t, "eth0", "eth1", "br*")})
			h.body = append(h.body, stmt{head: "masquerade on lan from admins"})
		}
		if rapid.Bool().Draw(t, "own block") {
			h.body = append(h.body, drawBlock(t, pick(t, "local", "inbound", "outbound", "forward")))
		}
		return h
	}
	list := []stmt{
		{head: "zone lan = eth0, eth1"}, {head: "zone wan = wan1, ppp*"},
		{head: "net admins = 10.10.0.8/29, 2001:db8:77::/64, guests"}, {head: "net guests = 10.9.0.1"},
		{head: "port web = 80, alt"}, {head: "port alt = 8080"},
		{head: "proto mon = tcp 9100, more"}, {head: "proto more = udp 8125"},
		host("a", 1), host("b", 2), host("r", 3),
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "services") {
		list = append(list, drawService(t, i))
	}
	for range rapid.IntRange(0, 4).Draw(t, "blocks") {
		list = append(list, drawBlock(t, pick(t, "local", "inbound", "outbound", "forward")))
	}
	return list
}

// outcome is a policy without positions, or what is wrong with it; a test of
// a policy's meaning can compare it whatever the order of the text.
func outcome(list []stmt) (text, result string, ok bool) {
	var b strings.Builder
	for _, s := range list {
		s.write(&b, "")
	}
	p, l, _ := LoadText("x.low", []byte(b.String()), NoIncludes())
	lines := make([]string, 0, len(l.All))
	for _, d := range l.All {
		if d.Severity == diag.Error || d.Code != codeTwice {
			lines = append(lines, fmt.Sprintf("%s %s %q", d.Code, d.Severity, d.Span.Text()))
		}
	}
	slices.Sort(lines)
	result = strings.Join(lines, "\n") + "\n"
	if p != nil {
		result += dump(p)
	}
	return b.String(), result, p != nil
}

// TestOrderNeverMatters: any permutation of the statements, at every level,
// is the same policy, and has the same mistakes.
func TestOrderNeverMatters(t *testing.T) {
	good := 0
	rapid.Check(t, func(t *rapid.T) {
		list := drawPolicy(t)
		text, want, ok := outcome(list)
		if ok {
			good++
		}
		text2, got, _ := outcome(shuffled(t, list))
		if got != want {
			t.Fatalf("two orders, two meanings:\n%s\n--- means\n%s\n%s\n--- means\n%s", text, want, text2, got)
		}
	})
	if good == 0 {
		t.Fatal("no generated policy was free of mistakes: nothing was tested")
	}
	t.Logf("%d policies without mistakes", good)
}
