package live

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/loward/loward/compiler/host"
)

// Facts of the machine in the network namespace of the caller: links, addresses
// and routes as ip(8) lists them, the sysctls that decide where packets go, and the
// sockets that wait for them.
func Facts(ctx context.Context, tool Tool) (*host.Host, error) {
	h := &host.Host{Complete: true, Sysctls: sysctls("/proc/sys/net"), Listeners: listeners("/proc/self/net")}
	var links []struct {
		Name     string   `json:"ifname"`
		Index    int      `json:"ifindex"`
		MAC      string   `json:"address"`
		Master   string   `json:"master"`
		Flags    []string `json:"flags"`
		Group    string   `json:"group"`
		LinkInfo struct {
			Kind string `json:"info_kind"`
		} `json:"linkinfo"`
		Addrs []struct {
			Local string `json:"local"`
			Len   int    `json:"prefixlen"`
		} `json:"addr_info"`
	}
	if err := list(ctx, tool, &links, "-details", "address", "show"); err != nil {
		return nil, err
	}
	for _, l := range links {
		link := host.Link{Name: l.Name, Index: l.Index, Kind: l.LinkInfo.Kind, Master: l.Master, MAC: l.MAC, Down: true}
		link.Group, _ = strconv.Atoi(l.Group)
		for _, f := range l.Flags {
			link.Down = link.Down && f != "UP"
		}
		for _, a := range l.Addrs {
			if addr, err := netip.ParseAddr(a.Local); err == nil {
				link.Addrs = append(link.Addrs, netip.PrefixFrom(addr, a.Len))
			}
		}
		h.Links = append(h.Links, link)
	}
	for _, family := range []string{"-4", "-6"} {
		if err := routes(ctx, tool, h, family); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// list runs ip and reads its JSON.
func list(ctx context.Context, tool Tool, into any, args ...string) error {
	out, _, err := tool(ctx, "ip", append([]string{"-json"}, args...)...)
	if err != nil {
		return fmt.Errorf("the host's facts can't be listed: %w", err)
	}
	if len(strings.TrimSpace(string(out))) == 0 {
		return nil
	}
	if err := json.Unmarshal(out, into); err != nil {
		return fmt.Errorf("ip %s: %w", strings.Join(args, " "), err)
	}
	return nil
}

func routes(ctx context.Context, tool Tool, h *host.Host, family string) error {
	var all []struct {
		Type    string `json:"type"`
		Dst     string `json:"dst"`
		Gateway string `json:"gateway"`
		Dev     string `json:"dev"`
		Src     string `json:"prefsrc"`
		Table   string `json:"table"`
		Metric  int    `json:"metric"`
	}
	if err := list(ctx, tool, &all, family, "-details", "route", "show", "table", "all"); err != nil {
		return err
	}
	for _, r := range all {
		route := host.Route{Dev: r.Dev, Metric: r.Metric, Table: table(r.Table)}
		if r.Type != "" {
			_ = route.Type.UnmarshalText([]byte(r.Type)) // never fails
		}
		switch dst, err := netip.ParsePrefix(r.Dst); {
		case err == nil:
			route.Dst = dst
		case r.Dst == "default":
			route.Dst = netip.MustParsePrefix(map[string]string{"-4": "0.0.0.0/0", "-6": "::/0"}[family])
		default:
			a, err := netip.ParseAddr(r.Dst)
			if err != nil {
				continue
			}
			route.Dst = netip.PrefixFrom(a, a.BitLen())
		}
		route.Via, _ = netip.ParseAddr(r.Gateway)
		route.Src, _ = netip.ParseAddr(r.Src)
		h.Routes = append(h.Routes, route)
	}
	var rules []struct {
		Priority int    `json:"priority"`
		Src      string `json:"src"`
		SrcLen   int    `json:"srclen"`
		Dst      string `json:"dst"`
		DstLen   int    `json:"dstlen"`
		IIF      string `json:"iif"`
		OIF      string `json:"oif"`
		Mark     string `json:"fwmark"`
		Mask     string `json:"fwmask"`
		Table    string `json:"table"`
		Action   string `json:"action"`
	}
	if err := list(ctx, tool, &rules, family, "rule", "show"); err != nil {
		return err
	}
	for _, r := range rules {
		rule := host.Rule{Priority: r.Priority, IIF: r.IIF, OIF: r.OIF, Table: table(r.Table)}
		if r.Action != "" {
			_ = rule.Type.UnmarshalText([]byte(r.Action))
		}
		rule.From, rule.To = prefix(r.Src, r.SrcLen, family), prefix(r.Dst, r.DstLen, family)
		mark, _ := strconv.ParseUint(r.Mark, 0, 32)
		mask, _ := strconv.ParseUint(r.Mask, 0, 32)
		rule.Mark, rule.Mask = uint32(mark), uint32(mask)
		if family == "-6" && standard(rule) {
			continue // the same three as in IPv4
		}
		h.Rules = append(h.Rules, rule)
	}
	return nil
}

// standard says whether a rule is one of those that every host has.
func standard(r host.Rule) bool {
	return !r.From.IsValid() && !r.To.IsValid() && r.IIF == "" && r.OIF == "" && r.Mark == 0 && (r.Table == host.TableLocal || r.Table == host.TableMain || r.Table == host.TableDefault)
}

func prefix(a string, n int, family string) netip.Prefix {
	addr, err := netip.ParseAddr(a)
	if err != nil {
		return netip.Prefix{} // all
	}
	if n == 0 {
		n = map[string]int{"-4": 32, "-6": 128}[family]
	}
	return netip.PrefixFrom(addr, n)
}

func table(name string) int {
	switch name {
	case "", "main":
		return host.TableMain
	case "local":
		return host.TableLocal
	case "default":
		return host.TableDefault
	}
	n, _ := strconv.Atoi(name)
	return n
}

// sysctls below /proc/sys/net that decide where packets go.
func sysctls(root string) map[string]string {
	out := map[string]string{}
	read := func(file string) {
		data, err := os.ReadFile(file)
		if err != nil {
			return
		}
		rel, err := filepath.Rel(root, file)
		if err == nil {
			out[strings.ReplaceAll(rel, "/", ".")] = strings.TrimSpace(string(data))
		}
	}
	read(filepath.Join(root, "ipv4/ip_forward"))
	for _, name := range []string{"rp_filter", "accept_local", "route_localnet", "forwarding"} {
		for _, family := range []string{"ipv4", "ipv6"} {
			files, _ := filepath.Glob(filepath.Join(root, family, "conf", "*", name))
			for _, f := range files {
				read(f)
			}
		}
	}
	return out
}
