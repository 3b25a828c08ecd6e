package ext

import (
	"strings"

	"github.com/loward/loward/compiler/ruleset"
)

// matchComment says nothing of packets.
var matchComment = Extension{
	Name: "comment", finish: func(p *parse) { p.cut(p.get(0), 255) }, // XT_MAX_COMMENT_LEN and its zero
	options: []Option{{Name: "--comment", Values: 1, Must: true}},
}

var matchU32 = Extension{
	Name: "u32", finish: finishU32,
	options: []Option{{Name: "--u32", Values: 1, Neg: true, Must: true}},
}

func finishU32(p *parse) {
	w := p.get(0).v[0]
	if at := u32Error(w.Text); at >= 0 && !ruleset.HasUnknown(w.Text) {
		p.errorf(w.sub(at, 1), "%q is no test of bytes", w.Text).Helpf("it is OFFSET&MASK=VALUE, and the like joined with &&: see u32 in iptables-extensions(8)")
	}
	p.may("bytes of the packet")
}

// u32Error is where a text departs from the grammar of u32, or -1.
func u32Error(s string) int {
	i := 0
	skip := func() {
		for i < len(s) && (s[i] == ' ' || s[i] == '\t' || s[i] == '\n') {
			i++
		}
	}
	num := func() bool {
		skip()
		start := i
		for i < len(s) && (isHex(s[i]) || s[i]|0x20 == 'x') {
			i++
		}
		n, ok := number(s[start:i])
		return ok && n < 1<<32
	}
	has := func(op string) bool {
		skip()
		if strings.HasPrefix(s[i:], op) {
			i += len(op)
			return true
		}
		return false
	}
	for {
		if !num() {
			return i
		}
		for !has("=") {
			if !has("<<") && !has(">>") && !has("&") && !has("@") || !num() {
				return i
			}
		}
		for {
			if !num() || has(":") && !num() {
				return i
			}
			if !has(",") {
				break
			}
		}
		if skip(); i == len(s) {
			return -1
		}
		if !has("&&") {
			return i
		}
	}
}

// Options of bpf.
const (
	oBytecode = iota
	oPinned
)

var matchBPF = Extension{
	Name: "bpf", finish: finishBPF,
	options: []Option{
		{Name: "--bytecode", ID: oBytecode, Values: 1, Excl: 1 << oPinned},
		{Name: "--object-pinned", ID: oPinned, Values: 1, Excl: 1 << oBytecode},
	},
}

// maxBPF is how many instructions fit (XT_BPF_MAX_NUM_INSTR).
const maxBPF = 64

func finishBPF(p *parse) {
	if len(p.x.given) == 0 {
		p.errorf(p.x.At, "the match bpf needs a program").Helpf("write --bytecode or --object-pinned")
		return
	}
	if g := p.get(oBytecode); g != nil && !ruleset.HasUnknown(g.v[0].Text) {
		head, rest, ok := cutByte(g.v[0].Text, ',')
		n, isNum := number(strings.TrimSpace(head))
		lines := strings.Count(rest, ",") + 1
		if strings.HasSuffix(rest, ",") {
			lines--
		}
		if !ok || !isNum || n == 0 || n > maxBPF || uint64(lines) != n {
			p.errorf(g.v[0].Span, "%q is no program", g.v[0].Text).Helpf("it is the number of instructions (up to %d) and the instructions, with commas between them, as nfbpf_compile prints them", maxBPF)
		}
	}
	p.may("what a program says")
}

// Options of cluster.
const (
	oTotal = iota
	oLocal
	oLocalMask
	oSeed
)

var matchCluster = Extension{
	Name: "cluster", finish: finishCluster,
	options: []Option{
		{Name: "--cluster-total-nodes", ID: oTotal, Values: 1, Must: true},
		{Name: "--cluster-local-node", ID: oLocal, Values: 1, Neg: true, Excl: 1 << oLocalMask},
		{Name: "--cluster-local-nodemask", ID: oLocalMask, Values: 1, Neg: true, Excl: 1 << oLocal},
		{Name: "--cluster-hash-seed", ID: oSeed, Values: 1, Must: true},
	},
}

func finishCluster(p *parse) {
	total := p.numOf(oTotal, 1, 32, 32)
	local := p.numOf(oLocal, 1, 32, 1)
	mask := p.numOf(oLocalMask, 0, 1<<32-1, 1)
	p.numOf(oSeed, 0, 1<<32-1, 0)
	switch {
	case !p.is(oLocal) && !p.is(oLocalMask):
		p.errorf(p.x.At, "the match cluster needs the local node").Helpf("write --cluster-local-node or --cluster-local-nodemask")
	case p.unknown == "" && (local > total || mask >= 1<<total):
		p.errorf(p.x.At, "the local node is none of %d", total)
	}
	p.may("which node of the cluster is meant")
}

// Options of ipvs.
const (
	oIPVS = iota
	oVProto
	oVAddr
	oVPort
	oVDir
	oVMethod
	oVPortCtl
)

var matchIPVS = Extension{
	Name: "ipvs", finish: finishIPVS,
	options: []Option{
		{Name: "--ipvs", ID: oIPVS, Neg: true},
		{Name: "--vproto", ID: oVProto, Values: 1, Neg: true},
		{Name: "--vaddr", ID: oVAddr, Values: 1, Neg: true},
		{Name: "--vport", ID: oVPort, Values: 1, Neg: true},
		{Name: "--vdir", ID: oVDir, Values: 1},
		{Name: "--vmethod", ID: oVMethod, Values: 1, Neg: true},
		{Name: "--vportctl", ID: oVPortCtl, Values: 1, Neg: true},
	},
}

