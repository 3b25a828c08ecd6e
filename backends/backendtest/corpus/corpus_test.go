package corpus

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/loward/loward/backends/kind"
	"github.com/loward/loward/compiler/ruleset"
)

// small is a collection of our own.
func small(t *testing.T) *Corpus {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"iptables/good":                    "*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n-A INPUT -m conntrack --ctstate NEW -j DROP\nCOMMIT\n",
		"iptables/bad":                     "*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp --dprot 22 -j ACCEPT\nCOMMIT\n",
		"shell/none":                       "",
		"VALID.tsv":                        "file\ttool\trc\tfirst_error\niptables/good\tiptables-restore\t0\t\niptables/bad\tiptables-restore\t2\tunknown option\n",
		"upstream/iptables-extensions/a.t": "",
		"upstream/iptables-extensions/libxt_tcp.t": ":INPUT\n# a comment\n-p tcp -m tcp --dport 22;=;OK\n-p tcp -m tcp --dport 1:;-p tcp -m tcp --dport 1:65535;OK\n" +
			"-p tcp -m tcp --dport 70000;;FAIL\n-p tcp -m tcp --dport 5;-p tcp -m tcp --dport 6;OK\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "shell/none")); err != nil {
		t.Fatal(err)
	}
	c, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestReading(t *testing.T) {
	ctx := context.Background()
	all := small(t).Reading(ctx)
	if len(all) != 2 {
		t.Fatalf("%d files", len(all))
	}
	good, bad := all[0], all[1]
	if good.Kind != kind.Iptables || !good.Valid || good.Rules != 2 || good.Clear != 2 || len(good.Errors) != 0 {
		t.Errorf("%+v", good)
	}
	if bad.Valid || len(bad.Errors) != 1 || bad.Errors[0] != 3 || bad.Machine {
		t.Errorf("%+v", bad)
	}
	if Able(ctx) == nil && (bad.Line != 3 || !bad.OnLine()) {
		t.Errorf("the tool names line %d", bad.Line)
	}
}

func TestRoundTrip(t *testing.T) {
	ctx := context.Background()
	if err := Able(ctx); err != nil {
		t.Skip("SKIPPED: ", err)
	}
	trips := small(t).RoundTrip(ctx)
	if len(trips) != 2 {
		t.Fatalf("%d trips", len(trips))
	}
	for _, trip := range trips {
		if !trip.Loadable || trip.Why != "" {
			t.Errorf("%+v", trip)
		}
	}
}

// A difference is seen, and what counters and handles say is none.
func TestSame(t *testing.T) {
	for _, c := range []struct {
		same func(a, b string) string
		a, b string
		want bool
	}{
		{sameSaved, ":INPUT DROP [1:2]\n# a\n-A INPUT\n", ":INPUT DROP [0:0]\n-A INPUT\n", true},
		{sameSaved, ":INPUT DROP [1:2]\n", ":INPUT ACCEPT [1:2]\n", false},
		{sameSaved, "-A INPUT\n", "", false},
		{sameListed, `{"nftables":[{"rule":{"handle":3,"expr":[{"counter":{"packets":1,"bytes":2}}]}}]}`, `{"nftables":[{"rule":{"handle":4,"expr":[{"counter":{"packets":0,"bytes":0}}]}}]}`, true},
		{sameListed, `{"nftables":[{"set":{"elem":[1,2]}}]}`, `{"nftables":[{"set":{"elem":[2,1]}}]}`, true},
		{sameListed, `{"nftables":[{"set":{"elem":[1,2]}}]}`, `{"nftables":[{"set":{"elem":[1]}}]}`, false},
		{sameListed, `{"nftables":[{"x":{"bytes":1}}]}`, `{"nftables":[{"x":{"bytes":2}}]}`, false},
	} {
		if why := c.same(c.a, c.b); (why == "") != c.want {
			t.Errorf("%s and %s: %q", c.a, c.b, why)
		}
	}
}

func TestIptablesVectors(t *testing.T) {
	all, err := small(t).IptablesVectors()
	if err != nil {
		t.Fatal(err)
	}
	// Each of the four lines for both families; the last one's output is not ours.
	if len(all) != 8 {
		t.Fatalf("%d vectors", len(all))
	}
	for _, v := range all {
		if (v.Why == "") != (v.Line != 6) || v.Family != ruleset.IP && v.Family != ruleset.IP6 {
			t.Errorf("%+v", v)
		}
	}
}

func TestPyFile(t *testing.T) {
	p := &pyFile{chains: map[string]string{}}
	for _, line := range []string{":input;type filter hook input priority 0", "*ip;t;input", "*ip6;t;input", "- known not to work;ok"} {
		if v := p.line(line); v != nil {
			t.Errorf("%q: %v", line, v)
		}
	}
	if v := p.line("tcp dport 22;ok"); len(v) != 2 {
		t.Errorf("%v", v)
	}
	if got, want := p.text(&p.tables[0], "input", "accept"), "table ip t {\n\tchain input { type filter hook input priority 0; }\n}\nadd rule ip t input accept\n"; got != want {
		t.Errorf("%q", got)
	}
	if got := setText("s", "type ipv4_addr : ipv4_addr;flags interval"); got != "map s { type ipv4_addr : ipv4_addr;flags interval; }" {
		t.Error(got)
	}
	if got := objectText("c", "type ct helper { type \"ftp\" protocol tcp; }"); got != "ct helper c { type \"ftp\" protocol tcp; }" {
		t.Error(got)
	}
}
