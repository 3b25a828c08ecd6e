package change

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/loward/loward/compiler/fate"
	"github.com/loward/loward/compiler/host"
)

// links in words; "" is any.
func links(l *fate.Links) string {
	if l == nil || l.Not && len(l.Names) == 0 {
		return ""
	}
	names := l.Names
	if l.Others {
		names = append(slices.Clone(names), "others")
	}
	text := items(len(names), func(i int) string { return names[i] })
	if l.Not {
		return "any but " + text
	}
	return text
}

func owners(list []fate.Owners) string {
	var names []string
	for _, o := range list {
		switch {
		case o.Nobody:
			names = append(names, "none")
		case o.Name != "":
			names = append(names, o.Name)
		case o.Others:
			names = append(names, "others")
		case o.Lo == o.Hi:
			names = append(names, strconv.Itoa(int(o.Lo)))
		default:
			names = append(names, fmt.Sprintf("%d-%d", o.Lo, o.Hi))
		}
	}
	return items(len(names), func(i int) string { return names[i] })
}

// types of addresses.
func types(list []host.Type) string {
	var names []string
	for _, t := range list {
		names = append(names, t.String())
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " or ")
}

func flags(list []fate.Range) string {
	all := values(list)
	if len(all) > shown {
		if text := mask(list); text != "" {
			return text
		}
		if gaps := values(without(list, 255)); len(gaps) <= shown {
			return "any but " + items(len(gaps), func(i int) string { return flagText(gaps[i]) })
		}
		return "in some combinations"
	}
	return items(len(all), func(i int) string { return flagText(all[i]) })
}

// mask is combinations of flags in words, where some are set and some are not, and any
// of the others may be; else "".
func mask(list []fate.Range) string {
	count, set, clear := 0, uint32(255), uint32(255)
	for _, r := range list {
		for n := r.Lo; n <= min(r.Hi, 255); n++ {
			count++
			set, clear = set&n, clear&^n
		}
	}
	if count != 1<<(8-bits.OnesCount32(set|clear)) {
		return ""
	}
	if set == 0 {
		return "without " + flagText(clear)
	}
	text := flagText(set)
	if clear != 0 {
		text += " without " + flagText(clear)
	}
	return text
}

func flagText(n uint32) string {
	var list []string
	for i, name := range []string{"fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr"} {
		if n>>i&1 == 1 {
			list = append(list, name)
		}
	}
	if list == nil {
		return "none"
	}
	return strings.Join(list, "+")
}
