package lab

import (
	"context"
	"fmt"
)

// LoadNFT loads text with nft -f. The error holds what nft said.
func (l *Lab) LoadNFT(ctx context.Context, node, text string) error {
	_, err := l.Run(ctx, node, text, "nft", "-f", "-")
	return err
}

// LoadIPTables loads the text of each family with its restore command, which
// leaves alone what the text does not name; "" is nothing to load.
func (l *Lab) LoadIPTables(ctx context.Context, node string, v Variant, four, six string) error {
	for _, f := range []struct{ command, text string }{{"iptables", four}, {"ip6tables", six}} {
		if f.text == "" {
			continue
		}
		if v != Default {
			f.command += "-" + string(v)
		}
		if _, err := l.Run(ctx, node, f.text, f.command+"-restore", "--noflush"); err != nil {
			return err
		}
	}
	return nil
}

// LoadIP runs a file of ip commands (ip -batch), and returns when what it adds is
// of use.
func (l *Lab) LoadIP(ctx context.Context, name, text string) error {
	n, err := l.node(name)
	if err != nil {
		return err
	}
	if _, err := n.space.run(ctx, nil, text, "ip", "-batch", "-"); err != nil {
		return err
	}
	return n.space.settle()
}

// Counters is what a node's rules have counted, for the reader of a failure.
func (l *Lab) Counters(ctx context.Context, node string) string {
	out := ""
	for _, argv := range [][]string{
		{"nft", "list", "ruleset"},
		{"iptables-legacy-save", "-c"},
		{"ip6tables-legacy-save", "-c"},
	} {
		text, err := l.Run(ctx, node, "", argv...)
		if err != nil {
			text += err.Error() + "\n"
		}
		if text != "" {
			out += fmt.Sprintf("%s: %v\n%s", node, argv, text)
		}
	}
	return out
}
