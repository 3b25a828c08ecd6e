package ext

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/loward/loward/compiler/ruleset"
)

var update = flag.Bool("update", false, "write the golden files anew")

// showExpr writes an expression for the golden file.
func showExpr(e ruleset.Expr) string {
	switch e := e.(type) {
	case nil:
		return "-"
	case ruleset.Field:
		return e.String()
	case ruleset.Term:
		return showTerm(e)
	case *ruleset.Selector:
		s := e.Kind.String() + " " + strings.Join(e.Args, ",")
		if e.Exists {
			s += " exists"
		}
		return "[" + s + "]"
	case *ruleset.Binary:
		return "(" + showExpr(e.Left) + " " + e.Op.String() + " " + showExpr(e.Right) + ")"
	}
	return fmt.Sprintf("%T", e)
}

func showTerm(t ruleset.Term) string {
	switch {
	case t.Unknown:
		return "?" + t.Text
	case t.Text != "":
		return fmt.Sprintf("%q", t.Text)
	case t.Single():
		return fmt.Sprintf("%#x", t.Lo.Lo)
	}
	return fmt.Sprintf("%#x-%#x", t.Lo.Lo, t.Hi.Lo)
}

func showKeys(key []ruleset.Expr) string {
	var s []string
	for _, k := range key {
		s = append(s, showExpr(k))
	}
	return strings.Join(s, " . ")
}

func showAddr(a netip.Addr) string {
	if !a.IsValid() {
		return "-"
	}
	return a.String()
}

// show writes a statement for the golden file.
func show(s ruleset.Stmt) string {
	switch s := s.(type) {
	case *ruleset.Match:
		var b strings.Builder
		if sayMatch(&b, s) {
			return "match " + strings.TrimSpace(b.String())
		}
		what := s.Of
		if s.Field != ruleset.NoField {
			what = s.Field
		}
		var terms []string
		for _, t := range s.Terms {
			terms = append(terms, showTerm(t))
		}
		return fmt.Sprintf("match %s neg %v op %d %s", showExpr(what), s.Neg, s.Op, strings.Join(terms, ", "))
	case *ruleset.Lookup:
		if s.IPSet {
			return fmt.Sprintf("lookup %s in ipset %s neg %v", showKeys(s.Key), s.Set, s.Neg)
		}
		said, _, _ := sayNft([]ruleset.Stmt{s})
		return "lookup " + strings.TrimSpace(said)
	case *ruleset.SetUpdate:
		return fmt.Sprintf("%s %s in ipset %s timeout %v", s.Op, showKeys(s.Key), s.Set, s.Timeout)
	case *ruleset.SetField:
		what := s.Of
		if s.Field != ruleset.NoField {
			what = s.Field
		}
		if s.From != nil {
			return "set " + showExpr(what) + " = " + showExpr(s.From)
		}
		return "set " + showExpr(what) + " = " + showTerm(s.Value)
	case *ruleset.NAT:
		return fmt.Sprintf("%s of %s to %s-%s:%d-%d computed %s:%s netmap %v random %v %v persistent %v", s.Kind, s.Of, showAddr(s.Lo), showAddr(s.Hi),
			s.PortLo, s.PortHi, showExpr(s.To), showExpr(s.ToPort), s.Netmap, s.Random, s.FullyRandom, s.Persistent)
	case *ruleset.TProxy:
		return fmt.Sprintf("tproxy %s to %s:%d computed %s:%s mark %#x/%#x", s.Of, showAddr(s.Addr), s.Port, showExpr(s.To), showExpr(s.ToPort), s.Mark, s.MarkMask)
	case *ruleset.Queue:
		return fmt.Sprintf("queue %d-%d from %s bypass %v fanout %v", s.Lo, s.Hi, showExpr(s.From), s.Bypass, s.Fanout)
	case *ruleset.Dup:
		return "dup to " + showExpr(s.To) + " device " + showExpr(s.Device)
	case *ruleset.Reset:
		return "reset " + showExpr(s.Of)
	case *ruleset.Meter:
		return fmt.Sprintf("meter %s key %v limit %+v", s.Set, s.Key, s.Limit)
	case *ruleset.Limit:
		return fmt.Sprintf("limit %+v", *s)
	case *ruleset.Quota:
		return fmt.Sprintf("quota %+v", *s)
	case *ruleset.Log:
		return fmt.Sprintf("log %+v", *s)
	case *ruleset.Reject:
		return fmt.Sprintf("reject %d of %s", s.With, s.Of)
	case *ruleset.Synproxy:
		return fmt.Sprintf("synproxy %+v", *s)
	case *ruleset.NoTrack:
		return "notrack"
	case *ruleset.May:
		return fmt.Sprintf("may %q verdict %v", s.Why, s.Verdict)
	}
	return fmt.Sprintf("%T", s)
}

