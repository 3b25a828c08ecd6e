package convert

import (
	"strings"

	"github.com/loward/loward/compiler/ruleset"
)

// apart keeps nft from comparing neighbouring parts of a header at once where both
// are negated: up to 1.0.6 it makes one comparison of tcp sport != 1 tcp dport != 2,
// which takes what has not both, wherever in the rule the two stand. It does not do
// so with ranges.
func apart(body []ruleset.Stmt) []ruleset.Stmt {
	negated := 0
	for _, s := range body {
		if alone(s) {
			negated++
		}
	}
	if negated < 2 {
		return body
	}
	for i, s := range body {
		if !alone(s) {
			continue
		}
		m := *s.(*ruleset.Match)
		t := m.Terms[0]
		t.Form = ruleset.AsRange
		m.Terms = []ruleset.Term{t}
		body[i] = &m
	}
	return body
}

// alone: s says that a part of a header is not one value.
func alone(s ruleset.Stmt) bool {
	m, ok := s.(*ruleset.Match)
	if !ok || !m.Neg || m.Op != ruleset.OpIn || m.Field == ruleset.NoField || len(m.Terms) != 1 {
		return false
	}
	t := m.Terms[0]
	if !t.Single() || t.Text != "" || t.Unknown || t.Form != ruleset.Plain {
		return false
	}
	i := m.Field.Info()
	switch family, _, _ := strings.Cut(i.Name, " "); family {
	case "th", "icmp", "icmpv6", "ip", "ip6", "ether", "ah", "esp", "comp", "udp", "tcp", "sctp", "dccp":
		return i.Domain != ruleset.Addr4 && i.Domain != ruleset.Addr6
	}
	return false
}
