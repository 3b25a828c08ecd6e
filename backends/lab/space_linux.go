package lab

import "context"

// Space is a network namespace by itself, for tests that build no lab: it lives as
// long as this process, without a name.
type Space struct{ s *space }

// NewSpace makes one, with the sysctls that all of the lab's namespaces have.
func NewSpace(name string) (*Space, error) {
	s, err := newSpace(name)
	if err != nil {
		return nil, err
	}
	if err := defaults(s); err != nil {
		s.close()
		return nil, err
	}
	return &Space{s}, nil
}

// Do runs f on the namespace's thread, once it is proved to be there. f must not
// block for long.
func (s *Space) Do(f func() error) error {
	return s.s.do(func() error {
		if err := s.s.ours(); err != nil {
			return err
		}
		return f()
	})
}

// As runs f in the namespace on a thread of its own, which makes files and sockets
// as that user and group.
func (s *Space) As(uid, gid int, f func() error) error {
	return s.s.as(func() error { return fsCredentials(uid, gid) }, f)
}

// Run a tool in the namespace with input, and give its output.
func (s *Space) Run(ctx context.Context, input string, argv ...string) (string, error) {
	return s.s.run(ctx, nil, input, argv...)
}

// Sysctl sets one, by its name with dots.
func (s *Space) Sysctl(key, value string) error { return s.s.sysctls([]setting{{key, value}}) }

// Path by which another process can open the namespace.
func (s *Space) Path() string { return s.s.path() }

// Close ends it.
func (s *Space) Close() { s.s.close() }
