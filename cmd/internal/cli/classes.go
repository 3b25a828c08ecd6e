package cli

import (
	"bytes"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/loward/loward/compiler/policy"
	"github.com/spf13/cobra"
)

func classesCommand(env Env) *cobra.Command {
	return &cobra.Command{
		Use:   "classes",
		Short: "Print the table of built-in traffic classes",
		Long: `Classes prints what each built-in traffic class stands for. A policy may use
them wherever a class can stand, next to those that it declares with proto, and
may not redefine them.`,
		Example: "  loward classes",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return printResult(env, classTable(policy.Classes()))
		},
	}
}

func classTable(classes []policy.Class) []byte {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CLASS\tTRAFFIC\tNOTE")
	for _, c := range classes {
		var traffic []string
		for _, t := range c.Traffic {
			traffic = append(traffic, trafficText(t))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", c.Name, strings.Join(traffic, ", "), c.Note)
	}
	w.Flush() // into memory: can't fail
	var out bytes.Buffer
	for line := range bytes.Lines(b.Bytes()) {
		out.Write(bytes.TrimRight(line, " \n"))
		out.WriteByte('\n')
	}
	return out.Bytes()
}

// trafficText is the class in the language's own words.
func trafficText(t policy.Traffic) string {
	switch {
	case t.Any:
		return "any"
	case t.Proto == policy.TCP:
		return "tcp" + portText(t.Ports)
	case t.Proto == policy.UDP:
		return "udp" + portText(t.Ports)
	case t.Proto == policy.SCTP:
		return "sctp" + portText(t.Ports)
	case t.Proto == policy.ICMP:
		return "icmp" + portText(t.Types)
	case t.Proto == policy.ICMPv6:
		return "icmpv6" + portText(t.Types)
	case t.Proto == policy.GRE:
		return "gre"
	case t.Proto == policy.ESP:
		return "esp"
	case t.Proto == policy.AH:
		return "ah"
	}
	return fmt.Sprintf("proto %d", t.Proto)
}

func portText(ranges []policy.PortRange) string {
	var b strings.Builder
	for i, r := range ranges {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, " %d", r.Lo)
		if r.Hi != r.Lo {
			fmt.Fprintf(&b, "-%d", r.Hi)
		}
	}
	return b.String()
}
