//go:build unix

package speed

import (
	"os"
	"runtime"
	"syscall"
)

// maxResident is the greatest resident size of a process that has ended, in bytes.
func maxResident(s *os.ProcessState) int64 {
	u, ok := s.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return int64(u.Maxrss)
	}
	return int64(u.Maxrss) * 1024
}
