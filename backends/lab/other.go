//go:build !linux

package lab

import "errors"

// Available says why there are no kernel tests here.
func Available() error {
	return errors.New("kernel tests need Linux: they run in network namespaces")
}
