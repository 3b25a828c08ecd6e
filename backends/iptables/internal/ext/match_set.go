package ext

import (
	"strings"

	"github.com/loward/loward/compiler/ruleset"
)

// Options of set.
const (
	oMatchSet = iota
	oNoMatch
	oUpdateCounters
	oUpdateSub
	oPacketsEq
	oPacketsLess
	oPacketsMore
	oBytesEq
	oBytesLess
	oBytesMore
)

var matchSet = Extension{
	Name: "set", finish: finishSet,
	options: []Option{
		{Name: "--match-set", ID: oMatchSet, Values: 2, Neg: true},
		{Name: "--set", ID: oMatchSet, Values: 2, Neg: true},
		{Name: "--return-nomatch", ID: oNoMatch},
		{Name: "--update-counters", ID: oUpdateCounters, Neg: true},
		{Name: "--update-subcounters", ID: oUpdateSub, Neg: true},
		{Name: "--packets-eq", ID: oPacketsEq, Values: 1, Neg: true, Excl: 1<<oPacketsLess | 1<<oPacketsMore},
		{Name: "--packets-lt", ID: oPacketsLess, Values: 1, Excl: 1<<oPacketsEq | 1<<oPacketsMore},
		{Name: "--packets-gt", ID: oPacketsMore, Values: 1, Excl: 1<<oPacketsEq | 1<<oPacketsLess},
		{Name: "--bytes-eq", ID: oBytesEq, Values: 1, Neg: true, Excl: 1<<oBytesLess | 1<<oBytesMore},
		{Name: "--bytes-lt", ID: oBytesLess, Values: 1, Excl: 1<<oBytesEq | 1<<oBytesMore},
		{Name: "--bytes-gt", ID: oBytesMore, Values: 1, Excl: 1<<oBytesEq | 1<<oBytesLess},
	},
}

// maxSetName is the greatest length of a set's name (IPSET_MAXNAMELEN and its
// zero), maxDimension how many directions the kernel takes.
const (
	maxSetName   = 31
	maxDimension = 6
)

// setName reads the name and the directions of a set.
func (p *parse) setName(g *given) (name string, ok bool) {
	name = g.v[0].Text
	if name == "" || len(name) > maxSetName && !ruleset.HasUnknown(name) {
		p.errorf(g.v[0].Span, "%q is no name of a set", name).Helpf("it has 1 to %d bytes", maxSetName)
		return "", false
	}
	n := 0
	keep := p.unknown
	ok = p.list(g.v[1], func(w Word) bool {
		if n++; (w.Text != "src" && w.Text != "dst") || n > maxDimension {
			p.errorf(w.Span, "%q are no directions", g.v[1].Text).Helpf("write src or dst for each part of the set's key, with commas between them, at most %d", maxDimension)
			return false
		}
		return true
	})
	p.unknown = keep
	return ruleset.ShowUnknown(name), ok
}

// key of a lookup in a set of ipset(8): what the kernel looks for in it. It is nil
// where the set's type is not known yet. A reader that learns the type later
// completes the statement with SetKey and the directions, which are the second
// value of --match-set in the Module's Args.
func (p *parse) key(name string, directions Word) []ruleset.Expr {
	if p.c.IPSet == nil || ruleset.HasUnknown(name) || ruleset.HasUnknown(directions.Text) {
		return nil
	}
	t := p.c.IPSet(name)
	if t == nil {
		return nil
	}
	if t.Family != ruleset.Inet && t.Family != p.c.Family {
		p.refusef("the set %s is of the family %s", name, t.Family).Helpf("name one of the family %s", p.c.Family)
		return nil
	}
	key, _ := SetKey(t, directions.Text, p.v6())
	return key
}

func finishSet(p *parse) {
	g := p.get(oMatchSet)
	if g == nil {
		p.errorf(p.x.At, "the match set needs a set").Helpf("write --match-set NAME src")
		return
	}
	name, ok := p.setName(g)
	if !ok {
		return
	}
	exact := !p.is(oNoMatch)
	for i := range p.x.given {
		if c := &p.x.given[i]; c.o.ID >= oPacketsEq {
			exact = false
			p.num(c, c.v[0], 0, 1<<64-1)
		}
	}
	p.unknown = ""
	if ruleset.HasUnknown(g.v[0].Text) || !exact && g.neg {
		p.may("what is in the set " + name)
		return
	}
	p.add(&ruleset.Lookup{Key: p.key(name, g.v[1]), Set: name, Neg: g.neg, IPSet: true})
	if !exact {
		p.may("the counters of the set " + name)
	}
}

