package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// forAll builds the command in a folder that every user can read.
func forAll(t *testing.T) (tool, dir string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "loward-kernel-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	tool = filepath.Join(dir, "loward")
	if out, err := exec.Command("go", "build", "-o", tool, "github.com/loward/loward/cmd/loward").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return tool, dir
}

// needKernel skips aloud where test --kernel can't work.
func needKernel(t *testing.T) {
	t.Helper()
	for _, tool := range []string{"nft", "ip"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIPPED, NOTHING WAS ASKED OF THE KERNEL: %v", err)
		}
	}
	if out, err := exec.Command("unshare", "-Urn", "true").CombinedOutput(); err != nil {
		t.Skipf("SKIPPED, NOTHING WAS ASKED OF THE KERNEL: no user namespace can be made here: %v: %s", err, out)
	}
}

// Without any privilege the examples hold in the kernel too, those about users
// included.
func TestKernelUnprivileged(t *testing.T) {
	needKernel(t)
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: the scripts of test-kernel have shown it already")
	}
	tool, dir := forAll(t)
	if err := os.CopyFS(filepath.Join(dir, "examples"), os.DirFS("../../../testdata/examples")); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "examples", "*.low"))
	if err != nil || len(files) < 10 {
		t.Fatalf("%d examples: %v", len(files), err)
	}
	cmd := exec.Command(tool, append([]string{"test", "--kernel"}, files...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), " as in the model, 0 otherwise, 0 not tried") {
		t.Errorf("%v\n%s", err, out)
	}
}

// Where a limit on namespaces forbids it, it says so with code 3.
func TestKernelForbidden(t *testing.T) {
	needKernel(t)
	tool, dir := forAll(t)
	policy := filepath.Join(dir, "p.low")
	if err := os.WriteFile(policy, []byte("expect accept tcp from self to 127.0.0.1:80\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("unshare", "-Ur", "sh", "-c", `echo 0 >/proc/sys/user/max_net_namespaces && exec "$@"`, "sh", tool, "test", "--kernel", policy)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitRefused || stdout.Len() > 0 || !strings.Contains(stderr.String(), "namespaces") {
		t.Errorf("%v\n%s%s", err, stdout.String(), stderr.String())
	}
}

// However it ends, nothing stays behind: the process in the namespaces, the tool that
// it runs, and with them the namespaces.
func TestKernelKilled(t *testing.T) {
	needKernel(t)
	tool, dir := forAll(t)
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	policy := write("p.low", "expect accept tcp from self to 127.0.0.1:80\n")
	write("bin/nft", "#!/bin/sh\necho $$ $PPID >"+dir+"/new && mv "+dir+"/new "+dir+"/pids && exec sleep 60\n")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, tool, "test", "--kernel", policy)
	cmd.Env = append(os.Environ(), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pids []string
	within(t, "the tool was not started", func() bool {
		text, err := os.ReadFile(filepath.Join(dir, "pids"))
		pids = strings.Fields(string(text))
		return err == nil
	})
	if len(pids) != 2 || pids[1] == strconv.Itoa(cmd.Process.Pid) {
		t.Fatalf("processes %v, started by %d", pids, cmd.Process.Pid)
	}
	before, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		if there, err := os.Readlink("/proc/" + pid + "/ns/net"); err != nil || there == before {
			t.Errorf("process %s is in namespace %s, as we are in %s: %v", pid, there, before, err)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for _, pid := range pids {
		within(t, "process "+pid+" lives on", func() bool { return gone(pid) })
	}
}

// gone says whether a process has ended; one that nobody has waited for yet counts.
func gone(pid string) bool {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	_, rest, _ := strings.Cut(string(stat), ") ")
	return err != nil || strings.HasPrefix(rest, "Z") || strings.HasPrefix(rest, "X")
}

func within(t *testing.T, failure string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(failure)
		}
	}
}
