package probes

import (
	"github.com/loward/loward/backends/lab"
	"net/netip"
	"strconv"
	"strings"
)

// rawNumbers are the raw protocols with names (IANA protocol numbers).
func rawNumber(name string) (uint8, bool) {
	switch name {
	case "igmp":
		return 2, true
	case "gre":
		return 47, true
	case "esp":
		return 50, true
	case "ah":
		return 51, true
	case "ospf":
		return 89, true
	case "vrrp":
		return 112, true
	}
	return 0, false
}

func (p *scriptParser) probe(head word, r *reader, line int) {
	pr := &lab.Probe{Line: line, Node: r.node()}
	p.protocol(pr, r)
	var to, option word
	for p.bad == nil && r.peek() != "->" && r.peek() != "" {
		w := r.next("")
		if w.text == "to" {
			to = r.next("a destination")
			pr.To = p.target(to, to.text)
			continue
		}
		option = w
		p.option(pr, w, r)
	}
	r.keyword("->")
	w := r.next("a verdict")
	switch w.text {
	case "accept":
		pr.Want = lab.Accept
	case "drop":
		pr.Want = lab.Drop
	case "reject":
		pr.Want = lab.Reject
	default:
		p.fail(w, "%q is not a verdict", w.text).Helpf("accept, drop or reject")
	}
	r.done()
	if p.bad != nil {
		return
	}
	if option.text == "" {
		option = head
	}
	if p.sensible(pr, head, to, option); p.bad != nil {
		return
	}
	pr.Span = p.file.Span(head.start, r.end)
	var text []string
	for _, w := range r.words {
		text = append(text, w.text)
	}
	pr.Span.End = r.words[len(r.words)-1].start + len(r.words[len(r.words)-1].text)
	pr.Text = strings.Join(text, " ")
	if head.text == "probe" {
		p.out.Probes = append(p.out.Probes, pr)
		p.last = pr
		return
	}
	if p.last == nil {
		p.fail(head, "\"then\" without a probe above it")
		return
	}
	p.last.Then = append(p.last.Then, pr)
}

func (p *scriptParser) protocol(pr *lab.Probe, r *reader) {
	w := r.next("a protocol")
	switch w.text {
	case "tcp":
		pr.Kind = lab.TCP
	case "udp":
		pr.Kind = lab.UDP
	case "sctp":
		pr.Kind = lab.SCTP
	case "ping":
		pr.Kind = lab.Ping
	case "ftp":
		pr.Kind = lab.FTP
	case "tftp":
		pr.Kind = lab.TFTP
	case "frag-needed":
		pr.Kind = lab.FragNeeded
	case "icmp", "icmpv6":
		pr.Kind, pr.Number = lab.ICMP, 1
		if w.text == "icmpv6" {
			pr.Number = 58
		}
		t := r.next("an ICMP type")
		kind, code, _ := strings.Cut(t.text, "/")
		n, err := strconv.ParseUint(kind, 10, 8)
		var c uint64
		if err == nil && code != "" {
			c, err = strconv.ParseUint(code, 10, 8)
		}
		if err != nil {
			p.fail(t, "%q is not an ICMP type, or type/code", t.text).Helpf("numbers: 13 or 3/4")
		}
		pr.Type, pr.Code = uint8(n), uint8(c)
	case "proto":
		pr.Kind, pr.Number = lab.Raw, uint8(r.number(0, 255))
	default:
		n, ok := rawNumber(w.text)
		if !ok {
			p.fail(w, "unknown protocol %q", w.text).
				Helpf("tcp, udp, sctp, ping, icmp, icmpv6, gre, esp, ah, ospf, vrrp, igmp, proto N, ftp, tftp or frag-needed")
		}
		pr.Kind, pr.Number = lab.Raw, n
	}
}

func (p *scriptParser) option(pr *lab.Probe, w word, r *reader) {
	name, value, has := strings.Cut(w.text, "=")
	if !has {
		switch name {
		case "from", "user", "group":
			value = r.next("a value").text
		}
	}
	switch {
	case name == "from":
		pr.From = p.target(word{value, w.start}, value)
	case name == "user":
		pr.User = value
	case name == "group":
		pr.Group = value
	case name == "at" && has:
		pr.At = p.nodeName(w, value)
	case (name == "as" || name == "by") && has:
		a, err := netip.ParseAddr(value)
		if err != nil {
			p.fail(w, "%q is not an address", value)
		}
		if name == "as" {
			pr.As = a
		} else {
			pr.By = a
		}
	case name == "mark" && has:
		n, err := strconv.ParseUint(value, 0, 32)
		if err != nil {
			p.fail(w, "%q is not a mark", value)
		}
		pr.Mark = uint32(n)
	case name == "bytes" && has:
		pr.Bytes = p.count(w, value, 1, 10_000_000)
	case name == "count" && has:
		pr.Count = p.count(w, value, 1, 1000)
		pr.Fresh = true
	case name == "pass" && has:
		low, high, isRange := strings.Cut(value, "..")
		pr.PassMin = p.count(w, low, 0, 1000)
		pr.PassMax = pr.PassMin
		if isRange {
			pr.PassMax = p.count(w, high, pr.PassMin, 1000)
		}
	case name == "frag" && !has:
		pr.Frag = true
	case name == "fresh" && !has:
		pr.Fresh = true
	case name == "spoof" && !has:
		pr.Spoof = true
	case name == "kernel" && !has:
		pr.Kernel = true
	case name == "noconn" && !has:
		pr.NoConn = true
	default:
		p.fail(w, "unknown option %q", w.text).
			Helpf("from ADDR, user NAME, group NAME, at=, as=, by=, mark=, bytes=, count=, pass=, frag, fresh, spoof, kernel or noconn")
	}
}

