package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/loward/loward/backends/backendtest/corpus"
	"github.com/loward/loward/backends/kind"
	"github.com/loward/loward/compiler/ruleset"
)

// printer prints the tables.
type printer struct {
	out io.Writer
	all bool
}

// few is how many exceptions of one kind are listed unless all are asked for.
const few = 12

func (p *printer) head(title string) { fmt.Fprintf(p.out, "\n== %s\n", title) }

func (p *printer) table(rows [][]string) {
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintln(w, strings.TrimRight(strings.Join(r, "\t"), "\t"))
	}
	w.Flush()
}

func (p *printer) list(title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(p.out, "\n%s (%d):\n", title, len(lines))
	for i, l := range lines {
		if i == few && !p.all {
			fmt.Fprintf(p.out, "  and %d more; -all lists them\n", len(lines)-few)
			break
		}
		fmt.Fprintln(p.out, "  "+short(l))
	}
}

func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 220 {
		s = string(r[:217]) + "..."
	}
	return s
}

func percent(part, whole int) string {
	if whole == 0 {
		return "-"
	}
	// Rounded down: 100.0 % means all.
	return fmt.Sprintf("%.1f %%", float64(part*1000/whole)/10)
}

// reading is the first table.
func (p *printer) reading(all []*corpus.Reading) {
	p.head("Reading: files that the tools were asked about, and scripts")
	rows := [][]string{{"kind", "files", "valid", "read", "rules", "clear", "", "refused by the file's fault", "error on the line", "by the machine's", "no error there"}}
	var unread, opaque, line, scripts []string
	sum := make([]int, 9)
	for _, k := range append(kind.Kinds(), kind.Unknown) {
		n := make([]int, 9)
		for _, r := range all {
			if r.Kind != k {
				continue
			}
			good := r.Err == nil && len(r.Errors) == 0
			n[0]++
			switch {
			case !r.Judged || r.Valid:
				n[1]++
				n[3] += r.Rules
				n[4] += r.Clear
				for _, text := range r.Opaque {
					opaque = append(opaque, r.Path+": "+text)
				}
				switch {
				case good:
					n[2]++
				case r.Judged:
					unread = append(unread, fmt.Sprintf("%s (%s): %v%s", r.Path, r.Kind, errText(r.Err), r.First))
				default:
					scripts = append(scripts, fmt.Sprintf("%s: %v%s", r.Path, errText(r.Err), r.First))
				}
			case r.Machine:
				n[7]++
				if !r.OnLine() {
					n[8]++
				} else {
					line = append(line, fmt.Sprintf("%s (%s): line %d, %s: an error all the same: %s", r.Path, r.Kind, r.Line, r.Complaint, r.First))
				}
			default:
				n[5]++
				if r.OnLine() {
					n[6]++
				} else {
					line = append(line, fmt.Sprintf("%s (%s): line %d, %s: errors on lines %v %s", r.Path, r.Kind, r.Line, r.Complaint, r.Errors, r.First))
				}
			}
		}
		if n[0] == 0 {
			continue
		}
		for i := range sum {
			sum[i] += n[i]
		}
		rows = append(rows, readingRow(k.String(), n))
	}
	p.table(append(rows, readingRow("all", sum)))
	p.list("Valid files with an error", unread)
	p.list("Scripts with an error", scripts)
	p.list("Rules with something that is not understood", opaque)
	p.list("Refused files with no error on the line, or with one although it is the machine's fault", line)
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func readingRow(name string, n []int) []string {
	d := func(i int) string { return fmt.Sprint(n[i]) }
	return []string{name, d(0), d(1), d(2), d(3), d(4), percent(n[4], n[3]), d(5), d(6), d(7), d(8)}
}

// trips is the second table.
func (p *printer) trips(all []*corpus.Trip) {
	p.head("Round trip judged by the kernel: the original, and what is written after reading it")
	rows := [][]string{{"way", "files", "loadable", "equal", ""}}
	var bad, unloadable []string
	for _, w := range corpus.Ways() {
		files, loadable, equal := 0, 0, 0
		for _, t := range all {
			if t.Way != w.Name {
				continue
			}
			files++
			switch {
			case !t.Loadable:
				unloadable = append(unloadable, w.Name+": "+t.Path)
			case t.Why == "":
				loadable++
				equal++
			default:
				loadable++
				bad = append(bad, w.Name+": "+t.Path+": "+t.Why)
			}
		}
		rows = append(rows, []string{w.Name, fmt.Sprint(files), fmt.Sprint(loadable), fmt.Sprint(equal), percent(equal, loadable)})
	}
	p.table(rows)
	p.list("Not equal", bad)
	p.list("Valid, and not loadable here", unloadable)
}

// vectors is the third table, in two halves.
func (p *printer) vectors(c *corpus.Corpus) error {
	ipt, err := c.IptablesVectors()
	if err != nil {
		return err
	}
	nft, err := c.NftVectors()
	if err != nil {
		return err
	}
	p.vectorTable("iptables' extension tests: each line in each chain and family that it is for", ipt)
	p.vectorTable("nftables' tests: each line in each table and chain that it is for", nft)
	return nil
}

func (p *printer) vectorTable(title string, all []corpus.Vector) {
	p.head(title)
	families := []ruleset.Family{ruleset.IP, ruleset.IP6, ruleset.Inet, ruleset.ARP, ruleset.Bridge, ruleset.Netdev}
	var files []string
	for _, v := range all {
		if !slices.Contains(files, v.File) {
			files = append(files, v.File)
		}
	}
	rows := [][]string{{"file", "lines", "as upstream says", ""}}
	count := func(keep func(corpus.Vector) bool) (n, good int) {
		for _, v := range all {
			if keep(v) {
				n++
				if v.Why == "" {
					good++
				}
			}
		}
		return n, good
	}
	row := func(name string, n, good int) {
		rows = append(rows, []string{name, fmt.Sprint(n), fmt.Sprint(good), percent(good, n)})
	}
	for _, f := range files {
		n, good := count(func(v corpus.Vector) bool { return v.File == f })
		row(f, n, good)
	}
	for _, f := range families {
		if n, good := count(func(v corpus.Vector) bool { return v.Family == f }); n > 0 {
			row("family "+f.String(), n, good)
		}
	}
	n, good := count(func(corpus.Vector) bool { return true })
	row("all", n, good)
	p.table(rows)
	var rest []string
	for _, v := range all {
		if l := fmt.Sprintf("%s:%d %s: %s: %s", v.File, v.Line, v.Family, v.Text, v.Why); v.Why != "" && !slices.Contains(rest, l) {
			rest = append(rest, l)
		}
	}
	p.list("Otherwise than upstream says", rest)
}

func (p *printer) labels(all []corpus.Label) {
	fmt.Fprintln(p.out, "\n== Packets of a host to itself: what a kernel did, and what the model says")
	files := map[string]bool{}
	same, either, other := 0, 0, 0
	for i := range all {
		l := &all[i]
		files[l.File] = true
		switch {
		case !l.Agrees():
			other++
		case l.Decided():
			same++
		default:
			either++
		}
	}
	fmt.Fprintf(p.out, "rulesets  packets  as the kernel  undecided  otherwise\n%-8d  %-7d  %-13d  %-9d  %d\n", len(files), len(all), same, either, other)
	for i := range all {
		if l := &all[i]; !l.Agrees() {
			fmt.Fprintf(p.out, "  %s: %s: the kernel %s, the model %v\n", l.File, l.Packet, l.Kernel, l.Model)
		}
	}
}
