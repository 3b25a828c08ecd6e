package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// bridgeCalls keeps bridged frames away from the IP hooks: br_netfilter, where it
// is there, would run them twice.
func bridgeCalls(s *space) error {
	return s.do(func() error {
		for _, k := range []string{"iptables", "ip6tables", "arptables"} {
			path := "/proc/sys/net/bridge/bridge-nf-call-" + k
			if _, err := os.Stat(path); err != nil {
				continue
			}
			if err := os.WriteFile(path, []byte("0"), 0o644); err != nil {
				return err
			}
		}
		return nil
	})
}

// defaults of every namespace, set before its devices are made so that they
// inherit them: an address can be used at once (no duplicate address detection,
// none but those listed), and no reverse path filter but the rules'.
// ICMP errors are not rationed, because a rejected probe would look like a
// dropped one; any port may be bound and any group may ping, because probes
// have users.
func defaults(s *space) error {
	if err := bridgeCalls(s); err != nil {
		return err
	}
	if err := s.sysctls([]setting{
		{"net.ipv4.conf.all.rp_filter", "0"},
		{"net.ipv4.conf.default.rp_filter", "0"},
		{"net.ipv4.conf.lo.rp_filter", "0"},
		{"net.ipv6.conf.default.addr_gen_mode", "1"},
		{"net.ipv6.conf.default.accept_dad", "0"},
		{"net.ipv6.conf.default.accept_ra", "0"},
		{"net.ipv4.icmp_ratelimit", "0"},
		{"net.ipv6.icmp.ratelimit", "0"},
		{"net.ipv4.icmp_echo_ignore_broadcasts", "0"},
		{"net.ipv4.ip_unprivileged_port_start", "0"},
	}); err != nil {
		return err
	}
	// Where the kernel has these for a namespace they only make room; in a user
	// namespace some can't be set, and nothing depends on it but probes by users.
	for _, e := range []setting{
		{"net.ipv4.icmp_msgs_per_sec", "100000"},
		{"net.ipv4.icmp_msgs_burst", "100000"},
		{"net.ipv4.ping_group_range", fmt.Sprintf("%d %[1]d", os.Getegid())}, // all that a user namespace has
		{"net.ipv4.ping_group_range", "0 2147483647"},
	} {
		_ = s.sysctls([]setting{e})
	}
	return nil
}

// setting is a sysctl key with dots, and its value.
type setting struct {
	key, value string
}

func (s *space) sysctls(list []setting) error {
	return s.do(func() error {
		if err := s.ours(); err != nil {
			return err
		}
		for _, e := range list {
			if err := os.WriteFile(filepath.Join("/proc/sys", sysctlPath(e.key)), []byte(e.value), 0o644); err != nil {
				return fmt.Errorf("%s: sysctl %s=%s: %w", s.name, e.key, e.value, err)
			}
		}
		return nil
	})
}

// sysctls of a host, once its devices are there.
func (l *Lab) sysctls(spec NodeSpec) error {
	forward := "0"
	if spec.Forwards {
		forward = "1"
	}
	list := []setting{{"net.ipv4.ip_forward", forward}, {"net.ipv6.conf.all.forwarding", forward}}
	for _, s := range l.Plan.Sysctls {
		if s.Node == spec.Name {
			list = append(list, setting{s.Key, s.Value})
		}
	}
	return l.nodes[spec.Name].space.sysctls(list)
}

// sysctlPath turns dots into slashes; a slash stands for a dot in the name of a
// device, as sysctl(8) has it.
func sysctlPath(key string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '.':
			return '/'
		case '/':
			return '.'
		}
		return r
	}, key)
}
