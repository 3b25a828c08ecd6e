package lab

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/user"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// socket is a non-blocking socket in a namespace, watched by Go's poller.
type socket struct {
	file *os.File
	six  bool
}

// open makes a socket on the calling thread, so in its namespace and with its
// credentials.
func open(six bool, kind, proto int) (*socket, error) {
	family := unix.AF_INET
	if six {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, proto)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	if six {
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1); err != nil && kind != unix.SOCK_RAW {
			unix.Close(fd)
			return nil, err
		}
	}
	return &socket{os.NewFile(uintptr(fd), "socket"), six}, nil
}

func (s *socket) Close() error { return s.file.Close() }

func (s *socket) deadline(t time.Time) { _ = s.file.SetDeadline(t) }

// control runs f with the descriptor.
func (s *socket) control(f func(fd int) error) error {
	raw, err := s.file.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = f(int(fd)) }); err != nil {
		return err
	}
	return inner
}

func (s *socket) set(level, option, value int) error {
	return s.control(func(fd int) error { return unix.SetsockoptInt(fd, level, option, value) })
}

// bind to an address (invalid: any) and port on a device (0: any).
func (s *socket) bind(a netip.Addr, port uint16, device int) error {
	return s.control(func(fd int) error { return unix.Bind(fd, s.sockaddr(a, port, device)) })
}

func (s *socket) connect(a netip.Addr, port uint16, device int) error {
	return s.control(func(fd int) error { return unix.Connect(fd, s.sockaddr(a, port, device)) })
}

func (s *socket) sockaddr(a netip.Addr, port uint16, device int) unix.Sockaddr {
	if s.six {
		sa := &unix.SockaddrInet6{Port: int(port)}
		if a.IsValid() {
			sa.Addr = a.As16()
			if NeedsDev(a) {
				sa.ZoneId = uint32(device)
			}
		}
		return sa
	}
	sa := &unix.SockaddrInet4{Port: int(port)}
	if a.IsValid() {
		sa.Addr = a.As4()
	}
	return sa
}

// send data once; control messages may be nil, as may the destination of a
// connected socket.
func (s *socket) send(data, oob []byte, to unix.Sockaddr) error {
	raw, err := s.file.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	err = raw.Write(func(fd uintptr) bool {
		_, inner = unix.SendmsgN(int(fd), data, oob, to, 0)
		return inner != unix.EAGAIN
	})
	if err != nil {
		return err
	}
	return inner
}

// message is what a socket received.
type message struct {
	data  []byte
	oob   []byte
	from  netip.AddrPort
	flags int
}

// receive waits for a message, or an error of the socket, until the deadline.
func (s *socket) receive(buf, oob []byte) (message, error) {
	raw, err := s.file.SyscallConn()
	if err != nil {
		return message{}, err
	}
	var m message
	var inner error
	err = raw.Read(func(fd uintptr) bool {
		n, on, flags, from, err := unix.Recvmsg(int(fd), buf, oob, 0)
		inner = err
		if err == unix.EAGAIN || err == unix.EINTR {
			return false
		}
		if err == nil {
			m = message{buf[:n], oob[:on], addrPort(from), flags}
		}
		return true
	})
	if err != nil {
		return m, err
	}
	return m, inner
}

// writable waits until a connection is made, or has failed, and returns the
// socket's error.
func (s *socket) writable() error {
	raw, err := s.file.SyscallConn()
	if err != nil {
		return err
	}
	inner := error(nil)
	err = raw.Write(func(fd uintptr) bool {
		var pending int
		if pending, inner = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR); inner != nil {
			return true
		}
		if pending != 0 {
			inner = unix.Errno(pending)
			return true
		}
		if _, err := unix.Getpeername(int(fd)); err == unix.ENOTCONN {
			return false
		}
		return true
	})
	if err != nil {
		return err
	}
	return inner
}

func addrPort(sa unix.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr).Unmap(), uint16(sa.Port))
	}
	return netip.AddrPort{}
}

// errNoCredentials: the thread can't become another user here.
var errNoCredentials = errors.New("this namespace does not let a thread become another user")

// credentials changes those of the calling thread alone (the system calls are
// made directly; the functions of package syscall change all threads). A socket
// belongs to the file system user and group of the thread that makes it. If
// keep is set only these two change, so that raw sockets stay permitted. Users and
// groups may be numbers.
func credentials(name, group string, keep bool) (func() error, error) {
	uid, gid, groups := 0, 0, []int{}
	if id, err := strconv.Atoi(name); err == nil {
		uid, gid, groups = id, id, []int{id}
	} else if name != "" {
		u, err := user.Lookup(name)
		if err != nil {
			return nil, err
		}
		ids, err := u.GroupIds()
		if err != nil {
			return nil, err
		}
		for _, id := range append([]string{u.Gid}, ids...) {
			n, err := strconv.Atoi(id)
			if err != nil {
				return nil, err
			}
			groups = append(groups, n)
		}
		gid = groups[0]
		if uid, err = strconv.Atoi(u.Uid); err != nil {
			return nil, err
		}
	}
	if id, err := strconv.Atoi(group); err == nil {
		gid = id
	} else if group != "" {
		g, err := user.LookupGroup(group)
		if err != nil {
			return nil, err
		}
		if gid, err = strconv.Atoi(g.Gid); err != nil {
			return nil, err
		}
	}
	return func() error {
		if keep {
			return fsCredentials(uid, gid)
		}
		return realCredentials(uid, gid, groups)
	}, nil
}

// device index by name, on the calling thread's namespace; 0 for "".
func device(name string) (int, error) {
	if name == "" {
		return 0, nil
	}
	d, err := net.InterfaceByName(name)
	if err != nil {
		return 0, fmt.Errorf("device %s: %w", name, err)
	}
	return d.Index, nil
}
