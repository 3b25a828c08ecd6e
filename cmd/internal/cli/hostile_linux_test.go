package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unicode/utf8"
)

// place is where a name that somebody chose stands in a policy.
type place int

const (
	inZone place = iota
	inNet
	inPort
	inProto
	inService
	inHost
	inIface
	inLogText
	inPath
	places
)

func (p place) String() string {
	return [...]string{"zone", "net", "port", "proto", "service", "host", "interface", "log text", "path"}[p]
}

// hostilePolicy is a policy in which the name stands at the places told, and a
// harmless one at all others.
func hostilePolicy(name string, at map[place]bool) string {
	q := func(p place) string {
		text := [...]string{"zone1", "net1", "port1", "proto1", "service1", "host1", "eth7", "text1", ""}[p]
		if at[p] {
			text = name
		}
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
	}
	return strings.NewReplacer(
		"ZONE", q(inZone), "NET", q(inNet), "PORT", q(inPort), "PROTO", q(inProto),
		"SERVICE", q(inService), "HOST", q(inHost), "IFACE", q(inIface), "TEXT", q(inLogText),
	).Replace(`
zone ZONE = IFACE, eth8
net NET = 192.0.2.0/24, 2001:db8::/32
port PORT = 80, 8000-8010
proto PROTO = tcp 9100, udp 8125
host HOST {
    interface IFACE = 10.0.0.1/24, fd00::1/64
    interface eth9 = dhcp
    forwards
    masquerade on IFACE from 192.0.2.0/24
}
service SERVICE {
    home HOST
    address 10.53.53.53, fd53::53
    allow PROTO on ZONE
    allow tcp PORT from NET on ZONE limit 5/second per source log TEXT
    allow ping on IFACE limit 3/second
    allow tcp 8080 on IFACE
    allow-local tcp 5432 user daemon
    deny dns from NET
    publish tcp 8080 to 10.0.0.9:80, [fd00::9]:80
    refuse reject
    log refused
}
service other {
    address host
    allow tcp 22 on IFACE
    log refused
}
inbound {
    default drop
    allow PROTO from NET on IFACE
    log refused
}
outbound {
    deny tcp PORT to 192.0.2.0/24 log TEXT
}
local {
    deny tcp 9000 to 10.53.53.53 user daemon
}
`)
}

