package textdiff

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sergi/go-diff/diffmatchpatch"
)

const (
	// context is the number of unchanged lines around a change, as diff -u
	// shows them.
	context = 3
	// patience is how long the search for common lines may go on. Only a large
	// text whose lines were shuffled takes more than a moment; what is then
	// printed is still a right diff, but not the shortest one.
	patience = 20 * time.Second
	// maxDistinct is the number of different lines that go-diff can number: it
	// spends one code point on each.
	maxDistinct = 1 << 20
)

// Unified is the unified diff that turns old into new, with three lines of
// context, or "" where the two are equal.
func Unified(oldName, newName string, old, new []byte) string {
	if bytes.Equal(old, new) {
		return ""
	}
	a, b := splitLines(string(old)), splitLines(string(new))
	var out strings.Builder
	out.WriteString("--- " + oldName + "\n+++ " + newName + "\n")
	for _, h := range hunks(edits(a, b)) {
		h.write(&out, a, b)
	}
	return out.String()
}

// splitLines keeps the newline of each line, so that a last line without one
// differs from the same line with it.
func splitLines(s string) []string {
	lines := strings.SplitAfter(s, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// edit replaces the lines a0..a1 of the old text by b0..b1 of the new one.
type edit struct{ a0, a1, b0, b1 int }

// edits lists what changes, in order. Lines that stand on one side only can't
// be part of any common subsequence, so they are taken out before the search:
// a text whose every line was reindented costs no more than reading it.
func edits(a, b []string) []edit {
	pre := 0
	for pre < len(a) && pre < len(b) && a[pre] == b[pre] {
		pre++
	}
	post := 0
	for post < len(a)-pre && post < len(b)-pre && a[len(a)-1-post] == b[len(b)-1-post] {
		post++
	}
	ma, mb := a[pre:len(a)-post], b[pre:len(b)-post]
	keepA, keepB := shared(ma, mb)
	pairs := common(pick(ma, keepA), pick(mb, keepB))

	var out []edit
	i, j := pre, pre
	flush := func(x, y int) {
		if i < x || j < y {
			out = append(out, edit{i, x, j, y})
		}
		i, j = x+1, y+1
	}
	for _, p := range pairs {
		flush(pre+keepA[p[0]], pre+keepB[p[1]])
	}
	flush(len(a)-post, len(b)-post)
	return out
}

// shared gives the indices of the lines that occur on both sides.
func shared(a, b []string) (ia, ib []int) {
	const inA, inB = 1, 2
	side := make(map[string]uint8, len(a))
	for _, s := range a {
		side[s] |= inA
	}
	for _, s := range b {
		side[s] |= inB
	}
	for i, s := range a {
		if side[s] == inA|inB {
			ia = append(ia, i)
		}
	}
	for i, s := range b {
		if side[s] == inA|inB {
			ib = append(ib, i)
		}
	}
	return ia, ib
}

func pick(lines []string, index []int) []string {
	out := make([]string, len(index))
	for i, n := range index {
		out[i] = lines[n]
	}
	return out
}

// common pairs the indices of a longest common subsequence.
func common(a, b []string) [][2]int {
	distinct := make(map[string]struct{})
	for _, s := range a {
		distinct[s] = struct{}{}
	}
	if len(a) == 0 || len(b) == 0 || len(distinct) >= maxDistinct {
		return nil
	}
	dmp := diffmatchpatch.New()
	dmp.DiffTimeout = patience
	// A last line without its newline would be glued to nothing, but go-diff
	// numbers whole lines either way.
	ra, rb, _ := dmp.DiffLinesToRunes(strings.Join(a, ""), strings.Join(b, ""))
	var pairs [][2]int
	i, j := 0, 0
	for _, d := range dmp.DiffMainRunes(ra, rb, false) {
		n := len([]rune(d.Text))
		switch d.Type {
		case diffmatchpatch.DiffEqual:
			for k := range n {
				pairs = append(pairs, [2]int{i + k, j + k})
			}
			i, j = i+n, j+n
		case diffmatchpatch.DiffDelete:
			i += n
		case diffmatchpatch.DiffInsert:
			j += n
		}
	}
	return pairs
}

// hunk is a run of edits whose contexts touch.
type hunk struct{ edits []edit }

func hunks(es []edit) []hunk {
	var out []hunk
	for _, e := range es {
		if n := len(out); n > 0 {
			last := &out[n-1]
			if e.a0-last.edits[len(last.edits)-1].a1 <= 2*context {
				last.edits = append(last.edits, e)
				continue
			}
		}
		out = append(out, hunk{[]edit{e}})
	}
	return out
}

func (h hunk) write(out *strings.Builder, a, b []string) {
	first, last := h.edits[0], h.edits[len(h.edits)-1]
	lead := min(context, first.a0)
	trail := min(context, len(a)-last.a1)
	out.WriteString("@@ -" + side(first.a0-lead, last.a1+trail) + " +" + side(first.b0-lead, last.b1+trail) + " @@\n")
	line(out, ' ', a[first.a0-lead:first.a0])
	for i, e := range h.edits {
		line(out, '-', a[e.a0:e.a1])
		line(out, '+', b[e.b0:e.b1])
		if i+1 < len(h.edits) {
			line(out, ' ', a[e.a1:h.edits[i+1].a0])
		}
	}
	line(out, ' ', a[last.a1:last.a1+trail])
}

// side is "line,count" as diff -u writes it: the count is left out where it is
// one, and an empty range names the line before it.
func side(from, to int) string {
	switch n := to - from; n {
	case 0:
		return strconv.Itoa(from) + ",0"
	case 1:
		return strconv.Itoa(from + 1)
	default:
		return strconv.Itoa(from+1) + "," + strconv.Itoa(n)
	}
}

func line(out *strings.Builder, mark byte, lines []string) {
	for s := range slices.Values(lines) {
		out.WriteByte(mark)
		out.WriteString(s)
		if !strings.HasSuffix(s, "\n") {
			out.WriteString("\n\\ No newline at end of file\n")
		}
	}
}
