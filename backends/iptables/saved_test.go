package iptables

import (
	"strings"
	"testing"

	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// saved are texts of many kinds that iptables-restore loads.
var saved = []string{
	`# a host
*filter
:INPUT DROP [12:3456]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:LOGDROP - [0:0]
:ssh-in - [0:0]
[3:180] -A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ssh-in
-A INPUT -p icmp -m icmp --icmp-type 8 -m limit --limit 5/sec -j ACCEPT
-A INPUT ! -i eth0 -p udp -m udp --sport 67:68 --dport 67:68 -j ACCEPT
-A INPUT -p tcp -m multiport --dports 80,443,8000:8100 -m comment --comment "web \"quoted\" \\ one" -j ACCEPT
-A INPUT -s 192.0.2.0/24 -d 198.51.100.7/255.0.255.255 -f -j DROP
-A INPUT -g LOGDROP
-A LOGDROP -m limit --limit 1/min -j LOG --log-prefix "dropped: " --log-level 6
-A LOGDROP -j DROP
-A ssh-in -s 203.0.113.5,203.0.113.9 -j ACCEPT
-A ssh-in -m recent --name ssh --update --seconds 60 --hitcount 4 -j REJECT --reject-with tcp-reset -p tcp
-A ssh-in -j RETURN
-A OUTPUT -m owner --uid-owner 0 -j ACCEPT
-A FORWARD -i eth+ -o ppp0 -m mac --mac-source 02:00:5e:00:53:01 -j ACCEPT
-A FORWARD -m iprange --src-range 192.0.2.10-192.0.2.20 -m mark --mark 0x1/0xff -j ACCEPT
-A FORWARD -m addrtype --dst-type BROADCAST -j DROP
-A FORWARD -p tcp --syn -m connlimit --connlimit-above 20 -j REJECT
-A FORWARD -j REJECT --reject-with icmp-host-prohibited
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 192.0.2.7:80
-A PREROUTING -p tcp --dport 3128 -j REDIRECT --to-ports 3129
-A POSTROUTING -s 10.0.0.0/8 -o eth0 -j MASQUERADE
-A POSTROUTING -s 172.16.0.0/12 -j SNAT --to-source 203.0.113.1-203.0.113.4
COMMIT
*mangle
:FORWARD ACCEPT [0:0]
-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
-A PREROUTING -j CONNMARK --restore-mark
-A PREROUTING -m mark ! --mark 0 -j ACCEPT
-A PREROUTING -i eth1 -j MARK --set-mark 7
-A POSTROUTING -j DSCP --set-dscp-class EF
COMMIT
*raw
-A PREROUTING -p udp --dport 53 -j CT --notrack
COMMIT
`,
	`*filter
:INPUT DROP [0:0]
:icmp - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -s fe80::/10 -d ff02::fb/128 -p udp -m udp --dport 5353 -j ACCEPT
-A INPUT -p ipv6-icmp -j icmp
-A icmp -p ipv6-icmp -m icmp6 --icmpv6-type 133 -m hl --hl-eq 255 -j ACCEPT
-A icmp -p ipv6-icmp -m icmp6 --icmpv6-type echo-request -j ACCEPT
-A INPUT -m rt --rt-type 0 -j DROP
-A INPUT -s 2001:db8::1/ffff:ffff::ffff -j REJECT --reject-with icmp6-adm-prohibited
COMMIT
*nat
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s fd00::/8 -o eth0 -j MASQUERADE
COMMIT
`,
	`*filter
-A INPUT -j ACCEPT
-I INPUT -s 192.0.2.1 -j DROP
-I INPUT 2 -s 192.0.2.2 -j DROP
-N mine
-I INPUT 2 -j mine
-A mine -p tcp --dport 25 -j ACCEPT
-A mine -p tcp --dport 26 -j ACCEPT
-D mine 1
-R INPUT 1 -s 192.0.2.3 -j DROP
-E mine yours
-P FORWARD DROP
-A yours -p udp -j RETURN
-D yours -p tcp -m tcp --dport 26 -j ACCEPT
COMMIT
`,
}

// What is written is loaded as the original is.
func TestSaveKernel(t *testing.T) {
	for i, text := range saved {
		if compareSaved(t, families[bit(strings.Contains(text, "::"))], text) == 0 {
			t.Errorf("text %d is loaded by no variant", i)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	for i, text := range saved {
		if !roundTrip(t, text, families[bit(strings.Contains(text, "::"))]) {
			t.Errorf("text %d was not compared", i)
		}
	}
}

// Commands, as scripts run them.
func TestCommands(t *testing.T) {
	s := NewState(ruleset.IP)
	var l diag.List
	run := func(line string) {
		var words []Word
		for _, w := range strings.Fields(line) {
			words = append(words, Word{Text: w})
		}
		s.Command(words, diag.Span{}, &l)
	}
	for _, line := range []string{
		"-F", "-X", "-t nat -F", "-P INPUT DROP", "-N web", "-w -A INPUT -j web", "-A web -p tcp --dport 80 -j ACCEPT",
		"-I INPUT -i lo -j ACCEPT", "-I INPUT 2 -m state --state ESTABLISHED -j ACCEPT", "-w 5 -n -L -v", "-E web www",
		"-t nat -A POSTROUTING -o eth0 -j MASQUERADE",
	} {
		run(line)
	}
	first := s.Ruleset()
	for _, line := range []string{"-D INPUT -i lo -j ACCEPT", "-A INPUT -j DROP", "-I INPUT -j ACCEPT", "-R INPUT 3 -j RETURN", "-t nat -F"} {
		run(line)
	}
	if len(l.All) > 0 {
		t.Fatal(l.All[0].Message)
	}
	for _, test := range []struct {
		rs   *ruleset.Ruleset
		want string
	}{
		{first, `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:www - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m state --state ESTABLISHED -j ACCEPT
-A INPUT -j www
-A www -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
`},
		{s.Ruleset(), `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:www - [0:0]
-A INPUT -j ACCEPT
-A INPUT -m state --state ESTABLISHED -j ACCEPT
-A INPUT -j RETURN
-A INPUT -j DROP
-A www -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
COMMIT
`},
	} {
		got, mistakes := Save{Family: ruleset.IP}.Write(test.rs)
		if len(mistakes) > 0 || string(got) != test.want {
			t.Errorf("%v\n%s\nwant\n%s", mistakes, got, test.want)
		}
	}
}

// What a script can't know is kept as such, and is no mistake.
func TestUnknown(t *testing.T) {
	u := func(s string) string { return ruleset.MarkUnknown(s) }
	for _, words := range [][]string{
		{"-A", "INPUT", "-s", u("$LAN"), "-j", "ACCEPT"},
		{"-A", "INPUT", "-i", u("$IF"), "-j", "ACCEPT"},
		{"-A", "INPUT", "-p", u("$P"), "--dport", "22", "-j", "ACCEPT"},
		{"-A", "INPUT", "-p", "tcp", "--dport", u("$PORT"), "-j", "ACCEPT"},
		{"-A", "INPUT", "-j", u("$TARGET")},
		{"-A", "INPUT", u("$OPTIONS"), "-j", "ACCEPT"},
		{"-A", "INPUT", "-m", u("$MATCH"), "--foo", "1", "-j", "ACCEPT"},
		{"-A", u("$CHAIN"), "-j", "ACCEPT"},
		{"-N", u("$CHAIN")},
		{"-I", "INPUT", u("$N"), "-j", "ACCEPT"},
		{"-t", u("$TABLE"), "-A", "INPUT", "-j", "ACCEPT"},
		{"-P", "INPUT", u("$POLICY")},
		{"-D", "INPUT", "-s", u("$LAN"), "-j", "ACCEPT"},
		{"-A", "INPUT", "-s", "192.0.2.1/" + u("$BITS"), "-j", "ACCEPT"},
	} {
		s := NewState(ruleset.IP)
		var l diag.List
		args := make([]Word, len(words))
		for i, w := range words {
			args[i].Text = w
		}
		s.Command(args, diag.Span{}, &l)
		for _, d := range l.All {
			if d.Severity == diag.Error {
				t.Errorf("%s: %s", ruleset.ShowUnknown(strings.Join(words, " ")), d.Message)
			}
		}
	}
}

// Mistakes stand where they are, and all of them are told.
func TestMistakes(t *testing.T) {
	const text = `*filter
:INPUT DROP [0:0]
-A INPUT -s 192.0.2.300 -j ACCEPT
-A INPUT -p tcp --dprot 22 -j ACCEPT
-A INPUT -j accept
-A INPUT -p tcp -m tcp --dport 70000 -j ACCEPT
-A MINE -j ACCEPT
*nat
-A INPUT -j NOWHERE
`
	want := []string{
		`x:3:13 LW001 192.0.2.300`, `x:4:17 LW001 --dprot`, `x:5:13 LW060 accept`, `x:6:32 LW001 70000`, `x:7:4 LW060 MINE`,
		`x:8:1 LW001 *nat`, `x:9:13 LW060 NOWHERE`, `x:10:1 LW001 `,
	}
	var l diag.List
	Read(diag.NewFile("x", []byte(text)), ruleset.IP, &l)
	for i, d := range l.All {
		got := d.Span.String() + " " + d.Code + " " + d.Span.Text()
		if i >= len(want) || got != want[i] {
			t.Errorf("%s: %s (%s)", got, d.Message, d.Help)
		}
	}
	if len(l.All) != len(want) {
		t.Errorf("%d mistakes, want %d", len(l.All), len(want))
	}
}

// What is not known is kept as it is written.
func TestOpaque(t *testing.T) {
	const text = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n" +
		"-A INPUT -i eth0 -m geoip ! --source-country \"X Y\" -p tcp -m tcp --dport 22 -j TARPIT --honeypot\n" +
		"-A INPUT -j TARPIT\nCOMMIT\n"
	var l diag.List
	rs := Read(diag.NewFile("x", []byte(text)), ruleset.IP, &l)
	got, mistakes := Save{Family: ruleset.IP}.Write(rs)
	if want := strings.Replace(text, "-i eth0 -m geoip ! --source-country \"X Y\" -p tcp", "-i eth0 -p tcp -m geoip ! --source-country \"X Y\"", 1); string(got) != want {
		t.Errorf("%v\n%s\nwant\n%s", mistakes, got, want)
	}
	for _, d := range l.All {
		if d.Severity != diag.Warning || d.Code != ruleset.CodeOpaque {
			t.Errorf("%s %s %s", d.Span, d.Severity, d.Message)
		}
	}
	if len(l.All) != 3 {
		t.Errorf("%d messages", len(l.All))
	}
}

// Plain statements, as another dialect's rules become them, are written too.
func TestSavePlain(t *testing.T) {
	rs := tableOf(ruleset.IP, "filter",
		&ruleset.Rule{Comment: "web", Body: []ruleset.Stmt{ruleset.In(ruleset.L4Proto, ruleset.Num(6)), ruleset.In(ruleset.Dport, ruleset.Num(80), ruleset.Num(443)), ruleset.Accept}},
		&ruleset.Rule{Body: []ruleset.Stmt{ruleset.Any(ruleset.CTState, ruleset.StateInvalid), &ruleset.Log{Prefix: "bad: "}}},
		&ruleset.Rule{Body: []ruleset.Stmt{&ruleset.Module{Name: "mark", Args: []string{"--mark", "0x1"}, Means: []ruleset.Stmt{ruleset.In(ruleset.MetaMark, ruleset.Num(1))}}, ruleset.In(ruleset.L4Proto, ruleset.Num(17)), ruleset.In(ruleset.Dport, ruleset.Num(53)), ruleset.Drop}})
	rs.Tables[0].Chains = append(rs.Tables[0].Chains, &ruleset.Chain{Name: "INPUT",
		Base:  &ruleset.Base{Type: "filter", Hook: ruleset.Input, Policy: ruleset.VerdictDrop},
		Rules: []*ruleset.Rule{{Body: []ruleset.Stmt{ruleset.Jump("LOWARD-X")}}}})
	text, mistakes := Save{Family: ruleset.IP}.Write(rs)
	if len(mistakes) > 0 {
		t.Fatal(mistakes[0].Message)
	}
	const want = `*filter
:LOWARD-X - [0:0]
:INPUT DROP [0:0]
-A LOWARD-X -p tcp -m multiport --dports 80,443 -m comment --comment "web" -j ACCEPT
-A LOWARD-X -m conntrack --ctstate INVALID -j LOG --log-prefix "bad: "
-A LOWARD-X -p udp -m mark --mark 0x1 -m udp --dport 53 -j DROP
-A INPUT -j LOWARD-X
COMMIT
`
	if string(text) != want {
		t.Errorf("%s\nwant\n%s", text, want)
	}
	if compareSaved(t, ruleset.IP, string(text)) == 0 {
		t.Error("it is loaded by no variant")
	}
}

// A value in its option's own word: iptables 1.8.9 misreads some of them, later
// versions do not.
func TestAttached(t *testing.T) {
	var l diag.List
	rs := Read(diag.NewFile("x", []byte("*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n"+
		"-AFORWARD -ptcp -s192.0.2.1 -ieth0 -oeth1 -mmark --mark=1 -jACCEPT\n"+
		"--append=FORWARD --protocol=tcp --source=192.0.2.1 --in-interface=eth0 --out-interface=eth1 --match=mark --mark=1 --jump=ACCEPT\nCOMMIT\n")), ruleset.IP, &l)
	got, _ := Save{Family: ruleset.IP}.Write(rs)
	line := "-A FORWARD -s 192.0.2.1/32 -i eth0 -o eth1 -p tcp -m mark --mark 1 -j ACCEPT\n"
	if strings.Count(string(got), line) != 2 || l.Errors() > 0 {
		t.Errorf("%s", got)
	}
}

func TestShortOptions(t *testing.T) {
	for _, b := range baseOptions {
		if arg, ok := argOf(b.short); !ok || arg != b.arg {
			t.Errorf("-%c: %d, the table says %d", b.short, arg, b.arg)
		}
	}
}

// Without a flush, what the text does not declare keeps what is there.
func TestNoflush(t *testing.T) {
	s := NewState(ruleset.IP)
	var l diag.List
	s.Restore(diag.NewFile("a", []byte("*filter\n:INPUT DROP [0:0]\n:FOO - [0:0]\n-A INPUT -j FOO\n-A FOO -j ACCEPT\n-A OUTPUT -j DROP\nCOMMIT\n")), false, &l)
	s.Restore(diag.NewFile("b", []byte("*filter\n:FOO - [0:0]\n-A FOO -j RETURN\n-A INPUT -j DROP\n-A BAR -j DROP\nCOMMIT\n")), false, &l)
	filter := s.Ruleset().Tables[0]
	for _, want := range []struct {
		name    string
		rules   int
		foreign bool
	}{{"INPUT", 2, false}, {"FORWARD", 0, true}, {"OUTPUT", 1, true}, {"FOO", 1, false}, {"BAR", 1, true}} {
		if c := filter.Chain(want.name); c == nil || len(c.Rules) != want.rules || c.Foreign != want.foreign {
			t.Errorf("%s: %+v", want.name, c)
		}
	}
	// Only the chain that nothing has made is worth a word.
	if len(l.All) != 1 || l.All[0].Severity != diag.Warning || l.All[0].Span.String() != "b:5:4" {
		t.Errorf("%v", l.All)
	}
	s.Restore(diag.NewFile("c", []byte("*filter\nCOMMIT\n")), true, &l)
	for _, c := range s.Ruleset().Tables[0].Chains {
		if len(c.Rules) > 0 || c.Foreign || c.Base == nil {
			t.Errorf("%s is still there", c.Name)
		}
	}
	// A ruleset that was handed out does not change.
	if len(filter.Chain("INPUT").Rules) != 2 {
		t.Error("an older state changed")
	}
}

// A list of addresses makes a rule of each, as long as there are not too many.
func TestLists(t *testing.T) {
	for n, want := range map[int]int{1: 1, 60: 3600, 70: 1} {
		list := strings.Repeat("192.0.2.1,", n-1) + "192.0.2.1"
		var l diag.List
		rs := Read(diag.NewFile("x", []byte("*filter\n-A INPUT -s "+list+" -d "+list+" -j ACCEPT\nCOMMIT\n")), ruleset.IP, &l)
		rules := rs.Tables[0].Chain("INPUT").Rules
		if len(rules) != want || l.Errors() > 0 {
			t.Errorf("%d rules of %d addresses, want %d", len(rules), n, want)
		}
		if want == 1 && len(rules[0].Body[0].(*ruleset.Match).Terms) != n {
			t.Errorf("%d terms, want %d", len(rules[0].Body[0].(*ruleset.Match).Terms), n)
		}
		if n == 70 { // two lists, each in two words
			out, _ := Save{Family: ruleset.IP}.Write(rs)
			if lines := strings.Count(string(out), "-A INPUT"); lines != 4 || strings.Count(string(out), "192.0.2.1/32") != 280 {
				t.Errorf("%d lines\n%s", lines, out)
			}
		}
	}
}
