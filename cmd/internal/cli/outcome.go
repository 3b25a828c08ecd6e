package cli

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/loward/loward/compiler/path"
)

// outcomeCode is the exit code: a failure counts before what is not known.
func outcomeCode(all []*outcome) int {
	code := exitDone
	for _, o := range all {
		switch m, k := o.model(), o.judged(); {
		case k.disputed(), k.fails(o.want), m.r.Works() != path.Undecided && m.r.Works() != o.want:
			return exitFindings
		case m.r.Works() == path.Undecided, k.untried():
			code = exitUndecided
		}
	}
	return code
}

func outcomeText(all []*outcome, kernel bool) []byte {
	var b bytes.Buffer
	failed, undecided, disputed, untried := 0, 0, 0, 0
	for _, o := range all {
		m, k := o.model(), o.judged()
		got := m.r.Works()
		if got == o.want && !k.disputed() && !k.untried() {
			continue
		}
		fmt.Fprintf(&b, "%s: %s\n", o.e.Span.FileLine(), oneLine(o.e.Span.Text()))
		if k.disputed() {
			disputed++
			if k.kernel.Astray {
				fmt.Fprintf(&b, "  the kernel contradicts the model: it does not end at %s (%s)\n", k.r.Packet.Dst, k.kernel.Seen)
			} else {
				fmt.Fprintf(&b, "  the kernel contradicts the model: it is %s, not %s%s\n", k.kernel.Verdict, k.r.Works(), inBrackets(k.kernel.Seen))
			}
			if k != m || got == o.want {
				tellOf(&b, o, k)
			}
		}
		if k.untried() {
			untried++
			fmt.Fprintf(&b, "  not tried in the kernel: %s\n", k.kernel.Untried)
		}
		switch {
		case got == o.want:
			continue
		case got == path.Undecided:
			undecided++
		default:
			failed++
		}
		fmt.Fprintf(&b, "  it is %s\n", verdictText(m.r))
		if got == path.Undecided && k.tried() {
			fmt.Fprintf(&b, "  in the kernel it is %s%s\n", k.kernel.Verdict, inBrackets(k.kernel.Seen))
		}
		tellOf(&b, o, m)
	}
	fmt.Fprintf(&b, "%d expectations: %d hold, %d do not, %d can't be decided\n", len(all), len(all)-failed-undecided, failed, undecided)
	if kernel {
		fmt.Fprintf(&b, "in the kernel: %d as in the model, %d otherwise, %d not tried\n", len(all)-disputed-untried, disputed, untried)
	}
	return b.Bytes()
}

func inBrackets(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

// tellOf an attempt's journey.
func tellOf(b *bytes.Buffer, o *outcome, a *attempt) {
	fmt.Fprintf(b, "  %s\n", packetText(a.r))
	journey(b, a.r, "    ")
	if o.want == path.Accept {
		replies(b, a.r, "  ")
	}
}

// outcomeJSON is an object for each expectation, one a line. What was got is what the
// kernel did, where it was asked.
func outcomeJSON(all []*outcome, kernel bool) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for _, o := range all {
		at, m, k := o.e.Span.Position(), o.model(), o.judged()
		line := struct {
			File   string `json:"file"`
			Line   int    `json:"line"`
			Expect string `json:"expect"`
			Got    string `json:"got"`
			Model  string `json:"model"`
			Kernel string `json:"kernel,omitempty"`
			Reason string `json:"reason,omitempty"`
		}{File: o.e.Span.File.Name, Line: at.Line, Expect: o.want.String(), Got: m.r.Works().String(), Model: m.r.Works().String()}
		switch {
		case !kernel:
		case k.untried():
			line.Kernel, line.Reason = "untried", k.kernel.Untried
		default:
			line.Kernel = k.kernel.Verdict.String()
			if k.kernel.Astray {
				line.Kernel = "astray" // it arrived, but at another machine than in the model
			}
			line.Got = line.Kernel
			if k.disputed() {
				line.Model, line.Reason = k.r.Works().String(), k.kernel.Seen
			}
		}
		_ = e.Encode(line) // into memory, of plain data: can't fail
	}
	return b.Bytes()
}
