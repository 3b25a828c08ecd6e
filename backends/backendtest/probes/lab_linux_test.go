package probes

import (
	"context"
	"github.com/loward/loward/backends/lab"
	"strings"
	"testing"
	"time"
)

// mustBuild builds the lab of a script, or skips aloud where the kernel does not
// let us.
func mustBuild(t *testing.T, text string) (*lab.Lab, *Script) {
	t.Helper()
	if err := lab.Available(); err != nil {
		t.Skipf("SKIPPED, no kernel test: %v", err)
	}
	s, bad := parse(t, text)
	if len(bad) > 0 {
		t.Fatalf("the script is wrong:\n%s", strings.Join(bad, "\n"))
	}
	l, err := lab.Build(context.Background(), &s.Plan)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l, s
}

// demand runs the probes of a script and compares.
func demand(t *testing.T, l *lab.Lab, s *Script) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, r := range l.Probes(ctx, s.Probes) {
		if r.Skipped {
			t.Logf("SKIPPED line %d: %s: %s", r.Probe.Line, r.Probe.Text, r.Detail)
			continue
		}
		if !r.OK() {
			t.Errorf("line %d: %s\n\tgot %s", r.Probe.Line, r.Probe.Text, r)
		}
	}
}

// noRules: what the kernel does by itself, in every topology and protocol. A
// lab that finds a packet lost here would blame a policy for it.
func noRules() map[string]string {
	return map[string]string{
		"router": `lab router
link self br9
addr self br9 fe80::1/64
addr self lo 10.53.53.53/32
addr self lo fd53::53/128
route lan1 fd53::53 via fd00:1::1
docker tcp 10.53.53.53:80 to 172.17.0.2:2368
probe lan0 tcp to 10.10.0.1:22 at=router as=10.10.0.7 -> accept
probe lan0 tcp from 10.10.0.80 to 10.53.53.53:53 as=10.10.0.80 -> accept
probe lan0 udp to 10.53.53.53:53 at=router -> accept
probe lan1 udp to [fd53::53]:53 -> accept
probe lan1 tcp to [fd00:1::1]:22 -> accept
probe lan1 udp from fe80::c:1%eth0 to [fe80::b:1%eth0]:53 -> accept
probe lan0 ping to 10.53.53.53 at=router as=10.10.0.7 -> accept
probe lan1 ping to fd53::53 -> accept
probe lan1 ping to fe80::b:1%eth0 -> accept
probe wan ping from fe80::1%eth0 to fe80::b:2%eth0 -> accept    # the gateway and br9 share fe80::1
probe lan0 tcp to 198.51.100.7:443 at=wan as=10.10.0.7 -> accept
probe lan0 tcp to 10.10.1.66:80 at=lan1 -> accept
probe wan udp to [fd00:1::7]:53 at=lan1 -> accept
probe self tcp to 10.10.0.80:443 at=lan0 as=10.10.0.1 -> accept
probe self tcp from 10.53.53.53 to 10.10.0.7:443 as=10.53.53.53 -> accept
probe self tcp user nobody to 127.0.0.1:5432 -> accept
probe self tcp user daemon group mail to [::1]:5432 -> accept
probe self udp user nobody to 10.10.0.1:53 -> accept
probe self ping user nobody to 127.0.0.53 -> accept
probe self ping to 2001:db8:1::1 as=2001:db8:1::1 -> accept
probe self sctp user mail to 10.10.0.1:3868 -> accept
probe lan0 sctp to 10.10.0.1:3868 at=router -> accept
probe lan1 sctp to [fd00:1::1]:3868 -> accept
probe lan0 gre to 10.10.0.1 -> accept
probe lan1 gre to fd00:1::1 -> accept
probe lan0 esp to 10.10.0.1 -> accept
probe lan1 esp to fd00:1::1 -> accept
probe lan0 ah to 10.10.0.1 -> accept
probe lan1 ah to fd00:1::1 -> accept
probe lan0 proto 99 to 10.10.1.7 at=lan1 as=10.10.0.7 -> accept
probe lan0 ospf to 224.0.0.5%eth0 -> accept
probe lan1 ospf to ff02::5%eth0 -> accept
probe self ospf to 224.0.0.5%eth1 -> accept                     # its own, back on the NIC
probe self ospf to 224.0.0.5%eth1 at=lan1 -> accept
probe self vrrp to ff02::12%eth1 at=lan1 -> accept
probe self udp to 224.0.0.251%eth0:5353 -> accept
probe self udp to [ff02::fb%eth1]:5353 -> accept
probe self udp from 0.0.0.0:68 to 255.255.255.255%wan1:67 at=wan -> accept
probe self udp to 10.10.0.255%eth0:137 at=lan0 -> accept
probe lan0 udp to 10.10.0.255:137 -> accept
probe lan0 udp spoof from 0.0.0.0:68 to 255.255.255.255%eth0:67 -> accept
probe lan0 icmp 13 to 10.10.0.1 -> accept
probe lan0 udp frag to 10.53.53.53:53 -> accept
probe lan1 udp frag to [fd53::53]:53 -> accept
probe lan0 ping frag to 10.10.1.7 -> accept
probe lan1 ping frag to fd53::53 -> accept
probe lan0 tcp bytes=200000 to 10.10.0.1:22 -> accept
probe lan0 tcp count=20 pass=20 to 10.10.0.1:22 -> accept
probe lan0 udp count=20 pass=20 to 10.10.0.1:53 -> accept
probe lan0 ping count=20 pass=20 to 10.10.0.1 -> accept
probe lan0 ftp to 10.10.0.1:21 -> accept
probe lan1 ftp to [fd00:1::1]:21 -> accept
probe lan0 tftp to 10.10.0.1:69 -> accept
probe lan1 tftp to [fd00:1::1]:69 -> accept
probe wan frag-needed to 203.0.113.1:22 -> accept
probe wan frag-needed by=198.51.100.25 from 198.51.100.7 to 10.53.53.53:22 -> accept
probe wan frag-needed from 2001:db8:99::7 to [2001:db8:1::1]:22 -> accept
probe self frag-needed to 198.51.100.7:443 -> accept
probe self frag-needed by=2001:db8:1::66 to [2001:db8:99::25]:443 -> accept
probe lan0 frag-needed to 198.51.100.25:443 -> accept
probe wan frag-needed noconn to 203.0.113.1:22 -> accept
probe wan frag-needed noconn to [2001:db8:1::1]:22 -> accept
probe wan udp spoof from 203.0.113.1 to 203.0.113.1:53 -> accept
probe wan udp spoof from 127.0.0.1 to 203.0.113.1:53 -> accept
probe wan udp spoof from 203.0.113.9 to 127.0.0.1:53 -> accept
probe wan tcp spoof from 10.53.53.53 to 10.53.53.53:53 -> accept
probe wan udp spoof from 2001:db8:1::1 to [2001:db8:1::1]:53 -> accept
probe wan ping spoof from fd53::53 to 2001:db8:1::1 -> accept
probe wan tcp spoof from 2001:db8:1::1 to [fd53::53]:53 -> accept
probe wan gre spoof from 203.0.113.1 to 203.0.113.1 -> accept
probe wan udp spoof from ::1 to [2001:db8:1::1]:53 kernel -> drop
probe wan udp spoof from 2001:db8:1::9 to [::1]:53 kernel -> drop
`,
		"server": `lab server
probe wan tcp to 203.0.113.1:22 at=server -> accept
probe lan tcp from 192.168.77.20 to 203.0.113.1:22 as=192.168.77.20 -> accept
probe lan udp to [2001:db8:99::7]:53 at=wan as=2001:db8:2::10 -> accept
probe self ping to 192.168.77.20 -> accept
`,
		"guard": `lab guard
addr home lo 10.53.53.53/32
addr backup lo 10.53.53.53/32
route gw 10.53.53.53 via 10.10.0.53 metric 1
route gw 10.53.53.53 via 10.10.1.53 metric 2
probe wan udp to 10.53.53.53:53 at=home -> accept
probe lan1 tcp to 10.53.53.53:53 at=home -> accept
probe lan0 tcp to 10.10.0.53:53 at=home as=10.10.0.7 -> accept
probe lan0 tcp to [fd00::53]:53 at=home -> accept
probe backup tcp to 10.53.53.53:53 at=backup -> accept
probe lan1 ping to fd00:1::53 at=backup -> accept
probe wan frag-needed to 10.53.53.53:53 -> accept
`,
		"container": `lab container
probe wan tcp to 172.17.0.2:80 at=ctr as=203.0.113.9 -> accept
probe wan udp to [fd17::2]:53 at=ctr -> accept
probe ctr tcp to 198.51.100.7:443 at=wan as=172.17.0.2 -> accept
probe ctr tcp to 172.17.0.1:22 at=server -> accept
probe wan ping from fe80::1%eth0 to fe80::b:0%eth0 -> accept
probe self tcp to [fd17::2]:80 at=ctr as=fd17::1 -> accept
`,
	}
}

func TestNoRules(t *testing.T) {
	for name, text := range noRules() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, s := mustBuild(t, text)
			demand(t, l, s)
		})
	}
}
