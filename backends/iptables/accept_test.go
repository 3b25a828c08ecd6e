package iptables

import (
	"fmt"
	"strings"
	"testing"

	"github.com/loward/loward/backends/internal/kernel"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// lines that a table filter with the chains FOO and BAR gets, in the families
// that are named in front. Several lines of one text have a / between them. What
// the tool says of each is asked of it, not written here.
const lines = `
46 
4 [5:10] -A INPUT -j ACCEPT
4 [5:10]-A INPUT -j ACCEPT
4 [x:y] -A INPUT -j ACCEPT
4 [5] -A INPUT -j ACCEPT
4 -A INPUT -c 5 10 -j ACCEPT
4 -A INPUT -c 5,10 -j ACCEPT
4 -A INPUT -c 5 -j ACCEPT
4 -A INPUT --set-counters 4 5 -j ACCEPT
46 -A INPUT -p TCP -j ACCEPT
46 -A INPUT -p 300 -j ACCEPT
46 -A INPUT -p all -j ACCEPT
46 -A INPUT -p 0 -j ACCEPT
46 -A INPUT ! -p all -j ACCEPT
46 -A INPUT ! -p tcp -j ACCEPT
46 -A INPUT -p tcp,udp -j ACCEPT
46 -A INPUT -p foo -j ACCEPT
46 -A INPUT -p tc -j ACCEPT
46 -A INPUT -p 58 -j ACCEPT
46 -A INPUT -p icmpv6 -j ACCEPT
46 -A INPUT -p gre -j ACCEPT
46 -A INPUT -p 0x6 -j ACCEPT
46 -A INPUT -p ! tcp -j ACCEPT
4 -A INPUT -s 192.0.2.1,192.0.2.2 -d 203.0.113.1,203.0.113.2 -j ACCEPT
4 -A INPUT ! -s 192.0.2.1,192.0.2.2 -j ACCEPT
4 -I INPUT -s 192.0.2.1,192.0.2.2 -j ACCEPT
4 -A INPUT -j DROP/-I INPUT 2 -s 192.0.2.1,192.0.2.2 -j ACCEPT
4 -A INPUT -s 192.0.2.1 -j DROP/-A INPUT -s 192.0.2.2 -j DROP/-D INPUT -s 192.0.2.1,192.0.2.2 -j DROP
4 -A INPUT -s 192.0.2.1 -j DROP/-R INPUT 1 -s 192.0.2.1,192.0.2.2 -j DROP
4 -A INPUT -s 192.0.2.1 -j DROP/-R INPUT 1 -s 192.0.2.1 -d 192.0.2.2,192.0.2.4 -j DROP
4 -A INPUT -s 192.0.2.1|33 -j ACCEPT
4 -A INPUT -s 192.0.2.1|255.0.255.0 -j ACCEPT
4 -A INPUT -s 192.0.2.1|255.255.255.0 -j ACCEPT
4 -A INPUT -s 192.0.2.1|0x18 -j ACCEPT
4 -A INPUT -s 192.0.2.1|024 -j ACCEPT
4 -A INPUT -s 192.0.2.1|255.255.256.0 -j ACCEPT
4 -A INPUT -s 10 -j ACCEPT
4 -A INPUT -s 10|8 -j ACCEPT
4 -A INPUT -s 10.1|16 -j ACCEPT
4 -A INPUT -s 0|0 -j ACCEPT
4 -A INPUT ! -s 0|0 -j ACCEPT
4 -A INPUT -s 192.0.2.1|0 -j ACCEPT
4 -A INPUT -s 192.0.2.1| -j ACCEPT
4 -A INPUT -s 192.0.2.1|24|3 -j ACCEPT
4 -A INPUT -s 256.1.1.1 -j ACCEPT
4 -A INPUT -s 1.2.3.4.5 -j ACCEPT
4 -A INPUT -s 1.2.3. -j ACCEPT
4 -A INPUT -s 010.1.1.1 -j ACCEPT
4 -A INPUT -s 0x10.1.1.1 -j ACCEPT
46 -A INPUT -s ::1 -j ACCEPT
4 -A INPUT -s localhost -j ACCEPT
4 -A INPUT -s localhost|8 -j ACCEPT
4 -A INPUT -s 192.0.2.1, -j ACCEPT
4 -A INPUT -s 192.0.2.1,,192.0.2.2 -j ACCEPT
4 -A INPUT -s "192.0.2.1, 192.0.2.2" -j ACCEPT
4 -A INPUT -s "" -j ACCEPT
4 -A INPUT -s !192.0.2.1 -j ACCEPT
4 -A INPUT -s ! 192.0.2.1 -j ACCEPT
46 -A INPUT -i "" -j ACCEPT
46 -A INPUT -i abcdefghijklmnop -j ACCEPT
46 -A INPUT -i abcdefghijklmno+ -j ACCEPT
46 -A INPUT -i abcdefghijklmn+ -j ACCEPT
46 -A INPUT -i + -j ACCEPT
46 -A INPUT ! -i + -j ACCEPT
46 -A INPUT -i eth* -j ACCEPT
46 -A INPUT -i a+b -j ACCEPT
46 -A INPUT -i !eth0 -j ACCEPT
46 -A INPUT -o eth0 -j ACCEPT
46 -A OUTPUT -i eth0 -j ACCEPT
46 -A FORWARD -i eth0 -o eth1 -j ACCEPT
46 -A FOO -o eth0 -i eth1 -j ACCEPT
46 -A INPUT -f -j ACCEPT
46 -A INPUT ! -f -j ACCEPT
4 -A INPUT -s 192.0.2.1 -s 192.0.2.2 -j ACCEPT
46 -A INPUT -j ACCEPT -j DROP
46 -A INPUT -j ACCEPT -g FOO
46 -A INPUT -g FOO
46 -A INPUT -g ACCEPT
46 -A INPUT -g NOPE
46 -A INPUT -j NOPE
46 -A INPUT -j LATER/-N LATER
46 ! -A INPUT -j ACCEPT
46 -A INPUT ! -j ACCEPT
46 -A INPUT ! -m tcp -j ACCEPT
4 -A INPUT ! ! -s 192.0.2.1 -j ACCEPT
46 -A INPUT -j ACCEPT !
46 -A INPUT --foo -j ACCEPT
46 -A INPUT --in eth0 -j ACCEPT
46 -A INPUT --i eth0 -j ACCEPT
46 -A INPUT --in- eth0 -j ACCEPT
46 -A INPUT --src 127.0.0.1 -j ACCEPT
46 -A INPUT --dport 22 -j ACCEPT
46 -A INPUT -m tcp --dport 22 -j ACCEPT
46 -A INPUT -m tcp -p tcp --dport 22 -j ACCEPT
46 -A INPUT -p tcp --dport=22 -j ACCEPT
46 -A INPUT -p tcp --dpor 22 -j ACCEPT
46 -A INPUT -p tcp --dp 22 -j ACCEPT
46 -A INPUT -p tcp --s 22 -j ACCEPT
4 -A INPUT -p tcp --so 22 -j ACCEPT
46 -A INPUT -p tcp -dport 22 -j ACCEPT
46 -A INPUT -dport 22 -j ACCEPT
46 -A INPUT --dport 22 -p tcp -j ACCEPT
46 -A INPUT -p tcp --dport 22 --dport 23 -j ACCEPT
46 -A INPUT -p tcp --syn -m tcp --dport 22 -j ACCEPT
46 -A INPUT -p tcp -m tcp --dport 22 --sport 3 -j ACCEPT
46 -A INPUT -p tcp -m tcp ! --dport 22 ! --sport 3 -j ACCEPT
46 -A INPUT -p tcp -m tcp --dport ! 22 -j ACCEPT
46 -A INPUT -p tcp -m tcp --dport 22 -m tcp --dport 23 -j ACCEPT
46 -A INPUT -p tcp -m state --state NEW --dport 22 -j ACCEPT
46 -A INPUT -p tcp --dport 22 -m state --state NEW --sport 22 -j ACCEPT
46 -A INPUT -p udp -m tcp -j ACCEPT
46 -A INPUT -p 6 -m tcp --dport 22 -j ACCEPT
46 -A INPUT -m comment --comment a -m comment --comment b -j ACCEPT
46 -A INPUT -j ACCEPT --foo
46 -A INPUT -j LOG --log-prefix x --log-level 4
46 -A INPUT --log-prefix x -j LOG
46 -A INPUT -j LOG -p tcp --log-prefix x
46 -A INPUT -j LOG -m mark --mark 1 --log-prefix x
46 -A INPUT -m mark -j ACCEPT
46 -A INPUT -m mark --mark 1 --mark 2 -j ACCEPT
46 -A INPUT -m mark --mark
46 -A
46 -A INPUT INPUT -j ACCEPT
46 -I INPUT 0 -j ACCEPT
46 -I INPUT x -j ACCEPT
46 -I INPUT 1x -j ACCEPT
46 -I INPUT 1 -j ACCEPT
46 -I INPUT 2 -j ACCEPT
46 -R INPUT -j ACCEPT
46 -R INPUT 1 -j ACCEPT
46 -D INPUT 1 -j ACCEPT
46 -D INPUT
46 -D INPUT 0
46 -A INPUT -j ACCEPT/-D INPUT 1
46 -A INPUT -j ACCEPT/-D INPUT 2
46 -A INPUT -j ACCEPT/-A INPUT -j DROP/-D INPUT -j DROP/-D INPUT -j DROP
46 -A INPUT -j REJECT/-D INPUT -j REJECT
46 -A INPUT -p tcp --dport ssh -j ACCEPT/-D INPUT -p tcp -m tcp --dport 22 -j ACCEPT
46 -A INPUT -p tcp -j ACCEPT/-D INPUT -p tcp -m tcp -j ACCEPT
46 -D FOO 1
46 -D NOPE 1
46 -I NOPE -j ACCEPT
46 -A NOPE -j ACCEPT
46 -C INPUT -j ACCEPT
46 -A INPUT -j ACCEPT/-C INPUT -j ACCEPT
46 -N ACCEPT
46 -N a/-A a -j ACCEPT
46 -N -a
46 -N !a
46 -N "a b"/-A "a b" -j ACCEPT
46 -N abcdefghijklmnopqrstuvwxyz12
46 -N abcdefghijklmnopqrstuvwxyz123
46 -A abcdefghijklmnopqrstuvwxyz123 -j ACCEPT
46 -A INPUT -j abcdefghijklmnopqrstuvwxyz123
46 -N
46 -N FOO
46 -N INPUT
46 -N LOG
46 -N tcp
46 -E FOO BAZ
46 -E FOO BAR
46 -E NOPE BAZ
46 -E INPUT BAZ
46 -E FOO
46 -A INPUT -j FOO/-E FOO BAZ/-A BAZ -j DROP
46 -X FOO
46 -X
46 -X NOPE
46 -X INPUT
46 -A INPUT -j FOO/-X FOO
46 -A INPUT -j FOO/-X
46 -A FOO -j ACCEPT/-X
46 -A FOO -j ACCEPT/-X FOO
46 -A INPUT -j FOO/-F/-X
46 -A INPUT -j FOO/-F INPUT/-X FOO
46 -A INPUT -j FOO/-D INPUT 1/-X FOO
46 -F NOPE
46 -F INPUT 3
46 -Z
46 -P INPUT ACCEPT
46 -P INPUT drop
46 -P INPUT RETURN
46 -P INPUT
46 -P NOPE DROP
46 -P FOO DROP
46 -P INPUT DROP -j ACCEPT
46 -N X -j ACCEPT
46 -L
46 -S INPUT
46 -A INPUT -v -j ACCEPT
46 -A INPUT -n -j ACCEPT
46 -A INPUT -w -j ACCEPT
46 -A INPUT -w 5 -j ACCEPT
46 -A INPUT --line-numbers -j ACCEPT
46 -A INPUT -x -j ACCEPT
46 -A INPUT -A INPUT -j ACCEPT
46 -A INPUT -N X
46 -A INPUT -j FOO/-A FOO -j INPUT
46 -A INPUT -j FOO/-A FOO -j BAR/-A BAR -j FOO
46 -A FOO -j BAR/-A BAR -j FOO/-A INPUT -j FOO
46 -A INPUT -j FOO/-A FOO -g BAR/-A BAR -g FOO
46 -A INPUT -j FOO/-A FOO -j FOO
46 -A FOO -j BAR/-A BAR -j FOO
46 -A FOO -j FOO
46 -A OUTPUT -j INPUT
46 -j ACCEPT -A INPUT
46 -A INPUT -gFOO
46 -AINPUT -j ACCEPT
46 -I INPUT1 -j ACCEPT
46 -IINPUT 1 -j ACCEPT
46 -A INPUT -mmark --mark 1 -j ACCEPT
46 -A INPUT --match=mark --mark=1 -j ACCEPT
46 --append=INPUT -j ACCEPT
46 --protocol tcp -A INPUT
46 --app INPUT --proto tcp --jump ACCEPT
46 -A INPUT -m comment --comment "" -j ACCEPT
46 -A INPUT -m comment --comment x"y z"w -j ACCEPT
46 -A INPUT -m comment --comment "x\"y\\z" -j ACCEPT
46 -A INPUT -m comment --comment 'x y' -j ACCEPT
46 -A INPUT -m comment --comment x\ y -j ACCEPT
46 -A INPUT -m comment --comment x\y -j ACCEPT
46 -A INPUT -m comment --comment "-j" -j ACCEPT
46 -A INPUT -j ACCEPT # why
46 -A INPUT -j ACCEPT --
46 -A INPUT -- -j ACCEPT
46 -A INPUT -
46 -A INPUT -m
46 -A INPUT -j
46 -A INPUT -j ""
46 -A INPUT -b
46 -A INPUT -j REJECT --reject-with tcp-reset
46 -A INPUT -p tcp -j REJECT --reject-with tcp-reset
46 -A INPUT -j MASQUERADE
46 -A INPUT -j CT --notrack
4 -A INPUT -m rt --rt-type 0 -j ACCEPT
6 -A INPUT -m icmp --icmp-type 8 -j ACCEPT
46 -A INPUT -p icmp --icmp-type 8 -j ACCEPT
46 -t filter -A INPUT -j ACCEPT
46 -A INPUT --table filter -j ACCEPT
46 -M x -A INPUT -j ACCEPT
46 -4 -A INPUT -j ACCEPT
46 -6 -A INPUT -j ACCEPT
46 -A INPUT -6 --nothing of this is read
6 -A INPUT -s fe80::1|64 -j ACCEPT
6 -A INPUT -s fe80::1|129 -j ACCEPT
6 -A INPUT -s fe80::1|ffff::1 -j ACCEPT
6 -A INPUT -s fe80::1%eth0 -j ACCEPT
6 -A INPUT -s ::ffff:192.0.2.1 -j ACCEPT
6 -A INPUT -s fe80::1,fe80::2 -j ACCEPT
6 -A INPUT -s fe80:::1 -j ACCEPT
6 -A INPUT -p ah -j ACCEPT
6 -A INPUT -p hopopt -j ACCEPT
46 :BAZ
46 :BAZ -
46 :BAZ - [1:2]
46 : BAZ - [0:0]
46 :
46 :INPUT
46 :INPUT - [0:0]
46 :INPUT RETURN [0:0]
46 :INPUT DROP [3:4] foo
46 :LOG - [0:0]
46 :ACCEPT - [0:0]
46 :abcdefghijklmnopqrstuvwxyz123 - [0:0]
46 :FOO ACCEPT [0:0]
46 -A FOO -j ACCEPT/:FOO - [0:0]
46 -A INPUT -j ACCEPT/:INPUT DROP [0:0]
46 *nat
46 COMMIT/-A INPUT -j ACCEPT
46 COMMIT/*filter/-A INPUT -j ACCEPT
46 COMMIT/*nope
46 COMMIT/*nat/-A POSTROUTING -j MASQUERADE
46 COMMIT/*nat/-A PREROUTING -j MASQUERADE
46 COMMIT/*nat/-A PREROUTING -j DROP
46 COMMIT/*nat/:A - [0:0]/-A A -j MASQUERADE/-A PREROUTING -j A
46 COMMIT/*nat/:A - [0:0]/:B - [0:0]/-A PREROUTING -j A/-A A -j B/-A B -j MASQUERADE
46 COMMIT/*nat/:A - [0:0]/-A A -j MASQUERADE/-A POSTROUTING -j A
46 COMMIT/*nat/:A - [0:0]/-A A -j MASQUERADE
46 -A FOO -m owner --uid-owner 0/-A INPUT -j FOO
46 -A FOO -m owner --uid-owner 0/-A OUTPUT -j FOO
46 COMMIT/*nat/:PREROUTING DROP [0:0]
46 COMMIT/*nat/-P PREROUTING DROP
46 COMMIT/*nat/-A FORWARD -j ACCEPT
46 COMMIT/*raw/-A PREROUTING -j CT --notrack
46 COMMIT/*mangle/-A PREROUTING -j MARK --set-mark 1
46 COMMIT/*security/-A INPUT -j ACCEPT
46 #COMMIT
46  #COMMIT
46  COMMIT
46 COMMIT x
`

// The reader and the tools agree on what is right. A text is right where one of
// the two variants loads it.
func TestAccept(t *testing.T) {
	for _, family := range families {
		tool := Restore{Family: family}.Name()
		digit := map[ruleset.Family]string{ruleset.IP: "4", ruleset.IP6: "6"}[family]
		var texts []string
		files := map[string][]byte{}
		for _, line := range strings.Split(strings.Trim(lines, "\n"), "\n") {
			which, line, _ := strings.Cut(line, " ")
			if !strings.Contains(which, digit) {
				continue
			}
			line = strings.ReplaceAll(strings.ReplaceAll(line, "/", "\n"), "|", "/")
			if line == "" {
				line = "  "
			}
			text := "*filter\n:INPUT ACCEPT [0:0]\n:FOO - [0:0]\n:BAR - [0:0]\n" + line + "\nCOMMIT\n"
			files[fmt.Sprintf("%03d", len(texts))] = []byte(text)
			texts = append(texts, text)
		}
		taken := make([]string, len(texts))
		said := make([]string, len(texts))
		for _, variant := range []string{"nft", "legacy"} {
			cmd := tool + "-" + variant + "-restore"
			out, err := kernel.Script(t, `for f in [0-9]*; do
	if said=$(timeout 10 `+cmd+` <$f 2>&1); then echo "$f ok"; else echo "$f" $said; fi
done`, files, cmd)
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
				var n int
				if _, err := fmt.Sscanf(line, "%d", &n); err != nil || len(line) < 4 {
					continue
				}
				if line[4:] == "ok" {
					taken[n] = variant
				} else {
					said[n] += variant + ": " + line[4:] + "\n"
				}
			}
		}
		for i, text := range texts {
			var l diag.List
			Read(diag.NewFile("x", []byte(text)), family, &l)
			var mistakes []string
			for _, d := range l.All {
				if d.Severity == diag.Error {
					mistakes = append(mistakes, fmt.Sprintf("%s %s (%s)", d.Span, d.Message, d.Help))
				}
			}
			if taken[i] == "" && len(mistakes) > 0 {
				first := l.All[0].Span.Position().Line
				at := false
				for _, m := range errorLine.FindAllStringSubmatch(said[i], -1) {
					at = at || m[1] == fmt.Sprint(first)
				}
				if !at {
					t.Errorf("%s: %q: the mistake is in line %d\n%s", tool, text, first, said[i])
				}
			}
			body := strings.TrimSuffix(strings.TrimPrefix(text, "*filter\n:INPUT ACCEPT [0:0]\n:FOO - [0:0]\n:BAR - [0:0]\n"), "\nCOMMIT\n")
			switch {
			case taken[i] != "" && len(mistakes) > 0:
				t.Errorf("%s: %q is taken by %s; here: %s", tool, body, taken[i], mistakes)
			case taken[i] == "" && len(mistakes) == 0:
				t.Errorf("%s: %q is not taken; here it is\n%s", tool, body, said[i])
			}
		}
		t.Logf("%s: %d texts", tool, len(texts))
	}
}
