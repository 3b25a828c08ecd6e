// Package fate says of all packets at once what becomes of them at a host: one
// diagram for each journey, from what a packet is when it sets out to its fate.
//
//	u := fate.NewUniverse(false) // IPv4
//	u.AddRuleset(rs)
//	m := u.Map(rs, h, fate.Options{})
//	d := m.Fates(fate.Arriving, fate.First)
//
// It is package path's journey, walked by sets: where that one asks whether a
// packet matches, this one divides. What can't be known beforehand — a rate, the
// time, a text that was not understood — is a variable of its own, so that a claim
// holds for both of its values or is no claim. Both packages are held against each
// other, and path against the kernel.
package fate