func (p *scriptParser) count(w word, text string, low, high int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		p.fail(w, "%q is not a number from %d to %d", text, low, high)
	}
	return n
}

// target reads ADDR, ADDR%DEV, ADDR:PORT, [ADDR]:PORT or [ADDR%DEV]:PORT.
func (p *scriptParser) target(w word, text string) lab.Target {
	var t lab.Target
	host, port := text, ""
	if strings.HasPrefix(text, "[") {
		inner, rest, ok := strings.Cut(text[1:], "]")
		if !ok || !strings.HasPrefix(rest, ":") {
			p.fail(w, "%q is not an address with a port", text).Helpf("[fd00::1]:53")
			return t
		}
		host, port = inner, rest[1:]
	} else if strings.Count(text, ":") == 1 {
		host, port, _ = strings.Cut(text, ":")
	}
	host, t.Dev, _ = strings.Cut(host, "%")
	a, err := netip.ParseAddr(host)
	if err != nil {
		p.fail(w, "%q is not an address", host)
		return t
	}
	t.Addr = a
	if port != "" || strings.HasSuffix(text, ":") {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			p.fail(w, "%q is not a port", port).Helpf("1 to 65535")
		}
		t.Port = uint16(n)
	}
	return t
}

// sensible finds what contradicts itself in a probe whose words were all good.
func (p *scriptParser) sensible(pr *lab.Probe, head, to, option word) {
	a := pr.To.Addr
	switch {
	case to.text == "":
		p.fail(head, "the probe has no destination").Helpf("probe NODE PROTO to ADDR -> VERDICT")
	case pr.Kind.HasPorts() && pr.To.Port == 0:
		p.fail(to, "the destination has no port")
	case !pr.Kind.HasPorts() && (pr.To.Port != 0 || pr.From.Port != 0):
		p.fail(to, "this protocol has no ports")
	case pr.From.Addr.IsValid() && pr.From.Addr.Is4() != a.Is4():
		p.fail(to, "source and destination are of different families")
	case pr.Kind == lab.ICMP && (pr.Number == 1) != a.Is4():
		p.fail(to, "icmp is IPv4's, icmpv6 is IPv6's")
	case lab.NeedsDev(a) && pr.To.Dev == "":
		p.fail(to, "a link-local, multicast or broadcast destination needs a device").Helpf("%s%%eth0", a)
	case pr.Spoof && !pr.From.Addr.IsValid():
		p.fail(option, "a spoofed packet needs a source").Helpf("spoof from ADDR")
	case pr.Spoof && (pr.Kind == lab.FTP || pr.Kind == lab.TFTP || pr.Kind == lab.FragNeeded || pr.Kind == lab.SCTP):
		p.fail(option, "only udp, tcp, ping, icmp and raw protocols can be spoofed")
	case pr.Spoof && pr.Count > 0:
		p.fail(option, "count and spoof can't be combined")
	case pr.Frag && pr.Kind != lab.UDP && pr.Kind != lab.Ping:
		p.fail(option, "only udp and ping can be fragmented")
	case pr.Bytes > 0 && pr.Kind != lab.TCP:
		p.fail(option, "bytes is tcp's")
	case pr.NoConn && pr.Kind != lab.FragNeeded || pr.By.IsValid() && pr.Kind != lab.FragNeeded:
		p.fail(option, "noconn and by belong to frag-needed")
	case pr.Kernel && pr.Want != lab.Drop:
		p.fail(option, "kernel says why a packet is dropped; this one is not")
	case pr.Count == 0 && pr.PassMax > 0:
		p.fail(option, "pass without count")
	case pr.Count > 0 && pr.PassMax > pr.Count:
		p.fail(option, "more pass than are sent")
	case pr.Count > 0 && pr.Want == lab.Accept && pr.PassMin != pr.Count:
		p.fail(option, "the verdict is that of the packets that do not pass").Helpf("-> drop or -> reject")
	case pr.Count > 0 && !(pr.Kind == lab.TCP || pr.Kind == lab.UDP || pr.Kind == lab.Ping || pr.Kind == lab.SCTP || pr.Kind == lab.Raw || pr.Kind == lab.ICMP):
		p.fail(option, "this protocol can't be counted")
	case head.text == "then" && (pr.Fresh && pr.Count == 0):
		p.fail(option, "\"then\" runs in the lab of the probe above it, so it can't be fresh")
	}
}
