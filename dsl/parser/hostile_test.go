package parser_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/loward/loward/dsl/diag"
	"github.com/loward/loward/dsl/parser"
)

// size of the hostile texts: large enough that anything quadratic takes
// minutes, small enough for every run of the tests.
const hostileSize = 1 << 20

func fill(piece string) []byte {
	return []byte(strings.Repeat(piece, hostileSize/len(piece)))
}

// TestHostile reads texts made to hurt: each must come back, with a bounded
// number of diagnostics. The time is only noted: a second is a hundred
// times what the worst of them needs.
func TestHostile(t *testing.T) {
	for name, src := range map[string][]byte{
		"open braces":          fill("{"),
		"nested blocks":        fill("service a {"),
		"nested blocks, lines": fill("host a {\n"),
		"close braces":         fill("}"),
		"nested sets":          append([]byte("inbound { allow tcp "), fill("{ ")...),
		"one word":             append([]byte("zone a = "), fill("x")...),
		"one string":           append([]byte("zone a = \""), fill("x\\\\")...),
		"open strings":         fill("\"\n"),
		"escapes":              append([]byte("zone a = \""), fill("\\n")...),
		"one comment":          append([]byte("#"), fill("#")...),
		"one line":             append([]byte("zone a = b; "), fill("net c = d, e; ")...),
		"one list":             append([]byte("net a = b"), fill(", 10.0.0.1")...),
		"list over lines":      append([]byte("net a = b"), fill(",\nlocal")...),
		"list behind a line":   append(append(fill("net c = d; "), "net a = b"...), fill(",\nlocal")...),
		"commas":               append([]byte("net a = "), fill(",")...),
		"comments in a list":   append([]byte("net a = b,"), fill("#\n")...),
		"traffic":              append([]byte("proto a = tcp"), fill(" 1, udp")...),
		"clauses":              append([]byte("inbound { allow dns"), fill(" on a")...),
		"limits":               append([]byte("inbound { allow dns"), fill(" limit 1/day")...),
		"misplaced":            append([]byte("service a {\n"), fill("zone a = b\n")...),
		"indented misplaced":   append([]byte("  service a {\n"), fill("  zone a = b\n")...),
		"phrases":              fill("expect accept tcp from any to a\n"),
		"one phrase":           append([]byte("expect "), fill("a ")...),
		"one list in a phrase": append([]byte("host a { masquerade on a"), fill(", b")...),
		"newlines":             fill("\n"),
		"carriage returns":     fill("\r"),
		"semicolons":           fill(";"),
		"blanks":               fill(" "),
		"blank lines of dots":  fill("  \t.\n"),
		"no UTF-8":             fill("\xff\xfe "),
		"zeros later":          append(bytes.Repeat([]byte("#\n"), 5000), fill("\x00 ")...),
		"indents":              append([]byte("host a {"), fill("          }\n")...),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			var l diag.List
			if tree := parser.Parse(diag.NewFile("t", src), &l); tree == nil {
				t.Fatal("no tree")
			}
			if len(l.All) > parser.MaxErrors+1 {
				t.Errorf("%d diagnostics", len(l.All))
			}
			if d := time.Since(start); d > time.Second {
				t.Logf("%s for %d MiB", d, len(src)>>20)
			}
		})
	}
}

func TestTooLarge(t *testing.T) {
	var l diag.List
	parser.Parse(diag.NewFile("t", make([]byte, parser.MaxFileSize+1)), &l)
	if len(l.All) != 1 || l.All[0].Code != "LW008" || !strings.Contains(l.All[0].Message, "64 MiB") {
		t.Errorf("%+v", l.All)
	}
}

func TestLargeFileIsRead(t *testing.T) {
	if testing.Short() {
		t.Skip("50 MB")
	}
	src := bytes.Repeat([]byte("zone lan = eth0, eth1, eth2 # an ordinary line of a policy\n"), 50_000_000/59)
	var l diag.List
	tree := parser.Parse(diag.NewFile("t", src), &l)
	if len(l.All) > 0 || len(tree.Body.Stmts) != 50_000_000/59 {
		t.Errorf("%d statements, %d mistakes", len(tree.Body.Stmts), len(l.All))
	}
}
