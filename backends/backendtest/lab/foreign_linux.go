package lab

import (
	"context"
	"fmt"
	"strings"
)

// LoadForeign loads the rules of others into a node: a fail2ban that has banned
// the addresses of Banned from tcp 22, a Docker with its chains and published
// ports, and a table of somebody's monitoring.
func (l *Lab) LoadForeign(ctx context.Context, node string, style Style) error {
	text, _ := foreignNFT(style)
	if err := l.LoadNFT(ctx, node, text); err != nil {
		return fmt.Errorf("foreign rules: %w", err)
	}
	four := foreignIPTables(style, false, l.Script.Docker)
	six := foreignIPTables(style, true, l.Script.Docker)
	if err := l.LoadIPTables(ctx, node, style.variant(), four, six); err != nil {
		return fmt.Errorf("foreign rules: %w", err)
	}
	return nil
}

// Snapshot of the foreign rules of a node.
func (l *Lab) Snapshot(ctx context.Context, node string, style Style) (Snapshot, error) {
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
func (l *Lab) Tables(ctx context.Context, node string) ([]string, error) {
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

// Banned checks that the banned peer is refused on tcp 22, in both families, and
// returns what it found otherwise.
func (l *Lab) Banned(ctx context.Context) []string {
	var heads []*Probe
	main, _ := l.Topology.Node("self")
	for _, from := range Banned() {
		for _, d := range main.Devs {
			for _, a := range d.Addrs {
				to := a.Addr()
				if d.Name == "wan1" && to.Is4() == from.Is4() && !to.IsLinkLocalUnicast() {
					heads = append(heads, &Probe{Node: "wan", Kind: TCP, From: Target{Addr: from}, To: Target{Addr: to, Port: 22}, Want: Drop})
				}
			}
		}
	}
	var out []string
	for _, r := range l.Probes(ctx, heads) {
		if r.Got != Drop && r.Got != Reject {
			out = append(out, fmt.Sprintf("the banned peer %s reached tcp 22 of %s: %s", r.Probe.From.Addr, r.Probe.To.Addr, r))
		}
	}
	if len(heads) < 2 {
		out = append(out, "the banned peer was not tried in both families")
	}
	return out
}
