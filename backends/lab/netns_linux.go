package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// space is a network namespace without a name: it lives as long as this process
// holds it open, so nothing is left behind however the process ends. Whoever
// wants to look inside while it lives: nsenter --net=/proc/PID/fd/FD.
type space struct {
	name  string
	file  *os.File
	inode uint64
	// forbidden are the namespaces in which nothing may be loaded.
	forbidden map[uint64]bool
	jobs      chan func()
	done      chan struct{}
}

// hostInodes are the namespaces in which nothing may be loaded: that of the
// calling thread, which has not left its process's yet (the process's own
// would be that of its first thread, wherever that is by now), and that of
// process 1 where it can be seen.
func hostInodes() (map[uint64]bool, error) {
	own, err := inodeOf("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	out := map[uint64]bool{own: true}
	if first, err := inodeOf("/proc/1/ns/net"); err == nil {
		out[first] = true
	}
	return out, nil
}

func inodeOf(path string) (uint64, error) {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return st.Ino, nil
}

// Available says whether namespaces can be made here: nil, or the reason why
// not.
func Available() error {
	s, err := newSpace("try")
	if err != nil {
		return err
	}
	s.close()
	return nil
}

// newSpace makes a namespace and the thread that works in it.
func newSpace(name string) (*space, error) {
	s := &space{name: name, jobs: make(chan func()), done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		defer close(s.done)
		// Never unlocked: the thread is of no use to others and ends with the
		// goroutine.
		runtime.LockOSThread()
		var err error
		if s.forbidden, err = hostInodes(); err != nil {
			started <- err
			return
		}
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			started <- fmt.Errorf("a network namespace can't be made: %w (root, or unshare -Urn, is needed)", err)
			return
		}
		f, err := os.Open("/proc/thread-self/ns/net")
		if err != nil {
			started <- err
			return
		}
		if s.inode, err = inodeOf("/proc/thread-self/ns/net"); err == nil && s.forbidden[s.inode] {
			err = errors.New("the new namespace is the one of the host")
		}
		s.file = f
		started <- err
		if err != nil {
			return
		}
		for job := range s.jobs {
			job()
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return s, nil
}

// do runs f on the namespace's thread. Sockets that f makes stay in the
// namespace; f must not block for long.
func (s *space) do(f func() error) error {
	result := make(chan error, 1)
	s.jobs <- func() { result <- f() }
	return <-result
}

// as runs f on a thread of its own in the namespace, after become has changed
// the thread's credentials; the thread is thrown away.
func (s *space) as(become, f func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if err := unix.Setns(int(s.file.Fd()), unix.CLONE_NEWNET); err != nil {
			result <- err
			return
		}
		if err := become(); err != nil {
			result <- err
			return
		}
		result <- f()
	}()
	return <-result
}

// path by which another process can open the namespace.
func (s *space) path() string {
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), s.file.Fd())
}

func (s *space) close() {
	close(s.jobs)
	<-s.done
	s.file.Close()
}

// ours proves, on the namespace's thread, that what follows happens in the
// namespace that was made and in no other.
func (s *space) ours() error {
	now, err := inodeOf("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	if now != s.inode || s.forbidden[now] {
		return fmt.Errorf("%s: this thread is in namespace %d, not in %d", s.name, now, s.inode)
	}
	return nil
}

// toolTime bounds every tool that is run.
const toolTime = 60 * time.Second

// run starts a tool in the namespace, gives it input, and returns its standard
// output. The error holds what it said on standard error.
func (s *space) run(ctx context.Context, env []string, input string, argv ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, toolTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), env...)
	// It must not outlive us. The thread that starts it lives as long as the namespace.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Stdin = strings.NewReader(input)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	// A child inherits the namespace of the thread that forks it.
	err := s.do(func() error {
		if err := s.ours(); err != nil {
			return err
		}
		return cmd.Start()
	})
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		return stdout.String(), fmt.Errorf("%s in %s: %w: %s", strings.Join(argv, " "), s.name, err, strings.TrimSpace(stderr.String())+culprit(stderr.String(), input))
	}
	return stdout.String(), nil
}

// culprit is the line of a batch at which ip says it has stopped, or "".
func culprit(said, input string) string {
	_, after, _ := strings.Cut(said, "Command failed -:")
	n, lines := 0, strings.Split(input, "\n")
	if _, err := fmt.Sscan(after, &n); err != nil || n < 1 || n > len(lines) {
		return ""
	}
	return ": " + lines[n-1]
}
