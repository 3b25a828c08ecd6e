package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/loward/loward/compiler/change"
	"github.com/loward/loward/compiler/fate"
	"github.com/loward/loward/compiler/path"
)

const (
	// maxPrinted classes are printed as text, maxListed as JSON.
	maxPrinted = 20
	maxListed  = 200
	// maxClasses are made of each family, way and kind of connection.
	maxClasses = 200
)

// difference between two inputs.
type difference struct {
	old, new       *input
	text           string // of lines
	asked          []pair
	answers        []*change.Answer
	added, removed []string // hosts
	said           []string
	classes        []*classOf // those that are shown
	more           int        // those that are not
	complete       bool       // these are all
	open           []string
}

// classOf packets, at a host.
type classOf struct {
	host string
	*change.Class
	*change.Witness
}

// compare all pairs.
func (d *difference) compare(json bool) {
	most := maxPrinted
	if json {
		most = maxListed
	}
	d.complete = true
	for i := range d.asked {
		p := &d.asked[i]
		a := change.Compare(p.question)
		d.answers = append(d.answers, a)
		d.complete = d.complete && a.Complete
		for _, o := range a.Open {
			d.open = append(d.open, strings.TrimPrefix(p.host+": "+o, ": "))
		}
		for _, c := range a.Classes {
			if len(d.classes) >= most {
				d.more++
				continue
			}
			w := p.question.Send(c)
			if w.Wrong {
				// The model of one packet and that of all disagree: nothing is claimed.
				c.Certain = false
				d.open = append(d.open, fmt.Sprintf("%s: one packet of it (%s) fares otherwise than all of them; this is a mistake of loward's, please report it", c, c.Phrase()))
			}
			d.classes = append(d.classes, &classOf{p.host, c, w})
		}
	}
}

// code of the exit.
func (d *difference) code() int {
	code := exitDone
	if len(d.open) > 0 {
		code = exitUndecided
	}
	for _, a := range d.answers {
		if a.Certain() {
			return exitFindings
		}
		if len(a.Classes) > 0 {
			code = exitUndecided
		}
	}
	if d.text != "" || len(d.added)+len(d.removed) > 0 {
		return exitFindings
	}
	return code
}

func (d *difference) asText() []byte {
	var b bytes.Buffer
	b.WriteString(d.text)
	gap := func() {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
	}
	for _, h := range d.removed {
		fmt.Fprintf(&b, "host %s is gone\n", h)
	}
	for _, h := range d.added {
		fmt.Fprintf(&b, "host %s is new\n", h)
	}
	for _, c := range d.classes {
		gap()
		if c.host != "" && len(d.asked)+len(d.added)+len(d.removed) > 1 {
			fmt.Fprintf(&b, "%s: ", c.host)
		}
		fmt.Fprintf(&b, "%s\n", c.Class)
		fmt.Fprintf(&b, "  %s\n", c.Phrase())
		side(&b, "old", c.Witness.Old, c.Witness.New)
		side(&b, "new", c.Witness.New, c.Witness.Old)
	}
	if d.more > 0 {
		gap()
		least := ""
		if !d.complete {
			least = "at least "
		}
		fmt.Fprintf(&b, "and %s%d more classes of packets (--format json lists %d)\n", least, d.more, maxListed)
	}
	for _, o := range d.open {
		gap()
		fmt.Fprintf(&b, "undecided: %s\n", o)
	}
	if d.text != "" && len(d.asked) > 0 && len(d.classes)+len(d.open) == 0 {
		gap()
		b.WriteString("no packet fares otherwise\n")
	}
	return b.Bytes()
}

// side of a difference: what decides there.
func side(b *bytes.Buffer, name string, r, other *path.Result) {
	leg, step := change.Decider(r, other)
	switch {
	case r.Why != "":
		fmt.Fprintf(b, "  %s: %s\n", name, r.Why)
	case leg == nil:
		fmt.Fprintf(b, "  %s: no rule decides\n", name)
	default:
		fmt.Fprintf(b, "  %s: %s, %s %s%s: %s\n", name, leg.Hook, step.Table.Name, step.Chain.Name, ruleText(*step), step.Did)
	}
}

type diffJSON struct {
	Equal     bool         `json:"equal"`
	Packets   []packetJSON `json:"packets"`
	More      int          `json:"more,omitempty"`
	Complete  bool         `json:"complete"`
	Added     []string     `json:"hostsAdded,omitempty"`
	Removed   []string     `json:"hostsRemoved,omitempty"`
	Undecided []string     `json:"undecided,omitempty"`
	Text      string       `json:"text"`
}

type packetJSON struct {
	Host    string `json:"host,omitempty"`
	Which   string `json:"class"`
	Change  string `json:"change"`
	Certain bool   `json:"certain"`
	Phrase  string `json:"phrase"`
	Old     string `json:"old"`
	New     string `json:"new"`
	At      struct {
		Old *stepOf `json:"old,omitempty"`
		New *stepOf `json:"new,omitempty"`
	} `json:"at"`
}

// asJSON is one object.
func (d *difference) asJSON() []byte {
	out := diffJSON{
		Equal: d.code() == exitDone, Packets: []packetJSON{}, More: d.more, Complete: d.complete,
		Added: d.added, Removed: d.removed, Undecided: d.open, Text: d.text,
	}
	for _, c := range d.classes {
		p := packetJSON{
			Host: c.host, Which: c.Which(), Change: c.Change(), Certain: c.Certain, Phrase: c.Phrase(),
			Old: verdictOf(c.Class.Old), New: verdictOf(c.Class.New),
		}
		p.At.Old, p.At.New = stepAt(c.Witness.Old, c.Witness.New), stepAt(c.Witness.New, c.Witness.Old)
		out.Packets = append(out.Packets, p)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(out) // into memory, of plain data: can't fail
	return b.Bytes()
}

func verdictOf(list []fate.Fate) string { return change.Verdict(list).String() }

func stepAt(r, other *path.Result) *stepOf {
	leg, s := change.Decider(r, other)
	if leg == nil {
		return nil
	}
	return stepObject(leg, *s)
}
