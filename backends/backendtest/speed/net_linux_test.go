package speed

import (
	"bytes"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
)

// tool skips aloud where a tool is missing.
func tool(tb testing.TB, names ...string) {
	tb.Helper()
	for _, n := range names {
		if _, err := exec.LookPath(n); err != nil {
			tb.Skipf("SKIPPED: %s is not installed", n)
		}
	}
}

// isolate makes a command run in a new network namespace, and where we are not
// root in a new user namespace too.
func isolate(cmd *exec.Cmd) *exec.Cmd {
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	return cmd
}

// allowed skips aloud where namespaces are forbidden.
func allowed(tb testing.TB) {
	tb.Helper()
	if err := isolate(exec.Command("true")).Run(); err != nil {
		tb.Skipf("SKIPPED: network namespaces are not permitted here: %v", err)
	}
}

// node is a network namespace that lives as long as an OS thread of ours does.
type node struct {
	tid  int
	work chan func()
}

// newNode starts a thread in a new network namespace. It needs root: a thread of
// a process can't enter a user namespace alone.
func newNode(tb testing.TB) *node {
	tb.Helper()
	n := &node{work: make(chan func())}
	ready := make(chan error)
	go func() {
		// Never unlocked: the thread ends with the goroutine, the namespace with it.
		runtime.LockOSThread()
		err := syscall.Unshare(syscall.CLONE_NEWNET)
		n.tid = syscall.Gettid()
		ready <- err
		if err != nil {
			return
		}
		for f := range n.work {
			f()
		}
	}()
	if err := <-ready; err != nil {
		tb.Skipf("SKIPPED: needs root: %v", err)
	}
	tb.Cleanup(func() { close(n.work) })
	return n
}

// do runs f on the node's thread.
func (n *node) do(f func()) {
	done := make(chan struct{})
	n.work <- func() { defer close(done); f() }
	<-done
}

// run runs commands in the namespace.
func (n *node) run(tb testing.TB, argv ...[]string) {
	tb.Helper()
	for _, a := range argv {
		var out []byte
		var err error
		n.do(func() { out, err = exec.Command(a[0], a[1:]...).CombinedOutput() })
		if err != nil {
			tb.Fatalf("%q: %v\n%s", a, err, out)
		}
	}
}

// load loads a ruleset in the namespace.
func (n *node) load(tb testing.TB, text []byte) {
	tb.Helper()
	var out []byte
	var err error
	n.do(func() {
		cmd := exec.Command("nft", "-f", "-")
		cmd.Stdin = bytes.NewReader(text)
		out, err = cmd.CombinedOutput()
	})
	if err != nil {
		tb.Fatalf("nft -f: %v\n%s", err, out)
	}
}

// set writes a sysctl of the namespace.
func (n *node) set(tb testing.TB, key, value string) {
	tb.Helper()
	var err error
	// The kernel looks at the namespace of the thread that opens the file.
	n.do(func() { err = os.WriteFile("/proc/sys/net/"+key, []byte(value), 0) })
	if err != nil {
		tb.Fatal(err)
	}
}
