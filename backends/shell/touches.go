package shell

import (
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// touches says whether anything in a node may change rules: it names one of the
// tools, a variable that holds one, or a function that does.
func (r *runner) touches(n syntax.Node) bool {
	if n == nil {
		return false
	}
	if t, ok := r.touched[n]; ok {
		return t
	}
	r.touched[n] = false // a function that calls itself
	found := false
	syntax.Walk(n, func(n syntax.Node) bool {
		if found {
			return false
		}
		if c, ok := n.(*syntax.CallExpr); ok {
			found = r.touchesCall(c)
		}
		return !found
	})
	r.touched[n] = found
	return found
}

func (r *runner) touchesCall(c *syntax.CallExpr) bool {
	for i, a := range c.Args {
		if i > 3 { // behind sudo, env and the like at most
			return false
		}
		lit := a.Lit()
		if toolOf(lit) != noTool {
			return true
		}
		if d := r.decls[lit]; i == 0 && d != nil && r.touches(d) {
			return true
		}
		for _, p := range a.Parts {
			if q, ok := p.(*syntax.DblQuoted); ok && len(q.Parts) == 1 {
				p = q.Parts[0]
			}
			if e, ok := p.(*syntax.ParamExp); ok && e.Param != nil {
				if guess(e.Param.Value) != noTool {
					return true
				}
				if v, ok := r.scope.get(e.Param.Value); ok && i == 0 {
					first, _, _ := strings.Cut(strings.TrimSpace(v.Str), " ")
					if toolOf(first) != noTool {
						return true
					}
				}
			}
		}
	}
	return false
}

func (r *runner) touchesAny(list []*syntax.Stmt) bool {
	for _, s := range list {
		if r.touches(s) {
			return true
		}
	}
	return false
}

// tool is a program whose commands are understood.
type tool uint8

const (
	noTool tool = iota
	toolIptables
	toolIp6tables
	toolRestore
	toolRestore6
	toolNft
	toolIpset
	toolOther // concerns the network, and is only recorded
)

// toolOf a command's name.
func toolOf(name string) tool {
	if name == "" {
		return noTool
	}
	switch path.Base(name) {
	case "iptables", "iptables-legacy", "iptables-nft":
		return toolIptables
	case "ip6tables", "ip6tables-legacy", "ip6tables-nft":
		return toolIp6tables
	case "iptables-restore", "iptables-legacy-restore", "iptables-nft-restore":
		return toolRestore
	case "ip6tables-restore", "ip6tables-legacy-restore", "ip6tables-nft-restore":
		return toolRestore6
	case "nft":
		return toolNft
	case "ipset":
		return toolIpset
	case "arptables", "ebtables", "tc", "ip", "sysctl", "modprobe", "ifconfig", "route", "brctl", "conntrack", "ufw", "firewall-cmd":
		return toolOther
	}
	return noTool
}

// guess what a variable holds whose value can't be known, by its name.
func guess(name string) tool {
	n := strings.ToLower(strings.ReplaceAll(name, "_", ""))
	restore := strings.Contains(n, "restore")
	six := strings.Contains(n, "ip6t") || strings.Contains(n, "ipt6") || strings.Contains(n, "iptables6") || strings.Contains(n, "iptv6") || strings.Contains(n, "tables6")
	switch {
	case n == "" || strings.Contains(n, "save"):
		return noTool
	case strings.Contains(n, "ipset"):
		return toolIpset
	case n == "nft" || n == "nftbin" || n == "nftcmd" || n == "nftables":
		return toolNft
	case six && restore:
		return toolRestore6
	case six:
		return toolIp6tables
	case n == "ipt" || n == "fw" || n == "iptcmd" || n == "iptbin" || n == "iptbinary" || n == "ipt4" || n == "iptv4" || n == "iptables" || strings.HasPrefix(n, "iptables"):
		if restore {
			return toolRestore
		}
		return toolIptables
	}
	return noTool
}
