package ext

import (
	"strings"

	"github.com/loward/loward/compiler/ruleset"
)

// Options of owner.
const (
	oUID = iota
	oGID
	oSocket
	oGroups
)

var matchOwner = Extension{
	Name: "owner", finish: finishOwner, chains: output | postrouting,
	options: []Option{
		{Name: "--uid-owner", ID: oUID, Values: 1, Neg: true},
		{Name: "--gid-owner", ID: oGID, Values: 1, Neg: true},
		{Name: "--socket-exists", ID: oSocket, Neg: true},
		{Name: "--suppl-groups", ID: oGroups, Also: 1 << oGID},
	},
}

// finishOwner follows owner_mt of net/netfilter/xt_owner.c. A packet without a
// socket passes where every option is inverted, and one of the kernel's own
// sockets, which have no owner, where no user or group is asked for but inverted
// ones. nft's skuid then passes none, and neither does a Match. That is said by a
// May.
func finishOwner(p *parse) {
	if len(p.x.given) == 0 {
		p.errorf(p.x.At, "the match owner needs an option").Helpf("write --uid-owner, for instance")
		return
	}
	inverted := true
	for i := range p.x.given {
		g := &p.x.given[i]
		if g.o.ID == oGroups {
			if p.x.given[0].o.ID == oGroups {
				p.errorf(g.at, "--suppl-groups stands in front of --gid-owner").Helpf("write it behind")
				return
			}
			continue
		}
		inverted = inverted && (g.neg || g.o.ID == oSocket)
	}
	if g := p.get(oSocket); g != nil && g.neg && !inverted {
		p.never() // a socket's owner, where there is none
	}
	for i := range p.x.given {
		g := &p.x.given[i]
		switch g.o.ID {
		case oUID:
			if t, ok := p.ids(g); ok && !inverted {
				p.match(ruleset.SKUID, g.neg, t)
			}
		case oGID:
			t, ok := p.ids(g)
			switch {
			case !ok || inverted:
			case p.is(oGroups):
				p.match(ruleset.SKUID, false, ruleset.Range(0, 1<<32-1))
				p.may("the groups of the socket's owner")
			default:
				p.match(ruleset.SKGID, g.neg, t)
			}
		}
	}
	if inverted {
		p.may("the packet's owner, if it has one")
	}
}

// ids reads a user or a group, or a range of numbers of them.
func (p *parse) ids(g *given) (t ruleset.Term, ok bool) {
	w := g.v[0]
	if ruleset.HasUnknown(w.Text) {
		return ruleset.UnknownTerm(w.Text), true
	}
	a, b, isRange := cutByte(w.Text, '-')
	lo, ok := number(a)
	hi := lo
	if isRange && ok {
		hi, ok = number(b)
	}
	switch {
	case ok && lo <= hi && hi < 1<<32:
		return ruleset.Range(lo, hi), true
	case !ok && userName(w.Text):
		return ruleset.Text(w.Text), true
	}
	p.errorf(w.Span, "%q is no value of %s", w.Text, p.name(g)).Helpf("it is a number, two with a - between them, or a name")
	return t, false
}

// userName says whether a word may be a user's or a group's name.
func userName(s string) bool {
	return s != "" && (s[0] < '0' || s[0] > '9') && s[0] != '-' && !strings.ContainsAny(s, " \t:/,")
}

// Options of cgroup.
const (
	oPath = iota
	oClass
)

var matchCgroup = Extension{
	Name: "cgroup", finish: finishCgroup, chains: input | output | postrouting,
	options: []Option{
		{Name: "--path", ID: oPath, Values: 1, Neg: true, Excl: 1 << oClass},
		{Name: "--cgroup", ID: oClass, Values: 1, Neg: true, Excl: 1 << oPath},
	},
}

func finishCgroup(p *parse) {
	if len(p.x.given) == 0 {
		p.errorf(p.x.At, "the match cgroup needs a group").Helpf("write --path or --cgroup")
		return
	}
	g := &p.x.given[0]
	if g.o.ID == oPath {
		p.may("the control group of the socket")
	} else if n, ok := p.num(g, g.v[0], 0, 1<<32-1); ok {
		p.match(ruleset.Cgroup, g.neg, ruleset.Num(n))
	}
}

// Options of socket.
const (
	oTransparent = iota
	oNoWildcard
	oRestoreMark
)

var matchSocket = Extension{
	Name: "socket", finish: finishSocket, chains: prerouting | input,
	options: []Option{
		{Name: "--transparent", ID: oTransparent},
		{Name: "--nowildcard", ID: oNoWildcard},
		{Name: "--restore-skmark", ID: oRestoreMark},
	},
}

// finishSocket: a socket of the host is open for the packet. Without
// --nowildcard one that listens on all addresses does not count; nft does not
// say of a closing socket whether it did, so that is a May.
func finishSocket(p *parse) {
	if p.is(oTransparent) {
		p.match(ruleset.SocketTransparent, false, ruleset.Num(1))
	} else {
		p.match(ruleset.SocketTransparent, false, ruleset.Range(0, 1))
	}
	if !p.is(oNoWildcard) {
		p.may("whether the socket has an address of its own")
	}
	if p.is(oRestoreMark) {
		p.add(&ruleset.SetField{Field: ruleset.MetaMark, From: ruleset.SocketMark})
	}
}

