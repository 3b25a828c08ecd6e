package lab

import (
	"bufio"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// OtherUsers says whether a thread can become another user here: in a user
// namespace made by unshare -Ur there is only one, the kernel refuses iptables
// rules that name others, and probes by users are skipped.
func OtherUsers() bool {
	f, err := os.Open("/proc/self/uid_map")
	if err != nil {
		return false
	}
	defer f.Close()
	const nobody = 65534
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var inside, outside, count uint64
		if _, err := fmt.Sscan(lines.Text(), &inside, &outside, &count); err == nil && inside <= nobody && nobody < inside+count {
			return true
		}
	}
	return false
}

func fsCredentials(uid, gid int) error {
	// setfsuid and setfsgid say nothing about success; a second call with an
	// impossible id returns what holds now.
	unix.RawSyscall(unix.SYS_SETFSGID, uintptr(gid), 0, 0)
	unix.RawSyscall(unix.SYS_SETFSUID, uintptr(uid), 0, 0)
	g, _, _ := unix.RawSyscall(unix.SYS_SETFSGID, ^uintptr(0), 0, 0)
	u, _, _ := unix.RawSyscall(unix.SYS_SETFSUID, ^uintptr(0), 0, 0)
	if int(g) != gid || int(u) != uid {
		return fmt.Errorf("%w: uid %d gid %d", errNoCredentials, uid, gid)
	}
	return nil
}

func realCredentials(uid, gid int, groups []int) error {
	ids := make([]uint32, len(groups)+1)
	for i, g := range groups {
		ids[i] = uint32(g)
	}
	if _, _, e := unix.RawSyscall(unix.SYS_SETGROUPS, uintptr(len(groups)), uintptr(unsafe.Pointer(&ids[0])), 0); e != 0 {
		return fmt.Errorf("%w: setgroups: %w", errNoCredentials, e)
	}
	if _, _, e := unix.RawSyscall(unix.SYS_SETRESGID, uintptr(gid), uintptr(gid), uintptr(gid)); e != 0 {
		return fmt.Errorf("%w: setresgid: %w", errNoCredentials, e)
	}
	if _, _, e := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(uid), uintptr(uid), uintptr(uid)); e != 0 {
		return fmt.Errorf("%w: setresuid: %w", errNoCredentials, e)
	}
	return nil
}
