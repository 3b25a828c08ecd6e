// Corpus measures how well loward reads and writes rulesets of others, and prints
// tables: what is read of a collection of files, what the kernel makes of them after
// they have been read and written again, how the test vectors of iptables and
// nftables are read, and whether a packet's journey is the one that a kernel saw.
// See docs/foreign.md.
//
//	go run ./cmd/internal/corpus [-shared DIR] [-only reading,kernel,vectors,labels] [-all]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"github.com/loward/loward/backends/backendtest/corpus"
)

func main() {
	shared := flag.String("shared", "../shared/corpus", "the folder of the collection")
	only := flag.String("only", "reading,kernel,vectors,labels", "the tables to print")
	all := flag.Bool("all", false, "list every exception, not the first few of each kind")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	c, err := corpus.Load(*shared)
	if err != nil {
		fmt.Fprintln(os.Stderr, "corpus:", err)
		os.Exit(2)
	}
	p := &printer{out: os.Stdout, all: *all}
	for _, table := range strings.Split(*only, ",") {
		switch table {
		case "reading":
			p.reading(c.Reading(ctx))
		case "kernel":
			if err := corpus.Able(ctx); err != nil {
				fmt.Println("SKIPPED: the kernel can't be asked here:", err)
				continue
			}
			p.trips(c.RoundTrip(ctx))
		case "vectors":
			if err = p.vectors(c); err != nil {
				fmt.Fprintln(os.Stderr, "corpus:", err)
				os.Exit(2)
			}
		case "labels":
			labels, err := c.Labels()
			if err != nil {
				fmt.Fprintln(os.Stderr, "corpus:", err)
				os.Exit(2)
			}
			p.labels(labels)
		default:
			fmt.Fprintf(os.Stderr, "corpus: there is no table %q\n", table)
			os.Exit(2)
		}
	}
}
