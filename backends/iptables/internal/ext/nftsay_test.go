package ext

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/loward/loward/compiler/ruleset"
)

// sayNft writes statements as nft reads them, for the kernel to compare. exact is
// false where a May stands among them; ok is false where the test knows no words.
func sayNft(means []ruleset.Stmt) (text string, exact, ok bool) {
	var b strings.Builder
	exact = true
	for _, s := range means {
		switch s := s.(type) {
		case *ruleset.May:
			exact = false
		case *ruleset.Match:
			if !sayMatch(&b, s) {
				return "", false, false
			}
		case *ruleset.Lookup:
			if s.IPSet {
				return "", false, false
			}
			var keys, elems []string
			for _, k := range s.Key {
				keys = append(keys, k.(ruleset.Field).String())
			}
			for _, e := range s.Elems {
				var parts []string
				for i, t := range e.Key {
					parts = append(parts, sayTerm(t, s.Key[i].(ruleset.Field).Info().Domain, 0))
				}
				elems = append(elems, strings.Join(parts, " . "))
			}
			fmt.Fprintf(&b, "%s %s { %s } ", strings.Join(keys, " . "), map[bool]string{true: "!="}[s.Neg], strings.Join(elems, ", "))
		default:
			return "", false, false
		}
	}
	return b.String(), exact, true
}

func sayMatch(b *strings.Builder, m *ruleset.Match) bool {
	what, domain, width := "", ruleset.Number, 0
	if m.Field != ruleset.NoField {
		i := m.Field.Info()
		what, domain, width = i.Name, i.Domain, i.Width
	} else {
		s, ok := m.Of.(*ruleset.Selector)
		if !ok {
			return false
		}
		domain, width = s.Domain, s.Width
		switch s.Kind {
		case ruleset.RawPayload:
			what = "@" + strings.Join(s.Args, ",")
		case ruleset.ExtHdr:
			what = strings.Join(s.Args, " ")
			if s.Exists {
				what = "exthdr " + what
			}
		case ruleset.TCPOption:
			what = "tcp option " + strings.Join(s.Args, " ")
		case ruleset.SCTPChunk:
			what = "sctp chunk " + strings.Join(s.Args, " ")
		case ruleset.Fib:
			n := len(s.Args) - 1
			what = "fib " + strings.Join(s.Args[:n], " . ") + " " + s.Args[n]
		default:
			return false
		}
		if s.Exists {
			word := "exists"
			if (m.Terms[0].Lo.Lo == 0) != m.Neg {
				word = "missing"
			}
			fmt.Fprintf(b, "%s %s ", what, word)
			return true
		}
	}
	not := map[bool]string{true: "!= "}[m.Neg]
	switch m.Op {
	case ruleset.OpAny:
		// "& bits != 0" says any of them.
		op := "!="
		if m.Neg {
			op = "=="
		}
		fmt.Fprintf(b, "%s & %#x %s 0 ", what, m.Terms[0].Lo.Lo, op)
		return true
	case ruleset.OpMask:
		fmt.Fprintf(b, "%s & %s %s", what, sayNumber(m.Mask, domain), map[bool]string{false: "== ", true: "!= "}[m.Neg])
	default:
		fmt.Fprintf(b, "%s %s", what, not)
	}
	var terms []string
	for _, t := range m.Terms {
		if t.Unknown {
			return false
		}
		if m.Field == ruleset.CTExpiration { // nft's own numbers are seconds
			terms = append(terms, fmt.Sprintf("%dms-%dms", t.Lo.Lo, t.Hi.Lo))
			continue
		}
		terms = append(terms, sayTerm(t, domain, width))
	}
	if len(terms) == 1 {
		b.WriteString(terms[0] + " ")
	} else {
		fmt.Fprintf(b, "{ %s } ", strings.Join(terms, ", "))
	}
	return true
}

func sayTerm(t ruleset.Term, d ruleset.Domain, width int) string {
	switch {
	case t.Text != "":
		return `"` + t.Text + `"`
	case t.Single():
		return sayNumber(t.Lo, d)
	}
	return sayNumber(t.Lo, d) + "-" + sayNumber(t.Hi, d)
}

func sayNumber(n ruleset.U128, d ruleset.Domain) string {
	switch d {
	case ruleset.Addr4:
		return n.Addr4Of().String()
	case ruleset.Addr6:
		a := n.Addr6Of()
		if a.Is4In6() {
			return "::ffff:" + netip.AddrFrom4([4]byte(a.AsSlice()[12:])).String()
		}
		return a.String()
	case ruleset.LinkAddr:
		v := n.Lo
		return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", byte(v>>40), byte(v>>32), byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
	}
	return fmt.Sprint(n.Lo)
}
