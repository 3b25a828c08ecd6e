// Gendocs writes the manual of loward's commands out of the commands themselves:
// Markdown for docs/cli, man pages for packages; and a page for each check of lint.
//
//	go run ./cmd/internal/gendocs -markdown docs/cli
//	go run ./cmd/internal/gendocs -checks docs/checks
//	go run ./cmd/internal/gendocs -man /usr/local/share/man/man1
//
// It is a program of its own so that loward need not carry what it takes.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/loward/loward/cmd/internal/cli"
	"github.com/loward/loward/lint"
	"github.com/spf13/cobra/doc"
)

func main() {
	markdown := flag.String("markdown", "", "write Markdown pages to this directory")
	man := flag.String("man", "", "write man pages (section 1) to this directory")
	checks := flag.String("checks", "", "write a page for each check of lint to this directory")
	flag.Parse()
	err := generate(*markdown, *man)
	if err == nil && *checks != "" {
		err = generateChecks(*checks)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gendocs:", err)
		os.Exit(3)
	}
}

// generateChecks writes a page for each check, and a list of them.
func generateChecks(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	list := "# Checks\n\nWhat `loward lint` looks for.\n\n| code | name | what it finds |\n| --- | --- | --- |\n"
	for _, c := range lint.Checks() {
		list += fmt.Sprintf("| [%s](%s.md) | %s | %s |\n", c.Code, c.Code, c.Name, c.Title)
		page := fmt.Sprintf("# %s %s\n\n%s.\n\n%s\n", c.Code, c.Name, c.Title, c.Doc)
		if err := os.WriteFile(filepath.Join(dir, c.Code+".md"), []byte(page), 0o666); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "README.md"), []byte(list), 0o666)
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
