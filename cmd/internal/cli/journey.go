package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"

	"github.com/loward/loward/compiler/packet"
	"github.com/loward/loward/compiler/path"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// journeyText tells in words what becomes of packets.
func journeyText(phrase *diag.File, all []question, results []*path.Result) []byte {
	var b bytes.Buffer
	for i, r := range results {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s\n", packetText(r))
		for _, a := range all[i].assumed {
			fmt.Fprintf(&b, "  taken for given: %s\n", a)
		}
		journey(&b, r, "  ")
		replies(&b, r, "")
		fmt.Fprintf(&b, "%s: %s\n", strings.TrimSpace(string(phrase.Data)), verdictText(r))
	}
	return b.Bytes()
}

// replies tells of the reply to a packet that arrived, and of the acknowledgement
// of that where it does not arrive.
func replies(b *bytes.Buffer, r *path.Result, indent string) {
	if r.Verdict != path.Accept || r.Reply == nil {
		return
	}
	fmt.Fprintf(b, "%sreply\n", indent)
	journey(b, r.Reply, indent+"  ")
	if r.Reply.Verdict == path.Accept && r.Works() != path.Accept {
		fmt.Fprintf(b, "%sacknowledgement\n", indent)
		journey(b, r.Reply.Reply, indent+"  ")
	}
}

// packetText is a packet as it starts.
func packetText(r *path.Result) string {
	p := r.Packet
	if len(r.Legs) > 0 {
		p = r.Legs[0].Before
	}
	text := protocol(p) + " from " + endpoint(p, p.Src, p.Sport) + " to " + endpoint(p, p.Dst, p.Dport)
	switch {
	case p.IIF == packet.AnyLink:
		text += ", arriving by some interface"
	case p.IIF != "":
		text += ", arriving by " + p.IIF
	}
	return text
}

func protocol(p *packet.Packet) string {
	switch p.Proto {
	case packet.TCP:
		return "tcp"
	case packet.UDP:
		return "udp"
	case packet.SCTP:
		return "sctp"
	case packet.ICMP:
		return fmt.Sprintf("icmp type %d", p.Type)
	case packet.ICMPv6:
		return fmt.Sprintf("icmpv6 type %d", p.Type)
	}
	return fmt.Sprintf("protocol %d", p.Proto)
}

func endpoint(p *packet.Packet, a netip.Addr, port uint16) string {
	if p.HasPorts() {
		return netip.AddrPortFrom(a, port).String()
	}
	return a.String()
}

// journey is one line for each hook, and one for each rule that matched.
func journey(b *bytes.Buffer, r *path.Result, indent string) {
	for i := range r.Legs {
		leg := &r.Legs[i]
		fmt.Fprintf(b, "%s%s%s\n", indent, leg.Hook, way(leg))
		for _, s := range leg.Steps {
			fmt.Fprintf(b, "%s  %s %s %s%s: %s\n", indent, s.Table.Family, s.Table.Name, s.Chain.Name, ruleText(s), s.Did)
		}
	}
	end := ending(r)
	if end != "" {
		fmt.Fprintf(b, "%s%s\n", indent, end)
	}
	if r.Verdict != path.Undecided {
		return
	}
	for _, g := range r.Guesses {
		fmt.Fprintf(b, "%sthat depends on %s%s\n", indent, g.Why, placeOf(g.Rule))
	}
	if r.Other != nil {
		fmt.Fprintf(b, "%sotherwise: %s\n", indent, r.Other.Verdict)
		journey(b, r.Other, indent+"  ")
	}
}

func way(leg *path.Leg) string {
	text := ""
	if leg.IIF != "" {
		text += ", in by " + linkText(leg.IIF)
	}
	if leg.OIF != "" {
		text += ", out by " + linkText(leg.OIF)
	}
	return text
}

func linkText(name string) string {
	if name == packet.AnyLink {
		return "some interface"
	}
	return name
}

// known is a name, or nothing where it is not known.
func known(link string) string {
	if link == packet.AnyLink {
		return ""
	}
	return link
}

// ruleText is where a rule stands, and what is written there.
func ruleText(s path.Step) string {
	if s.Rule == nil {
		return ""
	}
	place := placeOf(s.Rule)
	if o := s.Origin(); o.File != nil {
		place = placeAt(o)
	}
	return strings.Replace(strings.TrimSuffix(place, ")"), " (", ", ", 1)
}