// hostile names: syntax of the targets, of the shell and of our own language;
// control and invisible characters; keywords; lengths at which something cuts.
func hostileNames() []string {
	long := strings.Repeat("x", 300)
	return []string{
		`plain`, `a b`, `a"b`, `a'b`, `a\b`, `a\`, `"`, `\"`, "a\nb", "a\rb", "a\x00b", "a\tb", "a\x7fb", "a\x1b[31m",
		`a;b`, `a{b`, `a}b`, `}`, `{`, `a#b`, `# c`, `$x`, `$(id)`, "`id`", `@set`, `a,b`, `a.b`, `a:b`, `a/b`, `../../x`, `.`, `..`,
		`-`, `--`, `-j`, `-j ACCEPT`, `! -i lo`, `*filter`, `:INPUT ACCEPT`, `COMMIT`, `*`, `a*`, `a+`, `+`, `%s%n`, `%d`,
		`drop`, `accept`, `reject`, `ip`, `ip6`, `inet`, `table`, `chain`, `set`, `map`, `type`, `elements`, `counter`, `jump`, `log`, `lo`, `on`, `from`, `to`, `any`, `host`, `interface`, `user`, `limit`, `all`, `self`,
		`"; flush ruleset; "`, `x" ; drop ; #`, `x } ; flush ruleset ; table inet y {`, `x"} add rule inet f c accept {"`,
		"x\" -j ACCEPT\n-A INPUT -j ACCEPT\n#", `x" -j ACCEPT -m comment --comment "`,
		`0`, `0x10`, `10.0.0.1`, `fd00::1`, `1-2`, `80`, `eth0`, `LOWARD-INPUT`, `INPUT`, `prerouting`, `loward`,
		`ünïcode`, `名前`, `🔥`, "a\u2028b", "a\u202eb", "a\u200bb", "e\u0301", "\ufeff", "a\xffb", "\xc3",
		strings.Repeat("x", 15), strings.Repeat("x", 16), strings.Repeat("x", 27), strings.Repeat("x", 28), strings.Repeat("x", 29), strings.Repeat("x", 30),
		strings.Repeat("x", 63), strings.Repeat("x", 64), strings.Repeat("x", 65), strings.Repeat("x", 127), strings.Repeat("x", 128), strings.Repeat("x", 129), long,
		strings.Repeat("ü", 14), strings.Repeat("ü", 32), strings.Repeat("🔥", 16), strings.Repeat(`"`, 20), strings.Repeat(`\`, 29),
	}
}

// compileHostile compiles a policy to a target, or says why it was refused.
// Anything else than success or refusal is a fault.
func compileHostile(t *testing.T, target, path, policy string) (text, why string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, msg bytes.Buffer
	switch code := Main(Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &msg}, []string{"compile", "-t", target, path}); code {
	case exitDone:
		return out.String(), ""
	case exitInput:
		if out.Len() > 0 {
			t.Fatalf("-t %s: refused, but printed %d bytes", target, out.Len())
		}
		if !strings.Contains(msg.String(), ": error[LW") {
			t.Fatalf("-t %s: refused without a diagnostic:\n%s", target, msg.String())
		}
		if bytes.ContainsAny(msg.Bytes(), "\x1b\x00\x7f\r") || !utf8.Valid(msg.Bytes()) {
			t.Fatalf("-t %s: the diagnostic could steer a terminal: %q", target, msg.String())
		}
		return "", msg.String()
	default:
		t.Fatalf("-t %s: exit code %d\n%s\n%s", target, code, policy, msg.String())
		return "", ""
	}
}

// referee is a target with the tool that reads it, run in a namespace of its
// own. It prints what it understood.
type referee struct {
	target, script string
	tools          []string
	count          func(string) map[string]int
}

func referees() []referee {
	restore := func(target, tool, save string) referee {
		return referee{target, tool + " --noflush <$1 && " + save, []string{tool, save}, countSaved}
	}
	return []referee{
		{"nft", "nft -f $1 && nft -j list ruleset", []string{"nft"}, countObjects},
		{"json", "nft -j -f $1 && nft -j list ruleset", []string{"nft"}, countObjects},
		restore("iptables", "iptables-legacy-restore", "iptables-legacy-save"),
		restore("ip6tables", "ip6tables-legacy-restore", "ip6tables-legacy-save"),
		restore("iptables", "iptables-nft-restore", "iptables-nft-save"),
		restore("ip6tables", "ip6tables-nft-restore", "ip6tables-nft-save"),
	}
}

// countObjects counts what nft -j list ruleset shows, kind by kind.
func countObjects(listing string) map[string]int {
	var doc struct {
		Nftables []map[string]json.RawMessage `json:"nftables"`
	}
	n := map[string]int{}
	if err := json.Unmarshal([]byte(listing), &doc); err != nil {
		n[err.Error()]++
	}
	for _, o := range doc.Nftables {
		for kind := range o {
			n[kind]++
		}
	}
	return n
}

// countSaved counts the rules and chains of iptables-save.
func countSaved(listing string) map[string]int {
	n := map[string]int{}
	for line := range strings.Lines(listing) {
		switch {
		case strings.HasPrefix(line, "-A "):
			n["rule"]++
		case strings.HasPrefix(line, ":"):
			n["chain"]++
		case strings.HasPrefix(line, "*"):
			n["table"]++
		}
	}
	return n
}

// load runs the referee on a text.
func (r referee) load(t *testing.T, text string) map[string]int {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "ruleset")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", r.script, "sh", file)
	cmd.Env = append(os.Environ(), "XTABLES_LOCKFILE="+filepath.Join(dir, "lock"))
	var out, msg bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &msg
	namespace(cmd)
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s\n%s", r.script, err, msg.String(), numbered(text))
	}
	return r.count(out.String())
}

func numbered(text string) string {
	var b strings.Builder
	for i, line := range strings.Split(text, "\n") {
		fmt.Fprintf(&b, "%4d %s\n", i+1, line)
	}
	return b.String()
}

// namespace gives a command a network namespace of its own.
func namespace(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
}

// usable skips aloud where the referees can't work.
func usable(t testing.TB) []referee {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: needs root: in a user namespace no rule on users can be loaded")
	}
	cmd := exec.Command("true")
	namespace(cmd)
	if err := cmd.Run(); err != nil {
		t.Skipf("SKIPPED: network namespaces are not permitted here: %v", err)
	}
	var out []referee
	for _, r := range referees() {
		var missing error
		for _, tool := range r.tools {
			_, err := exec.LookPath(tool)
			missing = errors.Join(missing, err)
		}
		if missing != nil {
			t.Logf("SKIPPED for -t %s: %v", r.target, missing)
			continue
		}
		out = append(out, r)
	}
	if len(out) == 0 {
		t.Skip("SKIPPED: neither nft nor iptables is installed")
	}
	return out
}

// checkHostile: a name is refused with a diagnostic, or what is emitted loads
// and is the very same number of rules, chains and sets as under a harmless
// name. Returns the places where the name was accepted.
func checkHostile(t *testing.T, all []referee, harmless []map[string]int, name string) []place {
	t.Helper()
	var list []place
	dir := t.TempDir()
	path := filepath.Join(dir, "p.low")
	for p := range places {
		if p == inPath {
			continue
		}
		if _, no := compileHostile(t, "nft", path, hostilePolicy(name, map[place]bool{p: true})); no == "" {
			list = append(list, p)
		}
	}
	// The policy's own path stands in the comments.
	if file := filepath.Join(dir, name+".low"); filepath.Dir(file) == dir && os.WriteFile(file, nil, 0o600) == nil {
		path = file
		list = append(list, inPath)
	}
	// A zone wins over an interface of the same name, so these two apart.
	for _, group := range [][]place{{inZone, inNet, inPort, inProto, inService, inHost, inLogText, inPath}, {inIface}} {
		at := map[place]bool{}
		for _, p := range group {
			if slices.Contains(list, p) {
				at[p] = true
			}
		}
		if len(at) > 0 {
			loadHostile(t, all, harmless, name, path, hostilePolicy(name, at))
		}
	}
	return list
}

// loadHostile compiles to every target and loads what comes out.
func loadHostile(t *testing.T, all []referee, harmless []map[string]int, name, path, policy string) {
	t.Helper()
	for i, r := range all {
		text, no := compileHostile(t, r.target, path, policy)
		if no != "" {
			// Each place alone was fine for nft, so together they must be; another
			// target may have names of its own that it can't say.
			if r.target == "nft" || !strings.Contains(no, "cannot say the name") {
				t.Errorf("%q is refused for %s:\n%s", name, r.target, no)
			}
			continue
		}
		got := r.load(t, text)
		for kind, n := range harmless[i] {
			if got[kind] != n {
				t.Errorf("%q: %s has %d %ss, under a harmless name %d\n%s", name, r.target, got[kind], kind, n, numbered(text))
			}
		}
	}
}

// harmlessCounts is what the referees see under harmless names.
func harmlessCounts(t *testing.T, all []referee) []map[string]int {
	t.Helper()
	var out []map[string]int
	for _, r := range all {
		text, no := compileHostile(t, r.target, filepath.Join(t.TempDir(), "p.low"), hostilePolicy("", nil))
		if no != "" {
			t.Fatalf("the harmless policy is refused for %s:\n%s", r.target, no)
		}
		n := r.load(t, text)
		if n["rule"] < 10 {
			t.Fatalf("%s: only %v", r.script, n)
		}
		out = append(out, n)
	}
	return out
}

// Names that could break out of a target's syntax are refused or made harmless.
func TestHostileNames(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: hundreds of rulesets are too much for -short")
	}
	all := usable(t)
	harmless := harmlessCounts(t, all)
	accepted := 0
	for _, name := range hostileNames() {
		t.Run(fmt.Sprintf("%.40q", name), func(t *testing.T) {
			at := checkHostile(t, all, harmless, name)
			accepted += len(at)
			t.Logf("accepted as %v", at)
		})
	}
	if !t.Failed() && accepted < 100 {
		t.Errorf("only %d names were accepted anywhere: the test tests nothing", accepted)
	}
}

// FuzzHostileNames needs its time, for each name is loaded by six tools:
//
//	go test ./cmd/internal/cli -run '^$' -fuzz HostileNames -fuzztime 10m -fuzzminimizetime 1x
func FuzzHostileNames(f *testing.F) {
	// The table above runs as a test; these only show the fuzzer what matters.
	for _, name := range []string{"a", `"; flush ruleset; "`, "x\" -j ACCEPT\n", "drop", "*", strings.Repeat("ü", 32)} {
		f.Add(name)
	}
	all := usable(f)
	var harmless []map[string]int
	var once sync.Once
	f.Fuzz(func(t *testing.T, name string) {
		once.Do(func() { harmless = harmlessCounts(t, all) })
		if harmless == nil {
			t.Skip("SKIPPED: the harmless policy did not load")
		}
		checkHostile(t, all, harmless, name)
	})
}
