package resolve

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/loward/loward/compiler/policy"
)

// sortFacts puts a host's facts into an order that does not depend on the text.
func sortFacts(h *policy.Host) {
	slices.SortFunc(h.Interfaces, func(a, b *policy.Interface) int { return cmp.Compare(a.Name, b.Name) })
	for _, i := range h.Interfaces {
		slices.SortFunc(i.Addrs, func(a, b netip.Prefix) int {
			return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
		})
	}
	slices.SortFunc(h.Sources, func(a, b *policy.Source) int {
		return cmp.Or(a.To.Addr().Compare(b.To.Addr()), cmp.Compare(a.To.Bits(), b.To.Bits()))
	})
	if len(h.Masquerades) > 1 {
		slices.SortFunc(h.Masquerades, func(a, b *policy.Masquerade) int {
			return cmp.Compare(masqueradeKey(a), masqueradeKey(b))
		})
	}
}

func masqueradeKey(m *policy.Masquerade) string {
	key := fmt.Sprint(m.On.Name, m.On.Names)
	if m.From != nil {
		key += fmt.Sprint(m.From.Name, m.From.Ranges)
	}
	return key
}

// sortRules orders rules by their canonical text: on one host it determines
// the meaning. Equal texts keep a stable order by their position.
func sortRules(rules []*policy.Rule) {
	slices.SortFunc(rules, func(a, b *policy.Rule) int {
		return cmp.Or(cmp.Compare(a.Text, b.Text), compareSpans(a.Span, b.Span))
	})
}

func sortPublishes(list []*policy.Publish) {
	slices.SortFunc(list, func(a, b *policy.Publish) int {
		return cmp.Or(cmp.Compare(a.Text, b.Text), compareSpans(a.Span, b.Span))
	})
}
