package probes

import (
	"context"
	"fmt"
	"github.com/loward/loward/backends/lab"
	"strings"
)

// LoadForeign loads the rules of others into a node: a fail2ban that has banned
// the addresses of Banned from tcp 22, a Docker with its chains and published
// ports, and a table of somebody's monitoring.
func LoadForeign(ctx context.Context, l *lab.Lab, s *Script, node string, style Style) error {
	text, _ := foreignNFT(style)
	if err := l.LoadNFT(ctx, node, text); err != nil {
		return fmt.Errorf("foreign rules: %w", err)
	}
	four := foreignIPTables(style, false, s.Docker)
	six := foreignIPTables(style, true, s.Docker)
	if err := l.LoadIPTables(ctx, node, style.variant(), four, six); err != nil {
		return fmt.Errorf("foreign rules: %w", err)
	}
	return nil
}

// TakeSnapshot of the foreign rules of a node.
func TakeSnapshot(ctx context.Context, l *lab.Lab, node string, style Style) (Snapshot, error) {
	out := Snapshot{Tables: map[string]string{}, Saved: map[string]string{}}
	_, tables := foreignNFT(style)
	for _, t := range tables {
		text, err := l.Run(ctx, node, "", "nft", "-s", "list", "table", "inet", t)
		if err != nil {
			return out, err
		}
		out.Tables[t] = text
	}
	for _, command := range []string{"iptables", "ip6tables"} {
		name := fmt.Sprintf("%s-%s-save", command, style.variant())
		text, err := l.Run(ctx, node, "", name)
		if err != nil {
			return out, err
		}
		out.Saved[name] = text
	}
	return out, nil
}

// Tables are the nf_tables tables of a node, "FAMILY NAME" each.
func Tables(ctx context.Context, l *lab.Lab, node string) ([]string, error) {
	text, err := l.Run(ctx, node, "", "nft", "list", "tables")
	if err != nil {
		return nil, err
	}
	var out []string
	for _, line := range strings.Split(text, "\n") {
		if name, ok := strings.CutPrefix(line, "table "); ok {
			out = append(out, name)
		}
	}
	return out, nil
}

// BannedReach checks that the banned peer is refused on tcp 22, in both families, and
// returns what it found otherwise.
func BannedReach(ctx context.Context, l *lab.Lab) []string {
	var heads []*lab.Probe
	main, _ := l.Plan.Topology.Node("self")
	for _, from := range Banned() {
		for _, d := range main.Devs {
			for _, a := range d.Addrs {
				to := a.Addr()
				if d.Name == "wan1" && to.Is4() == from.Is4() && !to.IsLinkLocalUnicast() {
					heads = append(heads, &lab.Probe{Node: "wan", Kind: lab.TCP, From: lab.Target{Addr: from}, To: lab.Target{Addr: to, Port: 22}, Want: lab.Drop})
				}
			}
		}
	}
	var out []string
	for _, r := range l.Probes(ctx, heads) {
		if r.Got != lab.Drop && r.Got != lab.Reject {
			out = append(out, fmt.Sprintf("the banned peer %s reached tcp 22 of %s: %s", r.Probe.From.Addr, r.Probe.To.Addr, r))
		}
	}
	if len(heads) < 2 {
		out = append(out, "the banned peer was not tried in both families")
	}
	return out
}
