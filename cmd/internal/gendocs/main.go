// Gendocs writes the manual of loward's commands out of the commands themselves:
// Markdown for docs/cli, man pages for packages.
//
//	go run ./cmd/internal/gendocs -markdown docs/cli
//	go run ./cmd/internal/gendocs -man /usr/local/share/man/man1
//
// It is a program of its own so that loward need not carry what it takes.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/loward/loward/cmd/internal/cli"
	"github.com/spf13/cobra/doc"
)

func main() {
	markdown := flag.String("markdown", "", "write Markdown pages to this directory")
	man := flag.String("man", "", "write man pages (section 1) to this directory")
	flag.Parse()
	if err := generate(*markdown, *man); err != nil {
		fmt.Fprintln(os.Stderr, "gendocs:", err)
		os.Exit(3)
	}
}

// generate writes pages to the directories that are named, making them if need
// be. The same commands give the same bytes.
func generate(markdown, man string) error {
	root := cli.Root(cli.Env{Stdin: os.Stdin, Stdout: io.Discard, Stderr: io.Discard})
	// The version is that of whoever builds, and would make every page differ.
	root.Version = ""
	if markdown != "" {
		if err := os.MkdirAll(markdown, 0o777); err != nil {
			return err
		}
		if err := doc.GenMarkdownTree(root, markdown); err != nil {
			return err
		}
	}
	if man != "" {
		if err := os.MkdirAll(man, 0o777); err != nil {
			return err
		}
		// A fixed date: a page changes when its text does.
		epoch := time.Unix(0, 0).UTC()
		header := &doc.GenManHeader{Title: "LOWARD", Section: "1", Source: "loward", Manual: "loward", Date: &epoch}
		return doc.GenManTree(root, header, man)
	}
	return nil
}