// SetKey is what the kernel looks for in a set of ipset(8) of a type, where the
// directions of --match-set (or of the target SET) are these. ok is false where
// the type is not known, is a list of sets, or has more parts than there are
// directions: the kernel then finds nothing in it. A port stands behind its
// protocol, as an element does: tcp:80.
func SetKey(t *ruleset.IPSetType, directions string, v6 bool) (key []ruleset.Expr, ok bool) {
	if t == nil {
		return nil, false
	}
	_, parts, found := strings.Cut(t.Type, ":")
	if !found || parts == "set" {
		return nil, false
	}
	for parts != "" {
		var part, dir string
		part, parts, _ = cutByte(parts, ',')
		if directions == "" {
			return nil, false
		}
		dir, directions, _ = cutByte(directions, ',')
		src := dir == "src"
		pick := func(s, d ruleset.Field) ruleset.Expr {
			if src {
				return s
			}
			return d
		}
		switch part {
		case "ip", "net":
			key = append(key, pick(ruleset.In4or6(ruleset.IPSaddr, v6), ruleset.In4or6(ruleset.IPDaddr, v6)))
		case "port":
			if t.Type != "bitmap:port" {
				key = append(key, ruleset.L4Proto)
			}
			key = append(key, pick(ruleset.Sport, ruleset.Dport))
		case "mac":
			key = append(key, pick(ruleset.EtherSaddr, ruleset.EtherDaddr))
		case "iface":
			key = append(key, pick(ruleset.IIFName, ruleset.OIFName))
		case "mark":
			key = append(key, ruleset.MetaMark)
		default:
			return nil, false
		}
	}
	return key, true
}

// Options of SET.
const (
	oAddSet = iota
	oDelSet
	oMapSet
	oExist
	oTimeout
	oMapMark
	oMapPrio
	oMapQueue
)

var targetSET = Extension{
	Name: "SET", Target: true, finish: finishSETTarget,
	options: []Option{
		{Name: "--add-set", ID: oAddSet, Values: 2},
		{Name: "--del-set", ID: oDelSet, Values: 2},
		{Name: "--map-set", ID: oMapSet, Values: 2},
		{Name: "--exist", ID: oExist},
		{Name: "--timeout", ID: oTimeout, Values: 1},
		{Name: "--map-mark", ID: oMapMark, Also: 1 << oMapSet},
		{Name: "--map-prio", ID: oMapPrio, Also: 1 << oMapSet},
		{Name: "--map-queue", ID: oMapQueue, Also: 1 << oMapSet},
	},
}

func finishSETTarget(p *parse) {
	if p.has&(1<<oAddSet|1<<oDelSet|1<<oMapSet) == 0 {
		p.errorf(p.x.At, "the target SET needs a set").Helpf("write --add-set, --del-set or --map-set, a name and src or dst")
		return
	}
	if p.is(oMapSet) && p.c.Table != "" && p.c.Table != "mangle" {
		p.refusef("SET --map-set can't stand in the table %s", p.c.Table).Helpf("it is for mangle")
	}
	seconds := p.numOf(oTimeout, 0, 1<<31/1000, 0)
	for i := range p.x.given {
		g := &p.x.given[i]
		if g.o.ID > oMapSet {
			continue
		}
		name, ok := p.setName(g)
		if !ok {
			return
		}
		switch g.o.ID {
		case oAddSet:
			p.add(&ruleset.SetUpdate{Op: ruleset.OpAdd, Set: name, IPSet: true, Key: p.key(name, g.v[1]), Timeout: secondsOf(seconds)})
		case oDelSet:
			p.add(&ruleset.SetUpdate{Op: ruleset.OpDelete, Set: name, IPSet: true, Key: p.key(name, g.v[1])})
		default:
			found := ruleset.UnknownTerm("of the set " + name)
			if p.is(oMapMark) {
				p.add(&ruleset.SetField{Field: ruleset.MetaMark, Value: found})
			}
			if p.is(oMapPrio) {
				p.add(&ruleset.SetField{Field: ruleset.MetaPriority, Value: found})
			}
		}
	}
}
