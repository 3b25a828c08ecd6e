package dsl_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/loward/loward/dsl"
)

// writer writes random policies that are right, with every freedom that the
// syntax leaves: blanks, line ends, comments, quotes, the order of clauses.
type writer struct {
	*rand.Rand
	strings.Builder
}

func (w *writer) pick(list ...string) string { return list[w.IntN(len(list))] }

// put writes words with blanks between them.
func (w *writer) put(words ...string) {
	for _, s := range words {
		w.WriteString(s + w.pick(" ", "  ", "\t"))
	}
}

// name is one that no clause is called.
func (w *writer) name() string {
	return w.pick("a", "lan", "eth0", "ppp*", "10.0.0.0/8", "[fd00::1]:53", `"from"`, `"q\"\\"`, `"a b"`, "zürich", "x-1", `""`)
}

// list writes ITEM, … over one line or several.
func (w *writer) list(item func()) {
	for i := w.IntN(4); ; i-- {
		item()
		if i <= 0 {
			return
		}
		w.put(",")
		w.brk()
	}
}

// brk goes on on the next line, or not.
func (w *writer) brk() {
	for w.IntN(4) == 0 {
		w.WriteString(w.pick("\n", "\r\n", "# inner\n", "\n\n", "#\n  # own, line { \"\n"))
	}
}

func (w *writer) names() { w.list(func() { w.put(w.name()) }) }

func (w *writer) traffic() {
	w.list(func() {
		switch w.IntN(6) {
		case 0:
			w.put(w.pick("ping", "esp", "any", "dns", `"tcp"`))
		case 1:
			w.put("proto", "50")
		case 2:
			w.put(w.pick("tcp", "icmp"), "{")
			w.brk()
			w.list(func() { w.put(w.pick("80", "8000-8010", "web")) })
			if w.IntN(3) == 0 {
				w.put(",")
				w.brk()
			}
			w.put("}")
		case 3:
			w.put(w.pick("tcp", "udp", "icmp"), w.pick("80", "web", `"on"`))
			for w.IntN(3) == 0 {
				w.put(",", w.pick("81", "90-99"))
			}
		default:
			w.put(w.pick("tcp", "udp", "sctp"))
		}
	})
}

func (w *writer) limit() {
	w.put("limit", "20/second")
	parts := [][]string{{"burst", "4"}, {"per", "source"}}
	w.Shuffle(2, func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	for _, p := range parts {
		if w.IntN(2) == 0 {
			w.put(p...)
		}
	}
}

func (w *writer) rule(action string) {
	w.put(action)
	w.traffic()
	clauses := []string{"from", "on", "to", "out", "user", "group", "limit", "log"}
	w.Shuffle(len(clauses), func(i, j int) { clauses[i], clauses[j] = clauses[j], clauses[i] })
	for _, c := range clauses[:w.IntN(5)] {
		switch c {
		case "limit":
			w.limit()
		case "log":
			w.put("log")
			if w.IntN(2) == 0 {
				w.put(`"a # b"`)
			}
		default:
			w.put(c)
			w.names()
		}
	}
}

// body writes statements and what may stand between them.
func (w *writer) body(n int, statement func()) {
	for range w.IntN(n) {
		for w.IntN(3) == 0 {
			w.WriteString(w.pick("\n", "\n\n\n", "# lead\n", ";", "  # lead\n\n"))
		}
		statement()
		w.WriteString(w.pick("\n", ";", "# trail\n", "; # trail\n", "\r\n", "\n\n"))
	}
	w.WriteString(w.pick("", "", "# dangling\n", "\n\n# dangling\n\n# more\n"))
}

func (w *writer) block(head string, statement func()) {
	w.put(head, "{")
	if w.IntN(3) == 0 {
		w.WriteString("# behind the brace\n")
	}
	w.body(5, statement)
	w.WriteString("}")
}

func (w *writer) packetBlock() {
	w.block(w.pick("local", "inbound", "outbound", "forward"), func() {
		switch w.IntN(4) {
		case 0:
			w.put(w.pick("default drop", "refuse reject", "log refused"))
		default:
			w.rule(w.pick("allow", "deny"))
		}
	})
}

func (w *writer) service() {
	w.block("service "+w.name(), func() {
		switch w.IntN(6) {
		case 0:
			w.put(w.pick("home", "guard"))
			w.names()
		case 1:
			w.put("address")
			w.list(func() { w.put(w.pick("host", "interface eth0", "::1", `"host"`)) })
		case 2:
			w.put("publish")
			w.traffic()
			w.put("to")
			w.names()
		case 3:
			w.put("log refused")
			w.limit()
		default:
			w.rule(w.pick("allow", "deny", "allow-local", "deny-local"))
		}
	})
}

func (w *writer) host() {
	w.block("host "+w.name(), func() {
		switch w.IntN(5) {
		case 0:
			w.put(w.pick("interface", "zone"), w.name(), "=")
			w.names()
		case 1:
			w.put("masquerade on")
			w.names()
			if w.IntN(2) == 0 {
				w.put("from")
				w.names()
			}
		case 2:
			w.put("source", w.name(), "to", w.name())
		case 3:
			w.packetBlock()
		default:
			w.put(w.pick("forwards", "route-localnet"))
		}
	})
}

func (w *writer) file() {
	w.WriteString(w.pick("", "", "\ufeff"))
	w.body(6, func() {
		switch w.IntN(8) {
		case 0:
			w.put(w.pick("zone", "net", "port"), w.name(), "=")
			w.names()
		case 1:
			w.put("proto", w.name(), "=")
			w.traffic()
		case 2:
			w.put(`include "a b.low"`)
		case 3:
			w.put("option", w.name(), w.name())
		case 4:
			w.put("expect", w.pick("accept", "drop"), w.pick("tcp", "icmp 8", "proto 50", "dns", "icmp"), "from",
				w.pick("any", "self", "self 10.0.0.1", "self user x", "10.0.0.1:2", `"any"`),
				w.pick("", "on lan"), "to", w.name(), w.pick("", `at "r"`))
		case 5:
			w.packetBlock()
		case 6:
			w.host()
		default:
			w.service()
		}
	})
}

func TestRandomPolicies(t *testing.T) {
	for seed := range uint64(1500) {
		w := &writer{Rand: rand.New(rand.NewPCG(seed, 1))}
		w.file()
		if _, mistakes := dsl.Parse("t.low", []byte(w.String())); len(mistakes) > 0 {
			d := mistakes[0]
			t.Fatalf("seed %d: %s: %s (%s)\n%s", seed, d.Span, d.Message, d.Help, w.String())
		}
		roundTrip(t, []byte(w.String()))
	}
}