func placeOf(r *ruleset.Rule) string {
	switch {
	case r == nil || r.Origin.File == nil && r.Comment == "":
		return "" // one that loward made by itself
	case r.Origin.File == nil:
		return " (" + r.Comment + ")"
	}
	return placeAt(r.Origin)
}

func placeAt(o diag.Span) string {
	return fmt.Sprintf(" (%s: %s)", o.FileLine(), oneLine(o.Text()))
}

// maxRule is how much of a rule is shown.
const maxRule = 120

func oneLine(s string) string {
	if first, _, more := strings.Cut(strings.TrimSpace(s), "{\n"); more {
		s = first // a block: what it is called is enough
	}
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > maxRule {
		s = strings.ToValidUTF8(s[:maxRule], "") + "…"
	}
	return s
}

// ending is what ended a journey where no rule did.
func ending(r *path.Result) string {
	switch {
	case r.Why != "":
		return r.Why
	case r.Verdict != path.Accept || len(r.Legs) == 0:
		return ""
	case r.Legs[len(r.Legs)-1].Hook == ruleset.Input:
		return "delivered to the host"
	}
	return "leaves by " + linkText(r.Packet.OIF)
}

func verdictText(r *path.Result) string {
	works := r.Works()
	what := "its reply"
	if r.Verdict == path.Accept && r.Reply != nil && r.Reply.Verdict == path.Accept {
		what = "the acknowledgement of its reply"
	}
	switch {
	case r.Verdict != path.Accept || works == path.Accept:
		return r.Verdict.String()
	case works == path.Undecided:
		return fmt.Sprintf("unknown: the packet arrives; what becomes of %s can't be known", what)
	}
	return fmt.Sprintf("%s: the packet arrives, %s does not", works, what)
}

// journeyOf is a journey in JSON.
type journeyOf struct {
	Verdict string      `json:"verdict"`
	Why     string      `json:"why,omitempty"`
	Depends []string    `json:"depends,omitempty"`
	Assumed []string    `json:"assumed,omitempty"`
	Path    []stepOf    `json:"path"`
	Reply   *journeyOf  `json:"reply,omitempty"`
	Other   *journeyOf  `json:"other,omitempty"`
	Packets []journeyOf `json:"packets,omitempty"`
}

type stepOf struct {
	Hook    string `json:"hook"`
	IIF     string `json:"iif,omitempty"`
	OIF     string `json:"oif,omitempty"`
	Table   string `json:"table"`
	Chain   string `json:"chain"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Rule    string `json:"rule,omitempty"`
	Verdict string `json:"verdict"`
}

// journeyJSON is an object; of several packets that of the first which does not
// get through, with all of them in it.
func journeyJSON(all []question, results []*path.Result) []byte {
	list := make([]journeyOf, len(results))
	worst := 0
	for i, r := range results {
		list[i] = journeyObject(r)
		list[i].Assumed = all[i].assumed
		if results[worst].Works() == path.Accept && r.Works() != path.Accept {
			worst = i
		}
	}
	out := list[worst]
	out.Verdict = results[worst].Works().String()
	if len(list) > 1 {
		out.Packets = list
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(out) // into memory, of plain data: can't fail
	return b.Bytes()
}

func journeyObject(r *path.Result) journeyOf {
	out := journeyOf{Verdict: r.Verdict.String(), Why: r.Why, Path: []stepOf{}}
	for i := range r.Legs {
		leg := &r.Legs[i]
		for _, s := range leg.Steps {
			out.Path = append(out.Path, *stepObject(leg, s))
		}
	}
	for _, g := range r.Guesses {
		out.Depends = append(out.Depends, g.Why+placeOf(g.Rule))
	}
	if r.Reply != nil {
		reply := journeyObject(r.Reply)
		out.Reply = &reply
	}
	if r.Other != nil {
		other := journeyObject(r.Other)
		out.Other = &other
	}
	return out
}

func stepObject(leg *path.Leg, s path.Step) *stepOf {
	step := &stepOf{Hook: leg.Hook.String(), IIF: known(leg.IIF), OIF: known(leg.OIF), Table: s.Table.Name, Chain: s.Chain.Name, Verdict: s.Did}
	if o := s.Origin(); o.File != nil {
		step.File, step.Line, step.Rule = o.File.Name, o.Position().Line, oneLine(o.Text())
	}
	return step
}
