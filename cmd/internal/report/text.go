package report

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/loward/loward/dsl/diag"
)

// Options of the rendering as text.
type Options struct {
	// Color marks severities and carets with terminal escapes.
	Color bool
	// NoSummary leaves the last line out.
	NoSummary bool
}

// Text writes the diagnostics in the order given, and a line that counts them
// where there are any. An error is one of writing.
func Text(w io.Writer, list []*diag.Diagnostic, o Options) error {
	b := bufio.NewWriter(w)
	for _, d := range list {
		one(b, d, o)
	}
	if s := Summary(list); s != "" && !o.NoSummary {
		b.WriteString(s + "\n")
	}
	return b.Flush()
}

// Summary counts: "2 errors, 1 warning"; "" for none.
func Summary(list []*diag.Diagnostic) string {
	var counts [3]int
	for _, d := range list {
		counts[d.Severity]++
	}
	var parts []string
	for s, n := range counts {
		if n == 0 {
			continue
		}
		part := strconv.Itoa(n) + " " + diag.Severity(s).String()
		if n > 1 {
			part += "s"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

// one diagnostic.
func one(b *bufio.Writer, d *diag.Diagnostic, o Options) {
	c := colors{o.Color}
	if !d.Span.IsZero() {
		b.WriteString(c.bold(visible(d.Span.String())+":") + " ")
	}
	head := d.Severity.String()
	if d.Code != "" {
		head += "[" + d.Code + "]"
	}
	b.WriteString(c.severity(d.Severity, head+":") + " " + c.bold(visible(d.Message)) + "\n")
	margin := "  "
	if !d.Span.IsZero() && len(d.Span.File.Data) > 0 { // else it could not be read
		margin = source(b, d.Span, d.Severity, c)
	}
	if d.Help != "" {
		help := strings.ReplaceAll(visible(d.Help), "\n", "\n"+margin+"         ")
		fmt.Fprintf(b, "%s%s help: %s\n", margin, c.frame("="), help)
	}
	for _, r := range d.Related {
		at := ""
		if !r.Span.IsZero() {
			at = visible(r.Span.String()) + ": "
		}
		fmt.Fprintf(b, "%s%s note: %s%s\n", margin, c.frame("="), at, visible(r.Message))
	}
}

// source writes the line of a span with a mark under it - of a span of several
// lines the first - and returns the margin for what follows.
func source(b *bufio.Writer, s diag.Span, sev diag.Severity, c colors) (margin string) {
	p := s.Position()
	text, start := s.File.Line(p.Line)
	number := strconv.Itoa(p.Line)
	from := min(s.Start-start, len(text))
	to := min(max(s.End-start, from), len(text))
	line, before, marked := excerpt(text, from, to)
	blank := strings.Repeat(" ", len(number)+1)
	fmt.Fprintf(b, " %s %s %s\n", number, c.frame("|"), line)
	fmt.Fprintf(b, " %s%s %s%s\n", blank, c.frame("|"), strings.Repeat(" ", before),
		c.severity(sev, strings.Repeat("^", max(marked, 1))))
	return " " + blank
}

// maxColumns is the width that a source line is cut to, around its mark.
const maxColumns = 110

// excerpt renders a line, tabs as four blanks, and says in columns how far in
// the bytes from..to begin and how wide they are. A long line is cut.
func excerpt(text string, from, to int) (line string, before, marked int) {
	// Only what can be seen is looked at: a line can have megabytes.
	lead, tail := 0, len(text)
	if from > 4*maxColumns {
		lead = boundary(text, from-4*maxColumns)
	}
	if tail > to && tail-to > 4*maxColumns {
		tail = boundary(text, to+4*maxColumns)
	}
	if to-from > 4*maxColumns {
		to = boundary(text, from+4*maxColumns)
		tail = to
	}
	head, mid, rest := expand(text[lead:from]), expand(text[from:to]), expand(text[to:tail])
	cutHead, cutRest := lead > 0, tail < len(text)

	if len(mid) > maxColumns {
		mid, rest, cutRest = mid[:maxColumns], nil, true
	}
	room := maxColumns - len(mid)
	if len(head)+len(rest) > room {
		keep := max(room/2, room-len(rest))
		if len(head) > keep {
			head, cutHead = head[len(head)-keep:], true
		}
		if left := room - len(head); len(rest) > left {
			rest, cutRest = rest[:left], true
		}
	}
	before, marked = width(head), width(mid)
	line = string(head) + string(mid) + string(rest)
	if cutHead {
		line, before = "…"+line, before+1
	}
	if cutRest {
		line += "…"
	}
	return strings.TrimRight(line, " "), before, marked
}

// boundary moves an offset back to the start of a character.
func boundary(s string, i int) int {
	for i > 0 && i < len(s) && !utf8.RuneStart(s[i]) {
		i--
	}
	return i
}

// expand makes a text printable.
func expand(s string) []rune {
	return []rune(visible(strings.ReplaceAll(s, "\t", "    ")))
}

// width of a text in columns: wide characters of East Asia take two, and marks
// that combine with the character before them none.
func width(text []rune) int {
	n := 0
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r):
		case wide(r):
			n += 2
		default:
			n++
		}
	}
	return n
}

func wide(r rune) bool {
	return r >= 0x1100 && r <= 0x115f || r >= 0x2e80 && r <= 0x303e || r >= 0x3041 && r <= 0xa4cf ||
		r >= 0xac00 && r <= 0xd7a3 || r >= 0xf900 && r <= 0xfaff || r >= 0xfe30 && r <= 0xfe6f ||
		r >= 0xff00 && r <= 0xff60 || r >= 0xffe0 && r <= 0xffe6 || r >= 0x1f300 && r <= 0x1faff ||
		r >= 0x20000 && r <= 0x3fffd
}

// visible shows what could steer a terminal, or hide in it, as code points.
func visible(s string) string {
	plain := true
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' && c != '\n' || c >= 0x7f {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, "<%02X>", s[i])
		case r == '\n':
			b.WriteByte('\n')
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			fmt.Fprintf(&b, "<U+%04X>", r)
		default:
			b.WriteRune(r)
		}
		i += n
	}
	return b.String()
}

// colors of a terminal, or none.
type colors struct{ on bool }

func (c colors) paint(code, s string) string {
	if !c.on {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (c colors) bold(s string) string  { return c.paint("1", s) }
func (c colors) frame(s string) string { return c.paint("34", s) }

func (c colors) severity(sev diag.Severity, s string) string {
	return c.paint([...]string{"1;31", "1;33", "1;36"}[sev], s)
}
