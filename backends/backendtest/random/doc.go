// Package random makes policies and packets at random, with what
// policy.Decide says of each packet: the kernel tests let a real kernel judge
// both, the lowerings and Decide.
package random
