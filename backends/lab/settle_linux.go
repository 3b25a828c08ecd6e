package lab

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// settle waits until the kernel has taken up the IPv6 addresses of a node: ip(8)
// returns before they have their local routes, and what comes in until then is
// answered with "no route".
func (s *space) settle() error {
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		missing, err := "", error(nil)
		if doErr := s.do(func() error { missing, err = unsettled(); return err }); doErr != nil {
			return doErr
		}
		if missing == "" {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s: the address %s has no local route", s.name, missing)
		}
	}
}

// unsettled is an address of the calling thread's namespace without a local
// route; "" if there is none. The files are those of proc(5): addresses as 32
// hexadecimal digits, in if_inet6 first, in ipv6_route first with the length
// behind and the flags last but one.
func unsettled() (string, error) {
	addrs, err := os.ReadFile("/proc/thread-self/net/if_inet6")
	if err != nil {
		return "", err
	}
	routes, err := os.ReadFile("/proc/thread-self/net/ipv6_route")
	if err != nil {
		return "", err
	}
	const local = 0x80000000 // RTF_LOCAL
	have := map[string]bool{}
	for _, line := range strings.Split(string(routes), "\n") {
		w := strings.Fields(line)
		if len(w) < 10 || w[1] != "80" {
			continue
		}
		if flags, err := strconv.ParseUint(w[8], 16, 32); err == nil && flags&local != 0 {
			have[w[0]] = true
		}
	}
	for _, line := range strings.Split(string(addrs), "\n") {
		if w := strings.Fields(line); len(w) > 0 && !have[w[0]] {
			return w[0], nil
		}
	}
	return "", nil
}
