package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const pages = "../../../docs/cli"

// docs/cli is what the commands say now.
func TestPagesAreCurrent(t *testing.T) {
	dir := t.TempDir()
	if err := generate(dir, ""); err != nil {
		t.Fatal(err)
	}
	want, have := tree(t, dir), tree(t, pages)
	const remedy = "run: go run ./cmd/internal/gendocs -markdown docs/cli"
	for name, text := range want {
		if have[name] != text {
			t.Errorf("docs/cli/%s is out of date; %s", name, remedy)
		}
	}
	for name := range have {
		if _, ok := want[name]; !ok {
			t.Errorf("docs/cli/%s belongs to no command; remove it", name)
		}
	}
	if len(want) < 4 {
		t.Errorf("only %d pages", len(want))
	}
}

// docs/checks is what the checks say now.
func TestChecksAreCurrent(t *testing.T) {
	dir := t.TempDir()
	if err := generateChecks(dir); err != nil {
		t.Fatal(err)
	}
	want, have := tree(t, dir), tree(t, "../../../docs/checks")
	for name, text := range want {
		if have[name] != text {
			t.Errorf("docs/checks/%s is out of date; run: go run ./cmd/internal/gendocs -checks docs/checks", name)
		}
	}
	if len(have) != len(want) {
		t.Errorf("%d pages, want %d", len(have), len(want))
	}
}

func TestManPages(t *testing.T) {
	dir := t.TempDir()
	if err := generate("", dir); err != nil {
		t.Fatal(err)
	}
	page := tree(t, dir)["loward-compile.1"]
	for _, want := range []string{".TH", "loward-compile", "--reload", "EXAMPLE"} {
		if !strings.Contains(page, want) && !strings.Contains(page, strings.ReplaceAll(want, "-", `\-`)) {
			t.Errorf("the man page of compile has no %q", want)
		}
	}
}

func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name()] = string(data)
	}
	return out
}
