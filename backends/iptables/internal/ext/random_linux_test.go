package ext

import (
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/loward/loward/backends/internal/kernel"
	"github.com/loward/loward/compiler/ruleset"
)

// pool is a match and its options, of which the plain ones can't be
// inverted.
type pool struct {
	match   string
	options []string
	plain   []string
}

var (
	pools4 = []pool{
		{"-m conntrack", []string{
			"--ctstate NEW", "--ctstate INVALID,NEW", "--ctstate ESTABLISHED", "--ctstate UNTRACKED", "--ctstate SNAT,NEW", "--ctstate DNAT", "--ctstate INVALID,UNTRACKED",
			"--ctproto udp", "--ctproto tcp", "--ctorigsrc 127.0.0.3", "--ctorigdst 127.0.0.1", "--ctreplsrc 127.0.0.4", "--ctrepldst 127.0.0.0/30",
			"--ctstatus SEEN_REPLY", "--ctstatus CONFIRMED", "--ctstatus NONE",
		}, []string{"--ctdir ORIGINAL", "--ctdir REPLY"}},
		{"-p tcp -m tcp", []string{"--sport 22", "--sport 1000:2000", "--dport 22", "--dport 80:90", "--tcp-flags SYN,ACK SYN", "--tcp-flags ALL ACK", "--tcp-option 2", "--tcp-option 99"}, nil},
		{"-p udp -m udp", []string{"--sport 53", "--dport 53", "--sport 1000:2000", "--dport 100:150"}, nil},
		{"-m addrtype", []string{"--src-type LOCAL", "--src-type UNICAST,BROADCAST", "--dst-type LOCAL,BROADCAST", "--dst-type MULTICAST", "--dst-type UNSPEC"}, []string{"--limit-iface-in"}},
		{"-p tcp -m ecn", []string{"--ecn-tcp-cwr", "--ecn-tcp-ece", "--ecn-ip-ect 1", "--ecn-ip-ect 0"}, nil},
		{"-m iprange", []string{"--src-range 127.0.0.2-127.0.0.4", "--dst-range 127.0.0.1-127.0.0.3", "--src-range 127.0.0.1-127.0.0.2"}, nil},
	}
	pools6 = []pool{
		{"-m frag", []string{"--fragid 7", "--fragid 0:5", "--fraglen 8"}, []string{"--fragfirst", "--fragmore", "--fragres"}},
		{"-m rt", []string{"--rt-type 4", "--rt-type 0", "--rt-segsleft 1", "--rt-segsleft 0:1", "--rt-len 24", "--rt-len 8"}, nil},
		{"-m hbh", []string{"--hbh-len 8", "--hbh-len 16"}, nil},
		{"-m addrtype", []string{
			"--src-type LOCAL", "--src-type UNICAST", "--src-type UNSPEC", "--dst-type LOCAL,UNICAST", "--dst-type MULTICAST", "--dst-type MULTICAST,UNICAST",
			"--dst-type ANYCAST,LOCAL", "--src-type UNSPEC,LOCAL",
		}, []string{"--limit-iface-in"}},
	}
	poolsOut = []pool{
		{"-m owner", []string{"--uid-owner 0", "--uid-owner 1-5", "--gid-owner 0", "--gid-owner 7", "--socket-exists"}, nil},
	}
)

// draw n rules of up to three options of each match.
func draw(r *rand.Rand, pools []pool, n int) []string {
	var rules []string
	for _, p := range pools {
		all := slices.Concat(p.options, p.plain)
		for range n {
			rule := p.match
			used := map[string]bool{}
			for range 1 + r.IntN(3) {
				i := r.IntN(len(all))
				name, _, _ := strings.Cut(all[i], " ")
				if used[name] || len(used) == 0 && name == "--limit-iface-in" {
					continue
				}
				used[name] = true
				if i < len(p.options) && r.IntN(2) == 0 {
					rule += " !"
				}
				rule += " " + all[i]
			}
			if len(used) > 0 {
				rules = append(rules, rule)
			}
		}
	}
	return rules
}

// Options of a match in any combination mean what the kernel makes of them.
func TestRandomMeaning(t *testing.T) {
	if os.Getenv(senderVariable) != "" {
		return
	}
	if kernel.Unprivileged() {
		t.Skip("raw sockets and other users' packets need root")
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, at := range []place{
		{ruleset.IP, "filter", "INPUT", 1, draw(r, pools4, 50)},
		{ruleset.IP6, "filter", "INPUT", 1, draw(r, pools6, 50)},
		{ruleset.IP, "filter", "OUTPUT", 1, draw(r, poolsOut, 60)},
	} {
		for _, variant := range []string{"nft", "legacy"} {
			t.Run(at.family.String()+"/"+at.chain+"/"+variant, func(t *testing.T) { judge(t, at, variant) })
		}
	}
}
