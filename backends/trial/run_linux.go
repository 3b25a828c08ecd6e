package trial

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/loward/loward/backends/lab"
	"golang.org/x/sys/unix"
)

// program is the name by which it starts itself, whatever its file is called; started
// is set then in its environment.
const (
	program = "loward"
	started = "LOWARD_TRIAL"
)

// most is how long it all may take.
const most = 5 * time.Minute

// Run tries all cases and returns an answer for each, in order. An error means that
// the kernel or a tool refused; nothing has happened then.
func Run(ctx context.Context, cases []Case) ([]Answer, error) {
	known := map[int]Answer{}
	alone := os.Geteuid() != 0 || !lab.OtherUsers()
	jobs, err := layouts(cases, alone, known)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	for len(jobs) > 0 {
		whose := jobs[0].user
		theirs, rest := split(jobs, func(j job) bool { return j.user == whose })
		jobs = rest
		who := account{}
		if whose != "" {
			if who, err = lookup(whose); err != nil {
				for _, j := range theirs {
					for n := range j.Model {
						known[n] = Answer{Untried: err.Error()}
					}
				}
				continue
			}
		}
		if err := ask(ctx, who, theirs, known); err != nil {
			return nil, err
		}
	}
	answers := make([]Answer, len(cases))
	for i := range cases {
		a, answered := known[i]
		if !answered {
			return nil, fmt.Errorf("packet %d got no answer from the process in the namespaces", i+1)
		}
		answers[i] = a
	}
	return answers, nil
}

// account of a user; the zero value is root's.
type account struct{ uid, gid int }

func lookup(name string) (account, error) {
	if id, err := strconv.Atoi(name); err == nil {
		return account{id, noGroup}, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return account{}, err
	}
	uid, err := strconv.Atoi(u.Uid)
	return account{uid, noGroup}, err
}

// split a list into those that are meant, and the rest.
func split(all []job, meant func(job) bool) (yes, no []job) {
	for _, j := range all {
		if meant(j) {
			yes = append(yes, j)
		} else {
			no = append(no, j)
		}
	}
	return yes, no
}

// ask the process in the namespaces.
func ask(ctx context.Context, who account, jobs []job, known map[int]Answer) error {
	outside, err := namespaces()
	if err != nil {
		return err
	}
	input, err := json.Marshal(order{outside, jobs})
	if err != nil {
		return err
	}
	out, err := start(ctx, input, who, false)
	if errors.Is(err, syscall.EPERM) && os.Geteuid() == 0 {
		out, err = start(ctx, input, who, true) // root without the rights of root
	}
	var r reply
	if jsonErr := json.Unmarshal(out, &r); jsonErr == nil && r.Error != "" {
		return errors.New(r.Error)
	}
	if err != nil {
		return err
	}
	for n, a := range r.Answers {
		known[n] = a
	}
	return nil
}

// start this program once more, in namespaces of its own. It ends with us, however
// we end, and the namespaces end with it.
// Where it has a user namespace its one user there is who is asked for: to the rules
// of that namespace all that it sends is theirs.
func start(ctx context.Context, input []byte, who account, always bool) ([]byte, error) {
	if os.Getenv(started) != "" {
		return nil, errors.New("a process that was started for the namespaces starts no others")
	}
	cmd := exec.CommandContext(ctx, "/proc/self/exe", Command)
	cmd.Args[0] = program
	cmd.Env = append(os.Environ(), started+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if uid, gid := os.Geteuid(), os.Getegid(); uid != 0 || always || who != (account{}) {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: who.uid, HostID: uid, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: who.gid, HostID: gid, Size: 1}}
		// Others than root would lose these when they start a program.
		cmd.SysProcAttr.AmbientCaps = []uintptr{unix.CAP_NET_ADMIN, unix.CAP_NET_RAW, unix.CAP_NET_BIND_SERVICE, unix.CAP_SYS_ADMIN}
	}
	var out, said bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &said
	// The kernel counts the thread that started it as the parent.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return out.Bytes(), nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("trying the packets took too long: %w", ctx.Err())
	case errors.As(err, &exit):
		return out.Bytes(), fmt.Errorf("the process in the namespaces: %w\n%s", err, strings.TrimSpace(said.String()))
	}
	return nil, fmt.Errorf("no namespaces can be made here to try packets in: %w (it takes root, or a kernel that permits unprivileged user namespaces)", err)
}

// namespaces that are not to be touched: that of this process, and of the first one
// where it can be seen.
func namespaces() ([]uint64, error) {
	own, err := inode("/proc/self/ns/net")
	if err != nil {
		return nil, err
	}
	out := []uint64{own}
	if first, err := inode("/proc/1/ns/net"); err == nil && first != own {
		out = append(out, first)
	}
	return out, nil
}

func inode(path string) (uint64, error) {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return st.Ino, nil
}
