package shell

import (
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/loward/loward/backends/iptables"
	"github.com/loward/loward/backends/nft"
	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

// left is what a script leaves, as iptables-save and nft would print it, and what
// was said.
func left(t testing.TB, text string) string {
	t.Helper()
	var l diag.List
	rs := Read(diag.NewFile("s", []byte(text)), &l).Final
	var b strings.Builder
	for _, f := range []ruleset.Family{ruleset.IP, ruleset.IP6} {
		for _, tab := range rs.Tables {
			if tab.Dialect != ruleset.Iptables || tab.Family != f {
				continue
			}
			for _, c := range tab.Chains {
				for _, r := range c.Rules {
					one := &ruleset.Ruleset{Tables: []*ruleset.Table{{Dialect: ruleset.Iptables, Family: f, Name: tab.Name, Chains: []*ruleset.Chain{{Name: c.Name, Base: c.Base, Rules: []*ruleset.Rule{r}}}}}}
					out, _ := iptables.Save{Family: f}.Write(one)
					line := "?" // of which something is not known
					for l := range strings.Lines(string(out)) {
						if strings.HasPrefix(l, "-A") {
							line = strings.TrimSpace(l)
						}
					}
					if line == "?" {
						line = "? " + r.Origin.Text()
					}
					fmt.Fprintf(&b, "%s %s\n", tab.Name, line)
				}
			}
		}
	}
	for _, tab := range rs.Tables {
		if tab.Dialect == ruleset.Nft {
			out, _ := nft.Text{Plain: true}.Write(&ruleset.Ruleset{Tables: []*ruleset.Table{tab}})
			b.Write(out)
		}
	}
	l.Sort()
	for _, d := range l.All {
		fmt.Fprintf(&b, "%d: %s[%s]: %s\n", d.Span.Position().Line, d.Severity, d.Code, d.Message)
	}
	return b.String()
}

// What can't be known, what is not taken and what fails is said, and the rest is
// read. With -update the file is written anew.
func TestSaid(t *testing.T) {
	const file = "testdata/said.txt"
	var out strings.Builder
	for _, s := range sections(t, file) {
		script, want, _ := strings.Cut(s.text, "\n====\n")
		got := left(t, script+"\n")
		fmt.Fprintf(&out, "--- %s\n%s\n====\n%s", s.name, script, got)
		if strings.TrimSpace(want) != strings.TrimSpace(got) && !*update {
			t.Errorf("%s:\n%s\nwant\n%s", s.name, got, want)
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// The states on the way: one for each command, a restore is one step, and what is
// not taken is a step that is not applied.
func TestWalk(t *testing.T) {
	var l diag.List
	s := Read(diag.NewFile("s", []byte(`#!/bin/sh
iptables -P INPUT DROP
iptables -A INPUT -i lo -j ACCEPT
iptables-restore --noflush <<X
*filter
-A INPUT -p tcp --dport 1 -j ACCEPT
-A INPUT -p tcp --dport 2 -j ACCEPT
COMMIT
X
[ -n "$1" ] && iptables -P INPUT ACCEPT
f() { iptables -F; }
sysctl -w net.ipv4.ip_forward=1
iptables -A INPUT -j LOG
`)), &l)
	var got []string
	for step, state := range s.Walk() {
		rules, policy := 0, ""
		for _, tab := range state().Tables {
			if c := tab.Chain("INPUT"); c != nil {
				rules, policy = len(c.Rules), c.Base.Policy.String()
			}
		}
		got = append(got, fmt.Sprintf("%d %s %d %s rules=%v may=%v", step.At.Position().Line, policy, rules, strings.Fields(step.Command)[0], step.Rules(), step.May))
	}
	want := []string{
		"2 drop 0 iptables rules=true may=false",
		"3 drop 1 iptables rules=true may=false",
		"4 drop 3 iptables-restore rules=true may=false",
		"10 accept 3 iptables rules=true may=true",
		"12 accept 3 sysctl rules=false may=false",
		"13 accept 4 iptables rules=true may=false",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("steps\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	aside := 0
	for i := range s.Steps {
		if !s.Steps[i].Applied {
			aside++
		}
	}
	if aside != 1 { // the function that nobody calls
		t.Errorf("%d steps are not applied", aside)
	}
}

// Whatever would go on for ever, or grow without end, is stopped soon and said so.
func TestBounds(t *testing.T) {
	for name, script := range map[string]string{
		"while":      "while true; do iptables -A INPUT -j ACCEPT; done",
		"until":      "until false; do :; done",
		"for":        "for ((;;)); do :; done",
		"recursion":  "f() { f; }; f",
		"two":        "f() { g; }; g() { f; }; f",
		"fork bomb":  ":(){ :|:& };:",
		"braces":     "echo {1..99999999}",
		"braces 2":   "echo {1..999}{1..999}{1..999}",
		"doubling":   "a=aaaaaaaaaaaaaaaa; while true; do a=$a$a; done",
		"doubling 2": "a=aaaaaaaaaaaaaaaa; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do a=\"$a$a\"; done; iptables -N $a",
		"replacing":  "a=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; for i in 1 2 3 4 5 6 7 8; do a=${a//a/$a}; done",
		"seq":        "for i in $(seq 1 100000000); do iptables -A INPUT -j ACCEPT; done",
		"printf":     "printf '%999999999d' 1",
		"eval":       "f() { eval \"$1 $1\"; }; c='eval $c'; eval $c",
		"eval 2":     "x='eval \"$x\"'; eval \"$x\"",
		"nested":     strings.Repeat("if true; then ", 5000) + strings.Repeat("fi;", 5000),
		"nested 2":   strings.Repeat("(", 100000),
		"nested 3":   "echo " + strings.Repeat("$(", 10000),
		"nested 4":   "echo " + strings.Repeat("${a:-", 10000),
		"arith":      "echo $((9223372036854775807 + 1)) $((1 << 70)) $((1/0)) $((-9223372036854775808 / -1))",
		"loops":      strings.Repeat("for i in 1 2 3 4 5 6 7 8 9 10; do ", 12) + "iptables -A INPUT -j ACCEPT" + strings.Repeat("; done", 12),
		"pipe":       "yes | while read a; do iptables -A INPUT -j ACCEPT; done",
		"read":       "while read a; do :; done < /dev/zero",
		"chain":      "true" + strings.Repeat(" && true", 50000),
		"long":       strings.Repeat("iptables -A INPUT -p tcp --dport 22 -j ACCEPT\n", 20000),
		"array":      "a[99999999999]=1; iptables -N ${a[99999999999]}",
		"here":       "cat <<X | iptables-restore\n" + strings.Repeat("-A INPUT -j ACCEPT\n", 100000) + "X\n",
	} {
		t.Run(name, func(t *testing.T) {
			done := make(chan struct{})
			go func() {
				var l diag.List
				Read(diag.NewFile("s", []byte(script)), &l)
				close(done)
			}()
			select {
			case <-done:
			case <-time.After(30 * time.Second):
				t.Fatal("it goes on and on")
			}
		})
	}
}

// What a shell refuses we refuse, in the line that it names; bash and dash are
// asked with -n, which runs nothing.
func TestSyntax(t *testing.T) {
	for _, shell := range []string{"bash", "dash"} {
		if _, err := exec.LookPath(shell); err != nil {
			t.Skipf("SKIPPED: %s is not installed", shell)
		}
	}
	for _, c := range []string{
		"if true; then\niptables -F\n",
		"iptables -F\nfi\n",
		"for i in 1 2; do\niptables -F\n",
		"for i in 1 2\niptables -F\ndone\n",
		"case x in\na) iptables -F\nesac\n",
		"case x in\na) iptables -F ;;\n",
		"f() {\niptables -F\n",
		"iptables -F )\n",
		"( iptables -F\n",
		"iptables -A INPUT -m comment --comment \"x\niptables -F\n",
		"iptables -A INPUT -m comment --comment 'x\n",
		"iptables -F | | cat\n",
		"iptables -F &&\n",
		"&& iptables -F\n",
		"iptables -F;; \n",
		"while true\niptables -F\ndone\n",
		"while true; do\n",
		"done\n",
		"then\n",
		"}\n",
		"echo $(iptables\n",
		"echo ${x\n",
		"echo $((1+\n",
		"iptables -F <\n",
		"iptables -F\niptables -X\n",
		"a=(1 2)\n",
		"[[ a == b ]] && iptables -F\n",
		"cat <<X\nno end\n",
		"echo `iptables\n",
		"elif\n",
		"for in a; do :; done\n",
		"function f { iptables -F; }\n",
		"if true; then :; else\n",
		"{ iptables -F; \n",
	} {
		var l diag.List
		Read(diag.NewFile("s", []byte(c)), &l)
		path := filepath.Join(t.TempDir(), "s")
		if err := os.WriteFile(path, []byte(c), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("bash", "-n", path).CombinedOutput()
		if refused := err != nil; refused != (syntaxErrors(&l) > 0) {
			t.Errorf("%q: bash refuses: %v, we: %d errors (%s)", c, refused, syntaxErrors(&l), strings.TrimSpace(string(out)))
		}
	}
}

func syntaxErrors(l *diag.List) int {
	n := 0
	for _, d := range l.All {
		if d.Severity == diag.Error && d.Code == ruleset.CodeSyntax {
			n++
		}
	}
	return n
}

// The package can neither run a program nor open a file: it knows of nothing that
// could.
func TestHarmless(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, im := range f.Imports {
			switch p, _ := strconv.Unquote(im.Path.Value); p {
			case "os", "os/exec", "os/user", "net", "net/http", "syscall", "golang.org/x/sys/unix", "mvdan.cc/sh/v3/interp", "io/ioutil", "plugin":
				t.Errorf("%s imports %s", name, p)
			}
		}
	}
}

// Whatever the script, reading it ends, and says the same each time.
func FuzzRead(f *testing.F) {
	for _, file := range []string{"testdata/real.txt", "testdata/said.txt"} {
		for _, s := range sections(f, file) {
			script, _, _ := strings.Cut(s.text, "\n====\n")
			f.Add([]byte(script))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<14 {
			return
		}
		read := func() string {
			var l diag.List
			s := Read(diag.NewFile("s", data), &l)
			model, _ := nft.JSON{Model: true}.Write(s.Final)
			asked := 0
			for _, state := range s.Walk() {
				if asked++; asked < 50 { // each builds all that there is so far
					state()
				}
			}
			var b strings.Builder
			b.Write(model)
			for _, d := range l.All {
				fmt.Fprintf(&b, "%d %d %s\n", d.Span.Start, d.Span.End, d.Message)
			}
			return b.String()
		}
		if a, b := read(), read(); a != b {
			t.Fatalf("not the same twice:\n%s\n%s", a, b)
		}
	})
}
