package cli

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"loward": func() { os.Exit(Main(System(), os.Args[1:])) },
	})
}

// The command line end to end, each script in a directory and processes of its
// own. Beside testscript's commands there are
//
//	exits CODE COMMAND…    runs a command that must end with that exit code
//	bytes FILE COUNT TEXT  writes a file of COUNT times TEXT (Go's escapes)
//
// the conditions [netns], that network namespaces can be made by unshare -n, and
// [kernel], that test --kernel has what it takes, and
// $EXAMPLES, the directory of the examples.
func TestScripts(t *testing.T) {
	examples, err := filepath.Abs("../../../testdata/examples")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "../../../testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("EXAMPLES", examples)
			return nil
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "netns":
				return exec.Command("unshare", "-n", "true").Run() == nil, nil
			case "kernel":
				return kernelTests(), nil
			}
			return false, fmt.Errorf("there is no condition %q", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": cmdExits,
			"bytes": cmdBytes,
		},
	})
}

// kernelTests says whether test --kernel has what it takes.
func kernelTests() bool {
	_, nft := exec.LookPath("nft")
	_, ip := exec.LookPath("ip")
	return nft == nil && ip == nil && (exec.Command("unshare", "-n", "true").Run() == nil || exec.Command("unshare", "-Urn", "true").Run() == nil)
}

func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func cmdBytes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: bytes FILE COUNT TEXT")
	}
	count, err := strconv.Atoi(args[1])
	ts.Check(err)
	text, err := strconv.Unquote(`"` + args[2] + `"`)
	ts.Check(err)
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	w := bufio.NewWriter(f)
	for range count {
		w.WriteString(text) // the error stays in w
	}
	ts.Check(w.Flush())
	ts.Check(f.Close())
}