func finishIPVS(p *parse) {
	if len(p.x.given) == 0 {
		p.errorf(p.x.At, "the match ipvs needs an option").Helpf("write --ipvs, for instance")
		return
	}
	for i := range p.x.given {
		g := &p.x.given[i]
		switch w := g.v[0]; g.o.ID {
		case oVProto:
			p.protocol(g, w)
		case oVAddr:
			p.network(g, w)
		case oVPort, oVPortCtl:
			p.port(w.Text, w.Span, p.name(g))
		case oVDir:
			p.word(g, w, []string{"ORIGINAL", "REPLY"})
		case oVMethod:
			p.word(g, w, []string{"GATE", "IPIP", "MASQ"})
		}
	}
	p.unknown = ""
	p.may("IP virtual server")
}

// matchNFAcct counts; where its object has a quota, it matches once that is used
// up.
var matchNFAcct = Extension{
	Name: "nfacct", finish: finishNFAcct,
	options: []Option{{Name: "--nfacct-name", Values: 1, Must: true}},
}

func finishNFAcct(p *parse) {
	if g := p.get(0); p.cut(g, 31) == "" {
		p.errorf(g.v[0].Span, "an empty name of an accounting object").Helpf("it has 1 to 31 bytes")
	}
	p.may("the quota of an accounting object, if it has one")
}

// Options of osf.
const (
	oGenre = iota
	oOsfTTL
	oOsfLog
)

var matchOSF = Extension{
	Name: "osf", Family: ruleset.IP, proto: protoTCP, chains: prerouting | input | forward, finish: finishOSF,
	options: []Option{
		{Name: "--genre", ID: oGenre, Values: 1, Neg: true, Must: true},
		{Name: "--ttl", ID: oOsfTTL, Values: 1},
		{Name: "--log", ID: oOsfLog, Values: 1},
	},
}

func finishOSF(p *parse) {
	p.numOf(oOsfTTL, 0, 2, 0)
	p.numOf(oOsfLog, 0, 2, 0)
	p.may("what the sender's system looks like")
}

// Options of rateest.
const (
	oRate1 = iota
	oRate2
	oBPS1
	oPPS1
	oBPS2
	oPPS2
	oBPS
	oPPS
	oDelta
	oRateLess
	oRateMore
	oRateEq
)

const rateWays = 1<<oRateLess | 1<<oRateMore | 1<<oRateEq

var matchRateest = Extension{
	Name: "rateest", finish: finishRateest,
	options: []Option{
		{Name: "--rateest", ID: oRate1, Values: 1},
		{Name: "--rateest1", ID: oRate1, Values: 1},
		{Name: "--rateest2", ID: oRate2, Values: 1},
		{Name: "--rateest-bps1", ID: oBPS1, Values: 1, Maybe: true},
		{Name: "--rateest-pps1", ID: oPPS1, Values: 1, Maybe: true},
		{Name: "--rateest-bps2", ID: oBPS2, Values: 1, Maybe: true},
		{Name: "--rateest-pps2", ID: oPPS2, Values: 1, Maybe: true},
		{Name: "--rateest-bps", ID: oBPS, Values: 1, Maybe: true},
		{Name: "--rateest-pps", ID: oPPS, Values: 1, Maybe: true},
		{Name: "--rateest-delta", ID: oDelta},
		{Name: "--rateest-lt", ID: oRateLess, Neg: true, Excl: rateWays},
		{Name: "--rateest-gt", ID: oRateMore, Neg: true, Excl: rateWays},
		{Name: "--rateest-eq", ID: oRateEq, Neg: true, Excl: rateWays},
	},
}

func finishRateest(p *parse) {
	if !p.is(oRate1) {
		p.errorf(p.x.At, "the match rateest needs the name of an estimator").Helpf("write --rateest NAME")
		return
	}
	if p.has&rateWays == 0 {
		p.errorf(p.x.At, "the match rateest needs a comparison").Helpf("write --rateest-lt, --rateest-gt or --rateest-eq")
		return
	}
	if p.has&(1<<oBPS1|1<<oPPS1|1<<oBPS2|1<<oPPS2|1<<oBPS|1<<oPPS) == 0 {
		p.refusef("the match rateest needs to know what to compare").Helpf("write --rateest-bps or --rateest-pps")
	}
	for i := range p.x.given {
		g := &p.x.given[i]
		w := g.v[0]
		if g.n == 0 || ruleset.HasUnknown(w.Text) {
			continue
		}
		switch g.o.ID {
		case oPPS1, oPPS2, oPPS:
			p.num(g, w, 0, 1<<32-1)
		case oBPS1, oBPS2, oBPS:
			if !isBitRate(w.Text) {
				p.errorf(w.Span, "%q is no rate", w.Text).Helpf("it is a number and bit, kbit, mbit, bps, kbps and so on")
			}
		}
	}
	p.may("a measured rate")
}

// isBitRate reads a number and a unit of rates as tc(8) does.
func isBitRate(s string) bool {
	i := 0
	for i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] == '.') {
		i++
	}
	if i == 0 {
		return false
	}
	switch strings.ToLower(s[i:]) {
	case "", "bit", "kbit", "kibit", "mbit", "mibit", "gbit", "gibit", "tbit", "tibit",
		"bps", "kbps", "kibps", "mbps", "mibps", "gbps", "gibps", "tbps", "tibps":
		return true
	}
	return false
}
