package cli

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/loward/loward/cmd/internal/textdiff"
	"github.com/loward/loward/dsl"
	"github.com/loward/loward/dsl/diag"
	"github.com/spf13/cobra"
)

type fmtFlags struct{ list, diff, write bool }

func fmtCommand(env Env) *cobra.Command {
	var f fmtFlags
	cmd := &cobra.Command{
		Use:   "fmt [-l] [-d] [-w] FILE…",
		Short: "Print policies in canonical form",
		Long: `Fmt prints policies in canonical form, with their comments where they stand.

With -l it lists the files whose form is not canonical, with -d it prints what
would change as a unified diff; both end with exit code 1 if there is such a file.
With -w it rewrites those files, each whole or not at all. The three go together.

A file that can't be parsed is reported, and then no file is printed or written.`,
		Example: `  loward fmt testdata/examples/router.low
  loward fmt -l -d testdata/examples/router.low testdata/examples/guard.low
  loward fmt -w testdata/examples/router.low`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return format(env, f, args)
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&f.list, "list", "l", false, "list files whose form is not canonical")
	flags.BoolVarP(&f.diff, "diff", "d", false, "print what would change")
	flags.BoolVarP(&f.write, "write", "w", false, "rewrite files in place")
	cmd.ValidArgsFunction = completePolicies
	return cmd
}

func format(env Env, f fmtFlags, paths []string) error {
	var (
		all       diag.List
		formatted = make([]file, len(paths))
		sources   = make([]*diag.File, len(paths))
		stdin     int
	)
	for _, path := range paths {
		if path == "-" {
			stdin++
		}
	}
	switch {
	case stdin > 0 && f.write:
		return usage("-w can't rewrite standard input")
	case stdin > 1:
		return usage("standard input can be read once only")
	}
	for i, path := range paths {
		src, l := readSource(env, path)
		if src != nil {
			text, mistakes := dsl.Format(src.Name, src.Data)
			l.All = append(l.All, mistakes...)
			formatted[i], sources[i] = file{path, text}, src
		}
		all.All = append(all.All, l.All...)
	}
	tell(env, &all)
	if all.Errors() > 0 {
		return silent(exitInput)
	}
	var out bytes.Buffer
	var changed []file
	for i, src := range sources {
		if !f.list && !f.diff && !f.write {
			out.Write(formatted[i].data)
		}
		if bytes.Equal(src.Data, formatted[i].data) {
			continue
		}
		changed = append(changed, formatted[i])
		if f.list {
			fmt.Fprintln(&out, src.Name)
		}
		if f.diff {
			name := diffName(src.Name)
			out.WriteString(textdiff.Unified(name, name, src.Data, formatted[i].data))
		}
	}
	if f.write {
		if err := writeFiles(changed...); err != nil {
			return err
		}
	}
	if err := printResult(env, out.Bytes()); err != nil {
		return err
	}
	if len(changed) > 0 && (f.list || f.diff) {
		return silent(exitFindings)
	}
	return nil
}

// diffName quotes a file name where it would break a diff's header, as git does.
func diffName(name string) string {
	if name == "-" {
		return "<stdin>"
	}
	if strings.ContainsAny(name, "\n\r\t\"\\") {
		return strconv.Quote(name)
	}
	return name
}
