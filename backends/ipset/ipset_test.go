package ipset

import (
	"regexp"
	"strings"
	"testing"

	"github.com/loward/loward/backends/internal/kernel"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// every type, with elements of every kind.
const every = `create addrs hash:ip family inet hashsize 1024 maxelem 65536
add addrs 10.0.0.1
add addrs 10.0.1.0-10.0.1.4
add addrs 10.0.2.8/30
create nets24 hash:ip family inet netmask 24
add nets24 10.9.8.7
create masked6 hash:ip family inet6 netmask 64
add masked6 fe80::5
create six hash:net family inet6 timeout 600 counters comment
add six fd00::/16 timeout 60 packets 3 bytes 200 comment "the \x27lab\x27 net"
create nets hash:net family inet
add nets 10.0.0.0/8
add nets 10.1.0.0/16 nomatch
create ports bitmap:port range 1-1024
add ports 5-9
add ports 22
create services hash:ip,port family inet
add services 10.0.0.1,80
add services 10.0.0.1,udp:53
add services 10.0.0.1,icmp:3/1
add services 10.0.0.2,tcp:8000-8003
create services6 hash:ip,port family inet6
add services6 ::1,icmpv6:128/0
create triple hash:ip,port,net family inet
add triple 1.2.3.4,udp:53,10.0.0.0/8
create range bitmap:ip range 10.0.0.0-10.0.0.255
add range 10.0.0.4-10.0.0.6
create learnt bitmap:ip,mac range 10.0.0.0/24
add learnt 10.0.0.1,00:11:22:33:44:55
add learnt 10.0.0.2
create both hash:ip family inet skbinfo
add both 10.0.0.3 skbmark 0x1/0xff skbprio 1:10
create all list:set size 8
add all addrs
add all both
`

// more types, which not every kernel has.
const rare = `create macs hash:mac
add macs 00:11:22:33:44:55
create pairs hash:net,net family inet
add pairs 0.0.0.0/0,10.0.0.0/24
create marks hash:ip,mark family inet markmask 0xff
add marks 1.2.3.4,0x10
create owners hash:ip,mac family inet
add owners 1.1.1.1,00:11:22:33:44:55
create ways hash:net,iface family inet
add ways 10.0.0.0/8,eth0
add ways 10.0.0.0/8,physdev:eth1
create flows hash:net,port,net family inet
add flows 10.0.0.0/8,icmp:3/1,1.1.1.1
create hops hash:ip,port,ip family inet
add hops 1.1.1.1,sctp:9,2.2.2.2
create doors hash:net,port family inet
add doors 10.0.0.0/8,udp:1-3
`

func read(t *testing.T, text string) []*ruleset.Set {
	t.Helper()
	var l diag.List
	sets := Read(diag.NewFile("sets", []byte(text)), &l)
	for _, d := range l.All {
		t.Errorf("%v: %s", d.Span, d.Message)
	}
	return sets
}

// Reading what was written gives the same text again.
func TestWriteRead(t *testing.T) {
	once := string(Write(read(t, every+rare)))
	if again := string(Write(read(t, once))); again != once {
		t.Errorf("%s\nis written as\n%s", once, again)
	}
}

var random = regexp.MustCompile(`(?m) (initval 0x[0-9a-f]+|bucketsize \d+)| timeout (59|60)\b`)

// The kernel holds the same sets after what was read and after what is written of
// it.
func TestKernel(t *testing.T) {
	if out, err := kernel.Script(t, "ipset create x hash:ip", nil, "ipset"); err != nil {
		t.Skipf("this kernel has no ipsets: %v %s", err, out)
	}
	text := strings.ReplaceAll(every, `\x27`, "'")
	saved := func(text string) []string {
		out, err := kernel.Script(t, "ipset restore < sets\nipset save\n", map[string][]byte{"sets": []byte(text)}, "ipset")
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		return strings.Split(random.ReplaceAllString(out, ""), "\n")
	}
	want, got := saved(text), saved(string(Write(read(t, text))))
	if len(want) != len(got) {
		t.Errorf("%d lines, want %d:\n%s\n%s", len(got), len(want), strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	have := map[string]bool{}
	for _, l := range got {
		have[l] = true
	}
	for _, l := range want {
		if !have[l] {
			t.Errorf("missing: %q", l)
		}
	}
}

func TestMistakes(t *testing.T) {
	for _, tt := range []struct{ text, at, want string }{
		{"create a hash:ip\ncreate a hash:ip\n", "2:8", "exists already"},
		{"add a 1.2.3.4\n", "1:5", "there is no set a"},
		{"create a hash:what\n", "1:10", "no type of sets"},
		{"create a hash:ip\nadd a fd00::1\n", "2:7", "other address family"},
		{"create a hash:ip\nadd a 1.2.3.4\nadd a 1.2.3.4\n", "3:7", "in the set a already"},
		{"create a hash:ip\ndel a 1.2.3.4\n", "2:7", "is not in the set"},
		{"create a hash:ip,port\nadd a 1.2.3.4\n", "2:7", "more parts"},
		{"create a hash:ip\nadd a 1.2.3.4,tcp:80\n", "2:7", "fewer parts"},
		{"create a hash:ip\nadd a 1.2.3.4 what\n", "2:15", "no option"},
		{"create a hash:ip\nadd a 1.2.3.4 timeout 5\n", "2:23", "without timeouts"},
		{"create a hash:ip timeout\n", "1:18", "needs a value"},
		{"create a bitmap:ip\n", "1:10", "needs a range"},
		{"create a bitmap:ip range \"\"\n", "1:20", "needs a value"},
		{"create a hash:net\nadd a 0.0.0.0/0\n", "2:7", "too great"},
		{"create a hash:ip\ncreate l list:set\nadd l a\ndestroy a\n", "4:9", "is in the set l"},
		{"create a hash:ip\ncreate b hash:net\nswap a b\n", "3:1", "different types"},
		{"make a\n", "1:1", "no command"},
		{"create a hash:ip comment\nadd a 1.2.3.4 comment \"x\n", "2:1", "not closed"},
	} {
		var l diag.List
		Read(diag.NewFile("sets", []byte(tt.text)), &l)
		if len(l.All) != 1 || l.All[0].Span.String() != "sets:"+tt.at || !strings.Contains(l.All[0].Message, tt.want) {
			t.Errorf("%q:", tt.text)
			for _, d := range l.All {
				t.Errorf("\t%v %s", d.Span, d.Message)
			}
		}
	}
}

// Commands change the sets as the kernel does.
func TestCommands(t *testing.T) {
	sets := read(t, "create a hash:ip\ncreate b hash:ip\nadd a 1.1.1.1-1.1.1.3\ndel a 1.1.1.2\nadd b 2.2.2.2\nswap a b\nrename b c\nflush a\ncreate d hash:ip\ndestroy d\nadd a 3.3.3.3 -exist\nadd a 3.3.3.3 -exist\n")
	want := "create a hash:ip family inet\ncreate c hash:ip family inet\nadd a 3.3.3.3\nadd c 1.1.1.1\nadd c 1.1.1.3\n"
	if got := string(Write(sets)); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(every)
	f.Add(rare)
	f.Add("create a hash:ip netmask 8 family inet6\nadd a ::-::9\nadd a \ue000$X\ue001\nadd a ,,\ndel a")
	f.Fuzz(func(t *testing.T, text string) {
		var l diag.List
		sets := Read(diag.NewFile("sets", []byte(text)), &l)
		if l.Errors() > 0 {
			return
		}
		once := string(Write(sets))
		if strings.ContainsAny(once, "\r\"") || ruleset.HasUnknown(text) {
			return
		}
		var again diag.List
		if twice := string(Write(Read(diag.NewFile("sets", []byte(once)), &again))); twice != once {
			t.Errorf("%q is written as %q and that as %q", text, once, twice)
		}
	})
}