// unknownRules hold $NAMES that can't be known; the test puts the marks there.
var unknownRules = []string{
	"ip filter INPUT -p tcp -m tcp --dport $PORT", "ip filter INPUT -p tcp -m tcp ! --dport $LO:$HI", "ip filter INPUT -p tcp -m multiport --dports $PORTS",
	"ip filter INPUT -p tcp -m multiport ! --ports 22,$PORT", "ip filter INPUT -p icmp -m icmp --icmp-type $TYPE", "ip filter INPUT -p icmp -m icmp --icmp-type $TYPE/$CODE",
	"ip filter INPUT -m conntrack --ctstate $STATES", "ip filter INPUT -m conntrack ! --ctorigsrc $NET --ctstate NEW", "ip filter INPUT -m mark --mark $MARK",
	"ip filter INPUT -m limit --limit $RATE --limit-burst $BURST", "ip filter INPUT -m iprange --src-range $A-$B", "ip filter INPUT -m mac --mac-source $MAC",
	"ip filter OUTPUT -m owner --uid-owner $USER", "ip filter INPUT -m set --match-set $SET src", "ip filter INPUT -m set ! --match-set blocked $DIR",
	"ip filter INPUT -m recent --name $NAME --set", "ip filter INPUT -m hashlimit --hashlimit-upto $RATE --hashlimit-name $NAME", "ip filter INPUT -m string --algo bm --string $TEXT",
	"ip filter INPUT -m comment --comment $TEXT", "ip filter INPUT -m ttl --ttl-lt $TTL", "ip filter INPUT -m addrtype --dst-type $TYPE", "ip filter INPUT -p tcp -m tcp --tcp-flags $MASK SYN",
	"ip nat PREROUTING -p tcp -j DNAT --to-destination $HOST", "ip nat PREROUTING -p tcp -j DNAT --to-destination $HOST:80", "ip nat PREROUTING -p tcp -j DNAT --to-destination 10.0.0.1:$PORT",
	"ip nat POSTROUTING -j SNAT --to-source $ADDR", "ip nat PREROUTING -p tcp -j REDIRECT --to-ports $PORT", "ip nat POSTROUTING -p tcp -j MASQUERADE --to-ports $LO-$HI",
	"ip nat PREROUTING -j NETMAP --to $NET", "ip filter INPUT -j REJECT --reject-with $ANSWER", "ip filter INPUT -j LOG --log-prefix $PREFIX --log-level $LEVEL",
	"ip filter INPUT -j NFLOG --nflog-group $GROUP", "ip filter INPUT -j NFQUEUE --queue-num $NUM", "ip mangle PREROUTING -j MARK --set-mark $MARK",
	"ip mangle PREROUTING -j CONNMARK --set-mark $MARK", "ip mangle PREROUTING -p tcp -j TPROXY --on-port $PORT --on-ip $ADDR --tproxy-mark $MARK",
	"ip mangle FORWARD -p tcp -j TCPMSS --set-mss $MSS", "ip mangle FORWARD -j CLASSIFY --set-class $CLASS", "ip mangle FORWARD -j DSCP --set-dscp $DSCP", "ip mangle FORWARD -j TOS --set-tos $TOS",
	"ip raw PREROUTING -p tcp -j CT --helper $HELPER --zone $ZONE", "ip filter FORWARD -j TEE --gateway $GW", "ip filter INPUT -j SET --add-set $SET src",
	"ip mangle FORWARD -j TTL --ttl-set $TTL", "ip filter INPUT -m time --timestart $T --weekdays $DAYS", "ip filter INPUT -m statistic --mode $MODE --probability $P",
}

// mark the names in a rule as unknown.
func markNames(rule string) string {
	var b strings.Builder
	for i := 0; i < len(rule); {
		if rule[i] != '$' {
			b.WriteByte(rule[i])
			i++
			continue
		}
		end := i + 1
		for end < len(rule) && rule[end] >= 'A' && rule[end] <= 'Z' {
			end++
		}
		b.WriteString(ruleset.MarkUnknown(rule[i:end]))
		i = end
	}
	return b.String()
}

// What every rule of the tests means, as it was when somebody last looked.
func TestGolden(t *testing.T) {
	rules := toolRules(t)
	for _, line := range unknownRules {
		p := strings.SplitN(line, " ", 4)
		rules = append(rules, toolRule{ruleset.IP, p[1], p[2], p[3]})
	}
	var b strings.Builder
	sets := map[string]*ruleset.IPSetType{"nets": {Type: "hash:net"}, "pairs": {Type: "hash:ip,port"}, "ports": {Type: "bitmap:port"}}
	for _, rule := range []string{"--match-set nets src", "! --match-set pairs src,dst", "--match-set pairs src", "--match-set ports dst", "--match-set other src --return-nomatch"} {
		rules = append(rules, toolRule{ruleset.IP6, "filter", "INPUT", "-m set " + rule})
	}
	for _, r := range rules {
		c := &Ctx{Family: r.family, Table: r.table, Chain: r.chain, Builtin: true, IPSet: func(name string) *ruleset.IPSetType { return sets[name] }}
		d := drive(c, markNames(r.rule))
		fmt.Fprintf(&b, "%s %s %s %s\n", r.family, r.table, r.chain, r.rule)
		for _, m := range d.list.All {
			fmt.Fprintf(&b, "\t%s: %s", m.Severity, m.Message)
			if m.Help != "" {
				fmt.Fprintf(&b, " (%s)", m.Help)
			}
			b.WriteByte('\n')
		}
		if !d.ok() {
			continue
		}
		for _, s := range d.means {
			fmt.Fprintf(&b, "\t%s\n", show(s))
		}
	}
	const golden = "testdata/means.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	got, old := strings.Split(b.String(), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(got), len(old)) {
		if i >= len(got) || i >= len(old) || got[i] != old[i] {
			t.Fatalf("line %d of %s differs: run with -update and look\ngot  %q\nwant %q", i+1, golden, at(got, i), at(old, i))
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}
