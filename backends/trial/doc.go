// Package trial asks a kernel what becomes of packets: it lays a host out from what
// is known of it, in network namespaces that vanish with the process, loads a
// ruleset there, and sends each packet in earnest, from the host itself or from a
// machine on the wire of its interface.
//
//	answers, err := trial.Run(ctx, cases)
//
// Nothing of it happens where the caller is. Run starts the program once more, in a
// network namespace of its own (and where that takes a privilege, in a user
// namespace too), which is shown to be another before anything is made. There Serve
// works on what Run hands over.
package trial
