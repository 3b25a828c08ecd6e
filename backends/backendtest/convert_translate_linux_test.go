package backendtest

import (
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/loward/loward/backends/iptables"
	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/compiler/convert"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// translated rules that iptables-translate knows too: table, chain and rule.
func translatable() [][3]string {
	filter := func(rules ...string) (out [][3]string) {
		for _, r := range rules {
			out = append(out, [3]string{"filter", "INPUT", r})
		}
		return out
	}
	return append(filter(
		"-s 10.0.0.0/8 -j ACCEPT", "! -s 10.0.0.0/8 -d 192.0.2.1 -j DROP", "-i eth0 -j ACCEPT", "! -i eth+ -j DROP",
		"-p tcp -m tcp --dport 22 -j ACCEPT", "-p udp -m udp ! --sport 1:1023 -j DROP", "-p sctp -m sctp --dport 80 -j ACCEPT",
		"-p tcp -m multiport --dports 80,443,8000:8100 -j ACCEPT", "-p icmp -m icmp --icmp-type echo-request -j ACCEPT",
		"-m conntrack --ctstate NEW,RELATED -j ACCEPT", "-m conntrack ! --ctstate INVALID -j ACCEPT", "-m conntrack --ctstate NEW -j DROP",
		"-m mark --mark 0x10 -j ACCEPT", "-m mark ! --mark 0x1/0xff -j ACCEPT", "-m connmark --mark 0x4/0x4 -j ACCEPT",
		"-m length --length 100:200 -j DROP", "-m ttl --ttl-eq 5 -j DROP", "-m pkttype --pkt-type broadcast -j DROP",
		"-m iprange --src-range 10.0.0.5-10.0.0.9 -j ACCEPT", "-m addrtype --dst-type LOCAL -j ACCEPT",
		"-j REJECT --reject-with icmp-host-prohibited", "-j RETURN", "-m cpu --cpu 1 -j ACCEPT",
		"-p tcp -m tcp --tcp-flags SYN,ACK SYN -j DROP", "-m dscp --dscp 0x0a -j ACCEPT",
	),
		[3]string{"nat", "PREROUTING", "-p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.5:8080"},
		[3]string{"nat", "PREROUTING", "-p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080"},
		[3]string{"nat", "POSTROUTING", "-o eth0 -j MASQUERADE"},
		[3]string{"nat", "POSTROUTING", "-s 10.0.0.0/8 -j SNAT --to-source 192.0.2.1-192.0.2.9"},
		[3]string{"mangle", "PREROUTING", "-j MARK --set-xmark 0x5/0xffffffff"},
		[3]string{"mangle", "FORWARD", "-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu"},
		[3]string{"raw", "PREROUTING", "-p udp -m udp --dport 53 -j NOTRACK"},
		[3]string{"filter", "OUTPUT", "-m owner --uid-owner 1000 -j ACCEPT"},
	)
}

// What we make of a rule, and what iptables-translate makes of it, is the same to
// the kernel.
func TestAgreesWithIptablesTranslate(t *testing.T) {
	if !alone(t) {
		return
	}
	for _, c := range translatable() {
		theirs := tool(t, "", "iptables-translate", append([]string{"-t", c[0], "-A", c[1]}, strings.Fields(c[2])...)...)
		theirs = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(theirs), "nft"))
		theirs = strings.Trim(strings.TrimSpace(theirs), "'")
		if strings.HasPrefix(theirs, "#") {
			t.Errorf("%v: iptables-translate has no words for it", c)
			continue
		}
		text := "*" + c[0] + "\n-A " + c[1] + " " + c[2] + "\nCOMMIT\n"
		var l diag.List
		out, mistakes := convert.ToNft(iptables.Read(diag.NewFile("in", []byte(text)), ruleset.IP, &l), nft.ValidName)
		if out == nil || l.Errors() > 0 {
			t.Errorf("%s\n%v", text, messages(append(l.All, mistakes...)))
			continue
		}
		ours, mistakes := nft.Text{Plain: true}.Write(out)
		if ours == nil {
			t.Errorf("%s\n%v", text, messages(mistakes))
			continue
		}
		tool(t, string(ours), "nft", "-f", "-")
		have := ruleOf(t)
		tool(t, "flush ruleset\nadd table ip "+c[0]+"\nadd chain ip "+c[0]+" "+c[1]+base(out.Tables[0], c[1])+"\n"+theirs+"\n", "nft", "-f", "-")
		want := ruleOf(t)
		tool(t, "flush ruleset\n", "nft", "-f", "-")
		if have != want {
			t.Errorf("%v:\nours   %s\ntheirs %s", c, have, want)
		}
	}
}

func base(t *ruleset.Table, chain string) string {
	b := t.Chain(chain).Base
	priority, _ := json.Marshal(b.Priority)
	return " { type " + b.Type + " hook " + b.Hook.String() + " priority " + string(priority) + "; }"
}

// ruleOf is the kernel's only rule as nft prints it, without what it counted.
func ruleOf(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "nft", "-j", "list", "ruleset").Output()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Nftables []struct {
			Rule *struct{ Expr []json.RawMessage }
		}
	}
	if err := json.Unmarshal(out, &doc); err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, o := range doc.Nftables {
		if o.Rule == nil {
			continue
		}
		for _, e := range o.Rule.Expr {
			if s := string(e); !strings.HasPrefix(s, `{"counter"`) {
				parts = append(parts, s)
			}
		}
	}
	return strings.Join(parts, " ")
}
