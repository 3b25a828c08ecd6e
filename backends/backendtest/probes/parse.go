package probes

import (
	"github.com/loward/loward/backends/lab"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/loward/loward/dsl/diag"
)

// word is a blank-separated piece of a line and the offset of its first byte.
type word struct {
	text  string
	start int
}

// scriptParser reads a probe file line by line; a bad line is one diagnostic
// and never hides the next.
type scriptParser struct {
	file *diag.File
	out  *Script
	top  lab.Topology
	ok   bool // the topology is known
	list diag.List
	last *lab.Probe // the probe that a "then" waits for
	bad  *diag.Diagnostic
}

// ParseScript reads a probe file. Every mistake in it is a diagnostic; the
// script holds what could be read.
func ParseScript(f *diag.File) (*Script, []*diag.Diagnostic) {
	p := &scriptParser{file: f, out: &Script{}}
	offset := 0
	for n, line := range strings.Split(string(f.Data), "\n") {
		p.bad = nil
		p.line(strings.TrimSuffix(line, "\r"), offset, n+1)
		offset += len(line) + 1
	}
	if p.out.Topology.Name == "" {
		p.list.Errorf(f.Span(0, 0), "the file names no topology").
			Helpf("begin with \"lab NAME\", NAME = %s", strings.Join(TopologyNames(), ", "))
	}
	p.implied()
	if p.ok && len(p.out.Hosts) == 0 {
		p.out.Hosts = []Host{{Node: p.top.Main(), Span: f.Span(0, 0)}}
	}
	return p.out, p.list.All
}

// implied is what the file wants without saying so: listeners where Docker's ports
// lead, and a main host that takes spoofed packets unless a rule refuses them.
func (p *scriptParser) implied() {
	if !p.ok {
		return
	}
	for _, d := range p.out.Docker {
		p.out.Listens = append(p.out.Listens, lab.Listen{Node: p.top.Main(), Proto: d.Proto, Port: d.To.Port()})
	}
	local, loopback := false, false
	for _, q := range p.out.All() {
		if q.Spoof {
			local = true
			loopback = loopback || onlyInside(q.From.Addr) || onlyInside(q.To.Addr)
		}
	}
	var list []lab.Sysctl
	if local {
		list = append(list, lab.Sysctl{Node: p.top.Main(), Key: "net.ipv4.conf.all.accept_local", Value: "1"})
	}
	if loopback {
		list = append(list, lab.Sysctl{Node: p.top.Main(), Key: "net.ipv4.conf.all.route_localnet", Value: "1"})
	}
	p.out.Sysctls = append(list, p.out.Sysctls...)
}

func onlyInside(a netip.Addr) bool { return a.Is4() && a.IsLoopback() }

// fail reports the first mistake of a line; what follows from it is not said.
func (p *scriptParser) fail(w word, format string, args ...any) *diag.Diagnostic {
	if p.bad == nil {
		p.bad = p.list.Errorf(p.file.Span(w.start, w.start+len(w.text)), format, args...)
		return p.bad
	}
	return &diag.Diagnostic{}
}

func split(line string, offset int) []word {
	var words []word
	for i := 0; i < len(line); {
		switch c := line[i]; {
		case c == ' ' || c == '\t':
			i++
			continue
		case c == '#':
			return words
		}
		j := i
		for j < len(line) && line[j] != ' ' && line[j] != '\t' {
			j++
		}
		words = append(words, word{line[i:j], offset + i})
		i = j
	}
	return words
}

func (p *scriptParser) line(line string, offset, number int) {
	words := split(line, offset)
	if len(words) == 0 {
		return
	}
	r := &reader{p: p, words: words, end: offset + len(strings.TrimRight(line, " \t"))}
	head := r.next("a statement")
	if p.out.Topology.Name == "" && head.text != "lab" {
		p.fail(head, "%q stands before \"lab\"", head.text).Helpf("the first statement names the topology")
		return
	}
	switch head.text {
	case "lab":
		p.lab(head, r)
	case "host":
		p.host(r)
	case "link":
		l := lab.Link{Node: r.node(), Dev: r.next("a device").text}
		p.keep(r, func() { p.out.Links = append(p.out.Links, l) })
	case "addr":
		a := lab.Addr{Node: r.node(), Dev: r.next("a device").text, Prefix: r.prefix()}
		p.keep(r, func() { p.out.Addrs = append(p.out.Addrs, a) })
	case "route":
		p.route(r)
	case "sysctl":
		s := lab.Sysctl{Node: r.node(), Key: r.next("a key").text, Value: r.next("a value").text}
		p.keep(r, func() { p.out.Sysctls = append(p.out.Sysctls, s) })
	case "listen":
		l := lab.Listen{Node: r.node(), Proto: r.oneOf("tcp", "udp"), Port: r.number(1, 65535)}
		p.keep(r, func() { p.out.Listens = append(p.out.Listens, l) })
	case "docker":
		d := Published{Proto: r.oneOf("tcp", "udp"), From: r.addrPort()}
		r.keyword("to")
		d.To = r.addrPort()
		p.keep(r, func() { p.out.Docker = append(p.out.Docker, d) })
	case "self":
		r.keyword("off")
		if reason := r.rest(); reason != "" {
			p.out.SelfOff = reason
		} else {
			p.fail(head, "\"self off\" gives no reason").Helpf("self off local { default reject }")
		}
	case "noself":
		p.noself(head, r)
	case "probe", "then":
		p.probe(head, r, number)
	default:
		p.fail(head, "unknown statement %q", head.text).
			Helpf("lab, host, link, addr, route, sysctl, listen, docker, self, noself, probe or then")
	}
}

// keep stores a statement that was read without a mistake.
func (p *scriptParser) keep(r *reader, store func()) {
	r.done()
	if p.bad == nil {
		store()
	}
}