var matchCPU = Extension{
	Name: "cpu", finish: finishCPU,
	options: []Option{{Name: "--cpu", Values: 1, Neg: true, Must: true}},
}

func finishCPU(p *parse) {
	g := p.get(0)
	if n, ok := p.num(g, g.v[0], 0, 1<<32-1); ok {
		p.match(ruleset.CPU, g.neg, ruleset.Num(n))
	}
}

// Options of policy.
const (
	oPolDir = iota
	oPolPol
	oPolStrict
	oPolReqID
	oPolSPI
	oPolProto
	oPolMode
	oPolSrc
	oPolDst
	oPolNext
)

var matchPolicy = Extension{
	Name: "policy", finish: finishPolicy,
	options: []Option{
		{Name: "--dir", ID: oPolDir, Values: 1},
		{Name: "--pol", ID: oPolPol, Values: 1},
		{Name: "--strict", ID: oPolStrict},
		{Name: "--reqid", ID: oPolReqID, Values: 1, Neg: true, Multi: true},
		{Name: "--spi", ID: oPolSPI, Values: 1, Neg: true, Multi: true},
		{Name: "--proto", ID: oPolProto, Values: 1, Neg: true, Multi: true},
		{Name: "--mode", ID: oPolMode, Values: 1, Neg: true, Multi: true},
		{Name: "--tunnel-src", ID: oPolSrc, Values: 1, Neg: true, Multi: true},
		{Name: "--tunnel-dst", ID: oPolDst, Values: 1, Neg: true, Multi: true},
		{Name: "--next", ID: oPolNext, Multi: true, Also: 1 << oPolStrict},
	},
}

// maxPolicy is how many transformations the kernel compares (XT_POLICY_MAX_ELEM).
const maxPolicy = 4

// finishPolicy: that a packet came by IPsec, or will leave by it, is exact; what
// its transformations are is not.
func finishPolicy(p *parse) {
	dir := p.get(oPolDir)
	if dir == nil {
		p.errorf(p.x.At, "the match policy needs a direction").Helpf("write --dir in or --dir out")
		return
	}
	out, ok := p.word(dir, dir.v[0], []string{"in", "out"})
	if !ok {
		return
	}
	none := 1
	if g := p.get(oPolPol); g != nil {
		if none, ok = p.word(g, g.v[0], []string{"none", "ipsec"}); !ok {
			return
		}
	}
	if out == 1 {
		p.chains(forward|output|postrouting, "policy --dir out")
	} else {
		p.chains(prerouting|input|forward, "policy --dir in")
	}
	details, elements := false, 1
	inElement := uint32(0)
	tunnel, addresses := false, false
	for i := range p.x.given {
		g := &p.x.given[i]
		if g.o.ID < oPolReqID {
			continue
		}
		if g.o.ID == oPolNext {
			if inElement == 0 {
				p.errorf(g.at, "--next stands behind nothing").Helpf("say first what the transformation is")
			}
			if elements++; elements > maxPolicy {
				p.errorf(g.at, "more than %d transformations", maxPolicy)
				return
			}
			inElement, tunnel = 0, false
			continue
		}
		if inElement&(1<<g.o.ID) != 0 {
			p.errorf(g.at, "%s stands twice", p.name(g)).Helpf("--next begins another transformation")
			return
		}
		inElement |= 1 << g.o.ID
		details = true
		switch w := g.v[0]; g.o.ID {
		case oPolReqID, oPolSPI:
			p.num(g, w, 0, 1<<32-1)
		case oPolProto:
			t, ok := p.protocol(g, w)
			if n := t.Lo.Lo; ok && t.Text == "" && n != protoESP && n != protoAH && n != protoIPComp {
				p.errorf(w.Span, "%q is no protocol of IPsec", w.Text).Helpf("it is ah, esp or ipcomp")
			}
		case oPolMode:
			i, _ := p.word(g, w, []string{"transport", "tunnel"})
			tunnel = i == 1 && !g.neg
		default:
			p.network(g, w)
			if addresses = true; !p.modeOf(i, &tunnel) {
				p.errorf(g.at, "%s needs --mode tunnel", p.name(g))
			}
		}
	}
	if none == 0 && p.is(oPolStrict) {
		p.errorf(p.get(oPolStrict).at, "--strict can't stand with --pol none")
		return
	}
	if p.is(oPolStrict) && (!details || inElement == 0) {
		p.errorf(p.get(oPolStrict).at, "--strict needs to know the transformations").Helpf("say --proto, --reqid and so on of each")
		return
	}
	p.unknown = ""
	f := ruleset.SecPath
	if out == 1 {
		f = ruleset.RTIPsec
	}
	p.match(f, false, ruleset.Num(uint64(none)))
	if (details || addresses) && none == 1 {
		p.may("how IPsec has it")
	}
}

// modeOf says whether the transformation of which option i is one says that it
// is a tunnel.
func (p *parse) modeOf(i int, tunnel *bool) bool {
	if *tunnel {
		return true
	}
	for _, g := range p.x.given[i:] {
		if g.o.ID == oPolNext {
			break
		}
		if g.o.ID == oPolMode && !g.neg && strings.EqualFold(g.v[0].Text, "tunnel") || ruleset.HasUnknown(g.v[0].Text) {
			return true
		}
	}
	return false
}