func (p *scriptParser) lab(head word, r *reader) {
	w := r.next("a topology")
	if p.out.Topology.Name != "" {
		p.fail(head, "a second \"lab\"").Helpf("a probe file describes one lab")
		return
	}
	p.top, p.ok = Lookup(w.text)
	p.out.Topology = p.top
	p.out.Topology.Name = w.text
	if !p.ok {
		p.fail(w, "unknown topology %q", w.text).Helpf("one of %s", strings.Join(TopologyNames(), ", "))
	}
	r.done()
}

func (p *scriptParser) host(r *reader) {
	w := r.next("a host of the policy")
	h := Host{Name: w.text, Span: p.file.Span(w.start, w.start+len(w.text))}
	if p.ok {
		h.Node = p.top.Main()
		if n, known := p.top.Node(w.text); known {
			h.Node = n.Name
		}
	}
	if r.peek() == "as" {
		r.next("")
		h.Node = r.node()
	}
	if slices.ContainsFunc(p.out.Hosts, func(o Host) bool { return o.Node == h.Node }) {
		p.fail(w, "node %s has a ruleset already", h.Node)
	}
	p.keep(r, func() { p.out.Hosts = append(p.out.Hosts, h) })
}

func (p *scriptParser) route(r *reader) {
	rt := lab.Route{Node: r.node()}
	w := r.next("a destination")
	if dest, err := netip.ParsePrefix(w.text); err == nil {
		rt.Dest = dest.Masked()
	} else if a, err := netip.ParseAddr(w.text); err == nil {
		rt.Dest = netip.PrefixFrom(a, a.BitLen())
	} else {
		p.fail(w, "%q is neither an address nor a prefix", w.text)
	}
	r.keyword("via")
	rt.Via = r.addr()
	for p.bad == nil && r.peek() != "" {
		switch r.oneOf("dev", "metric") {
		case "dev":
			rt.Dev = r.next("a device").text
		case "metric":
			rt.Metric = int(r.number(0, 65535))
		}
	}
	p.keep(r, func() { p.out.Routes = append(p.out.Routes, rt) })
}

func (p *scriptParser) noself(head word, r *reader) {
	n := NoSelf{Addr: r.addr()}
	for slices.Contains([]string{"tcp", "udp", "ping"}, r.peek()) {
		n.Protos = append(n.Protos, r.next("").text)
	}
	n.Reason = r.rest()
	if n.Reason == "" {
		p.fail(head, "\"noself\" gives no reason").Helpf("noself 10.53.53.53 tcp deny-local tcp closes it")
	}
	if p.bad == nil {
		p.out.NoSelf = append(p.out.NoSelf, n)
	}
}

// reader takes the words of a line one after the other.
type reader struct {
	p     *scriptParser
	words []word
	at    int
	end   int // offset behind the line's last word
}

func (r *reader) peek() string {
	if r.at < len(r.words) {
		return r.words[r.at].text
	}
	return ""
}

// next word; what names it if it is missing.
func (r *reader) next(what string) word {
	if r.at < len(r.words) {
		r.at++
		return r.words[r.at-1]
	}
	w := word{"", r.end}
	r.p.fail(w, "the line ends where %s is expected", what)
	return w
}

func (r *reader) done() {
	if r.at < len(r.words) {
		w := r.words[r.at]
		r.p.fail(w, "%q is not expected here", w.text)
	}
}

func (r *reader) rest() string {
	var words []string
	for r.at < len(r.words) {
		words = append(words, r.next("").text)
	}
	return strings.Join(words, " ")
}

func (r *reader) keyword(want string) {
	if w := r.next(strconv.Quote(want)); w.text != want {
		r.p.fail(w, "%q where %q is expected", w.text, want)
	}
}

func (r *reader) oneOf(words ...string) string {
	w := r.next(strings.Join(words, " or "))
	if !slices.Contains(words, w.text) {
		r.p.fail(w, "%q is not one of %s", w.text, strings.Join(words, ", "))
	}
	return w.text
}

func (r *reader) node() string {
	w := r.next("a node")
	return r.p.nodeName(w, w.text)
}

func (p *scriptParser) nodeName(w word, name string) string {
	if !p.ok {
		return name
	}
	n, known := p.top.Node(name)
	if !known {
		p.fail(w, "topology %s has no node %q", p.top.Name, name).
			Helpf("self or one of %s", strings.Join(p.top.NodeNames(), ", "))
	}
	return n.Name
}

func (r *reader) number(low, high int) uint16 {
	w := r.next("a number")
	n, err := strconv.Atoi(w.text)
	if err != nil || n < low || n > high {
		r.p.fail(w, "%q is not a number from %d to %d", w.text, low, high)
		return 0
	}
	return uint16(n)
}

func (r *reader) addr() netip.Addr {
	w := r.next("an address")
	a, err := netip.ParseAddr(w.text)
	if err != nil || a.Zone() != "" {
		r.p.fail(w, "%q is not an address", w.text)
	}
	return a
}

func (r *reader) addrPort() netip.AddrPort {
	w := r.next("an address and port")
	a, err := netip.ParseAddrPort(w.text)
	if err != nil || a.Addr().Zone() != "" || a.Port() == 0 {
		r.p.fail(w, "%q is not an address and port", w.text).Helpf("10.0.0.1:80 or [fd00::1]:80")
	}
	return a
}

func (r *reader) prefix() netip.Prefix {
	w := r.next("an address with its length")
	p, err := netip.ParsePrefix(w.text)
	if err != nil {
		r.p.fail(w, "%q is not an address with its length", w.text).Helpf("10.0.0.1/24 or fd00::1/64")
	}
	return p
}
